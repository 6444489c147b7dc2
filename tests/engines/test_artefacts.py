"""Models on disk: MLflow's layout, our own list of types, trees checked."""

import json
import os
import subprocess

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.kernel_ridge import KernelRidge
from sklearn.pipeline import Pipeline

from aiaas_magics import errors, frames
from aiaas_magics.engines import catalogue, learning, train
from aiaas_magics.engines.models import artefacts
from aiaas_magics.specs.records import Lineage, Signature
from aiaas_magics.specs.train import TrainSpec

MLFLOW = os.environ.get("AIAAS_MLFLOW_PYTHON")
ASK = """
import json, sys, warnings
warnings.simplefilter("ignore")
import mlflow, pandas as pd
model = mlflow.pyfunc.load_model(sys.argv[1])
rows = pd.read_parquet(sys.argv[2])
print(json.dumps([[x.item() if hasattr(x, "item") else x for x in model.predict(rows)], mlflow.__version__]))
"""


def trained(context, name, target, algo, **params):
    data = context.save_frame(catalogue.load(name))
    spec = TrainSpec(data=data, target=target, algo=algo, as_="m", params=params)
    info, folder = context.model(train.run(spec, context).ref)
    return info, folder, learning.assemble(spec, context)


def test_a_folder_says_everything(context):
    info, folder, _ = trained(context, "iris", "species", "random_forest", n_estimators=3)
    names = {
        "MLmodel",
        "model.skops",
        "aiaas.json",
        "input_example.json",
        "python_env.yaml",
        "requirements.txt",
    }
    assert {path.name for path in folder.iterdir()} == names
    assert any(
        line.startswith("scikit-learn==")
        for line in (folder / "requirements.txt").read_text().splitlines()
    )
    assert info.lineage.libraries == artefacts.libraries()
    assert info.lineage.spec["params"] == {"n_estimators": 3}
    assert (
        json.loads((folder / "MLmodel").read_text())["flavors"]["sklearn"]["serialization_format"]
        == "skops"
    )


def test_a_type_that_is_not_on_our_list_is_not_opened(tmp_path):
    model = KernelRidge().fit([[0.0], [1.0]], [0.0, 1.0])
    skops.io.dump({"model": model, "f": np.vectorize}, tmp_path / "model.skops")
    with pytest.raises(errors.SealError) as caught:
        artefacts.load(tmp_path)
    assert "numpy" in caught.value.hint


NOWHERE = {
    "out of its arrays": ("left", 10_000),
    "round in circles": ("right", 0),
    "to itself": ("left", 2),
    "to a column there is not": ("feature", 8),
}


def deep():
    rng = np.random.default_rng(0)
    return rng.normal(size=(200, 8)), rng.integers(0, 2, 200)


@pytest.mark.parametrize(("field", "value"), NOWHERE.values(), ids=NOWHERE)
def test_a_tree_of_a_forest_that_leads_nowhere_is_not_opened(tmp_path, field, value):
    forest = RandomForestClassifier(2, random_state=0).fit(*deep())
    tree = forest.estimators_[1].tree_
    state = tree.__getstate__()
    at = int(np.flatnonzero(tree.children_left > 2)[0])
    state["nodes"][{"left": "left_child", "right": "right_child"}.get(field, field)][at] = (
        at if value == 2 else value
    )
    wide = type(tree)(20, np.array([2], dtype=np.intp), 1)  # its own width is not what counts
    wide.__setstate__(state)
    forest.estimators_[1].tree_ = wide
    skops.io.dump(Pipeline([("model", forest)]), tmp_path / "model.skops")
    with pytest.raises(errors.SealError, match="not opened"):
        artefacts.load(tmp_path)


@pytest.mark.parametrize(("field", "value"), NOWHERE.values(), ids=NOWHERE)
def test_a_tree_of_boosting_that_leads_nowhere_is_not_opened(tmp_path, field, value):
    model = HistGradientBoostingClassifier(max_iter=2, random_state=0).fit(*deep())
    nodes = model._predictors[1][0].nodes
    at = int(np.flatnonzero(nodes["is_leaf"] == 0)[1])
    nodes[{"feature": "feature_idx"}.get(field, field)][at] = at if value == 2 else value
    skops.io.dump(Pipeline([("model", model)]), tmp_path / "model.skops")
    with pytest.raises(errors.SealError, match="not opened"):
        artefacts.load(tmp_path)


@pytest.mark.parametrize("more", [{}, {"max_leaf_nodes": 9}, {"max_features": None}])
@pytest.mark.parametrize("kind", [RandomForestClassifier, HistGradientBoostingClassifier])
def test_every_tree_that_scikit_learn_grows_is_opened(tmp_path, kind, more):
    more = {name: value for name, value in more.items() if value or kind is RandomForestClassifier}
    X, y = deep()
    model = kind(**more, random_state=0).fit(X, y)
    skops.io.dump(Pipeline([("model", model)]), tmp_path / "model.skops")
    assert np.array_equal(artefacts.load(tmp_path).predict(X), model.predict(X))


def test_requirements_name_us_only_where_we_are_needed(context):
    _, folder, _ = trained(context, "tickets", "topic", "logistic_regression")
    assert "aiaas_magics" in (folder / "requirements.txt").read_text()
    _, folder, _ = trained(context, "iris", "species", "ridge")
    assert "aiaas_magics" not in (folder / "requirements.txt").read_text()


def test_a_wide_table_s_dates_need_us_too(context):
    long = "a_long_name" * 9
    frame = pd.DataFrame(
        {f"{long}_{i}": np.arange(40.0) for i in range(30)}
        | {"when": pd.date_range("2026-01-01", periods=40)}
        | {f"{long}_of_text_{i}": ["p", "q"] * 20 for i in range(30)}
        | {"y": [0, 1] * 20}
    )
    spec = TrainSpec(data=context.save_frame(frame), target="y", algo="ridge", as_="m")
    _, folder = context.model(train.run(spec, context).ref)
    assert "DateParts" not in repr(artefacts.load(folder))
    assert "aiaas_magics" in (folder / "requirements.txt").read_text()


@pytest.mark.mlflow
@pytest.mark.skipif(MLFLOW is None, reason="AIAAS_MLFLOW_PYTHON names no interpreter with mlflow")
@pytest.mark.parametrize(
    ("name", "target", "algo", "columns"),
    [
        ("breast_cancer", "diagnosis", "random_forest", None),
        ("breast_cancer", "diagnosis", "hist_gradient_boosting", None),
        ("diabetes", "progression", "ridge", None),
        ("iris", "species", "logistic_regression", None),
        ("tickets", "topic", "random_forest", "no dates"),
    ],
)
def test_the_real_mlflow_opens_it_and_predicts_the_same(
    context, tmp_path, name, target, algo, columns
):
    frame = catalogue.load(name)
    if columns:
        frame = frame.select_dtypes(exclude=["datetime", "datetimetz"])
    spec = TrainSpec(data=context.save_frame(frame), target=target, algo=algo, as_="m")
    _, folder = context.model(train.run(spec, context).ref)
    rows = learning.assemble(spec, context).X.head(20).reset_index(drop=True)
    rows.to_parquet(tmp_path / "rows.parquet")
    words = [MLFLOW, "-c", ASK, str(folder), str(tmp_path / "rows.parquet")]
    done = subprocess.run(
        words,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert (
        json.loads(done.stdout.splitlines()[-1])[0] == artefacts.load(folder).predict(rows).tolist()
    )


def test_rows_become_json_and_back():
    frame = pd.DataFrame(
        {
            "a": [1.5, np.nan],
            "b": ["x", None],
            "c": pd.to_datetime(["2026-01-02", None]),
            "d": [True, False],
            "e": [1, 2],
        }
    )
    assert frames.records(frame) == [
        {"a": 1.5, "b": "x", "c": "2026-01-02T00:00:00", "d": True, "e": 1},
        {"a": None, "b": None, "c": None, "d": False, "e": 2},
    ]


def test_the_signature_is_the_raw_rows_(context):
    info, _, task = trained(context, "tickets", "topic", "logistic_regression")
    kinds = dict(info.signature.inputs)
    assert set(kinds.values()) >= {"string", "datetime", "boolean"}
    assert info.signature.output == "topic"
    assert isinstance(info.signature, Signature)
    assert isinstance(info.lineage, Lineage)
    assert list(kinds) == list(task.X.columns)
