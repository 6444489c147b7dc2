"""One decomposition answers for every penalty of Ridge and RidgeClassifier."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    load_linnerud,
    load_wine,
)
from sklearn.linear_model import Ridge, RidgeClassifier, RidgeCV
from sklearn.preprocessing import StandardScaler

from aiaas_magics.engines.sharing.base import Answer
from aiaas_magics.engines.sharing.linear import Unsolved
from aiaas_magics.engines.sharing.pool import Threads
from aiaas_magics.engines.sharing.sharers import sharer_of
from aiaas_magics.engines.sharing.sharers.ridge import BOUND, Ridges
from aiaas_magics.testing.sharing import Case, SharerContract, data_of, folds_of, group_of

ALPHAS = {"alpha": np.logspace(-3, 4, 8)}
diabetes, target = load_diabetes(return_X_y=True, as_frame=True)
cancer, sick = load_breast_cancer(return_X_y=True)
cancer = StandardScaler().fit_transform(cancer)
wine, cultivar = load_wine(return_X_y=True)
iris, species = load_iris(return_X_y=True)
digits, digit = (each[:60] for each in load_digits(return_X_y=True))  # fewer rows than columns
exercise, body = load_linnerud(return_X_y=True)
weights = np.random.default_rng(0).integers(0, 4, len(target)).astype(float)


class TestRidges(SharerContract):
    """Real data: one target and several, two classes and more, weights, few rows."""

    shares_exactly = False
    sharer = Ridges()
    cases = (
        Case("diabetes", Ridge(), ALPHAS, diabetes, target, tolerance=BOUND * 300),
        Case("no intercept", Ridge(fit_intercept=False), ALPHAS, diabetes, target, tolerance=BOUND * 300),
        Case("weighted", Ridge(), ALPHAS, diabetes, target, weights, tolerance=BOUND * 300),
        Case("no penalty", Ridge(), {"alpha": [0, 1]}, diabetes, target, tolerance=BOUND * 300),
        Case("few rows", Ridge(), ALPHAS, digits, digit * 1.0, tolerance=BOUND * 10),
        Case("whole numbers", Ridge(), ALPHAS, digits.astype(int), digit, tolerance=BOUND * 10),
        Case("single precision", Ridge(), ALPHAS, wine.astype("f4"), cultivar, tolerance=1e-2),
        Case("a column of targets", Ridge(), ALPHAS, diabetes, target.to_frame(), tolerance=BOUND * 300),
        Case("three targets", Ridge(solver="svd"), ALPHAS, exercise, body, tolerance=BOUND * 300),
        Case("two classes", RidgeClassifier(), ALPHAS, cancer, sick, tolerance=BOUND),
        Case("balanced", RidgeClassifier(class_weight="balanced"), ALPHAS, cancer, sick, tolerance=BOUND),
        Case("named classes", RidgeClassifier(), ALPHAS, iris, np.array(["a", "b", "c"])[species], tolerance=BOUND),
        Case("weighted classes", RidgeClassifier(class_weight={0: 3}), ALPHAS, wine, cultivar, weights[: len(wine)],
             tolerance=BOUND),
        Case("ten classes", RidgeClassifier(fit_intercept=False), ALPHAS, digits, digit, tolerance=BOUND),
    )  # fmt: skip
    refused = (
        Case("signed", Ridge(positive=True), ALPHAS, diabetes, target),
        Case("iterative", Ridge(solver="saga"), ALPHAS, diabetes, target),
        Case("own path", RidgeCV(), ALPHAS, diabetes, target),
        Case("other parameters", Ridge(), {"tol": [1e-3, 1e-4]}, diabetes, target),
        Case("one penalty", Ridge(), {"alpha": [1.0]}, diabetes, target),
        Case("several labels", RidgeClassifier(), ALPHAS, iris, np.eye(3, dtype=int)[species]),
        Case(
            "a penalty of each target", Ridge(), {"alpha": [[1, 2, 3], [3, 2, 1]]}, exercise, body
        ),
    )


def test_it_is_registered() -> None:
    assert isinstance(sharer_of(Ridge()), Ridges)


def test_nothing_is_promised_to_be_bit_equal() -> None:
    case = TestRidges.cases[0]
    assert Ridges().plan(group_of(case), data_of(case), exact=True) is None


def test_one_bad_penalty_is_left_to_itself() -> None:
    case = Case("", Ridge(), {"alpha": [-1.0, 0.1, "much", 10.0]}, diabetes, target)
    plan = Ridges().plan(group_of(case), data_of(case), exact=False)
    assert plan is not None
    assert (plan.shared, plan.alone) == (3 * 3, 4 * 3)
    assert [str(each) for each in plan.labels] == ["exact", "tolerance", "exact", "tolerance"]


def test_an_optimum_that_is_not_unique_is_left_to_scikit_learn() -> None:
    twice = np.hstack([diabetes, diabetes])
    found, answers = [], _answers(Case("", Ridge(), {"alpha": [0.0, 1.0, 10.0]}, twice, target))
    with pytest.raises(Unsolved):
        found.extend(answers)
    assert {each.member for each in found} == {1, 2}


def test_rows_of_very_unequal_scale_keep_the_bound() -> None:
    X, y = load_breast_cancer(return_X_y=True)
    case = Case("", Ridge(), {"alpha": [1e-3, 1e-1]}, X, y)
    for each in _answers(case):
        train, tables = folds_of(case)[each.fold].train(), folds_of(case)[each.fold].tables()
        real = Ridge(solver="svd", **group_of(case).members[each.member]).fit(train.X, train.y)
        off = np.abs(each.answers[1].predict(tables[1]) - real.predict(tables[1])).max()
        assert off <= BOUND * np.linalg.norm(train.y - train.y.mean())


def test_weights_that_are_none_are_scikit_learns_to_refuse() -> None:
    case = Case("", Ridge(), ALPHAS, diabetes, target, -1 - weights)
    with pytest.raises(ValueError, match="weights"):
        list(_answers(case))


def test_what_scikit_learn_refuses_is_not_answered() -> None:
    mixed = diabetes.assign(extra=1.0).set_axis([*range(10), "extra"], axis=1)
    with pytest.raises(TypeError, match="string names"):
        list(_answers(Case("", Ridge(), ALPHAS, mixed, target)))
    with pytest.raises(ValueError, match="NaN"):
        list(_answers(Case("", Ridge(), ALPHAS, diabetes.where(diabetes < 0.1), target)))


def _answers(case: Case) -> Iterator[Answer]:
    with Threads(1) as pool:
        yield from Ridges().evaluate(group_of(case), folds_of(case), pool, exact=False)
