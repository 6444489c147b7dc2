"""The description of MLflow's scoring protocol."""

from __future__ import annotations

from aiaas_magics.serving.openapi import parts
from aiaas_magics.serving.openapi.parts import ROWS, TEXT, Described, Facts, Form

CODES = (400, 401, 404, 413, 415, 429, 503, 504)
REFUSAL: Described = parts.said(error_code=TEXT, message=TEXT)


def paths(facts: Facts) -> Described:
    """Return the paths."""
    alive = parts.reply("Yes.", TEXT, "text/plain")
    told = "Is the endpoint there?"
    text = parts.reply("Its name and number.", TEXT, "text/plain")
    return {
        "/invocations": {"post": _invocations(facts)},
        "/ping": {"get": parts.get(told, alive, tag="mlflow", id_="ping", secured=False)},
        "/health": {"get": parts.get(told, alive, tag="mlflow", id_="health", secured=False)},
        "/version": {"get": parts.get("Which version of what?", text, tag="mlflow", id_="version")},
    }


def _invocations(facts: Facts) -> Described:
    names = [name for name, _ in facts.signature.inputs]
    example = {"dataframe_split": {"columns": names, "data": facts.rows}}
    json = {"schema": _request(facts), "example": example}
    return {
        "summary": f"Predict {facts.signature.output} as an MLflow server does",
        "operationId": "invocations",
        "tags": ["mlflow"],
        "security": parts.SECURED,
        "parameters": parts.choosing(facts),
        "requestBody": {
            "required": True,
            "content": {parts.JSON_TYPE: json, "text/csv": {"schema": TEXT}},
        },
        "responses": {
            "200": parts.reply("One prediction a row.", _answer(facts)),
            **parts.refusals(CODES, REFUSAL),
        },
    }


def _request(facts: Facts) -> Described:
    return parts.any_of([_form(form) for form in parts.forms(facts)])


def _form(form: Form) -> Described:
    cells = form.cells
    rows = {**ROWS, "items": parts.row(cells)}
    records = {**ROWS, "items": parts.record(form)}
    params = {
        "type": "object" if form.said else ["object", "null"],
        "properties": {"proba": {"type": "boolean", "default": False}, "schema": form.mode},
        "required": ["schema"] * form.said,
        "additionalProperties": False,
    }
    found = {
        "dataframe_split": _split(form, rows),
        "dataframe_records": records,
        "instances": {"anyOf": [rows, records, *_flat(cells)]},
        "inputs": {"anyOf": [parts.whole(form), parts.record(form), rows, records, *_flat(cells)]},
    }
    return {
        "type": "object",
        "properties": {**found, "params": params},
        "required": ["params"] * form.said,
        "oneOf": [{"required": [name]} for name in found],
        "additionalProperties": False,
    }


def _split(form: Form, rows: Described) -> Described:
    """Return the schema of a frame: its columns in the model's order, or in another that each row is in too."""
    names, width = list(form.cells), len(form.cells)
    known = {"enum": [names, list(range(width)), None]}
    other: Described = {"type": "array", "items": TEXT, "uniqueItems": True}
    row: Described = {"type": "array"}
    if not form.more:
        other |= {"items": {"enum": names}, "minItems": width, "maxItems": width}
        each = {"anyOf": list(form.cells.values())}
        row |= {"items": each, "minItems": width, "maxItems": width}
    return {"anyOf": [_frame(known, rows, []), _frame(other, {**ROWS, "items": row}, ["columns"])]}


def _frame(columns: Described, rows: Described, needed: list[str]) -> Described:
    return {
        "type": "object",
        "properties": {"columns": columns, "data": rows, "index": {"type": ["array", "null"]}},
        "required": [*needed, "data"],
        "additionalProperties": False,
    }


def _flat(cells: dict[str, Described]) -> list[Described]:
    """Return the form of a single column's values."""
    return [{**ROWS, "items": cell} for cell in cells.values()] if len(cells) == 1 else []


def _answer(facts: Facts) -> Described:
    properties: Described = {"predictions": parts.labels(facts)}
    if facts.classes and facts.proba:
        properties |= {"probabilities": parts.probabilities(), "classes": {"type": "array"}}
    properties["warnings"] = {"type": "array", "items": TEXT}
    return {"type": "object", "properties": properties, "required": ["predictions"]}
