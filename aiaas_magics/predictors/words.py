"""TF-IDF of texts as scikit-learn's TfidfVectorizer computes it, word by word."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence

import msgspec
import numpy as np

from aiaas_magics.predictors.packed import Array


class Words(msgspec.Struct, frozen=True):
    """The words of one column and their weights.

    ``pattern`` finds words in lower-cased text, ``idf`` weighs them; counts become 1 + log(count) where
    ``sublinear``; each row has the length 1 (L2).
    """

    pattern: str
    vocabulary: dict[str, int]
    idf: Array
    lowercase: bool = True
    sublinear: bool = False

    def opened(self) -> Callable[[Sequence[str | None]], np.ndarray]:
        """Return the function from texts to a matrix of shape (texts, words)."""
        find, idf = re.compile(self.pattern).findall, self.idf.read().tolist()

        def weigh(texts: Sequence[str | None]) -> np.ndarray:
            found = np.zeros((len(texts), len(idf)))
            for row, text in enumerate(texts):
                for place, weight in self._row(find, idf, text or ""):
                    found[row, place] = weight
            return found

        return weigh

    def _row(
        self, find: Callable[[str], list[str]], idf: list[float], text: str
    ) -> list[tuple[int, float]]:
        words = find(text.lower() if self.lowercase else text)
        places = Counter(
            place for word in words if (place := self.vocabulary.get(word)) is not None
        )
        weights = []
        for place in sorted(places):  # the order in which scikit-learn adds the squares
            count = float(places[place])
            weights.append(
                (place, (math.log(count) + 1.0 if self.sublinear else count) * idf[place])
            )
        length = math.sqrt(sum(weight * weight for _, weight in weights))
        return [(place, weight / length) for place, weight in weights] if length else []
