"""The plan of an endpoint as a file: written at once or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from aiaas_magics.specs.base import decode, encode
from aiaas_magics.specs.serving import Plan

FILE = "plan.json"


def write(folder: Path, plan: Plan) -> None:
    """Write a plan into an endpoint's folder."""
    draft = folder / f".{FILE}.{os.getpid()}"
    draft.write_bytes(encode(plan))
    draft.replace(folder / FILE)


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
