"""What the descriptions of all protocols are made of: cells, rows, replies, refusals."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from aiaas_magics.serving.limits import MOST_ROWS
from aiaas_magics.specs.records import Signature
from aiaas_magics.specs.schema import LARGEST, MODES, Rule, Schema

JSON_TYPE = "application/json"
Described = dict[str, Any]
ROWS: Described = {"type": "array", "minItems": 1, "maxItems": MOST_ROWS}


def _number(name: str, kind: str) -> Described:
    return {"type": name, "minimum": -LARGEST[kind], "maximum": LARGEST[kind]}


TYPES: dict[str, Described] = {
    "double": _number("number", "double"),
    "long": _number("integer", "long"),
    "boolean": {"type": "boolean"},
    "string": {"type": "string"},
    "datetime": {"type": "string", "description": "ISO 8601, as 2026-11-24 or 2026-11-24T10:30:00"},
}
REFUSALS = {
    400: "The body is no request.",
    401: "The token is missing or not this endpoint's.",
    404: "Nothing of that name or version is served.",
    413: "The body is too large.",
    415: "The content type is not one of those above.",
    422: "The rows do not fit the model.",
    429: "Too many requests wait already; ask again after the seconds of Retry-After.",
    503: "The endpoint is going away; ask again.",
    504: "The model did not answer in time.",
}
SECURED: list[Described] = [{"bearer": []}, {"basic": []}]


class Facts(NamedTuple):
    """What an endpoint's description depends on."""

    name: str
    model: str
    signature: Signature
    example: Described
    mode: str = "warn"
    proba: bool = True
    """Whether the model has probabilities."""
    versions: tuple[str, ...] = ()
    """The numbers that may be asked for."""

    @property
    def rules(self) -> list[Rule]:
        """The rules of the columns, in their order."""
        signature = self.signature
        return Schema(signature.inputs, signature.required, signature.expects).rules

    @property
    def classes(self) -> list[Any]:
        """The labels there are; none for numbers."""
        return list(self.signature.classes)

    @property
    def rows(self) -> list[list[Any]]:
        """The example's rows, in the order of the columns."""
        names = [name for name, _ in self.signature.inputs]
        given = self.example.get("X_test") or []
        return [[row[n] for n in names] if isinstance(row, dict) else list(row) for row in given]


def cell(rule: Rule, mode: str) -> Described:
    """Return the schema of a value: what the column held in words, and as bounds where what is beyond is refused."""
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


def _bounds(rule: Rule) -> Described:
    if rule.known:
        return {"enum": sorted(rule.known)}
    if rule.kind == "datetime" or rule.low is None:
        return {}
    return {"minimum": rule.low, "maximum": rule.high}


def cells(facts: Facts) -> dict[str, Described]:
    """Return the schema of each column's values."""
    return {rule.name: cell(rule, facts.mode) for rule in facts.rules}


def row(columns: dict[str, Described]) -> Described:
    """Return the schema of a row in the order of the columns."""
    width = len(columns)
    items = list(columns.values())
    return {"type": "array", "prefixItems": items, "minItems": width, "maxItems": width}


def record(columns: dict[str, Described]) -> Described:
    """Return the schema of a row, or of whole columns, by name."""
    return {
        "type": "object", "properties": columns, "required": list(columns), "additionalProperties": False,
    }  # fmt: skip


def whole(columns: dict[str, Described]) -> Described:
    """Return the schema of whole columns by name."""
    return record({name: {**ROWS, "items": each} for name, each in columns.items()})


def modes(facts: Facts) -> Described:
    """Return the schema of the word for what is done with odd rows."""
    return {
        "enum": list(MODES) if facts.mode != "refuse" else ["refuse"],
        "default": facts.mode,
        "description": "What is done with rows unlike those the model learned from.",
    }


def labels(facts: Facts) -> Described:
    """Return the schema of predictions, one a row."""
    items: Described = {"enum": facts.classes} if facts.classes else {"type": "number"}
    return {"type": "array", "items": items}


def probabilities() -> Described:
    """Return the schema of a row of probabilities a row."""
    items = {"type": "array", "items": {"type": "number", "minimum": 0, "maximum": 1}}
    return {"type": "array", "items": items}


KEY = "Requests of one key are answered by one version while the shares stay the same."


def choosing(facts: Facts) -> list[Described]:
    """Return the headers that say which version answers."""
    found = [_header("X-AIAAS-Key", KEY, TEXT)]
    if facts.versions:
        known = {"enum": list(facts.versions)}
        found.append(_header("X-AIAAS-Version", "The version that answers.", known))
    return found


def _header(name: str, text: str, schema: Described) -> Described:
    return {"name": name, "in": "header", "description": text, "schema": schema}


def reply(text: str, schema: Described, kind: str = JSON_TYPE) -> Described:
    """Return a response."""
    return {"description": text, "content": {kind: {"schema": schema}}}


def refusals(codes: Iterable[int], schema: Described, kind: str = JSON_TYPE) -> Described:
    """Return the responses of an operation that refuses with these codes."""
    return {str(code): reply(REFUSALS[code], schema, kind) for code in codes}


def said(**fields: Any) -> Described:
    """Return the schema of an object with these fields, all of which are there; a value that is no schema is constant."""
    properties = {
        n: each if isinstance(each, dict) else {"const": each} for n, each in fields.items()
    }
    return {"type": "object", "properties": properties, "required": list(properties)}


def get(summary: str, answer: Described, *, tag: str, id_: str, secured: bool = True) -> Described:
    """Return an operation that only tells."""
    told: Described = {
        "summary": summary,
        "operationId": id_,
        "tags": [tag],
        "responses": {"200": answer},
    }
    return told | ({"security": SECURED} if secured else {})


TEXT: Described = {"type": "string"}
"""The schema of any text."""
