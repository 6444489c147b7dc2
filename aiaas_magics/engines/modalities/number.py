"""Numbers: taken as they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

ROLE = "number"
NUMERIC = True
BARS = 20


def matches(column: pd.Series) -> bool:
    """Tell whether a column holds numbers."""
    return bool(pd.api.types.is_numeric_dtype(column.dtype))


def describe(column: pd.Series) -> dict[str, Any]:
    """Return range, mean, standard deviation (n - 1) and a histogram of equally wide bars."""
    values = column.to_numpy(dtype="float64", na_value=np.nan)
    values = values[np.isfinite(values)]
    if not len(values):
        return {}
    low, high = float(values.min()), float(values.max())
    std = float(values.std(ddof=1)) if len(values) > 1 else None
    counts, edges = np.histogram(values, bins=BARS if high > low else 1)
    bars = tuple((f"{edge:.4g}", int(n)) for edge, n in zip(edges, counts, strict=False))
    return {"low": low, "high": high, "mean": float(values.mean()), "std": std, "counts": bars}


def encoder(*, method: str = "") -> Any:
    """Return the identity: numbers need no encoding."""
    from sklearn.preprocessing import FunctionTransformer

    del method
    return FunctionTransformer(feature_names_out="one-to-one")
