"""``--algo auto``: algorithms and their parameters compared by cross-validation, the best one fitted.

What is proposed is decided by a searcher (the seam: :mod:`.base`); this package carries it out in processes that
can be ended, within the time, and tells the leaderboard.
"""

from __future__ import annotations

import time
from typing import NamedTuple

import numpy as np
from sklearn.pipeline import Pipeline

from aiaas_magics import errors
from aiaas_magics.engines import learning, pictures
from aiaas_magics.engines.context import Context
from aiaas_magics.engines.families import recipe
from aiaas_magics.engines.portfolio import budget, fits, leaderboard, rows
from aiaas_magics.engines.portfolio.base import Outcome, Problem, Searcher
from aiaas_magics.engines.portfolio.budget import LAST, Clock, Costs
from aiaas_magics.engines.portfolio.racing import TICK, Race
from aiaas_magics.engines.portfolio.searcher import Portfolio
from aiaas_magics.specs import algorithms, auto
from aiaas_magics.specs.algorithms import Algorithm
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.metrics import DEFAULT, Metric, check_metric
from aiaas_magics.specs.results import Chart, Entrant
from aiaas_magics.specs.train import TrainSpec

SEARCHER: type[Portfolio] = Portfolio
"""Who proposes; another :class:`.base.Searcher` stands here."""
GRACE = 1.0
"""Seconds that the last fit may take when the user has stopped the search."""
LARGEST_SHARE = 0.5
"""A candidate whose last fit takes more of the whole time than this cannot be kept."""
OVERDUE = 1.0
"""Seconds after the end at which the last fit is ended, and repeated on fewer rows."""
FEWER = 8
"""Divides the rows when a last fit did not end in time."""


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
        self._task, self._spec, self._context = task, spec, context
        metric = check_metric(spec.metric or DEFAULT[task.task], task.task)
        self._bench = fits.Bench(task, spec, metric, context.cores)
        folds = spec.cv or auto.FOLDS
        levels = rows.sizes(len(task.train), len(task.X.columns))
        self._problem = Problem(
            task.task, _entering(task, spec, context), levels, folds, spec.seed, spec.trials
        )
        self._costs = Costs(levels, folds)
        self._ordered = rows.order(task, folds, spec.seed)
        self._levels: dict[int, rows.Level] = {}
        seconds = spec.time or (None if spec.trials else auto.SECONDS)
        begun = context.begun
        self._clock = None if seconds is None else Clock(seconds, begun, context.cores)
        self._race: Race
        self._used = 0

    def made(self) -> Chosen:
        """Search, fit the best, tell."""
        searcher: Searcher = SEARCHER(self._problem)
        self._race = Race(
            self._bench, self._problem, self._level, searcher, self._clock, self._finished
        )
        stopped = self._race.run(self._context)
        winner, learned = self._winner(stopped=stopped)
        board = leaderboard.ranked(self._told(winner), winner, self._problem, self._bench.metric)
        fitted, drawn = self._fit(winner, learned, board, stopped=stopped)
        proposal, whole = winner.proposal, len(self._task.train)
        pipeline = fits.load(fitted.file)
        for warning in fitted.warnings:
            self._context.warn(*warning)
        used = min(self._used, whole)
        if used < whole:
            self._context.warn(
                f"the model learned from {used:,} of {whole:,} training rows: there was no time for all",
                "a longer --time, or --trials without it",
            )
        return Chosen(
            proposal.algo, proposal.params, pipeline, fits.prepared(self._task, proposal.algo),
            self._bench.metric, used, fitted.seconds, board, drawn, stopped,
        )  # fmt: skip

    # the race ------------------------------------------------------------------------------------
    def _level(self, number: int) -> rows.Level:
        if number not in self._levels:
            size, metric = self._problem.levels[number], self._bench.metric.name
            self._levels[number] = rows.level(
                self._task, self._ordered, size, self._problem.folds, self._spec.seed, metric
            )
        return self._levels[number]

    def _finished(self, outcome: Outcome) -> None:
        """Tell a candidate, and keep the time that the leader's last fit will take."""
        proposal, metric = outcome.proposal, self._bench.metric
        if outcome.failure:
            self._context.log(f"{proposal.algo} {proposal.params or ''}: {outcome.failure}")
        elif outcome.complete(self._problem.folds):
            mean = outcome.mean if metric.greater_is_better else -outcome.mean
            spread = float(np.std(outcome.scores))
            self._context.trial({"algo": proposal.algo, **proposal.params}, mean, spread)
        if self._clock is not None and self._race.best is not None:
            kept = self._kept(self._race.best)
            self._clock.reserve = LAST + min(kept, LARGEST_SHARE * self._clock.seconds)

    def _kept(self, outcome: Outcome) -> float:
        return self._costs.refit(outcome, len(self._task.train), len(self._task.test))

    # the end -------------------------------------------------------------------------------------
    def _winner(self, *, stopped: bool) -> tuple[Outcome, int]:
        """Return the candidate to keep, and on how many rows it can learn in the time there is.

        Raises
        ------
        DataError
            If nothing has a score.
        """
        scored = [o for o in leaderboard.together(self._race.seen) if o.scores]
        if not scored:
            raise self._nothing(stopped=stopped)
        folds, seconds = self._problem.folds, self._seconds(stopped=stopped)
        scored.sort(
            key=lambda o: (o.complete(folds), o.proposal.level, len(o.scores), o.mean), reverse=True
        )
        whole = len(self._task.train)
        can = [o for o in scored if budget.allowed(o.proposal.algo, whole)] or scored
        for each in can if not stopped else can[:1]:
            if seconds is None or self._kept(each) <= seconds:
                return each, whole
        most = self._problem.levels[can[0].proposal.level] if seconds is None else whole
        return can[0], self._costs.learnable(can[0], most, seconds or GRACE)

    def _seconds(self, *, stopped: bool) -> float | None:
        """Return how long the last fit may take; None: as long as it takes."""
        if stopped:
            return GRACE
        if self._clock is None:
            return None
        return max(self._clock.end - time.monotonic() - LAST, GRACE / 2)

    def _nothing(self, *, stopped: bool) -> errors.DataError:
        failed = [o for o in self._race.seen if o.failure]
        if failed and len(failed) == len(self._race.seen):
            return errors.DataError(
                "no algorithm could be fitted",
                f"{failed[0].proposal.algo}: {failed[0].failure}",
                "%aiaas_data show NAME",
            )
        if stopped:
            return errors.DataError(
                "stopped before a candidate was compared",
                "there is nothing to keep",
                "run it again",
            )
        return errors.DataError(
            f"nothing was compared within {self._spec.time or auto.SECONDS:g} s",
            "the first fit takes longer on this data",
            "--time 5m, or --algos with cheap ones",
        )

    def _told(self, winner: Outcome) -> list[Outcome]:
        """Return the outcomes; those better than the winner say why they were not kept."""
        whole = len(self._task.train)
        text = f"too slow to fit on all {whole:,} rows"

        def told(each: Outcome) -> Outcome:
            comparable = each.complete(self._problem.folds) and (
                each.proposal.level == winner.proposal.level
            )
            better = comparable and each.mean > winner.mean
            return each._replace(note=text) if better else each

        return [told(each) for each in self._race.seen]

    def _fit(
        self, winner: Outcome, learned: int, board: tuple[Entrant, ...], *, stopped: bool
    ) -> tuple[fits.Fitted, tuple[Chart, ...]]:
        """Fit the winner in a process of its own; meanwhile the chart is drawn here."""
        drawn: tuple[Chart, ...] | None = None
        end = time.monotonic() + 2 * GRACE if stopped else None
        if self._clock is not None and end is None:
            end = max(self._clock.end, time.monotonic()) + OVERDUE - LAST
        while True:
            process = self._started(winner, learned)
            try:
                if drawn is None:
                    self._context.progress(1, 1, f"fitting {winner.proposal.algo}")
                    charts = leaderboard.pictured(board, self._bench.metric)
                    drawn = pictures.render(charts, self._context)
                fitted = self._awaited(process, end)
            finally:
                process.end()
            if fitted is not None and fitted.error is not None:
                raise fitted.error
            if fitted is not None:
                self._used = learned
                return fitted, drawn
            learned //= FEWER
            if learned < 2 * self._problem.folds:
                raise errors.DataError(
                    f"{winner.proposal.algo} could not be fitted in time", "", "a longer --time"
                )
            end = time.monotonic() + GRACE

    def _started(self, winner: Outcome, learned: int) -> fits.Running:
        whole = learned >= len(self._task.train)
        places = self._task.train if whole else np.sort(self._ordered[:learned])
        file = self._context.scratch / "auto.pickle"
        algo, params = winner.proposal.algo, winner.proposal.params
        return fits.Running(fits.refit, self._bench, algo, params, places, file)

    def _awaited(self, process: fits.Running, end: float | None) -> fits.Fitted | None:
        """Return what a last fit gave; None if it did not end in time, or its process died."""
        while not process.pipe.poll(TICK):
            if end is None and self._context.stopping():
                end = time.monotonic() + GRACE
            if end is not None and time.monotonic() > end:
                return None
        found: fits.Fitted | None = process.result()
        return found


FEW = (
    "hist_gradient_boosting", "logistic_regression", "ridge", "random_forest", "svm", "lightgbm", "extra_trees",
    "gradient_boosting", "elastic_net", "knn", "lda", "naive_bayes",
)  # fmt: skip
"""Whose defaults are tried where there are fewer trials than algorithms: different in kind, strong first."""


def _entering(task: learning.Task, spec: TrainSpec, context: Context) -> tuple[Algorithm, ...]:
    """Return the algorithms to compare, cheap ones first; those whose library is missing are left out.

    Raises
    ------
    SpecError
        If one that is asked for does not do the task.
    """
    if spec.algos:
        found = [algorithms.find(name) for name in spec.algos]
        for each in found:
            algorithms.check_parameters(each, {}, task.task)
    else:
        found = [each for each in algorithms.ALGORITHMS if task.task in each.tasks]
    first = min(len(task.train), rows.FIRST)
    there = [
        each for each in found if _there(each, task, context, asked=bool(spec.algos))
        and (budget.allowed(each.name, first) or bool(spec.algos))
    ]  # fmt: skip
    if not there:
        raise errors.MissingLibrary("no algorithm is there to compare", "", "--algo ?")
    if spec.trials is not None:
        there = sorted(there, key=_strength)[: spec.trials]
    return tuple(sorted(there, key=lambda a: budget.cost(a.name)))


def _strength(algorithm: Algorithm) -> int:
    return FEW.index(algorithm.name) if algorithm.name in FEW else len(FEW)


def _there(algorithm: Algorithm, task: learning.Task, context: Context, *, asked: bool) -> bool:
    try:
        recipe(algorithm).build(task.task, {}, 0)
    except (ImportError, errors.MissingLibrary) as error:
        said = f"{algorithm.name} is left out: {error}"
        (context.warn if asked else context.log)(said)
        return False
    return True
