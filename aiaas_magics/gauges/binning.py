"""Rows as codes, and codes as counts: the same at deployment, in an endpoint and in a report.

A *code* is a number that says all that is counted of a value: a number is its own, a date is its seconds since 1970, a
category its place among those known, a text its hash; a gap is NaN. Codes are float64 of shape (rows, series).
"""

from __future__ import annotations

import datetime as dt
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.reference import HASHES, Reference, Series

Columns = Mapping[str, Sequence[JSON]]
Array = np.ndarray[Any, Any]


class Binning:
    """Codes and counts of one version's features and answers."""

    def __init__(self, reference: Reference) -> None:
        self.reference = reference
        self._features, self._answers = reference.features, reference.answers
        self._edges = [np.array(each.edges) for each in reference.series]
        starts = np.cumsum([0, *(each.width for each in reference.series)])
        self.starts: list[int] = starts.tolist()
        self.width = self.starts[-1]
        self._coders = [_CODERS[each.kind](each) for each in self._features]
        self._classes = {value: i for i, value in enumerate(self._answers[0].values)}

    def features(self, columns: Columns) -> Array:
        """Return the codes of rows given by column, shape (rows, features)."""
        found = [
            code(columns[s.name]) for s, code in zip(self._features, self._coders, strict=True)
        ]
        return np.column_stack(found)

    def answers(self, labels: Array, proba: Array | None) -> Array:
        """Return the codes of answers, shape (rows, answers): the label, and the probability where it is known.

        Of two classes it is the last one's probability, of more that of the most probable one.
        """
        if self._answers[0].kind != "category":
            return labels.astype("float64").reshape(-1, 1)
        other = float(len(self._classes))
        known = np.array(
            [self._classes.get(label, other) for label in labels.tolist()], dtype="float64"
        )
        if proba is None:
            sure = np.full(len(known), np.nan)
        else:
            sure = proba[:, 1] if proba.shape[1] == 2 else proba.max(axis=1)
        return np.column_stack([known, sure])

    def count(self, codes: Array) -> Array:
        """Return the counts of coded rows (features and answers): of each series its cells and extras, shape (width,)."""
        found = np.zeros(self.width, dtype="int64")
        for i, series in enumerate(self.reference.series):
            start = self.starts[i]
            column = codes[:, i]
            gaps = np.isnan(column)
            missing = int(np.count_nonzero(gaps))
            known = column[~gaps] if missing else column
            cells = self.cells(i, known)
            found[start : start + series.cells] = np.bincount(cells, minlength=series.cells)
            found[start + series.cells] = missing
            if series.low is not None and series.high is not None:
                found[start + series.cells + 1] = np.count_nonzero(known < series.low)
                found[start + series.cells + 2] = np.count_nonzero(known > series.high)
        return found

    def cells(self, number: int, codes: Array) -> Array:
        """Return the cell of each code of a series; codes are no gaps."""
        series = self.reference.series[number]
        if series.kind in ("number", "date"):
            return np.searchsorted(self._edges[number], codes, side="left")
        return np.clip(codes, 0, series.cells - 1).astype("int64")

    def part(self, counts: Array, number: int) -> tuple[Array, dict[str, int]]:
        """Return a series' cells and its extras (missing, low, high) out of counts."""
        start, cells = self.starts[number], self.reference.series[number].cells
        missing, low, high = counts[start + cells : start + cells + 3].tolist()
        return counts[start : start + cells], {"missing": missing, "low": low, "high": high}


Code = Callable[[Sequence[JSON]], Array]


def _numbers(series: Series) -> Code:
    del series
    return lambda values: np.array(values, dtype="float64")  # None becomes NaN


def _dates(series: Series) -> Code:
    del series
    return lambda values: np.array(
        [np.nan if v is None else moment(str(v)) for v in values], dtype="float64"
    )


def moment(text: str) -> float:
    """Return the seconds since 1970 that a clock on the wall shows."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC).timestamp()


def _categories(series: Series) -> Code:
    places: dict[Any, float] = {value: float(i) for i, value in enumerate(series.values)}
    other = float(len(places))
    places[None] = np.nan
    return lambda values: np.array([places.get(v, other) for v in values], dtype="float64")


def _texts(series: Series) -> Code:
    del series
    return lambda values: np.array(
        [np.nan if v is None else hashed(str(v)) for v in values], dtype="float64"
    )


def hashed(text: str) -> float:
    """Return the cell of a text."""
    return float(zlib.crc32(text.encode(errors="surrogatepass")) % HASHES)


_CODERS: dict[str, Callable[[Series], Code]] = {
    "number": _numbers, "date": _dates, "category": _categories, "text": _texts,
}  # fmt: skip
