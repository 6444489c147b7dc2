"""The learning curve: scores by number of training rows, on the same folds: do more rows help.

The rows a fold learns from are put in an order of which every beginning is stratified by class, and the
model's line learns from longer and longer beginnings; scores as of :mod:`.resampling`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from aiaas_magics.cards import bands
from aiaas_magics.engines.context import Context
from aiaas_magics.engines.evaluation import Found, resampling
from aiaas_magics.engines.evaluation.resampling import Fit, Fold
from aiaas_magics.engines.evaluation.subject import Subject
from aiaas_magics.engines.evaluation.words import amount, gain, much
from aiaas_magics.specs.metrics import DEFAULT
from aiaas_magics.specs.results import Grid

SHARES = (0.1, 0.2, 0.35, 0.55, 0.75, 1.0)
"""Of the rows a fold learns from; together three times all of them."""
LEAST_ROWS = 10
FOLDS = 5
"""Where --cv does not say."""
SECONDS = 300.0
"""After this long no larger share is begun."""


class Step(NamedTuple):
    """A share's fits."""

    share: float
    rows: int
    fits: tuple[Fit, ...]


def parts(subject: Subject, whole: Sequence[Fold], seed: int) -> list[Fold]:
    """Return the folds with growing shares of their training rows, the smallest of all folds first.

    Shares with fewer than ten rows, or without a row of every class, are left out.
    """
    classes = subject.y.to_numpy() if subject.info.task == "classification" else None
    orders = [order(fold.train, classes, seed + i) for i, fold in enumerate(whole)]
    least = max(LEAST_ROWS, 2 * len(subject.info.signature.classes))
    found = []
    for share in SHARES:
        cut = [each[: max(1, round(share * len(each)))] for each in orders]
        if share == 1 or all(
            len(rows) >= least and (classes is None or len(set(classes[rows])) == len(set(classes)))
            for rows in cut
        ):
            found += [Fold(rows, fold.test, share) for rows, fold in zip(cut, whole, strict=True)]
    return found


def order(rows: np.ndarray, classes: np.ndarray | None, seed: int) -> np.ndarray:
    """Return rows in a random order of which every beginning holds each class as often as all do."""
    mixed = np.random.default_rng(seed).permutation(rows)
    if classes is None:
        return mixed
    place = np.zeros(len(mixed))
    for name in set(classes[mixed]):
        mine = np.flatnonzero(classes[mixed] == name)
        place[mine] = (np.arange(len(mine)) + 0.5) / len(mine)
    found: np.ndarray = mixed[np.argsort(place, kind="stable")]
    return found


def grow(
    subject: Subject, whole: Sequence[Fold], seed: int, context: Context
) -> tuple[list[Step], bool]:
    """Return the shares that all folds were fitted of, and whether larger ones are missing."""
    planned = parts(subject, whole, seed)
    begun, made = time.perf_counter(), []
    for fit in resampling.fits([subject], planned, context):
        made.append(fit)
        done = len(made) % len(whole) == 0
        if done and time.perf_counter() - begun > SECONDS and len(made) < len(planned):
            context.warn(f"after {SECONDS / 60:g} minutes no larger share of the rows was begun")
            break
    steps = []
    for start in range(0, len(made) - len(whole) + 1, len(whole)):
        group = tuple(made[start : start + len(whole)])
        rows = round(float(np.mean([len(fit.fold.train) for fit in group])))
        steps.append(Step(group[0].fold.share, rows, group))
    return steps, len(made) < len(planned)


def found(subject: Subject, steps: Sequence[Step], confidence: float) -> Found:
    """Return the curve as a sentence, a table and a chart."""
    metric = DEFAULT[subject.info.task]
    rows, drawn = [], []
    for step in steps:
        ratio = resampling.ratio_of([fit.fold for fit in step.fits])
        values = [fit.scores[0][metric] for fit in step.fits]
        mean, low, high = resampling.corrected(values, ratio, confidence)
        low, high = resampling.within(metric, low), resampling.within(metric, high)
        rows.append((step.rows, step.share, mean, low, high))
        if mean is not None and low is not None and high is not None:
            drawn.append({"x": step.rows, "y": mean, "low": low, "high": high, "line": metric})
    title = "Learning curve"
    sentence = _sentence(steps, metric, confidence)
    grid = Grid(
        name="curve",
        title=title,
        columns=("training rows", "share", metric, "low", "high"),
        rows=tuple(rows),
    )
    picture = bands.banded(
        "curve",
        title,
        f"{metric} by number of training rows: {sentence}",
        drawn,
        x="training rows",
        y=metric,
    )
    return Found((sentence,), (grid,), (picture,))


def _sentence(steps: Sequence[Step], metric: str, confidence: float) -> str:
    """Say whether the last step of the curve gained anything, fold by fold."""
    if len(steps) < 2:
        return "too few rows for a curve"
    before, last = steps[-2:]
    pairs = [
        (a.scores[0][metric], b.scores[0][metric])
        for a, b in zip(last.fits, before.fits, strict=True)
    ]
    gains = [gain(a - b, metric) for a, b in pairs if a is not None and b is not None]
    ratio = resampling.ratio_of([fit.fold for fit in last.fits])
    value, low, high = resampling.corrected(gains, ratio, confidence)
    if value is None or low is None or high is None:
        return f"{metric} is undefined on some folds"
    step = f"from {before.rows:,} to {last.rows:,} training rows"
    level = f"{100 * confidence:g} % interval {amount(low, metric)} to {amount(high, metric)}"
    if low > 0:
        return (
            f"{step} the model gains {much(value, metric)} ({level}): more rows would likely help"
        )
    most = f"more than {much(high, metric)}" if high > 0 else "anything"
    return (
        f"{step} no gain can be told ({much(value, metric)}, {level}): "
        f"such a step again is not to be expected to bring {most}"
    )
