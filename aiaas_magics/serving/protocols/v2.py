"""The Open Inference Protocol (v2) by HTTP: metadata, readiness, and tensors in JSON or as bytes.

A model all of whose columns are numbers takes one tensor ``X_test`` of shape [rows, columns]; every model takes one tensor a
column, by the column's name, of shape [rows] or [rows, 1]. It gives ``y_pred`` and, where the model has them, ``y_proba``.
The endpoint's name is the name of the model; the names of the registered models behind it are taken too. A version is the
number after the ``@``. Sources: https://github.com/kserve/open-inference-protocol and Triton's extension binary_tensor_data.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np

from aiaas_magics.predictors.base import WHOLE, Outcome, Rows
from aiaas_magics.serving.problems import Problem
from aiaas_magics.serving.protocols import binary, described, matrix, pieces, tables
from aiaas_magics.serving.protocols.base import Ask, Loaded, Reply, Request, Route, State
from aiaas_magics.serving.protocols.binary import Tensor, Values
from aiaas_magics.specs.schema import Note, short
from aiaas_magics.version import __version__

LENGTH = b"inference-header-content-length"
BYTES_TYPE = b"application/octet-stream"
KINDS = frozenset((b"", b"application/json", BYTES_TYPE))
"""Content types; tritonclient sends none."""


class Wanted(msgspec.Struct, forbid_unknown_fields=True):
    """An output that is asked for."""

    name: str
    parameters: dict[str, Any] | None = None


class Asked(msgspec.Struct, forbid_unknown_fields=True):
    """The JSON of a request; kserve's client repeats the model's name in it."""

    inputs: list[Tensor]
    id: str | None = None
    parameters: dict[str, Any] | None = None
    outputs: list[Wanted] | None = None
    model_name: str | None = None
    model_version: str | None = None


class Form(NamedTuple):
    """How an answer is written."""

    name: str
    version: str
    """The word by which the request asked for it, or may ask for it again."""
    id: str | None
    outputs: tuple[tuple[str, bool], ...]
    """Name, and whether as bytes."""


ASKED = msgspec.json.Decoder(Asked)
BEGINS = pieces.key("data"), pieces.key("inputs")
"""Where most of a long request stands: in one tensor, or in many."""


class OpenInference:
    """The protocol as a part of the application."""

    def __init__(self) -> None:
        infer = "/v2/models/{name}/infer", "/v2/models/{name}/versions/{version}/infer"
        self.routes: Sequence[Route] = (
            *(Route("POST", pattern) for pattern in infer),
            Route("GET", "/v2/health/live", _live, open=True),
            Route("GET", "/v2/health/ready", _ready, open=True),
            Route("GET", "/v2", _server),
            Route("GET", "/v2/models", _models),
            Route("POST", "/v2/repository/index", _index),
            *_both("", self._metadata),
            *_both("/ready", self._model_ready),
        )

    def version(self, request: Request, state: State) -> str | None:
        """Return the version asked for by number, or by the name of a model that is not the main one's.

        The header ``X-AIAAS-Version`` asks for one too, as in the other protocols.

        Raises
        ------
        Problem
            404 for a name or version that is not served, 400 where path and header ask for different ones.
        """
        name, number = request.params["name"], request.params.get("version")
        told = described.asked_version(request, state)
        found = described.version_of(state, name, told if number is None else number)
        if told not in (None, found):
            what = f"the path asks for version {short(found)}, X-AIAAS-Version for {short(told)}"
            raise Problem(400, what, "leave out one")
        return found

    def read(self, request: Request, version: Loaded, mode: str) -> Ask:
        """Return what is asked.

        Raises
        ------
        Problem
            400 for a body that is no request, 422 for rows that do not fit the model.
        """
        asked, start = _decode(request)
        told = asked.parameters or {}
        outputs = _outputs(asked, version)
        mode = tables.mode_of(told, mode)
        values = binary.read(asked.inputs, request.body, start)
        rows, notes = _rows(values, version, mode)
        number = request.params.get("version") or version.key or version.served.version
        form = Form(request.params["name"], number, asked.id, outputs)
        return Ask(rows, any(name == described.PROBA for name, _ in outputs), notes, form)

    def write(self, ask: Ask, outcome: Outcome, version: Loaded) -> Reply:
        """Return the answer: JSON, with bytes after it where they were asked for."""
        form: Form = ask.more
        told: list[dict[str, Any]] = []
        blobs: list[bytes] = []
        for name, as_bytes in form.outputs:
            found = outcome.labels if name == described.LABELS else outcome.proba
            if found is None:
                continue
            told.append(_output(name, found, version, blobs if as_bytes else None))
        head: dict[str, Any] = {
            "model_name": form.name,
            "model_version": form.version,
            "outputs": told,
        }
        if form.id is not None:
            head["id"] = form.id
        if ask.notes:
            head["parameters"] = {"warnings": "\n".join(note.sentence() for note in ask.notes)}
        text = msgspec.json.encode(head)
        if not blobs:
            return Reply(200, text)
        length = ((LENGTH, str(len(text)).encode()),)
        return Reply(200, b"".join((text, *blobs)), BYTES_TYPE, length)

    def refuse(self, problem: Problem) -> Reply:
        """Return a refusal in the protocol's words: rows that do not fit are a bad request (400)."""
        said = f"{problem.what}: {problem.hint}" if problem.hint else problem.what
        status = 400 if problem.status == 422 else problem.status
        return Reply(status, msgspec.json.encode({"error": said}), headers=problem.headers)

    def _metadata(self, request: Request, state: State) -> Reply:
        version = described.loaded(state, self.version(request, state))
        name = request.params["name"]
        return _said(described.metadata(name, version, described.versions_of(state, name)))

    def _model_ready(self, request: Request, state: State) -> Reply:
        self.version(request, state)
        return _said({"name": request.params["name"], "ready": True})


def _both(ending: str, tell: Any) -> tuple[Route, Route]:
    return (
        Route("GET", "/v2/models/{name}" + ending, tell),
        Route("GET", "/v2/models/{name}/versions/{version}" + ending, tell),
    )


def _said(body: Any) -> Reply:
    return Reply(200, msgspec.json.encode(body))


def _live(request: Request, state: State) -> Reply:  # noqa: ARG001 - as every route
    return _said({"live": True})


def _ready(request: Request, state: State) -> Reply:  # noqa: ARG001
    return _said({"ready": True})


def _server(request: Request, state: State) -> Reply:  # noqa: ARG001
    extensions = ["binary_tensor_data"]
    return _said({"name": "aiaas_magics", "version": __version__, "extensions": extensions})


def _models(request: Request, state: State) -> Reply:  # noqa: ARG001
    return _said({"models": [state.plan.endpoint]})


def _index(request: Request, state: State) -> Reply:  # noqa: ARG001
    name = state.plan.endpoint
    versions = described.versions_of(state, name)
    return _said([{"name": name, "version": v, "state": "READY", "reason": ""} for v in versions])


# reading --------------------------------------------------------------------------------------------


def _decode(request: Request) -> tuple[Asked, int]:
    """Return a request's JSON, and where in the body its bytes begin."""
    kind = request.headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if kind not in KINDS:
        hint = "send Content-Type: application/json, or application/octet-stream for bytes"
        raise Problem(415, f"the content type is {short(kind.decode('latin-1'))}", hint)
    body, length = request.body, request.headers.get(LENGTH)
    start = len(body)
    if length is not None:
        if not length.isdigit() or len(length) > 18 or int(length) > len(body):
            hint = "Inference-Header-Content-Length is the count of its bytes"
            raise Problem(400, "the JSON is not as long as the request says", hint)
        start = int(length)
    try:
        return _asked(body if start == len(body) else body[:start]), start
    except msgspec.ValidationError as error:
        raise Problem(400, "the body is no inference request", str(error)) from error
    except pieces.WRONG as error:
        raise pieces.refusal(error, body) from error


def _asked(text: bytes) -> Asked:
    if len(text) <= pieces.PIECE:
        return ASKED.decode(text)
    return msgspec.convert(pieces.decode(text, BEGINS), Asked)


def _outputs(asked: Asked, version: Loaded) -> tuple[tuple[str, bool], ...]:
    """Return the outputs to be written: those asked for, or all."""
    every = described.outputs(version)
    as_bytes = _truth("binary_data_output", asked.parameters or {}, default=False)
    if not asked.outputs:
        return tuple((name, as_bytes) for name in every)
    found: dict[str, bool] = {}
    for each in asked.outputs:
        if each.name not in every:
            raise Problem(400, f"no output {short(each.name)}", "known: " + ", ".join(every))
        told = each.parameters or {}
        for word in ("classification", "shared_memory_region"):
            if word in told:
                raise Problem(400, f"output {each.name}: {word} is not offered", "leave it out")
        found[each.name] = _truth("binary_data", told, default=as_bytes)
    return tuple(found.items())


def _truth(name: str, told: dict[str, Any], *, default: bool) -> bool:
    value = told.get(name, default)
    if not isinstance(value, bool):
        raise Problem(400, f"{name} is {short(value)}", "true or false")
    return value


def _rows(values: list[Values], version: Loaded, mode: str) -> tuple[Rows, list[Note]]:
    """Return the rows that tensors hold: one of all columns, or one a column."""
    whole, names = matrix.takes(version.predictor.signature), version.schema.names
    if len(values) == 1 and values[0].tensor.name == described.MATRIX and whole:
        return _one(values[0], version, mode)
    given = {each.tensor.name: each for each in values}
    if len(given) != len(values):
        raise Problem(400, "two tensors have one name", "one tensor a column")
    expected = frozenset(names)
    for name in given:
        if name not in expected and mode != "fix":
            known = [described.MATRIX, *names] if whole else names
            what = f"the model has no input {short(name)}"
            raise Problem(400, what, tables.near(name[:80], known))
    columns = {name: _column(each) for name, each in given.items()}
    return tables.of_columns("inputs", columns, version, mode)


def _one(values: Values, version: Loaded, mode: str) -> tuple[Rows, list[Note]]:
    shape, width = values.tensor.shape, len(version.schema.names)
    if len(shape) != 2 or shape[1] != width:
        what = f"{binary.here(values.tensor)} has the shape {shape[:8]}"
        raise Problem(400, what, f"the model takes [rows, {width}]")
    tables.check_count(shape[0])
    table = values.table(width)
    if table is None or values.tensor.datatype == "BOOL":
        what = f"{binary.here(values.tensor)} is of {values.tensor.datatype}"
        raise Problem(400, what, "the model takes numbers: FP64")
    if values.beyond(WHOLE):
        what = f"{binary.here(values.tensor)}: a number is beyond 2**53"
        raise Problem(400, what, "FP64 would not hold it")
    return matrix.check(table, version.predictor.signature, version.schema, mode)


def _column(values: Values) -> list[Any]:
    shape = values.tensor.shape
    if len(shape) > 1 and shape[1:] != [1]:
        what = f"{binary.here(values.tensor)} has the shape {shape[:8]}"
        raise Problem(400, what, "one tensor a column: [rows] or [rows, 1]")
    return values.plain()


# writing --------------------------------------------------------------------------------------------


def _output(
    name: str, found: np.ndarray, version: Loaded, blobs: list[bytes] | None
) -> dict[str, Any]:
    datatype = described.datatype(name, version)
    values = found.ravel().tolist()
    if datatype == "BYTES":
        values = [label if isinstance(label, str) else str(label) for label in values]
    told: dict[str, Any] = {"name": name, "datatype": datatype, "shape": list(found.shape)}
    if blobs is None:
        return told | {"data": values}
    blobs.append(binary.packed(values) if datatype == "BYTES" else binary.written(found, datatype))
    return told | {"parameters": {"binary_data_size": len(blobs[-1])}}
