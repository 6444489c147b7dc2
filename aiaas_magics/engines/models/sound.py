"""Whether a model is sound: what native code would follow blindly leads where it should.

That is the nodes of trees, the shapes of support vectors, the classes of neighbours, the indices of sparse
tables. A crafted one would make a predictor read outside its arrays and end the process, or go round in
circles for ever. All objects in a model are visited, so that an estimator is checked wherever it is: in a
pipeline, a vote, a stack, a calibration.

Adding a kind of estimator with native state: a function in `CHECKS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.ensemble import IsolationForest
from sklearn.ensemble._forest import BaseForest
from sklearn.ensemble._gb import BaseGradientBoosting
from sklearn.ensemble._hist_gradient_boosting.gradient_boosting import BaseHistGradientBoosting
from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor
from sklearn.neighbors import BallTree, KDTree
from sklearn.neighbors._base import NeighborsBase
from sklearn.svm._base import BaseLibSVM
from sklearn.tree import BaseDecisionTree
from sklearn.tree._tree import Tree

from aiaas_magics import errors

ANY = 2**31
"""A width that no column reaches: whoever hands a table to such a tree has checked it."""
PLAIN = (str, bytes, bool, int, float, complex, np.generic, type(None), np.random.RandomState)


def check(model: Any) -> None:
    """Check a model and everything inside it.

    The trees by which neighbours are found are grown again from their rows: cheaper than reading them.

    Raises
    ------
    SealError
        If native code would be led astray.
    """
    try:
        found = list(_parts(model))
        known = {id(getattr(e, "_tree", None)) for e in found if isinstance(e, NeighborsBase)}
        strange = (e for e in found if isinstance(e, KDTree | BallTree) and id(e) not in known)
        if next(strange, None) is not None or not all(map(_sound, found)):
            raise ValueError("unsound")
        for each in found:
            _grown_again(each)
    except (ValueError, TypeError, AttributeError, LookupError) as error:
        raise errors.SealError(
            "the model is not opened", "a part of it leads nowhere", "train it again"
        ) from error


def _parts(model: Any) -> Iterator[Any]:
    """Yield every object in a model, once."""
    waiting, seen = [model], {}
    while waiting:
        each = waiting.pop()
        if id(each) in seen or isinstance(each, PLAIN):
            continue
        seen[id(each)] = each  # kept, as the number of one that is gone may be another's
        if isinstance(each, dict):
            waiting += (*each, *each.values())
        elif isinstance(each, list | tuple | set | frozenset):
            waiting += each
        elif isinstance(each, np.ndarray):
            waiting += each.ravel().tolist() if each.dtype == object else ()
        else:
            yield each
            waiting += getattr(each, "__dict__", {}).values()


def _sound(each: Any) -> bool:
    return all(check_(each) for kind, check_ in CHECKS if isinstance(each, kind))


def _tree_alone(tree: Tree) -> bool:
    return _leads_on(tree, ANY)


def _decision_tree(estimator: BaseDecisionTree) -> bool:
    tree = getattr(estimator, "tree_", None)
    return tree is None or _leads_on(tree, _width(estimator))


def _forest(forest: BaseForest) -> bool:
    # a forest checks a table's width once, and hands it to its trees unchecked
    width = _width(forest) if getattr(forest, "estimators_", None) else 0
    return _all_lead_on(getattr(forest, "estimators_", ()), width)


def _isolation(forest: IsolationForest) -> bool:
    pairs = zip(
        getattr(forest, "estimators_", ()), getattr(forest, "estimators_features_", ()), strict=True
    )
    return all(_leads_on(one.tree_, min(len(some), _width(forest))) for one, some in pairs)


def _gradient_boosting(model: BaseGradientBoosting) -> bool:
    # its trees write to a place a class, in a table as wide as what it starts from
    stages = getattr(model, "estimators_", None)
    if stages is None:
        return True
    width = _width(model)
    if stages.ndim != 2 or not _all_lead_on(stages.ravel(), width):
        return False
    if model.init_ == "zero":
        return stages.shape[1] == model.n_trees_per_iteration_
    classes, begun = (len(getattr(each, "classes_", [0])) for each in (model, model.init_))
    return stages.shape[1] == (classes if classes > 2 else 1) and begun == classes


def _hist_gradient_boosting(model: BaseHistGradientBoosting) -> bool:
    stages = getattr(model, "_predictors", None)
    if stages is None:
        return True
    width, mapper = _width(model), model._bin_mapper
    categorical = np.asarray(mapper.is_categorical_, dtype=bool)
    if categorical.shape != (width,) or model._preprocessor is not None:
        return False  # one that recodes categories holds a function, and is not opened anyway
    if any(len(stage) != model.n_trees_per_iteration_ for stage in stages):
        return False
    return all(_predictor(each, width, categorical) for stage in stages for each in stage)


def _predictor(predictor: TreePredictor, width: int = ANY, categorical: Any = None) -> bool:
    nodes = predictor.nodes
    inner = ~nodes["is_leaf"].astype(bool)
    asks = inner & nodes["is_categorical"].astype(bool)
    sets = nodes["bitset_idx"][asks]
    known = bool((sets < len(predictor.raw_left_cat_bitsets)).all())
    known = (known and predictor.raw_left_cat_bitsets.shape[1:] == (8,)) or not len(sets)
    if not (known and _ends(nodes["left"], nodes["right"], nodes["feature_idx"], inner, width)):
        return False
    return categorical is None or bool(categorical[nodes["feature_idx"][asks]].all())


def _support_vectors(model: BaseLibSVM) -> bool:
    if not hasattr(model, "support_"):
        return True
    rows, groups = len(model.support_), np.asarray(model._n_support)
    of_classes = model._impl in ("c_svc", "nu_svc")
    size = (len(groups) - 1, rows) if of_classes else (1, rows)
    borders = len(groups) * (len(groups) - 1) // 2 if of_classes else 1
    counted = bool((groups >= 0).all()) and (int(groups.sum()) if of_classes else rows) == rows
    width = _width(model)
    if model.kernel == "precomputed":  # a row holds what it has in common with each training row
        inside = bool(((model.support_ >= 0) & (model.support_ < width)).all())
    else:
        inside = model.support_vectors_.shape == (rows, width)
    shapes = model._dual_coef_.shape == size and model._intercept_.shape == (borders,)
    guesses = len(model._probA) in (0, borders) and len(model._probB) in (0, borders)
    return counted and inside and shapes and guesses


def _neighbours(model: NeighborsBase) -> bool:
    rows, width = getattr(model, "_fit_X", None), getattr(model, "n_features_in_", None)
    if rows is None:
        return True
    if rows.shape[1] != width:
        return False
    if not hasattr(model, "classes_") or not hasattr(model, "_y"):
        return True
    places, several = np.asarray(model._y), isinstance(model.classes_, list)
    counts = [len(c) for c in model.classes_] if several else [len(model.classes_)]
    table = places.reshape(rows.shape[0], -1)
    return table.shape[1] == len(counts) and bool(((table >= 0) & (table < counts)).all())


def _table(table: Any) -> bool:
    if hasattr(table, "check_format"):
        table.check_format(full_check=True)
    return True


def _grown_again(model: Any) -> None:
    if isinstance(model, NeighborsBase) and isinstance(
        getattr(model, "_tree", 0), KDTree | BallTree
    ):
        grow, how = type(model._tree), model.effective_metric_params_
        model._tree = grow(model._fit_X, model.leaf_size, metric=model.effective_metric_, **how)


def _width(estimator: Any) -> int:
    return int(estimator.n_features_in_)


def _all_lead_on(estimators: Iterable[Any], width: int) -> bool:
    return all(_leads_on(each.tree_, width) for each in estimators)


def _leads_on(tree: Tree, width: int) -> bool:
    inner = tree.children_left != -1
    return _ends(tree.children_left, tree.children_right, tree.feature, inner, width)


def _ends(left: Any, right: Any, feature: Any, inner: Any, width: int) -> bool:
    """Tell whether inner nodes lead to later ones: scikit-learn lays children after their parent."""
    places = np.flatnonzero(inner)
    ends = [(side[inner] > places) & (side[inner] < len(inner)) for side in (left, right)]
    return bool(all(map(np.all, [*ends, feature[inner] >= 0, feature[inner] < width])))


CHECKS: tuple[tuple[Any, Callable[[Any], bool]], ...] = (
    (Tree, _tree_alone),
    (BaseDecisionTree, _decision_tree),
    (BaseForest, _forest),
    (IsolationForest, _isolation),
    (BaseGradientBoosting, _gradient_boosting),
    (BaseHistGradientBoosting, _hist_gradient_boosting),
    (TreePredictor, _predictor),
    (BaseLibSVM, _support_vectors),
    (NeighborsBase, _neighbours),
    (sparse.sparray | sparse.spmatrix, _table),
)
"""Kind of object -> whether its native state is sound."""
