"""scikit-learn's own compiled parts as an engine, called without its checks and tables.

A forest's trees are asked one after the other. What has no such parts is asked itself, with a bare matrix: that saves
the table, which costs more than most models.
"""

from __future__ import annotations

import copy
import warnings
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
        ``trees`` (the values of all trees' leaves are added up), or the method that is called; empty for none.
    named
        Whether the first output is the place of the label, as ``predict`` tells it.
    """

    path: tuple[str | int, ...]
    asked: str = "trees"
    named: bool = False

    def opened(self, opening: Opening) -> Callable[[np.ndarray], np.ndarray]:
        """Return the function from a matrix to the outputs."""
        found: Any = opening.pipeline()
        for part in self.path:
            found = getattr(found, part) if isinstance(part, str) else found[part]
        if self.asked == "trees":
            return _trees([each.tree_ for each in (found if isinstance(found, list) else [found])])
        # it would miss the names of columns in a matrix at each request, and so would models within it
        warnings.filterwarnings("ignore", "X does not have valid feature names", UserWarning)
        bare = copy.copy(found)
        bare.__dict__.pop("feature_names_in_", None)
        methods = [getattr(bare, self.asked)] if self.asked else []
        if self.named:
            classes = found.classes_
            methods.insert(0, lambda x: np.searchsorted(classes, bare.predict(x)))

        def ask(x: np.ndarray) -> np.ndarray:
            answers = [_columns(method(x)) for method in methods]
            return answers[0] if len(answers) == 1 else np.concatenate(answers, axis=1)

        return ask


def _columns(answer: np.ndarray) -> np.ndarray:
    found = np.asarray(answer, dtype="float64")
    return found[:, None] if found.ndim == 1 else found


def _trees(trees: list[Any]) -> Callable[[np.ndarray], np.ndarray]:
    def ask(x: np.ndarray) -> np.ndarray:
        rounded = np.ascontiguousarray(x, dtype="float32")
        found: np.ndarray = trees[0].predict(rounded)
        for tree in trees[1:]:
            found += tree.predict(rounded)
        return found.reshape(len(x), -1)

    return ask
