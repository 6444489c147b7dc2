"""Prose: TF-IDF of words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

ROLE = "text"
NUMERIC = False
WORDS = 5.0
"""Prose has this many words in the mean; names and codes have fewer."""
DISTINCT = 0.5
"""And at least this share of its rows differ from each other."""
SAMPLE = 1_000
MOST_WORDS = 10_000
"""Columns of TF-IDF at most: the commonest words; rarer ones carry little and cost memory."""


def matches(column: pd.Series) -> bool:
    """Tell whether a column looks like prose, from its first thousand rows."""
    if not (pd.api.types.is_string_dtype(column.dtype) or column.dtype == object):
        return False
    sample = column.dropna().head(SAMPLE)
    if not len(sample) or sample.nunique() < DISTINCT * len(sample):
        return False
    return float(sample.astype(str).str.count(r"\S+").mean()) >= WORDS


def describe(column: pd.Series) -> dict[str, Any]:
    """Return the mean number of words and a histogram of it."""
    words = column.dropna().astype(str).str.count(r"\S+").to_numpy()
    if not len(words):
        return {}
    counts, edges = np.histogram(words, bins=min(20, int(np.ptp(words)) + 1))
    bars = tuple((f"{edge:.0f} words", int(n)) for edge, n in zip(edges, counts, strict=False))
    return {
        "mean": float(words.mean()),
        "low": int(words.min()),
        "high": int(words.max()),
        "counts": bars,
    }


def encoder(*, method: str = "") -> Any:
    """Return TF-IDF of one column: sublinear counts, English and other words alike."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    del method
    return TfidfVectorizer(max_features=MOST_WORDS, sublinear_tf=True, dtype=np.float64)
