"""The tier of ONNX Runtime: trees in float64, formulas in float64 and float32."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aiaas_magics.engines.optimising import foreign, formulas, graphs, programs, trees
from aiaas_magics.engines.optimising.base import LeftOut
from aiaas_magics.engines.optimising.programs import Part
from aiaas_magics.predictors.onnx import Onnx
from aiaas_magics.predictors.packed import Array
from aiaas_magics.predictors.programs import Program
from aiaas_magics.specs.records import ModelInfo


class OnnxTier:
    """Estimators as ONNX graphs, in one precision.

    scikit-learn computes in float64 all but its trees' comparisons, which see float32: a graph in float64 gives its answers
    to a few ulps, one in float32 serves where numbers are small and the model is large.
    """

    needs = ("onnxruntime",)

    def __init__(self, precision: str) -> None:
        self.name, self._precision = f"onnx-{precision}", precision

    def build(self, pipeline: Any, info: ModelInfo, folder: Path) -> Program:
        """Return the program; see :class:`.base.Tier`."""
        count = 0

        def make(estimator: Any, width: int, path: programs.Path) -> Part:
            nonlocal count
            del path
            file = f"model-{count}.onnx" if count else "model.onnx"
            count += 1
            return self._part(estimator, width, folder / file)

        return programs.of(pipeline, info.signature, make)

    def _part(self, estimator: Any, width: int, path: Path) -> Part:
        if formulas.knows(estimator):
            graph = graphs.Graph(width, self._precision)
            result, link = formulas.of(estimator, graph)
            path.write_bytes(graph.body(result))
            return Part(
                Onnx(path.name, self._precision), link, cells=formulas.cells(estimator, width)
            )
        if not trees.knows(estimator):
            body, output, link = foreign.of(estimator, width, self._precision)
            path.write_bytes(body)
            cells = len(
                getattr(getattr(estimator, "base_estimator_", estimator), "X_train_", ())
            )  # distances to all of them
            return Part(Onnx(path.name, self._precision, output=output), link, cells=cells)
        found = trees.of(estimator)
        if self._precision != "float64":
            raise LeftOut("trees add up in float64, and are no slower so")
        body, leaves = graphs.of_trees(found, width + found.extra)
        path.write_bytes(body)
        packed = None if leaves is None else Array.of(leaves)
        return programs.walked(Onnx(path.name, "float64", packed), found)
