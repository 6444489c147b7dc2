"""MLflow's scoring protocol: POST /invocations with ``dataframe_split``, ``dataframe_records``, ``instances`` or ``inputs``, or CSV.

``params`` takes ``proba`` and ``schema``, as /predict does. Rows that do not fit are a bad request (400), as there.
Source: https://mlflow.org/docs/latest/genai/serving/ and mlflow/pyfunc/scoring_server.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from aiaas_magics.predictors.base import Outcome, Rows
from aiaas_magics.serving.problems import Problem
from aiaas_magics.serving.protocols import described, pieces, tables
from aiaas_magics.serving.protocols.base import Ask, Loaded, Reply, Request, Route, State
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.schema import Note, short
from aiaas_magics.version import __version__

FORMS = ("dataframe_split", "dataframe_records", "instances", "inputs")
BEGINS = (pieces.key("data", *FORMS[1:]),)
PARAMS = ("proba", "schema")
CODES = {
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "RESOURCE_DOES_NOT_EXIST",
    429: "REQUEST_LIMIT_EXCEEDED",
    500: "INTERNAL_ERROR",
    503: "TEMPORARILY_UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
"""Status -> MLflow's word for it; else BAD_REQUEST."""
Found = tuple[Rows, list[Note]]


class Invocations:
    """The protocol as a part of the application."""

    def __init__(self) -> None:
        self.routes: Sequence[Route] = (
            Route("POST", "/invocations"),
            Route("GET", "/ping", _ping, open=True),
            Route("GET", "/health", _ping, open=True),
            Route("GET", "/version", _version),
        )

    def version(self, request: Request, state: State) -> str | None:
        """Return the version asked for by the header ``X-AIAAS-Version``; MLflow itself has no word for it.

        Raises
        ------
        Problem
            404 for one that is not served.
        """
        return described.asked_version(request, state)

    def read(self, request: Request, version: Loaded, mode: str) -> Ask:
        """Return what is asked.

        Raises
        ------
        Problem
            400 for a body that is no request, 415 for another content type, 422 for rows that do not fit.
        """
        kind, _, more = request.headers.get(b"content-type", b"").lower().partition(b";")
        if b"charset" in more and b"utf-8" not in more:
            raise Problem(415, "the text is not UTF-8", "send UTF-8")
        if kind.strip() == b"text/csv":
            return Ask(*_split_ask(_csv(request.body, version, mode)))
        if kind.strip() != b"application/json":
            hint = "send Content-Type: application/json, or text/csv"
            raise Problem(415, f"the content type is {short(kind.decode('latin-1'))}", hint)
        asked = _decode(request.body)
        params = _params(asked.get("params"))
        mode = tables.mode_of(params, mode)
        form = next(form for form in FORMS if form in asked)
        rows, notes = READ[form](asked[form], version, mode)
        return Ask(rows, bool(params.get("proba", False)), notes)

    def write(self, ask: Ask, outcome: Outcome, version: Loaded) -> Reply:
        """Return the answer."""
        said: dict[str, JSON] = {"predictions": outcome.labels.tolist()}
        if ask.proba and outcome.proba is not None:
            said["probabilities"] = outcome.proba.tolist()
            said["classes"] = list(version.predictor.signature.classes)
        if ask.notes:
            said["warnings"] = [note.sentence() for note in ask.notes]
        return Reply(200, msgspec.json.encode(said))

    def refuse(self, problem: Problem) -> Reply:
        """Return a refusal in MLflow's words."""
        said = f"{problem.what}: {problem.hint}" if problem.hint else problem.what
        status = 400 if problem.status == 422 else problem.status
        body = {"error_code": CODES.get(status, "BAD_REQUEST"), "message": said}
        return Reply(status, msgspec.json.encode(body), headers=problem.headers)


def _split_ask(found: Found) -> tuple[Rows, bool, list[Note]]:
    return found[0], False, found[1]


def _ping(request: Request, state: State) -> Reply:  # noqa: ARG001 - as every route
    return Reply(200, b"\n", b"text/plain; charset=utf-8")


def _version(request: Request, state: State) -> Reply:  # noqa: ARG001
    return Reply(200, f"aiaas_magics {__version__}".encode(), b"text/plain; charset=utf-8")


# reading --------------------------------------------------------------------------------------------


def _decode(body: bytes) -> dict[str, Any]:
    try:
        asked = pieces.decode(body, BEGINS, _json)
    except _InfiniteError as error:
        raise Problem(
            400, f"{error} is no number that a model takes", "a gap is null or NaN"
        ) from error
    except pieces.WRONG as error:
        raise pieces.refusal(error, body) from error
    if not isinstance(asked, dict):
        hint = 'send {"dataframe_split": {"columns": [...], "data": [[...], ...]}}'
        raise Problem(400, "the body is not an object", hint)
    for key in asked:
        if key not in (*FORMS, "params"):
            raise Problem(400, f"unknown key {short(key)}", tables.near(key[:50], FORMS))
    if len(asked.keys() & set(FORMS)) != 1:
        raise Problem(400, "the body needs one of " + ", ".join(FORMS))
    return asked


class _InfiniteError(msgspec.DecodeError):
    """A number that JSON has not stands in a body; the word for it."""


def _json(body: bytes) -> Any:
    """Return what JSON says. MLflow's own client writes a gap as NaN, which JSON has not: it is read as null."""
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        if b"NaN" not in body and b"Infinity" not in body:
            raise
    return msgspec.json.decode(CONSTANT.sub(_constant, body))


def _constant(found: re.Match[bytes]) -> bytes:
    if found[1] is not None:
        return found[1]
    if found[0] != b"NaN":
        raise _InfiniteError(found[0].decode())
    return b"null"


CONSTANT = re.compile(rb'("(?:[^"\\]|\\.)*")|(?<![-\w])(?:NaN|-?Infinity)(?!\w)', re.DOTALL)
"""A text, which is left as it is, or what Python's JSON has beyond JSON."""


def _params(params: Any) -> Mapping[str, Any]:
    if params is None:
        return {}
    if not isinstance(params, dict):
        raise Problem(400, "params is not an object", 'send {"proba": true}')
    for key in params:
        if key not in PARAMS:
            raise Problem(400, f"params: unknown key {short(key)}", tables.near(key[:50], PARAMS))
    if not isinstance(params.get("proba", False), bool):
        raise Problem(400, "params: proba is not true or false")
    return params


def _frame(given: Any, version: Loaded, mode: str) -> Found:
    if not isinstance(given, dict) or not isinstance(given.get("data"), list):
        hint = 'send {"columns": [...], "data": [[...], ...]}'
        raise Problem(400, "dataframe_split is not an object with data", hint)
    for key in given:
        if key not in ("columns", "data", "index"):
            hint = "known: columns, data, index"
            raise Problem(400, f"dataframe_split: unknown key {short(key)}", hint)
    if not isinstance(given.get("index", []), list | None):
        raise Problem(400, "dataframe_split: index is not a list", "leave it out")
    names = _names(given.get("columns"), version)
    return tables.of_lists("dataframe_split", given["data"], names, version, mode)


def _names(columns: Any, version: Loaded) -> list[str]:
    """Return the columns' names; of a frame that has none (they are counted) those of the model."""
    expected = version.schema.names
    if columns is None or columns == list(range(len(expected))):
        return expected
    if not isinstance(columns, list) or not all(isinstance(name, str) for name in columns):
        raise Problem(400, "dataframe_split: columns is not a list of names", tables.some(expected))
    if len(set(columns)) != len(columns):
        raise Problem(400, "dataframe_split: two columns have one name", tables.some(columns))
    return columns


def _records(given: Any, version: Loaded, mode: str, where: str = "dataframe_records") -> Found:
    if not isinstance(given, list) or not all(isinstance(row, dict) for row in given):
        raise Problem(400, f"{where} is not a list of objects", "one object a row, by column name")
    return tables.of_records(where, given, version, mode)


def _instances(given: Any, version: Loaded, mode: str, where: str = "instances") -> Found:
    if not isinstance(given, list):
        raise Problem(400, f"{where} is {short(given)}", "a list of rows")
    if given and isinstance(given[0], dict):
        return _records(given, version, mode, where)
    if len(version.schema.names) == 1 and not any(isinstance(row, list) for row in given):
        given = [[value] for value in given]  # the values of the only column
    return tables.of_lists(where, given, version.schema.names, version, mode)


def _inputs(given: Any, version: Loaded, mode: str) -> Found:
    if not isinstance(given, dict):
        return _instances(given, version, mode, "inputs")
    if not given:
        raise Problem(400, "inputs is empty", "one list a column, by name")
    if any(isinstance(column, list) for column in given.values()):
        for name, column in given.items():
            if not isinstance(column, list):
                what = f"inputs: {short(name)} is {short(column)}"
                raise Problem(400, what, "one list a column")
        return tables.of_columns("inputs", given, version, mode)
    return tables.of_records("inputs", [given], version, mode)


READ: dict[str, Callable[[Any, Loaded, str], Found]] = {
    "dataframe_split": _frame,
    "dataframe_records": _records,
    "instances": _instances,
    "inputs": _inputs,
}


# CSV ------------------------------------------------------------------------------------------------


def _csv(body: bytes, version: Loaded, mode: str) -> Found:
    """Return the rows of a CSV text with a line of names; an empty cell is a gap."""
    try:
        text = io.StringIO(body.decode("utf-8-sig"), newline="")
        lines = [line for line in csv.reader(text, strict=True) if line]
    except (UnicodeDecodeError, csv.Error) as error:
        raise Problem(400, "the body is not CSV in UTF-8", str(error)) from error
    if not lines:
        raise Problem(400, "the body is empty", "a line of names, then one line a row")
    names, rows = lines[0], lines[1:]
    if names[:1] == [""] and "" not in version.schema.names:  # the index of a DataFrame
        names, rows = names[1:], [row[1:] for row in rows]
    if len(set(names)) != len(names):
        raise Problem(400, "two columns have one name", tables.some(names))
    kinds = dict(version.predictor.signature.inputs)
    turns = [CELLS.get(kinds.get(name, "string"), str) for name in names]
    typed = [
        [turn(c) if c else None for turn, c in zip(turns, row, strict=False)]
        if len(row) == len(names)
        else row
        for row in rows
    ]
    return tables.of_lists("text/csv", typed, names, version, mode)


def _number(text: str) -> JSON:
    """Return the number that a text is, None for NaN; other texts as they are, to be refused with row and column."""
    if "_" in text:  # Python's own, no number elsewhere
        return text
    try:
        found = float(text) if not text.strip().lstrip("+-").isdigit() else int(text)
    except ValueError:
        return text
    return None if found != found else found


def _truth(text: str) -> JSON:
    return {"true": True, "false": False}.get(text.strip().lower(), text)


CELLS: dict[str, Callable[[str], JSON]] = {"double": _number, "long": _number, "boolean": _truth}
