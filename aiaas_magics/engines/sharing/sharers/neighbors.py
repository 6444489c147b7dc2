"""Neighbours: one query of the largest ``n_neighbors`` a fold answers for every smaller one and every weighting.

The nearest k of K > k neighbours are the first k, in the same order, unless distances are equal up to rounding:
which of several equally far rows a search keeps depends on k. Such ties are looked for in what the query found, one
neighbour beyond the largest k included. Found by a tree, tied rows are asked for again, with their own k: a tree
answers every row by itself, so the answer is bit-equal to a fit's. Found by comparing all rows ("brute"), where
answers come in blocks, a member with a tie is EXACT at the price of its own query (``exact``), or else has
the label TOLERANCE: a row that is taken as a neighbour may be replaced by one as far away, and nothing else differs.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.neighbors import VALID_METRICS, KNeighborsClassifier, KNeighborsRegressor
from sklearn.utils import _safe_indexing, check_array
from sklearn.utils.extmath import row_norms, weighted_mode

from aiaas_magics.engines.sharing.base import (
    Answer,
    Answers,
    Array,
    BySharing,
    Data,
    Equality,
    Fold,
    Group,
    GroupPlan,
    Pool,
)  # fmt: skip

TREES = ("kd_tree", "ball_tree")
TREE_COLUMNS = 15
"""With more columns ``algorithm="auto"`` compares all rows."""
ROUNDING = 1e-10
"""Distances (and votes) closer than this, relatively, are taken for equal: far above what rounding does to either."""


class Nearest(NamedTuple):
    """The nearest training rows of some rows, nearest first."""

    distances: Array
    """(rows, neighbours)"""
    indices: Array
    """(rows, neighbours)"""

    def first(self, k: int) -> Nearest:
        """Return the first k, in memory of their own: sums round as they do for a fit's own query."""
        return Nearest(*(np.ascontiguousarray(each[:, :k]) for each in self))


class Searched(NamedTuple):
    """What was found for one table of a fold."""

    model: Any
    """Fitted: answers for any k, once told."""
    table: Any
    nearest: Nearest
    tied: Array
    """(rows, neighbours): whether a neighbour is as far away as the next."""
    again: Mapping[int, tuple[Array, Nearest]]
    """By k: rows whose neighbours had to be asked for again, and these."""


class Neighbours(BySharing):
    """Nearest neighbours: every number of them and both weightings from one query."""

    name = "neighbors"
    classes = (KNeighborsClassifier, KNeighborsRegressor)

    def shares(self, estimator: BaseEstimator) -> frozenset[str]:
        """Return the parameters that only say what is made of the neighbours."""
        del estimator
        return frozenset({"n_neighbors", "weights"})

    def plan(self, group: Group, data: Data, *, exact: bool) -> GroupPlan | None:
        """Count queries; those that a tree was asked for are exact for certain.

        Whether ``auto`` will be a tree depends on what a pipeline makes of the columns.
        """
        members, estimator = _asked(group), group.estimator
        several = data.target.startswith("multilabel") or "multioutput" in data.target
        if len(members) < 2 or data.weighted or several or estimator.metric == "precomputed":
            return None
        if not all(each.shareable for each in members):
            return None
        certain = exact or estimator.algorithm in TREES
        labels = (Equality.EXACT if certain else Equality.TOLERANCE,) * len(members)
        return GroupPlan("neighbour queries", data.folds, data.folds * len(members), labels)

    def evaluate(
        self, group: Group, folds: Sequence[Fold], pool: Pool, *, exact: bool
    ) -> Iterator[Answer]:
        """Query each fold once, in threads; count votes as they are asked for."""

        def searched(fold: Fold) -> list[Family]:
            families = [] if pool.stopping() else list(_families(group, fold, exact=exact))
            pool.progress(1)
            return families

        for fold, families in zip(folds, pool.map(searched, folds), strict=False):
            for family in families:
                yield from _answered(group, family, fold.number)


class Asked(NamedTuple):
    """What a member makes of neighbours."""

    like: Any
    """The unfitted estimator of the group."""
    k: Any
    weights: Any

    @property
    def shareable(self) -> bool:
        """Whether it is what scikit-learn has by name."""
        number = isinstance(self.k, int | np.integer) and self.k is not True
        known = isinstance(self.weights, str) and self.weights in {"uniform", "distance"}
        return bool(number and self.k >= 1 and known)

    @property
    def uniform(self) -> bool:
        """Whether near neighbours count as much as far ones."""
        return bool(self.weights == "uniform")


def _asked(group: Group) -> list[Asked]:
    like: Any = group.estimator
    return [
        Asked(like, each.get("n_neighbors", like.n_neighbors), each.get("weights", like.weights))
        for each in group.members
    ]


def _compares_all(estimator: Any, X: Any) -> bool:
    """Tell whether ``auto`` compares all rows, however many neighbours are asked for: `NeighborsBase._fit`."""
    tree = callable(estimator.metric) or estimator.metric in VALID_METRICS["ball_tree"]
    sparse, columns = hasattr(X, "tocsr"), X.shape[1]
    return bool(sparse or columns > TREE_COLUMNS or not tree or (estimator.p or 2) < 1)


class Family(NamedTuple):
    """Members whose neighbours are found by the same algorithm."""

    members: list[int]
    """By their number of neighbours."""
    searched: list[Searched]
    """One for each of the fold's tables."""
    repair: bool
    """Whether every answer must be exact."""
    seconds: float
    """Of searching, by member."""


def _families(group: Group, fold: Fold, *, exact: bool) -> Iterator[Family]:
    """Search for all members in one fold; those with more neighbours than rows are left out."""
    rows, tables = fold.train(), fold.tables()
    n, auto = rows.X.shape[0], group.estimator.algorithm == "auto"
    repair = exact or group.estimator.algorithm in TREES
    repair = repair or (auto and not _compares_all(group.estimator, rows.X))
    wanted = {member: each.k for member, each in enumerate(_asked(group))}
    for wide in (False, True):  # "auto" compares all rows where half of them or more are neighbours
        start = time.perf_counter()
        members = [m for m, k in wanted.items() if k <= n and wide == (auto and k >= n // 2)]
        if members:
            ks = sorted({wanted[m] for m in members})
            model = clone(group.estimator).set_params(n_neighbors=ks[-1]).fit(rows.X, rows.y)
            if model._y.ndim > 1:
                raise ValueError("several targets are not shared")
            found = [_searched(model, table, ks, repair=repair) for table in tables]
            seconds = (time.perf_counter() - start) / len(members)
            yield Family(sorted(members, key=wanted.__getitem__), found, repair, seconds)


def _searched(model: Any, table: Any, ks: Sequence[int], *, repair: bool) -> Searched:
    """Query one table, with one neighbour more than needed: it may be as far away as the last."""
    if model._fit_method != "brute":
        model.set_params(
            n_jobs=1
        )  # there are threads enough; comparing all rows would round otherwise
    more = min(ks[-1] + 1, model.n_samples_fit_)
    nearest = Nearest(*model.kneighbors(table, more))
    if not np.isfinite(nearest.distances).all():
        raise ValueError("a distance is not finite")
    tied = _tied(model, table, nearest.distances)
    again = {}
    if repair and model._fit_method != "brute":
        for k in ks:
            rows = np.flatnonzero(tied[:, :k].any(axis=1))
            if len(rows):
                asked = model.kneighbors(_safe_indexing(table, rows), k)
                again[k] = rows, Nearest(*asked)
    return Searched(model, table, nearest, tied, again)


def _tied(model: Any, table: Any, distances: Array) -> Array:
    """Tell which neighbours are as far away as the next; the last one's next was left out, or there is none.

    Euclidean distances of all rows come from |x|² - 2xy + |y|², whose rounding error is at most (columns + 3) ε
    (|x| + |y|)² (Higham, Accuracy and Stability of Numerical Algorithms, 3.1).
    """
    squares = distances**2
    bound = ROUNDING * squares[:, 1:]
    if model._fit_method == "brute" and model.effective_metric_ == "euclidean":
        lengths = [
            np.sqrt(row_norms(check_array(each, accept_sparse="csr", dtype=float), squared=True))
            for each in (table, model._fit_X)
        ]
        scale = (lengths[0] + lengths[1].max()) ** 2 * np.finfo(float).eps
        bound = bound + (4 * (model.n_features_in_ + 3) * scale)[:, None]
    return np.asarray(np.diff(squares, axis=1) <= bound)


def _answered(group: Group, family: Family, fold: int) -> Iterator[Answer]:
    """Answer for the members of a family."""
    counting = is_classifier(group.estimator)
    votes = [_Votes(each) if counting else None for each in family.searched]
    asked = _asked(group)
    for member in family.members:
        start = time.perf_counter()
        ties = [_depends(asked[member], each, counting=counting) for each in family.searched]
        answers = tuple(
            _real(asked[member], each)
            if tie and family.repair
            else _shared(asked[member], each, counted)
            for each, counted, tie in zip(family.searched, votes, ties, strict=True)
        )
        label = Equality.EXACT if family.repair or not any(ties) else Equality.TOLERANCE
        seconds = family.seconds + time.perf_counter() - start
        yield Answer(member, fold, answers, label, seconds)


def _depends(asked: Asked, searched: Searched, *, counting: bool) -> bool:
    """Tell whether an answer depends on which tied neighbours came first, and was not asked for again."""
    first = asked.k - 1 if counting and asked.uniform else 0  # votes of one weight have no order
    return asked.k not in searched.again and bool(searched.tied[:, first : asked.k].any())


def _shared(asked: Asked, searched: Searched, counted: _Votes | None) -> Answers:
    if counted is None:
        return _means(asked, searched)
    return _votes(asked, searched, counted.until(asked.k, uniform=asked.uniform))


def _real(asked: Asked, searched: Searched) -> Answers:
    """Let scikit-learn answer: what it fits does not depend on the number of neighbours."""
    told = copy.copy(searched.model)
    told.set_params(n_neighbors=asked.k, weights=asked.weights)
    names = ("predict", "predict_proba") if is_classifier(asked.like) else ("predict",)
    responses = {name: partial(getattr(told, name), searched.table) for name in names}
    return Answers(asked.like, responses, getattr(told, "classes_", None))


def _weights(distances: Array) -> Array:
    """Return 1 / distance; where a row has neighbours at distance 0, 1 for these and 0 for others."""
    with np.errstate(divide="ignore"):
        weights = 1.0 / distances
    infinite = np.isinf(weights)
    return np.where(infinite.any(axis=1, keepdims=True), infinite, weights)


def _neighbours(searched: Searched, k: int) -> Nearest:
    """Return the k nearest, with the rows that had to be asked for again."""
    nearest = searched.nearest.first(k)
    if k in searched.again:
        rows, found = searched.again[k]
        for old, new in zip(nearest, found, strict=True):
            old[rows] = new
    return nearest


def _means(asked: Asked, searched: Searched) -> Answers:
    """Answer for a regressor, summing as ``KNeighborsRegressor.predict`` does."""

    def predict() -> Array:
        distances, indices = _neighbours(searched, asked.k)
        y = searched.model._y[indices]
        if asked.uniform:
            return np.asarray(np.mean(y[:, :, None], axis=1)).ravel()
        weights = _weights(distances)
        return np.asarray(np.sum(y * weights, axis=1) / np.sum(weights, axis=1), dtype=float)

    return Answers(asked.like, {"predict": predict})


class _Votes:
    """Votes by class of ever more neighbours, added in the order in which ``predict_proba`` adds them."""

    def __init__(self, searched: Searched) -> None:
        self._distances = searched.nearest.distances
        self._labels = searched.model._y[searched.nearest.indices]
        shape = len(self._labels), len(searched.model.classes_)
        self._sums = {uniform: np.zeros(shape) for uniform in (True, False)}
        self._done = {True: 0, False: 0}
        self._found = np.zeros(shape[0], dtype=bool)
        """Rows with a neighbour at distance 0, so far."""

    def until(self, k: int, *, uniform: bool) -> Array:
        """Return the votes of the first k, (rows, classes); k must not be smaller than before."""
        sums, rows = self._sums[uniform], np.arange(len(self._labels))
        for neighbour in range(self._done[uniform], k):
            votes = 1.0 if uniform else self._weight(neighbour)
            sums[rows, self._labels[:, neighbour]] += votes
        self._done[uniform] = k
        return sums.copy()

    def _weight(self, neighbour: int) -> Array:
        """Return the weights of the next neighbour, (rows,); a first one at distance 0 takes all votes back."""
        with np.errstate(divide="ignore"):
            weights = 1.0 / self._distances[:, neighbour]
        infinite = np.isinf(weights)
        self._sums[False][infinite & ~self._found] = 0
        self._found |= infinite
        return np.where(self._found, infinite, weights)


def _votes(asked: Asked, searched: Searched, sums: Array) -> Answers:
    """Answer for a classifier."""
    k, uniform, classes = asked.k, asked.uniform, searched.model.classes_
    if k in searched.again:
        rows, found = searched.again[k]
        again = _Votes(searched._replace(nearest=found))
        sums[rows] = again.until(k, uniform=uniform)

    def predict_proba() -> Array:
        return np.asarray(sums / sums.sum(axis=1)[:, None])

    def predict() -> Array:
        best = sums.argmax(axis=1)
        if not uniform and len(classes) > 1:
            _break_ties(best, searched, k, sums)
        return np.asarray(classes.take(best))

    return Answers(asked.like, {"predict": predict, "predict_proba": predict_proba}, classes)


def _break_ties(best: Array, searched: Searched, k: int, sums: Array) -> None:
    """Decide between votes that are equal up to rounding as ``predict`` does, which sums in another order."""
    second, first = np.partition(sums, -2, axis=1)[:, -2:].T
    rows = np.flatnonzero(first - second <= ROUNDING * first)
    if len(rows):
        distances, indices = (each[rows] for each in _neighbours(searched, k))
        mode, _ = weighted_mode(searched.model._y[indices], _weights(distances), axis=1)
        best[rows] = mode.ravel()
