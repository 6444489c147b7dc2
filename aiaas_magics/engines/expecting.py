"""The schema a model learned, kept by a table: the endpoint's very check, asked first about few values.

A column of a million numbers is sound if its least and greatest are, one of texts if its different texts are: they
are checked by the rules of :mod:`aiaas_magics.specs.schema`, and only a column that has odd ones is looked at value
by value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from aiaas_magics import errors, frames
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.records import ModelInfo
from aiaas_magics.specs.schema import Misfit, Note, Rule, Schema, all_gaps

if TYPE_CHECKING:
    Series = pd.Series[Any]

KINDS = {"double": "iuf", "long": "iuf", "boolean": "b", "datetime": "M"}
DTYPES = {"double": "float64", "long": "int64", "boolean": "bool"}


def kept(X: pd.DataFrame, info: ModelInfo, mode: str) -> tuple[pd.DataFrame, list[Note]]:
    """Return the features as the model takes them, and what is to be said of them.

    Parameters
    ----------
    X
        A table with the columns of the model, and perhaps more; with ``fix`` those that may have gaps can be
        absent.

    Raises
    ------
    DataError
        If a value is refused.
    """
    signature = info.signature
    schema = Schema(signature.inputs, signature.required, signature.expects)
    changed: dict[str, Series] = {}
    notes: list[Note] = []
    for rule in schema.rules:
        there = rule.name in X.columns
        column = X[rule.name] if there else pd.Series(np.nan, index=X.index)
        try:
            fixed, said = _column(column, rule, mode)
        except Misfit as misfit:
            raise errors.DataError(
                f"{_named(misfit.what, X)}", misfit.hint, _try(mode, info)
            ) from misfit
        notes += said if there else [all_gaps(rule.name, len(X))]
        if fixed is not None or not there:
            changed[rule.name] = column if fixed is None else fixed
    found = X.assign(**changed) if changed else X
    return (found if list(found.columns) == schema.names else found[schema.names]), notes


def _named(what: str, X: pd.DataFrame) -> str:
    """Return a sentence about a place with the row's own number."""
    head, colon, rest = what.partition(":")
    place = head.removeprefix("row ")
    if not colon or not place.isdigit():
        return what
    return f"row {X.index[int(place)]}:{rest}"


def _try(mode: str, info: ModelInfo) -> str:
    return f"%aiaas_evaluate {info.name} DATA --schema {'fix' if mode == 'warn' else 'warn'}"


def _column(column: Series, rule: Rule, mode: str) -> tuple[Series | None, list[Note]]:
    """Return the repaired column, or None if it is taken as it is, and what is to be said of it."""
    few = _few(column, rule.kind)
    if few is not None and _sound(few, rule):
        return None, []
    values = frames.values(column)
    taken, notes = rule.check(values, mode)
    if all(a is b for a, b in zip(values, taken, strict=True)):
        return None, notes
    return _series(taken, rule, column), notes


def _few(column: Series, kind: str) -> list[JSON] | None:
    """Return values that are sound only if all are; None if all have to be asked."""
    gaps: list[JSON] = [None] if column.isna().any() else []
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype) or (kind == "string" and dtype == "str"):
        return [*frames.values(pd.Series(column.dropna().unique())), *gaps]
    if dtype.kind not in KINDS.get(kind, ""):
        return gaps if column.isna().all() else None
    known = column.dropna()
    if kind == "boolean" or not len(known):
        return gaps
    if kind == "long" and dtype.kind == "f" and not bool((np.mod(known.to_numpy(), 1) == 0).all()):
        return None
    ends = [known.min(), known.max()]
    shown = [e.isoformat() if kind == "datetime" else e.item() for e in ends]
    return [*shown, *gaps]


def _sound(few: list[JSON], rule: Rule) -> bool:
    try:
        return not rule.check(few, "refuse")[1]
    except Misfit:
        return False


def _series(values: Any, rule: Rule, column: Series) -> Series:
    """Return repaired values as training saw them."""
    if rule.kind == "string":
        return pd.Series(values, dtype="str", index=column.index)
    if rule.kind == "datetime":
        return pd.to_datetime(
            pd.Series(values, index=column.index, dtype="object"), format="ISO8601"
        )
    dtype = DTYPES[rule.kind] if rule.required else "float64"
    return pd.Series(values, dtype=dtype, index=column.index)
