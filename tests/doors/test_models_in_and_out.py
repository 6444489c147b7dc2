"""Models through a session: files that come in, files that go out, and tables of what differs."""

import io
import pickle
import zipfile

import pandas as pd
import pytest
import skops.io
from sklearn.linear_model import Ridge

from aiaas_magics import errors, saving
from aiaas_magics.cards import lines
from aiaas_magics.specs.records import Lineage

ROWS = pd.DataFrame(
    {"a": [1.0, 2.0, 3.0, 4.0], "b": [0.0, 1.0, 0.0, 1.0], "y": [1.0, 2.0, 3.0, 4.0]}
)


def model():
    return Ridge().fit(ROWS[["a", "b"]], ROWS["y"])


@pytest.fixture
def there(tmp_path, monkeypatch):
    """A folder with a model of somebody else's, twice."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "their.skops").write_bytes(skops.io.dumps(model()))
    (tmp_path / "their.pkl").write_bytes(pickle.dumps(model()))
    return tmp_path


# in ------------------------------------------------------------------------------------------------
def test_a_model_comes_in_by_its_file_s_name(empty, there):
    handle = empty.run("models", "import", {"file": "their.skops", "sample": ROWS, "target": "y"})
    assert repr(handle).startswith(
        "their@1: ridge predicting y, imported from their.skops, r2 0.972"
    )
    assert (handle.ref, handle.info.name, handle.scores["r2"]) == (
        "their@1",
        "their",
        pytest.approx(0.972, abs=0.001),
    )
    shown = handle.card().text()
    assert "takes       2 columns: a, b" in shown
    assert "every type checked, sealed anew" in shown
    assert handle.record()["source"] == "their.skops"


@pytest.mark.parametrize("name", ["their.pkl", "THEIR.JOBLIB", "x.pickle"])
def test_a_pickle_is_refused_before_a_byte_is_sent(empty, there, monkeypatch, name):
    (there / name).write_bytes(pickle.dumps(1))
    monkeypatch.setattr(empty.backend, "put", None)
    with pytest.raises(errors.SpecError, match="to open it is to run it") as caught:
        empty.run("models", "import", {"file": name})
    assert len(caught.value.lines()) == 3
    assert empty.backend.query("jobs") == []


def test_a_pickle_without_its_ending_is_refused_too(empty, there):
    (there / "model.bin").write_bytes(pickle.dumps(model()))
    with pytest.raises(errors.DataError, match="to open it is to run it"):
        empty.run("models", "import", {"file": "model.bin"})


@pytest.mark.parametrize(
    ("word", "what"),
    [
        ("none.skops", "there is no file none.skops"),
        (".", ". is a folder"),
        ("~nobody-of-that-name/x", "no usable path"),
    ],
)
def test_a_file_that_is_not_there_says_so(empty, there, word, what):
    with pytest.raises(errors.DataError, match=what):
        empty.run("models", "import", {"file": word})


def test_stored_data_is_a_sample_by_its_name(empty, there):
    empty.run("data", "load", {"source": ROWS, "as_": "rows"})
    handle = empty.run("models", "import", {"file": "their.skops", "sample": "rows", "target": "y"})
    assert handle.info.lineage.data_ref == "rows@1"
    shown = empty.run("models", "show", {"model": "their"}).card().text()
    assert (
        "made by        %aiaas_models import their.skops --as their --sample rows@1 --target y"
        in shown
    )
    assert "imported from  their.skops (sha256 " in shown


# out -----------------------------------------------------------------------------------------------
@pytest.fixture
def one(empty, there):
    empty.run(
        "models", "import", {"file": "their.skops", "as_": "m", "sample": ROWS, "target": "y"}
    )
    return empty


@pytest.mark.parametrize(
    ("path", "more", "says"),
    [
        ("m.skops", {}, "as skops"),
        ("m.joblib", {}, "as joblib"),
        ("M.PKL", {}, "as joblib"),
        ("m.onnx", {}, "as ONNX"),
        ("m.zip", {}, "as an MLflow folder"),
        ("folder", {"format": "mlflow"}, "as an MLflow folder"),
        ("m.txt", {"format": "skops"}, "as skops"),
        ("../{name}/m.skops", {}, "as skops"),
    ],
)
def test_a_model_goes_where_it_is_sent(one, there, path, more, says):
    path = path.format(name=there.name)
    before = set(there.iterdir())
    handle = one.run("models", "export", {"model": "m", "path": path, **more})
    assert repr(handle).startswith(f"m@1: written to {path} {says}")
    assert handle.record()["path"] == path
    made = set(there.iterdir()) - before
    assert [each.name for each in made] == [path.rpartition("/")[2]]
    assert (made.pop() / "MLmodel").exists() == (path == "folder")


@pytest.mark.parametrize(
    ("path", "more"), [("m.skops", {}), ("m.onnx", {}), ("m", {"format": "mlflow"})]
)
def test_nothing_is_written_over_unless_it_is_told_to_be(one, there, path, more):
    values = {"model": "m", "path": path, **more}
    one.run("models", "export", values)
    jobs = len(one.backend.query("jobs"))
    with pytest.raises(errors.NameTaken, match=f"{path} exists"):
        one.run("models", "export", values)
    assert len(one.backend.query("jobs")) == jobs
    one.run("models", "export", {**values, "replace": True})


@pytest.mark.parametrize(
    ("path", "what"), [("m.pmml", "none of .joblib, .pkl"), ("m", "none of .joblib")]
)
def test_an_ending_that_says_nothing_is_refused(one, path, what):
    with pytest.raises(errors.UsageError, match=what):
        one.run("models", "export", {"model": "m", "path": path})


def packed(**files):
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return lambda: [body.getvalue()]


def test_a_folder_of_somebody_else_s_is_never_replaced(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years")
    with pytest.raises(errors.NameTaken, match="no MLflow folder"):
        saving.save_folder(packed(MLmodel="x"), tmp_path / "mine", replace=True)
    assert [p.name for p in tmp_path.rglob("*")] == ["mine", "thesis.txt"]


def test_a_folder_is_replaced_as_a_whole(tmp_path):
    saving.save_folder(packed(MLmodel="1", old="x"), tmp_path / "m", replace=False)
    saving.save_folder(packed(MLmodel="2"), tmp_path / "m", replace=True)
    assert [p.name for p in tmp_path.rglob("*")] == ["m", "MLmodel"]
    assert (tmp_path / "m" / "MLmodel").read_text() == "2"


def broken():
    yield b"PK"
    raise OSError(28, "No space left on device")


def test_a_folder_that_cannot_be_written_leaves_what_was_there(tmp_path):
    saving.save_folder(packed(MLmodel="1"), tmp_path / "m", replace=False)
    with pytest.raises(errors.DataError, match="cannot be written") as caught:
        saving.save_folder(broken, tmp_path / "m", replace=True)
    assert caught.value.hint == "No space left on device"
    assert [p.name for p in tmp_path.rglob("*")] == ["m", "MLmodel"]


# compared ------------------------------------------------------------------------------------------
def test_models_are_compared_by_what_differs(made):
    handle = made[0].run("models", "compare", {"models": ("clf", "best")})
    assert handle.models == ("clf@1", "best@1")
    parts = {part.title: {row[0]: row[1:] for row in part.rows} for part in handle.found.parts}
    assert parts["parameters"]["alpha"][0] == "1.0 (default)"
    assert parts["data"]["learned from"] == ("clean@1", "iris@1")
    assert parts["data"]["step scale standard"] == ("yes", "–")
    assert "columns" in handle.found.same
    assert "values" not in parts  # both learned from the same raw rows
    assert handle.frame().columns.tolist() == ["part", "what", "clf@1", "best@1"]
    assert tuple(handle.record()["models"]) == handle.models


def test_a_comparison_is_the_same_every_day_in_docs_mode(made, docs_mode):
    shown = made[0].run("models", "compare", {"models": ("clf", "best")}).card().text()
    assert not any(word in shown for word in ("size", "python", "made by", "numpy"))
    assert "next: %aiaas_evaluate clf@1 --against best@1" in shown


@pytest.mark.parametrize("models", [("clf",), ("clf", "clf@1"), ("clf", "clf", "clf")])
def test_one_model_is_not_compared_with_itself(made, models):
    with pytest.raises(errors.UsageError, match="one model alone"):
        made[0].run("models", "compare", {"models": models})


def test_a_model_nobody_knows_is_not_compared(made):
    with pytest.raises(errors.NotFound, match="nobody"):
        made[0].run("models", "compare", {"models": ("clf", "nobody")})


# the line that made one ----------------------------------------------------------------------------
LINES = [
    (
        {"kind": "train", "data": "iris@1", "target": "y", "algo": "ridge", "as_": "m", "test": 0.2, "features": ["a", "b c"], "params": {"alpha": 2.0}},
        '%aiaas_train iris@1 --target y --algo ridge --as m --features "a,b c" alpha=2.0',
    ),
    (
        {"kind": "tune", "data": "sha256:0", "target": "y", "algo": "ridge", "as_": "m", "test": 0.3, "cv": 3, "params": {"alpha": [1, 2]}},
        "%aiaas_tune iris@1 --target y --algo ridge --as m --test 0.3 --cv 3 alpha=[1,2]",
    ),
    (
        {"kind": "import_model", "as_": "m", "file": "sha256:0", "filename": "m.pkl", "sample": None, "target": "target", "trust_pickle": True},
        "%aiaas_models import m.pkl --as m --trust-pickle",
    ),
    ({"kind": "a stage of tomorrow", "as_": "m"}, "%aiaas_a stage of tomorrow"),
]  # fmt: skip


@pytest.mark.parametrize(("spec", "line"), LINES)
def test_the_line_that_made_a_model_is_told_again(spec, line):
    assert lines.of(Lineage(spec=spec, data="sha256:0", data_ref="iris@1")) == line


def test_a_table_without_a_name_is_one_to_be_named():
    spec = {"kind": "train", "data": "sha256:0", "target": "y", "algo": "ridge", "as_": "m"}
    assert lines.of(Lineage(spec=spec, data="sha256:0")).startswith("%aiaas_train DATA --target y")
