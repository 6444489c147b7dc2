"""Whether rows have drifted from their reference: tests that know how many rows they see, on binned counts.

Numbers are compared by the Kolmogorov-Smirnov distance at the edges of the cells, which is never larger than that of the
values themselves: a false alarm is never likelier. Dates go on with time, so that newer ones are no news; what is tested is
whether they have become older, by the one-sided distance. Categories are compared by chi-squared, rare ones taken together. All
tests of a window share one rate of false alarms (Benjamini and Hochberg 1995: where nothing has drifted, the chance of
a single alarm). What is significant is drift only if it is large enough to matter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

from aiaas_magics.gauges.binning import Binning
from aiaas_magics.specs.reference import Series

Array = np.ndarray[Any, Any]
ALPHA = 0.01
"""The chance of a false alarm in a window, over all its tests."""
LEAST = 0.1
"""Of the KS distance, or of the share of rows in other categories: Cohen (1988) calls 0.1 a small effect."""
LEAST_GAPS = 0.05
"""Of the share of gaps, that came or went."""
EXPECTED = 5.0
"""Rows a category must be expected to have for chi-squared to hold (Cochran 1954); others are taken together."""
FEWEST = 30
"""Rows below which nothing is tested: not even half a standard deviation would be seen."""


class Drift(NamedTuple):
    """One series in a window: its rows, the tests' answers, and what is odd about single values.

    ``p`` is corrected for all tests of the window; None: not tested. ``effect`` is the KS distance (of dates: towards older
    ones), or the share of rows that moved to other categories.
    """

    series: Series
    rows: int
    effect: float | None
    p: float | None
    drifted: bool
    missing: float
    """Share of the rows with a gap."""
    missing_before: float
    missing_p: float | None
    gaps: bool
    """Whether gaps have become more, or fewer, by more than chance."""
    odd: int
    """Values out of range, or categories that are unknown."""
    before: Array
    counts: Array
    """Rows by cell before and now, gaps left out."""


def compare(binning: Binning, counts: Array) -> list[Drift]:
    """Compare a window's counts, shape (width,), with the reference: a drift a series, in their order."""
    return _tested(binning, counts, _reference(binning), TESTS)


def compared(binning: Binning, counts: Array, other: Array) -> list[Drift]:
    """Compare two windows' counts, of one layout and one time; `other` is what `counts` has drifted from."""
    return _tested(binning, counts, other, TESTS | {"date": numbers})


def _tested(
    binning: Binning, counts: Array, other: Array, tests: Mapping[str, Test]
) -> list[Drift]:
    looks = [
        _look(series, _part(binning, counts, i), _part(binning, other, i), tests[series.kind])
        for i, series in enumerate(binning.reference.series)
    ]
    raw = [p for look in looks for p in (look.p, look.missing_p) if p is not None]
    corrected = iter(stats.false_discovery_control(raw).tolist() if raw else ())
    return [_decided(look, corrected) for look in looks]


def _part(binning: Binning, counts: Array, number: int) -> tuple[Array, dict[str, int]]:
    """Return a series' cells and extras; a probability nobody asked for is no gap."""
    cells, extras = binning.part(counts, number)
    answer = number >= len(binning.reference.features)
    return cells, extras | ({"missing": 0} if answer else {})


def _reference(binning: Binning) -> Array:
    found = np.zeros(binning.width, dtype="int64")
    for i, series in enumerate(binning.reference.series):
        if series.counts:
            start = binning.starts[i]
            found[start : start + series.cells] = series.counts
            found[start + series.cells] = series.missing
    return found


def _look(
    series: Series,
    now: tuple[Array, dict[str, int]],
    then: tuple[Array, dict[str, int]],
    test: Test,
) -> Drift:
    (counts, extras), (before, known) = now, then
    rows, rows_before = int(counts.sum()), int(before.sum())
    effect = p = None
    if rows >= FEWEST and rows_before >= FEWEST and np.count_nonzero(counts + before) > 1:
        effect, p = test(before, counts)
    elif rows >= FEWEST and rows_before >= FEWEST:
        effect, p = 0.0, 1.0
    gaps, gaps_before = extras["missing"], known["missing"]
    unknown = int(counts[-1]) if series.kind == "category" else 0
    return Drift(
        series=series, rows=rows + gaps, effect=effect, p=p, drifted=False,
        missing=gaps / max(rows + gaps, 1), missing_before=gaps_before / max(rows_before + gaps_before, 1),
        missing_p=_gaps(rows, gaps, rows_before, gaps_before), gaps=False,
        odd=unknown + extras["low"] + extras["high"], before=before, counts=counts,
    )  # fmt: skip


def _decided(look: Drift, corrected: Any) -> Drift:
    p = None if look.p is None else next(corrected)
    gaps_p = None if look.missing_p is None else next(corrected)
    change = abs(look.missing - look.missing_before)
    return look._replace(
        p=p,
        missing_p=gaps_p,
        drifted=p is not None and p < ALPHA and (look.effect or 0.0) >= LEAST,
        gaps=gaps_p is not None and gaps_p < ALPHA and change >= LEAST_GAPS,
    )


def numbers(before: Array, now: Array) -> tuple[float, float]:
    """Return the KS distance of two counts of the same cells, and its p-value.

    The p-value is that of ``scipy.stats.ks_2samp(method="asymp")``: of one sample of nm / (n + m) rows.
    """
    n, m = int(before.sum()), int(now.sum())
    distance = float(np.abs(np.cumsum(before) / n - np.cumsum(now) / m).max())
    return distance, float(stats.kstwo.sf(distance, max(round(n * m / (n + m)), 1)))


def older(before: Array, now: Array) -> tuple[float, float]:
    """Return by how much dates lie before those they are compared with: the one-sided KS distance, and its p-value.

    The p-value is that of ``scipy.stats.ks_2samp(alternative="less", method="asymp")``: Hodges' (1958), equation 5.3.
    """
    n, m = int(before.sum()), int(now.sum())
    distance = max(0.0, float((np.cumsum(now) / m - np.cumsum(before) / n).max()))
    most, least = max(n, m), min(n, m)
    z = distance * (n * m / (n + m)) ** 0.5
    bend = 2 * z * (most + 2 * least) / (most * least * (most + least)) ** 0.5 / 3
    return distance, float(np.exp(-2 * z**2 - bend))


def categories(before: Array, now: Array) -> tuple[float, float]:
    """Return the share of rows that moved to other categories, and the p-value of Pearson's chi-squared.

    Categories too rare for the test are taken together, the rarest first; of two Fisher's exact test is asked.
    """
    moved = float(np.abs(before / before.sum() - now / now.sum()).sum() / 2)
    table = _together(np.array([before, now]))
    if table.shape[1] < 2:
        return moved, 1.0
    if table.shape[1] == 2:
        return moved, float(stats.fisher_exact(table).pvalue)
    return moved, float(stats.chi2_contingency(table, correction=False).pvalue)


Test = Callable[[Array, Array], tuple[float, float]]
TESTS: dict[str, Test] = {
    "number": numbers, "date": older, "category": categories, "text": categories,
}  # fmt: skip
"""By kind of series: a function of two counts of the same cells that returns an effect and its p-value."""


def _together(table: Array) -> Array:
    """Return a table of two rows without empty columns and, down to two columns, none too rare in the smaller row."""
    table = table[:, table.sum(axis=0) > 0]
    share = table.sum(axis=1).min() / table.sum()
    order = np.argsort(table.sum(axis=0), kind="stable")
    table = table[:, order]
    expected = table.sum(axis=0) * share
    rare = int(np.searchsorted(expected, EXPECTED))
    if rare == 0 or len(expected) <= 2:
        return table
    rare = min(rare, len(expected) - 1)
    while rare < len(expected) - 1 and expected[:rare].sum() < EXPECTED:
        rare += 1
    return np.column_stack([table[:, :rare].sum(axis=1), table[:, rare:]])


def _gaps(rows: int, gaps: int, rows_before: int, gaps_before: int) -> float | None:
    """Return the p-value of as many gaps, by Fisher's exact test; None where there are none, or too few rows."""
    if not gaps + gaps_before or min(rows + gaps, rows_before + gaps_before) < FEWEST:
        return None
    return float(stats.fisher_exact([[gaps_before, rows_before], [gaps, rows]]).pvalue)


def quantile(series: Series, counts: Sequence[int] | Array, share: float = 0.5) -> float | None:
    """Return what a share of a number's rows stays below (the median), as the edge of its cell; None without rows."""
    total = int(np.sum(counts))
    if not total or not series.edges:
        return None
    cell = int(np.searchsorted(np.cumsum(counts), share * total))
    return series.edges[min(cell, len(series.edges) - 1)]


def moved_most(series: Series, before: Array, now: Array) -> tuple[Any, float, float] | None:
    """Return the category whose share changed most, with its shares before and now; None: all others are unknown."""
    if not before.sum() or not now.sum():
        return None
    shares = before / before.sum(), now / now.sum()
    place = int(np.abs(shares[1] - shares[0]).argmax())
    name = series.values[place] if place < len(series.values) else None
    return name, float(shares[0][place]), float(shares[1][place])
