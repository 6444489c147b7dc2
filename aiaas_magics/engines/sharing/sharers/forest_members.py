"""Who shares the trees of a forest: how many trees each member has, and of which kind."""

from __future__ import annotations

import math
from collections.abc import Iterator
from numbers import Integral, Real
from typing import Any

import numpy as np

from aiaas_magics.engines.sharing import growing
from aiaas_magics.engines.sharing.base import Data, Equality, Group, Params
from aiaas_magics.engines.sharing.limits import Limits

LIMITS = ("max_depth", "min_samples_split", "min_impurity_decrease")
NAMES = ("n_estimators", *LIMITS, "ccp_alpha")


def valid(estimator: Any, member: Params) -> bool:
    """Tell whether the values are some that scikit-learn takes."""
    values: dict[str, Any] = {name: member.get(name, getattr(estimator, name, 1)) for name in NAMES}
    depth, split = values["max_depth"], values["min_samples_split"]
    return (
        _within(values["n_estimators"], Integral, 1)
        and (depth is None or _within(depth, Integral, 1))
        and (_within(split, Integral, 2) or _within(split, float, 0, 1))
        and split > 0
        and isinstance(estimator.min_samples_leaf, Real)
        and _within(values["min_impurity_decrease"], Real, 0)
        and _within(values["ccp_alpha"], Real, 0)
    )


def _within(value: Any, kind: Any, least: float, most: float = math.inf) -> bool:
    return bool(isinstance(value, kind) and least <= value <= most and value < math.inf)


class Members:
    """The members of a group, by how many trees they have and which kind of trees these are."""

    def __init__(self, group: Group) -> None:
        self.group = group
        names = NAMES[1:]
        kinds = [
            tuple(member.get(name, getattr(group.estimator, name)) for name in names)
            for member in group.members
        ]
        self.kinds = {
            tuple(map(_typed, kind)): dict(zip(names, kind, strict=True)) for kind in kinds
        }
        places = {kind: place for place, kind in enumerate(self.kinds)}
        self.kind_of = [places[tuple(map(_typed, kind))] for kind in kinds]
        self.sizes = [
            int(member.get("n_estimators", getattr(group.estimator, "n_estimators", 1)))
            for member in group.members
        ]

    def sizes_of(self, kind: int) -> list[int]:
        """Return how many trees the members of a kind have."""
        return [size for size, its in zip(self.sizes, self.kind_of, strict=True) if its == kind]

    def alive(self, chunk: range) -> list[int]:
        """Return the kinds that need a chunk's trees."""
        return [kind for kind in range(len(self.kinds)) if max(self.sizes_of(kind)) >= chunk.stop]

    def chunks(self, folds: int, cores: int) -> Iterator[range]:
        """Yield which trees are grown in one go: none spans the last tree of any member."""
        start, most = 0, max(self.sizes)
        for size in sorted(set(self.sizes)):
            yield from growing.pieces(range(start, size), folds * most, cores)
            start = size

    def loosest(self, limits: Limits) -> Any:
        """Return the unfitted estimator that holds all others, without pruning; it says and shows nothing."""
        estimator = self.group.of(int(np.argmax(self.sizes)))
        quiet = {"oob_score": False, "n_jobs": None, "verbose": 0}
        own = estimator.get_params(deep=False)
        return estimator.set_params(
            ccp_alpha=0.0, **limits.params, **{name: quiet[name] for name in quiet.keys() & own}
        )

    @property
    def chance(self) -> bool:
        """Whether every fit of one's own would have another seed."""
        return self.group.estimator.get_params()["random_state"] is None

    def limits(self, rows: int) -> list[Limits]:
        """Return the limits of every kind for so many training rows."""
        return [Limits.of(self.group.estimator, kind, rows) for kind in self.kinds.values()]

    def labels(self, data: Data, *, exact: bool) -> Iterator[Equality]:
        """Yield what is certain of each member before anything is grown."""
        rows = [
            1,
            data.rows,
        ]  # a fold has some number between; a part of it lies between their parts
        loosest = [Limits.loosest(self.limits(each)) for each in rows]
        certain = [
            exact or all(limits[kind] == most for limits, most in zip(map(self.limits, rows), loosest, strict=True))
            for kind in range(len(self.kinds))
        ]  # fmt: skip
        for kind in self.kind_of:
            sure = certain[kind] and not self.chance
            yield Equality.EXACT if sure else Equality.DISTRIBUTION


def _typed(value: Any) -> tuple[bool, Any]:
    """Tell 1 row from 1.0, all rows."""
    return isinstance(value, Integral), value
