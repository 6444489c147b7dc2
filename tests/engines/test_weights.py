"""Weights of rows and of classes: taken from where they stand, checked, passed on, kept out of scores."""

import msgspec
import numpy as np
import pandas as pd
import pytest

from aiaas_magics import errors
from aiaas_magics.engines import artefacts, catalogue, learning, train, tune, weighing
from aiaas_magics.engines.portfolio import fits
from aiaas_magics.specs.prepare import Step
from aiaas_magics.specs.train import TrainSpec
from aiaas_magics.specs.tune import TuneSpec

IRIS = catalogue.load("iris")
WEIGHED = IRIS.assign(w=np.where(IRIS["species"] == "virginica", 9.0, 0.5))


def spec(context, frame, algo="logistic_regression", kind=TrainSpec, **more):
    more = {"target": "species", "weights": "w"} | more
    return kind(data=context.save_frame(frame), algo=algo, as_="m", **more)


@pytest.mark.parametrize("algo", ["logistic_regression", "random_forest", "lightgbm", "mlp"])
def test_rows_weigh_what_their_column_says(context, algo):
    asked = spec(context, WEIGHED, algo)
    result = train.run(asked, context)
    found = artefacts.load(context.model(result.ref)[1])
    task = learning.assemble(asked, context)
    X, y = learning.training_rows(task)
    oracle = learning.build(task, asked, context, {})
    with learning.fitting(context):
        oracle.fit(X, y, model__sample_weight=WEIGHED["w"].to_numpy()[task.train])
    assert np.array_equal(found.predict_proba(X), oracle.predict_proba(X))
    assert result.weights == "w"
    assert result.features == tuple(IRIS.columns.drop("species"))
    assert context.model(result.ref)[0].lineage.spec["weights"] == "w"


def test_rows_that_weigh_nothing_are_no_cause_for_alarm(context):
    frame = WEIGHED.assign(w=np.arange(150) % 3)
    train.run(spec(context, frame, "adaboost"), context)
    assert not [t.body for t in context.told if t.type == "warning"]


def test_scores_count_all_rows_alike(context):
    asked = spec(context, WEIGHED, "random_forest")
    result = train.run(asked, context)
    found, task = artefacts.load(context.model(result.ref)[1]), learning.assemble(asked, context)
    held = task.X.iloc[task.test], task.y.iloc[task.test]
    assert result.scores[0].value == found.score(*held)


def test_every_fold_of_a_search_gets_its_rows_weights(context):
    from sklearn.model_selection import GridSearchCV, StratifiedKFold

    params = {"C": [0.001, 1.0]}
    asked = spec(context, WEIGHED, kind=TuneSpec, params=params, cv=3)
    result, task = tune.run(asked, context), learning.assemble(asked, context)
    oracle = GridSearchCV(
        learning.build(task, asked, context, {}), {"model__C": params["C"]},
        cv=StratifiedKFold(3, shuffle=True, random_state=0),
    ).fit(*learning.training_rows(task), model__sample_weight=learning.training_weights(task))  # fmt: skip
    assert sorted(t.mean for t in result.trials) == sorted(oracle.cv_results_["mean_test_score"])
    best = artefacts.load(context.model(result.ref)[1])
    assert np.array_equal(best.predict(task.X), oracle.predict(task.X))


def test_every_fold_of_a_comparison_gets_its_rows_weights(context):
    from sklearn.model_selection import GridSearchCV, StratifiedKFold

    asked = spec(context, WEIGHED, "auto", trials=1, cv=3, algos=("logistic_regression",))
    result, task = train.run(asked, context), learning.assemble(asked, context)
    pipeline = learning.build(
        fits.prepared(task, result.algo), asked.fixed(result.algo, {}), context, {}
    )
    oracle = GridSearchCV(pipeline, {}, cv=StratifiedKFold(3, shuffle=True, random_state=0))
    oracle.fit(*learning.training_rows(task), model__sample_weight=learning.training_weights(task))
    assert result.leaderboard[0].mean == pytest.approx(oracle.best_score_, abs=1e-12)
    best = artefacts.load(context.model(result.ref)[1])
    assert np.array_equal(best.predict_proba(task.X), oracle.predict_proba(task.X))
    assert result.weights == "w"


def test_weights_may_stand_beside_chosen_features(context):
    asked = spec(context, WEIGHED, features=("petal_length_cm",))
    assert train.run(asked, context).features == ("petal_length_cm",)


def test_rows_without_a_target_take_their_weights_along(context):
    frame = WEIGHED.assign(species=[None, *IRIS["species"][1:]], w=np.arange(150.0))
    task = learning.assemble(spec(context, frame), context)
    assert task.weights.tolist() == np.arange(1.0, 150.0).tolist()


@pytest.mark.parametrize(
    ("column", "says"),
    [
        (["a"] * 150, "holds no numbers"),
        ([True] * 150, "holds no numbers"),
        ([None] + [1.0] * 149, "missing in 1 rows"),
        ([-1.0] + [1.0] * 149, "negative"),
        ([np.inf] + [1.0] * 149, "infinite"),
        ([0.0] * 150, "0 in every training row"),
    ],
)
def test_a_column_that_cannot_weigh_is_refused(context, column, says):
    with pytest.raises(errors.DataError, match=says) as caught:
        train.run(spec(context, IRIS.assign(w=column)), context)
    assert "'w'" in caught.value.what
    assert "how much a row counts" in caught.value.hint


def test_a_column_that_is_not_there_is_refused(context):
    with pytest.raises(errors.DataError, match="no column 'weigth'") as caught:
        train.run(spec(context, WEIGHED.rename(columns={"w": "weight"}), weights="weigth"), context)
    assert caught.value.try_ == "--weights weight"


def test_weights_that_the_preparation_dropped_are_missed(context):
    from aiaas_magics.engines import data

    table = data.Table(WEIGHED, (Step(op="drop", columns=("w",)),), {}, None, "sha256:0")
    with pytest.raises(errors.DataError, match="'w' was dropped") as caught:
        learning.task_of(table, spec(context, WEIGHED), context)
    assert "the weights must stay" in caught.value.hint


@pytest.mark.parametrize("kind", [TrainSpec, TuneSpec])
def test_who_takes_no_weights_names_those_that_do(context, kind):
    with pytest.raises(errors.SpecError, match="knn takes no weights") as caught:
        spec(context, WEIGHED, "knn", kind=kind)
    assert caught.value.hint == "all but knn do"


def test_a_parameter_of_the_same_name_is_told_apart(context):
    with pytest.raises(errors.SpecError, match="has a parameter of that name") as caught:
        spec(context, WEIGHED, "knn", weights="distance")
    assert "params={'weights': 'distance'}" in caught.value.try_


def test_what_counts_takes_no_numbers_below_zero(context):
    params = {"variant": "multinomial"}
    with pytest.raises(errors.DataError, match="counts") as caught:
        train.run(
            spec(context, IRIS.assign(a=-1), "naive_bayes", weights=None, params=params), context
        )
    assert caught.value.try_ == "variant='gaussian'"


# classes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("classes", "names"),
    [
        (("no", "yes"), {"no": "no", "yes": "yes"}),
        ((0, 1), {"0": 0, "1": 1}),
        ((0.0, 1.0), {"0": 0.0, "1.0": 1.0}),
        ((False, True), {"False": False, "true": True}),
    ],
)
def test_classes_are_called_by_name(classes, names):
    asked = {"class_weight": {name: i + 1 for i, name in enumerate(names)}, "C": 2}
    found = weighing.of_classes(asked, classes)
    assert found == {"class_weight": {classes[0]: 1, classes[1]: 2}, "C": 2}
    assert [type(key) for key in found["class_weight"]] == [type(classes[0])] * 2
    assert msgspec.json.encode(weighing.told(found["class_weight"]))


def test_a_class_that_is_not_there_is_refused(context):
    asked = spec(context, IRIS, weights=None, params={"class_weight": {"virginca": 5}})
    with pytest.raises(errors.DataError, match="no class of the target") as caught:
        train.run(asked, context)
    assert "did you mean 'virginica'" in caught.value.hint
    assert caught.value.try_ == "class_weight={'virginica': 5}"


@pytest.mark.parametrize("algo", ["random_forest", "hist_gradient_boosting", "svm", "lightgbm"])
def test_a_class_that_weighs_more_is_found_more_often(context, algo):
    frame = pd.DataFrame({"a": np.arange(200) % 9, "y": [0, 1, 1, 0, 0] * 40})
    found = {}
    for weight in (0.2, 5):
        asked = spec(
            context, frame, algo, target="y", weights=None, params={"class_weight": {"1": weight}}
        )
        pipeline = artefacts.load(context.model(train.run(asked, context).ref)[1])
        found[weight] = int(pipeline.predict(frame[["a"]]).sum())
    assert found[0.2] < found[5]


@pytest.mark.parametrize("algo", ["logistic_regression", "hist_gradient_boosting"])
def test_a_search_may_try_weights_of_classes(context, algo):
    frame = pd.DataFrame({"a": np.arange(200) % 9, "y": [0, 1, 1, 0, 0] * 40})
    tried = {"class_weight": [None, "balanced", {"1": 3, "0": 1}]}
    asked = spec(context, frame, algo, TuneSpec, target="y", weights=None, params=tried, cv=2)
    result = tune.run(asked, context)
    assert sorted(map(str, (t.params["class_weight"] for t in result.trials))) == sorted(
        map(str, tried["class_weight"])
    )
    assert [chart.name for chart in result.charts] == ["by_class_weight"]
