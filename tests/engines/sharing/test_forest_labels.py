"""What the label "distribution" promises, tested as its text says, and that the test would catch a wrong one."""

from typing import NamedTuple

import numpy as np
import pytest
from sklearn.base import clone, is_classifier
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier, RandomForestRegressor
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import ParameterGrid

from aiaas_magics.engines.sharing.base import Equality, Group
from aiaas_magics.engines.sharing.pool import Threads
from aiaas_magics.engines.sharing.sharers.forest import Forests
from aiaas_magics.engines.sharing.sharers.forest_pruning import Nodes
from aiaas_magics.testing.sharing import BOUND, Case, excess, excess_regret, folds_of

SEEDS = 10
LIMITS = {"max_depth": [3, 6], "min_samples_split": [10, 40], "min_impurity_decrease": [0.0, 0.003]}
LEAVES = {"min_samples_leaf": [1, 10, 20]}
DIGITS, CANCER, DIABETES, WINE = (
    load(return_X_y=True) for load in (load_digits, load_breast_cancer, load_diabetes, load_wine)
)


class Greedy(Forests):
    """Takes min_samples_leaf for a limit: a split that leaves a child fewer rows is not made, and that is all.

    A fit of one's own makes another split there. For the sake of the test the rows of the smaller child stand where
    the decrease of impurity does.
    """

    def evaluate(self, group, folds, pool, *, exact):
        members = tuple({"min_impurity_decrease": each["min_samples_leaf"] - 1.0} for each in group.members)  # fmt: skip
        return super().evaluate(group._replace(members=members), folds, pool, exact=exact)


def rows_of_smaller_child(nodes):
    rows = np.full(nodes.count, np.inf)
    rows[nodes.inner] = np.minimum(nodes.samples[nodes.left], nodes.samples[nodes.right]) - 0.5
    return rows


class Compared(NamedTuple):
    """Scores (seeds, candidates)."""

    shared: np.ndarray
    real: np.ndarray
    exact: np.ndarray

    @property
    def apart(self):
        """How much farther shared scores are from real ones than these from each other, on average."""
        inexact = np.flatnonzero(~self.exact.all(axis=0))
        return np.mean([excess(self.shared[:, each], self.real[:, each]) for each in inexact])


def compared(sharer, case, *, folds):
    """Score a case's grid, shared and with fits of its own, for every seed."""
    rows = [_of_a_seed(sharer, case, seed, folds_of(case)[:folds]) for seed in range(SEEDS)]
    return Compared(*(np.array(part) for part in zip(*rows, strict=True)))


def _of_a_seed(sharer, case, seed, folds):
    estimator = clone(case.estimator).set_params(random_state=seed)
    group = Group(estimator, tuple(ParameterGrid(case.grid)))
    score = accuracy_score if is_classifier(estimator) else r2_score
    shared, real, exact = np.zeros((3, len(group.members), len(folds)))
    truths = [_target(case, fold) for fold in folds]
    with Threads(2) as pool:
        for each in sharer.evaluate(group, folds, pool, exact=False):
            cell, table = (each.member, each.fold), folds[each.fold].tables()[0]
            shared[cell] = score(truths[each.fold], each.answers[0].predict(table))
            exact[cell] = each.equality is Equality.EXACT
            fitted = group.of(each.member).fit(*folds[each.fold].train()[:2])
            real[cell] = score(truths[each.fold], fitted.predict(table))
    return shared.mean(axis=1), real.mean(axis=1), exact.all(axis=1)


def _target(case, fold):
    """Return the target of a fold's test rows."""
    return folds_of(case._replace(X=case.y[:, None]))[fold.number].tables()[0][:, 0]


RADIUS = np.delete(CANCER[0], [0, 2, 3], axis=1), CANCER[0][:, 0]
SHORT = [
    Case("digits", RandomForestClassifier(20), LIMITS, DIGITS[0][::2], DIGITS[1][::2]),
    Case("radius", RandomForestRegressor(20, max_features=0.3), LIMITS | {"min_impurity_decrease": [0, 0.05]}, *RADIUS),
]  # fmt: skip
LONG = [
    Case("digits", RandomForestClassifier(100), LIMITS, *DIGITS),
    Case("cancer", RandomForestClassifier(100), LIMITS, *CANCER),
    Case("cancer, random", ExtraTreesClassifier(100), LIMITS, *CANCER),
    Case("wine", RandomForestClassifier(100), LIMITS, *WINE),
    Case("diabetes", RandomForestRegressor(100), LIMITS | {"min_impurity_decrease": [0, 30]}, *DIABETES),
    Case("texture", RandomForestRegressor(100, max_features=5), LIMITS | {"min_impurity_decrease": [0, 0.1]}, np.delete(CANCER[0], 1, axis=1), CANCER[0][:, 1]),
]  # fmt: skip


def check(both):
    """Check the label of the inexact candidates, and of the exact ones."""
    more, error = excess_regret(both.shared, both.real)
    assert both.apart <= BOUND
    assert more <= 2 * error
    assert np.array_equal(both.shared[both.exact], both.real[both.exact])


@pytest.mark.parametrize("case", SHORT, ids=str)
def test_limited_forests_are_as_far_from_real_ones_as_these_from_each_other(case):
    check(compared(Forests(), case, folds=1))


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("case", LONG, ids=str)
def test_limited_forests_of_full_size_are_as_far_as_real_ones(case):
    check(compared(Forests(), case, folds=3))


@pytest.mark.parametrize("case", SHORT, ids=str)
def test_a_wrong_label_is_caught(monkeypatch, case):
    monkeypatch.setattr(Nodes, "_decreases", rows_of_smaller_child)
    both = compared(Greedy(), case._replace(grid=LEAVES), folds=1)
    with pytest.raises(AssertionError, match="apart"):
        check(both)
    assert both.apart > 1.5 * BOUND
