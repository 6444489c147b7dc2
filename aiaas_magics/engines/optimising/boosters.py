"""LightGBM's trees, read from its text (format: see :mod:`aiaas_magics.engines.models.boosters`)."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from aiaas_magics.engines.optimising.base import Unconvertible
from aiaas_magics.engines.optimising.nodes import LEAF, Nodes, Trees, constant
from aiaas_magics.predictors.links import Link

DEFAULT_LEFT, MISSING = 2, 12
"""Bits of a decision: where missing values go, and what is missing (LightGBM's ``tree.h``)."""
AS_ZERO, GAP = 0, 8
"""Nothing is missing, and a gap counts as 0; or a gap is."""
TINY = float(np.float32(1e-35))
"""What LightGBM takes for 0 where it reads a row (``kZeroThreshold``)."""
LINKS = {"binary": "odds", "multiclass": "softmax", "poisson": "exp"}
"""The first word of an objective -> its link; others predict the sum itself."""


def of(estimator: Any) -> Trees:
    """Return the trees of one of our LightGBM models.

    Raises
    ------
    Unconvertible
        If a split takes 0 for a gap.
    """
    first, *blocks = re.split(r"\n\n+", estimator.text_.rstrip("\n"))
    head = dict(line.split("=", 1) for line in first.split("\n")[2:])
    outputs = int(head["num_tree_per_iteration"])
    kind, *settings = head["objective"].split(" ")
    if kind == "binary" and settings != ["sigmoid:1"]:
        raise Unconvertible("LightGBM with a sigmoid of its own")
    trees = [_nodes(dict(line.split("=", 1) for line in b.split("\n")[1:])) for b in blocks[:-1]]
    target = [place % outputs for place in range(len(trees))]
    return Trees(trees, target, outputs, False, Link(LINKS.get(kind, "value")), TINY)


def _nodes(said: dict[str, str]) -> Nodes:
    """Return a tree; its inner nodes come first, then its leaves."""

    def numbers(name: str, kind: type) -> np.ndarray:
        return np.array([kind(word) for word in said[name].split(" ")])

    value = numbers("leaf_value", float)
    inner = int(said["num_leaves"]) - 1
    if not inner:
        return constant(value, 1)
    threshold, decision = numbers("threshold", float), numbers("decision_type", int)
    missing = decision & MISSING
    if not np.isin(missing, (AS_ZERO, GAP)).all():
        raise Unconvertible("LightGBM that takes 0 for a gap")
    gaps = np.where(missing == GAP, (decision & DEFAULT_LEFT) > 0, threshold >= 0)
    ends = np.full(len(value), LEAF)
    left, right = (
        np.where(child >= 0, child, inner + ~child)
        for child in (numbers("left_child", int), numbers("right_child", int))
    )
    rest = np.zeros(len(value))
    return Nodes(
        np.concatenate([numbers("split_feature", int), rest.astype("int64")]),
        np.concatenate([threshold, rest]), np.concatenate([left, ends]), np.concatenate([right, ends]),
        np.concatenate([gaps, rest.astype(bool)]), np.concatenate([np.zeros(inner), value])[:, None],
    )  # fmt: skip
