"""The trees of scikit-learn and LightGBM, in one form."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from aiaas_magics.engines.optimising import boosters
from aiaas_magics.engines.optimising.base import Unconvertible, named
from aiaas_magics.engines.optimising.nodes import LEAF, Nodes, Trees, constant
from aiaas_magics.predictors.arithmetic import Take
from aiaas_magics.predictors.fronts import Fork, Known, Lookup, Step
from aiaas_magics.predictors.links import Link
from aiaas_magics.predictors.packed import Array

FORESTS = (
    RandomForestClassifier, RandomForestRegressor, ExtraTreesClassifier, ExtraTreesRegressor,
    DecisionTreeClassifier, DecisionTreeRegressor,
)  # fmt: skip
GRADIENT = (GradientBoostingClassifier, GradientBoostingRegressor)
HISTOGRAM = (HistGradientBoostingClassifier, HistGradientBoostingRegressor)
ADABOOST = (AdaBoostClassifier, AdaBoostRegressor)


def knows(estimator: Any) -> bool:
    """Tell whether an estimator is an ensemble of trees, or one."""
    return isinstance(estimator, FORESTS + GRADIENT + HISTOGRAM + ADABOOST) or _is_lightgbm(
        estimator
    )


def _is_lightgbm(estimator: Any) -> bool:
    return type(estimator).__module__.endswith("families.lightgbm")


def of(estimator: Any) -> Trees:
    """Return the trees of a fitted ensemble.

    Raises
    ------
    Unconvertible
        If it is none, or its trees have a form of their own.
    """
    for kinds, take in ((FORESTS, _forest), (GRADIENT, _gradient), (HISTOGRAM, _histogram), (ADABOOST, _adaboost)):  # fmt: skip
        if isinstance(estimator, kinds):
            if getattr(estimator, "n_outputs_", 1) != 1:
                raise Unconvertible(f"{named(estimator)} of several targets")
            return take(estimator)
    if _is_lightgbm(estimator):
        return boosters.of(estimator)
    raise Unconvertible(f"{named(estimator)} has no trees")


def members(estimator: Any) -> list[Any]:
    """Return the trees of a forest as scikit-learn has them; of a tree, itself."""
    return list(getattr(estimator, "estimators_", [estimator]))


def _forest(estimator: Any) -> Trees:
    trees = [nodes(each.tree_) for each in members(estimator)]
    classes = hasattr(estimator, "classes_")
    outputs = trees[0].value.shape[1]
    if classes:
        return Trees(trees, None, outputs, True, Link("share", len(trees)))
    # a mean of one output: leaves add to it
    return Trees(trees, [0] * len(trees), 1, True, Link("mean", len(trees)))


def nodes(tree: Any) -> Nodes:
    """Return a tree of scikit-learn."""
    gaps = getattr(tree, "missing_go_to_left", None)
    gaps = np.zeros(tree.node_count, bool) if gaps is None else np.asarray(gaps, dtype=bool)
    return Nodes(
        np.maximum(tree.feature, 0), np.array(tree.threshold), np.array(tree.children_left),
        np.array(tree.children_right), gaps, np.array(tree.value[:, 0, :]),
    )  # fmt: skip


def _gradient(estimator: Any) -> Trees:
    rate, grid = estimator.learning_rate, estimator.estimators_
    outputs = grid.shape[1]
    trees = [constant(start, 1) for start in _start(estimator, outputs)]
    for stage in grid:
        for tree in stage:
            made = nodes(tree.tree_)
            trees.append(made._replace(value=rate * made.value))
    target = list(range(outputs)) * (1 + len(grid))
    return Trees(trees, target, outputs, True, _gradient_link(estimator, outputs))


def _start(estimator: Any, outputs: int) -> np.ndarray:
    """Return what boosting starts from, which is the same for every row unless a model of the user's gives it."""
    if estimator.init_ == "zero":
        return np.zeros(outputs)
    if not isinstance(estimator.init_, DummyClassifier | DummyRegressor):
        raise Unconvertible(f"{named(estimator)} that starts from a {named(estimator.init_)}")
    row = np.zeros((1, estimator.n_features_in_), dtype="float32")
    return np.asarray(estimator._raw_predict_init(row)).ravel()


def _gradient_link(estimator: Any, outputs: int) -> Link:
    if not hasattr(estimator, "classes_"):
        return Link("value")
    if outputs > 1:
        return Link("softmax")
    return Link("least", 2.0 if estimator.loss == "exponential" else 1.0)


def preparation(estimator: Any) -> Any:
    """Return the transformer of its own that an estimator puts before its trees: of categories; None if it has none."""
    return getattr(estimator, "_preprocessor", None) if isinstance(estimator, HISTOGRAM) else None


def _histogram(estimator: Any) -> Trees:
    start = np.ravel(estimator._baseline_prediction)
    sets = _Sets(estimator)
    trees = [constant(value, 1) for value in start]
    for stage in estimator._predictors:
        trees += [_histogram_nodes(each, sets) for each in stage]
    target = list(range(len(start))) * (1 + len(estimator._predictors))
    before = sets.steps()
    return Trees(
        trees, target, len(start), False, _histogram_link(estimator, len(start)),
        before=before, extra=len(sets.columns),
    )  # fmt: skip


class _Sets:
    """Splits by categories as columns of their own: 0 where a row goes left, 1 where it goes right.

    A category is known by its code here, a whole number from 0 on; one that was never seen is a gap.
    """

    def __init__(self, estimator: Any) -> None:
        own = preparation(estimator)
        self.columns: dict[tuple[int, bytes, bool], int] = {}
        self._width = 0 if own is None else own.n_features_in_
        self._counts = [] if own is None else [_codes(each) for each in own.named_transformers_["encoder"].categories_]  # fmt: skip

    def column(self, feature: int, left: np.ndarray, gap: bool) -> int:  # noqa: FBT001
        """Return the column of a split: the codes that go left as bits, and whether a gap does."""
        key = feature, left.tobytes(), gap
        return self._width + self.columns.setdefault(key, len(self.columns))

    def steps(self) -> tuple[Step, ...]:
        """Return the steps that put these columns beside those of the model."""
        if not self.columns:
            return ()
        known = []
        for feature in sorted({feature for feature, _, _ in self.columns}):
            mine = {k: place for k, place in self.columns.items() if k[0] == feature}
            codes = np.arange(self._counts[feature])
            sides = [_right(codes, np.frombuffer(bits, "uint32"), gap=gap) for _, bits, gap in mine]
            known.append(Known(
                column=feature, values=tuple(codes.astype("float64").tolist()), places=tuple(mine.values()),
                table=Array.of(np.column_stack(sides)), missing=len(codes), unknown=len(codes),
            ))  # fmt: skip
        beside = Lookup(Array.of(np.zeros(len(self.columns))), tuple(known))
        return (Fork(((Take(tuple(range(self._width))),), (beside,))),)


def _codes(categories: np.ndarray) -> int:
    """Return how many codes there are: a gap among the categories is the last, and has none."""
    return sum(1 for value in categories if value == value and value is not None)


def _right(codes: np.ndarray, bits: np.ndarray, *, gap: bool) -> np.ndarray:
    """Return 1 for each code that goes right, and for a gap."""
    left = (bits[codes // 32] >> (codes % 32).astype("uint32")) & 1
    return np.append(1.0 - left, 0.0 if gap else 1.0)


def _histogram_link(estimator: Any, outputs: int) -> Link:
    if hasattr(estimator, "classes_"):
        return Link("softmax" if outputs > 1 else "above")
    return Link("exp" if estimator.loss in ("poisson", "gamma") else "value")


def _histogram_nodes(grown: Any, sets: _Sets) -> Nodes:
    found = grown.nodes
    leaf, gaps = found["is_leaf"].astype(bool), found["missing_go_to_left"].astype(bool)
    feature, threshold = found["feature_idx"].astype("int64"), np.array(found["num_threshold"])
    for place in np.flatnonzero(found["is_categorical"] & ~leaf):
        left = grown.raw_left_cat_bitsets[found["bitset_idx"][place]]
        feature[place] = sets.column(int(feature[place]), left, bool(gaps[place]))
        threshold[place] = 0.5
    return Nodes(
        feature, threshold,
        np.where(leaf, LEAF, found["left"].astype("int64")), np.where(leaf, LEAF, found["right"].astype("int64")),
        gaps, np.array(found["value"])[:, None],
    )  # fmt: skip


def _adaboost(estimator: Any) -> Trees:
    if not all(isinstance(e, DecisionTreeClassifier | DecisionTreeRegressor) for e in estimator.estimators_):  # fmt: skip
        raise Unconvertible(f"{named(estimator)} of other models than trees")
    found = [nodes(each.tree_) for each in estimator.estimators_]
    weights = np.asarray(estimator.estimator_weights_)[: len(found)]
    if isinstance(estimator, AdaBoostRegressor):
        link = Link("median", weights=Array.of(weights))
        return Trees(found, list(range(len(found))), len(found), True, link)
    whole, classes = estimator.estimator_weights_.sum(), len(estimator.classes_)
    made = [
        tree._replace(value=_said(tree, each.classes_, estimator.classes_, weight))
        for tree, each, weight in zip(found, estimator.estimators_, weights, strict=True)
    ]
    if classes == 2:
        halves = [t._replace(value=(t.value[:, 1:] - t.value[:, :1]) / whole) for t in made]
        return Trees(halves, [0] * len(halves), 1, True, Link("above"))
    shared = [t._replace(value=t.value / whole) for t in made]
    return Trees(shared, None, classes, True, Link("softmax", classes - 1.0))


def _said(tree: Nodes, known: np.ndarray, classes: np.ndarray, weight: float) -> np.ndarray:
    """Return what a tree adds to each class: its weight to the one it names, a part of it off the others (SAMME)."""
    called = known[tree.value.argmax(axis=1)]
    right = called[:, None] == classes[None, :]
    return np.where(right, weight, -1 / (len(classes) - 1) * weight)
