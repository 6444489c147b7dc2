"""A path of penalties answers for every Lasso and ElasticNet on it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_linnerud
from sklearn.linear_model import ElasticNet, Lasso, LassoCV

from aiaas_magics.engines.sharing.base import Answer
from aiaas_magics.engines.sharing.linear import Unsolved
from aiaas_magics.engines.sharing.pool import Threads
from aiaas_magics.engines.sharing.sharers import sharer_of
from aiaas_magics.engines.sharing.sharers.paths import BOUND, Paths
from aiaas_magics.testing.sharing import Case, SharerContract, data_of, folds_of, group_of

ALPHAS = {"alpha": np.logspace(-3, 1, 6)}
NETS = ALPHAS | {"l1_ratio": [0.1, 0.7, 1.0]}
TIGHT = {"tol": 1e-13, "max_iter": 200_000}
diabetes, target = load_diabetes(return_X_y=True, as_frame=True)
cancer, sick = load_breast_cancer(return_X_y=True)
digits, digit = (each[:80] for each in load_digits(return_X_y=True))
exercise, body = load_linnerud(return_X_y=True)
weights = np.random.default_rng(0).integers(0, 4, len(target)).astype(float)
NEAR = BOUND * 2000
"""`BOUND`, times the norm of the target of diabetes."""


class TestPaths(SharerContract):
    """Real data against fits that have converged."""

    shares_exactly = False
    sharer = Paths()
    cases = (
        Case("lasso", Lasso(**TIGHT), ALPHAS, diabetes, target, tolerance=NEAR),
        Case("no intercept", Lasso(**TIGHT, fit_intercept=False), ALPHAS, diabetes, target, tolerance=NEAR),
        Case("weighted", Lasso(**TIGHT), ALPHAS, diabetes, target, weights, tolerance=NEAR),
        Case("signed", Lasso(**TIGHT, positive=True), ALPHAS, diabetes, target, tolerance=NEAR),
        Case("at random", Lasso(**TIGHT, selection="random", precompute=True), ALPHAS, diabetes, target,
             tolerance=NEAR),
        Case("a column of targets", Lasso(**TIGHT), ALPHAS, diabetes, target.to_frame(), tolerance=NEAR),
        Case("few rows", Lasso(**TIGHT), {"alpha": [0.1, 0.3]}, digits[:, 20:], digit, tolerance=1e-4),
        Case("single precision", Lasso(), {"alpha": [0.1, 1.0]}, diabetes.astype("f4"), target, tolerance=0.5),
        Case("columns twice", Lasso(**TIGHT), ALPHAS, np.hstack([diabetes, diabetes]), target, tolerance=NEAR),
        Case("net", ElasticNet(**TIGHT), NETS, diabetes, target, tolerance=NEAR),
        Case("weighted net", ElasticNet(**TIGHT, fit_intercept=False), NETS, diabetes, target, weights,
             tolerance=NEAR),
        Case("signed net", ElasticNet(**TIGHT, positive=True), NETS, digits, digit, tolerance=1e-4),
    )  # fmt: skip
    refused = (
        Case("unpenalised", Lasso(), {"alpha": [0.0, 0.0]}, diabetes, target),
        Case("squares only", ElasticNet(), {"l1_ratio": [0], "alpha": [1, 2]}, diabetes, target),
        Case("own products", Lasso(precompute=np.eye(10)), ALPHAS, diabetes, target),
        Case("hasty", Lasso(max_iter=5), ALPHAS, diabetes, target),
        Case("loose", Lasso(tol=0.1), ALPHAS, diabetes, target),
        Case("one a path", ElasticNet(), {"l1_ratio": [0.2, 0.8]}, diabetes, target),
        Case("three targets", Lasso(), ALPHAS, exercise, body),
        Case("own path", LassoCV(), ALPHAS, diabetes, target),
    )


def test_it_is_registered() -> None:
    assert isinstance(sharer_of(Lasso()), Paths)


def test_every_ratio_is_one_path() -> None:
    case = Case("", ElasticNet(), NETS, diabetes, target)
    plan = Paths().plan(group_of(case), data_of(case), exact=False)
    assert plan is not None
    assert (plan.unit, plan.shared, plan.alone) == ("paths", 3 * 3, 3 * 3 * 6)
    assert Paths().plan(group_of(case), data_of(case), exact=True) is None


@pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"
)  # of the default's own fits
@pytest.mark.parametrize("net", [Lasso(), ElasticNet(l1_ratio=0.3), Lasso(positive=True)], ids=str)
def test_shared_answers_are_nearer_the_optimum_than_fits(net: Lasso | ElasticNet) -> None:
    case = Case("", net, {"alpha": [0.01, 0.1, 1.0]}, cancer[:, :10], cancer[:, 20])
    for each in _answers(case):
        train, table = folds_of(case)[each.fold].train(), folds_of(case)[each.fold].tables()[1]
        mine, fit = group_of(case).of(each.member), group_of(case).of(each.member)
        tight = mine.set_params(tol=1e-14, max_iter=10**6).fit(train.X, train.y).predict(table)
        off = np.linalg.norm(each.answers[1].predict(table) - tight)
        assert off <= 2 * BOUND * np.linalg.norm(train.y - train.y.mean())
        assert off <= np.linalg.norm(fit.fit(train.X, train.y).predict(table) - tight) + 1e-9


def test_one_that_is_not_penalised_is_left_to_itself() -> None:
    case = Case("", Lasso(), {"alpha": [0.0, 0.1, 1.0]}, diabetes, target)
    plan = Paths().plan(group_of(case), data_of(case), exact=False)
    assert plan is not None
    assert (plan.shared, plan.alone) == (2 * 3, 3 * 3)
    found, answers = [], _answers(case)
    with pytest.raises(Unsolved):
        found.extend(answers)
    assert {each.member for each in found} == {1, 2}


def _answers(case: Case) -> Iterator[Answer]:
    with Threads(1) as pool:
        yield from Paths().evaluate(group_of(case), folds_of(case), pool, exact=False)
