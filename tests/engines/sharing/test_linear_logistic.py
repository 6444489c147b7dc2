"""A path to the optimum answers for every C of LogisticRegression."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from sklearn.datasets import (
    load_breast_cancer,
    load_digits,
    load_iris,
    load_wine,
)
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.preprocessing import StandardScaler

from aiaas_magics.engines.sharing.base import Answer
from aiaas_magics.engines.sharing.linear import Unsolved
from aiaas_magics.engines.sharing.pool import Threads
from aiaas_magics.engines.sharing.sharers import sharer_of
from aiaas_magics.engines.sharing.sharers.logistic import BOUND, Logistic
from aiaas_magics.testing.sharing import Case, SharerContract, data_of, folds_of, group_of

CS = {"C": np.logspace(-4, 3, 5)}
raw_cancer, sick = load_breast_cancer(return_X_y=True)
cancer = StandardScaler().fit_transform(raw_cancer)
wine, cultivar = load_wine(return_X_y=True)
iris, species = load_iris(return_X_y=True, as_frame=True)
digits, digit = (each[:300] for each in load_digits(return_X_y=True))
weights = np.random.default_rng(0).integers(0, 4, len(sick)).astype(float)
named = np.array(["benign", "malignant"], dtype=object)[sick]
NEAR = BOUND * 100
"""`BOUND`, times the largest decision value; probabilities are nearer."""


def converged(**more: object) -> LogisticRegression:
    """Return an estimator that goes on until it is at the optimum."""
    return LogisticRegression(solver="newton-cholesky", tol=1e-12, max_iter=1000).set_params(**more)


class TestLogistic(SharerContract):
    """Real data against fits that have converged."""

    shares_exactly = False
    sharer = Logistic()
    cases = (
        Case("two classes", converged(), CS, cancer, sick, tolerance=NEAR),
        Case("no intercept", converged(fit_intercept=False), CS, cancer, sick, tolerance=NEAR),
        Case("weighted", converged(), CS, cancer, sick, weights, tolerance=NEAR),
        Case("balanced", converged(class_weight="balanced"), CS, cancer, named, weights, tolerance=NEAR),
        Case("unequal scales", converged(), {"C": [1e-3, 1e-1, 1.0]}, raw_cancer, sick, tolerance=NEAR),
        Case("columns twice", converged(), {"C": [1e-2, 1.0, 100.0]}, np.hstack([raw_cancer[:, :5]] * 2), sick,
             tolerance=NEAR),
        Case("single precision", LogisticRegression(), {"C": [1e-3, 1e-2]}, cancer.astype("f4"), sick, tolerance=0.01),
        Case("three classes", converged(), CS, iris, species, tolerance=NEAR),
        Case("weighted classes", converged(class_weight={0: 2, 2: 0.5}), CS, wine, cultivar, weights[: len(wine)],
             tolerance=NEAR),
        Case("three, no intercept", converged(fit_intercept=False), CS, StandardScaler().fit_transform(wine), cultivar,
             tolerance=NEAR),
        Case("ten classes", converged(), {"C": [1e-4, 1e-2]}, digits, digit, tolerance=NEAR),
        Case("few rows", converged(), {"C": [1e-2, 1.0]}, digits[:60].astype(int), digit[:60] > 4, tolerance=NEAR),
    )  # fmt: skip
    refused = (
        Case("absolute", LogisticRegression(l1_ratio=1, solver="saga"), CS, cancer, sick),
        Case("mixed", LogisticRegression(l1_ratio=0.5, solver="saga"), CS, cancer, sick),
        Case("unpenalised", LogisticRegression(penalty=None), CS, cancer, sick),
        Case("its intercept penalised", LogisticRegression(solver="liblinear"), CS, cancer, sick),
        Case("stochastic", LogisticRegression(solver="sag"), CS, cancer, sick),
        Case("hasty", LogisticRegression(max_iter=20), CS, cancer, sick),
        Case("loose", LogisticRegression(tol=0.1), CS, cancer, sick),
        Case(
            "without a penalty twice", LogisticRegression(), {"C": [np.inf, np.inf]}, cancer, sick
        ),
        Case("one C", LogisticRegression(), {"C": [1.0]}, cancer, sick),
        Case("own path", LogisticRegressionCV(), CS, cancer, sick),
    )


def test_it_is_registered() -> None:
    assert isinstance(sharer_of(LogisticRegression()), Logistic)


@pytest.mark.filterwarnings("ignore:'penalty' was deprecated")
def test_the_old_name_of_the_penalty_is_known() -> None:
    case = Case("", LogisticRegression(penalty="l2"), CS, cancer, sick)
    plan = Logistic().plan(group_of(case), data_of(case), exact=False)
    assert plan is not None
    assert (plan.unit, plan.shared, plan.alone) == ("paths", 3, 15)
    assert Logistic().plan(group_of(case), data_of(case), exact=True) is None


@pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"
)  # of the default's own fits
@pytest.mark.parametrize(("X", "y"), [(cancer, sick), (raw_cancer, sick), (wine, cultivar), (iris, species)],
                         ids=["cancer", "unequal scales", "wine", "iris"])  # fmt: skip
def test_shared_answers_are_nearer_the_optimum_than_fits(X: np.ndarray, y: np.ndarray) -> None:
    case = Case("", LogisticRegression(), {"C": [0.01, 1.0]}, X, y)
    for each in _answers(case):
        train, table = folds_of(case)[each.fold].train(), folds_of(case)[each.fold].tables()[1]
        C = group_of(case).members[each.member]
        tight = converged(**C).fit(train.X, train.y).decision_function(table)
        theirs = LogisticRegression(**C).fit(train.X, train.y).decision_function(table)
        off = np.abs(each.answers[1].decision_function(table) - tight).max()
        assert off <= BOUND * max(1.0, np.abs(tight).max())
        assert off < np.abs(theirs - tight).max()


def test_logarithms_of_probabilities_are_answered_too() -> None:
    case = Case("", LogisticRegression(), {"C": [0.1, 1.0]}, wine, cultivar)
    for each in _answers(case):
        told = each.answers[0]
        np.testing.assert_array_equal(
            told.predict_log_proba(None), np.log(told.predict_proba(None))
        )


def test_one_without_a_penalty_is_left_to_itself() -> None:
    found, answers = (
        [],
        _answers(Case("", LogisticRegression(), {"C": [0.1, np.inf, 1.0]}, cancer, sick)),
    )
    with pytest.raises(Unsolved):
        found.extend(answers)
    assert {each.member for each in found} == {0, 2}


def test_what_is_too_hard_is_not_answered_wrongly() -> None:
    found, far = (
        [],
        Case("", LogisticRegression(), {"C": [0.1, 1.0, 10.0]}, iris * 1e6 + 1e13, species),
    )
    with pytest.raises(Unsolved):
        found.extend(_answers(far))
    assert len(found) < 9


def test_a_stop_within_a_path_keeps_what_is_solved() -> None:
    class Enough(Threads):
        told = 0

        def progress(self, done: float, text: str = "") -> None:
            self.told += 1

        def stopping(self) -> bool:
            return self.told >= 2

    case = Case("", converged(), CS, cancer, sick, tolerance=NEAR)
    with Enough(1) as pool:
        found = list(Logistic().evaluate(group_of(case), folds_of(case), pool, exact=False))
    assert [(each.member, each.fold) for each in found] == [(0, 0), (1, 0)]
    TestLogistic().check_labels(case, found)


def _answers(case: Case) -> Iterator[Answer]:
    with Threads(1) as pool:
        yield from Logistic().evaluate(group_of(case), folds_of(case), pool, exact=False)
