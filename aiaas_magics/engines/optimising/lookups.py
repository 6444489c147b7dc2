"""Encoders of columns of few values, asked once for each value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, TargetEncoder

from aiaas_magics.engines.optimising.base import Unconvertible, named
from aiaas_magics.engines.transformers import RareCategories
from aiaas_magics.predictors.fronts import REFUSED, Known, Lookup
from aiaas_magics.predictors.packed import Array
from aiaas_magics.predictors.sklearn import series
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.records import Signature

ENCODERS = (OneHotEncoder, OrdinalEncoder, TargetEncoder, RareCategories)
"""What works on columns of few values, one by one."""
NEVER = "\x00 a text that no column holds \x00"


class _Column(NamedTuple):
    """A column: its place among the inputs, its dtype, and what the encoders know of it."""

    place: int
    name: str
    kind: str
    gaps: bool
    values: list[JSON]

    def unknown(self) -> JSON:
        """Return a value that is none of the known."""
        if self.kind == "string":
            return NEVER
        return max([float(value) for value in self.values], default=0.0) + 1.0

    def series(self, values: list[JSON]) -> Any:
        """Return values as the column holds them."""
        return series(values, self.kind, gaps=self.gaps)


def of(parts: Sequence[Any], places: Sequence[int], signature: Signature) -> tuple[Lookup, int]:
    """Return a table for each column, and how many numbers they become.

    Parameters
    ----------
    parts
        Fitted transformers that work on each column by itself, one after the other.
    places
        The columns among the inputs of `signature`.

    Raises
    ------
    Unconvertible
        If a column holds dates, or decides what another one does.
    """
    for part in parts:
        if not isinstance(
            part, (*ENCODERS, SimpleImputer)
        ):  # it may make known values of any others
            raise Unconvertible(f"{named(part)} before an encoder")
    columns = [_column(parts, i, place, signature) for i, place in enumerate(places)]
    base = _encoded(parts, columns, None, [])
    if base is None:
        raise Unconvertible("an encoder that refuses the values it knows")
    known, taken = [], np.zeros(base.shape[1], dtype=bool)
    for column in columns:
        found = _known(parts, columns, column, base)
        if taken[list(found.places)].any():
            raise Unconvertible("an encoder that looks at two columns together")
        taken[list(found.places)] = True
        known.append(found)
    return Lookup(Array.of(base[0]), tuple(known)), base.shape[1]


def _column(parts: Sequence[Any], number: int, place: int, signature: Signature) -> _Column:
    name, kind = signature.inputs[place]
    if kind == "datetime":
        raise Unconvertible("an encoder on a column of dates")
    gaps = name not in signature.required
    values = list(dict.fromkeys(v for part in parts for v in _values(part, number, kind)))
    return _Column(place, name, kind, gaps, values)


def _values(part: Any, number: int, kind: str) -> list[JSON]:
    """Return the values an encoder or imputer tells apart in its column `number`, gaps left out."""
    listed = getattr(part, "categories_", None) or getattr(part, "kept_", None)
    found = [] if listed is None else list(listed[number])
    found += [part.missing_values] if isinstance(part, SimpleImputer) else []
    found = [value for value in found if not pd.isna(value)]
    if kind == "string":
        return [str(value) for value in found]
    if kind == "boolean":
        return [False, True]
    return [read for value in found if (read := _number(value)) is not None]


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None


def _known(
    parts: Sequence[Any], columns: list[_Column], column: _Column, base: np.ndarray
) -> Known:
    """Return what the values of one column become while the others stay as they are."""
    rows = _encoded(parts, columns, column, column.values) if column.values else base[:0]
    if rows is None:
        raise Unconvertible("an encoder that refuses the values it knows")
    gap = _encoded(parts, columns, column, [None]) if column.gaps else None
    other = None
    if column.kind != "boolean":
        other = _encoded(parts, columns, column, [column.unknown()])
    made = [row for row in (rows, gap, other) if row is not None]
    table = np.concatenate(made)
    places = np.flatnonzero((table != base).any(axis=0) & ~_same_gaps(table, base))
    return Known(
        column=column.place, values=tuple(column.values), places=tuple(places.tolist()),
        table=Array.of(table[:, places]),
        missing=REFUSED if gap is None else len(rows),
        unknown=REFUSED if other is None else len(table) - 1,
    )  # fmt: skip


def _same_gaps(table: np.ndarray, base: np.ndarray) -> np.ndarray:
    return np.asarray(np.isnan(table).all(axis=0) & np.isnan(base).all(axis=0))


def _encoded(
    parts: Sequence[Any], columns: list[_Column], column: _Column | None, values: list[JSON]
) -> np.ndarray | None:
    """Return what encoders make of values of one column, the others at their first; None if they refuse.

    Of no column: the row of first values.
    """
    rest = {c.name: [c.values[0] if c.values else None] * max(1, len(values)) for c in columns}
    asked = rest if column is None else rest | {column.name: values}
    table: Any = pd.DataFrame({c.name: c.series(asked[c.name]) for c in columns})
    try:
        for part in parts:
            table = part.transform(table)
    except ValueError:
        return None
    table = table.toarray() if hasattr(table, "toarray") else table
    return np.asarray(table, dtype="float64")
