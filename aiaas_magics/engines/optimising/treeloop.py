"""The tier of scikit-learn's own compiled parts, behind the numpy front: no table is made for a request.

Trees are asked one by one; any other estimator is asked as it is, with a bare matrix. The answers are scikit-learn's own
arithmetic; the gate holds the front, and what is left out, to account.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import is_regressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import SGDClassifier
from sklearn.linear_model._base import LinearClassifierMixin
from sklearn.neighbors import KNeighborsClassifier

from aiaas_magics.engines.optimising import programs, trees
from aiaas_magics.engines.optimising.base import Unconvertible, named
from aiaas_magics.engines.optimising.programs import Part
from aiaas_magics.predictors.links import Link
from aiaas_magics.predictors.programs import Program
from aiaas_magics.predictors.treeloop import Loop
from aiaas_magics.specs.records import ModelInfo

TWO = 2
LIKELIEST = (KNeighborsClassifier, CalibratedClassifierCV)
"""Their label is the likeliest class. Others may have a threshold of their own, or decide by distances (SVC): no row of
the gate need lie where that shows, so that both are asked."""


class TreeLoopTier:
    """scikit-learn's estimators without its tables."""

    name = "treeloop"
    needs = ("sklearn",)

    def build(self, pipeline: Any, info: ModelInfo, folder: Path) -> Program:
        """Return the program; see :class:`.base.Tier`. It needs no file: the pipeline stays in the model's folder."""
        del folder
        return programs.of(pipeline, info.signature, _part)


def _part(estimator: Any, width: int, path: programs.Path) -> Part:
    del width
    if trees.preparation(estimator) is not None:
        raise Unconvertible(f"{named(estimator)} with categories of its own")
    if isinstance(estimator, trees.FORESTS):
        return _trees(estimator, path)
    if is_regressor(estimator):
        return Part(Loop(path, "predict"), Link("value"))
    if isinstance(estimator, SGDClassifier) and estimator.loss == "log_loss":
        # far from the boundary its probabilities are all 0 or 1, and do not tell the label
        many = len(estimator.classes_) > TWO
        return Part(Loop(path, "decision_function"), Link("rest" if many else "above"))
    if hasattr(estimator, "predict_proba"):
        if isinstance(estimator, LIKELIEST):
            return Part(Loop(path, "predict_proba"), Link("given"))
        return Part(Loop(path, "predict_proba", named=True), Link("said"))
    scores = "decision_function" if hasattr(estimator, "decision_function") else ""
    if scores and isinstance(estimator, LinearClassifierMixin):
        many = len(estimator.classes_) > TWO
        return Part(Loop(path, scores), Link("largest" if many else "sign"))
    return Part(Loop(path, scores, named=True), Link("named"))


def _trees(estimator: Any, path: programs.Path) -> Part:
    found = trees.members(estimator)
    classes = np.size(getattr(estimator, "classes_", ()))
    link = Link("share" if classes else "mean", len(found))
    where = (*path, "estimators_") if hasattr(estimator, "estimators_") else path
    return Part(Loop(where, "trees"), link, True)
