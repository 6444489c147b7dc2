"""Trees of forests, grown without the Python around each of them, and bit-equal to ``RandomForest.fit``'s.

``RandomForest.fit`` spends half of its time in Python: each tree is cloned, checks its input and encodes the
target again. Here it fits two trees of its own, with all its checks and warnings; that tells the converted data,
from which `Direct` grows the others with scikit-learn's own builder, seeds and bootstrap. As that uses private names
it grows the second tree itself too, once a search: where the two differ by a bit, where a name is gone or the version
is not known, `Public` fits as everybody does.
"""

from __future__ import annotations

import functools
import importlib
import math
import threading
from numbers import Integral
from types import SimpleNamespace
from typing import Any, Protocol

import numpy as np
import sklearn
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.utils import check_random_state, compute_sample_weight, get_tags
from sklearn.utils.fixes import parse_version
from sklearn.utils.validation import validate_data

from aiaas_magics.engines.sharing.base import Array, Rows
from aiaas_magics.engines.sharing.limits import Limits

FORESTS = (
    RandomForestClassifier, RandomForestRegressor, ExtraTreesClassifier, ExtraTreesRegressor,
)  # fmt: skip
KNOWN = ("1.9", "1.11")
"""Versions of scikit-learn whose private names are known: from the first, before the second."""
NAMES = {
    "sklearn.tree._tree": ("Tree", "DepthFirstTreeBuilder", "_build_pruned_tree_ccp", "_build_pruned_tree_py"),
    "sklearn.tree._classes": ("CRITERIA_CLF", "CRITERIA_REG", "DENSE_SPLITTERS"),
    "sklearn.ensemble._forest": ("_generate_sample_indices", "MAX_INT"),
}  # fmt: skip
CHUNK = 25
"""At most so many trees are grown in one go: some tens of milliseconds on a small table."""
TURNS = 8
"""Each thread has at least so many goes, so that none works long while the others are done."""


FEW = 2
"""Trees that are fitted as everybody does: the second one's seed tells that all are drawn as they should be."""


class Unfit(Exception):
    """Trees of this kind are not grown directly."""


class Differs(Exception):
    """Trees that were grown directly are not those of a fit."""


class Grower(Protocol):
    """Grows the trees of one fold."""

    name: str
    fitted: Any
    """Fitted on the fold's rows, with at least one tree: knows classes and how to check a table."""
    rows: int

    def grow(self, limits: Limits, trees: range) -> list[Any]:
        """Return trees (``tree_``) by their numbers in the forest, before any cost-complexity pruning."""
        ...


@functools.cache
def private() -> Any:
    """Return the private names; raises `Unfit` where one is gone or the version is not known."""
    least, before = map(parse_version, KNOWN)
    if not least <= parse_version(sklearn.__version__) < before:
        raise Unfit(f"scikit-learn {sklearn.__version__} is not known")
    try:
        modules = {path: importlib.import_module(path) for path in NAMES}
        return SimpleNamespace(
            **{
                name: getattr(modules[path], name)
                for path, names in NAMES.items()
                for name in names
            }
        )
    except (ImportError, AttributeError) as error:
        raise Unfit(str(error)) from error


def usable() -> bool:
    """Tell whether the private names are there."""
    try:
        return private() is not None
    except Unfit:
        return False


def grower_name(estimator: BaseEstimator) -> str:
    """Return which grower will be tried for an estimator: direct or public."""
    return Direct.name if isinstance(estimator, FORESTS) and usable() else Public.name


def grower_of(estimator: Any, rows: Rows, *, checked: bool) -> Grower:
    """Return who grows the trees of an unfitted estimator; raises `Differs` if checked and not the same."""
    try:
        return Direct(clone(estimator), rows, checked=checked)
    except Unfit:
        return Public(estimator, rows)


def plain(forest: Any) -> bool:
    """Tell whether a forest does nothing but grow trees depth first."""
    return (
        isinstance(forest.n_estimators, Integral)
        and int(forest.n_estimators) > 0
        and isinstance(forest.criterion, str)
        and forest.max_leaf_nodes is None
        and not (forest.warm_start or forest.oob_score or forest.verbose)
    )


def fit(estimator: Any, rows: Rows) -> Any:
    """Fit as scikit-learn does."""
    more = {} if rows.weights is None else {"sample_weight": rows.weights}
    return estimator.fit(rows.X, rows.y, **more)


def converted(fitted: Any, table: Any) -> Any:
    """Return a table as trees take it, checked as ``predict`` does."""
    missing = get_tags(fitted).input_tags.allow_nan and not issparse(table)
    return validate_data(
        fitted, table, dtype=np.float32, accept_sparse="csr", reset=False,
        ensure_all_finite="allow-nan" if missing else True,
    )  # fmt: skip


def _like(tree: Any) -> Any:
    """Return an empty tree for the same target."""
    return private().Tree(tree.n_features, np.asarray(tree.n_classes), tree.n_outputs)


def pruned(tree: Any, alpha: float) -> Any:
    """Return a tree after minimal cost-complexity pruning, as scikit-learn does it."""
    if not alpha:
        return tree
    made = _like(tree)
    private()._build_pruned_tree_ccp(made, tree, alpha)
    return made


def shortened(tree: Any, leaves: Array) -> Any:
    """Return a tree that ends at the marked nodes, one on every way to a leaf."""
    made = _like(tree)
    private()._build_pruned_tree_py(made, tree, leaves.astype(np.uint8))
    return made


def pieces(trees: range, total: int, cores: int) -> list[range]:
    """Return the trees in pieces of about equal size, small enough for a total that so many cores share."""
    most = max(2, min(CHUNK, math.ceil(total / (TURNS * cores))))
    count = math.ceil(len(trees) / most)
    edges = [trees.start + len(trees) * place // max(count, 1) for place in range(count + 1)]
    return list(map(range, edges[:-1], edges[1:]))


def same_tree(one: Any, two: Any) -> bool:
    """Tell whether two trees are equal to the bit."""
    mine, its = one.__getstate__(), two.__getstate__()
    return bool(
        mine["max_depth"] == its["max_depth"]
        and mine["nodes"].tobytes() == its["nodes"].tobytes()
        and mine["values"].tobytes() == its["values"].tobytes()
    )


class Public:
    """Fits as everybody does, once for each of the limits asked for."""

    name = "public"

    def __init__(self, estimator: Any, rows: Rows) -> None:
        self._estimator, self._rows = clone(estimator), rows
        self._fits: dict[Limits, list[Any]] = {}
        self._lock = threading.Lock()
        self.rows = len(rows.y)
        self.fitted: Any = None
        self._trees_of(Limits.of(self._estimator, {}, self.rows))

    def grow(self, limits: Limits, trees: range) -> list[Any]:
        """Return trees of a forest within the limits."""
        return [self._trees_of(limits)[number] for number in trees]

    def _trees_of(self, limits: Limits) -> list[Any]:
        with self._lock:
            if limits not in self._fits:
                estimator = clone(self._estimator).set_params(**limits.params)
                fit(estimator, self._rows)
                self.fitted = self.fitted or estimator
                single = getattr(estimator, "estimators_", [estimator])
                self._fits[limits] = [each.tree_ for each in single]
            return self._fits[limits]


class Direct:
    """Grows the trees of a forest with scikit-learn's builder.

    Parameters
    ----------
    forest
        Unfitted; is fitted with a few trees. Its `random_state` goes on as if it had been fitted with all.
    rows
        Training rows.
    checked
        Whether to compare a tree with one of a fit.

    Raises
    ------
    Unfit
        If trees of its kind are not grown directly.
    Differs
        If they would differ by a bit.
    """

    name = "direct"

    def __init__(self, forest: Any, rows: Rows, *, checked: bool = True) -> None:
        self._names = private()
        if not isinstance(forest, FORESTS) or not plain(forest) or issparse(rows.X):
            raise Unfit(type(forest).__name__)
        self.fitted = forest
        drawn = np.random.RandomState()
        drawn.set_state(check_random_state(forest.random_state).get_state())
        self.seeds = drawn.randint(self._names.MAX_INT, size=forest.n_estimators).tolist()
        data = self._begin(rows, min(FEW if checked else 1, forest.n_estimators))
        if forest.n_outputs_ != 1:
            raise Unfit("several targets")
        self._X, self._y = data["X"], data["y"]
        self._mask = data["missing_values_in_feature_mask"]
        self.rows, self.first = len(self._y), forest.estimators_[0]
        self._prepare()
        self._limits, self._few = Limits.of(forest, {}, self.rows), list(forest.estimators_)
        check_random_state(forest.random_state).set_state(drawn.get_state())
        if checked:
            self._check()

    def grow(self, limits: Limits, trees: range) -> list[Any]:
        """Return trees of a forest within the limits."""
        fitted = self._few if limits == self._limits and not self.first.ccp_alpha else []
        there = [each.tree_ for each in fitted[trees.start : trees.stop]]
        state = np.random.RandomState()  # seeded for each tree, which is cheaper than a new one
        return there + [self._grown(each, limits, state) for each in trees[len(there) :]]

    def _check(self) -> None:
        """Raise `Differs` if the last of the few trees would be another one."""
        last = len(self._few) - 1
        own = self._grown(last, self._limits, np.random.RandomState())
        fitted = self._few[last]
        if self.seeds[last] != fitted.random_state or not same_tree(
            pruned(own, self.first.ccp_alpha), fitted.tree_
        ):
            raise Differs

    def _begin(self, rows: Rows, few: int) -> dict[str, Any]:
        """Fit a few trees as everybody does, and return what they are given."""
        forest, seen = self.fitted, dict[str, Any]()
        kept = {name: getattr(forest, name) for name in ("n_estimators", "n_jobs")}
        make = forest._make_estimator

        def making(*args: Any, **more: Any) -> Any:
            tree = make(*args, **more)

            def fitting(X: Any, y: Any, **more: Any) -> Any:
                seen.update(more, X=X, y=y)
                del tree._fit
                return tree._fit(X, y, **more)

            tree._fit = fitting
            return tree

        forest._make_estimator = making
        forest.n_estimators, forest.n_jobs = few, None
        try:
            fit(forest, rows)
        finally:
            vars(forest).update(kept)
            del forest._make_estimator
        if not {"X", "y", "missing_values_in_feature_mask"} <= set(seen):
            raise Unfit("the forest hands its trees something else")
        return seen

    def _weights(self, state: np.random.RandomState) -> Array | None:
        """Return the weights of a tree's rows: how often each was drawn."""
        forest = self.fitted
        if not forest.bootstrap:
            given = forest._sample_weight
            return None if given is None else np.ascontiguousarray(given, dtype=np.float64)
        drawn = self._names._generate_sample_indices(
            state, self.rows, forest._n_samples_bootstrap, forest._sample_weight
        )
        weights = np.bincount(drawn, minlength=self.rows).astype(np.float64)
        if forest.class_weight == "balanced_subsample":
            weights *= compute_sample_weight("balanced", self._y, indices=drawn)
        return weights

    def _grown(self, number: int, limits: Limits, state: np.random.RandomState) -> Any:
        names, first = self._names, self.first
        state.seed(self.seeds[number])
        weights = self._weights(state)
        whole = self.rows if weights is None else np.sum(weights)
        weight = first.min_weight_fraction_leaf * whole
        state.seed(self.seeds[number])  # the splitter draws from the beginning, after the bootstrap
        criterion = self._criterion(1, *self._sizes)
        splitter = names.DENSE_SPLITTERS[first.splitter](
            criterion, first.max_features_, self._leaf, weight, state, self._signs
        )
        tree = names.Tree(first.n_features_in_, self._classes, 1)
        builder = names.DepthFirstTreeBuilder(
            splitter, limits.split, self._leaf, weight, limits.depth, limits.decrease
        )
        builder.build(tree, self._X, self._y, weights, self._mask)
        return tree

    def _prepare(self) -> None:
        """Set what all trees are made with, as ``BaseDecisionTree._fit`` works it out for each."""
        first, names = self.first, self._names
        leaf, signs = first.min_samples_leaf, first.monotonic_cst
        self._leaf = leaf if isinstance(leaf, Integral) else math.ceil(leaf * self.rows)
        self._classes = np.array([getattr(first, "n_classes_", 1)], dtype=np.intp)
        self._signs = None if signs is None else np.asarray(signs).astype(np.int8)
        self._sizes: tuple[Any, ...] = (self.rows,)
        kinds = names.CRITERIA_REG
        if is_classifier(first):
            kinds, self._sizes = names.CRITERIA_CLF, (self._classes,)
            self._signs = None if self._signs is None else -self._signs  # of the first class
        if first.criterion not in kinds:
            raise Unfit(first.criterion)
        self._criterion = kinds[first.criterion]
