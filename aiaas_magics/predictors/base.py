"""What every tier takes and gives.

Adding a tier: a class with `tier`, `signature`, `inline` and `predict` in a file of its own here, its builder in
``engines/optimising``, and a test that holds it to the answers of scikit-learn itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.records import Signature

Columns = Mapping[str, Sequence[JSON]]
"""Values by column, each column as long as the others, checked against the signature; a gap is None."""

NUMBERS = frozenset(("double", "long", "boolean"))
"""Kinds of columns that a matrix of float64 holds."""
WHOLE = 2**53
"""Up to here float64 holds every whole number."""


class Rows:
    """Checked rows, in one of two forms: values by column, or a matrix where every column is of numbers.

    Parameters
    ----------
    signature
        Names and kinds of the columns, in the order of the matrix.
    columns
        Values by column.
    matrix
        float64 of shape (rows, columns); a gap is NaN.
    """

    __slots__ = ("_columns", "_matrix", "n", "signature")

    def __init__(
        self,
        signature: Signature,
        columns: Columns | None = None,
        matrix: np.ndarray | None = None,
    ) -> None:
        self.signature, self._columns, self._matrix = signature, columns, matrix
        first = next(iter(columns.values()), ()) if columns is not None else ()
        self.n = len(matrix) if matrix is not None else len(first)

    @property
    def matrix(self) -> np.ndarray | None:
        """The rows as numbers; None where a column holds texts or dates, or whole numbers beyond 2**53."""
        if self._matrix is None and self._columns is not None:
            self._matrix = _matrix(self.signature, self._columns)
        return self._matrix

    def columns(self) -> Columns:
        """Return the values by column, as JSON has them."""
        if self._columns is None:
            self._columns = _values(self.signature, self._matrix)
        return self._columns

    @classmethod
    def joined(cls, parts: Sequence[Rows]) -> Rows:
        """Return the rows of several requests as those of one."""
        if len(parts) == 1:
            return parts[0]
        signature = parts[0].signature
        matrices = [part.matrix for part in parts]
        whole = [matrix for matrix in matrices if matrix is not None]
        if len(whole) == len(parts):
            return cls(signature, matrix=np.concatenate(whole))
        columns = [part.columns() for part in parts]
        names = [name for name, _ in signature.inputs]
        return cls(signature, {n: [v for each in columns for v in each[n]] for n in names})


class Outcome(NamedTuple):
    """Predictions."""

    labels: np.ndarray
    """Of shape (rows,): classes or values."""
    proba: np.ndarray | None
    """Of shape (rows, classes), float64; None where they were not wanted or the model has none."""

    def part(self, start: int, stop: int) -> Outcome:
        """Return the predictions of some of the rows."""
        proba = None if self.proba is None else self.proba[start:stop]
        return Outcome(self.labels[start:stop], proba)


class Predictor(Protocol):
    """A model ready to answer."""

    tier: str
    """How it computes: ``onnx-float32``, ``treelite``, ``sklearn`` ..."""
    signature: Signature
    inline: bool
    """It answers in microseconds, so that an event loop may wait for it; else a thread asks it."""

    def predict(self, rows: Rows, *, proba: bool) -> Outcome:
        """Return the predictions for checked rows, with probabilities where wanted and the model has them.

        Raises
        ------
        ValueError
            If the model does not take these values.
        UserCodeError
            If code of the user's own that the model holds raises.
        """
        ...


def _matrix(signature: Signature, columns: Columns) -> np.ndarray | None:
    if not all(kind in NUMBERS for _, kind in signature.inputs):
        return None
    names = [name for name, _ in signature.inputs]
    matrix = np.array([columns[name] for name in names], dtype="float64").T
    longs = [i for i, (_, kind) in enumerate(signature.inputs) if kind == "long"]
    if longs and bool((np.abs(matrix[:, longs]) > WHOLE).any()):
        return None
    return matrix


def _values(signature: Signature, matrix: np.ndarray | None) -> Columns:
    if matrix is None:
        return {name: [] for name, _ in signature.inputs}
    found: dict[str, list[JSON]] = {}
    for i, (name, kind) in enumerate(signature.inputs):
        plain = matrix[:, i].tolist()
        turn = _PLAIN[kind]
        found[name] = [None if value != value else turn(value) for value in plain]
    return found


_PLAIN = {"double": float, "long": int, "boolean": bool}
