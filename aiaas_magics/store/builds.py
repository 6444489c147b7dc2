"""Builds that nothing names any more: of deleted models, of libraries that are gone, of killed deployments.

``builds/<model>/build.json`` is the verdict on a model; beside it lie its builds, each in a folder of its own address. One that
was made again with other libraries stays for as long as a running endpoint's plan names it, so that a worker which comes back
finds what it served.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from aiaas_magics import errors
from aiaas_magics.specs.base import decode
from aiaas_magics.specs.builds import FILE, Verdict
from aiaas_magics.specs.serving import FILE as PLAN
from aiaas_magics.specs.serving import Plan

if TYPE_CHECKING:
    from aiaas_magics.store.home import Home

RUNNING = ("STARTING", "READY")


def sweep(home: Home) -> int:
    """Remove what nothing names and no living process can be about to name; return how many folders."""
    before = home.openers.oldest()
    there = [path for path in (home.path / "builds").iterdir() if path.is_dir()]  # before the rows
    known = {home.build_folder(model.digest) for model in home.registry.select()}
    served = set(_served(home))
    dead = [path for path in there if path not in known and not path.name.startswith(".")]
    dead = [path for path in dead if not any(each.is_relative_to(path) for each in served)]
    drafts = [path for path in there if path.name.startswith(".")]
    kept = (path for path in there if path in known)
    replaced = [each for path in kept for each in _replaced(path) if each not in served]
    old = [path for path in (*drafts, *replaced) if _changed(path) < before]
    for path in (*dead, *old):
        shutil.rmtree(path, ignore_errors=True)
    return len(dead) + len(old)


def _served(home: Home) -> Iterator[Path]:
    """Yield the builds that endpoints which run were told to serve."""
    for info in home.endpoints.select():
        if info.state in RUNNING:
            with contextlib.suppress(OSError, errors.AiaasError):
                plan = decode((home.path / "endpoints" / info.name / PLAN).read_bytes(), Plan)
                yield from (Path(each.build) for each in plan.versions if each.build)


def _replaced(build: Path) -> list[Path]:
    """Return a model's builds that its verdict does not name; none where it cannot be read."""
    there = [path for path in build.iterdir() if path.is_dir()]
    try:
        verdict = decode((build / FILE).read_bytes(), Verdict)
    except (OSError, errors.AiaasError):
        return []
    return [path for path in there if path.name != verdict.folder]


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return float("inf")
