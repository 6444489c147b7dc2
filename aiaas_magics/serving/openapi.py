"""The OpenAPI 3.1 description of an endpoint, with the model's own columns."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import msgspec

from aiaas_magics.serving.limits import MOST_ROWS
from aiaas_magics.specs.records import Signature

TYPES: dict[str, dict[str, Any]] = {
    "double": {"type": "number"},
    "long": {"type": "integer"},
    "boolean": {"type": "boolean"},
    "string": {"type": "string"},
    "datetime": {"type": "string", "description": "ISO 8601, as 2026-11-24 or 2026-11-24T10:30:00"},
}


def encode(name: str, model: str, signature: Signature, example: dict[str, Any]) -> bytes:
    """Return the description as JSON."""
    return msgspec.json.encode(describe(name, model, signature, example))


def describe(
    name: str, model: str, signature: Signature, example: dict[str, Any]
) -> dict[str, Any]:
    """Return the description of an endpoint that serves `model`."""
    problems = {str(code): _problem(text) for code, text in REFUSALS.items()}
    ask = {
        "summary": f"Predict {signature.output}",
        "operationId": "predict",
        "security": [{"token": []}],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _request(signature), "example": example}},
        },
        "responses": {"200": _json("One prediction a row.", _answer(signature)), **problems},
    }
    ready = {"type": "object", "properties": {"ready": {"const": True}}, "required": ["ready"]}
    live = {"type": "object", "properties": {"live": {"const": True}}, "required": ["live"]}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": name,
            "version": model,
            "description": f"{model} served by aiaas_magics {version('aiaas_magics')}.",
        },
        "paths": {
            "/predict": {"post": ask},
            "/health/live": {
                "get": {"summary": "Is the process up?", "responses": {"200": _json("Yes.", live)}}
            },
            "/health/ready": {
                "get": {
                    "summary": "Does the model answer?",
                    "responses": {"200": _json("Yes.", ready)},
                }
            },
        },
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    }


REFUSALS = {
    400: "The body is not JSON.",
    401: "The token is missing or not this endpoint's.",
    413: "The body is too large.",
    415: "The content type is not application/json.",
    422: "The rows do not fit the model.",
}


def _json(text: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": text, "content": {"application/json": {"schema": schema}}}


def _problem(text: str) -> dict[str, Any]:
    fields = {name: {"type": "string"} for name in ("title", "detail", "hint")}
    schema = {"type": "object", "properties": {"status": {"type": "integer"}, **fields}}
    return {"description": text, "content": {"application/problem+json": {"schema": schema}}}


def _cell(kind: str, *, required: bool) -> dict[str, Any]:
    bare = TYPES[kind]
    return bare if required else {**bare, "type": [bare["type"], "null"]}


def _request(signature: Signature) -> dict[str, Any]:
    cells = {n: _cell(kind, required=n in signature.required) for n, kind in signature.inputs}
    names, width = list(cells), len(cells)
    rows = {"minItems": 1, "maxItems": MOST_ROWS, "type": "array"}
    row = {
        "type": "array",
        "prefixItems": list(cells.values()),
        "minItems": width,
        "maxItems": width,
    }
    record = {
        "type": "object",
        "properties": cells,
        "required": names,
        "additionalProperties": False,
    }
    columns = {n: {"type": "array", "items": cell} for n, cell in cells.items()}
    whole = {
        "type": "object",
        "properties": columns,
        "required": names,
        "additionalProperties": False,
    }
    x_test = {"oneOf": [{**rows, "items": row}, {**rows, "items": record}]}
    return {
        "type": "object",
        "properties": {
            "X_test": x_test,
            "columns": whole,
            "proba": {"type": "boolean", "default": False},
        },
        "oneOf": [{"required": ["X_test"]}, {"required": ["columns"]}],
        "additionalProperties": False,
    }


def _answer(signature: Signature) -> dict[str, Any]:
    label: dict[str, Any] = (
        {"enum": list(signature.classes)} if signature.classes else {"type": "number"}
    )
    properties: dict[str, Any] = {"y_pred": {"type": "array", "items": label}}
    if signature.classes:
        numbers = {"type": "array", "items": {"type": "number", "minimum": 0, "maximum": 1}}
        properties |= {"y_proba": {"type": "array", "items": numbers}, "classes": {"type": "array"}}
    return {"type": "object", "properties": properties, "required": ["y_pred"]}
