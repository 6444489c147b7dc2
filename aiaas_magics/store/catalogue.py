"""An organisation's own tables: ``catalogue.toml`` in the home, and the files that ``AIAAS_CATALOGUE`` names.

::

    [[table]]
    name = "sales"              # what it is called in %aiaas_data load sales
    path = "sales-2024.csv"     # from this file's folder; or openml = 61
    task = "regression"
    target = "revenue"
    licence = "internal"
    source = "data warehouse, team finance"
    summary = "revenue by shop and day"
    sep = ";"                   # and encoding, decimal, thousands, header, missing: as in the line

"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import msgspec

from aiaas_magics import errors
from aiaas_magics.specs.catalogue import CATALOGUE, CatalogueInfo, check_openml
from aiaas_magics.specs.refs import check_name

FILE, VARIABLE = "catalogue.toml", "AIAAS_CATALOGUE"
READING = ("sep", "encoding", "decimal", "thousands", "header", "missing")
TASKS = ("", "classification", "regression")


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One ``[[table]]`` of a file."""

    name: str
    path: str | None = None
    openml: int | str | None = None
    task: str = ""
    target: str = ""
    rows: int | None = None
    columns: int | None = None
    licence: str = "not stated"
    source: str = ""
    summary: str = ""
    sep: str | None = None
    encoding: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    header: int | None = None
    missing: str | None = None


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of entries."""

    table: tuple[Entry, ...] = ()


def tables(home: Path) -> list[CatalogueInfo]:
    """Return the whole catalogue of a home: what is built in, then its own tables.

    Raises
    ------
    SpecError
        If a file of its own cannot be read, or says something that cannot be; names file and field.
    """
    found = {table.name.lower(): table for table in CATALOGUE}
    for path in files(home):
        for table in read(path):
            known = found.get(table.name.lower())
            if known is not None:
                raise errors.SpecError(
                    f"{path.name} names {table.name!r}, which there is already",
                    f"{known.name} is {known.origin}; a name stands for one table",
                    f"another name in {path}",
                )
            found[table.name.lower()] = table
    return list(found.values())


def files(home: Path) -> list[Path]:
    """Return the files of own tables there are; one that `VARIABLE` names must be there."""
    named = [Path(word) for word in os.environ.get(VARIABLE, "").split(os.pathsep) if word]
    own = home / FILE
    return [*named, *([own] if own.exists() else [])]


def read(path: Path) -> list[CatalogueInfo]:
    """Return the tables of one file. Raises `SpecError`."""
    try:
        found = msgspec.convert(tomllib.loads(path.read_text("utf-8")), File)
    except (OSError, ValueError, RecursionError, msgspec.ValidationError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise errors.SpecError(
            f"{path.name} is no catalogue", why or type(error).__name__, f"look into {path}"
        ) from error
    return [_table(entry, path) for entry in found.table]


def _table(entry: Entry, path: Path) -> CatalogueInfo:
    try:
        check_name(entry.name)
        if entry.openml is not None:
            check_openml(f"openml:{entry.openml}")
    except errors.SpecError as error:
        raise _wrong(path, entry, error.what, error.hint) from error
    if (entry.path is None) == (entry.openml is None):
        raise _wrong(path, entry, "it needs a path or openml", "one of the two says where it is")
    if entry.path is not None and "://" in entry.path:
        raise _wrong(path, entry, f"path {entry.path!r} is an address", "files are read from here")
    if entry.task not in TASKS:
        hint = errors.did_you_mean(entry.task, TASKS[1:])
        raise _wrong(path, entry, f"task {entry.task!r} is none", hint)
    given = {name: getattr(entry, name) for name in READING}
    return CatalogueInfo(
        name=entry.name, task=entry.task, rows=entry.rows, columns=entry.columns, target=entry.target,
        licence=entry.licence, source=entry.source, summary=entry.summary, origin=path.name,
        path=None if entry.path is None else str(path.absolute().parent / Path(entry.path).expanduser()),
        openml=None if entry.openml is None else str(entry.openml),
        reading={name: value for name, value in given.items() if value is not None},
    )  # fmt: skip


def _wrong(path: Path, entry: Entry, what: str, why: str) -> errors.SpecError:
    return errors.SpecError(f"{path.name}, table {entry.name!r}: {what}", why, f"look into {path}")
