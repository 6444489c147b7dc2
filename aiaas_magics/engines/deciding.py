"""How ``--fix`` reads each column: decided on all raw values, and kept in the recipe."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import pandas as pd

from aiaas_magics import errors
from aiaas_magics.engines import fixing, recipe
from aiaas_magics.predictors.reading import Reading
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.prepare import Step

if TYPE_CHECKING:
    from aiaas_magics.engines.context import Context

NAMED = 0.5
"""The share of a column's values that must be readable where it is named."""


def decided(
    steps: Sequence[Step],
    before: Sequence[Step],
    frame: pd.DataFrame,
    roles: Mapping[str, str],
    target: str | None,
    context: Context,
) -> tuple[Step, ...]:
    """Return new steps, those that fix types with how each column is read.

    Parameters
    ----------
    steps, before
        The new steps, and those of the recipe so far.
    frame
        All raw rows, of the columns that stay.
    roles
        The role of each column.
    target
        The column that no other step touches. Its words stay words: they are classes.
    context
        Hears of columns that can be read in two ways.

    Raises
    ------
    DataError
        If a column that is named cannot be read, or in two ways.
    """
    done = {name for step in before for name in recipe.readings(step)}
    texts = [
        n for n in map(str, frame.columns) if n not in done and roles[n] in ("category", "text")
    ]
    return tuple(
        _decided(step, frame[texts], roles, target, context) if step.op == "fix" else step
        for step in steps
    )


def _decided(
    step: Step, frame: pd.DataFrame, roles: Mapping[str, str], target: str | None, context: Context
) -> Step:
    read: dict[str, JSON] = {}
    for name in map(str, frame.columns):
        named = name in step.columns
        wanted = named or name == target or (not step.columns and roles[name] != "text")
        found = _reading(frame[name], name, step, context, named=named) if wanted else None
        if found is not None and not (name == target and found.kind != "number"):
            read[name] = found.record()
    return msgspec.structs.replace(step, columns=tuple(read), settings={recipe.READ: read})


def _reading(
    column: pd.Series, name: str, step: Step, context: Context, *, named: bool
) -> Reading | None:
    counts = {str(value): int(rows) for value, rows in column.value_counts().items() if rows}
    if not pd.api.types.is_string_dtype(_values_dtype(column)):
        return None
    asked: dict[str, Any] = step.settings
    found = fixing.recognise(
        counts,
        decimal=asked.get("decimal", ""),
        order=asked.get("date_order", ""),
        least=NAMED if named else fixing.ENOUGH,
    )
    if isinstance(found, fixing.Doubt):
        _tell_doubt(found, name, context, named=named)
        return None
    if found is None and named:
        raise errors.DataError(
            f"column {name!r} cannot be read: it holds {_some(counts)}",
            "fewer than half of its values are numbers, dates or truth values",
            f"leave {name} out of --columns",
        )
    if found is not None and found.kind == "number" and not named and fixing.names_things(counts):
        return None
    return found


def _values_dtype(column: pd.Series) -> Any:
    dtype = column.dtype
    return dtype.categories.dtype if isinstance(dtype, pd.CategoricalDtype) else dtype


def _tell_doubt(found: fixing.Doubt, name: str, context: Context, *, named: bool) -> None:
    what = f"column {name!r} can be read in two ways: {found.example!r} is {found.one} or {found.other}"
    ways = "|".join({"--decimal": ("point", "comma")}.get(found.option, ("dmy", "mdy")))
    if named:
        raise errors.DataError(what, "nothing in it tells which", f"--fix {found.option} {ways}")
    context.warn(f"{what}; it stays as it is", f"--fix {found.option} {ways}")


def _some(values: Collection[str]) -> str:
    shown = [repr(value[:30]) for value in list(values)[:3]]
    return ", ".join(shown) or "nothing"
