"""Metrics with bootstrap intervals: every resample of every metric as one product of matrices.

A bootstrap sample of n rows is a vector of n counts. Stacked, B samples are a matrix W of shape (B, n), and a
mean over a sample is ``W @ values / n``. The first row of W is all ones: the metric itself.
Percentile intervals: Efron and Tibshirani, An Introduction to the Bootstrap (1993), section 13.3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from aiaas_magics.specs.metrics import METRICS
from aiaas_magics.specs.results import Score

CELLS = 4_000_000
"""Counts held at once: 32 MB."""
MOST_DRAWS = 100_000_000
"""Rows drawn in all; a larger table gets fewer samples, and needs them less."""
TINY = np.finfo("float64").eps
"""Probabilities are clipped to [eps, 1 - eps] for the logarithm, as in scikit-learn's log_loss."""


class Outcome(NamedTuple):
    """Predictions beside the truth. Classes are numbered in sorted order.

    ``truth`` and ``calls`` have shape (n,), ``proba`` (n, classes) or None; for regression ``truth`` and
    ``calls`` are the values themselves and ``classes`` is 0.
    """

    truth: np.ndarray
    calls: np.ndarray
    proba: np.ndarray | None
    classes: int


Tell = Callable[[int, int], None]
"""(done, all) -> None."""
Measure = Callable[[Outcome, np.ndarray], np.ndarray]
"""(outcome, counts of shape (B, n)) -> B values."""


def measure(
    outcome: Outcome,
    task: str,
    *,
    repeats: int,
    confidence: float,
    seed: int,
    tell: Tell | None = None,
    groups: np.ndarray | None = None,
) -> list[Score]:
    """Return every metric that fits, with its interval."""
    found = samples(outcome, task, repeats=repeats, seed=seed, tell=tell, groups=groups)
    return [
        Score(metric=name, value=plain(values[0]), low=low, high=high)
        for name, values in found.items()
        for low, high in (interval(values[1:], confidence),)
    ]


def samples(
    outcome: Outcome,
    task: str,
    *,
    repeats: int,
    seed: int,
    tell: Tell | None = None,
    groups: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """Return metric -> its value on the rows, then on each bootstrap sample of them.

    The samples are a function of seed and number of rows alone: those of two models on the same rows
    are pairs. `tell` is called with the samples drawn so far, and all.
    """
    fitting = {
        metric.name: MEASURES[metric.name]
        for metric in METRICS
        if metric.task == task and (outcome.proba is not None or metric.name not in NEED_PROBA)
    }
    values: dict[str, list[np.ndarray]] = {name: [] for name in fitting}
    rows, done = len(outcome.truth), 0
    for drawn in counts_of(rows, repeats, seed, groups):
        for name, function in fitting.items():
            with np.errstate(divide="ignore", invalid="ignore"):
                values[name].append(function(outcome, drawn))
        done += len(drawn)
        if tell is not None:
            tell(done - 1, drawn_of(rows, repeats))
    return {name: np.concatenate(found) for name, found in values.items()}


def interval(drawn: np.ndarray, confidence: float) -> tuple[float | None, float | None]:
    """Return the percentile interval of those samples that are defined."""
    drawn = drawn[np.isfinite(drawn)]
    if not len(drawn):
        return None, None
    tail = 100 * (1 - confidence) / 2
    low, high = np.percentile(drawn, [tail, 100 - tail])
    return float(low), float(high)


def plain(value: float) -> float | None:
    """Return a number, or None where JSON has none."""
    return float(value) if np.isfinite(value) else None


def drawn_of(rows: int, repeats: int) -> int:
    """Return how many bootstrap samples are drawn: of very large tables fewer than asked for."""
    return min(repeats, max(100, MOST_DRAWS // max(rows, 1)))


def counts_of(
    rows: int, repeats: int, seed: int, groups: np.ndarray | None = None
) -> Iterator[np.ndarray]:
    """Yield how often each bootstrap sample holds each row, (B, rows) at a time; first all rows once.

    Where rows stand in groups (`groups`: their numbers, shape (rows,), 0 to the last), whole groups are
    drawn: rows of one patient say less than as many patients (Davison and Hinkley 1997, section 3.8).
    """
    if groups is not None:
        for drawn in counts_of(int(groups.max()) + 1, drawn_of(rows, repeats), seed):
            step = max(1, CELLS // rows)
            for start in range(0, len(drawn), step):
                yield drawn[start : start + step][:, groups]
        return
    yield np.ones((1, rows))
    rng = np.random.default_rng(seed)
    left = drawn_of(rows, repeats)
    step = max(1, CELLS // max(rows, 1))
    while left > 0:
        size = min(step, left)
        drawn = rng.integers(0, rows, size=(size, rows)) + rows * np.arange(size)[:, None]
        yield (
            np.bincount(drawn.ravel(), minlength=size * rows).reshape(size, rows).astype("float64")
        )
        left -= size


def _mean(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    found: np.ndarray = counts @ values / counts.sum(axis=1)
    return found


def _table(outcome: Outcome, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (hits, members, calls) of each class, each of shape (B, classes)."""
    numbers = np.arange(outcome.classes)
    truth, calls = outcome.truth[:, None] == numbers, outcome.calls[:, None] == numbers
    return counts @ (truth & calls), counts @ truth, counts @ calls


def _accuracy(outcome: Outcome, counts: np.ndarray) -> np.ndarray:
    return _mean((outcome.truth == outcome.calls).astype("float64"), counts)


def _balanced_accuracy(outcome: Outcome, counts: np.ndarray) -> np.ndarray:
    hits, members, _ = _table(outcome, counts)
    return _defined_mean(hits / members)


def _defined_mean(values: np.ndarray) -> np.ndarray:
    """Return the mean over the classes that have a value in each sample; NaN where none has."""
    return np.nansum(values, axis=1) / (~np.isnan(values)).sum(axis=1)


def _over_labels(values: np.ndarray, members: np.ndarray, calls: np.ndarray) -> np.ndarray:
    """Return the mean over the classes that occur, as member or call, in each sample."""
    seen = (members + calls) > 0
    return np.nansum(np.where(seen, np.nan_to_num(values), 0.0), axis=1) / seen.sum(axis=1)


def _recall(outcome: Outcome, counts: np.ndarray) -> np.ndarray:
    hits, members, calls = _table(outcome, counts)
    return _over_labels(hits / members, members, calls)


def _precision(outcome: Outcome, counts: np.ndarray) -> np.ndarray:
    hits, members, calls = _table(outcome, counts)
    return _over_labels(hits / calls, members, calls)


def _f1(outcome: Outcome, counts: np.ndarray) -> np.ndarray:
    hits, members, calls = _table(outcome, counts)
    return _over_labels(2 * hits / (members + calls), members, calls)


def _log_loss(outcome: Outcome, counts: np.ndarray) -> np.ndarray:
    proba = _given(outcome)
    own = np.clip(proba[np.arange(len(proba)), outcome.truth], TINY, 1 - TINY)
    return _mean(-np.log(own), counts)


def _brier(outcome: Outcome, counts: np.ndarray) -> np.ndarray:
    proba = _given(outcome)
    squares = ((proba - (outcome.truth[:, None] == np.arange(outcome.classes))) ** 2).sum(axis=1)
    return _mean(squares / 2 if outcome.classes == 2 else squares, counts)


def _roc_auc(outcome: Outcome, counts: np.ndarray) -> np.ndarray:
    proba = _given(outcome)
    if outcome.classes == 2:
        return auc(proba[:, 1], outcome.truth == 1, counts)
    each = [auc(proba[:, k], outcome.truth == k, counts) for k in range(outcome.classes)]
    return _defined_mean(np.transpose(each))


def auc(scores: np.ndarray, positive: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the area under the ROC curve of each sample: Mann and Whitney's U, ties count half."""
    order = np.argsort(scores, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(scores[order]) > 0])
    ups = np.add.reduceat(counts[:, order] * positive[order], starts, axis=1)
    downs = np.add.reduceat(counts[:, order] * ~positive[order], starts, axis=1)
    below = np.cumsum(downs, axis=1) - downs
    wins: np.ndarray = (ups * (below + downs / 2)).sum(axis=1)
    return wins / (ups.sum(axis=1) * downs.sum(axis=1))


def _mse(outcome: Outcome, counts: np.ndarray) -> np.ndarray:
    return _mean((outcome.truth - outcome.calls) ** 2, counts)


def _rmse(outcome: Outcome, counts: np.ndarray) -> np.ndarray:
    return np.sqrt(_mse(outcome, counts))


def _mae(outcome: Outcome, counts: np.ndarray) -> np.ndarray:
    return _mean(np.abs(outcome.truth - outcome.calls), counts)


def _r2(outcome: Outcome, counts: np.ndarray) -> np.ndarray:
    centred = outcome.truth - outcome.truth.mean()  # keeps digits where the mean is large
    spread = _mean(centred**2, counts) - _mean(centred, counts) ** 2
    return 1 - _mse(outcome, counts) / spread


def _median_ae(outcome: Outcome, counts: np.ndarray) -> np.ndarray:
    gaps = np.abs(outcome.truth - outcome.calls)
    order = np.argsort(gaps, kind="stable")
    reached = np.cumsum(counts[:, order], axis=1)
    total = reached[:, -1:]
    lower = (reached >= np.floor((total + 1) / 2)).argmax(axis=1)
    upper = (reached >= np.floor((total + 2) / 2)).argmax(axis=1)
    found: np.ndarray = (gaps[order][lower] + gaps[order][upper]) / 2
    return found


def _given(outcome: Outcome) -> np.ndarray:
    if outcome.proba is None:
        raise ValueError("this metric needs probabilities")
    return outcome.proba


MEASURES: dict[str, Measure] = {
    "accuracy": _accuracy,
    "balanced_accuracy": _balanced_accuracy,
    "f1": _f1,
    "precision": _precision,
    "recall": _recall,
    "roc_auc": _roc_auc,
    "log_loss": _log_loss,
    "brier": _brier,
    "r2": _r2,
    "rmse": _rmse,
    "mse": _mse,
    "mae": _mae,
    "median_ae": _median_ae,
}
NEED_PROBA = frozenset({"roc_auc", "log_loss", "brier"})
