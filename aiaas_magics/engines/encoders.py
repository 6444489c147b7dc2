"""scikit-learn's encoders, imputer and column transformer, quicker on large tables.

Each gives what its parent gives, bit by bit, and has learned the same attributes: a column of a million texts has few
of them, so that the parent is asked about those few and the rows are looked up. A model is stored with the parents
(`plain`): whoever opens it needs nothing of ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

if TYPE_CHECKING:
    Array = np.ndarray[Any, Any]

LARGE = 1000
"""Rows from which looking up gains more than it costs."""
SHARE = 10
"""A column with more values than one in so many rows is not worth the detour."""


LONGEST = np.iinfo(np.int32).max
"""Values that scipy's sparse matrices count with 32 bits."""


class Coded(NamedTuple):
    """A table as numbers: ``few`` holds the values of each column, ``codes`` where each row's stand there.

    Columns with fewer values than others repeat their last one, so that ``few`` is a table.
    """

    few: Any
    codes: list[Array]
    counts: list[int]


def coded(X: Any) -> Coded | None:
    """Return a table of texts and categories as numbers; None if it is another, or not worth it."""
    if not isinstance(X, pd.DataFrame | np.ndarray) or len(X) < LARGE or not X.shape[1]:
        return None
    named = isinstance(X, pd.DataFrame)
    table: pd.DataFrame = X if isinstance(X, pd.DataFrame) else pd.DataFrame(X, dtype=object)
    found = []
    for place in range(table.shape[1]):
        column = table.iloc[:, place]
        if not _has_texts(column, named=named):
            return None
        codes, values = pd.factorize(column, use_na_sentinel=False)
        if len(values) > len(X) // SHARE:
            return None
        found.append((codes, pd.Series(values).astype(column.dtype)))
    most = np.arange(max(len(values) for _, values in found))
    padded = [v.take(np.minimum(most, len(v) - 1)).reset_index(drop=True) for _, v in found]
    few = pd.concat(padded, axis=1)
    few.columns = table.columns
    counts = [len(values) for _, values in found]
    return Coded(few if named else few.to_numpy(object), [codes for codes, _ in found], counts)


def _has_texts(column: pd.Series[Any], *, named: bool) -> bool:
    """Tell whether a column holds texts or categories; an imputer's texts come as objects.

    To pandas None is a gap like NaN, to scikit-learn it is another.
    """
    dtype = column.dtype
    if named or dtype.kind != "O" or str(dtype) == "str":
        return isinstance(dtype, pd.CategoricalDtype) or str(dtype) == "str"
    texts = pd.api.types.infer_dtype(column) == "string"
    return texts and not any(value is None for value in column)


class OneHot(OneHotEncoder):
    """scikit-learn's OneHotEncoder."""

    def fit(self, X: Any, y: Any = None) -> OneHot:
        """Learn the categories of each column of `X`, of shape (n_rows, n_columns)."""
        del y
        return self._learn(X, coded(X))

    def fit_transform(self, X: Any, y: Any = None) -> Any:
        """Learn the categories and encode; see `fit` and `transform`."""
        del y
        found = coded(X)
        return self._learn(X, found)._encode(X, found)

    def transform(self, X: Any) -> Any:
        """Return a column a category, of shape (n_rows, n_categories)."""
        return self._encode(X, coded(X))

    def _learn(self, X: Any, found: Coded | None) -> OneHot:
        most = self.max_categories
        named = isinstance(X, pd.DataFrame)
        if found is None or self.min_frequency is not None or self.categories != "auto":
            super().fit(X)
        elif most is None or max(found.counts) < most:  # as many as allowed: the rarest is rare
            super().fit(found.few)
        else:  # its place among all of them is counted as a category is, but sooner
            every = OneHotEncoder().fit(found.few)
            ranks, _ = _places(every, found)
            super().fit(pd.DataFrame(ranks, columns=X.columns) if named else ranks)
            self.categories_ = every.categories_
        return self

    def _encode(self, X: Any, found: Coded | None) -> Any:
        if found is None or self.drop is not None:
            return super().transform(X)
        places, widths = _places(self, found)
        starts = np.cumsum([0, *widths[:-1]])
        made = _matrix(places, starts.astype(np.int32), sum(widths), self.dtype)
        return made if self.sparse_output else made.toarray()


def _places(encoder: OneHotEncoder, found: Coded) -> tuple[Array, list[int]]:
    """Return where each row has its one within each column's part, or -1, and how wide the parts are."""
    few = sparse.csr_array(OneHotEncoder.transform(encoder, found.few))
    rare = getattr(encoder, "infrequent_categories_", [None] * few.shape[1])
    widths = [
        len(every) - (0 if gone is None else len(gone) - 1)
        for every, gone in zip(encoder.categories_, rare, strict=False)
    ]
    places = np.empty((len(found.codes[0]), len(widths)), dtype=np.int32)
    end = 0
    for column, (width, codes) in enumerate(zip(widths, found.codes, strict=True)):
        end += width
        part = few[:, end - width : end]
        at = np.full(part.shape[0], -1, dtype=np.int32)
        at[np.diff(part.indptr) == 1] = part.indices
        places[:, column] = at[codes]
    return places, widths


def _matrix(places: Array, starts: Array, width: int, dtype: Any) -> sparse.csr_matrix:
    """Return the sparse matrix, of shape (n_rows, width), with a one at each place that is not -1."""
    there = places >= 0
    places += starts
    whole = bool(there.all())
    indices = places.ravel() if whole else places[there]
    counts = np.full(len(places), places.shape[1]) if whole else there.sum(axis=1)
    kind = np.int32 if len(indices) < LONGEST else np.int64
    ends = np.concatenate([[0], np.cumsum(counts)]).astype(kind)
    shape = (len(places), width)
    return sparse.csr_matrix((np.ones(len(indices), dtype), indices, ends), shape=shape)


class Ordinal(OrdinalEncoder):
    """scikit-learn's OrdinalEncoder."""

    def fit(self, X: Any, y: Any = None) -> Ordinal:
        """Learn the categories of each column of `X`, of shape (n_rows, n_columns)."""
        del y
        return self._learn(X, coded(X))

    def fit_transform(self, X: Any, y: Any = None) -> Any:
        """Learn the categories and encode; see `fit` and `transform`."""
        del y
        found = coded(X)
        return self._learn(X, found)._encode(X, found)

    def transform(self, X: Any) -> Any:
        """Return the place of each category among its column's, of the shape of `X`."""
        return self._encode(X, coded(X))

    def _learn(self, X: Any, found: Coded | None) -> Ordinal:
        counts = self.max_categories is not None or self.min_frequency is not None
        super().fit(X if found is None or counts else found.few)
        return self

    def _encode(self, X: Any, found: Coded | None) -> Any:
        if found is None:
            return super().transform(X)
        few = np.asarray(super().transform(found.few))
        made = np.empty((len(X), few.shape[1]), dtype=few.dtype)
        for place, codes in enumerate(found.codes):
            made[:, place] = few[codes, place]
        return made


class Medians(SimpleImputer):
    """scikit-learn's SimpleImputer, whose medians sort masked arrays: a selection finds the same."""

    def fit(self, X: Any, y: Any = None) -> Medians:
        """Learn what fills the gaps of each column of `X`, of shape (n_rows, n_columns)."""
        del y
        wanted = self.strategy == "median" and not self.add_indicator and len(X) >= LARGE
        if wanted and isinstance(X, pd.DataFrame) and all(d == "float64" for d in X.dtypes):
            medians = [_median(X.iloc[:, place].to_numpy()) for place in range(X.shape[1])]
            X = pd.DataFrame([medians], columns=X.columns)  # the medians of one row are its values
        super().fit(X)
        return self


def _median(values: Array) -> float:
    """Return the median of what is not missing; infinite where a value is, which no imputer takes."""
    there = values[~np.isnan(values)]
    if not len(there):
        return float("nan")
    middle = len(there) // 2
    places = [middle] if len(there) % 2 else [middle - 1, middle]
    found = np.partition(there, [0, *places, len(there) - 1])
    if np.isinf(found[[0, -1]]).any():
        return float("inf")
    return float(found[places].mean())


class Columns(ColumnTransformer):
    """scikit-learn's ColumnTransformer, which puts sparse and dense columns side by side sooner."""

    def _hstack(self, Xs: Any, *, n_samples: int) -> Any:
        if self.sparse_output_:
            Xs = [_compressed(X) for X in Xs]
        return super()._hstack(Xs, n_samples=n_samples)


def _compressed(X: Any) -> Any:
    """Return dense float64 columns without a zero as the sparse matrix that they would become."""
    values = None if sparse.issparse(X) else np.asarray(X)
    if values is None or values.dtype != "float64" or not values.all():
        return X
    rows, columns = values.shape
    places = np.tile(np.arange(columns, dtype=np.int32), rows)
    ends = np.arange(rows + 1, dtype=np.int32 if values.size < LONGEST else np.int64) * columns
    return sparse.csr_matrix((values.ravel(), places, ends), shape=values.shape)


PLAIN = {OneHot: OneHotEncoder, Ordinal: OrdinalEncoder, Medians: SimpleImputer, Columns: ColumnTransformer}  # fmt: skip
"""Ours and what it is quicker than."""


def plain(found: Any) -> None:
    """Turn, in place, every estimator of ours in a pipeline into its parent, which answers the same."""
    waiting, seen = [found], set()
    while waiting:
        part = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, dict):
            waiting.extend(part.values())
        elif isinstance(part, list | tuple):
            waiting.extend(part)
        elif isinstance(part, BaseEstimator) or type(part).__module__.startswith("sklearn."):
            if type(part) in PLAIN:
                part.__class__ = PLAIN[type(part)]
            waiting.extend(getattr(part, "__dict__", {}).values())
