"""A matrix of numbers against a schema: one look at all of it; what is odd is then looked at value by value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from aiaas_magics.predictors.base import NUMBERS, Rows
from aiaas_magics.serving.problems import Problem
from aiaas_magics.specs.records import Signature
from aiaas_magics.specs.schema import Misfit, Note, Rule, Schema

LARGEST = float(np.finfo("float32").max)
"""What every tier can hold."""
WHOLE = 2.0**53
"""Up to here float64 holds every whole number."""


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
    if sound(matrix, schema.rules):
        return Rows(signature, matrix=matrix), []
    columns = {rule.name: plain(matrix[:, i], rule.kind) for i, rule in enumerate(schema.rules)}
    return check_columns(columns, signature, schema, mode)


def check_columns(
    columns: dict[str, list[Any]], signature: Signature, schema: Schema, mode: str
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


def sound(matrix: np.ndarray, rules: Sequence[Rule]) -> bool:
    """Tell whether nothing is odd about any value, looking at all of them at once."""
    gaps = np.isnan(matrix).any(axis=0)
    low, high = np.fmin.reduce(matrix), np.fmax.reduce(matrix)
    return all(
        not (gap and rule.required) and (least != least or _fits(rule, least, most, matrix[:, i]))
        for i, (rule, gap, least, most) in enumerate(
            zip(rules, gaps.tolist(), low.tolist(), high.tolist(), strict=True)
        )
    )


def _fits(rule: Rule, least: float, most: float, column: np.ndarray) -> bool:
    limit = WHOLE if rule.kind == "long" else LARGEST
    if least < -limit or most > limit:
        return False
    if rule.low is not None and rule.high is not None and (least < rule.low or most > rule.high):
        return False
    held = column[~np.isnan(column)]
    if rule.kind == "boolean" and not np.isin(held, (0.0, 1.0)).all():
        return False
    if rule.kind == "long" and not (held == np.trunc(held)).all():
        return False
    return not rule.known or bool(np.isin(held, list(rule.known)).all())


def plain(column: np.ndarray, kind: str) -> list[Any]:
    """Return a column of float64 as JSON would have it, so that it can be looked at value by value."""
    turn = PLAIN.get(kind, float)
    return [None if value != value else turn(value) for value in column.tolist()]


def _truth(value: float) -> bool | float:
    return value == 1.0 if value in (0.0, 1.0) else value


def _whole(value: float) -> int | float:
    return int(value) if value.is_integer() else value


PLAIN: dict[str, Callable[[float], Any]] = {"boolean": _truth, "long": _whole}
