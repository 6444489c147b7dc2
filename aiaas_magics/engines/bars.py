"""Histograms for people: few bars with labels that differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

MOST = 20
"""Bars of a histogram in a profile; see `specs.results.Column`."""
DIGITS = (3, 4, 6, 9, 12, 17)
"""Significant digits of labels: the fewest that tell them apart."""


def of_numbers(ordered: np.ndarray[Any, Any]) -> tuple[tuple[str, int], ...]:
    """Return the bars of sorted, finite numbers: one a value where they are few whole numbers."""
    if not ordered.size:
        return ()
    values, counts = _few(ordered)
    if values is not None:
        return tuple((f"{value:g}", int(n)) for value, n in zip(values, counts, strict=True))
    return of_spans(ordered, lambda edges: labels(edges.tolist()))


def _few(ordered: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any] | None, Any]:
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    if len(starts) > MOST:
        return None, None
    values = ordered[starts]
    return (values if (values == np.round(values)).all() else None), np.diff(
        np.r_[starts, len(ordered)]
    )


def of_spans(
    ordered: np.ndarray[Any, Any], name: Callable[[np.ndarray[Any, Any]], Sequence[str]]
) -> tuple[tuple[str, int], ...]:
    """Return bars over spans of equal width, their number after Sturges (1926): 1 + log2(n).

    Parameters
    ----------
    ordered
        Sorted, finite values, at least one.
    name
        Gives the labels of the spans between the edges it gets.
    """
    low, high = float(ordered[0]), float(ordered[-1])
    if not np.isfinite(high - low):  # the width itself is too large for a float
        return ()
    count = min(MOST, 1 + int(np.ceil(np.log2(len(ordered))))) if high > low else 1
    with np.errstate(over="ignore"):  # the last edge is set to `high` itself
        edges = np.linspace(low, high, count + 1)
    inner = np.searchsorted(ordered, edges[1:-1], side="left")
    rows = np.diff(np.r_[0, inner, len(ordered)])
    return tuple(zip(name(edges), (int(n) for n in rows), strict=True))


def labels(edges: Sequence[float]) -> list[str]:
    """Return ``low to high`` for each pair of neighbours."""
    for digits in DIGITS:
        words = [f"{edge:.{digits}g}" for edge in edges]
        if len(set(words)) == len(set(edges)):
            break
    return [f"{low} to {high}" for low, high in pairwise(words)]
