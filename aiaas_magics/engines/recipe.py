"""A recipe as far as it chooses rows and columns; light, for whoever sends raw rows."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from aiaas_magics import errors
from aiaas_magics.engines import fixing
from aiaas_magics.predictors.reading import Reading
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.prepare import Step

if TYPE_CHECKING:
    import pandas as pd

ONLY_NUMBERS = ("mean", "median", "zero", "knn", "iterative")
"""Methods that fill numbers and truth values, not categories."""
CODE = "code"
"""The step that is code of the user's own, in its setting ``source``."""
EXCEPT = "except"
"""The setting of a step that names a column it does not touch: the target."""
READ = "read"
"""The setting of a step ``fix``: column -> how it is read, a record of :class:`.reading.Reading`."""
ROW_STEPS = ("keep", "drop", "distinct", "dropna")
"""Steps that say which rows and columns there are."""


def steps_of(records: Iterable[dict[str, JSON]]) -> tuple[Step, ...]:
    """Return the steps of a stored recipe."""
    return tuple(msgspec.convert(record, Step) for record in records)


def touches(step: Step, column: str, role: str) -> bool:
    """Tell whether a column step works on a raw column of this role.

    A step that names its columns works on those alone; one that names none works on all it can.
    """
    if step.op == "fix":
        return column in readings(step)
    if column == step.settings.get(EXCEPT):
        return False
    if step.columns or step.op == "texts":
        return column in step.columns
    if step.op == "impute":
        return role in ("number", "boolean", "date") or (
            role == "category" and step.method not in ONLY_NUMBERS
        )
    works_on = {"dates": "date", "encode": "category", "rare": "category", "tfidf": "text"}
    return role == works_on.get(step.op, "number")


def readings(step: Step) -> dict[str, Reading]:
    """Return how each column is read that a step ``fix`` fixes."""
    found: Any = step.settings.get(READ, {}) if step.op == "fix" else {}
    return {name: Reading(**record) for name, record in found.items()}


def fixed(frame: pd.DataFrame, steps: Sequence[Step]) -> pd.DataFrame:
    """Return the table with its types fixed as the recipe says, other columns as they are."""
    ways: dict[str, Reading] = {}
    for step in steps:
        ways = readings(step) | ways
    found = {n: fixing.read(frame[n], way) for n, way in ways.items() if n in frame.columns}
    return frame.assign(**found) if found else frame


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

    ``distinct`` and ``dropna`` mind the values and gaps that are there when their turn comes: texts
    that an earlier step reads as the same number are one, and gaps that it fills are none.

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
        elif step.op == "distinct":
            frame = _distinct(frame, fixed(frame.drop(columns=list(gone)), steps[:place]))
        elif step.op == "dropna":
            names = [str(name) for name in frame.columns if name not in gone]
            if any(earlier.op in ("impute", "encode") for earlier in steps[:place]):
                roles = roles or _roles(frame)
                names = [n for n in names if not _filled(steps[:place], n, roles.get(n, ""))]
            frame = _dropna(frame, fixed(frame[names], steps[:place]))
    return frame


def with_target(frame: pd.DataFrame, steps: Sequence[Step], *names: str) -> pd.DataFrame:
    """Return raw rows with a target, and weights, that are read as the recipe fixes types.

    Features stay raw: a model reads them itself.
    """
    alone = frame[list(names)]
    read = fixed(alone, steps)
    return frame if read is alone else frame.assign(**{name: read[name] for name in names})


def _roles(frame: pd.DataFrame) -> dict[str, str]:
    from aiaas_magics.engines import profile

    return profile.roles(frame)


def _filled(steps: Sequence[Step], column: str, role: str) -> bool:
    """Tell whether a column has no gaps after the steps; a date is filled as the parts it becomes.

    To an encoder a gap is a value like others.
    """
    for step in steps:
        role = readings(step)[column].kind if column in readings(step) else role
    done = {step.op for step in steps if touches(step, column, role)}
    return bool(done & {"encode", "tfidf"}) or (
        "impute" in done and (role != "date" or "dates" in done)
    )


def _distinct(frame: pd.DataFrame, seen: pd.DataFrame) -> pd.DataFrame:
    from aiaas_magics.engines import profile

    again = profile.repeated(seen)
    return frame[~again] if again.any() else frame


def _dropna(frame: pd.DataFrame, seen: pd.DataFrame) -> pd.DataFrame:
    gaps = seen.isna()
    whole = ~gaps.any(axis=1)
    if whole.all():
        return frame
    if not whole.any():
        empty = next((name for name in seen.columns if gaps[name].all()), None)
        hint = f"column {empty!r} is missing in every row" if empty else "every row has a gap"
        try_ = f"--drop {empty} --dropna" if empty else "--impute median instead of --dropna"
        raise errors.DataError("--dropna leaves no row", hint, try_)
    return frame[whole]
