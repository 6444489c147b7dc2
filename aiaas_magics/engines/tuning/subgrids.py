"""What one model answers for: the sub-grid that a proposal over the other parameters brings along.

A parameter that is shared costs (next to) nothing to vary, so it is not proposed: its list is compared in full. A
distribution is cut into slices of equal probability, and every proposal sees one value of each slice, drawn anew:
ten proposals of eight slices have seen eighty values (stratified sampling: McKay, Beckman and Conover, 1979).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from aiaas_magics.engines.sharing.grouping import last_step
from aiaas_magics.engines.sharing.sharers import sharer_of
from aiaas_magics.engines.tuning.candidates import Asked, combinations, drawn
from aiaas_magics.engines.tuning.searching import Searching
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.spaces import Distribution, Space, cells

SLICES = 8
"""Of a distribution, for each proposal."""
MOST_SHARED = 256
"""Cells of a sub-grid: each costs little, but not nothing."""
PROBES = 4
"""Settings of the other parameters for which it is looked at what sharing is worth."""
WORTH = 0.75
"""A sub-grid that costs more than this share of its members' own fits is not shared: two sizes of a forest, 50 and
100 trees, cost two thirds."""


class SubGrid(NamedTuple):
    """The parameters that are shared, and how finely."""

    lists: dict[str, list[JSON]]
    sliced: dict[str, Distribution]
    slices: int = SLICES

    @property
    def names(self) -> frozenset[str]:
        """The parameters in it."""
        return frozenset(self.lists) | frozenset(self.sliced)

    @property
    def size(self) -> int:
        """How many cells it has, at most."""
        return int(cells(self.lists) * self.slices ** len(self.sliced))

    def drawn(self, rng: np.random.Generator) -> list[Asked]:
        """Return its cells: every value of a list, with one value of each slice of a distribution."""
        values: dict[str, list[JSON]] = dict(self.lists)
        for name in sorted(self.sliced):
            shares = (np.arange(self.slices) + rng.random(self.slices)) / self.slices
            values[name] = list(dict.fromkeys(self.sliced[name].at(float(s)) for s in shares))
        return combinations(values)


NOTHING = SubGrid({}, {})


def shared(searching: Searching, space: Space) -> SubGrid:
    """Return the sub-grid of a space that one model answers for; empty where sharing is worth nothing."""
    names = _shares(searching) & space.keys()
    found = _of_size({n: v for n, v in space.items() if n in names})
    others = {n: v for n, v in space.items() if n not in found.names}
    return found if found.names and _is_worth_it(searching, found, others) else NOTHING


def finely(space: Space, count: int) -> dict[str, list[JSON]]:
    """Return a space as lists: each distribution evenly over all of it, about `count` cells in all."""
    sliced = [name for name, values in space.items() if isinstance(values, Distribution)]
    lists = {n: v for n, v in space.items() if not isinstance(v, Distribution)}
    each = max(2, round((count / max(cells(lists), 1)) ** (1 / max(len(sliced), 1))))
    return {n: v.spread(each) if isinstance(v, Distribution) else v for n, v in space.items()}


def _shares(searching: Searching) -> frozenset[str]:
    model = last_step(searching.pipeline)[1]
    sharer = None if searching.spec.sharing == "off" else sharer_of(model)
    return sharer.shares(model) if sharer is not None else frozenset()


def _of_size(space: Mapping[str, list[JSON] | Distribution]) -> SubGrid:
    """Return as much of a space as has few enough cells: lists first, distributions in fewer slices."""
    lists: dict[str, list[JSON]] = {}
    for name, values in sorted(space.items()):
        if not isinstance(values, Distribution) and len(values) * cells(lists) <= MOST_SHARED:
            lists[name] = values
    sliced = {n: v for n, v in space.items() if isinstance(v, Distribution)}
    slices = SLICES
    while sliced and slices > 2 and cells(lists) * slices ** len(sliced) > MOST_SHARED:
        slices -= 1
    return SubGrid(lists, sliced, slices)


def _is_worth_it(searching: Searching, found: SubGrid, others: Space) -> bool:
    """Look at what a few sub-grids would cost: a sharer may refuse some settings."""
    rng = np.random.default_rng(0)
    for _ in range(PROBES if others else 1):
        setting = drawn(others, rng)
        plan = searching.plan([{**setting, **cell} for cell in found.drawn(rng)])
        if plan.apart or plan.shared > WORTH * plan.alone:
            return False
    return True
