"""Dates: year, month, day, weekday, hour, and days since 1970."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

ROLE = "date"
NUMERIC = False
BARS = 20
DAY = np.timedelta64(1, "D")


def matches(column: pd.Series) -> bool:
    """Tell whether a column holds points in time."""
    return bool(pd.api.types.is_datetime64_any_dtype(column.dtype))


def describe(column: pd.Series) -> dict[str, Any]:
    """Return the first and last date, and a histogram over time."""
    known = _naive(column).dropna()
    if not len(known):
        return {}
    numbers = known.to_numpy("datetime64[s]").astype("int64")
    counts, edges = np.histogram(numbers, bins=BARS if numbers.min() < numbers.max() else 1)
    starts = edges[:-1].astype("int64").astype("datetime64[s]").astype("datetime64[D]")
    bars = tuple((str(start), int(n)) for start, n in zip(starts, counts, strict=True))
    return {"low": known.min().isoformat(), "high": known.max().isoformat(), "counts": bars}


def encoder(*, method: str = "") -> Any:
    """Return the transformer below."""
    del method
    return DateFeatures()


class DateFeatures(TransformerMixin, BaseEstimator):
    """Turn date columns into numbers: ``days`` since 1970-01-01 and the parts of the calendar.

    Parts that never change in the data it is fitted on are left out. A missing date gives missing
    numbers (nan).
    """

    PARTS = ("days", "year", "month", "day", "weekday", "hour")

    def fit(self, X: pd.DataFrame, y: object = None) -> DateFeatures:
        """Note which parts change."""
        del y
        self.feature_names_in_ = np.array([str(name) for name in X.columns], dtype=object)
        self.n_features_in_ = X.shape[1]
        self.parts_ = [
            [part for part in self.PARTS if part == "days" or _part(X[name], part).nunique() > 1]
            for name in X.columns
        ]
        return self

    def transform(self, X: pd.DataFrame) -> np.ndarray:
        """Return float64 of shape (rows, parts)."""
        check_is_fitted(self)
        found = [
            _part(X[name], part).to_numpy("float64")
            for name, parts in zip(X.columns, self.parts_, strict=True)
            for part in parts
        ]
        return np.column_stack(found)

    def get_feature_names_out(self, input_features: object = None) -> np.ndarray:
        """Return ``column_part`` for each number."""
        del input_features
        pairs = zip(self.feature_names_in_, self.parts_, strict=True)
        return np.array([f"{name}_{part}" for name, parts in pairs for part in parts], dtype=object)


def _naive(column: pd.Series) -> pd.Series:
    column = pd.to_datetime(column)
    return column.dt.tz_convert("UTC").dt.tz_localize(None) if column.dt.tz is not None else column


def _part(column: pd.Series, part: str) -> pd.Series:
    naive = _naive(column)
    if part == "days":
        return (naive - pd.Timestamp(0)) / pd.Timedelta(days=1)
    found: pd.Series = getattr(naive.dt, part).astype("float64")
    return found
