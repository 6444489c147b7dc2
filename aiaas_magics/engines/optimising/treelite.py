"""The tier of Treelite: ensembles of trees, walked by its interpreter, behind the same front."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from aiaas_magics.engines.optimising import programs, trees
from aiaas_magics.engines.optimising.base import LeftOut
from aiaas_magics.engines.optimising.nodes import LEAF, Nodes, Trees
from aiaas_magics.engines.optimising.programs import Part
from aiaas_magics.predictors.programs import Program
from aiaas_magics.predictors.treelite import Treelite
from aiaas_magics.specs.records import ModelInfo

MOST_NODES = 500_000
"""Nodes are handed over one by one, two microseconds each: larger ensembles are left to other tiers."""


class TreeliteTier:
    """Trees by Treelite, in float64."""

    name = "treelite"
    needs = ("treelite",)

    def build(self, pipeline: Any, info: ModelInfo, folder: Path) -> Program:
        """Return the program; see :class:`.base.Tier`."""
        count = 0

        def make(estimator: Any, width: int, path: programs.Path) -> Part:
            nonlocal count
            del path
            found = trees.of(estimator)
            file = f"model-{count}.treelite" if count else "model.treelite"
            count += 1
            model(found, width + found.extra).serialize(folder / file)
            return programs.walked(Treelite(file, found.outputs, found.rounded), found)

        return programs.of(pipeline, info.signature, make)


def model(found: Trees, width: int) -> Any:
    """Return an ensemble as Treelite has it.

    Raises
    ------
    Unconvertible
        If it is too large.
    """
    import treelite
    from treelite.model_builder import Metadata, ModelBuilder, PostProcessorFunc, TreeAnnotation

    nodes = sum(len(tree.left) for tree in found.trees)
    if nodes > MOST_NODES:
        raise LeftOut(f"{nodes:,} nodes are too many to hand over")
    count, wide = len(found.trees), found.target is None
    kind = "kRegressor" if found.outputs == 1 else "kMultiClf"
    shape = (1, found.outputs if wide else 1)
    classes = [-1] * count if wide else list(found.target or ())
    builder = ModelBuilder(
        threshold_type="float64", leaf_output_type="float64",
        metadata=Metadata(width, kind, False, 1, [found.outputs], shape),
        tree_annotation=TreeAnnotation(count, [0] * count, classes),
        postprocessor=PostProcessorFunc("identity"), base_scores=[0.0] * found.outputs,
    )  # fmt: skip
    for tree in found.trees:
        _add(builder, tree, wide=wide)
    made: treelite.Model = builder.commit()
    return made


def _add(builder: Any, tree: Nodes, *, wide: bool) -> None:
    builder.start_tree()
    values: Any = tree.value if wide else tree.value[:, 0]
    columns = (
        tree.feature,
        tree.threshold,
        tree.gaps_left,
        tree.left,
        tree.right,
        np.asarray(values),
    )
    for place, (feature, split, gap, left, right, value) in enumerate(
        zip(*(column.tolist() for column in columns), strict=True)
    ):
        builder.start_node(place)
        if left == LEAF:
            builder.leaf(value)
        else:
            builder.numerical_test(
                feature, split, default_left=bool(gap), opname="<=", left_child_key=left, right_child_key=right
            )  # fmt: skip
        builder.end_node()
    builder.end_tree()
