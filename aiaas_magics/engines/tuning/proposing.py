"""Optuna proposes (ask and tell), the evaluator carries out: a trial brings all that one model knows.

Parameters whose work is shared are not optuna's to choose: a trial over the others returns their whole sub-grid at
once, and its best is what optuna is told. Trials are asked for in batches of a fixed size, so that the same seed
gives the same search on any number of cores; a candidate that is hopeless after some folds is given up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import Trial, TrialState

from aiaas_magics.engines.portfolio.base import Bar, Outcome, Proposal, bar_of, hopeless
from aiaas_magics.engines.sharing.grouping import last_step
from aiaas_magics.engines.sharing.sharers import sharer_of
from aiaas_magics.engines.tuning import strategies
from aiaas_magics.engines.tuning.searching import Searching, Tried
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.spaces import Distribution, Space
from aiaas_magics.specs.tune import MOST_CELLS, TRIALS

BATCH = 4
"""Trials that are asked for together; more would be proposed without knowing of each other."""
RESOLUTION = 8
"""Values that a distribution of a shared parameter has in a sub-grid."""
MOST_SHARED = 256
"""Cells of a sub-grid: each costs little, but not nothing."""
REPEATS = 20
"""Proposals in a row that were all made before: the space is exhausted."""


class _Split(NamedTuple):
    """A space in two."""

    proposed: dict[str, BaseDistribution]
    values: dict[str, list[JSON]]
    """Of the parameters that optuna chooses from a list by number."""
    shared: list[dict[str, JSON]]
    """The sub-grid that each trial brings."""


def propose(searching: Searching, space: Space) -> list[Tried]:
    """Return what was tried, in the order of the trials."""
    spec = searching.spec
    split = _split(searching, space)
    trials = spec.trials or (TRIALS if spec.time is None else MOST_CELLS)
    if not split.proposed:  # one model holds everything that can be asked for
        return searching.evaluate(split.shared)
    if spec.time is None:
        searching.watch.expected = trials * len(split.shared)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(seed=abs(spec.seed) % 2**32, constant_liar=True)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    return _Proposing(searching, split, study).run(trials)


def _split(searching: Searching, space: Space) -> _Split:
    model = last_step(searching.pipeline)[1]
    sharer = None if searching.spec.sharing == "off" else sharer_of(model)
    names = sharer.shares(model) if sharer is not None else frozenset()
    shared: dict[str, list[JSON]] = {}
    for name, values in space.items():
        found = values.spread(RESOLUTION) if isinstance(values, Distribution) else values
        if name in names and math.prod(map(len, shared.values())) * len(found) <= MOST_SHARED:
            shared[name] = found
    if set(shared) == set(space):
        fine = max(RESOLUTION, searching.spec.trials or TRIALS)
        shared = {
            n: v.spread(fine) if isinstance(v, Distribution) and len(space) == 1 else shared[n]
            for n, v in space.items()
        }
    others = {name: values for name, values in space.items() if name not in shared}
    lists = {n: v for n, v in others.items() if not isinstance(v, Distribution)}
    proposed = {name: _of_optuna(values) for name, values in others.items()}
    return _Split(proposed, lists, strategies.combinations(shared))


def _of_optuna(values: list[JSON] | Distribution) -> BaseDistribution:
    if not isinstance(values, Distribution):
        return CategoricalDistribution(tuple(range(len(values))))
    if values.whole:
        return IntDistribution(int(values.low), int(values.high) - 1, log=values.log)
    return FloatDistribution(values.low, values.high, log=values.log)


class _Proposing:
    """One conversation with optuna."""

    def __init__(self, searching: Searching, split: _Split, study: optuna.Study) -> None:
        self._searching, self._split, self._study = searching, split, study
        self._known: dict[str, float | None] = {}
        self._found: list[Tried] = []
        self._bar: Bar | None = None
        self._best = -math.inf

    def run(self, trials: int) -> list[Tried]:
        """Ask, carry out and tell until there are enough, the time is over or nothing is new."""
        left, repeats = trials, 0
        while left > 0 and repeats < REPEATS and not self._searching.watch.stopping():
            batch = [self._study.ask(self._split.proposed) for _ in range(min(BATCH, left))]
            new = self._new(batch)
            repeats = 0 if new else repeats + len(batch)
            left -= len(new) if new else 1
            for trial, tried in zip(new, self._carried_out(new), strict=True):
                self._learn(trial, tried)
            self._tell(batch)
        return self._found

    def _params(self, trial: Trial) -> dict[str, JSON]:
        lists = self._split.values
        return {n: lists[n][v] if n in lists else v for n, v in trial.params.items()}

    def _key(self, trial: Trial) -> str:
        return repr(sorted(trial.params.items()))

    def _new(self, batch: Sequence[Trial]) -> list[Trial]:
        found: dict[str, Trial] = {}
        for trial in batch:
            if self._key(trial) not in self._known:
                found.setdefault(self._key(trial), trial)
        return list(found.values())

    def _carried_out(self, trials: Sequence[Trial]) -> list[list[Tried]]:
        """Return what became of the sub-grid of each trial: fold by fold, the hopeless ones not to the end."""
        size = len(self._split.shared)
        asked = [{**self._params(trial), **cell} for trial in trials for cell in self._split.shared]
        found = self._searching.staged(asked, size, self._given_up)
        return [found[i : i + size] for i in range(0, len(found), size)]

    def _given_up(self, tried: Sequence[Tried]) -> bool:
        """Tell whether the best of a sub-grid is behind the leader by more than the folds differ."""
        best = max(tried, key=lambda each: each.mean if each.scores else -math.inf)
        return self._bar is not None and bool(best.scores) and hopeless(best.scores, self._bar)

    def _learn(self, trial: Trial, tried: list[Tried]) -> None:
        self._found += tried
        whole = [each for each in tried if each.complete]
        best = max(whole, key=lambda each: each.mean, default=None)
        scored = [each.mean for each in tried if each.scores and math.isfinite(each.mean)]
        self._known[self._key(trial)] = max(scored, default=None)
        if best is not None and best.mean > self._best:
            self._best = best.mean
            self._bar = bar_of(Outcome(Proposal(0, "", {}), best.scores))

    def _tell(self, batch: Sequence[Trial]) -> None:
        for trial in batch:
            value: Any = self._known.get(self._key(trial))
            if value is None:
                self._study.tell(trial, state=TrialState.FAIL)
            else:
                self._study.tell(trial, value)
