"""POST /predict: ``{"X_test": rows}`` -> ``{"y_pred": [...]}``.

Rows are lists in the order of the model's columns, or objects by column name; ``{"columns": {...}}``
gives whole columns. ``"proba": true`` adds the classes' probabilities.
"""

from __future__ import annotations

import datetime as dt
import difflib
import math
from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from aiaas_magics import errors
from aiaas_magics.serving.limits import MOST_ROWS
from aiaas_magics.serving.predictor import Answer, Columns, Predictor
from aiaas_magics.serving.problems import Problem
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.records import Signature

KEYS = ("X_test", "columns", "proba")
WORDS = {
    "double": "a number",
    "long": "a whole number",
    "boolean": "true or false",
    "string": "text",
    "datetime": "a date such as 2026-11-24 or 2026-11-24T10:30:00",
}


def answer(body: bytes, predictor: Predictor) -> tuple[bytes, int]:
    """Return the answer to a request's body, and how many rows it had.

    Raises
    ------
    Problem
        400 if the body is no JSON, 413 for too many rows, 422 if rows do not fit the model or it has
        no answer to them.
    """
    asked = _decode(body)
    columns = _columns(asked, predictor.signature)
    rows = len(next(iter(columns.values()), []))
    found = _ask(predictor, columns, proba=bool(asked.get("proba", False)))
    said: dict[str, JSON] = {"y_pred": found.y_pred}
    if found.y_proba is not None:
        said |= {"y_proba": found.y_proba, "classes": list(predictor.signature.classes)}
    return msgspec.json.encode(said), rows


def _ask(predictor: Predictor, columns: Columns, *, proba: bool) -> Answer:
    try:
        found = predictor.predict(columns, proba=proba)
    except errors.UserCodeError as error:
        raise Problem(422, error.what, error.hint) from error
    except ValueError as error:
        raise Problem(
            422, "the model does not take these values", str(error).partition("\n")[0]
        ) from error
    numbers = [found.y_pred, *(found.y_proba or ())]
    if not all(math.isfinite(n) for part in numbers for n in part if isinstance(n, float)):
        raise Problem(422, "the model's answer is no finite number", "are the values very large?")
    return found


def _decode(body: bytes) -> dict[str, Any]:
    try:
        asked = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Problem(400, "the body is not JSON", str(error)) from error
    if not isinstance(asked, dict):
        raise Problem(422, "the body is not an object", 'send {"X_test": [[...], ...]}')
    for key in asked:
        if key not in KEYS:
            raise Problem(422, f"unknown key {key[:50]!r}", _near(key, KEYS))
    if ("X_test" in asked) == ("columns" in asked):
        raise Problem(
            422, "the body needs either X_test or columns", 'send {"X_test": [[...], ...]}'
        )
    if not isinstance(asked.get("proba", False), bool):
        raise Problem(422, "proba is not true or false")
    return asked


def _columns(asked: dict[str, Any], signature: Signature) -> Columns:
    names = [name for name, _ in signature.inputs]
    given = (
        _by_column(asked["columns"], names)
        if "columns" in asked
        else _by_row(asked["X_test"], names)
    )
    required = set(signature.required)
    return {
        name: [_value(v, kind, name, i, required) for i, v in enumerate(given[name])]
        for name, kind in signature.inputs
    }


def _by_row(rows: Any, names: list[str]) -> Mapping[str, list[Any]]:
    if not isinstance(rows, list) or not rows:
        raise Problem(
            422, "X_test is not a list of rows", "at least one row, each a list or an object"
        )
    _check_count(len(rows))
    if all(isinstance(row, list) for row in rows):
        for i, row in enumerate(rows):
            if len(row) != len(names):
                what = f"row {i} has {len(row)} values; the model takes {len(names)}"
                raise Problem(422, what, "in this order: " + _some(names))
        return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    if not all(isinstance(row, dict) for row in rows):
        raise Problem(
            422, "rows are neither all lists nor all objects", "use one form for all rows"
        )
    for i, row in enumerate(rows):
        _check_names(row, names, f"row {i}")
    return {name: [row[name] for row in rows] for name in names}


def _by_column(columns: Any, names: list[str]) -> Mapping[str, list[Any]]:
    if not isinstance(columns, dict) or not all(isinstance(c, list) for c in columns.values()):
        raise Problem(
            422, "columns is not an object of lists", 'send {"columns": {"name": [...], ...}}'
        )
    _check_names(columns, names, "columns")
    lengths = {len(column) for column in columns.values()}
    if len(lengths) != 1 or lengths == {0}:
        raise Problem(
            422, "the columns are not equally long", "each holds one value a row, one row at least"
        )
    _check_count(lengths.pop())
    return columns


def _check_count(rows: int) -> None:
    if rows > MOST_ROWS:
        raise Problem(413, f"{rows:,} rows are too many", f"send at most {MOST_ROWS:,} at once")


def _check_names(given: Collection[str], names: list[str], where: str) -> None:
    if len(given) == len(names) and all(name in given for name in names):
        return
    for name in given:
        if name not in names:
            raise Problem(
                422, f"{where}: the model has no column {name[:80]!r}", _near(name[:80], names)
            )
    missing = [name for name in names if name not in given]
    if missing:
        raise Problem(
            422, f"{where}: {_some(missing)} missing", f"the model takes {len(names)} columns"
        )


def _value(value: Any, kind: str, name: str, row: int, required: Collection[str]) -> JSON:
    if value is None:
        if name in required:
            raise Problem(
                422, f"row {row}: {name} is missing", "the model was trained without gaps there"
            )
        return None
    fits = _FITS[kind](value)
    if not fits:
        raise Problem(422, f"row {row}: {name} is not {WORDS[kind]}", f"got {_short(value)}")
    return value


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e308


def _whole(value: Any) -> bool:
    return _number(value) and float(value).is_integer() and abs(value) < 2**63


def _date(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        return 1678 <= dt.datetime.fromisoformat(value).year <= 2261  # what 64 bits of ns hold
    except ValueError:
        return False


_FITS = {
    "double": _number,
    "long": _whole,
    "boolean": lambda value: isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "datetime": _date,
}


def _near(word: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {near[0]!r}?" if near else "known: " + _some(list(known))


def _some(names: list[str]) -> str:
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")


def _short(value: Any) -> str:
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= 40 else text[:37] + "..."
