"""The trees that limited ones are parts of: where the limits would have stopped each, and what that answers.

max_depth, min_samples_split and min_impurity_decrease decide whether a node is split, never how. So the tree within
tighter limits is the part of a looser one above the nodes where these stop it, and its leaves hold what those nodes
hold. The builder works in preorder, whence a subtree is a range of nodes, and the last stop at or before a leaf is
the one above it.

One thing differs: a tree draws random numbers at every node that it tries to split, so that after the first node
which tighter limits leave untried the fit of one's own draws others. It is a tree of the same distribution then, and
the very same tree where its limits leave no node untried (`Nodes.binding`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from aiaas_magics.engines.sharing.base import Array
from aiaas_magics.engines.sharing.limits import Limits

EPSILON = float(np.finfo(np.float64).eps)
"""What the builder takes for no impurity (``sklearn/tree/_tree.pyx``)."""
NEAR = 1e-9
"""Decreases of impurity this near to a limit, relatively, may fall on either side of it in another's arithmetic."""
BLOCK = 1 << 17
"""Numbers that are summed in one go: a megabyte, which a core's cache holds."""


class Nodes:
    """The nodes of some trees in one table: tree after tree, each in preorder."""

    def __init__(self, trees: Sequence[Any], *, limits: Limits) -> None:
        """Take trees that were grown within `limits`."""
        counts = [tree.node_count for tree in trees]
        self._trees, self._within = trees, limits
        self.starts = np.concatenate([[0], np.cumsum(counts)])
        self.count = int(self.starts[-1])
        shift = np.repeat(self.starts[:-1], counts)
        left, right = self._joined("children_left"), self._joined("children_right")
        self.leaf = left < 0
        self.inner = np.flatnonzero(~self.leaf)
        self.left, self.right = ((side + shift)[self.inner] for side in (left, right))
        self.parent = np.arange(self.count)
        self.parent[self.left] = self.parent[self.right] = self.inner
        depths = [tree.compute_node_depths() for tree in trees]
        self.depth = np.concatenate([each - each[0] for each in depths])
        self.samples = self._joined("n_node_samples")
        self.impurity = self._joined("impurity")
        self._lowest: Array | None = None

    def _joined(self, name: str) -> Array:
        return np.concatenate([getattr(tree, name) for tree in self._trees])

    def stops(self, limits: Limits) -> Array:
        """Mark the nodes (n,) at which trees within the limits end."""
        stopped = self.leaf | (self.depth >= limits.depth) | (self.samples < limits.split)
        if limits.decrease > self._within.decrease:
            stopped |= self.lowest() + EPSILON < limits.decrease
        above = stopped[self.parent]
        above[self.starts[:-1]] = False
        return stopped & ~above

    def binding(self, limits: Limits) -> Array:
        """Tell of each tree whether these limits leave a node untried that its own did not."""
        tried = (self.impurity > EPSILON) & (self.samples >= self._within.split)
        tried &= self.depth < self._within.depth
        bound = tried & ((self.depth >= limits.depth) | (self.samples < limits.split))
        if limits.decrease > self._within.decrease:
            bound |= self.lowest() + EPSILON < limits.decrease * (1 + NEAR)
        return np.logical_or.reduceat(bound, self.starts[:-1])

    def lowest(self) -> Array:
        """Return the least decrease of impurity on the way to and at every node (n,); of leaves only above them."""
        if self._lowest is None:
            self._lowest = self._decreases()
            for depth in range(1, int(self.depth.max(initial=0)) + 1):
                level = self.depth == depth
                self._lowest[level] = np.minimum(
                    self._lowest[level], self._lowest[self.parent[level]]
                )
        return self._lowest

    def _decreases(self) -> Array:
        """Return what each split brought, as ``Criterion.impurity_improvement`` computes it."""
        weights = self._joined("weighted_n_node_samples")
        whole = np.repeat(weights[self.starts[:-1]], np.diff(self.starts))[self.inner]
        node, left, right = weights[self.inner], weights[self.left], weights[self.right]
        gain = np.full(self.count, np.inf)
        gain[self.inner] = (node / whole) * (
            self.impurity[self.inner]
            - (right / node * self.impurity[self.right])
            - (left / node * self.impurity[self.left])
        )
        return gain


class View(NamedTuple):
    """How some candidates see the trees of a chunk."""

    trees: tuple[int, ...]
    """Their tree in the place of each, by its number among all."""
    stops: Array | None
    """At which nodes theirs end; None where at their leaves."""

    @property
    def key(self) -> tuple[object, ...]:
        """What is equal if two views are."""
        return self.trees, None if self.stops is None else self.stops.tobytes()


class Chunk:
    """Some trees of a forest as its candidates see them.

    Parameters
    ----------
    trees
        All trees that any candidate needs.
    views
        One for each kind of candidate.
    tables
        Converted features, each (rows, columns).
    """

    def __init__(self, trees: Sequence[Any], views: Sequence[View], tables: Sequence[Any]) -> None:
        different = {view.key: view for view in views}
        numbers = {key: number for number, key in enumerate(different)}
        self.view_of = np.array([numbers[view.key] for view in views])
        shown = list(different.values())
        starts = np.concatenate([[0], np.cumsum([tree.node_count for tree in trees])])
        self.values = np.concatenate([tree.value[:, 0, :] for tree in trees])
        self._trees = np.array([view.trees for view in shown]).T
        self._ends = self._ends_of(shown, int(starts[-1]))
        self._leaves = [
            np.stack([tree.apply(table) + start for tree, start in zip(trees, starts[:-1], strict=True)])
            for table in tables
        ]  # fmt: skip

    def _ends_of(self, shown: Sequence[View], count: int) -> Array | None:
        """Return where each view ends that passes a node, (views, nodes)."""
        if all(view.stops is None for view in shown):
            return None
        every = np.arange(count)
        ends = np.empty((len(shown), count), dtype=np.intp)
        for number, view in enumerate(shown):
            ends[number] = every
            if view.stops is not None:
                known = len(view.stops)
                marked = np.where(view.stops, every[:known], 0)
                ends[number, :known] = np.maximum.accumulate(marked)
        return ends

    def add(self, sums: Array, views: Array, table: int) -> Array:
        """Return sums (sets, rows, values) and what the trees answer as each set views them, tree after tree."""
        leaves, trees = self._leaves[table], self._trees[:, views]
        step = max(1, BLOCK // max(1, sums.size))
        for start in range(0, len(trees), step):
            ends = leaves[trees[start : start + step]]
            if self._ends is not None:
                ends += (views * self._ends.shape[1])[:, None]
                ends = self._ends.ravel().take(ends)
            sums = _added(sums, self.values.take(ends, axis=0))
        return sums


def _added(sums: Array, values: Array) -> Array:
    """Add values (trees, ...) to the sums (...) one tree after the other, as scikit-learn does."""
    if sums.size < 8:  # a sum over a contiguous axis is taken in pairs
        for each in values:
            sums = sums + each
        return sums
    values[0] += sums
    return np.add.reduce(values, axis=0)


class Sums:
    """The sums of what the trees so far answer, once for all kinds of candidates that have seen the same trees."""

    def __init__(self, kinds: Sequence[int], shapes: Sequence[tuple[int, ...]]) -> None:
        """Begin with nothing: `kinds` of candidates, tables of so many (rows, values)."""
        self.set_of = dict.fromkeys(kinds, 0)
        self._sums = [np.zeros((1, *shape)) for shape in shapes]

    def add(self, kinds: Sequence[int], chunk: Chunk) -> None:
        """Add a chunk that these kinds see; the others need no more trees."""
        pairs = [(self.set_of[kind], int(chunk.view_of[place])) for place, kind in enumerate(kinds)]
        new = {pair: number for number, pair in enumerate(dict.fromkeys(pairs))}
        self.set_of = {kind: new[pair] for kind, pair in zip(kinds, pairs, strict=True)}
        old, views = (np.array(side) for side in zip(*new, strict=True))
        self._sums = [chunk.add(sums[old], views, table) for table, sums in enumerate(self._sums)]

    def means(self, number: int, trees: int) -> tuple[Array, ...]:
        """Return the means (rows, values) of a set, one a table."""
        return tuple(sums[number] / trees for sums in self._sums)
