"""A matrix of numbers against a schema: one look at all of it; what is odd is then looked at value by value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from aiaas_magics.predictors.base import NUMBERS, WHOLE, Rows
from aiaas_magics.serving.problems import Problem
from aiaas_magics.specs.records import Signature
from aiaas_magics.specs.schema import LARGEST, Misfit, Note, Rule, Schema

BITE = 8_192
"""Values that are turned into an array at once: half a millisecond."""
NONE = type(None)
TYPES: dict[str, frozenset[type]] = {
    "double": frozenset((float, int, NONE)),
    "long": frozenset((int, NONE)),
    "boolean": frozenset((bool, NONE)),
}
"""Kind of a column -> types of JSON's values that need no second look."""


def takes(signature: Signature) -> bool:
    """Tell whether all columns of a model are of numbers, so that a matrix can hold its rows."""
    return all(kind in NUMBERS for _, kind in signature.inputs)


def check(
    matrix: np.ndarray, signature: Signature, schema: Schema, mode: str
) -> tuple[Rows, list[Note]]:
    """Return checked rows and the notes on them.

    Parameters
    ----------
    matrix
        float64 of shape (rows, columns); a gap is NaN, truth values are 0 and 1.
    mode
        As in :mod:`aiaas_magics.specs.schema`.

    Raises
    ------
    Problem
        422 where a value is refused.
    """
    if sound(matrix, schema):
        return Rows(signature, matrix=matrix), []
    columns = {rule.name: plain(matrix[:, i], rule.kind) for i, rule in enumerate(schema.rules)}
    return check_columns(columns, signature, schema, mode)


def check_columns(
    columns: Mapping[str, Sequence[Any]], signature: Signature, schema: Schema, mode: str
) -> tuple[Rows, list[Note]]:
    """Return checked rows, given by column, and the notes on them.

    Raises
    ------
    Problem
        422 where a value is refused.
    """
    quick = of_columns(columns, schema)
    if quick is not None:
        return Rows(signature, matrix=quick), []
    try:
        taken, notes = schema.check(columns, mode)
    except Misfit as misfit:
        raise Problem(422, misfit.what, misfit.hint) from misfit
    return Rows(signature, taken), notes


def of_columns(columns: Mapping[str, Sequence[Any]], schema: Schema) -> np.ndarray | None:
    """Return sound numbers, given by column, as float64 of shape (rows, columns); None where one needs a second look."""
    if any(rule.kind not in NUMBERS for rule in schema.rules):
        return None
    found = [array(columns[rule.name], TYPES[rule.kind]) for rule in schema.rules]
    held = [column for column in found if column is not None]
    if not held or len(held) != len(found):
        return None
    table = np.stack(held, axis=1)
    return table if sound(table, schema) else None


def array(
    values: Sequence[Any], types: frozenset[type], dtype: str = "float64", bite: int = BITE
) -> np.ndarray | None:
    """Return values as an array, ``None`` among them as NaN; None where one is of no such type or too large.

    So many are turned at once that other threads need not wait long for the interpreter.
    """
    parts = []
    for start in range(0, len(values) or 1, bite):
        part = values[start : start + bite]
        if not types.issuperset(map(type, part)):
            return None
        try:
            parts.append(np.array(part, dtype))
        except (
            OverflowError,
            ValueError,
        ):  # beyond the dtype; of a nested list, lengths that differ
            return None
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


class Look:
    """What values need no second look, in the order of a schema's columns."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._least, self._most = np.array([_limits(rule) for rule in rules]).reshape(-1, 2).T
        self._optional = np.array([not rule.required for rule in rules], dtype=bool)
        self._some = bool(self._optional.any())
        self._whole = [i for i, rule in enumerate(rules) if rule.kind != "double"]
        self._known = [(i, rule.known) for i, rule in enumerate(rules) if rule.known]

    def sound(self, matrix: np.ndarray) -> bool:
        """Tell whether all values are of their columns' kinds and within what the model learned from."""
        if self._whole:
            held = matrix[:, self._whole]
            if not ((held == np.trunc(held)) | np.isnan(held)).all():
                return False
        return self.within(matrix)

    def within(self, matrix: np.ndarray) -> bool:
        """Tell whether all values, which are of their columns' kinds, are within what the model learned from."""
        inside = (matrix >= self._least) & (matrix <= self._most)
        if self._some:
            inside |= np.isnan(matrix) & self._optional
        if not inside.all():
            return False
        return all(known.issuperset(_held(matrix[:, i])) for i, known in self._known)


_LOOKS: WeakKeyDictionary[Schema, Look] = WeakKeyDictionary()


def sound(matrix: np.ndarray, schema: Schema) -> bool:
    """Tell whether nothing is odd about any value."""
    look = _LOOKS.get(schema)
    if look is None:
        look = _LOOKS[schema] = Look(schema.rules)
    return look.sound(matrix)


def _limits(rule: Rule) -> tuple[float, float]:
    """Return the least and the greatest value that need no second look; those of truth values are whole."""
    if rule.kind == "boolean":
        return 0.0, 1.0
    # 2**53 may stand for the whole number after it, which float64 has not
    most = WHOLE - 1.0 if rule.kind == "long" else LARGEST[rule.kind]
    if rule.low is None or rule.high is None:
        return -most, most
    return max(rule.low, -most), min(rule.high, most)


def _held(column: np.ndarray) -> list[float]:
    return [value for value in column.tolist() if value == value]  # a gap is unequal to itself


def plain(column: np.ndarray, kind: str) -> list[Any]:
    """Return a column of float64 as JSON would have it, so that it can be looked at value by value."""
    turn = PLAIN.get(kind, float)
    return [None if value != value else turn(value) for value in column.tolist()]


def _truth(value: float) -> bool | float:
    return value == 1.0 if value in (0.0, 1.0) else value


def _whole(value: float) -> int | float:
    return int(value) if value.is_integer() else value


PLAIN: dict[str, Callable[[float], Any]] = {"boolean": _truth, "long": _whole}
