"""Trees of every library in one form: arrays of nodes, and how their values add up."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from aiaas_magics.predictors.fronts import Step
from aiaas_magics.predictors.links import Link

LEAF = -1


class Nodes(NamedTuple):
    """A tree, node 0 its root; a value goes left if it is at most the threshold.

    ``left`` and ``right`` are `LEAF` at a leaf, ``gaps_left`` says where a missing value goes, ``value`` is
    (nodes, outputs).
    """

    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    gaps_left: np.ndarray
    value: np.ndarray


class Trees(NamedTuple):
    """An ensemble: the values of the leaves that a row reaches are added up in the order of the trees.

    Attributes
    ----------
    target
        The output each tree adds to; None where each leaf holds a value for every output.
    outputs
        How many there are.
    rounded
        Whether a value is rounded to float32 before it is compared.
    zero
        Numbers of at most this size are taken for 0.
    before
        Steps of their own: what comes out of them is what the trees compare.
    extra
        How many columns these add to those of the model.
    """

    trees: list[Nodes]
    target: list[int] | None
    outputs: int
    rounded: bool
    link: Link
    zero: float = 0.0
    before: tuple[Step, ...] = ()
    extra: int = 0


def constant(values: np.ndarray, outputs: int) -> Nodes:
    """Return a tree of one leaf."""
    one = np.zeros(1, dtype="int64")
    value = np.full((1, outputs), values, dtype="float64")
    return Nodes(one, np.zeros(1), one + LEAF, one + LEAF, one.astype(bool), value)


def reached(tree: Nodes, X: np.ndarray) -> list[np.ndarray]:
    """Return the nodes on the way of each row, level by level, of shape (rows,); a leaf stays itself."""
    here = np.zeros(len(X), dtype="int64")
    levels, rows = [here], np.arange(len(X))
    while (tree.left[here] != LEAF).any():
        values = X[rows, tree.feature[here]]
        gap = np.isnan(values)
        left = np.where(gap, tree.gaps_left[here], values <= tree.threshold[here])
        after = np.where(left, tree.left[here], tree.right[here])
        here = np.where(tree.left[here] == LEAF, here, after)
        levels.append(here)
    return levels
