"""Weights: of rows, from a column of the table; of classes, from what was asked.

Both shape what is learned. Scores count every row once, so that models learned with weights and without
them can be compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from aiaas_magics import errors
from aiaas_magics.specs.base import JSON


def of_rows(frame: pd.DataFrame, name: str | None) -> np.ndarray | None:
    """Return the weights in a column; None where no column is named.

    Raises
    ------
    DataError
        If the column holds anything but finite numbers from 0 on.
    """
    if name is None:
        return None
    column = frame[name]
    if not pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype):
        raise _refused(name, "holds no numbers")
    gaps = int(column.isna().sum())
    if gaps:
        raise _refused(name, f"is missing in {gaps:,} rows", f"df = df[df[{name!r}].notna()]")
    weights = column.to_numpy("float64")
    if not np.isfinite(weights).all():
        raise _refused(name, "holds infinite numbers", f"df = df[np.isfinite(df[{name!r}])]")
    if (weights < 0).any():
        raise _refused(name, "holds negative numbers", f"df = df[df[{name!r}] >= 0]")
    return weights


def check(name: str | None, weights: np.ndarray | None) -> None:
    """Check that some training row counts.

    Raises
    ------
    DataError
        If none does.
    """
    if weights is not None and not weights.any():
        raise _refused(str(name), "is 0 in every training row")


def _refused(name: str, what: str, try_: str = "") -> errors.DataError:
    hint = "a weight is how much a row counts in learning: a number from 0 on"
    return errors.DataError(f"the weights column {name!r} {what}", hint, try_)


def of_classes(params: Mapping[str, JSON], classes: Sequence[JSON]) -> dict[str, JSON]:
    """Return parameters whose class weights are keyed by the classes themselves, not by their names.

    Raises
    ------
    DataError
        If a name is no class's; says which was meant.
    """
    asked = params.get("class_weight")
    if not isinstance(asked, dict):
        return dict(params)
    known = {name: each for each in classes for name in _names(each)}
    for name in asked:
        if str(name) not in known:
            names = [str(each) for each in classes]
            near = errors.nearest(str(name), names) or names[0]
            raise errors.DataError(
                f"class_weight names {name!r}, which is no class of the target",
                errors.did_you_mean(str(name), names),
                f"class_weight={{{near!r}: 5}}",
            )
    return {**params, "class_weight": {known[str(n)]: weight for n, weight in asked.items()}}


def _names(each: JSON) -> set[str]:
    """Return how a class may be called: True is true, and 1.0 is 1."""
    whole = {str(int(each))} if isinstance(each, float) and each.is_integer() else set()
    return {str(each), *whole, *({str(each).lower()} if isinstance(each, bool) else ())}


def told(value: JSON) -> JSON:
    """Return a parameter's value as a record keeps it: class weights by name."""
    return {str(k): v for k, v in value.items()} if isinstance(value, dict) else value
