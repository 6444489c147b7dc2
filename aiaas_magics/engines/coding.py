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
from aiaas_magics.engines import chains, data, profile, recipe
from aiaas_magics.engines.recipe import CODE
from aiaas_magics.engines.usercode import UserCode, carry_out, same
from aiaas_magics.specs.prepare import Step

if TYPE_CHECKING:
    from aiaas_magics.engines.context import Context

SAMPLE = 1_000
"""Rows on which the code is run once more, to see whether a row's values depend on its neighbours."""
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
        return chains.joined([*self.codes, transformer])


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


# preparing ---------------------------------------------------------------------------------------
class Begun(NamedTuple):
    """Where the column steps of a preparation begin."""

    table: data.Table
    """The table after the code; its steps are those of before that come after it."""
    new: tuple[Step, ...]
    head: tuple[Step, ...] = ()
    changes: tuple[str, ...] = ()
    raw: pd.DataFrame | None = None


def begin(table: data.Table, new: tuple[Step, ...], target: str | None, context: Context) -> Begun:
    """Carry out the code of a recipe, old and new, and check that it can be repeated.

    Raises
    ------
    DataError
        If code would have to be repeated after a step that learns from the data.
    UserCodeError
        If the code raises, needs the target, or makes other columns of other rows.
    """
    head, rest = divided((*table.steps, *new))
    if not head:
        return Begun(table, new)
    late = next((s for s in head if s.op not in (*chains.ROW_STEPS, CODE)), None)
    if late is not None:
        raise errors.DataError(
            f"code cannot come after {f'{late.op} {late.method}'.strip()}",
            "a model runs the code on raw rows; what is learned from data comes after it",
            "prepare the raw data with the code first, then with the other steps",
        )
    made, changes = _told(table.frame, head)
    if any(step.op == CODE for step in new):
        _check(table.frame, made, head, target, context)
    old, _ = divided(table.steps)
    steps = divided(table.steps)[1] if len(old) == len(head) else ()
    coded = table._replace(frame=made, steps=steps, roles=roles_after(made, table))
    return Begun(coded, rest[len(steps) :], head, changes, table.frame)


def base(begun: Begun, context: Context) -> str:
    """Return the address of the raw rows that the whole recipe keeps.

    Raises
    ------
    UserCodeError
        If it would drop more of them, run on these alone.
    """
    table = begun.table
    if begun.raw is None:
        return table.address
    steps = (*table.steps, *begun.new)
    rows = recipe.kept(table.frame, steps, table.roles).index
    if len(rows) == len(begun.raw):
        return table.address
    chosen = begun.raw.loc[rows].reset_index(drop=True)
    with _quiet():
        again = through(chosen, begun.head)
        again = recipe.kept(again, steps, table.roles)
    check_steady(len(chosen), len(again))
    return context.save_frame(chosen)


def _told(frame: pd.DataFrame, head: Sequence[Step]) -> tuple[pd.DataFrame, tuple[str, ...]]:
    changes = []
    for step in head:
        made = through(frame, (step,))
        gone = len(frame) - len(made)
        if step.op != CODE:
            columns = (
                f" ({', '.join(step.columns)})" if step.columns else f": {gone:,} rows dropped"
            )
            changes.append(f"{step.op}{columns}")
        else:
            changes.append(f"code: {_change(frame, made)}")
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
    with _quiet():
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
def _quiet() -> Iterator[None]:
    """Keep what the code prints out of the log while it is only tried."""
    with contextlib.redirect_stdout(io.StringIO()):
        yield


# learning ----------------------------------------------------------------------------------------
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
    with _quiet():
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
    return tuple(step for step in divided(steps)[0] if step.op != "dropna")


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
    frame: pd.DataFrame, steps: Sequence[Step], target: str, context: Context
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
    if len(made) < len(frame):
        context.warn(
            f"{len(frame) - len(made):,} of {len(frame):,} rows are dropped by the model's code and not measured"
        )
    return frame.loc[made.index].assign(**{target: made[target]})
