"""POST /predict: ``{"X_test": rows}`` -> ``{"y_pred": [...]}``.

Rows are lists in the order of the model's columns, or objects by column name; ``{"columns": {...}}``
gives whole columns. ``"proba": true`` adds the classes' probabilities. ``"schema"`` says what is done with rows
unlike those the model learned from (:mod:`aiaas_magics.specs.schema`); what is answered all the same is listed in
``warnings``.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec

from aiaas_magics.predictors.base import Outcome, Predictor, Rows
from aiaas_magics.serving import asking
from aiaas_magics.serving.limits import MOST_ROWS
from aiaas_magics.serving.problems import Problem
from aiaas_magics.serving.protocols import base, pieces
from aiaas_magics.serving.protocols.base import Ask, Loaded, Reply, Request, Route, State
from aiaas_magics.serving.protocols.fast import Fast
from aiaas_magics.specs.schema import MODES, Misfit, Note, Schema, all_gaps, left_out, short
from aiaas_magics.specs.serving import Served

KEYS = ("X_test", "columns", "proba", "schema")
VERSION = b"x-aiaas-version"
ENCODE = msgspec.json.Encoder().encode
KEPT = 16
"""Versions whose quick readers are kept."""


class Predict:
    """The protocol as a part of the application."""

    def __init__(self) -> None:
        self.routes: Sequence[Route] = (Route("POST", "/predict"),)
        self._fast: dict[int, tuple[Schema, Fast | None]] = {}

    def version(self, request: Request, state: State) -> str | None:
        """Return the version asked for by the header ``X-AIAAS-Version``: its number, or ``name@number``.

        Raises
        ------
        Problem
            404 for one that is not served.
        """
        header = request.headers.get(VERSION)
        if header is None:
            return None
        asked = header.decode("latin-1").strip()
        for number, loaded in state.versions.items():
            if asked in (number, loaded.served.model):
                return number
        known = ", ".join(state.versions)
        raise Problem(404, f"version {short(asked)} is not served here", f"known: {known}")

    def read(self, request: Request, version: Loaded, mode: str) -> Ask:
        """Return what is asked: by the quick reader where all is plain, else by the exact one.

        Raises
        ------
        Problem
            400 if the body is no JSON, 413 for too many rows, 415 if it does not say that it is, 422 if
            rows do not fit the model.
        """
        _check_kind(request.headers.get(b"content-type", b""))
        fast = self._fast_of(version)
        found = None if fast is None else fast.read(request.body)
        if found is not None:
            return Ask(Rows(version.served.signature, matrix=found.matrix), found.proba)
        return read(request.body, version, mode)

    def write(self, ask: Ask, outcome: Outcome, version: Loaded) -> Reply:
        """Return the answer."""
        said: dict[str, Any] = {"y_pred": outcome.labels.tolist()}
        if outcome.proba is not None:
            said["y_proba"] = outcome.proba.tolist()
            said["classes"] = version.served.signature.classes
        if ask.notes:
            said["warnings"] = ask.notes
        return Reply(200, ENCODE(said))

    def refuse(self, problem: Problem) -> Reply:
        """Return problem details."""
        return base.details(problem)

    def _fast_of(self, version: Loaded) -> Fast | None:
        """Return the quick reader of a version; None where its columns are not all numbers."""
        schema = version.schema
        known = self._fast.get(id(schema))
        if known is None:
            if len(self._fast) >= KEPT:
                self._fast.clear()
            known = self._fast[id(schema)] = schema, Fast.of(schema)
        return known[1]


def _check_kind(header: bytes) -> None:
    if header == base.JSON_TYPE or header.partition(b";")[0].strip().lower() == base.JSON_TYPE:
        return
    hint = "send Content-Type: application/json"
    raise Problem(415, "the content type is not application/json", hint)


def read(body: bytes, version: Loaded, mode: str) -> Ask:
    """Return what a body asks, each value looked at; see `Predict.read`."""
    asked = _decode(body)
    mode = _mode(asked, mode)
    given, before = _columns(asked, version.schema, mode)
    try:
        columns, notes = version.schema.check(given, mode)
    except Misfit as misfit:
        raise Problem(422, misfit.what, misfit.hint) from misfit
    rows = Rows(version.served.signature, columns)
    return Ask(rows, asked.get("proba", False), [*before, *notes])


def answer(body: bytes, predictor: Predictor, mode: str = "warn") -> tuple[bytes, int]:
    """Return the answer to a request's body without an endpoint, and how many rows it had.

    Raises
    ------
    Problem
        As `Predict.read`, and 422 if the model has no answer to the rows.
    """
    signature, protocol = predictor.signature, Predict()
    schema = Schema(signature.inputs, signature.required, signature.expects)
    served = Served(model="model@1", folder="", digest="", signature=signature)
    version = Loaded(served, predictor, schema)
    request = Request("POST", "/predict", {b"content-type": base.JSON_TYPE}, body, {})
    ask = protocol.read(request, version, mode)
    outcome = asking.predict(predictor, ask.rows, proba=ask.proba)
    return protocol.write(ask, outcome, version).body, ask.rows.n


def _mode(asked: Mapping[str, Any], endpoint: str) -> str:
    """Return the mode of a request: its own word, but where the endpoint refuses it refuses."""
    mode = asked.get("schema", endpoint)
    if mode not in MODES:
        raise Problem(422, f"unknown schema {short(mode)}", _near(str(mode)[:20], MODES))
    if endpoint == "refuse" != mode:
        raise Problem(
            422, "this endpoint refuses rows unlike those it learned from", "leave out schema"
        )
    return str(mode)


def _decode(body: bytes) -> dict[str, Any]:
    try:
        asked = pieces.decode(body)
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
