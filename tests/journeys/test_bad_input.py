"""Bad input as a notebook with a real home meets it (more of it in tests/bad_input): three lines, what is right in the hint, the home as it was."""

import contextlib
import ctypes
import io
import os
import signal
import sqlite3
import zipfile

import numpy as np
import pandas as pd
import psutil
import pytest
from sklearn.datasets import load_iris

pytestmark = pytest.mark.timeout(180)
WIDTH = 200


def flowers():
    frame = load_iris(as_frame=True).frame.rename(columns={"target": "species"})
    return frame.set_axis(["sl", "sw", "pl", "pw", "species"], axis=1).replace(
        {"species": {0: "setosa", 1: "versicolor", 2: "virginica"}}
    )


def parquet():
    body = io.BytesIO()
    flowers().to_parquet(body)
    return body.getvalue()


def workbook():
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as file:
        file.writestr("xl/workbook.xml", "<workbook/>")
    return body.getvalue()


FILES = {
    "good.csv": flowers().to_csv(index=False).encode(),
    "empty.csv": b"",
    "header.csv": b"height,weight\n",
    "wrong.csv": b"a:b:c\n1:2:3\n",
    "binary.csv": bytes(range(256)) * 20,
    "sheet.xlsx": workbook(),
    "broken.parquet": parquet()[:-40],
    "twice.csv": b"a,b,a\n1,2,3\n",
    "ragged.csv": b"a,b\n1,2\n1,2,3\n",
}

TABLES = {
    "gone": flowers().assign(species=None),
    "lonely": flowers().assign(species="setosa"),
    "single": flowers().assign(species=["rosa"] + ["setosa", "virginica"] * 74 + ["setosa"]),
    "hollow": flowers().assign(sl=np.nan),
    "endless": flowers().assign(sw=[np.inf] + [1.0] * 149),
    "gaps": flowers().mask(np.eye(150, 5, dtype=bool) | True),
    "mixed": pd.DataFrame({"a": [1, "x", 2.5], "y": [1, 2, 3]}),
    "small": flowers().iloc[[0, 1, 2, 3, 50, 51, 52, 53]],
    "half": flowers().drop(columns="pw"),
    "strange": flowers().assign(species="rosa"),
}

TRAIN = "%aiaas_train flowers --target species --algo random_forest "
TUNE = "%aiaas_tune flowers --target species --algo random_forest "
FOREST = "--target species --algo random_forest --as never"
HUGE = ",".join(map(str, range(1, 150)))

CASES = {
    # files
    "missing file": ("%aiaas_data load nowhere.csv", "DataError", "looked in"),
    "empty file": ("%aiaas_data load empty.csv", "DataError", "header and rows"),
    "header only": ("%aiaas_data load header.csv", "DataError", "columns: height, weight"),
    "wrong separator": ("%aiaas_data load wrong.csv", "DataError", "--sep ':'"),
    "wrong separator given": ("%aiaas_data load good.csv --sep ;", "DataError", "--sep ','"),
    "long separator": ("%aiaas_data load good.csv --sep ;;", "DataError", "one character"),
    "folder": ("%aiaas_data load folder", "DataError", "one file"),
    "binary": ("%aiaas_data load binary.csv", "DataError", "CSV, JSON"),
    "Excel": ("%aiaas_data load sheet.xlsx", "DataError", "pd.read_excel"),
    "broken Parquet": ("%aiaas_data load broken.parquet", "DataError", "write it again"),
    "duplicate columns": ("%aiaas_data load twice.csv", "DataError", "one column"),
    "unequal rows": ("%aiaas_data load ragged.csv", "DataError", "the header has 2"),
    "unknown encoding": ("%aiaas_data load good.csv --encoding utf9", "DataError", "'utf-8'"),
    "unknown table": ("%aiaas_data load iriss", "NotFound", "'iris'"),
    "mixed column": ("%aiaas_data load mixed --as never", "DataError", "astype(str)"),
    "no name": ("%aiaas_data load half", "UsageError", "--as"),
    "no column of text": ("%aiaas_data load good.csv --texts spicies", "DataError", "'species'"),
    # tables
    "absent target": (f"{TRAIN} --target spcies", "UsageError", "once"),
    "near target": ("%aiaas_train flowers --target spcies --algo ridge", "DataError", "'species'"),
    "missing target": (f"%aiaas_train gone {FOREST}", "DataError", "nothing to learn"),
    "one class": (f"%aiaas_train lonely {FOREST}", "DataError", "'setosa'"),
    "class of one": (f"%aiaas_train single {FOREST}", "DataError", "--test 0"),
    "all missing": (f"%aiaas_train hollow {FOREST}", "DataError", "sl"),
    "infinite": (f"%aiaas_train endless {FOREST}", "DataError", "np.isfinite(df['sw'])"),
    "no rows left": (
        "%aiaas_prepare gaps --dropna --as never",
        "DataError",
        "missing in every row",
    ),
    "text to regress": (f"{TRAIN} --task regression", "DataError", "--task classification"),
    "no feature": (f"{TRAIN} --features sl,pq", "DataError", "sl"),
    "no column to prepare": ("%aiaas_prepare flowers --drop swx --as never", "DataError", "'sw'"),
    "nothing to prepare": ("%aiaas_prepare flowers --as never", "SpecError", "--dropna"),
    "not stored": ("%aiaas_train flower --target species --algo ridge", "NotFound", "'flowers'"),
    # words
    "unknown magic": ("%aiaas_trian flowers", "UsageError", "%aiaas_train"),
    "unknown action": ("%aiaas_jobs atach", "UsageError", "'attach'"),
    "unknown first action": ("%aiaas_data lod good.csv", "UsageError", "'load'"),
    "unknown option": (f"{TRAIN} --sead 1", "UsageError", "'--seed'"),
    "unknown algorithm": (
        "%aiaas_train flowers --target species --algo randm_forest",
        "SpecError",
        "'random_forest'",
    ),
    "unknown parameter": (f"{TRAIN} max_dept=3", "SpecError", "'max_depth'"),
    "unknown value": (f"{TRAIN} max_depth=deep", "SpecError", "None"),
    "unknown metric": (f"{TUNE} --metric acuracy max_depth=[1,2]", "SpecError", "'accuracy'"),
    "metric of another task": (f"{TUNE} --metric rmse max_depth=[1,2]", "SpecError", "accuracy"),
    "parameter of another task": (
        f"{TRAIN} --task classification criterion=poisson",
        "SpecError",
        "gini",
    ),
    "parameter of another task, found out": (f"{TRAIN} criterion=poisson", "SpecError", "gini"),
    "twice": (f"{TRAIN} --seed 1 --seed 2", "UsageError", "once"),
    "twice a parameter": (f"{TRAIN} max_depth=1 max_depth=2", "UsageError", "once"),
    "no number": (f"{TRAIN} --seed one", "UsageError", "seed"),
    "no value": (f"{TRAIN} --seed", "UsageError", "--seed"),
    "one word too many": (f"{TRAIN} zzz", "UsageError", "options begin with --"),
    "open quote": ("%aiaas_train flowers --target 'species --algo ridge", "UsageError", "closed"),
    "open bracket": (f"{TUNE} max_depth=[1,2", "UsageError", "closed"),
    "expression that raises": (
        "%aiaas_train {1/0} --target y --algo ridge",
        "UserCodeError",
        "traceback",
    ),
    "expression that is none": ("%aiaas_data load {1+} --as never", "UserCodeError", "traceback"),
    "expression of another kind": ("%aiaas_data load {3} --as never", "DataError", "DataFrame"),
    "body that is no dict": (f"%%{TRAIN[1:]}\n[1, 2]", "UsageError", "{'max_depth': 10}"),
    "body that is not closed": (f"%%{TRAIN[1:]}\n{{'max_depth': 10", "UsageError", "{'max_depth'"),
    "body of none": ("%%aiaas_evaluate clf\n{}", "UsageError", "one line"),
    # grids
    "large cv": ("%aiaas_tune small " + FOREST + " --cv 9 max_depth=[1,2]", "DataError", "--cv 3"),
    "small cv": (f"{TUNE} --cv 1 max_depth=[1,2]", "SpecError", "--cv 5"),
    "no grid": (TUNE.replace("random_forest", "linear_regression"), "SpecError", "%aiaas_train"),
    "empty grid": (f"{TUNE} max_depth=[]", "SpecError", "max_depth=[...]"),
    "huge grid": (
        f"{TUNE} max_depth=[{HUGE}] n_estimators=[{HUGE}]",
        "SpecError",
        "at most 20,000",
    ),
    # names
    "name of data": (f"{TRAIN} --as flowers", "NameTaken", "--as flowers-model"),
    "name of a model": ("%aiaas_data load iris --as clf", "NameTaken", "--as clf-data"),
    "endpoint of data's name": ("%aiaas_deploy clf --as flowers", "NameTaken", "flowers-endpoint"),
    "invalid name": ("%aiaas_data load iris --as 1st", "SpecError", "starts with a letter"),
    "no model": ("%aiaas_evaluate clg", "NotFound", "'clf'"),
    "no version": ("%aiaas_evaluate clf@9", "NotFound", "other versions"),
    "no alias": ("%aiaas_deploy clf@prod", "NotFound", "clf"),
    "no data version": ("%aiaas_data show flowers@9", "NotFound", "other versions"),
    "no alias to remove": ("%aiaas_models unalias clf prod", "NotFound", ""),
    "version nought": ("%aiaas_models show clf@0", "SpecError", "clf@1"),
    "no endpoint": ("%aiaas_predict apo flowers", "NotFound", "'api'"),
    "no job": ("%aiaas_jobs logs j123", "NotFound", "known: api"),
    # serving
    "port in use": ("%aiaas_deploy clf --as never --port PORT", "PortInUse", "--port 0"),
    "port out of range": ("%aiaas_deploy clf --as never --port 99999", "SpecError", "65535"),
    "no workers": ("%aiaas_deploy clf --as never --workers 0", "SpecError", "--workers 1"),
    "another model": ("%aiaas_deploy clf@1 --as other", "NameTaken", "--replace"),
    "stopped": ("%aiaas_predict stopped flowers", "EndpointError", "it was stopped"),
    "killed": ("%aiaas_predict killed flowers", "EndpointError", "%aiaas_deploy clf"),
    "prepared rows": ("%aiaas_predict api {ready}", "DataError", "raw"),
    "rows that lack a column": ("%aiaas_predict api half", "DataError", "known: pl, sl"),
    "no rows": ("%aiaas_predict api flowers --rows 0", "UsageError", "--rows 5"),
    "evaluated without a column": ("%aiaas_evaluate clf half", "DataError", "known: pl, sl"),
    "evaluated on a new class": ("%aiaas_evaluate clf strange", "DataError", "known: setosa"),
    # places
    "home that cannot be": ("%aiaas_connect /proc/home", "BackendUnavailable", "another-folder"),
    "home that is a file": ("%aiaas_connect good.csv", "BackendUnavailable", "another-folder"),
    "home of a newer version": ("%aiaas_connect newer", "BackendUnavailable", "upgrade"),
    "export elsewhere": ("%aiaas_data save flowers /proc/x.csv", "DataError", "another place"),
    "export over": ("%aiaas_data save flowers good.csv", "NameTaken", "--replace"),
    "export as what": ("%aiaas_data save flowers x.xls", "UsageError", "x.csv"),
}


@pytest.fixture(scope="module")
def world(notebook):
    """Fill a home: data, models, endpoints that run, were stopped and were killed."""
    for name, body in FILES.items():
        (notebook.folder / name).write_bytes(body)
    (notebook.folder / "folder").mkdir()
    newer(notebook.folder / "newer")
    notebook.names.update(TABLES)
    notebook.run("%aiaas_data load good.csv --as flowers")
    notebook.names["ready"] = notebook.run(
        "%aiaas_prepare flowers --scale maxabs --target species --as ready"
    ).frame()
    for _ in range(2):
        notebook.run(f"{TRAIN} --as clf n_estimators=5")
    for name in ("api", "stopped", "killed", "other"):
        notebook.names[name] = notebook.run(f"%aiaas_deploy clf --as {name}")
    notebook.run("%aiaas_endpoints stop stopped")
    os.kill(notebook.names["killed"].info.pid, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(notebook.names["killed"].info.pid)], timeout=10)
    return notebook


def newer(home):
    home.mkdir()
    with contextlib.closing(sqlite3.connect(home / "aiaas.db")) as database:
        database.execute("PRAGMA user_version=99")


def check(error, kind, hint):
    assert type(error).__name__ == kind, error.lines()
    lines = error.lines()
    assert len(lines) <= 3
    assert max(map(len, lines)) <= WIDTH
    assert hint in error.hint + error.try_, lines


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_refused_in_three_lines_and_leaves_nothing(world, refused, case):
    line, kind, hint = CASES[case]
    before = world.snapshot()
    check(refused(line.replace("PORT", str(world.names["api"].info.port))), kind, hint)
    assert world.snapshot() == before


class Header(ctypes.Structure):
    """Linux's way to say whose capabilities are meant: version 3, this thread."""

    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


@contextlib.contextmanager
def no_rights_over_files():
    """Let root be refused like others: CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH are put aside."""
    if os.geteuid() != 0:
        yield
        return
    libc, header, rights = ctypes.CDLL(None), Header(0x20080522, 0), (ctypes.c_uint32 * 6)()
    libc.capget(ctypes.byref(header), rights)
    had = rights[0]
    rights[0] = had & ~0b110
    libc.capset(ctypes.byref(header), rights)
    try:
        yield
    finally:
        rights[0] = had
        libc.capset(ctypes.byref(header), rights)


def test_a_file_one_may_not_read_is_refused(world, refused):
    path = world.folder / "secret.csv"
    path.write_bytes(FILES["good.csv"])
    path.chmod(0)
    before = world.snapshot()
    with no_rights_over_files():
        error = refused("%aiaas_data load secret.csv")
    check(error, "DataError", "Permission denied")
    assert world.snapshot() == before


@pytest.mark.parametrize(("module", "package"), [("skops", "skops"), ("sklearn", "scikit-learn")])
def test_a_library_that_is_missing_is_named_with_its_package(
    world, refused, monkeypatch, module, package
):
    (world.folder / "path" / module).mkdir(parents=True)
    gone = f"raise ModuleNotFoundError('No module named {module}', name='{module}')"
    (world.folder / "path" / module / "__init__.py").write_text(gone)
    monkeypatch.syspath_prepend(world.folder / "path")
    before = world.snapshot()
    check(refused(TRAIN), "MissingLibrary", f"%pip install {package}")
    assert world.snapshot() == before


def test_an_error_of_a_detached_job_is_the_same_when_it_is_attached(world, refused):
    world.run("job = %aiaas_train flowers --target sl --features nothing --algo ridge --detach")
    check(refused("%aiaas_jobs attach"), "DataError", "known: pl")


def test_a_home_one_may_not_write_is_refused(world, refused):
    (world.folder / "locked").mkdir(mode=0o500)
    with no_rights_over_files():
        check(refused("%aiaas_connect locked"), "BackendUnavailable", "another-folder")
