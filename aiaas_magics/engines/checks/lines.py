"""Lines that repair something: they parse whatever a column is called."""

from __future__ import annotations

from aiaas_magics.specs.refs import NAME, parse

AWKWARD = frozenset("\"'([{}]),=?%`$\\")


def column(name: str) -> str:
    """Return a column as a word of a line; in braces, as Python, where it is no plain word."""
    return name if _plain(name) else "{" + literal(name) + "}"


def columns(names: list[str]) -> str:
    """Return columns as one word of a line."""
    if all(map(_plain, names)):
        return ",".join(names)
    return "{[" + ", ".join(map(literal, names)) + "]}"


def literal(name: str) -> str:
    """Return a name as a Python literal on one line; no backslash stands before its last quote."""
    import json

    shown = json.dumps(name, ensure_ascii=False) if name.isprintable() else ascii(name)
    return shown.replace("\\\\", "\\x5c")


def _plain(name: str) -> bool:
    awkward = any(char.isspace() or char in AWKWARD for char in name)
    return bool(name) and not awkward and name.isprintable() and not name.startswith("-")


def prepare(data: str, *options: str) -> str:
    """Return the line that prepares `data` and stores the result as DATA-clean."""
    return f"%aiaas_prepare {data} {' '.join(options)} --as {_name(data)}-clean"


def train(data: str, target: str, *words: str, algo: str = "hist_gradient_boosting") -> str:
    """Return the line that trains on `data`."""
    return " ".join((f"%aiaas_train {data} --target {column(target)} --algo {algo}", *words))


def _name(data: str) -> str:
    bare = data.removeprefix("var:").removeprefix("ref:")
    found = parse(bare).name if NAME.match(bare.partition("@")[0]) else "data"
    return found[:50].rstrip(".")
