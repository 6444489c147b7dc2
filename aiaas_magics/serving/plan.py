"""The plan of an endpoint as a file: written at once or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from aiaas_magics import errors
from aiaas_magics.specs.base import decode, encode
from aiaas_magics.specs.serving import FILE, Plan, Report, report_file


def write(folder: Path, plan: Plan) -> None:
    """Write a plan into an endpoint's folder."""
    _replace(folder / FILE, encode(plan))


def report(folder: Path, slot: int, revision: int, error: str = "") -> None:
    """Let the worker of a slot tell which plan it serves, or why it cannot serve that one."""
    told = Report(pid=os.getpid(), revision=revision, error=error)
    _replace(folder / report_file(slot), encode(told))


def told(folder: Path, slot: int) -> Report | None:
    """Return what the worker of a slot told last; None where there is nothing."""
    try:
        return decode((folder / report_file(slot)).read_bytes(), Report)
    except (OSError, errors.SpecError):
        return None


def _replace(path: Path, body: bytes) -> None:
    """Write a file at once or not at all: who reads it sees the one before or this one."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_bytes(body)
    draft.replace(path)


def read(folder: Path) -> Plan:
    """Return the plan of an endpoint's folder, its paths made absolute.

    Raises
    ------
    SpecError
        If the file holds no plan.
    """
    plan = decode((folder / FILE).read_bytes(), Plan)
    versions = tuple(
        msgspec.structs.replace(
            each,
            folder=str(folder / each.folder),
            build=str(folder / each.build) if each.build else "",
        )
        for each in plan.versions
    )
    return msgspec.structs.replace(plan, versions=versions)
