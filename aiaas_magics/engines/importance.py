"""Permutation importance: what a metric loses when a column is shuffled.

Breiman, Random Forests (2001), section 10, on rows the model has not seen, of the raw columns as the
user knows them. It asks for nothing but predictions, so every family has it; many shuffles are
predicted at once, as an ensemble's cost per call is large.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from aiaas_magics.cards import charts
from aiaas_magics.engines.context import Context
from aiaas_magics.engines.threads import shared
from aiaas_magics.specs.results import Chart, Grid, Score

MOST_ROWS = 2_000
LEAST_ROWS = 200
STACK = 20_000
"""Rows predicted at once: many shuffles of few rows, one of many."""
SECONDS = 20.0
"""After this long no further round of shuffles begins, and a slow model is given fewer rows."""
SHOWN = 12

Predict = Callable[[pd.DataFrame], np.ndarray]
Measure = Callable[[np.ndarray, np.ndarray], float]
"""(rows, calls of these rows) -> score."""


class Shuffle(NamedTuple):
    """A column in a new order of its rows."""

    column: int
    order: np.ndarray


class Importance(NamedTuple):
    """The drop of each column, largest first, and what was left out to stay in time."""

    scores: tuple[Score, ...] = ()
    note: str = ""


def importance(
    predict: Predict,
    X: pd.DataFrame,
    score: Measure,
    *,
    shuffles: int,
    confidence: float,
    seed: int,
    context: Context,
) -> Importance:
    """Return the mean drop of a score for each column, largest first, with its interval.

    The interval tells how far another set of shuffles could move the mean; one shuffle tells
    nothing of that. Nothing is returned where the score itself is undefined (R² of one row).

    Parameters
    ----------
    predict
        Gives the calls of rows.
    score
        Gives the score of the calls of some rows of `X`, by position.
    """
    rng, begun = np.random.default_rng(seed), time.perf_counter()
    rows = np.arange(len(X))
    if len(X) > MOST_ROWS:
        rows = np.sort(rng.choice(len(X), MOST_ROWS, replace=False))
    whole = score(rows, predict(X.iloc[rows]))
    if not np.isfinite(whole):
        return Importance()
    affordable = _affordable(len(rows), len(X.columns), time.perf_counter() - begun)
    if affordable < len(rows):
        rows = np.sort(rng.choice(rows, affordable, replace=False))
        whole = score(rows, predict(X.iloc[rows]))
    drops, done = _drops(
        predict, X.iloc[rows], lambda c: whole - score(rows, c), shuffles, rng, context
    )
    scores = _ranked(list(map(str, X.columns)), drops, confidence)
    return Importance(scores, _note(len(X), len(rows), done, shuffles))


def _ranked(
    names: Sequence[str], drops: Sequence[list[float]], confidence: float
) -> tuple[Score, ...]:
    found = [
        (name, float(np.mean(each)), *_interval(each, confidence))
        for name, each in zip(names, drops, strict=True)
        if each
    ]
    found.sort(key=lambda each: (-each[1], each[0]))
    return tuple(Score(metric=n, value=mean, low=low, high=high) for n, mean, low, high in found)


def _affordable(rows: int, columns: int, seconds: float) -> int:
    """Return how many rows two rounds of shuffles can be predicted of in time."""
    wanted = 2 * columns * seconds
    return rows if wanted <= SECONDS else min(rows, max(LEAST_ROWS, int(rows * SECONDS / wanted)))


def _note(all_rows: int, rows: int, done: float, shuffles: int) -> str:
    parts = [f"{rows:,} of {all_rows:,} rows"] if rows < all_rows else []
    parts += [f"{done:g} of {shuffles} shuffles of each column"] if done < shuffles else []
    return f"importance is that of {' and '.join(parts)}" if parts else ""


def _drops(
    predict: Predict,
    X: pd.DataFrame,
    drop: Callable[[np.ndarray], float],
    shuffles: int,
    rng: np.random.Generator,
    context: Context,
) -> tuple[list[list[float]], int]:
    """Return the drops of each column, equally many where a round was finished, and the rounds."""
    size, wide = len(X), len(X.columns)

    def of(stack: Sequence[Shuffle]) -> list[float]:
        calls = predict(stacked(X, stack)).reshape(len(stack), size)
        return [drop(each) for each in calls]

    found: list[list[float]] = [[] for _ in X.columns]
    begun, done, total = time.perf_counter(), 0, wide * shuffles
    per_stack = max(1, min(STACK // max(size, 1), -(-total // context.cores)))
    for drops in shared(of, _stacks(size, wide, shuffles, per_stack, rng), context.cores):
        for value in drops:
            found[done % wide].append(value)
            done += 1
        text = f"importance, {done:,} of {total:,} shuffles"
        context.progress(done, total, text)
        late = time.perf_counter() - begun
        if context.stopping() or (late > SECONDS and done >= wide) or late > 3 * SECONDS:
            break
    rounds = done // wide
    return [each[:rounds] if rounds else each for each in found], rounds


def _stacks(
    size: int, wide: int, shuffles: int, per_stack: int, rng: np.random.Generator
) -> Iterator[list[Shuffle]]:
    """Yield the shuffles, all columns once, then again, so many at a time."""
    stack: list[Shuffle] = []
    for number in range(wide * shuffles):
        stack.append(Shuffle(number % wide, rng.permutation(size)))
        if len(stack) == per_stack:
            yield stack
            stack = []
    if stack:
        yield stack


def stacked(X: pd.DataFrame, stack: Sequence[Shuffle]) -> pd.DataFrame:
    """Return the rows once for each shuffle, its column in the new order."""
    size = len(X)
    places = np.tile(np.arange(size), len(stack))
    rows = X.iloc[places].reset_index(drop=True)
    for column in {shuffle.column for shuffle in stack}:
        moved = places.copy()
        for number, shuffle in enumerate(stack):
            if shuffle.column == column:
                moved[number * size : (number + 1) * size] = shuffle.order
        rows[X.columns[column]] = X.iloc[moved, column].reset_index(drop=True)
    return rows


def _interval(drops: list[float], confidence: float) -> tuple[float | None, float | None]:
    """Return Student's interval of a mean: the spread is estimated from a few values."""
    if len(drops) < 2:
        return None, None
    reach = stats.t.ppf((1 + confidence) / 2, len(drops) - 1) * stats.sem(drops)
    mean = float(np.mean(drops))
    return float(mean - reach), float(mean + reach)


def picture(found: tuple[Score, ...], metric: str) -> tuple[Chart, Grid]:
    """Return the importance as chart and table."""
    top = found[:SHOWN]
    rows = [{"label": s.metric, "value": s.value, "low": s.low, "high": s.high} for s in top]
    text = f"{metric} falls most without " + ", ".join(
        f"{s.metric} ({s.value:.3g})" for s in top[:3]
    )
    title = "Permutation importance"
    drawn = charts.intervals(
        "importance", title, text, rows, axis=f"drop of {metric} when shuffled"
    )
    columns = ("column", f"drop of {metric}", "low", "high")
    grid = Grid(
        name="importance",
        title=title,
        columns=columns,
        rows=tuple((s.metric, s.value, s.low, s.high) for s in top),
    )
    return drawn, grid
