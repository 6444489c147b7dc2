"""Truth values: they are numbers already, and gaps take the more frequent one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
from sklearn.impute import SimpleImputer

from aiaas_magics.engines.modalities import Summary

if TYPE_CHECKING:
    Series = pd.Series[Any]


def recognises(column: Series) -> bool:
    """Tell whether the column holds truth values."""
    categorical = isinstance(column.dtype, pd.CategoricalDtype)
    return pd.api.types.is_bool_dtype(column.dtype) and not categorical


def describe(column: Series) -> Summary:
    """Return how many are false and true; the mean is the share of true."""
    values = column.dropna().to_numpy(dtype=bool)
    true = int(values.sum())
    found = [(str(value), n) for value, n in ((False, len(values) - true), (True, true)) if n]
    mean = true / len(values) if len(values) else None
    return Summary(len(found), mean=mean, counts=tuple(found))


def encode(frame: pd.DataFrame, *, takes_missing: bool, takes_sparse: bool) -> Any:
    """Leave truth values as they are; fill gaps where they must be filled."""
    del takes_sparse
    if takes_missing or not frame.isna().to_numpy().any():
        return "passthrough"
    return SimpleImputer(strategy="most_frequent", keep_empty_features=True)
