"""Where a class or function of a notebook is defined, and what its definition uses.

``inspect.getsource`` finds no class that was defined in a cell; its methods know the cell they were
compiled from, and IPython keeps the text of cells in ``linecache``.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import linecache
import symtable
import sys
import sysconfig
import textwrap
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FunctionType
from typing import Any, NamedTuple

from aiaas_magics import errors

Defined = type | Callable[..., Any]
CELL_ONLY = ("get_ipython", "display")
"""Names that are everywhere in a notebook and nowhere else."""


class Definition(NamedTuple):
    """The text of a class or function and the names it uses, found in `names`.

    ``now`` are looked up when the text is run (bases, decorators, defaults), ``later`` when it is called.
    """

    name: str
    text: str
    now: frozenset[str]
    later: frozenset[str]
    names: Mapping[str, Any]


def is_own(value: object) -> bool:
    """Tell whether a class or function is the user's own: of a cell or of a file beside the notebook."""
    if not isinstance(value, type | FunctionType) and not hasattr(value, "__wrapped__"):
        return False
    return not is_library(str(getattr(value, "__module__", None) or "builtins"))


def is_library(module: str) -> bool:
    """Tell whether a module is installed, or part of a package: other processes can import it."""
    if module in ("__main__", "__mp_main__"):
        return False
    if "." in module or module in sys.stdlib_module_names:
        return True
    file = getattr(sys.modules.get(module), "__file__", None)
    if file is None:
        return module in sys.modules
    if Path(file).name == "__init__.py":
        return True
    places = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    packages = {"site-packages", "dist-packages"} & {*Path(file).parts}
    return bool(packages) or any(Path(file).is_relative_to(place) for place in places)


def definition(value: Defined) -> Definition:
    """Return the definition of a class or function of the user's own.

    Raises
    ------
    UsageError
        If its text cannot be found, or does not say everything: a lambda, a closure, a class made in
        a function.
    """
    name, functions = value.__name__, list(_functions(value))
    _check_plain(value, functions)
    text = _text(value, functions)
    now, later = _globals(text)
    names = next((f.__globals__ for f in functions), None)
    if names is None:
        names = vars(sys.modules[value.__module__])
    return Definition(name, text, now - {name}, later - now - {name}, names)


def _functions(value: Defined) -> Iterator[FunctionType]:
    """Yield the function, or those that a class defines itself."""
    if not isinstance(value, type):
        plain = inspect.unwrap(value)
        if isinstance(plain, FunctionType):
            yield plain
        return
    for member in vars(value).values():
        found = getattr(member, "__func__", None) or getattr(member, "fget", None) or member
        found = inspect.unwrap(found) if callable(found) else found
        if isinstance(found, FunctionType) and found.__qualname__.startswith(
            value.__qualname__ + "."
        ):
            yield found


def _check_plain(value: Defined, functions: list[FunctionType]) -> None:
    name = value.__name__
    if name == "<lambda>":
        raise errors.UsageError(
            "a lambda cannot be sent",
            "it has no name to be found by",
            "def my_function(x): return ...",
        )
    if "<locals>" in value.__qualname__ and not hasattr(value, "__wrapped__"):
        raise errors.UsageError(
            f"{name} is defined inside a function",
            "what it uses of that function cannot be sent",
            f"define {name} at the top of a cell",
        )
    for function in functions:
        free = [each for each in function.__code__.co_freevars if each != "__class__"]
        if free:
            raise errors.UsageError(
                f"{name} uses {free[0]!r} of a function around it",
                "a closure cannot be sent",
                f"define {name} at the top of a cell and pass {free[0]} as a parameter",
            )


def _text(value: Defined, functions: list[FunctionType]) -> str:
    for function in functions:
        code = function.__code__
        lines = linecache.getlines(code.co_filename, function.__globals__)
        found = _cut(value, lines, code.co_firstlineno)
        if found:
            return found
    newest = getattr(sys.modules.get(value.__module__), value.__name__, None) is value
    for file in reversed(list(linecache.cache)) if newest and not functions else ():
        found = _cut(value, linecache.getlines(file), None)
        if found:
            return found
    raise errors.UsageError(
        f"the definition of {value.__name__} is not found",
        "it was made by code that stands in no cell, or it was defined again",
        "run the cell that defines it, and the one that uses it",
    )


def _cut(value: Defined, lines: list[str], line: int | None) -> str:
    """Return the definition that has a line, or the last one of that name; nothing if there is none."""
    kind = ast.ClassDef if isinstance(value, type) else (ast.FunctionDef, ast.AsyncFunctionDef)
    try:
        tree = ast.parse("".join(lines))
    except (SyntaxError, ValueError):
        return ""
    found = ""
    for node in ast.walk(tree):
        if not isinstance(node, kind) or node.name != value.__name__:
            continue
        start = min([node.lineno, *(each.lineno for each in node.decorator_list)])
        end = node.end_lineno or start
        if line is None or start <= line <= end:
            found = textwrap.dedent("".join(lines[start - 1 : end])).rstrip("\n") + "\n"
    return found


def _globals(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the names of other things in a definition: those needed when it is run, and when called."""
    top = symtable.symtable(text, "<cell>", "exec")
    now = {s.get_name() for s in top.get_symbols() if s.is_referenced() and not s.is_assigned()}
    later: set[str] = set()
    for block in top.get_children():
        _into(block, now, later, running=block.get_type() == "class")
    return frozenset(now), frozenset(later)


def _into(block: symtable.SymbolTable, now: set[str], later: set[str], *, running: bool) -> None:
    found = {s.get_name() for s in block.get_symbols() if s.is_global() and s.is_referenced()}
    (now if running else later).update(found)
    for child in block.get_children():
        _into(child, now, later, running=running and child.get_type() == "class")


def builtin(name: str, names: Mapping[str, Any]) -> bool:
    """Tell whether a name is Python's own, or nobody's."""
    if name in CELL_ONLY:
        return False
    return (
        name not in names
        or (name.startswith("__") and name.endswith("__"))
        or (hasattr(builtins, name) and names[name] is getattr(builtins, name))
    )
