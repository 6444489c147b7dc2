"""Models made stage by stage: the one of 500 stages holds those of 10, 20 ... 500, bit for bit.

A sharer of such a kind says which parameter counts stages and how a fitted model answers as it was after some of
them (`Staged.views`); the answers are made by scikit-learn's own methods, on a copy that knows the sums already.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.base import is_classifier

from aiaas_magics.engines.sharing.base import (
    Answer,
    Answers,
    Array,
    BySharing,
    Data,
    Equality,
    Fold,
    Group,
    GroupPlan,
    Pool,
)

RESPONSES = ("predict", "predict_proba", "decision_function")
FEW = 16
"""Rows on which a view of all stages is compared with the model itself, in every fold."""


class Unequal(ValueError):
    """A view answers otherwise than its model: a private name means something else in this version."""


class Staged(BySharing):
    """A sharer of what counts stages."""

    stages = "n_estimators"
    unit = "trees"

    def shares(self, estimator: Any) -> frozenset[str]:
        """Return the parameter that counts stages."""
        del estimator
        return frozenset({self.stages})

    def steady(self, estimator: Any, data: Data) -> bool:
        """Tell whether two fits of an estimator are the same: whatever it draws comes from a seed."""
        del data
        return estimator.random_state is not None

    def refused(self, estimator: Any) -> bool:
        """Tell whether a model of many stages does not hold those of fewer."""
        return bool(getattr(estimator, "warm_start", False))

    def views(self, model: Any, table: Any, counts: Sequence[int]) -> Iterator[Any]:
        """Yield the fitted model as it was after so many stages (rising), for one table."""
        raise NotImplementedError

    def plan(self, group: Group, data: Data, *, exact: bool) -> GroupPlan | None:
        """Return the stages of the longest member, against those of all."""
        steady = self.steady(group.estimator, data)
        if (
            self.refused(group.estimator)
            or data.target.endswith("output")
            or (exact and not steady)
        ):
            return None
        every = [each.get(self.stages, 1) for each in group.members]
        if not all(isinstance(each, int | np.integer) and each > 0 for each in every):
            return None
        counts = [self._count(group, member) for member in range(len(group.members))]
        label = Equality.EXACT if steady else Equality.DISTRIBUTION
        return GroupPlan(
            self.unit, max(counts) * data.folds, sum(counts) * data.folds, (label,) * len(counts)
        )  # fmt: skip

    def _count(self, group: Group, member: int) -> int:
        return int(group.members[member].get(self.stages, getattr(group.estimator, self.stages)))

    def evaluate(
        self, group: Group, folds: Sequence[Fold], pool: Pool, *, exact: bool
    ) -> Iterator[Answer]:
        """Yield the answers of every member in every fold, a fold at a time."""
        del exact
        counts = [self._count(group, member) for member in range(len(group.members))]
        most = max(counts)
        longest = group.of(counts.index(most))
        done = 0
        for found in self.spread(lambda fold: self._fold(longest, counts, fold), folds, pool):
            done += most
            pool.progress(done)
            yield from found

    def spread(
        self, function: Callable[[Fold], list[Answer]], folds: Sequence[Fold], pool: Pool
    ) -> Iterator[list[Answer]]:
        """Yield what a function makes of each fold, by all threads."""
        return pool.map(function, folds)

    def _fold(self, longest: Any, counts: Sequence[int], fold: Fold) -> list[Answer]:
        rows, tables = fold.train(), fold.tables()
        begun = time.perf_counter()
        more = {} if rows.weights is None else {"sample_weight": rows.weights}
        model = copy.deepcopy(longest).fit(rows.X, rows.y, **more)
        seconds = (time.perf_counter() - begun) / len(counts)
        order = sorted(set(counts))
        found: dict[int, list[Answers]] = {count: [] for count in order}
        for table in tables:
            for count, view in zip(order, self.views(model, table, order), strict=True):
                found[count].append(_answers(longest, view, table))
            self._check(model, found[order[-1]][-1], table)
        label = self.label(longest, rows)
        return [
            Answer(member, fold.number, tuple(found[count]), label, seconds)
            for member, count in enumerate(counts)
        ]

    def label(self, estimator: Any, rows: Any) -> Equality:
        """Return how the answers compare with those of a fit of their own."""
        data = Data(len(rows.y), rows.X.shape[1], False, "", False, 1)
        return Equality.EXACT if self.steady(estimator, data) else Equality.DISTRIBUTION

    def _check(self, model: Any, answers: Answers, table: Any) -> None:
        few = table.iloc[:FEW] if hasattr(table, "iloc") else table[:FEW]
        method = "predict_proba" if "predict_proba" in answers.responses else "predict"
        mine = getattr(answers, method)(table)[:FEW]
        if not np.array_equal(mine, getattr(model, method)(few)):
            raise Unequal(
                f"{type(model).__name__} of all stages answers otherwise than its sum of stages"
            )


def _answers(like: Any, view: Any, table: Any) -> Answers:
    def made(method: str) -> Callable[[], Array]:
        return lambda: np.asarray(getattr(view, method)(table))

    responses: Mapping[str, Callable[[], Array]] = {
        each: made(each) for each in RESPONSES if hasattr(view, each)
    }
    return Answers(like, responses, view.classes_ if is_classifier(like) else None)


def with_sum(model: Any, raw: Array) -> Any:
    """Return a copy of a model whose sum of trees is known for the table it will be asked about."""
    view = copy.copy(model)
    view._raw_predict = known(raw)
    return view


def known(answer: Array) -> Callable[..., Array]:
    """Return a method that has its answer already."""

    def method(*_: Any, **__: Any) -> Array:
        return answer

    return method
