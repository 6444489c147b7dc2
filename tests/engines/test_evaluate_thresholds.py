"""Costs: the threshold is the best of all, its bounds move with the rows, and classes' costs are obeyed."""

import numpy as np
import pytest

from aiaas_magics import errors
from aiaas_magics.engines import catalogue, evaluate, train
from aiaas_magics.engines.evaluation import thresholds
from aiaas_magics.engines.measuring import Outcome
from aiaas_magics.specs.evaluate import EvaluateSpec
from aiaas_magics.specs.train import TrainSpec


def outcome(rows=80, seed=0, digits=2):
    """Probabilities that are exactly right, rounded so that many are equal."""
    rng = np.random.default_rng(seed)
    p = np.round(rng.random(rows), digits)
    truth = (rng.random(rows) < p).astype(int)
    return Outcome(truth, (p >= 0.5).astype(int), np.c_[1 - p, p], 2)


def brute(o, costs, threshold, positive=1):
    calls = np.where(o.proba[:, positive] >= threshold, positive, 1 - positive)
    return costs[o.truth, calls].mean()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("cost", [{"fp": 1.0, "fn": 5.0}, {"fp": 3.0, "fn": 1.0, "tp": -2.0}])
@pytest.mark.parametrize("positive", ["no", "yes"])
def test_no_threshold_is_cheaper(seed, cost, positive):
    o = outcome(seed=seed)
    costs, place = thresholds.matrix(cost, ["no", "yes"], positive)
    best = thresholds.best(o, costs, place, repeats=100, seed=0)
    every = [brute(o, costs, t, place) for t in np.r_[0.0, np.unique(o.proba[:, place]), 1.1]]
    assert best.costs[best.chosen] == pytest.approx(min(every))
    tried = [brute(o, costs, t, place) for t in best.thresholds]
    np.testing.assert_allclose(best.costs, tried, atol=1e-12)


def test_right_probabilities_choose_elkan_s_threshold():
    o = outcome(60_000, digits=6)
    costs, place = thresholds.matrix({"fp": 1.0, "fn": 4.0}, ["no", "yes"], None)
    best = thresholds.best(o, costs, place, repeats=100, seed=0)
    assert best.thresholds[best.chosen] == pytest.approx(0.2, abs=0.05)
    assert best.fresh == pytest.approx(best.costs[best.chosen], rel=0.05)


def test_rows_that_stand_in_groups_say_less():
    o = outcome(60, digits=6)
    many = Outcome(*(np.repeat(each, 20, axis=0) for each in o[:3]), 2)
    costs, place = thresholds.matrix({"fp": 1.0, "fn": 4.0}, ["no", "yes"], None)
    asked = {"repeats": 200, "seed": 0}
    apart, whole = (
        thresholds.best(many, costs, place, **asked, groups=groups)
        for groups in (None, np.repeat(np.arange(60), 20))
    )
    once = thresholds.best(o, costs, place, **asked)
    np.testing.assert_allclose(whole.of_chosen, once.of_chosen)
    assert whole.fresh == pytest.approx(once.fresh)
    assert apart.of_chosen.std() < whole.of_chosen.std() / 2


def test_bounds_hold_the_threshold_and_narrow_with_rows():
    costs, place = thresholds.matrix({"fp": 1.0, "fn": 4.0}, ["no", "yes"], None)
    few, many = (
        thresholds.found_of_two(outcome(n, digits=6), costs, place, ["no", "yes"], confidence=0.95, repeats=200, seed=0)[1]
        for n in (100, 10_000)
    )  # fmt: skip
    for told in (few, many):
        assert told.low <= told.value <= told.high
        assert told.cost.low <= told.cost.value <= told.cost.high
        assert told.cost.value <= told.usual.value
    assert many.high - many.low < few.high - few.low


def test_equal_costs_keep_the_usual_threshold_where_nothing_is_gained():
    p = np.array([0.1, 0.2, 0.8, 0.9])
    o = Outcome(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1]), np.c_[1 - p, p], 2)
    best = thresholds.best(o, 1.0 - np.eye(2), 1, repeats=100, seed=0)
    assert best.thresholds[best.chosen] == thresholds.USUAL


def test_costs_are_by_true_and_predicted_class_and_mistakes_not_named_cost_one():
    costs, place = thresholds.matrix({"a": {"c": 5.0}, "c": {"c": -1.0}}, ["a", "b", "c"], None)
    assert costs.tolist() == [[0, 1, 5], [1, 0, 1], [1, 1, -1]]
    assert place == 2
    assert thresholds.matrix({"fn": 5.0}, ["no", "yes"], "no")[0].tolist() == [[0, 5], [1, 0]]


@pytest.mark.parametrize(
    ("cost", "classes", "positive", "says"),
    [
        ({"fp": 1.0}, ["a", "b", "c"], None, "costs of two classes"),
        ({"a": {"x": 1.0}}, ["a", "b"], None, "does not know the class 'x'"),
        ({"fp": 1.0}, ["a", "b"], "c", "does not know the class 'c'"),
    ],
)
def test_costs_that_fit_no_class_are_refused(cost, classes, positive, says):
    with pytest.raises(errors.DataError, match=says):
        thresholds.matrix(cost, classes, positive)


def trained(context, name, target, algo):
    data = context.save_frame(catalogue.load(name))
    train.run(TrainSpec(data=data, target=target, algo=algo, as_="m"), context)


def ask(context, **more):
    return evaluate.run(EvaluateSpec(model="m", repeats=100, shuffles=0, **more), context)


def test_every_sample_of_the_search_is_told():
    told = []
    thresholds.best(
        outcome(), 1.0 - np.eye(2), 1, repeats=100, seed=0, tell=lambda *x: told.append(x)
    )
    assert told[-1] == (100, 100)


def test_an_evaluation_tells_threshold_cost_and_calls(context):
    trained(context, "breast_cancer", "diagnosis", "logistic_regression")
    result = ask(context, cost={"fp": 1.0, "fn": 5.0})
    names = [grid.name for grid in result.grids]
    calls = result.grids[names.index("threshold_calls")]
    assert result.threshold.positive == "malignant"
    assert result.threshold.value < 0.5
    assert [sum(row[1:3]) for row in calls.rows] == [sum(row[3:5]) for row in calls.rows]
    assert "cost" in [chart.name for chart in result.charts]
    missed = calls.rows[1][1] * 5 + calls.rows[0][2]
    assert missed / result.rows == pytest.approx(result.threshold.cost.value)


def test_more_classes_are_called_by_least_expected_cost(context):
    trained(context, "iris", "species", "logistic_regression")
    result = ask(context, cost={"virginica": {"versicolor": 50.0}})
    calls = next(g for g in result.grids if g.name == "threshold_calls")
    assert calls.rows[2][2] == 0  # no virginica is called versicolor
    cheap = next(g for g in result.grids if g.name == "threshold").rows[0]
    mistakes = sum(row[k + 1] for i, row in enumerate(calls.rows) for k in range(3) if k != i)
    assert cheap[1] == pytest.approx(mistakes / result.rows)
    assert result.threshold is None


@pytest.mark.parametrize(
    ("name", "target", "algo", "says"),
    [("breast_cancer", "diagnosis", "ridge", "needs probabilities"), ("diabetes", "progression", "ridge", "calls of classes")],
)  # fmt: skip
def test_without_probabilities_there_is_no_threshold(context, name, target, algo, says):
    trained(context, name, target, algo)
    with pytest.raises(errors.DataError, match=says):
        ask(context, cost={"fp": 1.0})
