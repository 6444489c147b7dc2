"""Modules made of a notebook's cells: ``aiaas_user_<digest>.py``, imported by workers and nobody else.

The name holds the digest of the text, so that two versions never stand in each other's place, and it is a real
file on ``sys.path``, so that processes a fit starts can import it too.
"""

from __future__ import annotations

import ast
import importlib
import sys
from pathlib import Path

from aiaas_magics import errors
from aiaas_magics.engines.usercode import USER
from aiaas_magics.specs.estimators import module_name

FOLDER = "code"
"""Of a model: MLflow puts it on the path too."""


def write(folder: Path, source: str) -> None:
    """Write a module into a folder, made at first use."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{module_name(source)}.py").write_text(source)


def admit(folder: Path) -> frozenset[str]:
    """Let the modules in a folder be imported; return the classes and functions in them, by full name.

    Raises
    ------
    SealError
        If a file is not what its name says.
    """
    names: set[str] = set()
    for path in sorted(folder.glob(f"{USER}*.py")):
        source = path.read_text()
        if module_name(source) != path.stem:
            raise errors.SealError(
                f"{path.name} is not imported",
                "its text is not what its name says",
                "train it again",
            )
        names |= {f"{path.stem}.{name}" for name in defined(source)}
    if names and str(folder) not in sys.path:
        sys.path.append(str(folder))
        importlib.invalidate_caches()
    return frozenset(names)


def defined(source: str) -> list[str]:
    """Return the names of the classes and functions of a module, and their other names."""
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return [node.name for node in ast.parse(source).body if isinstance(node, kinds)]


def packages(source: str) -> list[str]:
    """Return what a module imports that is installed, as pip requirements."""
    from importlib.metadata import packages_distributions, version

    tops = {
        (alias.name if isinstance(node, ast.Import) else str(node.module)).partition(".")[0]
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    known = packages_distributions()
    return sorted(f"{name}=={version(name)}" for top in tops for name in known.get(top, [])[:1])
