"""What the user says of a file, and what is answered: a table and what was done to get it."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import NamedTuple

import pandas as pd

from aiaas_magics import errors

Tell = Callable[[int], None]


class Reading(NamedTuple):
    """What the user says of a file; None: it is found out."""

    sep: str | None = None
    encoding: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    header: int | None = None
    """Number of the line with the column names; 0: there is none."""
    missing: tuple[str, ...] | None = None
    """Words that stand for a missing value, besides the empty cell."""
    verbatim: tuple[str, ...] = ()
    """Columns kept as text, exactly as the file has them."""


class Source(NamedTuple):
    """A table, and a line for each thing that was found out or repaired, with what undoes it."""

    frame: pd.DataFrame
    notes: tuple[str, ...] = ()


def empty(name: str) -> errors.DataError:
    """Return the error of a file without a word in it."""
    return errors.DataError(
        f"{name} is empty", "a table has a header and rows", f"!ls -l {shlex.quote(name)}"
    )


def no_rows(name: str, header: list[str]) -> errors.DataError:
    """Return the error of a file that names columns and holds no row."""
    shown = ", ".join(header[:8]) or "none"
    return errors.DataError(
        f"{name} holds a header and no rows", f"columns: {shown}", f"!head {shlex.quote(name)}"
    )


def check_verbatim(names: list[str], how: Reading) -> None:
    """Refuse a name in ``--verbatim`` that is no column. Raises `DataError`."""
    for name in how.verbatim:
        if name not in names:
            raise errors.DataError(f"no column {name!r}", errors.did_you_mean(name, names))
