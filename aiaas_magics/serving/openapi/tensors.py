"""The description of the Open Inference Protocol."""

from __future__ import annotations

from typing import Any

from aiaas_magics.serving.limits import MOST_ROWS
from aiaas_magics.serving.openapi import parts
from aiaas_magics.serving.openapi.parts import TEXT, Described, Facts, Form
from aiaas_magics.serving.protocols import matrix
from aiaas_magics.serving.protocols.binary import DATATYPES, NUMPY
from aiaas_magics.serving.protocols.described import LABELS, MATRIX, PROBA, TYPES

CODES = (400, 401, 404, 413, 415, 429, 503, 504)
REFUSAL: Described = parts.said(error=TEXT)
TAG = "open inference protocol"
BYTES = (
    "JSON of `Inference-Header-Content-Length` bytes, then each tensor's bytes, little-endian; "
    "`parameters.binary_data_size` of a tensor counts them."
)


def paths(facts: Facts) -> Described:
    """Return the paths."""
    models, one = "/v2/models/{name}", "/v2/models/{name}/versions/{version}"
    live, ready = parts.said(live=True), parts.said(ready=True)
    server = parts.said(name=TEXT, version=TEXT, extensions={"type": "array", "items": TEXT})
    listed = parts.said(models={"type": "array", "items": TEXT})
    found: Described = {
        "/v2": {"get": _get("What is this?", "server", server)},
        "/v2/models": {"get": _get("Which models are there?", "models", listed)},
        "/v2/repository/index": {"post": _get("Which versions are there?", "index", _index())},
        "/v2/health/live": {"get": _get("Is the process up?", "v2_live", live, secured=False)},
        "/v2/health/ready": {"get": _get("Does the model answer?", "v2_ready", ready, secured=False)},
    }  # fmt: skip
    found["/v2/health/ready"]["get"]["responses"]["503"] = parts.reply(
        "It is going away.", parts.said(ready=False)
    )
    for path, some, ending in (
        (models, _names(facts), ""),
        (one, [*_names(facts), _version(facts)], "_version"),
    ):
        found |= {
            path: _with(
                some,
                get=_get("What does it take and give?", "metadata" + ending, _metadata(), CODES),
            ),
            f"{path}/ready": _with(
                some,
                get=_get(
                    "Does it answer?",
                    "model_ready" + ending,
                    parts.said(name=TEXT, ready=True),
                    CODES,
                ),
            ),
            f"{path}/infer": _with(
                [*some, *(parts.choosing(facts) if not ending else [])],
                post=_infer(facts, "infer" + ending),
            ),
        }
    return found  # fmt: skip


def _with(parameters: list[Described], **operations: Described) -> Described:
    return {"parameters": parameters, **operations}


def _get(
    summary: str, id_: str, schema: Described, codes: Any = (), *, secured: bool = True
) -> Described:
    told = parts.get(summary, parts.reply("Yes.", schema), tag=TAG, id_=id_, secured=secured)
    codes = [code for code in codes if code in (401, 404)] or ([401] if secured else [])
    told["responses"] |= parts.refusals(codes, REFUSAL)
    return told


def _names(facts: Facts) -> list[Described]:
    known = {"enum": [facts.name, facts.model.rpartition("@")[0]]}
    text = "The endpoint, or the model behind it."
    return [{"name": "name", "in": "path", "required": True, "description": text, "schema": known}]


def _version(facts: Facts) -> Described:
    known = {"enum": list(facts.versions) or [facts.model.rpartition("@")[2]]}
    return {"name": "version", "in": "path", "required": True, "schema": known}


def _index() -> Described:
    return {"type": "array", "items": parts.said(name=TEXT, version=TEXT, state=TEXT, reason=TEXT)}


def _metadata() -> Described:
    shape = {"type": "array", "items": {"type": "integer"}}
    tensors = {"type": "array", "items": parts.said(name=TEXT, datatype=TEXT, shape=shape)}
    return parts.said(
        name=TEXT, versions={"type": "array", "items": TEXT}, platform=TEXT, inputs=tensors, outputs=tensors
    )  # fmt: skip


def _infer(facts: Facts, id_: str) -> Described:
    length = {
        "name": "Inference-Header-Content-Length", "in": "header", "schema": {"type": "integer"},
        "description": "Bytes of the JSON, where bytes of tensors follow it.",
    }  # fmt: skip
    binary = {"schema": {"type": "string", "contentMediaType": "application/octet-stream"}}
    json = {"schema": _request(facts), "example": {"inputs": _example(facts)}}
    answer = parts.reply("The outputs asked for, or all.", _answer(facts))
    answer["content"]["application/octet-stream"] = {**binary}
    return {
        "summary": f"Predict {facts.signature.output} from tensors",
        "description": BYTES,
        "operationId": id_,
        "tags": [TAG],
        "security": parts.SECURED,
        "parameters": [length],
        "requestBody": {
            "required": True,
            "content": {parts.JSON_TYPE: json, "application/octet-stream": binary},
        },
        "responses": {"200": answer, **parts.refusals(CODES, REFUSAL)},
    }


def _request(facts: Facts) -> Described:
    return parts.any_of([_form(facts, form) for form in parts.forms(facts)])


def _form(facts: Facts, form: Form) -> Described:
    names = [name for name, _ in facts.signature.inputs]
    forms = [_any_columns() if form.more else _columns(facts)]
    if matrix.takes(facts.signature):
        width = {"type": "array", "prefixItems": [_count(), {"const": len(names)}]}
        whole = _tensor(
            MATRIX, [k for k in NUMPY if k != "BOOL"], width | {"minItems": 2, "maxItems": 2}
        )
        forms.insert(0, {"type": "array", "items": whole, "minItems": 1, "maxItems": 1})
    parameters = {
        "type": "object" if form.said else ["object", "null"],
        "properties": {"binary_data_output": {"type": "boolean"}, "schema": form.mode},
        "required": ["schema"] * form.said,
    }
    return {
        "type": "object",
        "properties": {
            "inputs": {"anyOf": forms},
            "outputs": {"type": ["array", "null"], "items": _wanted(facts)},
            "parameters": parameters,
            **{name: {"type": ["string", "null"]} for name in ("id", "model_name", "model_version")},
        },
        "required": ["inputs", *["parameters"] * form.said],
        "additionalProperties": False,
    }  # fmt: skip


def _wanted(facts: Facts) -> Described:
    told = {"type": ["object", "null"], "properties": {"binary_data": {"type": "boolean"}}}
    properties = {"name": {"enum": _outputs(facts)}, "parameters": told}
    return {"type": "object", "properties": properties, "required": ["name"], "additionalProperties": False}  # fmt: skip


def _outputs(facts: Facts) -> list[str]:
    return [LABELS, PROBA] if facts.classes and facts.proba else [LABELS]


def _count() -> Described:
    return {"type": "integer", "minimum": 1, "maximum": MOST_ROWS}


def _any_columns() -> Described:
    return {"type": "array", "items": _tensor(None, list(DATATYPES), ONE), "minItems": 1}


def _columns(facts: Facts) -> Described:
    items = [_tensor(name, _taken(kind), ONE) for name, kind in facts.signature.inputs]
    width = len(items)
    return {"type": "array", "items": {"anyOf": items}, "minItems": width, "maxItems": width}


def _taken(kind: str) -> list[str]:
    if kind in ("double", "long"):
        return [each for each in NUMPY if each != "BOOL"]
    return [TYPES[kind]]


ONE: Described = {
    "type": "array", "prefixItems": [_count(), {"const": 1}], "minItems": 1, "maxItems": 2,
}  # fmt: skip
"""The shape of a single column."""


def _tensor(name: str | None, datatypes: list[str], shape: Described) -> Described:
    properties = {
        "name": TEXT if name is None else {"const": name},
        "datatype": {"enum": datatypes},
        "shape": shape,
        "data": {"type": ["array", "null"], "description": "Flat, or nested as the shape is."},
        "parameters": {"type": ["object", "null"]},
    }
    needed = ["name", "datatype", "shape"]
    return {"type": "object", "properties": properties, "required": needed, "additionalProperties": False}  # fmt: skip


def _example(facts: Facts) -> list[Described]:
    rows, inputs = facts.rows, facts.signature.inputs
    if matrix.takes(facts.signature):
        shape = [len(rows), len(inputs)]
        numbers = [[v if v is None else float(v) for v in row] for row in rows]
        return [{"name": MATRIX, "datatype": "FP64", "shape": shape, "data": numbers}]
    return [
        {"name": name, "datatype": TYPES[kind], "shape": [len(rows), 1], "data": [row[i] for row in rows]}
        for i, (name, kind) in enumerate(inputs)
    ]  # fmt: skip


def _answer(facts: Facts) -> Described:
    shape = {"type": "array", "items": {"type": "integer"}}
    output = parts.said(name={"enum": _outputs(facts)}, datatype=TEXT, shape=shape)
    output["properties"] |= {"data": {"type": "array"}, "parameters": {"type": "object"}}
    told = parts.said(
        model_name=TEXT, model_version=TEXT, outputs={"type": "array", "items": output}
    )
    told["properties"] |= {"id": TEXT, "parameters": {"type": "object"}}
    return told
