"""Numbers: whole or not, signed or not, with or without gaps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from aiaas_magics.engines import bars
from aiaas_magics.engines.encoders import Medians
from aiaas_magics.engines.modalities import Summary

if TYPE_CHECKING:
    Series = pd.Series[Any]


def recognises(column: Series) -> bool:
    """Tell whether the column holds numbers."""
    dtype = column.dtype
    return pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype)


def describe(column: Series) -> Summary:
    """Return range, mean, deviation and histogram; infinities count as values only."""
    ordered = np.sort(column.dropna().to_numpy())
    if not ordered.size:
        return Summary(0)
    distinct = 1 + int(np.count_nonzero(ordered[1:] != ordered[:-1]))
    finite = ordered if ordered.dtype.kind in "iu" else ordered[np.isfinite(ordered)]
    if not finite.size:
        return Summary(distinct)
    with np.errstate(over="ignore", invalid="ignore"):
        mean = float(finite.mean(dtype="float64"))
        std = float(finite.std(ddof=1, dtype="float64")) if len(finite) > 1 else None
    return Summary(
        distinct,
        low=finite[0].item(),
        high=finite[-1].item(),
        mean=_beyond_rounding(mean, std, len(finite)) if np.isfinite(mean) else None,
        std=std if std is not None and np.isfinite(std) else None,
        counts=bars.of_numbers(finite),
    )


def _beyond_rounding(mean: float, std: float | None, count: int) -> float:
    """Return 0 for a mean that is but the error of its sum, and differs from machine to machine.

    The bound is ``count * eps`` of the size of the terms (Higham 2002, Accuracy and Stability, 4.2).
    """
    noise = count * float(np.finfo("float64").eps) * (std or 0.0)
    return 0.0 if abs(mean) <= noise else mean


def encode(frame: pd.DataFrame, *, takes_missing: bool, takes_sparse: bool) -> Any:
    """Leave numbers as they are; fill gaps with the median where they must be filled.

    The median is the same whatever the scale and not drawn away by outliers.
    """
    del takes_sparse
    if takes_missing or not frame.isna().to_numpy().any():
        return "passthrough"
    # A column without a value in one fold of a cross-validation must not go away in that fold.
    return Medians(strategy="median", keep_empty_features=True)
