"""POST /predict: ``{"X_test": rows}`` -> ``{"y_pred": [...]}``.

Rows are lists in the order of the model's columns, or objects by column name; ``{"columns": {...}}``
gives whole columns. ``"proba": true`` adds the classes' probabilities. ``"schema"`` says what is done with rows
unlike those the model learned from (:mod:`aiaas_magics.specs.schema`); what is answered all the same is listed in
``warnings``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from aiaas_magics.predictors.base import Outcome, Predictor, Rows
from aiaas_magics.serving import asking
from aiaas_magics.serving.problems import Problem
from aiaas_magics.serving.protocols import base, described, pieces, tables
from aiaas_magics.serving.protocols.base import Ask, Loaded, Reply, Request, Route, State
from aiaas_magics.serving.protocols.fast import Fast
from aiaas_magics.specs.schema import Note, Schema, short
from aiaas_magics.specs.serving import Served

KEYS = ("X_test", "columns", "proba", "schema")
ENCODE = msgspec.json.Encoder().encode
BEGINS = (pieces.key("X_test", "columns"),)
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
        return described.asked_version(request, state)

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
    mode = tables.mode_of(asked, mode)
    rows, notes = _rows(asked, version, mode)
    return Ask(rows, asked.get("proba", False), notes)


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


def _decode(body: bytes) -> dict[str, Any]:
    try:
        asked = pieces.decode(body, BEGINS)
    except pieces.WRONG as error:
        raise pieces.refusal(error, body) from error
    if not isinstance(asked, dict):
        raise Problem(422, "the body is not an object", 'send {"X_test": [[...], ...]}')
    for key in asked:
        if key not in KEYS:
            raise Problem(422, f"unknown key {key[:50]!r}", tables.near(key[:50], KEYS))
    if ("X_test" in asked) == ("columns" in asked):
        raise Problem(
            422, "the body needs either X_test or columns", 'send {"X_test": [[...], ...]}'
        )
    if not isinstance(asked.get("proba", False), bool):
        raise Problem(422, "proba is not true or false")
    return asked


def _rows(asked: dict[str, Any], version: Loaded, mode: str) -> tuple[Rows, list[Note]]:
    if "columns" in asked:
        columns = asked["columns"]
        if not isinstance(columns, dict) or not all(isinstance(c, list) for c in columns.values()):
            hint = 'send {"columns": {"name": [...], ...}}'
            raise Problem(422, "columns is not an object of lists", hint)
        return tables.of_columns("columns", columns, version, mode)
    rows = asked["X_test"]
    if not isinstance(rows, list):
        raise Problem(422, "X_test is not a list of rows", "each row is a list or an object")
    tables.check_count(len(rows))
    if all(isinstance(row, list) for row in rows):
        return tables.of_lists("", rows, version.schema.names, version, mode)
    if all(isinstance(row, dict) for row in rows):
        return tables.of_records("", rows, version, mode)
    for i, row in enumerate(rows):
        if not isinstance(row, list | dict):
            hint = "a row is a list or an object: write [[...]] for one row"
            raise Problem(422, f"row {i} is {short(row)}", hint)
    what = "rows are neither all lists nor all objects"
    raise Problem(422, what, "use one form for all rows")
