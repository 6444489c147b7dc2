"""Files of somebody else's: what runs, where it runs, and what is believed of what comes out."""

import io
import json
import os
import pickle
import signal
import zipfile

import joblib
import numpy as np
import pytest
import skops.io
from sklearn.ensemble import RandomForestClassifier
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from aiaas_magics import errors
from aiaas_magics.engines.models import foreign, jail, strangers, unpickle
from aiaas_magics.engines.usercode import UserCode

X = np.random.default_rng(0).normal(size=(60, 4))
Y = np.where(X[:, 0] > 0, "up", "down")


@pytest.fixture
def opened(context, tmp_path):
    """Open an object from a file of its own, pickled unless it is bytes."""

    def open_(found, *, trust=True):
        path = tmp_path / "their.pkl"
        path.write_bytes(found if isinstance(found, bytes) else pickle.dumps(found))
        return foreign.open_file(path, "their.pkl", context, trust_pickle=trust)

    return open_


class Payload:
    """Unpickled, it evaluates an expression."""

    def __init__(self, code):
        self.code = code

    def __reduce__(self):
        return eval, (self.code,)


def shouting(code):
    """Return a payload whose value can be read in the error."""
    told = f"(_ for _ in ()).throw(RuntimeError(str({code})))"
    return Payload(f"next({told})")


# what runs -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("dump", [pickle.dumps, lambda x: b"\x80\x04garbage"])
def test_nothing_runs_without_trust(opened, tmp_path, dump):
    with pytest.raises(errors.DataError, match="to open it is to run it") as caught:
        opened(dump(Payload(f"open({str(tmp_path / 'ran')!r}, 'w').close()")), trust=False)
    assert caught.value.try_ == "--trust-pickle"
    assert not (tmp_path / "ran").exists()


def test_trusted_code_runs_in_a_process_of_its_own_that_knows_nothing(opened, monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "s3cret")
    code = "(__import__('os').getpid(), __import__('os').environ.get('SECRET_TOKEN'), __import__('os').getcwd())"
    with pytest.raises(
        errors.UserCodeError, match=r"opening their\.pkl raised RuntimeError"
    ) as caught:
        opened(shouting(code))
    pid, token, folder = eval(caught.value.what.partition("RuntimeError: ")[2])
    assert pid != os.getpid()
    assert token is None
    assert folder.endswith("scratch/pickle")


LOCKED = {
    "write": "open(THERE, 'a')",
    "read": "open(THERE).read()",
    "remove": "os.unlink(THERE)",
    "list": "os.listdir(os.path.dirname(THERE))",
    "signal": "os.kill(PID, 0)",
    "connect": "__import__('socket').create_connection(('127.0.0.1', 9))",
    "see another process": "open(f'/proc/{PID}/environ').read()",
}


class Attempts:
    """Unpickled, it tries everything and tells how each try ended."""

    def __init__(self, code):
        self.code = code

    def __reduce__(self):
        return exec, (self.code,)


def test_a_system_without_a_lock_is_told_of(opened, monkeypatch):
    monkeypatch.setattr(jail, "version", lambda: 0)
    assert "with all your rights" in opened(LogisticRegression().fit(X, Y)).notes[0][0]


def test_trusted_code_can_do_nothing_outside_its_folder(opened, tmp_path):
    there = tmp_path / "secret"
    there.write_text("key")
    code = f"""
import os
THERE, PID, ENDS = {str(there)!r}, {os.getpid()}, {{}}
for name, line in {LOCKED!r}.items():
    try:
        eval(line)
        ENDS[name] = "done"
    except Exception as error:
        ENDS[name] = type(error).__name__
raise RuntimeError(ENDS)
"""
    with pytest.raises(errors.UserCodeError) as caught:
        opened(Attempts(code))
    ends = eval(caught.value.what.partition("RuntimeError: ")[2])
    if jail.version() >= 6:
        assert ends == dict.fromkeys(LOCKED, "PermissionError")
        assert there.read_text() == "key"
    else:  # an older kernel, or another system: the process is limited, not locked
        assert set(ends) == set(LOCKED)


ENDED = {
    "a crash": ("__import__('os').kill(__import__('os').getpid(), 11)", "signal 11"),
    "an exit": ("__import__('os')._exit(3)", "status 3"),
    "too much memory": ("len(bytearray(10**12))", "more memory than it may have"),
    "an exit in words": ("__import__('sys').exit(3)", "SystemExit"),
}


@pytest.mark.parametrize(("code", "says"), ENDED.values(), ids=ENDED)
def test_a_pickle_that_ends_its_process_fails_in_three_lines(opened, code, says):
    with pytest.raises(errors.AiaasError) as caught:
        opened(Payload(code))
    assert any(word in caught.value.what for word in says.split("|"))
    assert caught.value.what.startswith(("their.pkl: ", "opening their.pkl"))
    assert len(caught.value.lines()) == 3


def test_a_pickle_that_hangs_is_ended_and_leaves_no_process(opened, monkeypatch, tmp_path):
    import psutil

    before = psutil.Process().children()  # of other tests
    monkeypatch.setattr(foreign, "SECONDS", 4)
    with pytest.raises(errors.TimedOut, match="longer than 4 s"):
        opened(Payload("__import__('subprocess').Popen(['sleep', '1000']).wait()"))
    left = [p for p in psutil.Process().children() if p not in before]
    assert [p for p in left if p.status() != psutil.STATUS_ZOMBIE] == []


@pytest.mark.parametrize("status", [-signal.SIGXCPU, -signal.SIGKILL])
def test_the_systems_own_end_is_told_as_a_limit(tmp_path, status):
    with pytest.raises(errors.TimedOut):
        foreign._verdict(tmp_path / "none", status, 1, 5)


VERDICTS = [b"", b"[]", b"nonsense", b"\xff", b"null"]


@pytest.mark.parametrize("said", VERDICTS)
def test_a_verdict_nobody_understands_is_none(tmp_path, said):
    (tmp_path / "verdict.json").write_bytes(said)
    with pytest.raises(errors.UserCodeError, match="with status 0"):
        foreign._verdict(tmp_path / "verdict.json", 0, 1, 5)


def test_what_a_process_leaves_is_read_only_if_it_is_a_small_file(tmp_path):
    (tmp_path / "link").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(b"12345")
    for name in ("link", "pipe", "none"):
        with pytest.raises(OSError):
            foreign._read(tmp_path / name, 4)
    with pytest.raises(errors.DataError, match="too large"):
        foreign._read(tmp_path / "large", 4)


# what comes out ------------------------------------------------------------------------------------
def fitted(kind=RandomForestClassifier, **params):
    return kind(**params).fit(X, Y)


class Mine(LogisticRegression):
    """A class of the user's own."""


NO_MODEL = [
    ({"model": LogisticRegression().fit(X, Y), "v": 1}, "a dict with a LogisticRegression", "found['model']"),
    ((1, fitted(n_estimators=1)), "a tuple with a RandomForestClassifier", "found[1]"),
    (X, "numpy.ndarray", "joblib.dump"),
    (LogisticRegression, "the class LogisticRegression", ".fit(X, y)"),
    (LogisticRegression(), "was not fitted", "%aiaas_train"),
    (make_pipeline(StandardScaler(), LogisticRegression()), "was not fitted", "%aiaas_train"),
    (StandardScaler().fit(X), "predicts no target", "joblib.dump"),
    (GridSearchCV(LogisticRegression(), {"C": [1]}, refit=False).fit(X, Y), "without a model", "refit=True"),
    (GridSearchCV(LogisticRegression(), {"C": [1]}), "without a model", "refit=True"),
]  # fmt: skip


@pytest.mark.parametrize(("found", "what", "try_"), NO_MODEL, ids=[what for _, what, _ in NO_MODEL])
def test_what_is_no_fitted_model_is_refused_with_the_way(found, what, try_):
    with pytest.raises(errors.DataError) as caught:
        strangers.model_of(found)
    assert what in caught.value.what
    assert try_ in caught.value.try_


def test_of_a_search_the_best_estimator_is_taken():
    search = GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=2).fit(X, Y)
    model, notes = strangers.model_of(search)
    assert model is search.best_estimator_
    assert f"C={search.best_params_['C']}" in notes[0][0]


DUMPS = {
    "pickle": pickle.dumps,
    "joblib": lambda m: dumped(m, 0),
    "zlib": lambda m: dumped(m, 3),
    "lzma": lambda m: dumped(m, ("lzma", 3)),
    "skops": skops.io.dumps,
}


def dumped(model, compress):
    body = io.BytesIO()
    joblib.dump(model, body, compress=compress)
    return body.getvalue()


@pytest.mark.parametrize("dump", DUMPS.values(), ids=DUMPS)
def test_a_model_comes_out_as_it_went_in(opened, dump):
    model = fitted(n_estimators=5, random_state=0)
    found = opened(dump(model), trust=dump is not skops.io.dumps)
    assert np.array_equal(found.model.predict_proba(X), model.predict_proba(X))
    assert found.notes == []


BROKEN = {
    "no pickle": (b"hello world", "is no pickle|raised"),
    "half a pickle": (pickle.dumps(X)[:50], "is no pickle|raised"),
    "nothing": (b"", "is no pickle"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + b"0" * 50, "is no pickle|raised"),
    "a class of another version": (b"csklearn.ensemble.forest\nForest\n.", "another version of scikit-learn"),
    "a class of nobody's": (b"cnobody_s_module\nThing\n.", "needs nobody_s_module"),
    "a class of the notebook's": (b"c__main__\nMyThing\n.", "needs __main__.MyThing"),
}  # fmt: skip


@pytest.mark.parametrize(("body", "says"), BROKEN.values(), ids=BROKEN)
def test_a_file_that_cannot_be_opened_says_why(body, says):
    with pytest.raises(errors.AiaasError) as caught:
        unpickle.load(io.BytesIO(body))
    assert any(words in caught.value.what for words in says.split("|")), caught.value.lines()
    assert len(caught.value.lines()) == 3


def test_a_class_of_the_user_s_own_is_refused_by_name(opened):
    import cloudpickle

    own = type("MyThing", (LogisticRegression,), {"__module__": "__main__"})
    with pytest.raises(errors.DataError, match=r"__main__\.MyThing") as caught:
        opened(cloudpickle.dumps(own().fit(X, Y)))
    assert "--estimator" in caught.value.try_


def test_a_function_inside_a_model_is_refused(opened):
    model = make_pipeline(
        FunctionTransformer(np.tanh), FunctionTransformer(os.path.join), LogisticRegression()
    )
    with pytest.raises(errors.DataError, match="join"):
        opened(skops.io.dumps(model), trust=False)


def test_another_version_of_scikit_learn_is_told(opened):
    model = fitted(LogisticRegression)
    state = model.__getstate__() | {"_sklearn_version": "1.2.0"}
    body = pickle.dumps(model).replace(b"1.9.1", b"1.2.0")
    assert state["_sklearn_version"].encode() in body
    assert "scikit-learn 1.2.0" in opened(body).notes[0][0]


# skops files ---------------------------------------------------------------------------------------
def test_a_type_that_is_not_on_our_list_is_refused_by_name(opened):
    body = skops.io.dumps(
        make_pipeline(StandardScaler(), KernelRidge()).set_params(kernelridge=Mine())
    )
    with pytest.raises(errors.DataError, match="Mine"):
        opened(body, trust=False)


@pytest.mark.parametrize(("dump", "trust"), [(skops.io.dumps, False), (pickle.dumps, True)])
def test_text_that_a_model_would_run_is_refused_in_any_format(opened, dump, trust):
    code = UserCode("df['a'] = open('/etc/hostname').read()", ("a",), ("a",))
    body = dump(make_pipeline(code, fitted(LogisticRegression)))
    with pytest.raises(errors.DataError, match="UserCode, which is not on the list"):
        opened(body, trust=trust)


def archive(tmp_path, members, compression=zipfile.ZIP_STORED):
    path = tmp_path / "made.skops"
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, body in members.items():
            file.writestr(name, body)
    return path.read_bytes()


def header(shape):
    body = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        body, {"descr": "<f8", "fortran_order": False, "shape": shape}
    )
    return body.getvalue()


HOSTILE = {
    "no schema": ({"schema.json": b"{}"}, "no whole skops file"),
    "no JSON": ({"schema.json": b"{"}, "no whole skops file"),
    "endless nesting": ({"schema.json": b"[" * 100_000}, "no whole skops file"),
    "an array that claims more": (
        {"schema.json": b"{}", "1.npy": header((10**12,))},
        "claims to be",
    ),
    "an array without a header": (
        {"schema.json": b"{}", "1.npy": b"x" * 50},
        "no whole skops file",
    ),
    "a broken sparse matrix": ({"schema.json": b"{}", "1.npz": b"x" * 50}, "no whole skops file"),
}


@pytest.mark.parametrize(("members", "says"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_skops_file_is_refused(opened, tmp_path, members, says):
    with pytest.raises(errors.DataError, match=says):
        opened(archive(tmp_path, members), trust=False)


def test_a_bomb_is_not_unpacked(opened, tmp_path, monkeypatch):
    monkeypatch.setattr(zipfile.ZipFile, "read", None)  # whoever unpacks fails
    body = archive(tmp_path, {"schema.json": b"{}", "0": bytes(300 << 20)}, zipfile.ZIP_DEFLATED)
    with pytest.raises(errors.DataError, match="claims to be 314"):
        opened(body, trust=False)


def test_a_damaged_skops_file_is_refused(opened):
    body = bytearray(skops.io.dumps(fitted(LogisticRegression)))
    body[100:140] = b"\0" * 40
    with pytest.raises(errors.DataError, match="no whole skops file"):
        opened(bytes(body), trust=False)


def bent(forest, *, feature=None, left=None):
    """Let a tree of a forest lead to where there is nothing."""
    tree = forest.estimators_[0].tree_
    state = tree.__getstate__()
    if feature is not None:
        state["nodes"]["feature"][0] = feature
    if left is not None:
        state["nodes"]["left_child"][0] = left
    tree.__setstate__(state)
    return forest


@pytest.mark.parametrize("bend", [{"feature": 4}, {"feature": 10**9}, {"left": 10**6}, {"left": 0}])
@pytest.mark.parametrize("deep", [lambda m: m, lambda m: make_pipeline(StandardScaler().fit(X), m)])
def test_a_tree_that_leads_nowhere_is_refused_wherever_it_lies(opened, deep, bend):
    forest = fitted(n_estimators=2, random_state=0)
    assert opened(skops.io.dumps(deep(forest)), trust=False).model
    with pytest.raises(errors.DataError, match="leads nowhere"):
        opened(skops.io.dumps(deep(bent(forest, **bend))), trust=False)


def test_the_verdict_is_what_the_process_says(tmp_path):
    (tmp_path / "v").write_text(json.dumps({"notes": [["a", "b"], ["c"], 1]}))
    assert foreign._verdict(tmp_path / "v", 0, 1, 5) == [("a", "b")]
