"""What a model takes and gives, told from the table it learned from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.records import Signature
from aiaas_magics.specs.schema import MOST_VALUES, Expectation

YEARS = (1678, 2261)
"""What 64 bits of nanoseconds hold: dates beyond are no expectation."""


def of(
    X: pd.DataFrame,
    roles: Mapping[str, str],
    *,
    target: str,
    classes: tuple[JSON, ...],
    rows: np.ndarray[Any, Any] | None = None,
) -> Signature:
    """Return what a model of these features takes and gives.

    What it expects of them is learned from `rows` alone, by position: those it was trained on.
    """
    inputs = tuple((str(name), _kind(X[name].dtype, roles[name])) for name in X.columns)
    required = tuple(str(name) for name in X.columns if not X[name].isna().any())
    zones = {str(name): zone for name in X.columns if (zone := _zone(X[name].dtype))}
    expects = {
        name: found
        for name, kind in inputs
        if (found := _expected(X[name] if rows is None else X[name].iloc[rows], kind, roles[name]))
    }
    return Signature(
        inputs=inputs, output=target, classes=classes, required=required, zones=zones, expects=expects
    )  # fmt: skip


def _expected(column: pd.Series[Any], kind: str, role: str) -> Expectation | None:
    """Return what a column holds: the range of numbers and dates, the values of categories."""
    if role == "category":
        values = column.dropna().unique().tolist()
        if kind == "datetime" or len(values) > MOST_VALUES:
            return None
        return Expectation(values=tuple(sorted(values)))
    if role == "date":
        low, high = column.min(), column.max()
        told = not pd.isna(low) and low.year >= YEARS[0] and high.year <= YEARS[1]
        found = (low.isoformat(), high.isoformat()) if told else None
    elif role == "number":
        numbers = column.to_numpy()
        numbers = numbers[np.isfinite(numbers)] if numbers.dtype.kind == "f" else numbers
        found = (numbers.min().item(), numbers.max().item()) if numbers.size else None
    else:
        found = None
    return Expectation(low=found[0], high=found[1]) if found else None


def _zone(dtype: Any) -> str:
    """Return the name of a column's time zone, if it has one."""
    return str(getattr(values_dtype(dtype), "tz", None) or "")


def values_dtype(dtype: Any) -> Any:
    """Return what the values are: a pandas categorical may hold numbers or dates."""
    return dtype.categories.dtype if isinstance(dtype, pd.CategoricalDtype) else dtype


def _kind(dtype: Any, role: str) -> str:
    if role == "category":
        dtype = values_dtype(dtype)
        role = {"b": "boolean", "i": "number", "u": "number", "f": "number", "M": "date"}.get(
            dtype.kind, role
        )
    if role == "date":
        return "datetime"
    if role == "boolean":
        return "boolean"
    if role == "number":
        return "long" if pd.api.types.is_integer_dtype(dtype) else "double"
    return "string"
