"""Our vectorised metrics are scikit-learn's, on the rows themselves and on every resample."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from aiaas_magics.engines import measuring
from aiaas_magics.engines.measuring import Outcome, measure
from aiaas_magics.specs.metrics import METRICS


def outcome(classes, rows=60, seed=0, ties=False):
    rng = np.random.default_rng(seed)
    truth = np.r_[np.arange(classes), rng.integers(0, classes, rows - classes)]
    proba = rng.dirichlet(np.ones(classes), rows)
    proba = np.round(proba, 1) if ties else proba
    proba /= proba.sum(axis=1, keepdims=True)
    return Outcome(truth, proba.argmax(axis=1), proba, classes)


def expected(name, o):
    truth, calls, proba = o.truth, o.calls, o.proba
    score = proba[:, 1] if o.classes == 2 else proba
    labels = list(range(o.classes))
    return {
        "accuracy": lambda: sk.accuracy_score(truth, calls),
        "balanced_accuracy": lambda: sk.balanced_accuracy_score(truth, calls),
        "f1": lambda: sk.f1_score(truth, calls, average="macro", zero_division=0),
        "precision": lambda: sk.precision_score(truth, calls, average="macro", zero_division=0),
        "recall": lambda: sk.recall_score(truth, calls, average="macro", zero_division=0),
        "roc_auc": lambda: sk.roc_auc_score(
            truth, score, multi_class="ovr", labels=labels if o.classes > 2 else None
        ),
        "log_loss": lambda: sk.log_loss(truth, proba, labels=labels),
        "brier": lambda: sk.brier_score_loss(
            truth, score, labels=labels if o.classes > 2 else None
        ),
    }[name]()


@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize("ties", [False, True])
def test_classification_metrics_are_scikit_learn_s(classes, ties):
    o = outcome(classes, ties=ties)
    for score in measure(o, "classification", repeats=0, confidence=0.95, seed=0):
        assert score.value == pytest.approx(expected(score.metric, o), abs=1e-12), score.metric


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(3, 40))
def test_regression_metrics_are_scikit_learn_s(seed, rows):
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=rows) + 1e6
    o = Outcome(truth, truth + rng.normal(size=rows), None, 0)
    oracle = {
        "r2": sk.r2_score, "rmse": sk.root_mean_squared_error, "mse": sk.mean_squared_error,
        "mae": sk.mean_absolute_error, "median_ae": sk.median_absolute_error,
    }  # fmt: skip
    for score in measure(o, "regression", repeats=0, confidence=0.95, seed=0):
        assert score.value == pytest.approx(
            oracle[score.metric](truth, o.calls), rel=1e-6, abs=1e-9
        )


@pytest.mark.parametrize("name", ["accuracy", "f1", "roc_auc", "brier", "log_loss"])
def test_a_resample_by_counts_is_the_resample_itself(name):
    o, rng = outcome(2), np.random.default_rng(1)
    for _ in range(5):
        chosen = rng.integers(0, len(o.truth), len(o.truth))
        counts = np.bincount(chosen, minlength=len(o.truth)).astype(float)[None]
        again = Outcome(o.truth[chosen], o.calls[chosen], o.proba[chosen], 2)
        assert measuring.MEASURES[name](o, counts)[0] == pytest.approx(
            expected(name, again), abs=1e-12
        )


def test_every_metric_is_measured():
    assert set(measuring.MEASURES) == {metric.name for metric in METRICS}


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_metric_needs_probabilities_where_it_says_so(metric):
    o = outcome(2)._replace(proba=None)
    if metric.name in measuring.NEED_PROBA:
        with pytest.raises(ValueError, match="needs probabilities"):
            measuring.MEASURES[metric.name](o, np.ones((1, 60)))
    else:
        assert np.isfinite(measuring.MEASURES[metric.name](o, np.ones((1, 60)))).all()


def test_without_probabilities_those_that_need_none_remain():
    o = outcome(2)._replace(proba=None)
    names = {
        score.metric for score in measure(o, "classification", repeats=0, confidence=0.95, seed=0)
    }
    assert names == {"accuracy", "balanced_accuracy", "f1", "precision", "recall"}


def of(o, task="classification", **more):
    """Return metric -> score."""
    asked = {"repeats": 0, "confidence": 0.95, "seed": 0} | more
    return {score.metric: score for score in measure(o, task, **asked)}


def test_what_is_undefined_has_no_value():
    truth = np.zeros(4, int)
    lone = Outcome(truth, truth, np.tile([0.8, 0.2], (4, 1)), 2)
    found = of(lone, repeats=100)
    assert (found["roc_auc"].value, found["roc_auc"].low) == (None, None)
    assert found["balanced_accuracy"].value == 1.0
    one = Outcome(np.array([3.0]), np.array([2.0]), None, 0)
    assert (of(one, "regression")["r2"].value, of(one, "regression")["mae"].value) == (None, 1.0)


def test_a_class_that_is_absent_leaves_the_mean_of_the_others():
    o = outcome(3, seed=2)
    kept = o.truth != 2
    o = Outcome(o.truth[kept], o.calls[kept], o.proba[kept], 3)
    each = [sk.roc_auc_score(o.truth == k, o.proba[:, k]) for k in (0, 1)]
    assert of(o)["roc_auc"].value == pytest.approx(np.mean(each))


def test_intervals_cover_the_truth_as_often_as_they_say():
    rng, inside = np.random.default_rng(0), 0
    for seed in range(200):
        right = rng.random(200) < 0.8
        o = Outcome(np.ones(200, int), right.astype(int), None, 2)
        score = measure(o, "classification", repeats=300, confidence=0.9, seed=seed)[0]
        inside += score.low <= 0.8 <= score.high
    assert 0.83 <= inside / 200 <= 0.96  # 0.9 within 3.3 standard errors


def test_intervals_are_a_function_of_the_seed():
    o = outcome(3)
    one, two, other = (
        measure(o, "classification", repeats=200, confidence=0.95, seed=s) for s in (1, 1, 2)
    )
    assert one == two
    assert one != other


def test_samples_of_two_models_are_pairs():
    o = outcome(3)
    worse = o._replace(calls=np.roll(o.calls, 1))
    one, other = (
        measuring.samples(x, "classification", repeats=50, seed=4)["accuracy"] for x in (o, worse)
    )
    drawn = np.concatenate(list(measuring.counts_of(60, 50, 4)))
    gaps = (o.truth == o.calls).astype(float) - (worse.truth == worse.calls)
    np.testing.assert_allclose(one - other, drawn @ gaps / 60)


def test_groups_are_drawn_whole_and_widen_the_interval():
    groups = np.repeat(np.arange(12), 5)
    drawn = np.concatenate(list(measuring.counts_of(60, 100, 0, groups)))
    assert drawn.shape == (101, 60)
    assert (drawn.reshape(101, 12, 5) == drawn.reshape(101, 12, 5)[:, :, :1]).all()
    o = outcome(2)._replace(calls=np.zeros(60, int), truth=(groups % 2), proba=None)
    plain, whole = (
        measure(o, "classification", repeats=500, confidence=0.9, seed=0, groups=each)[0]
        for each in (None, groups)
    )
    assert whole.high - whole.low > 1.5 * (plain.high - plain.low)


def test_every_sample_is_told():
    told = []
    measure(
        outcome(2),
        "classification",
        repeats=100,
        confidence=0.9,
        seed=0,
        tell=lambda *x: told.append(x),
    )
    assert told[-1] == (100, 100)
