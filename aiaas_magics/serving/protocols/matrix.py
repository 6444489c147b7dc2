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
    try:
        taken, notes = schema.check(columns, mode)
    except Misfit as misfit:
        raise Problem(422, misfit.what, misfit.hint) from misfit
    return Rows(signature, taken), notes


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
        inside = (matrix >= self._least) & (matrix <= self._most)
        if self._some:
            inside |= np.isnan(matrix) & self._optional
        if not inside.all():
            return False
        if self._whole:
            held = matrix[:, self._whole]
            if not ((held == np.trunc(held)) | np.isnan(held)).all():
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
