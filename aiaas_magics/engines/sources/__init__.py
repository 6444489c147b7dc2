"""Files of others: read as they are, repaired where that is safe and said, or refused with a reason.

A file is known by its first bytes, not by its ending. Adding a format: a file here that reads it, and a row
in `FORMATS`; one that is refused: a row in :mod:`aiaas_magics.engines.sources.foreign`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from aiaas_magics import errors
from aiaas_magics.engines.sources import columnar, delimited, foreign, objects, packed
from aiaas_magics.engines.sources.asked import Reading, Source, Tell, empty

__all__ = ["Reading", "Source", "Tell", "read"]

SAMPLE = 1 << 16
"""Bytes looked at to find out what a file is."""

FORMATS: tuple[
    tuple[Callable[[bytes], bool], Callable[[Path, str, Reading, Tell | None], Source]], ...
] = (
    (columnar.is_parquet, columnar.parquet),
    (columnar.is_arrow, columnar.arrow),
    (objects.is_json, objects.read),
    (bool, delimited.read),
)
"""What knows a format by its first bytes, and what reads it; the first that knows it is taken."""


def read(
    path: Path,
    name: str,
    how: Reading | None = None,
    *,
    tell: Tell | None = None,
    scratch: Path | None = None,
) -> Source:
    """Return the table in a file, and what was found out or repaired on the way.

    Parameters
    ----------
    path
        The file.
    name
        What the user calls it.
    how
        What the user says of it; the rest is found out.
    tell
        Called now and then with the bytes read so far.
    scratch
        Where a packed file is unpacked for as long as it is read; None: the system's place.

    Raises
    ------
    DataError
        If it is empty, no table, or a table with rows or names that cannot be right.
    """
    how = how or Reading()
    with path.open("rb") as file:
        head = file.read(SAMPLE)
    if not packed.is_packed(head):
        return _plain(path, name, how, tell)
    with tempfile.TemporaryDirectory(dir=scratch, prefix="unpacked-") as folder:
        inner = packed.unpack(path, name, head, Path(folder))
        return _plain(inner, name, how, tell)


def _plain(path: Path, name: str, how: Reading, tell: Tell | None) -> Source:
    with path.open("rb") as file:
        head = file.read(SAMPLE)
    if not head.strip():
        raise empty(name)
    foreign.check(head, name)
    reader = next(read for knows, read in FORMATS if knows(head))
    try:
        return reader(path, name, how, tell)
    except RecursionError as error:
        raise errors.DataError(
            f"{name} is nested too deeply", "a table has rows and columns", "save it as CSV"
        ) from error
