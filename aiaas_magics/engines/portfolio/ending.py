"""The end of a comparison: who is kept, on how many rows it learns, and the last fit.

It must end in time whatever happens: a last fit that takes too long is ended, and replaced by what was fitted
before, on fewer rows.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from sklearn.pipeline import Pipeline

from aiaas_magics import errors
from aiaas_magics.engines import pictures
from aiaas_magics.engines.context import Context
from aiaas_magics.engines.portfolio import budget, fits, leaderboard
from aiaas_magics.engines.portfolio.base import Outcome, Problem, best_of, standing
from aiaas_magics.engines.portfolio.budget import Clock, Costs
from aiaas_magics.engines.portfolio.racing import TICK
from aiaas_magics.engines.portfolio.rows import Array
from aiaas_magics.specs.results import Chart

GRACE = 1.0
"""Seconds that the last fit may take when the user has stopped the search."""
WARM = "vl_convert"
"""What draws: loading it takes half a second of a core, and is done in a process of its own; where it is loaded
already it has threads, which a fork must not meet, and is quick."""
UNDRAWN = "it would have taken too long"
OVERDUE = 0.5
"""Seconds by which a last fit may take longer than it has."""


class Last(NamedTuple):
    """The last fit, with what was drawn meanwhile."""

    pipeline: Pipeline
    rows: int
    seconds: float
    charts: tuple[Chart, ...]
    stopped: bool


class Ending:
    """Chooses and fits."""

    def __init__(
        self, bench: fits.Bench, problem: Problem, costs: Costs, ordered: Array,
        clock: Clock | None, context: Context,
    ) -> None:  # fmt: skip
        self._bench, self._problem, self._costs = bench, problem, costs
        self._ordered, self._clock, self._context = ordered, clock, context
        self._whole = len(bench.task.train)
        self._stopped = False

    def winner(self, seen: Sequence[Outcome], *, stopped: bool) -> tuple[Outcome, int]:
        """Return the candidate to keep, and on how many rows it can learn in the time there is.

        Where the best cannot learn from all of them, one that can and is not told apart from it is kept.

        Raises
        ------
        DataError
            If nothing has a score.
        """
        best = best_of(seen, self._problem.folds)
        if best is None:
            raise _nothing(seen, self._clock, stopped=stopped)
        seconds = self._seconds(stopped=stopped)
        ranks = standing(seen, best.proposal.level, self._problem.folds)
        rivals = [each for _, each in ranks if self._measurable(each, seconds)]
        best = rivals[0] if rivals else best
        few = self._learnable(best, seconds)
        for each in rivals if few < self._whole else ():
            if self._learnable(each, seconds) == self._whole and as_good(each, best):
                return each, self._whole
        return best, few

    def _measurable(self, outcome: Outcome, seconds: float | None) -> bool:
        """Tell whether a candidate can predict the held-out rows in so many seconds."""
        needs = outcome.predict * len(self._bench.task.test)
        return seconds is None or needs <= seconds

    def _learnable(self, outcome: Outcome, seconds: float | None) -> int:
        """Return on how many training rows a candidate can be fitted in so many seconds."""
        most = budget.most_rows(outcome.proposal.algo, self._whole)
        if seconds is None:
            return most
        return self._costs.learnable(outcome, most, seconds, len(self._bench.task.test))

    def _seconds(self, *, stopped: bool) -> float | None:
        """Return how long the last fit may take; None: as long as it takes."""
        if stopped:
            return GRACE
        if self._clock is None:
            return None
        return max(self._clock.end - time.monotonic() - self._clock.last, GRACE / 2)

    def told(self, seen: Sequence[Outcome], winner: Outcome) -> list[Outcome]:
        """Return the outcomes; those better than the winner say why they were not kept."""
        text, level = f"too slow to fit on all {self._whole:,} rows", winner.proposal.level

        def told(each: Outcome) -> Outcome:
            rival = each.complete(self._problem.folds) and each.proposal.level == level
            better = rival and winner.complete(self._problem.folds) and each.mean > winner.mean
            return each._replace(note=text) if better else each

        return [told(each) for each in seen]

    # the last fit --------------------------------------------------------------------------------
    def fit(self, winner: Outcome, learned: int, drawn: Sequence[Chart], *, stopped: bool) -> Last:
        """Fit the winner in a process of its own, in time; meanwhile the charts are drawn here."""
        seconds = self._seconds(stopped=stopped)
        end = None if seconds is None else time.monotonic() + seconds + OVERDUE
        enough = learned >= self._learned_before(winner)
        process = self._started(winner, learned) if enough else None
        self._context.progress(1, 1, f"fitting {winner.proposal.algo}")
        artist = None if WARM in sys.modules else fits.Running(pictures.draw, drawn)
        try:
            fitted = None if process is None else self._awaited(process, end)
            charts = self._pictured(drawn, artist, end)
        finally:
            for each in (process, artist):
                if each is not None:
                    each.end()
        if fitted is None:
            fitted, learned = self._spare(winner)
        if fitted.error is not None:
            raise fitted.error
        for warning in fitted.warnings:
            self._context.warn(*warning)
        self._tell(learned)
        return Last(fits.load(fitted.file), learned, fitted.seconds, charts, self._stopped)

    def _pictured(
        self, drawn: Sequence[Chart], artist: fits.Running | None, end: float | None
    ) -> tuple[Chart, ...]:
        """Return the charts with their pictures, or without those that are not drawn in time."""
        if artist is None:
            return pictures.render(drawn, self._context)
        left = None if end is None else max(0.0, end - time.monotonic())
        images = artist.receive() if artist.pipe.poll(left) else None
        return pictures.kept(drawn, images or [UNDRAWN] * len(drawn), self._context)

    def _learned_before(self, winner: Outcome) -> int:
        """Return from how many rows a candidate learned in a fold."""
        share = 1 - 1 / self._problem.folds
        return int(share * self._problem.levels[winner.proposal.level])

    def _started(self, winner: Outcome, learned: int) -> fits.Running:
        whole = learned >= self._whole
        places = self._bench.task.train if whole else np.sort(self._ordered[:learned])
        algo, params = winner.proposal.algo, winner.proposal.params
        return fits.Running(fits.refit, self._bench, algo, params, places)

    def _awaited(self, process: fits.Running, end: float | None) -> fits.Fitted | None:
        """Return what a last fit gave; None if it did not end in time, or its process died."""
        while not process.pipe.poll(TICK):
            if not self._stopped and self._context.stopping():
                self._stopped = True
                end = min(end or np.inf, time.monotonic() + GRACE)
            if end is not None and time.monotonic() > end:
                return None
        found: fits.Fitted | None = process.result()
        return found

    def _spare(self, winner: Outcome) -> tuple[fits.Fitted, int]:
        """Return what was learned before: the model of a fold, or one of as many rows made now."""
        few = self._learned_before(winner)
        file = fits.file_of(self._bench, winner)
        if file.exists():
            return fits.Fitted(file, winner.fit, []), few
        found = self._started(winner, few).result()
        if found is None:
            raise errors.OutOfMemory(
                f"the process that fitted {winner.proposal.algo} died",
                "the machine may have had no more memory",
                "--algos with smaller models",
            )
        return found, few

    def _tell(self, learned: int) -> None:
        if learned < self._whole:
            self._context.warn(
                f"the model learned from {learned:,} of {self._whole:,} training rows: "
                "all would have taken too long",
                "" if self._clock is None else "a longer --time",
            )


def as_good(one: Outcome, best: Outcome) -> bool:
    """Tell whether a candidate is not told apart from the best by the folds that both have seen."""
    count = min(len(one.scores), len(best.scores))
    return count > 1 and leaderboard.tied(one.scores[:count], best.scores[:count])


def _nothing(seen: Sequence[Outcome], clock: Clock | None, *, stopped: bool) -> errors.DataError:
    failed = [outcome for outcome in seen if outcome.failure]
    if failed and len(failed) == len(seen):
        said = f"{failed[0].proposal.algo}: {failed[0].failure}"
        return errors.DataError("no algorithm could be fitted", said, "%aiaas_data show NAME")
    if stopped or clock is None:
        return errors.DataError(
            "stopped before a candidate was compared", "there is nothing to keep", "run it again"
        )
    return errors.DataError(
        f"nothing was compared within {clock.seconds:g} s",
        "the first fit takes longer on this data",
        "--time 5m, or --algos with cheap ones",
    )
