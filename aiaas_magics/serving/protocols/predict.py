"""POST /predict: ``{"X_test": rows}`` -> ``{"y_pred": [...]}``.

Rows are lists in the order of the model's columns, or objects by column name; ``{"columns": {...}}``
gives whole columns. ``"proba": true`` adds the classes' probabilities. ``"schema"`` says what is done with rows
unlike those the model learned from (:mod:`aiaas_magics.specs.schema`); what is answered all the same is listed in
``warnings``.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

import msgspec
import numpy as np

from aiaas_magics import errors
from aiaas_magics.predictors.base import Columns, Outcome, Predictor, Rows
from aiaas_magics.serving.limits import MOST_ROWS
from aiaas_magics.serving.problems import Problem
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.records import Signature
from aiaas_magics.specs.schema import MODES, Misfit, Note, Schema, all_gaps, left_out, short

KEYS = ("X_test", "columns", "proba", "schema")


class Gate:
    """What stands between a request and the model: its schema, the endpoint's mode, and a count of what was noted."""

    def __init__(self, signature: Signature, mode: str = "warn") -> None:
        self.schema = Schema(signature.inputs, signature.required, signature.expects)
        self.mode = mode
        self.noted: Counter[tuple[str, str]] = Counter()
        self._told: list[tuple[str, str, int]] = []

    def mode_of(self, asked: Mapping[str, Any]) -> str:
        """Return the mode of a request: its own word, but where the endpoint refuses it refuses."""
        mode = asked.get("schema", self.mode)
        if mode not in MODES:
            raise Problem(422, f"unknown schema {short(mode)}", _near(str(mode)[:20], MODES))
        if self.mode == "refuse" != mode:
            raise Problem(
                422, "this endpoint refuses rows unlike those it learned from", "leave out schema"
            )
        return str(mode)

    def check(self, columns: Mapping[str, list[Any]], mode: str) -> tuple[Columns, list[Note]]:
        """Return the columns as the model takes them and the notes on them, which are counted."""
        try:
            taken, notes = self.schema.check(columns, mode)
        except Misfit as misfit:
            raise Problem(422, misfit.what, misfit.hint) from misfit
        for note in notes:
            self.noted[note.column, note.problem] += note.rows
            self._told.append((note.column, note.problem, note.rows))
        return taken, notes

    def news(self) -> list[tuple[str, str, int, int]]:
        """Return column, problem, rows and rows so far of what was noted since this was last asked."""
        told, self._told = self._told, []
        return [
            (column, problem, rows, self.noted[column, problem]) for column, problem, rows in told
        ]


def answer(body: bytes, predictor: Predictor, gate: Gate | None = None) -> tuple[bytes, int]:
    """Return the answer to a request's body, and how many rows it had.

    Raises
    ------
    Problem
        400 if the body is no JSON, 413 for too many rows, 422 if rows do not fit the model or it has
        no answer to them.
    """
    asked = _decode(body)
    gate = gate or Gate(predictor.signature)
    mode = gate.mode_of(asked)
    given, before = _columns(asked, gate.schema, mode)
    columns, notes = gate.check(given, mode)
    rows = Rows(predictor.signature, columns)
    found = _ask(predictor, rows, proba=bool(asked.get("proba", False)))
    said: dict[str, JSON] = {"y_pred": found.labels.tolist()}
    if found.proba is not None:
        said |= {"y_proba": found.proba.tolist(), "classes": list(predictor.signature.classes)}
    if before or notes:
        said["warnings"] = [*before, *notes]
    return msgspec.json.encode(said), rows.n


def _ask(predictor: Predictor, rows: Rows, *, proba: bool) -> Outcome:
    try:
        found = predictor.predict(rows, proba=proba)
    except errors.UserCodeError as error:
        raise Problem(422, error.what, error.hint) from error
    except ValueError as error:
        raise Problem(
            422, "the model does not take these values", str(error).partition("\n")[0]
        ) from error
    if not (_finite(found.labels) and (found.proba is None or _finite(found.proba))):
        raise Problem(422, "the model's answer is no finite number", "are the values very large?")
    return found


def _finite(found: np.ndarray) -> bool:
    return found.dtype.kind != "f" or bool(np.isfinite(found).all())


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


def _columns(
    asked: dict[str, Any], schema: Schema, mode: str
) -> tuple[Mapping[str, list[Any]], list[Note]]:
    """Return the values of the model's columns, and what was left out or added in order to fix them."""
    form = "columns" if "columns" in asked else "X_test"
    given = asked[form]
    notes: list[Note] = []
    if mode == "fix":
        given, notes = _mended(given, schema)
    names = schema.names
    return (_by_column(given, names) if form == "columns" else _by_row(given, names)), notes


def _mended(given: Any, schema: Schema) -> tuple[Any, list[Note]]:
    """Return rows or columns by name with just the columns of the model; other forms as they are."""
    if isinstance(given, dict) and given and all(isinstance(c, list) for c in given.values()):
        rows = len(next(iter(given.values())))
        extra, absent = schema.spare(list(given))
        mended: Any = {n: given[n] for n in given if n not in extra} | {
            n: [None] * rows for n in absent
        }
    elif isinstance(given, list) and given and all(isinstance(row, dict) for row in given):
        rows = len(given)
        extra, absent = schema.spare(list(dict.fromkeys(name for row in given for name in row)))
        known = set(schema.names)
        gaps = dict.fromkeys(absent)
        mended = [gaps | {n: v for n, v in row.items() if n in known} for row in given]
    else:
        return given, []
    notes = [left_out(name[:80], rows) for name in extra[:MOST_NOTES]]
    return mended, [*notes, *(all_gaps(name, rows) for name in absent)]


MOST_NOTES = 20
"""Columns nobody needs that are named."""


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


def _near(word: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {near[0]!r}?" if near else "known: " + _some(list(known))


def _some(names: list[str]) -> str:
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
