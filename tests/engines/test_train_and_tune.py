"""Training and tuning: what is learned, told, kept and refused."""

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier

from aiaas_magics import errors
from aiaas_magics.engines import catalogue, learning, train, tune
from aiaas_magics.engines.measuring import NEED_PROBA
from aiaas_magics.engines.models import artefacts
from aiaas_magics.engines.sharing.sharers.forest import Forests
from aiaas_magics.specs.algorithms import ALGORITHMS
from aiaas_magics.specs.prepare import PrepareSpec
from aiaas_magics.specs.train import TrainSpec
from aiaas_magics.specs.tune import TuneSpec
from aiaas_magics.testing.context import LocalContext


@pytest.fixture
def given(context):
    def store(frame):
        return context.save_frame(
            frame if isinstance(frame, pd.DataFrame) else catalogue.load(frame)
        )

    return store


def spec(data, target="species", algo="random_forest", **more):
    params = more.pop("params", {"n_estimators": 12} if algo == "random_forest" else {})
    return TrainSpec(data=data, target=target, algo=algo, as_="m", params=params, **more)


@pytest.mark.parametrize("algo", [a.name for a in ALGORITHMS if "classification" in a.tasks])
def test_every_algorithm_classifies(context, given, algo):
    result = train.run(spec(given("iris"), algo=algo, params={}), context)
    assert result.scores[0].value > 0.7
    assert (result.rows, result.held_out, result.task) == (120, 30, "classification")
    assert result.classes == ("setosa", "versicolor", "virginica")


NOT_BY_DEFAULT = {
    "svm": {"C": 100},
    "mlp": {"solver": "lbfgs", "alpha": 1},
    "elastic_net": {"alpha": 0.01},
    "decision_tree": {"max_depth": 3},
}
"""Who does not learn a table of diabetes as it comes -> what helps."""


@pytest.mark.parametrize("algo", [a.name for a in ALGORITHMS if "regression" in a.tasks])
def test_every_algorithm_regresses(context, given, algo):
    params = NOT_BY_DEFAULT.get(algo, {})
    result = train.run(spec(given("diabetes"), "progression", algo, params=params), context)
    assert result.task == "regression"
    assert result.scores[0].value > 0.05  # a fifth of 442 rows; the mean scores 0


def test_texts_dates_and_categories_are_learned_from(context, given):
    result = train.run(spec(given("tickets"), "topic", "logistic_regression", params={}), context)
    assert result.scores[0].value > 0.8


def test_categories_that_do_not_occur_are_no_classes(context, given):
    kinds = pd.CategoricalDtype(["virginica", "setosa", "unused", "versicolor"])
    table = given(catalogue.load("iris").assign(species=lambda f: f["species"].astype(kinds)))
    result = train.run(spec(table), context)
    assert result.classes == ("setosa", "versicolor", "virginica")
    assert tune.run(grid(table, cv=2), context).classes == result.classes


def test_the_split_is_a_function_of_data_and_seed(given, context):
    one, two = (learning.assemble(spec(given("iris"), seed=1), context) for _ in range(2))
    other = learning.assemble(spec(given("iris"), seed=2), context)
    assert np.array_equal(one.test, two.test)
    assert not np.array_equal(one.test, other.test)
    assert set(one.train) | set(one.test) == set(range(150))
    assert one.y.iloc[one.test].value_counts().tolist() == [10, 10, 10]


@pytest.mark.parametrize("weights", [None, "balanced", "balanced_subsample"])
def test_a_forest_grown_in_steps_is_the_forest_of_one_fit(context, given, weights):
    frame = catalogue.load("iris").iloc[20:]
    params = {"n_estimators": 23, "class_weight": weights}
    result = train.run(spec(given(frame), params=params, test=0.0, seed=5), context)
    assert not [t for t in context.told if t.type == "warning"]
    grown = artefacts.load(context.model(result.ref)[1]).steps[-1][1]
    whole = RandomForestClassifier(23, random_state=5, class_weight=weights).fit(
        frame.drop(columns="species"), frame["species"]
    )
    for one, two in zip(grown.estimators_, whole.estimators_, strict=True):
        assert np.array_equal(one.tree_.threshold, two.tree_.threshold)
        assert np.array_equal(one.tree_.value, two.tree_.value)


def test_a_stopped_forest_keeps_its_trees(tmp_path):
    context = LocalContext(tmp_path, stop_after=0)
    data = context.save_frame(catalogue.load("iris"))
    result = train.run(spec(data, params={"n_estimators": 5000}), context)
    assert result.partial
    assert 0 < len(artefacts.load(context.model(result.ref)[1]).steps[-1][1].estimators_) < 5000


def test_gradient_descent_tells_its_loss(context, given):
    result = train.run(
        spec(given("breast_cancer"), "diagnosis", "sgd", params={"max_iter": 20, "tol": None}),
        context,
    )
    losses = [t.body["value"] for t in context.told if t.type == "metric"]
    assert len(losses) == 20
    assert result.charts[0].name == "loss"
    assert result.charts[0].spec["$schema"].endswith("v5.json")
    assert any("common scale" in t.body["text"] for t in context.told if t.type == "warning")


def progress(context):
    """Return the progress told, after a check that it only grows."""
    told = [t.body for t in context.told if t.type == "progress"]
    assert [b["done"] for b in told] == sorted(b["done"] for b in told)
    return told


def test_logistic_regression_tells_its_iterations_and_learns_the_same(context, given):
    from sklearn.linear_model import LogisticRegression

    asked = spec(given("iris"), algo="logistic_regression", params={"max_iter": 500})
    _, folder = context.model(train.run(asked, context).ref)
    X, y = learning.training_rows(learning.assemble(asked, context))
    bare = LogisticRegression(max_iter=500, random_state=0).fit(X, y)
    found = artefacts.load(folder).steps[-1][1]
    assert np.array_equal(found.coef_, bare.coef_)
    assert len(progress(context)) - 1 == bare.n_iter_[0]
    assert not hasattr(found, "_skl_callbacks")


@pytest.mark.parametrize("solver", ["saga", "newton-cholesky"])
def test_solvers_that_do_not_call_back_learn_as_well(context, given, solver):
    params = {"solver": solver, "max_iter": 3000}
    asked = spec(given("iris"), algo="logistic_regression", params=params)
    assert train.run(asked, context).scores[0].value > 0.9


def test_a_search_tells_every_candidate(context, given):
    tune.run(grid(given("iris"), cv=3), context)
    assert len({b["done"] for b in progress(context)}) > 4  # within a group, too
    assert progress(context)[-1] | {"text": ""} == {"done": 4, "total": 5, "text": ""}
    assert "best accuracy 0.9" in progress(context)[-1]["text"]


def test_the_recipe_is_fitted_on_training_rows_only(context):
    from aiaas_magics.engines import data, prepare
    from aiaas_magics.specs.data import DataSpec

    frame = pd.DataFrame({"a": np.arange(100.0), "y": ["p", "q"] * 50})
    data.run(DataSpec(as_="raw", frame=context.save_frame(frame)), context)
    prepare.run(PrepareSpec(data="raw", as_="ready", scale="standard"), context)
    learned = spec("ready", "y", "logistic_regression", params={})
    result = train.run(learned, context)
    pipeline = artefacts.load(context.model(result.ref)[1])
    rows = learning.assemble(learned, context).train
    scaler = pipeline.steps[0][1].transformers_[0][1]
    scaler = getattr(scaler, "steps", [("", scaler)])[-1][1]
    assert scaler.mean_[0] == pytest.approx(frame["a"].iloc[rows].mean())
    assert context.model(result.ref)[0].signature.inputs == (("a", "double"),)


ROWS = pd.DataFrame(
    {"a": np.arange(40.0), "b": np.arange(40) % 7, "y": ["p", "q"] * 20, "z": np.linspace(0, 1, 40)}
)

DAYS = pd.date_range("2026-01-01", periods=2).repeat(20)


@pytest.mark.parametrize(
    ("frame", "more", "what", "hint"),
    [
        (ROWS, {"target": "w"}, "no column 'w'", ""),
        (ROWS, {"target": "yy"}, "no column 'yy'", "did you mean 'y'"),
        (ROWS.assign(y="p"), {}, "one class only", ""),
        (ROWS.assign(y=None), {}, "missing in every row", ""),
        (ROWS.assign(y=["o"] + ["p", "q"] * 19 + ["p"]), {}, "has one row", "to hold out"),
        (ROWS.assign(a=np.nan), {}, "'a'", ""),
        (ROWS.assign(a=np.inf), {}, "infinite", "replace or drop"),
        (ROWS, {"task": "regression"}, "holds no numbers", "regression"),
        (ROWS, {"target": "z", "task": "classification"}, "fractions, not classes", ""),
        (ROWS[["y"]], {}, "no column to learn from", ""),
        (ROWS, {"features": ("c",)}, "no column 'c'", ""),
        (ROWS.assign(y=DAYS), {}, "'y' holds dates", "days from the first one"),
        (ROWS.assign(y=DAYS), {"task": "regression"}, "'y' holds dates", ""),
        (ROWS.assign(y=DAYS.tz_localize("UTC")), {"task": "classification"}, "'y' holds dates", ""),
        (ROWS.assign(y=pd.Series(DAYS).astype("category")), {}, "'y' holds dates", ""),
        (ROWS.head(3), {}, "cannot be held out|has one row", ""),
    ],
)
def test_bad_data_is_refused_in_three_lines(context, frame, more, what, hint):
    target = more.pop("target", "y")
    with pytest.raises(errors.DataError) as caught:
        train.run(spec(context.save_frame(frame), target, algo="ridge", **more), context)
    assert any(part in caught.value.what for part in what.split("|")), caught.value.lines()
    assert hint in caught.value.hint
    assert len(caught.value.lines()) <= 3


def test_rows_without_a_target_are_left_out_with_a_warning(context):
    frame = ROWS.assign(y=[None, *ROWS["y"][1:]])
    assert train.run(spec(context.save_frame(frame), "y", "ridge"), context).rows == 31
    assert any("without a 'y'" in t.body["text"] for t in context.told if t.type == "warning")


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (["a", "b"], "classification"), ([True, False], "classification"), ([0, 1, 2] * 2, "classification"),
        ([0.0, 1.0], "classification"), ([0.5, 1.0], "regression"), (list(range(30)), "regression"),
        (list(range(14)), "regression"),
    ],
)  # fmt: skip
def test_the_task_is_found_out(values, task):
    assert learning.guess(pd.Series(values)) == task


# tuning -------------------------------------------------------------------------------------------


def grid(data, target="species", algo="random_forest", **more):
    params = more.pop("params", {"n_estimators": [3, 9], "max_depth": [None, 1]})
    return TuneSpec(data=data, target=target, algo=algo, as_="m", params=params, **more)


def test_a_search_is_scikit_learn_s(context, given):
    from sklearn.model_selection import GridSearchCV, StratifiedKFold
    from sklearn.pipeline import Pipeline

    asked = grid(given("iris"), cv=3)
    result = tune.run(asked, context)
    task = learning.assemble(asked, context)
    oracle = GridSearchCV(
        Pipeline([("model", RandomForestClassifier(random_state=0))]),
        {f"model__{name}": values for name, values in asked.params.items()},
        cv=StratifiedKFold(3, shuffle=True, random_state=0), scoring="accuracy",
    ).fit(*learning.training_rows(task))  # fmt: skip
    assert sorted(t.mean for t in result.trials) == sorted(oracle.cv_results_["mean_test_score"])
    assert {f"model__{k}": v for k, v in result.params.items()} == oracle.best_params_
    assert [t.type for t in context.told].count("trial") == 4


def test_a_search_is_pictured_and_counted(context, given):
    result = tune.run(grid(given("iris"), cv=2), context)
    assert [chart.name for chart in result.charts] == ["by_n_estimators", "by_max_depth", "heat"]
    assert result.cells == len(result.trials) == 4
    assert [t.rank for t in result.trials] == sorted(t.rank for t in result.trials)
    assert all(chart.png for chart in result.charts)


def test_a_stopped_search_keeps_its_best_so_far(tmp_path):
    context = LocalContext(tmp_path, stop_after=0)
    asked = grid(context.save_frame(catalogue.load("iris")), cv=2)
    result = tune.run(asked, context)
    assert result.partial
    assert 0 < len(result.trials) < result.cells


@pytest.mark.parametrize("metric", ["log_loss", "roc_auc", "f1", "brier"])
def test_other_metrics_in_their_own_direction(context, given, metric):
    result = tune.run(grid(given("breast_cancer"), "diagnosis", cv=2, metric=metric), context)
    means = [t.mean for t in result.trials]
    assert means == sorted(means, reverse=metric not in ("log_loss", "brier"))
    assert all(mean > 0 for mean in means)


@pytest.mark.parametrize("metric", sorted(NEED_PROBA))
def test_what_needs_probabilities_is_refused_without_them(context, given, metric):
    asked = {"algo": "ridge", "params": {"alpha": [1]}, "metric": metric}
    with pytest.raises(errors.SpecError, match="needs probabilities"):
        tune.run(grid(given("breast_cancer"), "diagnosis", **asked), context)


def test_what_could_not_be_shared_is_in_the_log(context, given, monkeypatch):
    def fail(*args, **words):
        raise RuntimeError("out of luck")

    monkeypatch.setattr(Forests, "evaluate", fail)
    tune.run(grid(given("iris"), cv=2), context)
    said = [each.body["text"] for each in context.told if each.type == "log"]
    assert "not shared as planned, so fitted apart: forest: out of luck" in said


def test_one_candidate_that_fails_does_not_end_the_search(context, given):
    params = {"solver": ["lbfgs", "saga"], "l1_ratio": [1.0], "max_iter": [50]}
    result = tune.run(grid(given("iris"), algo="logistic_regression", cv=2, params=params), context)
    assert [t.params["solver"] for t in result.trials] == ["saga"]
    assert any(t.type == "warning" for t in context.told)


@pytest.mark.parametrize("ratios", [[0, 0.5, 1], [1, 0.5, 0], [0.5]])
def test_each_candidate_gets_the_solver_that_training_gives_it(context, given, ratios):
    data, params = given("iris"), {"l1_ratio": ratios, "max_iter": [200]}
    result = tune.run(grid(data, algo="logistic_regression", cv=2, params=params), context)
    assert [sorted(t.params) for t in result.trials] == [["l1_ratio", "max_iter"]] * len(ratios)
    tuned = artefacts.load(context.model(result.ref)[1])
    again = train.run(spec(data, algo="logistic_regression", params=result.params), context)
    trained = artefacts.load(context.model(again.ref)[1])
    assert np.array_equal(tuned.steps[-1][1].coef_, trained.steps[-1][1].coef_)


@pytest.mark.parametrize(
    ("rows", "cv", "try_"), [(10, 5, "--cv 4"), (5, 4, "--cv 2"), (4, 2, "--metric mae")]
)
def test_folds_of_one_row_have_no_r2(context, given, rows, cv, try_):
    frame = pd.DataFrame({"a": np.arange(rows), "y": np.arange(rows) / 7})
    asked = {"target": "y", "algo": "ridge", "params": {"alpha": [0.1, 1.0]}, "cv": cv}
    with pytest.raises(errors.DataError, match="folds of one row") as caught:
        tune.run(grid(given(frame), **asked), context)
    assert caught.value.try_ == try_
    assert context.told == [] or all(t.type != "warning" for t in context.told)
    assert tune.run(grid(given(frame), **asked, metric="mae"), context).trials


@pytest.mark.parametrize(
    ("more", "error", "what"),
    [
        ({"cv": 50}, errors.DataError, "more than the class"),
        ({"metric": "r2"}, errors.SpecError, "regression metric"),
        (
            {"algo": "ridge", "params": {"alpha": [1]}, "metric": "log_loss"},
            errors.SpecError,
            "needs probabilities",
        ),
        (
            {"algo": "logistic_regression", "params": {"solver": ["lbfgs"], "l1_ratio": [1.0]}},
            errors.DataError,
            "could not be fitted",
        ),
    ],
)
def test_a_search_that_cannot_be_is_refused(context, given, more, error, what):
    with pytest.raises(error, match=what) as caught:
        tune.run(grid(given("iris"), **more), context)
    assert len(caught.value.lines()) <= 3


@pytest.mark.parametrize(
    "task", [("breast_cancer", "diagnosis"), ("iris", "species"), ("diabetes", "progression")]
)
def test_boosting_stopped_early_is_the_boosting_of_fewer_trees(tmp_path, task):
    name, target = task
    context = LocalContext(tmp_path, stop_after=6)
    asked = spec(
        context.save_frame(catalogue.load(name)),
        target,
        "hist_gradient_boosting",
        params={"max_iter": 50},
    )
    result = train.run(asked, context)
    found = artefacts.load(context.model(result.ref)[1]).steps[-1][1]
    assert result.partial
    assert [b["text"] for b in progress(context)][:2] == ["tree 1 of 50", "tree 2 of 50"]
    X, y = learning.training_rows(learning.assemble(asked, context))
    fewer = type(found)(max_iter=found.n_iter_, random_state=0).fit(X, y)
    assert 0 < found.n_iter_ < 50
    assert np.array_equal(found.predict(X), fewer.predict(X))


def test_logistic_regression_stopped_early_keeps_what_it_has(tmp_path):
    context = LocalContext(tmp_path, stop_after=3)
    asked = spec(
        context.save_frame(catalogue.load("iris")),
        algo="logistic_regression",
        params={"max_iter": 500},
    )
    result = train.run(asked, context)
    assert result.partial
    assert progress(context)[-1]["done"] == 4
    assert 0 < result.scores[0].value <= 1


@pytest.mark.parametrize("prose", [False, True])
def test_a_forest_takes_gaps_beside_many_categories_and_prose(context, prose):
    rng = np.random.default_rng(0)
    words = [f"word{i} of a message number {i % 7}" for i in range(200)]
    frame = pd.DataFrame({
        "x": np.where(rng.random(200) < 0.3, np.nan, rng.normal(size=200)),
        "place": [f"place {i}" for i in range(200)] if not prose else words,
        "y": ["a", "b"] * 100,
    })  # fmt: skip
    assert train.run(spec(context.save_frame(frame), "y"), context).rows == 160


@pytest.mark.parametrize("algo", ["knn", "logistic_regression"])
@pytest.mark.parametrize("prose", [False, True])
def test_neighbours_compare_dense_categories_and_sparse_prose(context, algo, prose):
    words = [f"word{i} of a message number {i % 7}" for i in range(200)]
    frame = pd.DataFrame({
        "place": words if prose else [f"place {i}" for i in range(200)], "y": ["a", "b"] * 100,
    })  # fmt: skip
    result = train.run(spec(context.save_frame(frame), "y", algo=algo), context)
    pipeline = artefacts.load(context.model(result.ref)[1])
    prepared = pipeline[:-1].transform(frame[["place"]])
    assert hasattr(prepared, "tocsr") is (prose or algo != "knn")


def test_a_target_with_a_value_a_row_is_no_class(context):
    frame = pd.DataFrame({"a": range(60), "y": [f"a review of thing {i} " * 9 for i in range(60)]})
    with pytest.raises(errors.DataError, match="those are no classes") as caught:
        train.run(spec(context.save_frame(frame), "y"), context)
    assert max(map(len, caught.value.lines())) < 200


def test_a_model_stopped_early_says_so_for_good(tmp_path):
    context = LocalContext(tmp_path, stop_after=0)
    asked = spec(context.save_frame(catalogue.load("iris")), params={"n_estimators": 500})
    ref = train.run(asked, context).ref
    assert context.model(ref)[0].partial
