"""What a target is: classes or a quantity."""

from __future__ import annotations

import numpy as np
import pandas as pd

MOST_CLASSES = 20
"""Whole numbers with at most this many values are classes, with more a quantity."""


def guess(y: pd.Series) -> str:
    """Return the task a target suggests: text, booleans or few whole numbers are classes."""
    if not pd.api.types.is_numeric_dtype(y.dtype) or pd.api.types.is_bool_dtype(y.dtype):
        return "classification"
    values = pd.unique(y)
    whole = len(values) <= MOST_CLASSES and are_whole(np.asarray(values, "float64"))
    return "classification" if whole else "regression"


def are_whole(values: np.ndarray) -> bool:
    """Tell whether all values are whole numbers; infinite ones are none."""
    return bool(np.isfinite(values).all() and (values == np.trunc(values)).all())
