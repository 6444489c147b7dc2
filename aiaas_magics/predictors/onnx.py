"""ONNX Runtime as an engine: one thread, one input, numbers in and numbers out."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from aiaas_magics.predictors.packed import Array

if TYPE_CHECKING:
    from aiaas_magics.predictors.programs import Opening

FEW = 256
"""Rows whose trees are added up at once: their values lie in the processor's cache."""


class Onnx(msgspec.Struct, frozen=True, tag="onnx"):
    """A graph in a file.

    Attributes
    ----------
    file
        Its name in the build.
    precision
        Of its input: ``float32`` or ``float64``.
    leaves
        Where the graph names a leaf a tree instead of adding their values up: those values, (leaves, outputs). They are
        added here in the order of the trees, in float64, as scikit-learn adds them: two classes with the same number of votes
        stay equal.
    output
        The output taken; the first where none is named.
    """

    file: str
    precision: str = "float64"
    leaves: Array | None = None
    output: str = ""

    def opened(self, opening: Opening) -> Callable[[np.ndarray], np.ndarray]:
        """Return the function from a matrix to the outputs."""
        run = session((opening.folder / self.file).read_bytes()).run
        dtype, wanted = np.dtype(self.precision), [self.output] if self.output else None

        def graph(x: np.ndarray) -> np.ndarray:
            found: np.ndarray = run(wanted, {"X": x.astype(dtype, copy=False)})[0]
            return found if found.dtype == np.float64 else found.astype("float64")

        if self.leaves is None:
            return graph
        values = self.leaves.read()
        return lambda x: _summed(graph(x).astype("int64"), values)


def _summed(leaves: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the sums over the trees, one after the other: (rows, trees) of places in `values`."""
    if len(leaves) <= FEW:
        each = values.take(leaves.T, axis=0)
        one = each[0].size == 1  # numpy would add one row of numbers up in pairs
        few: np.ndarray = (
            np.add.accumulate(each, axis=0)[-1] if one else np.add.reduce(each, axis=0)
        )
        return few
    found = np.zeros((len(leaves), values.shape[1]))
    for tree in leaves.T:
        found += values.take(tree, axis=0)
    return found


def runtime() -> Any:
    """Return ONNX Runtime, told to send nothing to its makers before it is imported: it would begin at once."""
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    return onnxruntime


def session(body: bytes) -> Any:
    """Return a session of one thread that waits for nothing."""
    onnxruntime = runtime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(body, options, providers=["CPUExecutionProvider"])
