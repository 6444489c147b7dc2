"""The served answer equals the notebook's: every algorithm, task and kind of table, and the known traps."""

import numpy as np
import pandas as pd
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.linear_model import RidgeClassifier
from sklearn.neighbors import KNeighborsRegressor

from aiaas_magics import frames
from aiaas_magics.engines import prepare, train
from aiaas_magics.engines.optimising import building, gate
from aiaas_magics.engines.optimising.base import Unconvertible
from aiaas_magics.engines.optimising.onnx import OnnxTier
from aiaas_magics.predictors import loading
from aiaas_magics.predictors.base import Rows
from aiaas_magics.specs.algorithms import ALGORITHMS, find
from aiaas_magics.specs.prepare import PrepareSpec
from aiaas_magics.specs.train import TrainSpec
from aiaas_magics.testing import tiers

N = 90
RNG = np.random.default_rng(0)
X = RNG.normal(size=N) * 10
WHOLE = RNG.integers(-50, 50, N)
GAPS = np.arange(N) % 7 == 3
LETTERS = np.array(["a", "b", "ü"])[WHOLE % 3]
DAYS = pd.date_range("2026-01-01T08:30", periods=N, freq="100h")
WORDS = np.array(["the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog", "again"])
TABLES = {
    "numbers": {"x": X, "n": WHOLE, "when": 1.7e9 + 1e4 * X},
    "gaps": {"x": pd.Series(X).mask(GAPS), "n": pd.Series(WHOLE, dtype="Int64").mask(GAPS), "t": WHOLE > 0},
    "mixed": {
        "x": X, "kind": pd.Series(LETTERS).mask(GAPS), "day": pd.Series(DAYS).mask(GAPS),
        "zone": DAYS.tz_localize("Europe/Berlin"), "few": pd.Series(WHOLE % 4).astype("category"),
        "said": [" ".join(RNG.choice(WORDS, 9)) for _ in range(N)],
    },
}  # fmt: skip


def target(task):
    score = X + WHOLE / 5
    return score if task == "regression" else np.where(score > 4, "up", np.where(score < -4, "down", "mid"))  # fmt: skip


def params(algo):
    known = {p.name for p in find(algo).parameters}
    if "n_estimators" in known:
        return {"n_estimators": 5}
    return {"max_iter": 5} if algo in ("hist_gradient_boosting", "mlp") else {}


def rows_of(frame, signature):
    names = [name for name, _ in signature.inputs]
    return Rows(signature, {name: list(frames.values(frame[name])) for name in names})


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(("algo", "task"), [(a.name, t) for a in ALGORITHMS for t in a.tasks])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_served_answer_is_the_notebooks(trained, context, algo, task, table):
    frame = pd.DataFrame(TABLES[table] | {"y": target(task)})
    info, folder, pipeline, frame = trained(frame, algo, task=task, params=params(algo))
    verdict = building.verdict(info, folder, frame, context.build(info))
    assert verdict.tier == ("treeloop" if algo == "knn" else "onnx-float64"), verdict.trials
    predictor = loading.load(verdict.tier, info.signature, context.build(info), verdict.build, lambda: pipeline)  # fmt: skip
    rows = rows_of(frame, info.signature)
    said = predictor.predict(rows, proba=True)
    asked = frame[[name for name, _ in info.signature.inputs]]
    if task == "classification":
        assert said.labels.tolist() == pipeline.predict(asked).tolist()
        if hasattr(pipeline, "predict_proba"):
            assert np.abs(said.proba - pipeline.predict_proba(asked)).max() <= 1e-12
    else:
        assert np.allclose(said.labels, pipeline.predict(asked), rtol=1e-9)


RECIPES = [
    *({"scale": method} for method in ("standard", "minmax", "maxabs", "robust", "power", "quantile")),
    {"encode": "ordinal", "scale": "standard"}, {"encode": "target", "clip": 0.05},
    {"rare": 0.35, "impute": "mean", "indicator": True}, {"fence": 1.5, "encode": "onehot", "select": 3},
    {"tfidf": 8, "texts": ("said",), "dates": True},
]  # fmt: skip


@pytest.mark.parametrize("recipe", RECIPES, ids=str)
@pytest.mark.parametrize("algo", ["random_forest", "logistic_regression"])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_prepared_columns_are_answered_without_their_transformers(context, recipe, algo):
    frame = pd.DataFrame({
        "x": pd.Series(X).mask(GAPS), "n": WHOLE, "kind": LETTERS, "y": target("classification"),
        **({"day": DAYS, "said": TABLES["mixed"]["said"]} if "tfidf" in recipe else {}),
    })  # fmt: skip
    data = context.save_frame(frame)
    recipe = {"impute": "median", **recipe}
    prepare.run(PrepareSpec(data=data, as_="clean", target="y", **recipe), context)
    spec = TrainSpec(data="clean", target="y", algo=algo, as_="m", params=params(algo))
    info, folder = context.model(train.run(spec, context).ref)
    verdict = building.verdict(info, folder, frame, context.build(info))
    assert verdict.tier == "onnx-float64", verdict.trials


@pytest.mark.parametrize(
    ("model", "task"),
    [(LinearDiscriminantAnalysis(), "classes"), (RidgeClassifier(), "classes"), (GaussianProcessRegressor(), "values")],
)  # fmt: skip
def test_float32_is_refused_where_a_column_holds_time_stamps(tmp_path, model, task):
    rng = np.random.default_rng(0)
    when = 1.7e9 + 30 * rng.normal(size=300)
    frame = pd.DataFrame({"when": when, "x": rng.normal(size=300)})
    score = (when - 1.7e9) / 30 + frame["x"]
    claim = tiers.of(model, frame, score if task == "values" else score > 0.1)
    half = building.built(OnnxTier("float32"), model, claim.info, tmp_path, lambda: model)
    rows = rows_of(frame, claim.info.signature)
    found = gate.compare(gate.ask(claim.known, rows), gate.ask(half, rows), claim.info.task, 1.0)
    assert found.differing > 10


def test_neighbours_at_the_same_distance_are_left_to_scikit_learn(tmp_path):
    frame = pd.DataFrame({"n": [1, 2, 3, 4] * 10})
    claim = tiers.of(KNeighborsRegressor(3), frame, np.arange(40.0))
    with pytest.raises(Unconvertible, match="same distance"):
        OnnxTier("float64").build(claim.pipeline, claim.info, tmp_path)
