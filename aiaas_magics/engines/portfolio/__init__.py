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

from aiaas_magics.engines import learning, splitting
from aiaas_magics.engines.context import Context
from aiaas_magics.engines.portfolio import fits, leaderboard, rows
from aiaas_magics.engines.portfolio.base import Outcome, Problem, Proposal, Searcher, standing
from aiaas_magics.engines.portfolio.budget import LARGEST_SHARE, Clock, Costs
from aiaas_magics.engines.portfolio.ending import Ending, as_good
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
FEW = 400
"""Rows on which one candidate is told when the user stops before any was: a forest takes a fifth of a second."""
HURRY = 1.5
"""Seconds for that."""
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
        ratio = splitting.ratio(task.split, folds)
        self._problem = Problem(task.task, algorithms, levels, folds, spec.seed, spec.trials, ratio)
        self._costs = Costs(levels, folds, context.cores)
        self._ordered = rows.order(task, folds, spec.seed)
        self._levels: dict[int, rows.Level] = {}
        seconds = auto.budget(spec)
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
        seen = self._race.seen
        if stopped and not any(outcome.scores for outcome in seen):
            seen = self._hurried() or seen
        ending = Ending(
            self._bench, self._problem, self._costs, self._ordered, self._clock, self._context
        )
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

    def _hurried(self) -> list[Outcome]:
        """Return what the cheapest candidate is worth on a few rows, if that is known in a moment."""
        size = min(FEW, self._problem.levels[0])
        levels = (size, *self._problem.levels[1:])
        self._problem = self._problem._replace(levels=levels)
        self._costs = Costs(levels, self._problem.folds, self._bench.cores)
        proposal = Proposal(0, self._problem.algorithms[0].name, {})
        process = fits.Running(fits.validate, self._bench, self._level(0), proposal)
        try:
            found = process.receive() if process.pipe.poll(HURRY) else None
        finally:
            process.end()
        note = f"stopped after 1 of {self._problem.folds} folds"
        return [found._replace(note=note)] if found and found.scores else []

    def _level(self, number: int) -> rows.Level:
        size, metric = self._problem.levels[number], self._bench.metric.name
        if size not in self._levels:
            self._levels[size] = rows.level(
                self._task, self._ordered, size, self._problem.folds, self._spec.seed, metric
            )
        return self._levels[size]

    def _finished(self, outcome: Outcome) -> None:
        """Tell a candidate, and keep the time that the leader's last fit will take."""
        proposal, metric, best = outcome.proposal, self._bench.metric, self._race.best
        if outcome.failure:
            self._context.log(f"{proposal.algo} {proposal.params or ''}: {outcome.failure}")
        elif outcome.complete(self._problem.folds):
            mean, spread = metric.natural(outcome.mean), float(np.std(outcome.scores))
            self._context.trial({"algo": proposal.algo, **proposal.params}, mean, spread)
        if outcome.scores:
            self._busy.append(outcome.busy)
        if self._clock is not None and best is not None:
            self._clock.busy = statistics.median(self._busy)
            self._clock.kept = self._kept(best, LARGEST_SHARE * self._clock.seconds)
        fits.tidy(self._bench, self._race.seen, best)

    def _kept(self, best: Outcome, most: float) -> float:
        """Return the seconds that the last fit will take, at most so many.

        Where the leader's would take more, one that is as good is kept: see `Ending.winner`.
        """
        level = best.proposal.level
        ranks = standing(self._race.seen, level, self._problem.folds)
        able = [best, *(each for _, each in ranks if as_good(each, best))]
        whole = len(self._task.train), len(self._task.test)
        times = [self._costs.refit(each, *whole) for each in able]
        return next((seconds for seconds in times if seconds <= most), most)
