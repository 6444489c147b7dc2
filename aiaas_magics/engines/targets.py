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
    whole = len(values) <= MOST_CLASSES and bool(np.all(np.mod(np.asarray(values), 1) == 0))
    return "classification" if whole else "regression"
