"""One search: candidates of the user's words, evaluated together, remembered by number."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from sklearn.pipeline import Pipeline

from aiaas_magics.engines import learning, ownestimators, splitting, weighing
from aiaas_magics.engines.context import Context
from aiaas_magics.engines.scoring import scorer
from aiaas_magics.engines.sharing.base import Memory, Scored
from aiaas_magics.engines.sharing.evaluating import ONE, Evaluator, Terms
from aiaas_magics.engines.sharing.plan import Plan
from aiaas_magics.engines.tuning.watching import Watch
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.metrics import Metric
from aiaas_magics.specs.tune import TuneSpec

PREFIX = "model__"


class Tried(NamedTuple):
    """A candidate and what became of it, fold by fold; None where a stop came before."""

    asked: dict[str, JSON]
    """Its parameters as the user gave them."""
    candidate: dict[str, Any]
    """All its parameters, as the pipeline takes them."""
    folds: tuple[Scored | None, ...]
    note: str = ""
    """Why it has not all its folds: given up, behind the best."""

    @property
    def scores(self) -> tuple[float, ...]:
        """The scores of the folds there are, greater is better."""
        return tuple(each.test[ONE] for each in self.folds if each is not None)

    @property
    def complete(self) -> bool:
        """Whether it was compared on every fold, with a finite mean."""
        return len(self.scores) == len(self.folds) and bool(np.isfinite(self.mean))

    @property
    def mean(self) -> float:
        """Mean score of the folds there are."""
        return float(np.mean(self.scores)) if self.scores else float("nan")


class Searching:
    """Evaluates candidates of a pipeline on the training rows of a task.

    Strategies (:mod:`.strategies`) decide which.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        task: learning.Task,
        spec: TuneSpec,
        metric: Metric,
        context: Context,
        *,
        memory: Memory | None = None,
    ) -> None:
        self.task, self.spec, self.metric, self.context = task, spec, metric, context
        self.pipeline = pipeline
        self.X, self._y = learning.training_rows(task)
        weights = learning.training_weights(task)
        self._fit = {} if weights is None else {f"{PREFIX}sample_weight": weights}
        self.splits = tuple(splitting.folds(task, spec.cv, spec.seed, metric=metric.name).split())
        self._complete = ownestimators.recipe_of(spec, context).complete
        self.watch = Watch(spec.cv, metric, context)
        self._memory = memory
        self._evaluator = self._of(self.splits, memory)

    def _of(self, splits: Sequence[Any], memory: Memory | None) -> Evaluator:
        terms = Terms(splits, scorer(self.metric), self._fit)
        return Evaluator(
            self.pipeline, self.X, self._y, terms, sharing=self.spec.sharing, cores=self.context.cores,
            watcher=self.watch, memory=memory,
        )  # fmt: skip

    def plan(self, asked: Sequence[Mapping[str, JSON]]) -> Plan:
        """Return how candidates would be evaluated."""
        return self._evaluator.plan([self.candidate(each) for each in asked])

    def evaluate(
        self, asked: Sequence[dict[str, JSON]], *, splits: Sequence[Any] | None = None
    ) -> list[Tried]:
        """Return what becomes of candidates; with `splits`, on these folds instead of the search's own."""
        found = self._evaluator if splits is None else self._of(splits, None)
        candidates = [self.candidate(each) for each in asked]
        self.watch.begin(asked, len(splits or self.splits))
        table = found.evaluate(candidates)
        self.watch.end([(a, row) for a, row in zip(asked, table, strict=True) if None not in row])
        return [self._tried(a, c, row) for a, c, row in zip(asked, candidates, table, strict=True)]

    def staged(
        self,
        asked: Sequence[dict[str, JSON]],
        size: int,
        hopeless: Callable[[Sequence[Tried]], bool],
    ) -> list[Tried]:
        """Return what becomes of candidates that are evaluated fold by fold.

        Groups of `size` candidates that are `hopeless` after one fold or two see no others.
        """
        candidates = [self.candidate(each) for each in asked]
        rows: list[list[Scored | None]] = [[None] * len(self.splits) for _ in asked]
        notes = [""] * len(asked)
        self.watch.begin(asked, len(self.splits))
        staying = list(range(len(asked)))
        for folds in _stages(len(self.splits)):
            table = self._evaluator.evaluate([candidates[n] for n in staying], folds=folds)
            for number, row in zip(staying, table, strict=True):
                for fold in folds:
                    rows[number][fold] = row[fold]
            tried = [self._tried(asked[n], candidates[n], rows[n]) for n in range(len(asked))]
            if self.watch.stopping() or folds[-1] == len(self.splits) - 1:
                break
            for start in range(0, len(asked), size):
                group = range(start, start + size)
                if start in staying and hopeless([tried[n] for n in group]):
                    staying = [n for n in staying if n not in group]
                    for n in group:
                        notes[n] = f"given up after {folds[-1] + 1} of {len(self.splits)} folds"
        self.watch.end([(a, row) for a, row in zip(asked, rows, strict=True) if None not in row])
        return [
            self._tried(a, c, row)._replace(note=note)
            for a, c, row, note in zip(asked, candidates, rows, notes, strict=True)
        ]

    @staticmethod
    def _tried(
        asked: Mapping[str, JSON], candidate: dict[str, Any], row: Sequence[Scored | None]
    ) -> Tried:
        return Tried(dict(asked), candidate, tuple(row))

    def candidate(self, asked: Mapping[str, JSON]) -> dict[str, Any]:
        """Return the parameters of the pipeline for a user's."""
        whole = weighing.of_classes(self._complete(dict(asked)), self.task.classes)
        return {PREFIX + name: value for name, value in whole.items()}

    def refit(self, tried: Tried) -> Any:
        """Return the pipeline of a candidate, fitted on all training rows."""
        return self._evaluator.refit(tried.candidate)

    @property
    def failures(self) -> list[str]:
        """What sharers said that could not do what they had planned."""
        return self._evaluator.failures


def _stages(folds: int) -> Iterator[range]:
    """Yield the folds to look at before it is asked who goes on: one, another, the rest."""
    yield range(1)
    if folds > 1:
        yield range(1, 2)
    if folds > 2:
        yield range(2, folds)
