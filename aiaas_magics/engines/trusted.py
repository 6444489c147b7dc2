"""Which types a model may consist of, and whether its trees lead where they should.

A file names the types it wants built; ours are opened with this list only, never with one that a file brings.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from aiaas_magics import errors

TRUSTED = frozenset(
    {
        # trees: arrays of nodes, checked by `check_trees` before anything walks them
        "sklearn.tree._tree.Tree",
        "sklearn._loss.link.LogitLink",
        "sklearn._loss.link.IdentityLink",
        "sklearn._loss.link.MultinomialLogit",
        "sklearn._loss.link.Interval",
        # losses that boosting and gradient descent keep: numbers and pure functions
        "sklearn._loss.loss.HalfBinomialLoss",
        "sklearn._loss.loss.HalfMultinomialLoss",
        "sklearn._loss.loss.HalfSquaredError",
        "sklearn._loss._loss.CyHalfBinomialLoss",
        "sklearn._loss._loss.CyHalfMultinomialLoss",
        "sklearn._loss._loss.CyHalfSquaredError",
        # boosting's binning and trees
        "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        # parts of a pipeline whose state is plain
        "sklearn.compose._column_transformer._RemainderColsList",
        "sklearn.utils._bunch.Bunch",
        "sklearn.feature_extraction.text.TfidfTransformer",
        # our own: two lists of names, no code in its state
        "aiaas_magics.engines.modalities.date.DateParts",
        "numpy.dtype",
        "collections.OrderedDict",
    }
)
"""Types beyond those skops itself trusts, each read and found to build nothing but its state."""


def check_trees(pipeline: Any) -> None:
    """Check that every tree's nodes lead to later nodes of its own and ask for columns there are.

    A crafted tree would make the predictor read outside its arrays and end the process, or go round
    in circles for ever. Raises `SealError`.
    """
    model = getattr(pipeline, "steps", [("", pipeline)])[-1][1]
    width = getattr(model, "n_features_in_", 0)
    forest = [e.tree_ for e in getattr(model, "estimators_", ()) if hasattr(e, "tree_")]
    boosted = [each for stage in getattr(model, "_predictors", ()) for each in stage]
    if not (
        all(_sound(t.children_left, t.children_right, t.feature, t.children_left != -1, width) for t in forest)
        and all(_sound_nodes(each, width) for each in boosted)
    ):  # fmt: skip
        raise errors.SealError(
            "the model is not opened", "one of its trees leads nowhere", "train it again"
        )


def _sound(left: Any, right: Any, feature: Any, inner: Any, width: int) -> bool:
    """Tell whether inner nodes lead to later ones: scikit-learn lays children after their parent."""
    places = np.flatnonzero(inner)
    ends = [(side[inner] > places) & (side[inner] < len(inner)) for side in (left, right)]
    return bool(all(map(np.all, [*ends, feature[inner] >= 0, feature[inner] < width])))


def _sound_nodes(predictor: Any, width: int) -> bool:
    nodes = predictor.nodes
    inner = ~nodes["is_leaf"].astype(bool)
    sets = nodes["bitset_idx"][inner & nodes["is_categorical"].astype(bool)]
    known = bool((sets < len(predictor.raw_left_cat_bitsets)).all())
    return known and _sound(nodes["left"], nodes["right"], nodes["feature_idx"], inner, width)
