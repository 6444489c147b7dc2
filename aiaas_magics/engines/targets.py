"""What a target is: classes or a quantity."""

from __future__ import annotations

import numpy as np
import pandas as pd

MOST_CLASSES = 20
"""Whole numbers with at most this many values are classes, with more a quantity ..."""
LEAST_ROWS = 2
"""... if they come in this many rows on average: 14 pulses of 20 men are no classes."""


def guess(y: pd.Series) -> str:
    """Return the task a target suggests: text, booleans or few whole numbers are classes."""
    if not pd.api.types.is_numeric_dtype(y.dtype) or pd.api.types.is_bool_dtype(y.dtype):
        return "classification"
    values = pd.unique(y)
    few = len(values) <= max(2, min(MOST_CLASSES, len(y) / LEAST_ROWS))
    whole = few and are_whole(np.asarray(values, "float64"))
    return "classification" if whole else "regression"


def are_whole(values: np.ndarray) -> bool:
    """Tell whether all values are whole numbers; infinite ones are none."""
    return bool(np.isfinite(values).all() and (values == np.trunc(values)).all())
