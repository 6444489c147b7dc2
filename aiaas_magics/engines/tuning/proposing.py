"""Optuna proposes (ask and tell), the evaluator carries out: a trial brings all that one model answers for.

Parameters whose work is shared are not optuna's to choose: a trial over the others returns their whole sub-grid at
once (:mod:`.subgrids`), and its best is what optuna is told. Trials are asked for in batches of a fixed size, so that
the same seed gives the same search on any number of cores; what is hopeless after some folds is given up, by the rule
of ``--algo auto``.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import Trial, TrialState

from aiaas_magics.engines.portfolio.base import Bar, Outcome, Proposal, bar_of, hopeless
from aiaas_magics.engines.tuning import subgrids
from aiaas_magics.engines.tuning.candidates import Asked, key
from aiaas_magics.engines.tuning.searching import Searching, Tried
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.spaces import Distribution, Space
from aiaas_magics.specs.strategies import MOST_FITS, TRIALS

BATCH = 4
"""Trials that are asked for together; more would be proposed without knowing of each other."""
REPEATS = 25
"""Batches in a row without a proposal that is new: the space is exhausted."""
STARTUP = 10
"""Trials that are drawn at random before any is proposed, as is optuna's own default."""


def propose(searching: Searching, space: Space) -> list[Tried]:
    """Return what was tried, in the order of the trials."""
    spec = searching.spec
    shared = subgrids.shared(searching, space)
    others = {name: values for name, values in space.items() if name not in shared.names}
    if not others:  # optuna was asked for by name: it chooses all by itself
        shared, others = subgrids.NOTHING, dict(space)
    trials = spec.trials or (TRIALS if spec.time is None else MOST_FITS)
    possible = math.prod(
        math.inf if isinstance(v, Distribution) else len(v) for v in others.values()
    )
    if spec.time is None:
        searching.watch.expected = int(min(trials, possible)) * shared.size
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(seed=abs(spec.seed) % 2**32, n_startup_trials=STARTUP)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    return _Proposing(searching, others, shared, study).run(int(min(trials, possible)))


def of_optuna(values: list[JSON] | Distribution) -> BaseDistribution:
    """Return the distribution optuna draws from; values of a list by number, which has an order if theirs rises."""
    if not isinstance(values, Distribution):
        if _rises(values):
            return IntDistribution(0, len(values) - 1)
        return CategoricalDistribution(tuple(range(len(values))))
    if values.whole:
        return IntDistribution(int(values.low), int(values.high) - 1, log=values.log)
    return FloatDistribution(values.low, values.high, log=values.log)


def _rises(values: Sequence[JSON]) -> bool:
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
    return numbers and len(values) > 2 and all(a < b for a, b in itertools.pairwise(values))


class _Proposing:
    """One conversation with optuna."""

    def __init__(
        self, searching: Searching, others: Space, shared: subgrids.SubGrid, study: optuna.Study
    ) -> None:
        self._searching, self._others, self._shared, self._study = searching, others, shared, study
        self._asks = {name: of_optuna(values) for name, values in others.items()}
        self._rng = np.random.default_rng(abs(searching.spec.seed))
        self._known: dict[str, float | None] = {}
        self._found: list[Tried] = []
        self._leader: Outcome | None = None

    def run(self, trials: int) -> list[Tried]:
        """Ask, carry out and tell until there are enough, the time is over or nothing is new."""
        left, repeats = trials, 0
        while left > 0 and repeats < REPEATS and not self._searching.watch.stopping():
            batch = [self._study.ask(self._asks) for _ in range(min(BATCH, left))]
            new = {key(self._params(trial)): self._params(trial) for trial in batch}
            new = {name: params for name, params in new.items() if name not in self._known}
            repeats = 0 if new else repeats + 1
            left -= len(new)
            for name, tried in self._carried_out(new).items():
                self._found += tried
                self._known[name] = self._worth(tried)
            for trial in batch:
                self._tell(trial, self._known.get(key(self._params(trial))))
        return self._found

    def _params(self, trial: Trial) -> Asked:
        return {name: self._value(name, value) for name, value in trial.params.items()}

    def _value(self, name: str, value: Any) -> JSON:
        values = self._others[name]
        return value if isinstance(values, Distribution) else values[value]

    def _carried_out(self, new: dict[str, Asked]) -> dict[str, list[Tried]]:
        """Return what became of the sub-grid of each proposal; the hopeless ones do not see all folds."""
        grids = [[{**params, **cell} for cell in self._cells()] for params in new.values()]
        found = iter(self._searching.staged(grids, self._hopeless)) if grids else iter(())
        return {
            name: list(itertools.islice(found, len(grid)))
            for name, grid in zip(new, grids, strict=True)
        }

    def _cells(self) -> list[Asked]:
        return self._shared.drawn(self._rng) if self._shared.names else [{}]

    def _bar(self) -> Bar | None:
        return None if self._leader is None else bar_of(self._leader)

    def _hopeless(self, tried: Sequence[Tried]) -> bool:
        """Tell whether the best of a sub-grid is behind the leader by more than the folds differ."""
        bar, scores = self._bar(), [each.scores for each in tried if each.finite]
        return bar is not None and bool(scores) and all(hopeless(each, bar) for each in scores)

    def _worth(self, tried: Sequence[Tried]) -> float | None:
        """Return what optuna is told: the best mean of a sub-grid, None where nothing could be fitted.

        Where not all folds were seen it is the leader's mean and the difference on those that both have seen.
        """
        known = [each for each in tried if each.finite]
        best = max((each for each in known if each.complete), key=lambda t: t.mean, default=None)
        if best is not None:
            if self._leader is None or best.mean > self._leader.mean:
                self._leader = Outcome(Proposal(0, "", {}), best.scores)
            return best.mean
        if self._leader is None or not known:
            return None
        leader = self._leader
        return max(
            leader.mean + float(np.mean(np.subtract(t.scores, leader.scores[: len(t.scores)])))
            for t in known
        )

    def _tell(self, trial: Trial, value: float | None) -> None:
        if value is None:
            self._study.tell(trial, state=TrialState.FAIL)
        else:
            self._study.tell(trial, value)
