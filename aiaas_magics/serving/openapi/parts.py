"""What the descriptions of all protocols are made of: cells, rows, replies, refusals."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from aiaas_magics.serving.limits import MOST_ROWS
from aiaas_magics.specs.records import Signature
from aiaas_magics.specs.schema import FIRST, LARGEST, LAST, MODES, Rule, Schema

JSON_TYPE = "application/json"
Described = dict[str, Any]
DATE = r"[12][0-9]{{3}}{mark}?(?:W[0-9]{{2}}(?:-?[1-7])?|[0-9]{{2}}{mark}?[0-9]{{2}})(?:[\s\S][0-9]{{2}}[\s\S]*)?"
"""All forms of ISO 8601 that Python reads, and little else; the months' lengths are left to it."""
ROWS: Described = {"type": "array", "minItems": 1, "maxItems": MOST_ROWS}


def _number(name: str, kind: str) -> Described:
    return {"type": name, "minimum": -LARGEST[kind], "maximum": LARGEST[kind]}


TYPES: dict[str, Described] = {
    "double": _number("number", "double"),
    "long": _number("integer", "long"),
    "boolean": {"type": "boolean"},
    "string": {"type": "string"},
    "datetime": {
        "type": "string", "pattern": f"^{DATE.format(mark='-')}$",
        "description": f"ISO 8601 of the years {FIRST} to {LAST}, as 2026-11-24 or 2026-11-24T10:30:00",
    },
}  # fmt: skip
NUMBER = r"^\s*[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?\s*$"
TRUTH = r"^\s*(?:[01](?:\.0)?|[tT][rR][uU][eE]|[fF][aA][lL][sS][eE])\s*$"
REPAIRED: dict[str, list[Described]] = {
    "double": [{"type": "string", "pattern": NUMBER}, {"type": "boolean"}],
    "long": [{"type": "string", "pattern": NUMBER}, {"type": "boolean"}],
    "boolean": [{"type": "string", "pattern": TRUTH}, {"enum": [0, 1]}],
    "string": [{"type": "number"}],
    "datetime": [{"type": "string", "pattern": rf"^\s*{DATE.format(mark='[-/]')}$"}],
}
"""Kind -> what else is taken where rows are repaired; see ``REPAIRS`` of :mod:`aiaas_magics.specs.schema`."""
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


class Form(NamedTuple):
    """What a request may hold where odd rows are met in one of some ways."""

    cells: dict[str, Described]
    """Column -> the schema of its values."""
    mode: Described
    """The schema of the word for it."""
    said: bool
    """Whether the request is to say the word."""
    needed: tuple[str, ...]
    """Columns that are to be there."""
    more: bool = False
    """Whether other columns may be there."""


def forms(facts: Facts) -> list[Form]:
    """Return what requests may hold: as the model takes it, and what is repaired where that is asked for."""
    names = tuple(rule.name for rule in facts.rules)
    plain = {rule.name: cell(rule, facts.mode) for rule in facts.rules}
    usual = {"default": facts.mode}
    if facts.mode == "refuse":
        return [Form(plain, _word(["refuse"]) | usual, said=False, needed=names)]
    loose = {rule.name: _repaired(rule) for rule in facts.rules}
    needed = tuple(rule.name for rule in facts.rules if rule.required)
    fixes = facts.mode == "fix"
    others, fix = _word([mode for mode in MODES if mode != "fix"]), _word(["fix"])
    return [
        Form(plain, others | (usual if not fixes else {}), said=fixes, needed=names),
        Form(loose, fix | (usual if fixes else {}), said=not fixes, needed=needed, more=True),
    ]


def _word(modes: list[str]) -> Described:
    return {
        "enum": modes,
        "description": "What is done with rows unlike those the model learned from.",
    }


def _repaired(rule: Rule) -> Described:
    return {"anyOf": [cell(rule, "fix"), *REPAIRED[rule.kind]]}


def any_of(found: list[Described]) -> Described:
    """Return the schema of what fits one of some."""
    return found[0] if len(found) == 1 else {"anyOf": found}


def row(columns: dict[str, Described]) -> Described:
    """Return the schema of a row in the order of the columns."""
    width = len(columns)
    items = list(columns.values())
    return {"type": "array", "prefixItems": items, "minItems": width, "maxItems": width}


def record(form: Form) -> Described:
    """Return the schema of a row by column name."""
    return _named(form, form.cells)


def whole(form: Form) -> Described:
    """Return the schema of whole columns by name."""
    return _named(form, {name: {**ROWS, "items": each} for name, each in form.cells.items()})


def _named(form: Form, columns: dict[str, Described]) -> Described:
    needed = list(form.needed)
    return {
        "type": "object", "properties": columns, "required": needed, "additionalProperties": form.more,
    }  # fmt: skip


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
