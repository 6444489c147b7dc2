"""Lines that repair something: they parse whatever a column is called."""

from __future__ import annotations

from collections.abc import Iterable

from aiaas_magics.specs.quality import Finding
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


ORDER = ("--fix", "--impute", "--dropna", "--clip", "--rare", "--scale")
"""Steps that follow on the first line, in this order: types before gaps, and gaps are filled before rows with gaps go."""


def repairs(data: str, findings: Iterable[Finding]) -> tuple[str, ...]:
    """Return the lines that repair all of it, each going on where the one before ended.

    The first drops columns and leaves out repeats; then comes a line for each other step, with all
    the columns it is for.
    """
    dropped: list[str] = []
    first: dict[str, None] = {}
    later: dict[str, list[str]] = {}
    for found in findings:
        option = _option(data, found.fix)
        if option.startswith("--drop "):
            dropped.append(found.column)
        elif option.partition(" ")[0] in ORDER:
            later.setdefault(option, []).append(found.column)
        elif option:
            first[option] = None
    head = [f"--drop {columns([*dict.fromkeys(dropped)])}"] if dropped else []
    made = [" ".join([*head, *first])] if head or first else []
    for option in sorted(later, key=lambda o: ORDER.index(o.partition(" ")[0])):
        names = [n for n in dict.fromkeys(later[option]) if n not in dropped]
        on = "" if option == "--dropna" else f" --columns {columns(names)}"
        made += [option + on] if names else []
    clean = f"{_name(data)}-clean"
    places = [data, *[clean] * (len(made) - 1)]
    return tuple(
        f"%aiaas_prepare {place} {options} --as {clean}"
        for place, options in zip(places, made, strict=False)
    )


def respell(data: str, name: str, *, stored: bool) -> str:
    """Return the line of Python that writes a column's categories in one way: no step of a recipe does."""
    one = f"f[{literal(name)}].str.split().str.join(' ').str.casefold()"
    made = f".assign(**{{{literal(name)}: lambda f: {one}}})"
    if not stored:
        return f"{data.removeprefix('var:')} = {data.removeprefix('var:')}{made}"
    load = f"aiaas.data.load(aiaas.data.show({literal(data)}).frame(){made}, as_={literal(_name(data) + '-clean')})"
    return f"import aiaas_magics as aiaas; {load}"


def _option(data: str, line: str) -> str:
    """Return what a line of `prepare` does, without its columns; nothing for other lines."""
    start = f"%aiaas_prepare {data} "
    if not line.startswith(start):
        return ""
    return line.removeprefix(start).rpartition(" --as ")[0].partition(" --columns ")[0]


def train(data: str, target: str, *words: str, algo: str = "hist_gradient_boosting") -> str:
    """Return the line that trains on `data`."""
    return " ".join((f"%aiaas_train {data} --target {column(target)} --algo {algo}", *words))


def _name(data: str) -> str:
    bare = data.removeprefix("var:").removeprefix("ref:")
    found = parse(bare).name if NAME.match(bare.partition("@")[0]) else "data"
    return found[:50].rstrip(".")
