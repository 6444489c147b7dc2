"""What the description says of each protocol is what the endpoint takes and answers."""

import json
import re

import jsonschema
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiaas_magics import frames
from aiaas_magics.serving.app import App
from aiaas_magics.serving.openapi import parts
from aiaas_magics.specs import schema
from aiaas_magics.testing import serving

PATHS = {
    "/predict": "/predict",
    "/invocations": "/invocations",
    "/v2/models/{name}/infer": "/v2/models/api/infer",
    "/v2/models/{name}/versions/{version}/infer": "/v2/models/m/versions/1/infer",
}
TABLES = {
    "numbers": {"a": [1.5, None, 2.5, 3.0] * 6, "n": [1, 2, 3, 4] * 6},
    "mixed": {
        "size": [1.5, None, 2.5, 3.0] * 6,
        "open": [True, False] * 12,
        "größe": ["a", "b", None] * 8,
        "when": pd.date_range("2026-01-01", periods=24),
    },
}
TARGETS = {"classes": np.array(["no", "yes"] * 12), "quantity": np.linspace(0, 1, 24)}


@pytest.fixture(scope="module", params=[(table, target) for table in TABLES for target in TARGETS])
def app(serve, request):
    """An endpoint of a model, and its description."""
    table, target = request.param
    frame = pd.DataFrame(TABLES[table] | {"y": TARGETS[target]})
    served = serve(frame, "random_forest", params={"n_estimators": 3})
    rows = [list(row.values()) for row in frames.records(served.raw.head(2))]
    version = serving.loaded(served.predictor, "m@1", example={"X_test": rows})
    return App(serving.state(version), serving.TOKEN)


def described(app):
    return serving.ask(app, "/openapi.json", method="GET").json


def operation(app, path):
    return described(app)["paths"][path]["post"]


@pytest.mark.parametrize("path", PATHS)
def test_the_example_of_each_protocol_is_taken_and_answered_as_described(app, path):
    told = operation(app, path)
    body = told["requestBody"]["content"]["application/json"]
    jsonschema.validate(body["example"], body["schema"])
    said = serving.ask(app, PATHS[path], json.dumps(body["example"]).encode())
    assert said.status == 200
    answer = told["responses"]["200"]["content"]["application/json"]["schema"]
    jsonschema.validate(said.json, answer)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"inputs": []}', b'{"instances": [[]]}', b'{"X_test": [["x"]]}']
)
def test_a_refusal_is_one_that_is_described(app, path, body):
    told = operation(app, path)
    said = serving.ask(app, PATHS[path], body)
    assert 400 <= said.status < 500
    content = told["responses"][str(said.status)]["content"]
    jsonschema.validate(said.json, content[said.headers["content-type"]]["schema"])
    try:
        asked = json.loads(body)
    except ValueError:
        return
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(asked, told["requestBody"]["content"]["application/json"]["schema"])


def test_every_path_that_tells_something_is_answered_as_described(app):
    for path, methods in described(app)["paths"].items():
        if path == "/metrics" or ("post" in methods and path != "/v2/repository/index"):
            continue  # counters need a folder; predictions are tried above
        method = next(name for name in methods if name in ("get", "post"))
        asked = path.format(name="api", version="1")
        said = serving.ask(app, asked, method=method.upper())
        content = methods[method]["responses"][str(said.status)]["content"]
        kind = said.headers["content-type"].partition(";")[0]
        assert said.status == 200
        if kind == "application/json":
            jsonschema.validate(said.json, content[kind]["schema"])


@pytest.mark.parametrize("path", PATHS)
def test_without_a_token_all_protocols_refuse_in_their_own_words(app, path):
    said = serving.ask(app, PATHS[path], b"{}", authorization=None)
    schema = operation(app, path)["responses"]["401"]["content"][said.headers["content-type"]][
        "schema"
    ]
    assert said.status == 401
    jsonschema.validate(said.json, schema)


FIXED = [
    ("/predict", {"X_test": [["1.5", "2"]], "schema": "fix"}),
    ("/predict", {"X_test": [{"n": " 2.0 ", "more": 1}], "schema": "fix"}),
    ("/predict", {"columns": {"a": ["1e3", None], "n": [True, 2]}, "schema": "fix"}),
    ("/invocations", {"instances": [["1.5", "2"]], "params": {"schema": "fix"}}),
    ("/invocations", {"dataframe_split": {"columns": ["more", "n"], "data": [["x", "2"]]}, "params": {"schema": "fix"}}),
    ("/v2/models/{name}/infer", {
        "inputs": [{"name": "n", "shape": [1], "datatype": "BYTES", "data": ["2"]}], "parameters": {"schema": "fix"},
    }),
]  # fmt: skip
SPLIT = {"dataframe_split": {"columns": ["n", "a"], "data": [[2, 1.5], [3, None]]}}


@pytest.fixture(scope="module")
def numbers(serve):
    """Endpoints of a model of numbers, by what they do with odd rows."""
    frame = pd.DataFrame(TABLES["numbers"] | {"y": TARGETS["classes"]})
    served = serve(frame, "random_forest", params={"n_estimators": 3})
    version = serving.loaded(served.predictor, "m@1", example={"X_test": [[1.5, 2]]})
    modes = ("warn", "fix", "refuse")
    return {mode: App(serving.state(version, schema=mode), serving.TOKEN) for mode in modes}


def fits(app, path, body):
    """Tell whether a body is as the description has it, and with which status it is answered."""
    schema = operation(app, path)["requestBody"]["content"]["application/json"]["schema"]
    found = jsonschema.Draft202012Validator(schema).is_valid(body)
    return found, serving.ask(app, PATHS[path], json.dumps(body).encode()).status


@pytest.mark.parametrize(("path", "body"), FIXED)
def test_what_is_repaired_fits_where_that_is_asked_for(numbers, path, body):
    assert fits(numbers["warn"], path, body) == (True, 200)
    assert fits(numbers["fix"], path, body) == (True, 200)
    found, status = fits(numbers["refuse"], path, body)
    assert (found, status in (400, 422)) == (False, True)
    bare = {k: v for k, v in body.items() if k not in ("schema", "params", "parameters")}
    assert fits(numbers["fix"], path, bare) == (True, 200)
    found, status = fits(numbers["warn"], path, bare)
    assert (found, status in (400, 422)) == (False, True)


@pytest.mark.parametrize("mode", ["warn", "fix", "refuse"])
def test_a_frame_s_columns_fit_in_any_order(numbers, mode):
    assert fits(numbers[mode], "/invocations", SPLIT) == (True, 200)
    twice = {"dataframe_split": {"columns": ["n", "n"], "data": [[2, 2]]}}
    assert fits(numbers[mode], "/invocations", twice) == (False, 400)


@pytest.mark.parametrize(
    "text", ["", "yesterday", "24.11.2026", "0001-01-01", "2026-11-24T", "2026"]
)
def test_a_text_that_is_no_date_does_not_fit(text):
    assert not re.search(parts.TYPES["datetime"]["pattern"], text)


@given(st.text("0123456789-:TWZ+. ", max_size=24) | st.dates().map(str) | st.datetimes().map(str))
def test_every_date_that_is_taken_fits(text):
    try:
        schema.Rule("x", "datetime", schema.Expectation(), required=True).check([text], "warn")
    except schema.Misfit:
        return
    assert re.search(parts.TYPES["datetime"]["pattern"], text)
