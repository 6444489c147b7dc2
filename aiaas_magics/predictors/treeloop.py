"""scikit-learn's own compiled parts as an engine, called without its checks and tables.

A forest's trees are asked one after the other. What has no such parts is asked itself, with a bare matrix: that saves
the table, which costs more than most models.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

if TYPE_CHECKING:
    from aiaas_magics.predictors.programs import Opening


class Loop(msgspec.Struct, frozen=True, tag="loop"):
    """An estimator of the pipeline.

    Attributes
    ----------
    path
        Where it stands: an attribute or a place, one after the other, from the pipeline on.
    asked
        ``trees`` (the values of all trees' leaves are added up), or the method that is called.
    """

    path: tuple[str | int, ...]
    asked: str = "trees"

    def opened(self, opening: Opening) -> Callable[[np.ndarray], np.ndarray]:
        """Return the function from a matrix to the outputs."""
        found: Any = opening.pipeline()
        for part in self.path:
            found = getattr(found, part) if isinstance(part, str) else found[part]
        if self.asked == "trees":
            return _trees([each.tree_ for each in (found if isinstance(found, list) else [found])])
        bare = copy.copy(found)
        bare.__dict__.pop(
            "feature_names_in_", None
        )  # it would miss them in a matrix, at each request
        method = getattr(bare, self.asked)

        def ask(x: np.ndarray) -> np.ndarray:
            answer = np.asarray(method(x), dtype="float64")
            return answer[:, None] if answer.ndim == 1 else answer

        return ask


def _trees(trees: list[Any]) -> Callable[[np.ndarray], np.ndarray]:
    def ask(x: np.ndarray) -> np.ndarray:
        rounded = np.ascontiguousarray(x, dtype="float32")
        found: np.ndarray = trees[0].predict(rounded)
        for tree in trees[1:]:
            found += tree.predict(rounded)
        return found.reshape(len(x), -1)

    return ask
