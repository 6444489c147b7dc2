"""Booleans: numbers already, zero and one."""

from __future__ import annotations

from typing import Any

import pandas as pd

ROLE = "boolean"
NUMERIC = True


def matches(column: pd.Series) -> bool:
    """Tell whether a column holds true and false."""
    return bool(pd.api.types.is_bool_dtype(column.dtype)) and column.dtype != object


def describe(column: pd.Series) -> dict[str, Any]:
    """Return the share of true values and both counts."""
    known = column.dropna().astype(bool)
    true = int(known.sum())
    mean = true / len(known) if len(known) else None
    return {"mean": mean, "counts": (("false", len(known) - true), ("true", true))}


def encoder(*, method: str = "") -> Any:
    """Return the identity: true is one."""
    from sklearn.preprocessing import FunctionTransformer

    del method
    return FunctionTransformer(feature_names_out="one-to-one")
