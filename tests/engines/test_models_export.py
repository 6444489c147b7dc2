"""Models on their way out: bit by bit, or by a gate."""

import builtins
import io
import json
import os
import subprocess
import zipfile

import joblib
import numpy as np
import onnxruntime
import pandas as pd
import pytest
import skops.io

from aiaas_magics import errors
from aiaas_magics.engines import catalogue, export_model, import_model, train
from aiaas_magics.engines.models import artefacts, onnx
from aiaas_magics.engines.models.trusted import TRUSTED
from aiaas_magics.specs.algorithms import ALGORITHMS
from aiaas_magics.specs.models import ExportModelSpec, ImportModelSpec
from aiaas_magics.specs.train import TrainSpec

MLFLOW = os.environ.get("AIAAS_MLFLOW_PYTHON")
ASK = """
import json, sys, warnings
warnings.simplefilter("ignore")
import mlflow, pandas as pd
print(json.dumps(mlflow.pyfunc.load_model(sys.argv[1]).predict(pd.read_parquet(sys.argv[2])).tolist()))
"""
BOTH = [(a.name, task) for a in ALGORITHMS for task in a.tasks]


@pytest.fixture
def trained(context):
    """Train on a table of the catalogue or a given one; the model as it is opened, and its rows."""

    def learn(algo, frame="iris", target="species", **more):
        frame = catalogue.load(frame) if isinstance(frame, str) else frame
        spec = TrainSpec(data=context.save_frame(frame), target=target, algo=algo, as_="m", **more)
        info, folder = context.model(train.run(spec, context).ref)
        return artefacts.load(folder), frame[[name for name, _ in info.signature.inputs]]

    return learn


def exported(context, kind):
    result = export_model.run(ExportModelSpec(model="m", format=kind), context)
    body = context.blob(result.file).read_bytes()
    assert (result.model, result.format, result.size) == ("m@1", kind, len(body))
    return body, result


# skops, joblib, MLflow -----------------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["skops", "joblib"])
@pytest.mark.parametrize(("algo", "task"), BOTH)
@pytest.mark.filterwarnings("ignore")
def test_what_goes_out_comes_in_again_bit_by_bit(context, trained, algo, task, kind):
    table = ("iris", "species") if task == "classification" else ("diabetes", "progression")
    model, X = trained(algo, *table, task=task)
    body, _ = exported(context, kind)
    if kind == "joblib":  # its process of its own is another test's subject
        body = skops.io.dumps(joblib.load(io.BytesIO(body)))
    spec = ImportModelSpec(as_="again", file=context.save_blob(body), filename="m.skops")
    _, folder = context.model(import_model.run(spec, context).ref)
    again = artefacts.load(folder)
    assert np.array_equal(again.predict(X), model.predict(X))
    if hasattr(model, "predict_proba"):
        assert np.array_equal(again.predict_proba(X), model.predict_proba(X))


def test_a_skops_file_is_opened_with_our_list(context, trained):
    model, X = trained("random_forest", params={"n_estimators": 3})
    found = skops.io.loads(exported(context, "skops")[0], trusted=sorted(TRUSTED))
    assert np.array_equal(found.predict_proba(X), model.predict_proba(X))


def test_mlflow_s_folder_goes_out_without_our_seal(context, trained):
    trained("ridge")
    folder = context.model("m")[1]
    (folder / "seal.json").write_text("{}")
    (folder / "code").mkdir()
    (folder / "code" / "mine.py").write_text("x = 1")
    with zipfile.ZipFile(io.BytesIO(exported(context, "mlflow")[0])) as archive:
        names = set(archive.namelist())
        assert archive.read("model.skops") == (folder / "model.skops").read_bytes()
    assert names >= {"MLmodel", "model.skops", "requirements.txt", "code/mine.py"}
    assert "seal.json" not in names


@pytest.mark.parametrize(("kind", "count"), [("skops", 1), ("joblib", 1), ("mlflow", 0)])
def test_code_that_stays_behind_is_told(context, trained, kind, count):
    trained("ridge")
    (context.model("m")[1] / "code").mkdir()
    exported(context, kind)
    told = [each.body["text"] for each in context.told if each.type == "warning"]
    assert sum("classes of its own" in text for text in told) == count


def test_the_same_model_is_the_same_archive(context, trained):
    trained("ridge")
    assert exported(context, "mlflow")[1].file == exported(context, "mlflow")[1].file


@pytest.mark.mlflow
@pytest.mark.skipif(MLFLOW is None, reason="AIAAS_MLFLOW_PYTHON names no interpreter with mlflow")
def test_the_real_mlflow_opens_what_went_out(context, trained, tmp_path):
    model, X = trained("random_forest", params={"n_estimators": 5})
    zipfile.ZipFile(io.BytesIO(exported(context, "mlflow")[0])).extractall(tmp_path / "model")
    X.to_parquet(tmp_path / "rows.parquet")
    words = [MLFLOW, "-c", ASK, str(tmp_path / "model"), str(tmp_path / "rows.parquet")]
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout.splitlines()[-1]) == model.predict(X).tolist()


# ONNX ----------------------------------------------------------------------------------------------
GOOD = [
    ("random_forest", "iris", "species"),
    ("logistic_regression", "iris", "species"),
    ("ridge", "iris", "species"),
    ("ridge", "diabetes", "progression"),
    ("random_forest", "diabetes", "progression"),
]


@pytest.mark.parametrize(("algo", "frame", "target"), GOOD)
def test_another_runtime_answers_the_same(context, trained, algo, frame, target):
    model, X = trained(algo, frame, target)
    body, result = exported(context, "onnx")
    assert f"on {len(X)} rows, in float32" in result.checked
    found = onnxruntime.InferenceSession(body).run(None, {"X": X.to_numpy("float32")})
    if target == "species":
        assert found[0].tolist() == model.predict(X).tolist()
    else:
        assert found[0].ravel() == pytest.approx(model.predict(X), rel=1e-3)


def test_columns_of_several_kinds_are_inputs_of_their_own(context, trained):
    frame = catalogue.load("tickets")
    model, X = trained("random_forest", frame, "topic", features=("channel", "urgent"))
    body, result = exported(context, "onnx")
    assert "labels equal and probabilities within 0.0001" in result.checked
    session = onnxruntime.InferenceSession(body)
    assert [each.name for each in session.get_inputs()] == list(X.columns)
    feed = {"channel": X[["channel"]].to_numpy(object), "urgent": X[["urgent"]].to_numpy("float32")}
    assert session.run(None, feed)[0].tolist() == model.predict(X).tolist()


def stamped(rows=300):
    """Return a table whose one column is a time stamp, with what float32 cannot hold."""
    when = 1_700_000_000 + np.arange(rows) * 7.0
    return pd.DataFrame({"when": when, "y": np.where(np.arange(rows) % 2, "odd", "even")})


def test_large_numbers_go_out_in_double_precision_or_not_at_all(context, trained):
    frame = stamped().assign(y=lambda f: (f["when"] - 1.7e9) * 0.5)
    model, X = trained("ridge", frame, "y", task="regression")
    body, result = exported(context, "onnx")
    assert "in float64" in result.checked
    found = onnxruntime.InferenceSession(body).run(None, {"X": X.to_numpy("float64")})
    assert found[0].ravel() == pytest.approx(model.predict(X), rel=1e-9)


def test_a_model_that_answers_otherwise_is_refused_and_says_on_how_many_rows(context, trained):
    frame = stamped().assign(y=lambda f: np.where(f["when"] > f["when"].median(), "late", "early"))
    trained("ridge", frame, "y")
    with pytest.raises(errors.DataError, match=r"answers otherwise on \d+ of 300 rows") as caught:
        exported(context, "onnx")
    assert "0.0001 is allowed" in caught.value.hint or "labels differ" in caught.value.hint
    assert caught.value.try_ == "%aiaas_models export m m.skops"


def test_a_conversion_gone_wrong_does_not_pass_the_gate(context, trained, monkeypatch):
    model, X = trained("ridge")
    wrong = int((model.predict(X) != "setosa").sum())
    monkeypatch.setattr(onnx, "_run", lambda *words: [np.array(["setosa"] * len(X))])
    with pytest.raises(errors.DataError, match=f"answers otherwise on {wrong} of 150 rows"):
        exported(context, "onnx")


UNABLE = [
    ("hist_gradient_boosting", (), "step 'model' is a HistGradientBoostingClassifier"),
    ("random_forest", ("received",), "is a DateParts"),
]


@pytest.mark.parametrize(("algo", "features", "what"), UNABLE)
def test_a_step_that_cannot_be_converted_is_named(context, trained, algo, features, what):
    frame = catalogue.load("tickets").drop(columns="message")
    trained(algo, frame, "topic", features=features or ("urgent",))
    with pytest.raises(errors.DataError) as caught:
        exported(context, "onnx")
    assert what in caught.value.what
    assert len(caught.value.lines()) == 3
    assert "m.skops" in caught.value.try_


@pytest.mark.parametrize("missing", ["skl2onnx", "onnxruntime"])
def test_a_library_that_is_not_installed_is_asked_for(context, trained, monkeypatch, missing):
    trained("ridge")
    there = builtins.__import__

    def without(name, *rest):
        if name == missing:
            raise ImportError(name)
        return there(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(errors.MissingLibrary, match=missing) as caught:
        exported(context, "onnx")
    assert caught.value.try_ == f"%pip install {missing}"


def test_the_rows_that_are_compared_hold_the_ends_of_every_column():
    frame = pd.DataFrame({"a": np.arange(50_000.0), "b": np.roll(np.arange(50_000), 12_345)})
    few = onnx._few(frame)
    assert len(few) <= onnx.ROWS + 4
    for name in frame:
        assert (few[name].min(), few[name].max()) == (frame[name].min(), frame[name].max())
