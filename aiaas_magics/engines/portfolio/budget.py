"""Time: how long a fit will take, and what must be kept for the end."""

from __future__ import annotations

import time
from collections.abc import Sequence

from aiaas_magics.engines.portfolio.base import Left, Outcome

COST = {
    "linear_regression": 1, "logistic_regression": 1, "hist_gradient_boosting": 2, "lightgbm": 2, "random_forest": 3,
    "ridge": 3, "extra_trees": 4, "knn": 4, "svm": 5, "elastic_net": 5, "naive_bayes": 6, "mlp": 6, "lasso": 6,
    "sgd": 7, "decision_tree": 7, "gradient_boosting": 8, "adaboost": 9,
}  # fmt: skip
"""The order in which defaults are tried: a cheap one, so that something is known at once, then boosting and forests,
which are most often best, then the others by cost."""
USUAL_COST = 6
POWER = {
    "svm": 2.3, "decision_tree": 1.1, "random_forest": 1.15,
    "extra_trees": 1.15, "gradient_boosting": 1.1,
}  # fmt: skip
"""How a fit grows with the rows, as a power. A kernel machine: between 2 and 3 (Bottou and Lin, Support vector
machine solvers, 2007); trees: n log n (Louppe, Understanding random forests, 2014)."""
USUAL_POWER = 1.0
FIXED = {"hist_gradient_boosting": 15_000, "lightgbm": 15_000}
"""As many rows as the part of a fit costs that does not grow with them: histograms of 255 bins for each leaf
(100 trees of 30 columns, one thread: 0.28 s for 2,000 rows, 0.53 s for 16,000, 2.96 s for 160,000)."""
USUAL_FIXED = 200
MOST_ROWS = {"svm": 20_000}
"""More rows than these are not compared, nor learned from: the fit would take minutes, or all memory."""
LAZY = frozenset({"knn", "svm"})
"""Predicting takes as many times longer as there are more rows to learn from."""
LAST = 0.4
"""Seconds kept for the end: held-out scores, a picture, writing and sealing."""
WRITTEN = 50e6
"""Bytes of a model that are written in a second (skops, sealed; measured at 60 MB/s)."""
BUSIEST = 6.0
"""The most that is believed of how busy the machine is."""
LARGEST_SHARE = 0.4
"""At most this share of the time is kept for the last fit: what takes longer learns from fewer rows."""
THREADED = frozenset({"hist_gradient_boosting", "lightgbm", "random_forest", "extra_trees"})
"""Their last fit has all cores, where a fold's has one."""
WIDER = 1.5
"""How much faster such a fit is on two cores or more, at least."""
SLOWER = 1.3
"""How much longer a last fit may take than predicted."""


def cost(algo: str) -> int:
    """Return the rank of an algorithm's cost."""
    return COST.get(algo, USUAL_COST)


def grown(algo: str, seconds: float, before: float, after: float) -> float:
    """Return the seconds a fit takes on `after` rows that took `seconds` on `before`."""
    fixed = FIXED.get(algo, USUAL_FIXED)
    return float(seconds * ((after + fixed) / (before + fixed)) ** POWER.get(algo, USUAL_POWER))


def most_rows(algo: str, rows: int) -> int:
    """Return on how many of `rows` rows an algorithm may be fitted."""
    return min(rows, MOST_ROWS.get(algo, rows))


def allowed(algo: str, rows: int) -> bool:
    """Tell whether an algorithm may be fitted on so many rows."""
    return rows <= MOST_ROWS.get(algo, rows)


class Costs:
    """Predicts seconds from outcomes.

    Parameters
    ----------
    levels
        Rows of each level.
    folds
        The number of folds: a fold's fit learns from ``1 - 1 / folds`` of the rows.
    cores
        How many the last fit may use.
    """

    def __init__(self, levels: Sequence[int], folds: int, cores: int = 1) -> None:
        self._levels, self._folds, self._cores = levels, folds, cores

    def validating(self, seen: Sequence[Outcome], algo: str, level: int) -> float | None:
        """Return the seconds of one candidate's folds at a level; None where nothing is known."""
        known = [o for o in seen if o.proposal.algo == algo and o.scores]
        if not known:
            return None
        near = max(min(o.proposal.level, level) for o in known)
        same = [self.moved(o, level) for o in known if min(o.proposal.level, level) == near]
        return float(sum(same) / len(same))

    def moved(self, outcome: Outcome, level: int, folds: int = 0) -> float:
        """Return the seconds a candidate's folds, all or so many, take at a level."""
        before, after = self._levels[outcome.proposal.level], self._levels[level]
        fit = grown(outcome.proposal.algo, outcome.fit, before, after)
        predict = outcome.predict * after / self._folds * self._lazily(outcome, after)
        return (folds or self._folds) * (fit + predict)

    def refit(self, outcome: Outcome, rows: int, held_out: int = 0) -> float:
        """Return the seconds from the last fit, on `rows` rows, to the model that is written."""
        learned = self._levels[outcome.proposal.level] * (1 - 1 / self._folds)
        wide = self._cores > 1 and outcome.proposal.algo in THREADED
        fit = grown(outcome.proposal.algo, outcome.fit, learned, rows) / (WIDER if wide else 1.0)
        predict = outcome.predict * held_out * self._lazily(outcome, rows)
        return SLOWER * (fit + predict) + outcome.size / WRITTEN * rows / learned

    def learnable(self, outcome: Outcome, rows: int, seconds: float, held_out: int) -> int:
        """Return on how many of `rows` rows the last fit takes at most so many seconds."""
        if self.refit(outcome, rows, held_out) <= seconds:
            return rows
        low, high = 1, rows
        while high - low > max(1, rows // 1000):  # the seconds rise with the rows
            middle = (low + high) // 2
            low, high = (
                (middle, high)
                if self.refit(outcome, middle, held_out) <= seconds
                else (low, middle)
            )
        return low

    def _lazily(self, outcome: Outcome, rows: float) -> float:
        lazy = outcome.proposal.algo in LAZY
        return rows / self._levels[outcome.proposal.level] if lazy else 1.0


class Clock:
    """A budget of seconds that began with the job.

    ``kept`` is what the leader's last fit will need, ``busy`` how many times slower others make this machine: both
    move the end of comparing.
    """

    def __init__(self, seconds: float, begun: float, cores: int) -> None:
        self._begun, self._cores = begun, cores
        self.seconds, self.end = seconds, begun + seconds
        self.kept, self.busy = 0.0, 1.0

    @property
    def passed(self) -> float:
        """Seconds since the job began."""
        return time.monotonic() - self._begun

    @property
    def comparing_ends(self) -> float:
        """When the last comparison must have ended, in ``time.monotonic()``."""
        return self.end - self.kept - self.last

    @property
    def last(self) -> float:
        """Seconds from the last fit to the end."""
        return LAST * min(self.busy, BUSIEST)

    def left(self) -> Left:
        """Return what is left for comparing."""
        seconds = self.comparing_ends - time.monotonic()
        whole = max(self.comparing_ends - self._begun, 1e-3)
        return Left(seconds, min(1.0, max(0.0, seconds / whole)), self._cores)
