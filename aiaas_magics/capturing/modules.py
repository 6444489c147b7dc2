"""A module's text made of definitions of a notebook: with everything they use, in an order that runs."""

from __future__ import annotations

import graphlib
import math
import sys
from types import ModuleType
from typing import Any

from aiaas_magics import errors
from aiaas_magics.capturing.definitions import (
    CELL_ONLY,
    Defined,
    Definition,
    builtin,
    definition,
    is_library,
    is_own,
)

HEAD = '"""Classes and functions of a notebook\'s own, as they stood in its cells."""\n'


class Module:
    """Collects definitions and what they use: imports, plain values, other definitions."""

    def __init__(self) -> None:
        self.definitions: dict[str, Definition] = {}
        self.members: dict[str, Defined] = {}
        self.imports: dict[str, str] = {}
        self.values: dict[str, str] = {}
        self.aliases: dict[str, str] = {}

    def add(self, value: Defined) -> None:
        """Take a class or function of the user's own, and all it uses.

        Raises
        ------
        UsageError
            If something of it cannot be sent; says what, and what to do.
        """
        name = value.__name__
        known = self.members.get(name)
        if known is value:
            return
        if known is not None or name in self.values or name in self.imports:
            raise errors.UsageError(
                f"{name!r} stands for two things",
                "it was defined again after something was made with the first one",
                "run the cells below its definition again",
            )
        self.members[name] = value
        found = self.definitions[name] = definition(value)
        for used in sorted(found.now | found.later):
            if used in CELL_ONLY:
                raise _unsendable(name, used, "it lives in the notebook")
            if not builtin(used, found.names):
                self._use(name, used, found.names[used])

    def _use(self, user: str, name: str, value: Any) -> None:
        if isinstance(value, ModuleType):
            self._import_module(user, name, value)
        elif is_own(value):
            self.add(value)
            if value.__name__ != name:
                self.aliases[name] = value.__name__
        elif (line := _imported(name, value)) is not None:
            self.imports[name] = line
        elif (text := literal(value)) is not None:
            self.values[name] = text
        else:
            what = f"a {type(value).__name__} of the notebook"
            raise _unsendable(user, name, what + ": only numbers, text and lists of them travel")

    def _import_module(self, user: str, name: str, value: ModuleType) -> None:
        if not is_library(value.__name__):
            raise errors.UsageError(
                f"{user} uses the module {name!r}, a file of your own",
                "what is named in it travels, the file does not",
                f"from {value.__name__} import what_is_used",
            )
        self.imports[name] = f"import {value.__name__} as {name}"

    def text(self) -> str:
        """Return the module; equal contents give equal texts."""
        values = [f"{name} = {text}" for name, text in sorted(self.values.items())]
        imports = sorted(set(self.imports.values()))
        parts = [HEAD, "from __future__ import annotations", *imports, *values]
        return "\n".join([*parts, *(f"\n\n{self._body(name)}" for name in self._order())])

    def _order(self) -> list[str]:
        """Return the definitions with those first that others need to be run at all."""
        real = {
            name: self.aliases.get(name, name) for d in self.definitions.values() for name in d.now
        }
        needs = {
            name: sorted({real[n] for n in d.now} & {*self.definitions} - {name})
            for name, d in sorted(self.definitions.items())
        }
        try:
            return list(graphlib.TopologicalSorter(needs).static_order())
        except graphlib.CycleError as error:
            raise errors.UsageError(
                "definitions need each other before they are made",
                " -> ".join(map(str, error.args[1])),
                "define them anew, one after the other",
            ) from error

    def _body(self, name: str) -> str:
        other = [
            f"\n{alias} = {real}\n" for alias, real in sorted(self.aliases.items()) if real == name
        ]
        return self.definitions[name].text + "".join(other)


def _imported(name: str, value: Any) -> str | None:
    """Return the line that imports something of a library; None if it is none of a library's."""
    real = getattr(value, "__qualname__", None) or getattr(value, "__name__", None) or name
    homes = (getattr(value, "__module__", None), type(value).__module__, "numpy")
    for home in homes:
        module = sys.modules.get(home) if isinstance(home, str) else None
        for word in dict.fromkeys((real, name)):
            if module is not None and home != "builtins" and getattr(module, word, None) is value:
                return f"from {home} import {word} as {name}" if is_library(str(home)) else None
    return None


def literal(value: Any) -> str | None:
    """Return a plain value as Python writes it; None if it is not plain."""
    if type(value).__module__ == "numpy" and getattr(value, "shape", None) == ():
        value = value.item()
    kind = type(value)
    if kind is float and not math.isfinite(value):
        return f"float('{value}')"
    if value is None or kind in (bool, int, float, complex, str, bytes):
        return repr(value)
    if kind is dict:
        pairs = [(literal(key), literal(each)) for key, each in value.items()]
        if any(None in pair for pair in pairs):
            return None
        return "{" + ", ".join(f"{key}: {each}" for key, each in pairs) + "}"
    return _sequence(value) if kind in (list, tuple, set, frozenset) else None


def _sequence(value: Any) -> str | None:
    kind = type(value)
    parts = [
        literal(each) for each in (value if kind in (list, tuple) else sorted(value, key=repr))
    ]
    if any(part is None for part in parts):
        return None
    inner = ", ".join(map(str, parts))
    if kind in (set, frozenset):
        return f"{kind.__name__}([{inner}])"
    return f"[{inner}]" if kind is list else f"({inner}{',' * (len(parts) == 1)})"


def _unsendable(user: str, name: str, why: str) -> errors.UsageError:
    return errors.UsageError(
        f"{user} uses {name!r}, which cannot be sent", why, f"pass {name} as a parameter of {user}"
    )
