"""Preparing with code of the user's own: it is carried out, told and tried on single rows.

A model will run the code on rows by themselves and without their target, so that is tried before anything is
learned from what it makes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from aiaas_magics import errors
from aiaas_magics.engines import data, recipe
from aiaas_magics.engines.coding import (
    check_steady,
    check_without,
    divided,
    quiet,
    roles_after,
    through,
)
from aiaas_magics.engines.recipe import CODE
from aiaas_magics.engines.usercode import same
from aiaas_magics.specs.prepare import Step
from aiaas_magics.specs.results import Change

if TYPE_CHECKING:
    from aiaas_magics.engines.context import Context

SAMPLE = 1_000
"""Rows on which the code is run once more, to see whether a row's values depend on its neighbours."""


class Begun(NamedTuple):
    """Where the column steps of a preparation begin."""

    table: data.Table
    """The table after the code; its steps are those of before that come after it."""
    head: tuple[Step, ...] = ()
    changes: tuple[Change, ...] = ()
    raw: pd.DataFrame | None = None


def begin(table: data.Table, code: str | None, target: str | None, context: Context) -> Begun:
    """Carry out the code of a recipe, then `code`, and check that it can be repeated.

    Raises
    ------
    DataError
        If code would have to be repeated after a step that learns from the data.
    UserCodeError
        If the code raises, needs the target, or makes other columns of other rows.
    """
    head, rest = divided(table.steps)
    if code is not None:
        head, rest = (*table.steps, Step(op=CODE, settings={"source": code})), ()
    if not head:
        return Begun(table)
    late = next((step for step in head if step.op not in (*recipe.ROW_STEPS, CODE)), None)
    if late is not None:
        raise errors.DataError(
            f"code cannot come after {late.words}",
            "a model runs the code on raw rows; what is learned from data comes after it",
            "prepare the raw data with the code first, then with the other steps",
        )
    made, changes = _told(table.frame, head)
    if code is not None:
        _check(table.frame, made, head, target, context)
    coded = table._replace(frame=made, steps=rest, roles=roles_after(made, table))
    return Begun(coded, head, changes, table.frame)


def base(begun: Begun, new: Sequence[Step], context: Context) -> str:
    """Return the address of the raw rows that the whole recipe keeps, with the steps that are new.

    Raises
    ------
    UserCodeError
        If it would drop more of them, run on these alone.
    """
    table = begun.table
    if begun.raw is None:
        return table.address
    steps = (*table.steps, *new)
    rows = recipe.kept(table.frame, steps, table.roles).index
    if len(rows) == len(begun.raw):
        return table.address
    chosen = begun.raw.loc[rows].reset_index(drop=True)
    with quiet():
        again = through(chosen, begun.head)
        again = recipe.kept(again, steps, table.roles)
    check_steady(len(chosen), len(again))
    return context.save_frame(chosen)


def _told(frame: pd.DataFrame, head: Sequence[Step]) -> tuple[pd.DataFrame, tuple[Change, ...]]:
    changes = []
    for step in head:
        made = through(frame, (step,))
        shapes = zip(frame.shape, made.shape, strict=True)
        rows, columns = ((before, after) for before, after in shapes)
        said = _change(frame, made)
        changes.append(Change(step=step.op, text=f"{step.op}: {said}", rows=rows, columns=columns))
        frame = made
    if not len(frame):
        raise errors.DataError("the code leaves no row", "every row was dropped", "df = df[...]")
    if not len(frame.columns):
        raise errors.DataError(
            "the code leaves no column", "every column was dropped", "df = df[...]"
        )
    return frame, tuple(changes)


def _change(before: pd.DataFrame, after: pd.DataFrame) -> str:
    """Say what code did: columns made, changed, dropped; rows dropped."""
    kept = before.loc[after.index]
    made = [n for n in after if n not in before]
    changed = [n for n in after if n in before and not same(kept[[n]], after[[n]])]
    dropped = [n for n in before if n not in after]
    words = [
        f"{what} {', '.join(map(str, names[:5]))}{' and more' if len(names) > 5 else ''}"
        for what, names in (("made", made), ("changed", changed), ("dropped", dropped))
        if names
    ]
    gone = len(before) - len(after)
    words += [f"{gone:,} of {len(before):,} rows dropped"] if gone else []
    return "; ".join(words) or "changed nothing"


def _check(
    raw: pd.DataFrame,
    made: pd.DataFrame,
    head: Sequence[Step],
    target: str | None,
    context: Context,
) -> None:
    """Run the code on some of the rows and on one: a model asks it about rows by themselves."""
    with quiet():
        if target is not None and target in raw.columns:
            check_without(target, raw, made, head)
            was, now = raw[[target]], made.get([target])
            if now is not None and not same(was.loc[made.index], now):
                context.warn(
                    f"the code changes the target {target!r}: predictions come in its new unit",
                    f"turn them back with what undoes it, or leave {target!r} as it is",
                )
        places = np.flatnonzero(raw.index.isin(made.index))
        some = places[:: max(2, len(places) // SAMPLE)]
        alone = _alone(raw, made, head, some) and _alone(
            raw, made, head, places[len(places) // 2 :][:1]
        )
        steady = alone or _alone(raw, made, head, np.arange(len(raw)))
    if not steady:
        context.warn(
            "the code gives other values each time it is run (random numbers, the time of day)",
            "np.random.default_rng(0) draws the same ones",
        )
    elif not alone:
        context.warn(
            "a row's values depend on the other rows (as with df['x'].mean(), rank, shift): statistics of "
            "all rows leak, and an endpoint that is asked about one row gives another answer",
            "a number in place of the statistic; --impute and --scale learn theirs in training",
        )


def _alone(raw: pd.DataFrame, made: pd.DataFrame, head: Sequence[Step], places: Any) -> bool:
    """Tell whether some rows by themselves become what they became among all."""
    wanted = made.loc[made.index.intersection(raw.index[places])]
    try:
        found = through(raw.iloc[places], head)
    except errors.AiaasError:
        return False
    if len(found) and set(found.columns) != set(wanted.columns):
        odd = min({*found.columns} ^ {*wanted.columns})
        raise errors.UserCodeError(
            f"which columns the code makes depends on the rows: {odd!r} is not always there",
            "a model is asked about single rows and needs the same columns each time",
            "leave pd.get_dummies to --encode onehot",
        )
    return same(found, wanted)
