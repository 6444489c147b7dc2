"""The worst slices: parts of the rows, by a column or a pair of columns, where a model is worst.

A slice is a category, a truth value, a quarter of a number's or a date's range, or a gap; a pair is
two of them at once. All of them are measured, by three products of matrices, and compared with the
rows outside: share of right calls by Newcombe's interval of a difference (Statistics in Medicine 17,
1998, method 10), absolute error by Welch's. The intervals hold for all slices at once (Bonferroni,
half of the error for columns, half for pairs), so that a slice whose interval leaves out 0 is no
accident of looking at many.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from aiaas_magics.cards.style import one_line
from aiaas_magics.engines.evaluation import Found
from aiaas_magics.engines.evaluation.words import points, value_of
from aiaas_magics.engines.measuring import Outcome
from aiaas_magics.specs.results import Grid

LEAST_ROWS, LEAST_SHARE = 20, 0.01
"""Rows a slice has at least, and their share of all."""
QUARTERS = 4
MOST_VALUES = 10
"""Categories of a column, the most frequent first; the others are no slices."""
MOST_SLICES = 300
"""Single slices that pairs are made of: 90,000 pairs."""
MOST_ROWS = 50_000
UNSURE = 3
"""Slices shown where none is surely worse than the rest."""
ALIKE = 0.5
"""Two slices that share this much of what either holds (Jaccard) are shown as one."""


class Slice(NamedTuple):
    """A part of the rows: its words, and which they are, shape (n,), True and False."""

    column: int
    words: str
    inside: np.ndarray


class Worst(NamedTuple):
    """A slice's rows, its mean loss, and how much larger that is than outside, with bounds."""

    words: str
    rows: int
    loss: float
    more: float
    low: float
    high: float


def found(
    X: pd.DataFrame,
    roles: dict[str, str],
    outcome: Outcome,
    *,
    most: int,
    confidence: float,
    seed: int,
) -> Found:
    """Return the worst slices as a table and a sentence; nothing where there are too few rows."""
    whole = len(X)
    if whole > MOST_ROWS:
        chosen = np.sort(np.random.default_rng(seed).choice(len(X), MOST_ROWS, replace=False))
        X, outcome = X.iloc[chosen], _of(outcome, chosen)
    shares = bool(outcome.classes)
    losses = (
        (outcome.truth != outcome.calls).astype("float64")
        if shares
        else np.abs(outcome.truth - outcome.calls)
    )
    least = max(LEAST_ROWS, int(np.ceil(LEAST_SHARE * len(X))))
    singles = [each for each in slices(X, roles) if least <= each.inside.sum() <= len(X) - least]
    singles = singles[:MOST_SLICES]
    if not singles:
        return Found()
    worst, looked = worst_of(singles, losses, least, shares=shares, confidence=confidence)
    shown = [each for each in worst if each.low > 0][:most] or worst[: min(most, UNSURE)]
    if not shown:
        return Found()
    return Found(
        (_sentence(shown[0], _looked(looked, len(X), whole), shares=shares),),
        (_grid(shown, _looked(looked, len(X), whole), confidence, shares=shares),),
    )


def _of(outcome: Outcome, rows: np.ndarray) -> Outcome:
    proba = None if outcome.proba is None else outcome.proba[rows]
    return Outcome(outcome.truth[rows], outcome.calls[rows], proba, outcome.classes)


# which slices there are -------------------------------------------------------------------------
def slices(X: pd.DataFrame, roles: dict[str, str]) -> Iterator[Slice]:
    """Yield the slices of each column; prose has none but its gaps."""
    for place, name in enumerate(X.columns):
        column, role = X[name], roles.get(str(name), "")
        shown = one_line(name, 40)
        gaps = column.isna().to_numpy()
        if role in ("number", "date"):
            yield from _quarters(place, shown, column, gaps)
        elif role != "text":
            yield from _values(place, shown, column)
        if gaps.any():
            yield Slice(place, f"{shown} is missing", gaps)


def _values(place: int, name: str, column: pd.Series) -> Iterator[Slice]:
    for value in column.value_counts().index[:MOST_VALUES]:
        yield Slice(place, f"{name} = {value_of(value)}", (column == value).to_numpy(dtype=bool))


def _quarters(place: int, name: str, column: pd.Series, gaps: np.ndarray) -> Iterator[Slice]:
    """Yield the quarters of a column; few different values are slices of their own."""
    known = column[~gaps]
    values = known.drop_duplicates()
    if len(values) <= QUARTERS + 1:
        yield from _values(place, name, column)
        return
    parts = np.linspace(0, 1, QUARTERS + 1)[1:-1]
    edges = known.quantile(parts, interpolation="lower").drop_duplicates().tolist()
    edges = [edge for edge in edges if edge > known.min()]
    for low, high in zip([None, *edges], [*edges, None], strict=True):
        inside = ~gaps
        if low is not None:
            inside = inside & (column >= low).to_numpy(dtype=bool)
        if high is not None:
            inside = inside & (column < high).to_numpy(dtype=bool)
        yield Slice(place, _range(name, low, high), inside)


def _range(name: str, low: object, high: object) -> str:
    if low is None:
        return f"{name} < {value_of(high)}"
    if high is None:
        return f"{name} >= {value_of(low)}"
    return f"{value_of(low)} <= {name} < {value_of(high)}"


# how bad they are -------------------------------------------------------------------------------
def worst_of(
    singles: list[Slice], losses: np.ndarray, least: int, *, shares: bool, confidence: float
) -> tuple[list[Worst], int]:
    """Return the slices that are worse than the rest, those surely so first, and how many were looked at.

    A pair is left out where one of its two slices alone is as bad, and so is what is nearly the same
    rows as a worse one.
    """
    inside = np.array([each.inside for each in singles], dtype="float32")
    columns = np.array([each.column for each in singles])
    spread = [(inside * power) @ inside.T for power in (1, losses, losses**2)]
    counts, sums, squares = (np.asarray(each, dtype="float64") for each in spread)
    apart = np.triu(columns[:, None] != columns[None, :])
    fits = (counts >= least) & (len(losses) - counts >= least)
    alone = np.eye(len(singles), dtype=bool)
    both = apart & fits
    lows = np.full(counts.shape, -np.inf)
    highs, more = lows.copy(), lows.copy()
    for which in (alone, both):
        if which.any():
            level = 1 - (1 - confidence) / (2 if both.any() else 1) / which.sum()
            more[which], lows[which], highs[which] = _differences(
                counts[which], sums[which], squares[which], losses, level, shares=shares
            )
    single = np.diag(lows)
    keeps = alone | (both & (lows > np.maximum(single[:, None], single[None, :])))
    keeps &= more > 0
    order = sorted(zip(*np.nonzero(keeps), strict=True), key=lambda p: (-lows[p], -more[p]))
    return (
        [
            Worst(
                _words(singles, i, j), int(counts[i, j]), float(sums[i, j] / counts[i, j]),
                float(more[i, j]), float(lows[i, j]), float(highs[i, j]),
            )
            for i, j in _different(order, singles)
        ],
        int(alone.sum() + both.sum()),
    )  # fmt: skip


def _words(singles: list[Slice], i: int, j: int) -> str:
    return singles[i].words if i == j else f"{singles[i].words} and {singles[j].words}"


def _different(
    order: list[tuple[int, int]], singles: list[Slice], most: int = 100
) -> Iterator[tuple[int, int]]:
    kept: list[np.ndarray] = []
    for i, j in order[: 10 * most]:
        rows = singles[i].inside & singles[j].inside
        if all((rows & other).sum() <= ALIKE * (rows | other).sum() for other in kept):
            kept.append(rows)
            yield i, j
        if len(kept) == most:
            return


def _differences(
    counts: np.ndarray,
    sums: np.ndarray,
    squares: np.ndarray,
    losses: np.ndarray,
    level: float,
    *,
    shares: bool,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return by how much the mean loss inside is larger than outside, with two-sided bounds."""
    out = len(losses) - counts
    rest, rest_squares = losses.sum() - sums, (losses**2).sum() - squares
    if shares:
        return newcombe(sums, counts, rest, out, level)
    return welch((sums, squares, counts), (rest, rest_squares, out), level)


def newcombe(
    hits: np.ndarray, size: np.ndarray, other_hits: np.ndarray, other_size: np.ndarray, level: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the difference of two shares and its bounds: Newcombe 1998, method 10, from Wilson's."""
    z = stats.norm.ppf((1 + level) / 2)
    here, here_low, here_high = _wilson(hits, size, z)
    there, there_low, there_high = _wilson(other_hits, other_size, z)
    more = here - there
    low = more - np.sqrt((here - here_low) ** 2 + (there_high - there) ** 2)
    high = more + np.sqrt((here_high - here) ** 2 + (there - there_low) ** 2)
    return more, low, high


def _wilson(
    hits: np.ndarray, size: np.ndarray, z: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    share = np.clip(hits / size, 0, 1)
    middle = (share + z**2 / (2 * size)) / (1 + z**2 / size)
    reach = z * np.sqrt(share * (1 - share) / size + z**2 / (4 * size**2)) / (1 + z**2 / size)
    return share, middle - reach, middle + reach


Moments = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Sums, sums of squares, counts."""


def welch(
    inside: Moments, outside: Moments, level: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the difference of two means and its bounds (Welch, Biometrika 34, 1947)."""
    (here, a, n), (there, b, m) = (
        (sums / counts, _variance(sums, squares, counts) / counts, counts)
        for sums, squares, counts in (inside, outside)
    )
    spread = a + b
    with np.errstate(divide="ignore", invalid="ignore"):
        freedom = np.where(spread > 0, spread**2 / (a**2 / (n - 1) + b**2 / (m - 1)), 1.0)
    reach = stats.t.ppf((1 + level) / 2, freedom) * np.sqrt(spread)
    more = here - there
    return more, more - reach, more + reach


def _variance(sums: np.ndarray, squares: np.ndarray, counts: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.maximum(squares - sums**2 / counts, 0.0) / (counts - 1)
    return found


# how it is told ---------------------------------------------------------------------------------
def _looked(slices_: int, rows: int, whole: int) -> str:
    of = f" in {rows:,} of {whole:,} rows" if rows < whole else ""
    return f"{slices_:,} slices{of}"


def _sentence(worst: Worst, looked: str, *, shares: bool) -> str:
    if worst.low <= 0:
        return f"no slice is surely worse than the other rows ({looked} looked at)"
    if shares:
        much = f"accuracy {1 - worst.loss:.3f} on {worst.rows:,} rows, {points(worst.more)} below the rest"
        bounds = f"at least {points(worst.low)}"
    else:
        much = (
            f"mean error {worst.loss:.4g} on {worst.rows:,} rows, {worst.more:.4g} above the rest"
        )
        bounds = f"at least {worst.low:.4g}"
    return f"worst slice: {worst.words}: {much} ({bounds}; of {looked})"


def _grid(shown: list[Worst], looked: str, confidence: float, *, shares: bool) -> Grid:
    sign = -1 if shares else 1
    score = "accuracy" if shares else "mean absolute error"
    rows = tuple(
        (
            each.words, each.rows, 1 - each.loss if shares else each.loss, sign * each.more,
            sign * (each.high if shares else each.low), sign * (each.low if shares else each.high),
            "yes" if each.low > 0 else "not sure",
        )
        for each in shown
    )  # fmt: skip
    title = f"Worst of {looked} (intervals hold for all at once, {100 * confidence:g} %)"
    columns = ("slice", "rows", score, "difference to the rest", "low", "high", "worse")
    return Grid(name="slices", title=title, columns=columns, rows=rows)
