"""The description of /predict, and of what an endpoint tells of itself."""

from __future__ import annotations

from aiaas_magics.serving.openapi import parts
from aiaas_magics.serving.openapi.parts import TEXT, Described, Facts, Form

CODES = (400, 401, 404, 413, 415, 422, 429, 503, 504)
PROBLEM_TYPE = "application/problem+json"
PROBLEM: Described = parts.said(status={"type": "integer"}, title=TEXT, detail=TEXT, hint=TEXT)
NOTE: Described = {
    "type": "object",
    "description": "A value unlike those the model learned from: its column, what is odd, in how many rows.",
    "properties": {
        **{name: {"type": "string"} for name in ("column", "problem", "expected")},
        **{name: {"type": "integer"} for name in ("rows", "first")},
        "got": {},
    },
}


def paths(facts: Facts) -> Described:
    """Return the paths."""
    live, ready = parts.said(live=True), parts.said(ready=True)
    unready = parts.reply("It is going away.", parts.said(ready=False))
    told = parts.get(
        "Does the model answer?",
        parts.reply("Yes.", ready),
        tag="health",
        id_="ready",
        secured=False,
    )
    told["responses"]["503"] = unready
    return {
        "/predict": {"post": _predict(facts)},
        "/health/live": {
            "get": parts.get(
                "Is the process up?", parts.reply("Yes.", live), tag="health", id_="live", secured=False
            )
        },
        "/health/ready": {"get": told},
    }  # fmt: skip


def metrics() -> Described:
    """Return the path of the counters."""
    answer = parts.reply("Counters of all workers.", TEXT, "text/plain")
    return {
        "/metrics": {
            "get": parts.get("Metrics for Prometheus", answer, tag="health", id_="metrics")
        }
    }


def _predict(facts: Facts) -> Described:
    body = {"schema": _request(facts), "example": facts.example}
    return {
        "summary": f"Predict {facts.signature.output}",
        "operationId": "predict",
        "tags": ["predict"],
        "security": parts.SECURED,
        "parameters": parts.choosing(facts),
        "requestBody": {"required": True, "content": {parts.JSON_TYPE: body}},
        "responses": {
            "200": parts.reply("One prediction a row.", _answer(facts)),
            **parts.refusals(CODES, PROBLEM, PROBLEM_TYPE),
        },
    }


def _request(facts: Facts) -> Described:
    return parts.any_of([_form(form) for form in parts.forms(facts)])


def _form(form: Form) -> Described:
    rows = [{**parts.ROWS, "items": each} for each in (parts.row(form.cells), parts.record(form))]
    proba = {"type": "boolean", "default": False, "description": "Also give probabilities."}
    return {
        "type": "object",
        "properties": {
            "X_test": {"oneOf": rows},
            "columns": parts.whole(form),
            "proba": proba,
            "schema": form.mode,
        },
        "required": ["schema"] * form.said,
        "oneOf": [{"required": ["X_test"]}, {"required": ["columns"]}],
        "additionalProperties": False,
    }


def _answer(facts: Facts) -> Described:
    properties: Described = {"y_pred": parts.labels(facts)}
    if facts.classes and facts.proba:
        properties |= {"y_proba": parts.probabilities(), "classes": {"type": "array"}}
    properties["warnings"] = {"type": "array", "items": NOTE}
    return {"type": "object", "properties": properties, "required": ["y_pred"]}
