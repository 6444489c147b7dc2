"""JSON: a list of records, one record a line, columns by name, or pandas' own ``split`` form."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path, PurePath
from typing import Any

import pandas as pd

from aiaas_magics import errors, frames
from aiaas_magics.engines.sources import encodings, repairs
from aiaas_magics.engines.sources.asked import Reading, Source, Tell, check_verbatim, no_rows

STARTS = ("{", "[")
LINES = (".jsonl", ".ndjson")


def is_json(head: bytes) -> bool:
    """Tell JSON from a CSV file whose header begins with a bracket: by what follows the bracket."""
    plain = head.lstrip(b"\xff\xfe").replace(b"\x00", b"")  # of UTF-16 the letters
    text = plain.decode("utf-8-sig", errors="replace").lstrip()
    return text[:1] in STARTS and text[1:].lstrip()[:1] in ("{", "[", '"', "]", "}")


def read(path: Path, name: str, how: Reading, tell: Tell | None) -> Source:
    """Return the table of a JSON file. Raises `DataError`."""
    encoding, _ = encodings.encoding_of(path, name, how.encoding)
    rows = _records(path, name, encoding, tell)
    if not rows:
        raise no_rows(name, [])
    nested = sorted({key for row in rows for key, value in row.items() if isinstance(value, dict)})
    frame = pd.json_normalize(rows, sep=".") if nested else pd.DataFrame.from_records(rows)
    notes = [f"{_shown(nested)} held objects; each of their fields is a column"] if nested else []
    _check_flat(frame, name, nested=bool(nested))
    check_verbatim([str(column) for column in frame.columns], how)
    found = frame.assign(**{c: _column(frame[c], c in how.verbatim, notes) for c in frame.columns})
    return Source(found, tuple(notes))


def _column(values: pd.Series[Any], verbatim: bool, notes: list[str]) -> pd.Series[Any]:  # noqa: FBT001 - private
    """Return a column of one kind: text if it holds text and other things, or numbers too long."""
    present = [value for value in values if value is not None and value == value]
    kinds = {type(value) for value in present}
    long = kinds == {int} and any(abs(value) >= 2**63 for value in present)
    mixed = len(kinds) > 1 and not kinds <= {int, float}
    if long or mixed:
        why = "its numbers are too long" if long else "it holds text and other things"
        notes.append(f"column {str(values.name)!r} is read as text: {why}")
    if verbatim or long or mixed:
        return values.map(str, na_action="ignore").astype("str")
    return repairs.iso_dates(values.astype("str")) if kinds == {str} else values


def _shown(names: list[str]) -> str:
    words = ", ".join(map(repr, names[:5]))
    return f"column{'s' * (len(names) > 1)} {words}{', ...' * (len(names) > 5)}"


def _check_flat(frame: pd.DataFrame, name: str, *, nested: bool) -> None:
    lines = ", lines=True" if PurePath(name.removesuffix(".gz")).suffix in LINES else ""
    read = f"pd.read_json({name!r}{lines})"
    read = f"pd.json_normalize({read}.to_dict('records'))" if nested else read
    for column in frame.columns:
        if any(isinstance(value, list | dict) for value in frame[column]):
            raise errors.DataError(
                f"column {str(column)!r} of {name} holds lists",
                "a cell of a table holds one value",
                f"df = {read}.explode({str(column)!r})",
            )


def _records(path: Path, name: str, encoding: str, tell: Tell | None) -> list[dict[str, Any]]:
    try:
        text = path.read_text(encoding=encoding)
        if tell is not None:
            tell(path.stat().st_size)
        try:
            found: Any = json.loads(text)
        except json.JSONDecodeError:
            lines = [line for line in text.splitlines() if line.strip()]
            if len(lines) < 2 or not all(line.lstrip().startswith("{") for line in lines[:2]):
                raise
            return list(_lines(lines, name))
    except ValueError as error:
        raise errors.DataError(
            f"{name} is no JSON", str(error), "a list of records: [{...}, {...}]"
        ) from error
    return _rows(found, name)


def _lines(lines: list[str], name: str) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise errors.DataError(
                f"{name} record {number} is no JSON",
                str(error),
                f"!sed -n {number}p {shlex.quote(name)}",
            ) from error
        if not isinstance(row, dict):
            raise _no_table(name)
        yield row


def _rows(found: Any, name: str) -> list[dict[str, Any]]:
    """Return the records of what a JSON file holds."""
    for knows, rows in _SHAPES:
        if knows(found):
            return rows(found)
    raise _no_table(name)


def _is_records(found: Any) -> bool:
    return isinstance(found, list) and all(isinstance(row, dict) for row in found)


def _is_split(found: Any) -> bool:
    return (
        isinstance(found, dict)
        and isinstance(found.get("columns"), list)
        and isinstance(found.get("data"), list)
        and all(isinstance(r, list) and len(r) == len(found["columns"]) for r in found["data"])
    )


def _is_wrapped(found: Any) -> bool:
    """Tell ``{"data": [{...}, ...], ...}``: one list of records among other things."""
    return isinstance(found, dict) and len(_inner(found)) == 1


def _inner(found: dict[str, Any]) -> list[list[dict[str, Any]]]:
    return [value for value in found.values() if _is_records(value) and value]


def _is_columns(found: Any) -> bool:
    lists = isinstance(found, dict) and bool(found)
    return lists and all(isinstance(v, list) and len(v) == _length(found) for v in found.values())


def _length(found: dict[str, Any]) -> int:
    return len(next(iter(found.values())))


def _of_columns(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [dict(zip(found, row, strict=True)) for row in zip(*found.values(), strict=True)]


def _of_split(found: dict[str, Any]) -> list[dict[str, Any]]:
    names = [str(name) for name in found["columns"]]
    frames.check_names(names, "name each column once")
    return [dict(zip(names, row, strict=True)) for row in found["data"]]


_SHAPES: tuple[tuple[Callable[[Any], bool], Callable[[Any], list[dict[str, Any]]]], ...] = (
    (_is_records, lambda found: found),
    (_is_split, _of_split),
    (_is_wrapped, lambda found: _inner(found)[0]),
    (_is_columns, _of_columns),
)


def _no_table(name: str) -> errors.DataError:
    return errors.DataError(
        f"{name} is JSON and no table",
        "a list of records, one record a line, or a list for each column is read",
        f"df = pd.json_normalize(json.load(open({name!r})))",
    )
