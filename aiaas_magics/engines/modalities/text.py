"""Prose: one document a row, as TF-IDF."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline

from aiaas_magics.engines import bars
from aiaas_magics.engines.modalities import Summary

if TYPE_CHECKING:
    Series = pd.Series[Any]

SAMPLE = 1000
"""Values looked at to tell prose from categories, evenly spaced over the column."""
LEAST_WORDS = 5
LEAST_DISTINCT = 0.5
"""Prose has 5 words or more a row on average, and most rows say something of their own."""
BETWEEN_SPACES = r"[^\s\v\x1c-\x1f\x{85}\pZ]+"
"""What `str.split` leaves, in RE2's words: its spaces are those of Unicode, and some control characters."""
WORD = r"(?u)\b\w+\b"
MOST_WORDS = 20_000
MOST_WORDS_DENSE = 500
"""Words that get a column, the most frequent ones. A sparse row costs only its own words, and beyond
20,000 words come single mentions; a dense row of 500 costs 4 kB, so 250,000 rows fit in 1 GB."""


def recognises(column: Series) -> bool:
    """Tell prose from categories: many words, hardly ever the same ones."""
    if not pd.api.types.is_string_dtype(column.dtype) or column.dtype == "category":
        return False
    values = column.dropna()
    sample = values.iloc[:: max(1, len(values) // SAMPLE)]
    if not len(sample) or sample.nunique() < LEAST_DISTINCT * len(sample):
        return False
    return bool(_words(sample).mean() >= LEAST_WORDS)


def describe(column: Series) -> Summary:
    """Return the number of words: mean, deviation and histogram."""
    values = column.dropna()
    if not len(values):
        return Summary(0)
    words = np.sort(_words(values))
    std = float(words.std(ddof=1)) if len(words) > 1 else None
    found = bars.of_numbers(words)
    counts = tuple((f"{label} words", n) for label, n in found)
    return Summary(values.nunique(), mean=float(words.mean()), std=std, counts=counts)


def encode(frame: pd.DataFrame, *, takes_missing: bool, takes_sparse: bool) -> Any:
    """Return the TF-IDF of each column; a gap is a document without words."""
    del takes_missing
    names = [str(name) for name in frame.columns]
    return weights(names, MOST_WORDS if takes_sparse else MOST_WORDS_DENSE, sparse=takes_sparse)


def weights(names: Sequence[str], most: int, *, sparse: bool) -> Any:
    """Return the TF-IDF of columns, of the `most` frequent words of each."""
    words = [(name, _tfidf(most), place) for place, name in enumerate(names)]
    return make_pipeline(
        SimpleImputer(strategy="constant", fill_value="", keep_empty_features=True),
        # A vectorizer wants one document an item: a place instead of a list of places gives that.
        ColumnTransformer(words, sparse_threshold=1.0 if sparse else 0.0),
    )


def _tfidf(most: int) -> TfidfVectorizer:
    # Words of one letter count (there are languages of them); the logarithm keeps long texts from
    # drowning short ones.
    return TfidfVectorizer(max_features=most, sublinear_tf=True, token_pattern=WORD)


def _words(column: Series) -> np.ndarray[Any, Any]:
    """Return how many words each text has, as ``len(text.split())`` does, without a list of them."""
    texts = pa.array(column, type=pa.large_string(), from_pandas=True)
    return pc.count_substring_regex(texts, pattern=BETWEEN_SPACES).to_numpy(zero_copy_only=False)
