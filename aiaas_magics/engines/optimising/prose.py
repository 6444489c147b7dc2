"""TF-IDF of columns of prose, as a step of numpy."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer

from aiaas_magics.engines.optimising.base import Unconvertible
from aiaas_magics.predictors.fronts import Prose
from aiaas_magics.predictors.packed import Array
from aiaas_magics.predictors.words import Words

PLAIN = {
    "analyzer": "word", "ngram_range": (1, 1), "strip_accents": None, "stop_words": None, "preprocessor": None,
    "tokenizer": None, "norm": "l2", "use_idf": True, "binary": False,
}  # fmt: skip
"""What a vectorizer must have been asked for."""


def weighs(parts: Sequence[Any]) -> bool:
    """Tell whether a chain ends in the TF-IDF of its columns."""
    last = parts[-1] if parts else None
    return isinstance(last, ColumnTransformer) and all(
        isinstance(part, TfidfVectorizer) for _, part, _ in last.transformers_
    )


def of(parts: Sequence[Any], places: Sequence[int]) -> tuple[Prose, int]:
    """Return the step of such a chain on some inputs, and how many words it has.

    Raises
    ------
    Unconvertible
        If a vectorizer does more than count words.
    """
    if any(not isinstance(part, SimpleImputer) or part.fill_value != "" for part in parts[:-1]):
        raise Unconvertible("a step before the TF-IDF")
    chosen = [(part, places[int(column)]) for _, part, column in parts[-1].transformers_]
    words = [_words(part) for part, _ in chosen]
    width = sum(len(part.vocabulary_) for part, _ in chosen)
    return Prose(tuple(place for _, place in chosen), tuple(words)), width


def _words(part: TfidfVectorizer) -> Words:
    odd = [name for name, value in PLAIN.items() if getattr(part, name) != value]
    if odd or re.compile(part.token_pattern).groups:
        raise Unconvertible(f"TfidfVectorizer with {odd[0] if odd else 'a group in its pattern'}")
    return Words(
        pattern=part.token_pattern, vocabulary={w: int(i) for w, i in part.vocabulary_.items()},
        idf=Array.of(part.idf_), lowercase=part.lowercase, sublinear=part.sublinear_tf,
    )  # fmt: skip
