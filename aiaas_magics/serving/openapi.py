"""The OpenAPI 3.1 description of an endpoint, with the model's own columns."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import msgspec

from aiaas_magics.serving.limits import MOST_ROWS
from aiaas_magics.specs.records import Signature
from aiaas_magics.specs.schema import MODES, Rule, Schema

TYPES: dict[str, dict[str, Any]] = {
    "double": {"type": "number"},
    "long": {"type": "integer"},
    "boolean": {"type": "boolean"},
    "string": {"type": "string"},
    "datetime": {"type": "string", "description": "ISO 8601, as 2026-11-24 or 2026-11-24T10:30:00"},
}


def encode(
    name: str, model: str, signature: Signature, example: dict[str, Any], mode: str = "warn"
) -> bytes:
    """Return the description as JSON."""
    return msgspec.json.encode(describe(name, model, signature, example, mode))


def describe(
    name: str, model: str, signature: Signature, example: dict[str, Any], mode: str = "warn"
) -> dict[str, Any]:
    """Return the description of an endpoint that serves `model`; `mode` is that of its schema.

    What a column held in training is told in words, and as bounds where the endpoint refuses what is beyond.
    """
    problems = {str(code): _problem(text) for code, text in REFUSALS.items()}
    ask = {
        "summary": f"Predict {signature.output}",
        "operationId": "predict",
        "security": [{"token": []}],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": _request(signature, mode), "example": example}
            },
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


def _cell(rule: Rule, mode: str) -> dict[str, Any]:
    bare = dict(TYPES[rule.kind])
    if rule.seen:
        bare["description"] = "; ".join([bare.get("description", bare["type"]), rule.seen])
    if mode == "refuse":
        bare |= _bounds(rule)
    if rule.required:
        return bare
    if "enum" in bare:
        bare["enum"] = [*bare["enum"], None]
    return {**bare, "type": [bare["type"], "null"]}


def _bounds(rule: Rule) -> dict[str, Any]:
    if rule.known:
        return {"enum": sorted(rule.known)}
    if rule.kind == "datetime" or rule.low is None:
        return {}
    return {"minimum": rule.low, "maximum": rule.high}


def _request(signature: Signature, mode: str) -> dict[str, Any]:
    schema = Schema(signature.inputs, signature.required, signature.expects)
    cells = {rule.name: _cell(rule, mode) for rule in schema.rules}
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
            "schema": {"enum": list(MODES) if mode != "refuse" else ["refuse"], "default": mode},
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
    properties["warnings"] = {"type": "array", "items": NOTE}
    return {"type": "object", "properties": properties, "required": ["y_pred"]}


NOTE: dict[str, Any] = {
    "type": "object",
    "description": "A value unlike those the model learned from: its column, what is odd, in how many rows.",
    "properties": {
        **{name: {"type": "string"} for name in ("column", "problem", "expected")},
        **{name: {"type": "integer"} for name in ("rows", "first")},
        "got": {},
    },
}
