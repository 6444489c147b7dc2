"""What stops a tree from growing, in the units of its builder."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np

from aiaas_magics.engines.sharing.base import Params

UNLIMITED = int(np.iinfo(np.int32).max)
"""The depth that the builder takes for none."""


class Limits(NamedTuple):
    """What stops a tree from growing; none of it decides how a node is split."""

    depth: int
    split: int
    """Rows that a node must have to be split."""
    decrease: float
    """Weighted decrease of impurity that a split must bring."""

    @classmethod
    def of(cls, estimator: Any, member: Params, rows: int) -> Limits:
        """Return an estimator's limits with a member's parameters, for so many training rows."""

        def asked(name: str) -> Any:
            return member.get(name, getattr(estimator, name))

        leaf, split, depth = map(asked, ("min_samples_leaf", "min_samples_split", "max_depth"))
        leaf = leaf if isinstance(leaf, Integral) else math.ceil(leaf * rows)
        split = split if isinstance(split, Integral) else max(2, math.ceil(split * rows))
        depth = UNLIMITED if depth is None else min(int(depth), UNLIMITED)
        return cls(depth, max(int(split), 2 * int(leaf)), float(asked("min_impurity_decrease")))

    @classmethod
    def loosest(cls, several: Sequence[Limits]) -> Limits:
        """Return limits that contain all of several."""
        depths, splits, decreases = zip(*several, strict=True)
        return cls(max(depths), min(splits), min(decreases))

    def contain(self, other: Limits) -> bool:
        """Tell whether trees within the other's limits are parts of trees within these."""
        return self == Limits.loosest([self, other])

    @property
    def params(self) -> dict[str, Any]:
        """The parameters of an estimator that is limited so."""
        depth = None if self.depth == UNLIMITED else self.depth
        return {
            "max_depth": depth, "min_samples_split": self.split,
            "min_impurity_decrease": self.decrease,
        }  # fmt: skip
