"""A recipe that holds code of the user's own: what is run when, on which rows, and what is checked.

The code comes before every column step: raw rows -> (keep, drop, dropna) -> code -> column steps. When data
is prepared it is run on all rows, target and all, and the rows that the whole recipe drops are left out of
the raw rows that are remembered, once and for all. A model carries the code as its first step
(:class:`.usercode.UserCode`) and runs it on raw features without the target.
"""

from __future__ import annotations

import ast
import contextlib
import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import numpy as np
import pandas as pd

from aiaas_magics import errors
from aiaas_magics.engines import building, data, profile, recipe
from aiaas_magics.engines.recipe import CODE
from aiaas_magics.engines.usercode import UserCode, carry_out, same
from aiaas_magics.specs.prepare import Step

if TYPE_CHECKING:
    from aiaas_magics.engines.context import Context

FEW = 50
"""Rows on which it is found out which raw columns the code needs."""


class Coded(NamedTuple):
    """Features as the code makes them, and how a model repeats that."""

    X: pd.DataFrame
    roles: dict[str, str]
    steps: tuple[Step, ...]
    """What comes after the code."""
    codes: tuple[UserCode, ...]

    def before(self, transformer: Any) -> Any:
        """Return the code and then a transformer as one."""
        return building.joined([*self.codes, transformer])


def divided(steps: Sequence[Step]) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
    """Return the steps up to the last code, and those after it."""
    last = max((i for i, step in enumerate(steps) if step.op == CODE), default=-1)
    return tuple(steps[: last + 1]), tuple(steps[last + 1 :])


def through(frame: pd.DataFrame, head: Sequence[Step]) -> pd.DataFrame:
    """Return what steps up to the last code make of raw rows, each row with the number it had."""
    for step in head:
        if step.op == CODE:
            frame = carry_out(str(step.settings["source"]), frame)
        else:
            frame = recipe.kept(frame, (step,))
    return frame


def carried(table: data.Table) -> data.Table:
    """Return a table after its code: what remains of its recipe works on the columns the code made.

    Raises
    ------
    UserCodeError
        If the code raises, or drops rows that it kept when the data was prepared.
    """
    head, rest = divided(table.steps)
    if not head:
        return table
    frame = through(table.frame, head)
    check_steady(len(table.frame), len(frame))
    return table._replace(frame=frame, steps=rest, roles=roles_after(frame, table))


def roles_after(frame: pd.DataFrame, table: data.Table) -> dict[str, str]:
    """Return the roles of columns that code made; an untouched column keeps what it was declared as."""
    stays = {
        n: r
        for n, r in table.roles.items()
        if n in frame and frame[n].dtype == table.frame[n].dtype
    }
    return profile.roles(frame) | stays


def check_steady(before: int, after: int) -> None:
    """Check that a recipe keeps the rows it kept before. Raises `UserCodeError`."""
    if before != after:
        raise errors.UserCodeError(
            f"the recipe keeps {after:,} rows of the {before:,} it kept before",
            "which rows it drops depends on the other rows, so it cannot be repeated",
            "df = df[df['x'] < 100], with a number instead of df['x'].mean()",
        )


def check_without(
    target: str, raw: pd.DataFrame, made: pd.DataFrame, head: Sequence[Step]
) -> pd.DataFrame:
    """Check that the code makes the same of rows without the target; return what it makes.

    Raises
    ------
    UserCodeError
        If it needs the target, which a row to be predicted does not have.
    """
    without = [_but(step, target) for step in head]
    needs = errors.UserCodeError(
        f"the code needs {target!r}, which a row to be predicted does not have",
        "features are made of the other columns",
        f"if {target!r} in df: ...",
    )
    try:
        found = through(raw.drop(columns=target), without)
    except errors.UserCodeError as error:
        raise needs from error
    rest = [name for name in made.columns if name != target]
    rows = found.index.intersection(made.index)
    if [n for n in found.columns if n != target] != rest or not same(
        found.loc[rows, rest], made.loc[rows, rest]
    ):
        raise needs
    return found


def _but(step: Step, target: str) -> Step:
    """Return a step that does not name the target."""
    columns = tuple(name for name in step.columns if name != target)
    return msgspec.structs.replace(step, columns=columns)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep what the code prints out of the log while it is only tried."""
    with contextlib.redirect_stdout(io.StringIO()):
        yield


def inputs(
    raw: data.Table, coded: data.Table, X: pd.DataFrame, target: str
) -> tuple[pd.DataFrame, Coded]:
    """Return the raw features a model needs to make `X` of, and how it does.

    A raw column that no feature needs is no input: one that the code neither hands on nor uses but to
    drop it.

    Parameters
    ----------
    raw, coded
        The table before and after its code.
    X
        The features to learn from, of the coded table: some of its rows and columns.

    Raises
    ------
    UserCodeError
        If the code needs the target.
    """
    head = _rows_stay(raw.steps)
    few = raw.frame.loc[X.index[:FEW]]
    names = list(map(str, X.columns))
    with quiet():
        made = through(few, head)
        if target in few.columns:
            check_without(target, few, made, head)
        head = tuple(_but(step, target) for step in head)
        few = few.drop(columns=target, errors="ignore")
        codes = _steps(few, head, names)
        few = _needed(few, head, made[names])
    features = raw.frame.loc[X.index, list(few.columns)]
    return features, Coded(X, coded.roles, coded.steps, codes)


def _rows_stay(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Return the steps up to the last code without those that a model does not repeat."""
    return tuple(step for step in divided(steps)[0] if step.op not in ("distinct", "dropna"))


def _needed(few: pd.DataFrame, head: Sequence[Step], wanted: pd.DataFrame) -> pd.DataFrame:
    """Return the rows without the columns that nothing in `wanted` needs."""
    gone: list[str] = []
    for name in [n for n in few.columns if n not in wanted.columns]:
        dropped = all(only_dropped(str(s.settings["source"]), name) for s in head if s.op == CODE)
        tries = [few.drop(columns=name), *([few.assign(**{name: np.nan})] if dropped else [])]
        if any(_makes(wanted, each, head) for each in tries):
            few = few.assign(**{name: np.nan})
            gone.append(name)
    return few.drop(columns=gone)


def _makes(wanted: pd.DataFrame, rows: pd.DataFrame, head: Sequence[Step]) -> bool:
    """Tell whether the code makes the wanted columns of some rows."""
    try:
        found = through(rows, head)
    except errors.AiaasError:
        return False
    names = list(wanted.columns)
    return {*names} <= {*found.columns} and same(found[names], wanted)


def only_dropped(source: str, column: str) -> bool:
    """Tell whether code names a column nowhere but where it drops it."""
    tree = ast.parse(source)
    drops = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Delete)
        or (isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("drop", "pop"))
    ]
    inside = {id(each) for node in drops for each in ast.walk(node)}
    named = [
        node
        for node in ast.walk(tree)
        if column in (getattr(node, "value", None), getattr(node, "attr", None))
        and isinstance(node, ast.Constant | ast.Attribute)
    ]
    return all(id(node) in inside for node in named)


def _steps(few: pd.DataFrame, head: Sequence[Step], names: Sequence[str]) -> tuple[UserCode, ...]:
    """Return the code of a recipe as steps of a model; the last one hands on the features."""
    found: list[UserCode] = []
    frame = few
    for step in head:
        if step.op == CODE:
            takes = tuple(map(str, frame.columns))
            if found:
                found[-1].gives = takes
            found.append(UserCode(str(step.settings["source"]), takes))
        frame = through(frame, (step,))
    found[-1].gives = tuple(names)
    return tuple(found)


def answerable(
    frame: pd.DataFrame, steps: Sequence[Step], target: str, context: Context | None = None
) -> pd.DataFrame:
    """Return rows on which a model is measured: those its code keeps, with the target it learned.

    Parameters
    ----------
    frame
        Raw rows with their target.
    steps
        The model's recipe.
    """
    head = _rows_stay(steps)
    if not head:
        return frame
    made = through(frame, head)
    if context is not None and len(made) < len(frame):
        context.warn(
            f"{len(frame) - len(made):,} of {len(frame):,} rows are dropped by the model's code and not measured"
        )
    rows = frame.loc[made.index]
    return rows.assign(**{target: made[target]}) if target in made.columns else rows
