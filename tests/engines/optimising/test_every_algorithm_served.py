"""The served answer equals the notebook's: every algorithm, task and kind of table, and the known traps."""

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.preprocessing import OrdinalEncoder
from sklearn.svm import SVC, LinearSVC

from aiaas_magics import frames
from aiaas_magics.engines import prepare, train
from aiaas_magics.engines.optimising import building, gate
from aiaas_magics.engines.optimising.base import Unconvertible
from aiaas_magics.engines.optimising.onnx import OnnxTier
from aiaas_magics.engines.optimising.treelite import TreeliteTier
from aiaas_magics.predictors import loading, programs
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
    predictor = loading.load(verdict.tier, info.signature, context.build(info) / verdict.folder, verdict.build, lambda: pipeline)  # fmt: skip
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
    with pytest.raises(Unconvertible, match="equally far"):
        OnnxTier("float64").build(claim.pipeline, claim.info, tmp_path)


@pytest.mark.parametrize(
    "model",
    [
        FixedThresholdClassifier(LogisticRegression(), threshold=0.5002, pos_label="up"),
        CalibratedClassifierCV(FixedThresholdClassifier(LinearSVC(), threshold=0.01), cv=2),
        SVC(probability=True, random_state=0), OneVsRestClassifier(LogisticRegression()),
        GridSearchCV(LogisticRegression(), {"C": [1, 2]}), KNeighborsClassifier(weights="distance"),
    ],
    ids=lambda model: type(model).__name__,
)  # fmt: skip
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_a_label_is_the_models_where_its_probabilities_are_near_one_half(tmp_path, model):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(150, 2)), columns=["a", "b"])
    claim = tiers.of(model, frame, np.where(frame["a"] + rng.normal(size=150) > 0, "up", "down"))
    many = pd.DataFrame(rng.normal(size=(20_000, 2)), columns=["a", "b"])
    for place, tier in enumerate(building.TIERS):
        where = tmp_path / str(place)
        where.mkdir()
        try:
            found = building.built(tier, model, claim.info, where, lambda: model)
        except Unconvertible:
            continue
        said = found.predict(rows_of(many, claim.info.signature), proba=True)
        passed = gate.compare(*(gate.ask(each, claim.rows()) for each in (claim.known, found)), "classification", 1.0)  # fmt: skip
        if passed.equal:
            assert said.labels.tolist() == model.predict(many).tolist()


def test_a_search_serves_as_what_it_found(tmp_path):
    frame = pd.DataFrame({"n": np.arange(40.0)})
    search = GridSearchCV(tiers.make_pipeline(tiers.StandardScaler(), LogisticRegression()), {})
    claim = tiers.of(search, frame, frame["n"] > 12)
    found = building.built(OnnxTier("float64"), search, claim.info, tmp_path, lambda: 1 / 0)
    rows = rows_of(frame, claim.info.signature)
    assert found.predict(rows, proba=False).labels.tolist() == search.predict(frame).tolist()


def test_many_rows_of_a_kernel_machine_take_bounded_memory(tmp_path):
    """Each row is compared with each support vector, column by column."""
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(80, 5)))
    frame.columns = [f"c{i}" for i in range(5)]
    claim = tiers.of(SVC(), frame, np.arange(80) % 2 == 0)
    found = building.built(OnnxTier("float64"), claim.pipeline, claim.info, tmp_path, lambda: 1 / 0)
    asked = []
    run = found._run
    found._run = lambda rows: asked.append(rows.n) or run(rows)
    said = found.predict(rows_of(pd.concat([frame] * 200), claim.info.signature), proba=False)
    vectors = len(claim.pipeline.support_vectors_)
    assert max(asked) * vectors * 5 <= programs.CELLS
    assert said.labels.tolist() == claim.pipeline.predict(frame).tolist() * 200


def categories(n=400):
    rng = np.random.default_rng(3)
    many = rng.choice([f"k{i}" for i in range(40)], n)
    few = rng.integers(0, 9, n)
    frame = pd.DataFrame({
        "x": rng.normal(size=n), "many": pd.Series(many).astype("category"), "few": few,
        "gaps": pd.Series(rng.choice(["a", "ü", None], n)).astype("category"),
    })  # fmt: skip
    score = pd.Series(many).str[1:].astype(int) % 3 + few % 2 + frame["x"] / 2 + frame["gaps"].isna()  # fmt: skip
    return frame, score.to_numpy()


CODED = ColumnTransformer(
    [("c", OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan), ["many", "gaps"])],
    remainder="passthrough", verbose_feature_names_out=False,
)  # fmt: skip


@pytest.mark.parametrize("tier", [OnnxTier("float64"), TreeliteTier()], ids=["onnx", "treelite"])
@pytest.mark.parametrize(
    "model",
    [
        HistGradientBoostingRegressor(max_iter=12),
        HistGradientBoostingClassifier(max_iter=12, categorical_features=["many", "few", "gaps"]),
        tiers.make_pipeline(CODED, HistGradientBoostingClassifier(max_iter=12, categorical_features=[0, 1, 3])),
    ],
    ids=["by dtype", "by name", "by place, coded"],
)  # fmt: skip
def test_categories_of_histograms_own_go_where_scikit_learn_sends_them(tmp_path, model, tier):
    """Those it knows, those it never saw, and gaps."""
    frame, score = categories()
    y = score if isinstance(model, HistGradientBoostingRegressor) else np.digitize(score, [1, 2])
    claim = tiers.of(model, frame, y)
    found = building.built(tier, claim.pipeline, claim.info, tmp_path, lambda: 1 / 0)
    rng, n = np.random.default_rng(4), 1_500
    asked = Rows(claim.info.signature, {
        "x": rng.normal(size=n).tolist(), "many": rng.choice([f"k{i}" for i in range(44)], n).tolist(),
        "few": rng.integers(-2, 12, n).tolist(), "gaps": rng.choice(["a", "ü", "", None], n).tolist(),
    })  # fmt: skip
    known, said = gate.ask(claim.known, asked), gate.ask(found, asked)
    assert gate.compare(known, said, claim.info.task, 1.0).differing == 0
    assert not known.refused.any()


WRITTEN = {
    "price": [f"{1000 + 7 * i:,}".replace(",", ".") + f",{i % 100:02} €" for i in range(N)],
    "share": [f"{i % 50} %" if i % 7 else "n/a" for i in range(N)],
    "flag": ["ja" if i % 3 else "Nein" for i in range(N)],
    "day": [f"{i % 28 + 1:02}.{i % 12 + 1:02}.20{i % 30 + 10}" for i in range(N)],
    "at": [f"2026-03-29T{i % 24:02}:30:00+0{i % 4}:00" for i in range(N)],
}


@pytest.mark.parametrize("algo", ["random_forest", "ridge", "hist_gradient_boosting"])
def test_texts_that_stand_for_something_else_are_read_without_their_transformer(context, algo):
    task = "regression" if algo == "ridge" else "classification"
    frame = pd.DataFrame(WRITTEN | {"y": target(task)})
    data = context.save_frame(frame)
    prepare.run(PrepareSpec(data=data, as_="clean", target="y", fix=True, impute="median"), context)
    spec = TrainSpec(data="clean", target="y", algo=algo, as_="m", params=params(algo))
    info, folder = context.model(train.run(spec, context).ref)
    assert {kind for _, kind in info.signature.inputs} == {"string"}
    verdict = building.verdict(info, folder, frame, context.build(info))
    assert verdict.tier == "onnx-float64", verdict.trials
    assert verdict.served.differing == 0
