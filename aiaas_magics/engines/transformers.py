"""Column steps that scikit-learn does not have, as its transformers.

They learn on training rows only and hold nothing but numbers, words and lists, so that a sealed model can hold
them: each has its line in :mod:`aiaas_magics.engines.models.trusted`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.experimental import enable_iterative_imputer  # noqa: F401 - it makes an import work
from sklearn.feature_selection import f_classif, f_regression
from sklearn.impute import IterativeImputer, KNNImputer

from aiaas_magics.engines.fixing import read
from aiaas_magics.predictors.reading import Reading

if TYPE_CHECKING:
    Array = np.ndarray[Any, Any]

MOST_DONORS = 10_000
"""Rows that gaps are filled from by their likeness: a row with gaps is compared with each of them."""
RARE = "(rare)"
"""What rare categories are called together."""


class _Columns(TransformerMixin, BaseEstimator):
    """A transformer of columns one by one that keeps their names.

    Attributes
    ----------
    feature_names_in_ : ndarray of shape (n_columns,)
        The columns it was fitted on.
    n_features_in_ : int
        Their number.
    """

    def _learn_names(self, X: Any) -> pd.DataFrame:
        frame = pd.DataFrame(X)
        self.feature_names_in_ = np.asarray([str(name) for name in frame.columns], dtype=object)
        self.n_features_in_ = frame.shape[1]
        return frame

    def fit(self, X: Any, y: Any = None) -> Any:
        """Remember the columns of `X`, of shape (n_rows, n_columns)."""
        del y
        self._learn_names(X)
        return self

    def get_feature_names_out(self, input_features: Any = None) -> Array:
        """Return the names of the columns."""
        del input_features
        return self.feature_names_in_


class TypeFixer(_Columns):
    """Read text as what it stands for: numbers, dates or truth values (``--fix``).

    Parameters
    ----------
    kind, how, whole, zoned
        The fields of a :class:`~aiaas_magics.predictors.reading.Reading`.
    """

    def __init__(
        self, kind: str = "number", how: str = "point", *, whole: bool = False, zoned: bool = False
    ) -> None:
        self.kind, self.how, self.whole, self.zoned = kind, how, whole, zoned

    def transform(self, X: Any) -> pd.DataFrame:
        """Return the columns as float64, or as dates; what cannot be read is missing."""
        frame = pd.DataFrame(X)
        reading = Reading(self.kind, self.how, self.whole, self.zoned)
        found = {name: read(frame[name], reading) for name in frame.columns}
        if self.kind != "date":
            found = {name: column.astype("float64") for name, column in found.items()}
        return pd.DataFrame(found, index=frame.index)


class Clipper(_Columns):
    """Bring outliers to the edge of what is usual (``--clip``, ``--fence``); gaps stay.

    Parameters
    ----------
    share
        The edges are the quantiles `share` and 1 - `share` (winsorising).
    factor
        Without a share: the edges lie `factor` interquartile ranges outside the quartiles (Tukey,
        Exploratory Data Analysis, 1977, section 2D).

    Attributes
    ----------
    low_, high_ : ndarray of shape (n_columns,)
        The edges, infinite for a column without values.
    """

    def __init__(self, share: float | None = None, factor: float = 1.5) -> None:
        self.share, self.factor = share, factor

    def fit(self, X: Any, y: Any = None) -> Clipper:
        """Learn the edges of each column of `X`, of shape (n_rows, n_columns)."""
        del y
        values = self._learn_names(X).to_numpy("float64")
        edges = [self._edges(column[~np.isnan(column)]) for column in values.T]
        self.low_, self.high_ = np.array(edges, dtype="float64").reshape(-1, 2).T
        return self

    def _edges(self, values: Array) -> tuple[float, float]:
        if not len(values):
            return -np.inf, np.inf
        if self.share is not None:
            low, high = np.quantile(values, [self.share, 1 - self.share])
            return low, high
        first, third = np.quantile(values, [0.25, 0.75])
        reach = self.factor * (third - first)
        return first - reach, third + reach

    def transform(self, X: Any) -> Array:
        """Return the values between the edges, float64 of the shape of `X`."""
        return np.clip(pd.DataFrame(X).to_numpy("float64"), self.low_, self.high_)


class RareCategories(_Columns):
    """Put categories that few rows have into one (``--rare``), and those never seen with them.

    Parameters
    ----------
    share
        A category that a smaller share of the rows has is rare.

    Attributes
    ----------
    kept_ : list of lists
        The names of each column's categories that are not rare.
    """

    def __init__(self, share: float = 0.01) -> None:
        self.share = share

    def fit(self, X: Any, y: Any = None) -> RareCategories:
        """Learn which categories of `X`, of shape (n_rows, n_columns), are rare."""
        del y
        frame = self._learn_names(X)
        self.kept_ = [self._kept(frame.iloc[:, place]) for place in range(frame.shape[1])]
        return self

    def _kept(self, column: pd.Series) -> list[str]:
        counts = column.value_counts()
        enough = counts[counts >= max(1, self.share * len(column))]
        return [_name(value) for value in enough.index]

    def transform(self, X: Any) -> Array:
        """Return the names of the categories, objects of the shape of `X`; gaps stay."""
        frame = pd.DataFrame(X)
        found = np.empty(frame.shape, dtype=object)
        for place, kept in enumerate(self.kept_):
            known = frozenset(kept)
            codes, values = pd.factorize(frame.iloc[:, place])
            names = [name if (name := _name(value)) in known else RARE for value in values]
            found[:, place] = np.array([*names, np.nan], dtype=object)[codes]
        return found


def _name(value: Any) -> str:
    """Return a category's name; 1 and 1.0 are one."""
    return f"{value:.17g}" if isinstance(value, float) else str(value)


class Gaps(_Columns):
    """Say where values are missing (``--indicator``): 1 for a gap, else 0; nothing is learned."""

    def transform(self, X: Any) -> Array:
        """Return 1.0 for each gap, float64 of the shape of `X`."""
        return pd.DataFrame(X).isna().to_numpy("float64")

    def get_feature_names_out(self, input_features: Any = None) -> Array:
        """Return ``x_missing`` of each column ``x``."""
        del input_features
        return np.asarray([f"{name}_missing" for name in self.feature_names_in_], dtype=object)


class NearestImputer(KNNImputer):
    """Fill gaps with the mean of the five most similar rows (``--impute knn``).

    scikit-learn's KNNImputer, with every column measured in its own standard deviations: a salary would
    otherwise outweigh an age. Rows are compared with at most `MOST_DONORS` of the training rows, drawn
    with a fixed seed.
    """

    def __init__(self) -> None:
        super().__init__(keep_empty_features=True)

    def fit(self, X: Any, y: Any = None) -> NearestImputer:
        """Keep the rows that gaps of later ones are filled from; `X` is (n_rows, n_columns)."""
        if len(X) > MOST_DONORS:
            chosen = np.random.default_rng(0).choice(len(X), MOST_DONORS, replace=False)
            X = X.iloc[np.sort(chosen)] if isinstance(X, pd.DataFrame) else X[np.sort(chosen)]
        values = np.asarray(X, dtype="float64")
        self.spread_ = np.array([_spread(column[~np.isnan(column)]) for column in values.T])
        super().fit(X / self.spread_, y)
        return self

    def transform(self, X: Any) -> Any:
        """Return `X` without gaps, what there was untouched."""
        values = np.asarray(X, dtype="float64")
        found = super().transform(X / self.spread_) * self.spread_
        return np.where(np.isnan(values), found, values)


def _spread(values: Array) -> float:
    found = float(values.std()) if len(values) else 0.0
    return found if 0 < found < np.inf else 1.0


class RelatedImputer(_Columns):
    """Fill gaps with what the other columns suggest (``--impute iterative``).

    scikit-learn's IterativeImputer, given a copy: it writes into its table, which may be read-only.

    Attributes
    ----------
    imputer_ : IterativeImputer
        The fitted one.
    """

    def fit(self, X: Any, y: Any = None) -> RelatedImputer:
        """Learn how each column of `X`, of shape (n_rows, n_columns), goes with the others."""
        del y
        values = self._learn_names(X).to_numpy("float64", copy=True)
        self.imputer_ = IterativeImputer(random_state=0, keep_empty_features=True).fit(values)
        return self

    def transform(self, X: Any) -> Array:
        """Return `X` without gaps."""
        return self.imputer_.transform(pd.DataFrame(X).to_numpy("float64", copy=True))


class ColumnChooser(TransformerMixin, BaseEstimator):
    """Keep the numbers worth keeping (``--variance``, ``--correlated``, ``--select``, in this order).

    Parameters
    ----------
    variance
        Columns that vary no more than this go.
    correlated
        Of two columns that are correlated more than this, the later one goes.
    best
        So many columns stay: those whose F test against the target is largest.
    task
        ``classification`` (analysis of variance) or ``regression`` (correlation).

    Attributes
    ----------
    kept_ : ndarray of int
        The places of the columns that stay.
    """

    def __init__(
        self,
        variance: float | None = None,
        correlated: float | None = None,
        best: int | None = None,
        task: str = "classification",
    ) -> None:
        self.variance, self.correlated, self.best, self.task = variance, correlated, best, task

    def fit(self, X: Any, y: Any = None) -> ColumnChooser:
        """Choose columns of `X`, of shape (n_rows, n_columns), a table, an array or a sparse matrix."""
        if hasattr(X, "columns"):
            self.feature_names_in_ = np.asarray(list(map(str, X.columns)), dtype=object)
        self.n_features_in_ = X.shape[1]
        values = X if hasattr(X, "toarray") else np.asarray(X, dtype="float64")
        kept = np.arange(X.shape[1])
        if self.variance is not None:
            varies = _variances(values) > self.variance
            kept = kept[varies] if varies.any() else kept[:1]  # a model needs one column
        if self.correlated is not None:
            kept = kept[_apart(_dense(values[:, kept]), self.correlated)]
        if self.best is not None and self.best < len(kept):
            kept = np.sort(kept[self._telling(values[:, kept], y)[: self.best]])
        self.kept_ = kept
        return self

    def _telling(self, values: Any, y: Any) -> Array:
        """Return the places of the columns, those first that tell most of the target."""
        test = f_classif if self.task == "classification" else f_regression
        scores = np.full(values.shape[1], -1.0)
        varies = _variances(values) > 0
        if varies.any():
            with np.errstate(divide="ignore", invalid="ignore"):
                scores[varies] = np.nan_to_num(test(values[:, varies], y)[0], nan=-1.0)
        return np.argsort(-scores, kind="stable")

    def transform(self, X: Any) -> Any:
        """Return the columns that stay."""
        return X.iloc[:, self.kept_] if isinstance(X, pd.DataFrame) else X[:, self.kept_]

    def get_feature_names_out(self, input_features: Any = None) -> Array:
        """Return the names of the columns that stay."""
        names = self.feature_names_in_ if input_features is None else np.asarray(input_features)
        return names[self.kept_]


def _dense(values: Any) -> Array:
    return values.toarray() if hasattr(values, "toarray") else values


def _variances(values: Any) -> Array:
    if not hasattr(values, "toarray"):
        return np.nanvar(values, axis=0)
    squares = np.asarray(values.multiply(values).mean(axis=0)).ravel()
    return squares - np.asarray(values.mean(axis=0)).ravel() ** 2


def _apart(values: Array, most: float) -> Array:
    """Return the places of columns none of which is correlated more than `most` with an earlier one."""
    gaps = np.isnan(values)
    if gaps.any():
        values = np.where(gaps, np.nanmean(values, axis=0), values)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.abs(np.atleast_2d(np.corrcoef(values, rowvar=False)))
    kept: list[int] = []
    for place in range(values.shape[1]):
        if not (found[place, kept] > most).any():
            kept.append(place)
    return np.array(kept, dtype="int64")
