"""Models on a real home: out of it and in again, served and measured; and files that want to do harm."""

import json
import os
import pickle

import joblib
import numpy as np
import pandas as pd
import psutil
import pytest
from sklearn.ensemble import RandomForestClassifier

from aiaas_magics.engines.models import jail
from aiaas_magics.security.sealing import SEAL

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def home(notebook):
    notebook.run("%aiaas_data load iris")
    notebook.run("%aiaas_train iris --target species --algo random_forest --as rf n_estimators=5")
    notebook.names["frame"] = notebook.run("%aiaas_data show iris").frame()
    yield notebook
    for name in ("api", "again"):
        notebook.shell.run_cell(f"%aiaas_endpoints stop {name}")


def test_a_model_goes_out_comes_in_and_does_all_the_others_do(home):
    run = home.run
    run("%aiaas_models export rf rf.joblib")
    assert isinstance(
        joblib.load(home.folder / "rf.joblib").predict(home.names["frame"].iloc[:, :4]), np.ndarray
    )
    handle = run(
        "%aiaas_models import rf.joblib --as back --sample frame --target species --trust-pickle"
    )
    assert handle.scores["accuracy"] > 0.9
    folder = home.home / "models" / "back" / "1"
    assert (folder / SEAL).exists()
    run("%aiaas_deploy rf --as api")
    run("%aiaas_deploy back --as again")
    one, two = (run(f"%aiaas_predict {name} frame").frame for name in ("api", "again"))
    assert one["prediction"].equals(two["prediction"])
    assert one["probability"].equals(two["probability"])
    assert run("%aiaas_evaluate back frame --repeats 100 --shuffles 0").scores["accuracy"] > 0.9
    assert str(run("%aiaas_models alias back production")).endswith("back@1")
    assert run("%aiaas_models compare rf back@production").models == ("rf@1", "back@1")
    assert run("%aiaas_models export back@production back.onnx").answer.model == "back@1"


def test_a_sample_in_the_making_is_waited_for(home):
    home.run("%aiaas_data load frame --as sample --detach")
    home.run("%aiaas_models export rf out.skops")
    handle = home.run("%aiaas_models import out.skops --as fresh --sample sample --target species")
    assert handle.info.lineage.data_ref == "sample@1"


class Payload:
    def __init__(self, code):
        self.code = code

    def __reduce__(self):
        return exec, (self.code,)


@pytest.fixture
def evil(home):
    """A pickle that wants the home's keys, and tells in a file beside it that it ran."""
    home.run("%aiaas_models list")
    there = home.folder / "ran"
    key = next(path for path in (home.home / "keys").iterdir())
    code = f"""
import json, os
told = {{"pid": os.getpid(), "parent": os.getppid()}}
for name, do in {{"key": lambda: open({str(key)!r}).read(), "ran": lambda: open({str(there)!r}, "w")}}.items():
    try:
        do()
        told[name] = "done"
    except PermissionError:
        told[name] = "denied"
raise RuntimeError(json.dumps(told))
"""
    (home.folder / "evil.pkl").write_bytes(pickle.dumps(Payload(code)))
    return there


def test_a_pickle_runs_only_where_it_was_told_it_may(home, evil, refused):
    before = home.snapshot()
    assert "to open it is to run it" in refused("%aiaas_models import evil.pkl").what
    assert not evil.exists()
    said = refused("%aiaas_models import evil.pkl --trust-pickle").what
    told = json.loads(said.partition("RuntimeError: ")[2])
    assert os.getpid() not in (told["pid"], told["parent"])
    wanted = {"denied"} if jail.version() else {"done"}
    assert {told["key"], told["ran"]} == wanted
    assert home.snapshot()[0] == before[0]
    assert not list((home.home / "jobs").glob("*/scratch"))


def test_a_job_s_time_is_the_pickle_s(home, refused):
    (home.folder / "slow.pkl").write_bytes(pickle.dumps(Payload("import time; time.sleep(1000)")))
    error = refused("%aiaas_models import slow.pkl --trust-pickle --timeout 6s")
    assert "longer than 6 s" in error.what
    found = psutil.process_iter(["cmdline"])
    words = [(process, " ".join(process.info["cmdline"] or ())) for process in found]
    openers = [
        p for p, line in words if "engines.models.unpickle" in line and str(home.home) in line
    ]
    assert psutil.wait_procs(openers, timeout=20)[1] == []


def test_a_file_of_the_user_s_own_code_says_how_it_is_done(home, refused):
    home.run(
        "from sklearn.ensemble import RandomForestClassifier\nclass Mine(RandomForestClassifier): pass"
    )
    home.run("import pickle\nbody = pickle.dumps(Mine(2).fit([[0], [1]], [0, 1]))")
    (home.folder / "mine.pkl").write_bytes(home.names["body"])
    error = refused("%aiaas_models import mine.pkl --trust-pickle")
    assert "__main__.Mine" in error.what
    assert "--estimator" in error.try_


def test_a_model_fitted_on_arrays_predicts_tables(home):
    X, y = np.arange(40.0).reshape(20, 2), np.arange(20) % 2
    bare = RandomForestClassifier(3, random_state=0).fit(X, y)
    joblib.dump(bare, home.folder / "bare.pkl")
    home.names["rows"] = pd.DataFrame(X, columns=["left", "right"])
    home.run("%aiaas_models import bare.pkl --sample rows --trust-pickle")
    home.run("%aiaas_deploy bare --as again --replace")
    assert home.run("%aiaas_predict again rows").values == bare.predict(X).tolist()
