"""Dates: year, month, day, weekday and hour."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from aiaas_magics.engines import bars
from aiaas_magics.engines.modalities import Summary

if TYPE_CHECKING:
    Series = pd.Series[Any]
    Array = np.ndarray[Any, Any]

PARTS = ("year", "month", "day", "weekday", "hour")
"""Weekday counts from Monday, 0."""
_PANDAS = {"weekday": "day_of_week"}
UNITS = {"D": 86_400_000_000, "m": 60_000_000, "s": 1_000_000}
"""How precisely a bar is named: by the day if it spans one (in microseconds) ..."""


def recognises(column: Series) -> bool:
    """Tell whether the column holds dates, with or without a time zone."""
    return pd.api.types.is_datetime64_any_dtype(column.dtype)


def describe(column: Series) -> Summary:
    """Return first and last date and a histogram over spans of equal length."""
    values = column.dropna()
    if not len(values):
        return Summary(0)
    ordered = np.sort(values.dt.tz_localize(None).to_numpy().astype("datetime64[us]"))
    after = (ordered - ordered[0]).astype("int64")

    def name(edges: Array) -> list[str]:
        width = (edges[1:] - edges[:-1]).min()
        unit: Any = next((unit for unit, least in UNITS.items() if width >= least), "us")
        moments = ordered[0] + edges.astype("timedelta64[us]")
        words = [word.replace("T", " ") for word in np.datetime_as_string(moments, unit=unit)]
        return [f"{a} to {b}" for a, b in pairwise(words)]

    return Summary(
        1 + int(np.count_nonzero(after[1:] != after[:-1])),
        low=values.min().isoformat(),
        high=values.max().isoformat(),
        counts=bars.of_spans(after, name),
    )


def encode(frame: pd.DataFrame, *, takes_missing: bool, takes_sparse: bool) -> Any:
    """Turn dates into their parts on a common scale; gaps take the median part if they must.

    A year is a number near 2000: unscaled, it would keep linear models from learning anything.
    """
    del takes_sparse
    if takes_missing or not frame.isna().to_numpy().any():
        return make_pipeline(DateParts(), StandardScaler())
    gaps = SimpleImputer(strategy="median", keep_empty_features=True)
    return make_pipeline(DateParts(), gaps, StandardScaler())


class DateParts(TransformerMixin, BaseEstimator):
    """Turn each date column into five numbers: year, month, day, weekday (Monday is 0), hour.

    Takes dates of pandas or ISO texts; what is no date, or missing, gives NaN. Parts are those of
    the column's own time zone.

    Attributes
    ----------
    feature_names_in_ : ndarray of shape (n_columns,)
        The columns it was fitted on.
    n_features_in_ : int
        Their number.
    """

    def fit(self, X: Any, y: Any = None) -> DateParts:
        """Remember the columns; nothing is learned from `X`, of shape (n_rows, n_columns)."""
        del y
        frame = pd.DataFrame(X)
        self.feature_names_in_ = np.asarray([str(name) for name in frame.columns], dtype=object)
        self.n_features_in_ = frame.shape[1]
        return self

    def transform(self, X: Any) -> Array:
        """Return the parts, float64 of shape (n_rows, 5 * n_columns), column after column."""
        frame = pd.DataFrame(X)
        found = np.empty((len(frame), len(PARTS) * frame.shape[1]))
        for place in range(frame.shape[1]):
            dates = _as_dates(frame.iloc[:, place]).dt
            for offset, part in enumerate(PARTS):
                values = getattr(dates, _PANDAS.get(part, part)).to_numpy(
                    dtype="float64", na_value=np.nan
                )
                found[:, len(PARTS) * place + offset] = values
        return found

    def get_feature_names_out(self, input_features: Any = None) -> Array:
        """Return ``when_year``, ``when_month`` ... of each column ``when``."""
        del input_features
        names = [f"{name}_{part}" for name in self.feature_names_in_ for part in PARTS]
        return np.asarray(names, dtype=object)


def _as_dates(column: Series) -> Series:
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return column
    texts = column.where(column.isna(), column.astype("str"))
    return pd.to_datetime(texts, errors="coerce", format="ISO8601", utc=True)
