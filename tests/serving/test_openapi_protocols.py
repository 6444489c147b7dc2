"""What the description says of each protocol is what the endpoint takes and answers."""

import json

import jsonschema
import numpy as np
import pandas as pd
import pytest

from aiaas_magics import frames
from aiaas_magics.serving.app import App
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
