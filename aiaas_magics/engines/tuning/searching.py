"""One search: candidates of the user's words, evaluated together, remembered by number."""

from __future__ import annotations

import itertools
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
from aiaas_magics.engines.tuning.candidates import Asked
from aiaas_magics.engines.tuning.watching import Watch
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.metrics import Metric
from aiaas_magics.specs.tune import TuneSpec

PREFIX = "model__"


class Tried(NamedTuple):
    """A candidate and what became of it, fold by fold; None where a stop came before."""

    asked: Asked
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
    def seen(self) -> bool:
        """Whether it was carried out on every fold, whatever came of it."""
        return None not in self.folds

    @property
    def finite(self) -> bool:
        """Whether it has scores, of all folds it has seen."""
        return bool(self.scores) and bool(np.isfinite(self.mean))

    @property
    def complete(self) -> bool:
        """Whether it was compared on every fold, and not given up."""
        return self.seen and self.finite and not self.note

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
        self.X, self.y = learning.training_rows(task)
        weights = learning.training_weights(task)
        self._fit = {} if weights is None else {f"{PREFIX}sample_weight": weights}
        self.splits = tuple(splitting.folds(task, spec.cv, spec.seed, metric=metric.name).split())
        self._complete = ownestimators.recipe_of(spec, context).complete
        self.watch = Watch(spec.cv, metric, context)
        self._plans: list[Plan] = []
        self._planned: tuple[list[dict[str, Any]], Plan] | None = None
        self._evaluator = self._of(self.splits, memory)

    def _of(self, splits: Sequence[Any], memory: Memory | None) -> Evaluator:
        terms = Terms(splits, scorer(self.metric), self._fit)
        return Evaluator(
            self.pipeline, self.X, self.y, terms, sharing=self.spec.sharing, cores=self.context.cores,
            watcher=self.watch, memory=memory,
        )  # fmt: skip

    def plan(self, asked: Sequence[Mapping[str, JSON]]) -> Plan:
        """Return how candidates would be evaluated."""
        return self._plan([self.candidate(each) for each in asked])

    def _plan(self, candidates: list[dict[str, Any]]) -> Plan:
        if self._planned is None or self._planned[0] != candidates:
            self._planned = candidates, self._evaluator.plan(candidates)
        return self._planned[1]

    @property
    def planned(self) -> Plan:
        """How all that was evaluated on the search's own folds was to be, and who grew the models in the end."""
        plans = self._plans
        if len(plans) == 1:  # of several, groups have no numbers in common
            plans = [plans[0].grown(self._evaluator.growers)]
        groups = tuple(group for plan in plans for group in plan.groups)
        apart = tuple(number for plan in plans for number in plan.apart)
        count = sum(plan.candidates for plan in plans)
        return Plan(count, len(self.splits), groups, apart)

    def evaluate(
        self, asked: Sequence[Asked], *, splits: Sequence[Any] | None = None
    ) -> list[Tried]:
        """Return what becomes of candidates; with `splits`, on these folds instead of the search's own, untold."""
        candidates = [self.candidate(each) for each in asked]
        self.watch.quiet = splits is not None
        self.watch.begin(asked, len(self.splits))
        if splits is None:
            plan = self._plan(candidates)
            self._plans.append(plan)
            table = self._evaluator.evaluate(candidates, plan)
        else:
            table = self._of(splits, None).evaluate(candidates)
        self.watch.end([(a, row) for a, row in zip(asked, table, strict=True) if None not in row])
        return [
            Tried(dict(a), c, tuple(r)) for a, c, r in zip(asked, candidates, table, strict=True)
        ]

    def staged(
        self, groups: Sequence[Sequence[Asked]], hopeless: Callable[[Sequence[Tried]], bool]
    ) -> list[Tried]:
        """Return what becomes of the candidates of all groups, evaluated fold by fold.

        A group that is `hopeless` after one fold or two sees no others.
        """
        asked = [each for group in groups for each in group]
        ends = list(itertools.accumulate(map(len, groups)))
        places = [range(end - len(group), end) for end, group in zip(ends, groups, strict=True)]
        tried = [Tried(each, self.candidate(each), (None,) * len(self.splits)) for each in asked]
        self.watch.quiet = False
        self.watch.begin(asked, len(self.splits))
        self._plans.append(self._plan([each.candidate for each in tried]))
        for folds in _stages(len(self.splits)):
            self._see(tried, [n for place in places for n in place], folds)
            if self.watch.halted or folds.stop == len(self.splits):
                break
            gone = [place for place in places if hopeless([tried[n] for n in place])]
            places = [place for place in places if place not in gone]
            note = f"given up after {folds.stop} of {len(self.splits)} folds"
            for n in itertools.chain.from_iterable(gone):
                tried[n] = tried[n]._replace(note=note)
        self.watch.end([(t.asked, t.folds) for t in tried if None not in t.folds])
        return tried

    def _see(self, tried: list[Tried], staying: Sequence[int], folds: range) -> None:
        """Evaluate some candidates on some folds."""
        candidates = [tried[n].candidate for n in staying]
        self.watch.places = staying
        table = self._evaluator.evaluate(candidates, self._plan(candidates), folds=folds)
        for n, row in zip(staying, table, strict=True):
            seen = [row[k] if k in folds else known for k, known in enumerate(tried[n].folds)]
            tried[n] = tried[n]._replace(folds=tuple(seen))

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
