"""What a server elsewhere needs: files of ours, and packages of others, each pinned to the version it was proven with."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

import msgspec

from aiaas_magics import errors
from aiaas_magics.engines.optimising.building import TIERS
from aiaas_magics.predictors.arithmetic import Quantiles

LIGHT = (
    "__init__.py",
    "errors.py",
    "version.py",
    "specs",
    "security",
    "predictors",
    "gauges",
    "serving",
)
"""Rooms of a server whose tier is none of scikit-learn's: no notebook, no database, no engine."""
WHOLE = (*LIGHT, "engines", "frames", "cards")
"""Rooms of one that opens a fitted pipeline: its transformers, and what they are read with, are ours."""
SERVER = ("uvicorn", "httptools", "uvloop", "msgspec", "numpy")
"""Packages of every server."""
PIPELINE = (
    "scikit-learn",
    "scipy",
    "pandas",
    "skops",
    "joblib",
    "threadpoolctl",
    "pyarrow",
    "psutil",
)
"""Packages of one that opens a fitted pipeline."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def of(tier: str) -> tuple[str, ...]:
    """Return the packages that a tier is run by, besides those of every server."""
    modules = next((each.needs for each in TIERS if each.name == tier), ("sklearn",))
    return PIPELINE if "sklearn" in modules else modules


def beside(found: Any) -> tuple[str, ...]:
    """Return the packages that steps of a program, or of a part of one, import besides their tier's."""
    if isinstance(found, Quantiles):
        return ("scipy",) if found.normal else ()
    if isinstance(found, msgspec.Struct):
        found = tuple(getattr(found, name) for name in found.__struct_fields__)
    parts = found if isinstance(found, tuple) else ()
    return tuple(dict.fromkeys(name for part in parts for name in beside(part)))


def is_light(tier: str) -> bool:
    """Tell whether a tier answers without the fitted pipeline."""
    return of(tier) is not PIPELINE


def rooms(tier: str) -> tuple[str, ...]:
    """Return the rooms of this package that a tier's server is made of."""
    return LIGHT if is_light(tier) else WHOLE


def copy(rooms: Iterable[str], folder: Path) -> None:
    """Copy rooms of this package into a folder, as a package of its own."""
    ours = Path(errors.__file__).parent
    folder.mkdir(parents=True)
    for room in rooms:
        if (ours / room).is_dir():
            shutil.copytree(
                ours / room, folder / room, ignore=shutil.ignore_patterns("__pycache__")
            )
        else:
            shutil.copyfile(ours / room, folder / room)


def pinned(packages: Iterable[str]) -> list[str]:
    """Return pip requirements of packages and of all that they need, as they are installed here.

    Raises
    ------
    PackageNotFoundError
        If one of `packages` itself is not installed.
    """
    found: dict[str, str] = {}
    waiting = [(name, True) for name in packages]
    while waiting:
        name, asked = waiting.pop()
        if _key(name) in found:
            continue
        try:
            found[_key(name)] = f"{name}=={version(name).partition('+')[0]}"
        except PackageNotFoundError:
            if asked:
                raise
            continue  # of another system, or of an older Python
        waiting += [(each, False) for each in _needed(name)]
    return sorted(found.values(), key=str.lower)


def _needed(name: str) -> Iterator[str]:
    """Yield what a package needs in any case, not its extras."""
    for line in requires(name) or ():
        words, _, marker = line.partition(";")
        found = NAME.match(words)
        if found and "extra ==" not in marker.replace("'", '"'):
            yield found[0]


def _key(name: str) -> str:
    """Return a name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def named(lines: Iterable[str]) -> list[str]:
    """Return the packages in pip requirements, without our own."""
    found = [match[0] for line in lines if (match := NAME.match(line.strip()))]
    return [name for name in found if _key(name) != "aiaas-magics"]
