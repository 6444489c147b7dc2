"""The quick reader: bodies of models whose columns are all numbers, decoded by type straight into a matrix.

It takes what needs no second look: every row whole, every value of its column's type and within what the model learned from.
At anything else it gives up, and the exact reader, which has the words for it, decides. Both read what this one takes alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np

from aiaas_magics.predictors.base import NUMBERS
from aiaas_magics.serving.limits import MOST_ROWS
from aiaas_magics.serving.protocols import matrix, pieces
from aiaas_magics.specs.schema import Rule, Schema

TYPES: dict[str, Any] = {"double": float, "long": int, "boolean": bool}
UNSET = msgspec.UNSET
ROWS = pieces.key("X_test")


class Found(NamedTuple):
    """What a body asks."""

    matrix: np.ndarray
    """float64 of shape (rows, columns); a gap is NaN."""
    proba: bool


class Shell(msgspec.Struct, forbid_unknown_fields=True):
    """A long body without its rows."""

    X_test: Any
    proba: bool = False


class Fast:
    """Reads the bodies of one model.

    Parameters
    ----------
    schema
        Of columns that are all numbers; see `of`.
    """

    def __init__(self, schema: Schema) -> None:
        rules = schema.rules
        record, array, columns = _forms(rules)
        form = record | array
        fields = [
            ("X_test", list[form] | msgspec.UnsetType, UNSET),  # type: ignore[valid-type]
            ("columns", columns | msgspec.UnsetType, UNSET),
            ("proba", bool, False),
        ]
        body = msgspec.defstruct("Body", fields, forbid_unknown_fields=True)
        self._record: type = record
        self._body = msgspec.json.Decoder(body)
        self._rows = msgspec.json.Decoder(list[form])  # type: ignore[valid-type]
        self._look = matrix.Look(rules)

    @classmethod
    def of(cls, schema: Schema) -> Fast | None:
        """Return the quick reader for a schema; None where a column holds texts or dates, or there are none."""
        if not schema.rules or any(rule.kind not in NUMBERS for rule in schema.rules):
            return None
        try:
            return cls(schema)
        except ValueError:  # a column's name that no struct can have: with a quotation mark in it
            return None

    def read(self, body: bytes) -> Found | None:
        """Return what a body asks; None where it needs a second look."""
        try:
            found = self._decoded(body)
        except (*pieces.WRONG, OverflowError):
            return None
        if found is None or len(found.matrix) > MOST_ROWS or not self._look.within(found.matrix):
            return None
        return found

    def _decoded(self, body: bytes) -> Found | None:
        if len(body) > pieces.PIECE:
            return self._of_pieces(body)
        asked: Any = self._body.decode(body)
        if (asked.X_test is UNSET) == (asked.columns is UNSET):
            return None
        if asked.columns is UNSET:
            return _found(self._of_rows(asked.X_test), asked.proba)
        columns = msgspec.structs.astuple(asked.columns)
        if not columns[0] or len(set(map(len, columns))) != 1:
            return None
        return Found(np.array(columns, dtype=np.float64).T, asked.proba)

    def _of_pieces(self, body: bytes) -> Found | None:
        """Return what a long body of rows asks, each piece turned into numbers as it comes."""
        cut = pieces.cut(body, ROWS)
        if cut is None or not isinstance(cut.place, list):
            return None
        shell = msgspec.convert(cut.shell, Shell)
        if shell.X_test is not cut.place:
            return None
        parts = [self._of_rows(self._rows.decode(part)) for part in cut.parts]
        whole = [part for part in parts if part is not None]
        return Found(np.concatenate(whole), shell.proba) if len(whole) == len(parts) else None

    def _of_rows(self, rows: Sequence[Any]) -> np.ndarray | None:
        kinds = set(map(type, rows))
        if len(kinds) != 1:
            return None
        if kinds == {self._record}:
            rows = [msgspec.structs.astuple(row) for row in rows]
        return np.array(rows, dtype=np.float64)


def _found(rows: np.ndarray | None, proba: bool) -> Found | None:  # noqa: FBT001 - private
    return None if rows is None else Found(rows, proba)


def _forms(rules: Sequence[Rule]) -> tuple[Any, Any, Any]:
    """Return the types of a row by name, of a row by order, and of whole columns."""
    cells = [TYPES[r.kind] if r.required else TYPES[r.kind] | None for r in rules]
    fields = [f"c{i}" for i in range(len(rules))]
    names = {field: rule.name for field, rule in zip(fields, rules, strict=True)}
    record = msgspec.defstruct(
        "Row", list(zip(fields, cells, strict=True)), rename=names, forbid_unknown_fields=True, gc=False,
    )  # fmt: skip
    columns = msgspec.defstruct(
        "Columns", [(f, list[cell]) for f, cell in zip(fields, cells, strict=True)],  # type: ignore[valid-type]
        rename=names, forbid_unknown_fields=True,
    )  # fmt: skip
    return record, tuple[tuple(cells)], columns  # type: ignore[misc]
