"""A recipe as far as it chooses rows and columns; light, for whoever sends raw rows."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from aiaas_magics import errors
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.prepare import Step

if TYPE_CHECKING:
    import pandas as pd

ONLY_NUMBERS = ("mean", "median", "zero")
"""Methods that fill numbers and truth values, not categories."""
CODE = "code"
"""The step that is code of the user's own, in its setting ``source``."""
EXCEPT = "except"
"""The setting of a step that names a column it does not touch: the target."""


def steps_of(records: Iterable[dict[str, JSON]]) -> tuple[Step, ...]:
    """Return the steps of a stored recipe."""
    return tuple(msgspec.convert(record, Step) for record in records)


def touches(step: Step, column: str, role: str) -> bool:
    """Tell whether a column step works on a raw column of this role.

    A step that names its columns works on those alone; one that names none works on all it can.
    """
    if column == step.settings.get(EXCEPT):
        return False
    if step.columns:
        return column in step.columns
    if step.op == "impute":
        return role in ("number", "boolean", "date") or (
            role == "category" and step.method not in ONLY_NUMBERS
        )
    return {"dates": role == "date", "encode": role == "category"}.get(step.op, role == "number")


def rows(
    frame: pd.DataFrame,
    steps: Sequence[Step],
    roles: Mapping[str, str] | None = None,
    *,
    beside: str | None = None,
) -> pd.DataFrame:
    """Return the rows and columns that the recipe keeps; values stay as they are, rows are numbered anew.

    Code of the user's own is not run: of prepared data the rows it dropped are gone already, and what
    follows it works on columns that it made.

    ``dropna`` minds the gaps that are there when its turn comes: not those which an earlier step
    of the recipe fills.

    Parameters
    ----------
    frame
        Raw rows, with or without the target.
    steps
        The recipe.
    roles
        The role of each column; found out where they matter and are not given.
    beside
        A column that stays even where the recipe drops it; its gaps then do not matter.

    Raises
    ------
    DataError
        If no row is left.
    """
    found = kept(
        frame, list(itertools.takewhile(lambda step: step.op != CODE, steps)), roles, beside=beside
    )
    return found if len(found) == len(frame) else found.reset_index(drop=True)


def kept(
    frame: pd.DataFrame,
    steps: Sequence[Step],
    roles: Mapping[str, str] | None = None,
    *,
    beside: str | None = None,
) -> pd.DataFrame:
    """Return what :func:`rows` does, each row with the number it had; `steps` hold no code."""
    gone: set[str] = set()
    for place, step in enumerate(steps):
        if step.op in ("keep", "drop"):
            stays = [str(n) for n in frame.columns if (n in step.columns) == (step.op == "keep")]
            if beside in frame.columns and beside not in stays:
                gone, stays = {str(beside)}, [*stays, str(beside)]
            frame = frame[stays]
        elif step.op == "dropna":
            names = [str(name) for name in frame.columns if name not in gone]
            if any(earlier.op in ("impute", "encode") for earlier in steps[:place]):
                roles = roles or _roles(frame)
                names = [n for n in names if not _filled(steps[:place], n, roles.get(n, ""))]
            frame = _dropna(frame, names)
    return frame


def _roles(frame: pd.DataFrame) -> dict[str, str]:
    from aiaas_magics.engines import profile

    return profile.roles(frame)


def _filled(steps: Sequence[Step], column: str, role: str) -> bool:
    """Tell whether a column has no gaps after the steps; a date is filled as the parts it becomes.

    To an encoder a gap is a value like others.
    """
    done = {step.op for step in steps if touches(step, column, role)}
    return "encode" in done or ("impute" in done and (role != "date" or "dates" in done))


def _dropna(frame: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    gaps = frame[columns].isna()
    whole = ~gaps.any(axis=1)
    if whole.all():
        return frame
    if not whole.any():
        empty = next((name for name in columns if gaps[name].all()), None)
        hint = f"column {empty!r} is missing in every row" if empty else "every row has a gap"
        try_ = f"--drop {empty} --dropna" if empty else "--impute median instead of --dropna"
        raise errors.DataError("--dropna leaves no row", hint, try_)
    return frame[whole]
