"""Support vector machines of every C from one kernel matrix."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import scale
from sklearn.svm import SVC, SVR, NuSVC, NuSVR

from aiaas_magics.engines.sharing.base import Equality
from aiaas_magics.engines.sharing.search import SharedGridSearchCV
from aiaas_magics.engines.sharing.sharers.svm import MOST_ROWS, TOLERANCE, Kernels
from aiaas_magics.testing.sharing import (
    Case,
    SharerContract,
    data_of,
    folds_of,
    group_of,
)

GRID = {"C": [100.0, 0.01, 1, 10.0]}
IRIS, WINE = load_iris(return_X_y=True), load_wine(return_X_y=True)
X, CANCER = load_breast_cancer(return_X_y=True)
X = scale(X)
DIGITS = tuple(each[:300] for each in load_digits(return_X_y=True))
DIABETES = load_diabetes(return_X_y=True)
WEIGHTS = np.linspace(0.5, 2, len(X))
BOUND = TOLERANCE * 1e-3
"""As the sharer states it, of the default ``tol``."""
OVO = {"decision_function_shape": "ovo"}


class TestKernels(SharerContract):
    """The contract, on real data."""

    shares_exactly = False
    sharer = Kernels()
    cases = (
        Case("cancer", SVC(), GRID, X, CANCER, None, BOUND),
        Case("cancer, weights", SVC(class_weight="balanced"), GRID, X, CANCER, WEIGHTS, BOUND),
        Case("wine, words, a table", SVC(gamma="auto", **OVO), GRID, pd.DataFrame(scale(WINE[0])),
             np.array(["ä", "<b>", "c"])[WINE[1]], None, BOUND),
        Case("digits", SVC(**OVO), GRID, *DIGITS, None, BOUND),
        Case("digits, sparse", SVC(**OVO), GRID, sparse.csr_array(DIGITS[0] / 16), DIGITS[1], None, BOUND),
        Case("iris, votes", SVC(kernel="linear", break_ties=True), GRID, *IRIS, None, BOUND),
        Case("cancer, poly", SVC(kernel="poly", degree=2, coef0=1), GRID, X, CANCER, None, BOUND),
        Case("cancer, sigmoid", SVC(kernel="sigmoid", gamma=0.01), GRID, X, CANCER, None, BOUND),
        Case("cancer, nu", NuSVC(), {"nu": [0.1, 0.3, 0.5]}, X, CANCER, None, BOUND),
        Case("diabetes", SVR(), GRID | {"epsilon": [0.1, 5.0]}, *DIABETES, None, BOUND),
        Case("diabetes, weights", SVR(), GRID, *DIABETES, WEIGHTS[:442], BOUND),
        Case("diabetes, nu", NuSVR(), GRID | {"nu": [0.2, 0.5]}, *DIABETES, None, BOUND),
    )  # fmt: skip
    refused = (
        Case("probabilities", SVC(probability=True), GRID, X, CANCER),
        Case("a kernel of one's own", SVC(kernel=np.dot), GRID, X, CANCER),
        Case("a kernel made before", SVC(kernel="precomputed"), GRID, X @ X.T, CANCER),
        Case("stopped early", SVC(max_iter=10), GRID, X, CANCER),
        Case("gamma", SVC(), {"gamma": [0.1, 1.0]}, X, CANCER),
        Case("one", SVC(), {"C": [1.0]}, X, CANCER),
    )  # fmt: skip


def _found(case: Case) -> Any:
    return TestKernels().answers(case)


@pytest.mark.parametrize("case", TestKernels.cases, ids=str)
def test_classes_differ_only_near_the_border(case: Case) -> None:
    """A label changes where a decision value is within the bound of its border."""
    for each in _found(case):
        rows, test = folds_of(case)[each.fold].train(), folds_of(case)[each.fold].tables()[0]
        real = group_of(case).of(each.member).fit(rows.X, rows.y, sample_weight=rows.weights)
        mine, its = each.answers[0].predict(test), real.predict(test)
        if not hasattr(real, "classes_"):
            continue
        values = real.set_params(decision_function_shape="ovo").decision_function(test)
        near = np.abs(values.reshape(len(mine), -1)).min(axis=1) <= BOUND
        assert ((mine == its) | near).all()


def test_large_matrices_are_refused() -> None:
    """They do not fit into memory, once a fold."""
    case = TestKernels.cases[0]
    rows = data_of(case)._replace(rows=MOST_ROWS + 1)
    assert Kernels().plan(group_of(case), rows, exact=False) is None


def test_nothing_is_exact_for_certain() -> None:
    """The solver's last bits depend on who computed the kernel."""
    case = TestKernels.cases[0]
    assert Kernels().plan(group_of(case), data_of(case), exact=True) is None
    assert {each.equality for each in _found(case)} == {Equality.TOLERANCE}


def test_what_no_limit_binds_is_solved_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that can be told apart have the same border for every large C."""
    case = Case("iris", SVC(), {"C": [1e6, 1e7, 1e8, 1e9]}, IRIS[0][:100], IRIS[1][:100])
    fits: list[float] = []
    fit = SVC.fit

    def counted(self: Any, *args: Any, **more: Any) -> Any:
        fits.append(self.C)
        return fit(self, *args, **more)

    monkeypatch.setattr(SVC, "fit", counted)
    found = TestKernels().answers(case, cores=1)
    assert len(found) == 12
    assert fits == [1e6] * 3


def test_a_member_that_libsvm_refuses_is_left_to_a_fit() -> None:
    """The others are answered."""
    case = Case("few of one class", NuSVC(), {"nu": [0.05, 0.99]}, X[:200], CANCER[:200])
    assert {each.member for each in _found(case)} == {0}


@pytest.mark.parametrize("metric", [None, "roc_auc", "average_precision"])
def test_a_search_is_shared_and_refits_the_same(metric: str | None) -> None:
    """Metrics that rank hear decision values; the winner is a model of rows, not of a kernel matrix."""
    shared, alone = (
        search(SVC(), GRID, scoring=metric, cv=3).fit(X, CANCER)
        for search in (SharedGridSearchCV, GridSearchCV)
    )
    assert shared.plan_.groups
    both = [each.cv_results_["mean_test_score"] for each in (shared, alone)]
    np.testing.assert_allclose(*both, atol=BOUND)
    assert np.array_equal(*(each.decision_function(X) for each in (shared, alone)))
