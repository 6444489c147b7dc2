"""What a model takes and gives, told from the table it learned from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.records import Signature


def of(
    X: pd.DataFrame, roles: Mapping[str, str], *, target: str, classes: tuple[JSON, ...]
) -> Signature:
    """Return what a model of these features takes and gives."""
    inputs = tuple((str(name), _kind(X[name].dtype, roles[name])) for name in X.columns)
    required = tuple(str(name) for name in X.columns if not X[name].isna().any())
    zones = {str(name): zone for name in X.columns if (zone := _zone(X[name].dtype))}
    return Signature(inputs=inputs, output=target, classes=classes, required=required, zones=zones)


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
