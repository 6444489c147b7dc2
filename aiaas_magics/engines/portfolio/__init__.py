"""``--algo auto``: algorithms and their parameters compared by cross-validation, the best one fitted.

What is proposed is decided by a searcher (the seam: :mod:`.base`); this package carries it out in processes that
can be ended, within the time, and tells the leaderboard.
"""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from sklearn.pipeline import Pipeline

from aiaas_magics.engines import learning
from aiaas_magics.engines.context import Context
from aiaas_magics.engines.portfolio import fits, leaderboard, rows
from aiaas_magics.engines.portfolio.base import Outcome, Problem, Searcher
from aiaas_magics.engines.portfolio.budget import LARGEST_SHARE, Clock, Costs
from aiaas_magics.engines.portfolio.ending import Ending
from aiaas_magics.engines.portfolio.entering import entrants
from aiaas_magics.engines.portfolio.racing import Race
from aiaas_magics.engines.portfolio.searcher import Portfolio
from aiaas_magics.specs import auto
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.metrics import DEFAULT, Metric, check_metric
from aiaas_magics.specs.results import Chart, Entrant
from aiaas_magics.specs.train import TrainSpec

SEARCHER: Callable[[Problem], Searcher] = Portfolio
"""Who proposes; another :class:`.base.Searcher` stands here."""
RECENT = 6
"""Candidates from which it is told how busy the machine is."""


class Chosen(NamedTuple):
    """The best candidate, fitted on the training rows."""

    algo: str
    params: dict[str, JSON]
    pipeline: Pipeline
    task: learning.Task
    """As the algorithm needs it: perhaps with a step that scales."""
    metric: Metric
    rows: int
    seconds: float
    board: tuple[Entrant, ...]
    charts: tuple[Chart, ...]
    partial: bool


def choose(task: learning.Task, spec: TrainSpec, context: Context) -> Chosen:
    """Compare algorithms as a spec asks, and return the best one fitted.

    Raises
    ------
    DataError
        If nothing could be fitted, or nothing ended in the time.
    """
    return _Choice(task, spec, context).made()


class _Choice:
    """One comparison from the problem to the fitted pipeline."""

    def __init__(self, task: learning.Task, spec: TrainSpec, context: Context) -> None:
        begun = context.begun
        self._task, self._spec, self._context = task, spec, context
        metric = check_metric(spec.metric or DEFAULT[task.task], task.task)
        self._bench = fits.Bench(task, spec, metric, context.cores, context.scratch)
        folds, levels = spec.cv or auto.FOLDS, rows.sizes(len(task.train), len(task.X.columns))
        algorithms = entrants(task, spec, context)
        self._problem = Problem(task.task, algorithms, levels, folds, spec.seed, spec.trials)
        self._costs = Costs(levels, folds)
        self._ordered = rows.order(task, folds, spec.seed)
        self._levels: dict[int, rows.Level] = {}
        seconds = spec.time or (None if spec.trials else auto.SECONDS)
        self._clock = None if seconds is None else Clock(seconds, begun, context.cores)
        self._busy: deque[float] = deque(maxlen=RECENT)
        self._race = Race(
            self._bench,
            self._problem,
            self._level,
            SEARCHER(self._problem),
            self._clock,
            self._finished,
        )

    def made(self) -> Chosen:
        """Search, fit the best, tell."""
        stopped = self._race.run(self._context)
        ending = Ending(
            self._bench, self._problem, self._costs, self._ordered, self._clock, self._context
        )
        seen = self._race.seen
        winner, learned = ending.winner(seen, stopped=stopped)
        told = ending.told(seen, winner)
        board = leaderboard.ranked(told, winner, self._problem, self._bench.metric)
        drawn = leaderboard.pictured(board, self._bench.metric)
        last = ending.fit(winner, learned, drawn, stopped=stopped)
        algo, params = winner.proposal.algo, winner.proposal.params
        return Chosen(
            algo, params, last.pipeline, fits.prepared(self._task, algo), self._bench.metric,
            last.rows, last.seconds, board, last.charts, stopped or last.stopped,
        )  # fmt: skip

    def _level(self, number: int) -> rows.Level:
        if number not in self._levels:
            size, metric = self._problem.levels[number], self._bench.metric.name
            self._levels[number] = rows.level(
                self._task, self._ordered, size, self._problem.folds, self._spec.seed, metric
            )
        return self._levels[number]

    def _finished(self, outcome: Outcome) -> None:
        """Tell a candidate, and keep the time that the leader's last fit will take."""
        proposal, metric, best = outcome.proposal, self._bench.metric, self._race.best
        if outcome.failure:
            self._context.log(f"{proposal.algo} {proposal.params or ''}: {outcome.failure}")
        elif outcome.complete(self._problem.folds):
            mean = outcome.mean if metric.greater_is_better else -outcome.mean
            spread = float(np.std(outcome.scores))
            self._context.trial({"algo": proposal.algo, **proposal.params}, mean, spread)
        if outcome.scores:
            self._busy.append(outcome.busy)
        if self._clock is not None and best is not None:
            self._clock.busy = statistics.median(self._busy)
            kept = self._costs.refit(best, len(self._task.train), len(self._task.test))
            self._clock.kept = min(kept, LARGEST_SHARE * self._clock.seconds)
        fits.tidy(self._bench, self._race.seen, best)
