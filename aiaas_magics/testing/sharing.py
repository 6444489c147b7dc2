"""The contract every sharer keeps: a label is a promise about real fits, and each is checked against them.

Make a sub-class with ``sharer`` and ``cases``; a case names an estimator, a grid of shareable parameters and data.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.model_selection import KFold, ParameterGrid, StratifiedKFold
from sklearn.utils.multiclass import type_of_target

from aiaas_magics.engines.sharing.base import Answer, Data, Equality, Fold, Group, Rows, Sharer
from aiaas_magics.engines.sharing.pool import Threads

RESPONSES = ("predict", "predict_proba", "decision_function")
FOLDS = 3
BOUND = 1.15
"""Shared scores may be this much farther from real ones than real ones of two seeds are from each other."""


class Case(NamedTuple):
    """Something to share: an estimator, the values of its shareable parameters, rows."""

    name: str
    estimator: Any
    grid: Mapping[str, Sequence[Any]]
    X: Any
    y: Any
    weights: Any = None
    tolerance: float = 0.0
    """The bound on responses that the sharer states for members labelled TOLERANCE."""

    def __str__(self) -> str:
        return self.name


class Stopped:
    """Who watches wants the best so far, after hearing so many times of progress."""

    def __init__(self, after: int = 0) -> None:
        self._left = after

    def progress(self, done: float, text: str = "") -> None:
        """Count what is heard."""
        del done, text
        self._left -= 1

    def stopping(self) -> bool:
        """Tell whether that is enough."""
        return self._left < 0


def data_of(case: Case) -> Data:
    """Return what is known of a case's rows."""
    rows, columns = case.X.shape
    sparse, weighted = hasattr(case.X, "tocsr"), case.weights is not None
    return Data(rows, columns, sparse, type_of_target(case.y), weighted, FOLDS)


def folds_of(case: Case) -> list[Fold]:
    """Return the folds of a case, with test and training rows to be answered for."""
    kind = StratifiedKFold if is_classifier(case.estimator) else KFold
    splits = kind(FOLDS, shuffle=True, random_state=0).split(case.X, case.y)
    return [_fold(case, number, *pair) for number, pair in enumerate(splits)]


def _fold(case: Case, number: int, train: Any, test: Any) -> Fold:
    def taken(table: Any, rows: Any) -> Any:
        return table.iloc[rows] if hasattr(table, "iloc") else table[rows]

    def training() -> Rows:
        weights = None if case.weights is None else case.weights[train]
        return Rows(taken(case.X, train), taken(case.y, train), weights)

    return Fold(number, training, lambda: (taken(case.X, test), taken(case.X, train)))


def group_of(case: Case) -> Group:
    """Return the group of a case's whole grid."""
    return Group(case.estimator, tuple(ParameterGrid(dict(case.grid))))


class SharerContract:
    """What every sharer keeps."""

    sharer: Sharer
    cases: Sequence[Case] = ()
    shares_exactly = True
    """Whether anything can be shared to the last bit; if not, every group is refused where that is asked for."""
    refused: Sequence[Case] = ()
    """What looks like ours and is not: plan must return None, or matches False."""

    def pytest_generate_tests(self, metafunc: Any) -> None:
        """Make one test of a case."""
        for name in ("case", "refusal"):
            if name in metafunc.fixturenames:
                rows = self.cases if name == "case" else self.refused
                metafunc.parametrize(name, rows, ids=str)

    def answers(
        self, case: Case, *, exact: bool = False, watcher: Any = None, cores: int = 2
    ) -> list[Answer]:
        """Return the sharer's answers for a case."""
        with Threads(cores, watcher) as pool, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = self.sharer.evaluate(group_of(case), folds_of(case), pool, exact=exact)
            return list(found)

    def same(self, one: Any, two: Any, case: Case) -> bool:
        """Tell whether two fitted estimators are the same; a sharer whose refit is its own looks closer."""
        return all(
            np.array_equal(getattr(one, each)(case.X), getattr(two, each)(case.X))
            for each in RESPONSES
            if hasattr(two, each)
        )

    def test_every_member_is_answered_once_in_every_fold(self, case: Case) -> None:
        """Nothing is left out, nothing is answered twice."""
        members = len(group_of(case).members)
        found = sorted((each.member, each.fold) for each in self.answers(case))
        assert found == [(m, f) for m in range(members) for f in range(FOLDS)]

    def test_a_plan_counts_less_work(self, case: Case) -> None:
        """A plan that saves nothing is none."""
        plan = self.sharer.plan(group_of(case), data_of(case), exact=False)
        assert plan is not None
        assert len(plan.labels) == len(group_of(case).members)
        assert 0 < plan.shared < plan.alone

    def test_labels_hold(self, case: Case) -> None:
        """Exact answers are bit-equal to a fit, others within the stated bound."""
        self.check_labels(case, self.answers(case))

    def test_a_label_that_was_certain_stays(self, case: Case) -> None:
        """What the plan promised is kept, or bettered."""
        plan = self.sharer.plan(group_of(case), data_of(case), exact=False)
        assert plan is not None
        for each in self.answers(case):
            assert each.equality in (plan.labels[each.member], Equality.EXACT)

    def test_exact_is_exact(self, case: Case) -> None:
        """With `exact`, every answer is bit-equal to a fit, or the group is refused."""
        plan = self.sharer.plan(group_of(case), data_of(case), exact=True)
        assert (plan is not None) == self.shares_exactly
        if plan is None:
            return
        found = self.answers(case, exact=True)
        assert {each.equality for each in found} == {Equality.EXACT}
        self.check_labels(case, found)

    def test_threads_change_nothing(self, case: Case) -> None:
        """The number of cores is no parameter of the model."""
        one, two = self.answers(case, cores=1), self.answers(case, cores=2)
        both = {(e.member, e.fold): e for e in one}, {(e.member, e.fold): e for e in two}
        for key, each in both[0].items():
            other = both[1][key]
            assert each.equality == other.equality
            X = folds_of(case)[each.fold].tables()
            for mine, its, table in zip(each.answers, other.answers, X, strict=True):
                assert np.array_equal(mine.predict(table), its.predict(table))

    def test_a_stop_leaves_whole_answers(self, case: Case) -> None:
        """What is answered after a stop is as right as without one."""
        assert len(self.answers(case, watcher=Stopped(), cores=1)) < len(self.answers(case))
        self.check_labels(case, self.answers(case, watcher=Stopped(2)))

    def test_a_refit_is_a_fit(self, case: Case) -> None:
        """The winner is the model that scikit-learn would have fitted."""
        group = group_of(case)
        member = len(group.members) - 1
        with Threads(2) as pool, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            rows = Rows(case.X, case.y, case.weights)
            mine = self.sharer.refit(group.of(member), rows, pool)
            assert self.same(mine, _fitted(group.of(member), rows), case)

    def test_a_class_of_ones_own_is_not_shared(self, case: Case) -> None:
        """A sub-class may do something else."""
        own: Any = type("Own", (type(case.estimator),), {})
        assert not self.sharer.matches(own.__new__(own))

    def test_what_is_not_ours_is_refused(self, refusal: Case) -> None:
        """What cannot be shared is fitted by itself."""
        shared = self.sharer.matches(refusal.estimator) and (
            set(refusal.grid) <= self.sharer.shares(refusal.estimator)
        )
        assert not shared or (
            self.sharer.plan(group_of(refusal), data_of(refusal), exact=False) is None
        )

    def check_labels(self, case: Case, found: Sequence[Answer]) -> None:
        """Check every label but DISTRIBUTION against real fits: see `excess` for that."""
        group, folds = group_of(case), folds_of(case)
        for each in found:
            if each.equality is Equality.DISTRIBUTION:
                continue
            real = _fitted(group.of(each.member), folds[each.fold].train())
            for answers, table in zip(each.answers, folds[each.fold].tables(), strict=True):
                for method in RESPONSES:
                    if not hasattr(real, method):
                        assert not hasattr(answers, method)
                        continue
                    mine, its = getattr(answers, method)(table), getattr(real, method)(table)
                    assert mine.shape == its.shape
                    assert mine.dtype == its.dtype
                    if each.equality is Equality.EXACT:
                        assert np.array_equal(mine, its), (method, group.members[each.member])
                    elif method != "predict" or not is_classifier(real):
                        np.testing.assert_allclose(mine, its, 0, case.tolerance)


def _fitted(estimator: BaseEstimator, rows: Rows) -> Any:
    more = {} if rows.weights is None else {"sample_weight": rows.weights}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return clone(estimator).fit(rows.X, rows.y, **more)


def excess(shared: np.ndarray[Any, Any], real: np.ndarray[Any, Any]) -> float:
    """Return how much farther shared scores are from real ones than real ones from each other.

    Parameters
    ----------
    shared, real
        Scores of one candidate, (seeds,), seed by seed the same. A sharer that keeps the label DISTRIBUTION has
        a ratio of at most `BOUND`, over candidates on average.
    """
    between = np.abs(real[:, None] - real[None, :])[np.triu_indices(len(real), 1)].mean()
    return float(np.abs(shared - real).mean() / between) if between else float(shared.any())


def excess_regret(shared: np.ndarray[Any, Any], real: np.ndarray[Any, Any]) -> tuple[float, float]:
    """Return how much more one loses by choosing by shared scores, and the standard error of that.

    Parameters
    ----------
    shared, real
        Scores (seeds, candidates). A choice costs what it is worse than the best, by the real scores averaged
        over the seeds: "the same winner" would be no test, as real fits of two seeds seldom agree on it.
    """
    table = real.mean(axis=0)
    more = table[real.argmax(axis=1)] - table[shared.argmax(axis=1)]
    return float(more.mean()), float(more.std(ddof=1) / np.sqrt(len(more)))
