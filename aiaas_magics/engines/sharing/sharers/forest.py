"""Forests and single trees: one fit with the loosest limits holds those of fewer trees and of tighter limits.

The first hundred trees of a forest of three hundred are the forest of a hundred, to the bit. Cost-complexity
pruning is what scikit-learn does after growing, to the bit. max_depth, min_samples_split and min_impurity_decrease
stop a tree somewhere in the one without them (:mod:`.forest_pruning`). Not shared: min_samples_leaf, which decides
how a node is split, and whatever else does; max_leaf_nodes, whose trees are not grown in preorder.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.tree import (
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    ExtraTreeClassifier,
    ExtraTreeRegressor,
)

from aiaas_magics.engines.sharing import growing, refitting
from aiaas_magics.engines.sharing.base import (
    Answer,
    BySharing,
    Data,
    Fold,
    Group,
    GroupPlan,
    Pool,
    Rows,
)
from aiaas_magics.engines.sharing.sharers.forest_growth import Growth
from aiaas_magics.engines.sharing.sharers.forest_members import LIMITS, Members, valid

TARGETS = ("binary", "multiclass", "continuous")


class Forests(BySharing):
    """Shares trees."""

    name = "forest"
    classes = (
        *growing.FORESTS, DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier, ExtraTreeRegressor,
    )  # fmt: skip

    def shares(self, estimator: BaseEstimator) -> frozenset[str]:
        """Return what forests share; pruning needs names of scikit-learn's own."""
        number = {"n_estimators"} if isinstance(estimator, growing.FORESTS) else set()
        return frozenset(number.union(LIMITS, {"ccp_alpha"} if growing.usable() else ()))

    def plan(self, group: Group, data: Data, *, exact: bool) -> GroupPlan | None:
        """Count trees; with `exact` at most so many, as only what the limits change is grown again."""
        if not _shareable(group, data, exact=exact):
            return None
        members = Members(group)
        most = max(members.sizes)
        per = most
        if exact:
            per = sum(max(members.sizes_of(kind)) for kind in range(len(members.kinds)))
        return GroupPlan(
            "trees", data.folds * per, data.folds * sum(members.sizes),
            tuple(members.labels(data, exact=exact)), growing.grower_name(group.estimator),
        )  # fmt: skip

    def evaluate(
        self, group: Group, folds: Sequence[Fold], pool: Pool, *, exact: bool
    ) -> Iterator[Answer]:
        """Grow chunk after chunk of all folds; a member is answered for when its last tree is there."""
        members = Members(group)
        try:
            yield from _grown(members, folds, pool, exact=exact, direct=True)
        except growing.Differs:  # by the first chunk of the first fold: nothing is answered yet
            yield from _grown(members, folds, pool, exact=exact, direct=False)

    def refit(self, estimator: Any, rows: Rows, pool: Pool) -> Any:
        """Fit the winner: bit-equal to ``estimator.fit``."""
        if isinstance(estimator, growing.FORESTS):
            return refitting.refit(estimator, rows, pool)
        return growing.fit(estimator, rows)


def _shareable(group: Group, data: Data, *, exact: bool) -> bool:
    """Tell whether a group's members are parts of each other; whatever would fail is left to fail by itself."""
    estimator: Any = group.estimator
    chance = estimator.random_state is None
    forest = isinstance(estimator, growing.FORESTS)
    fails = forest and not estimator.bootstrap and (estimator.oob_score or estimator.max_samples is not None)  # fmt: skip
    return (
        data.target in TARGETS
        and estimator.max_leaf_nodes is None
        and isinstance(estimator.criterion, str)
        and isinstance(getattr(estimator, "splitter", ""), str)
        and not (forest and estimator.warm_start)
        and not fails
        and not (chance and exact)
        and (growing.usable() or not estimator.ccp_alpha)
        and all(valid(estimator, member) for member in group.members)
    )


def _grown(
    members: Members, folds: Sequence[Fold], pool: Pool, *, exact: bool, direct: bool
) -> Iterator[Answer]:
    growths = [
        Growth(members, fold, exact=exact, try_direct=direct, checked=fold is folds[0])
        for fold in folds
    ]
    tasks = [
        (growth, chunk) for chunk in members.chunks(len(folds), pool.cores) for growth in growths
    ]
    done = 0
    for chunk, answers in pool.map(lambda each: (each[1], each[0].answers(each[1])), tasks):
        done += len(chunk) * (len(members.alive(chunk)) if exact else 1)
        pool.progress(done, "growing trees")
        yield from answers
