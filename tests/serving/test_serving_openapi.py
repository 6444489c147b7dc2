"""The description of an endpoint is valid, and true of what it takes and answers."""

import json
import re

import jsonschema
import numpy as np
import pandas as pd
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from aiaas_magics import frames
from aiaas_magics.serving import openapi
from aiaas_magics.serving.page import PAGE

COLUMNS = {
    "size": [1.5, None, 2.5, 3.0] * 6,
    "count": [1, 2, 3, 4] * 6,
    "open": [True, False] * 12,
    "größe": ["a", "b", None] * 8,
    "when": pd.date_range("2026-01-01", periods=24),
}
TARGETS = {
    "text": np.array(["no", "yes"] * 12),
    "truth": np.array([True, False] * 12),
    "numbers": np.array([1, 2, 3] * 8),
    "quantity": np.linspace(0, 1, 24),
}


@pytest.fixture(scope="module", params=TARGETS)
def served(serve, request):
    frame = pd.DataFrame(COLUMNS | {"y": TARGETS[request.param]})
    return serve(frame, "random_forest", params={"n_estimators": 3})


@pytest.fixture
def described(served):
    rows = [list(row.values()) for row in frames.records(served.raw.head(2))]
    body = openapi.encode("api", "m@1", served.signature, {"X_test": rows})
    return json.loads(body)


def request_of(described):
    return described["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]


def answer_of(described, status="200"):
    content = described["paths"]["/predict"]["post"]["responses"][status]["content"]
    return next(iter(content.values()))["schema"]


def test_the_description_is_valid(described):
    OpenAPIV31SpecValidator(described).validate()


def test_the_example_fits_and_is_answered_as_described(served, described):
    example = request_of(described)["example"]
    jsonschema.validate(example, request_of(described)["schema"])
    jsonschema.validate(served.ask(**example), answer_of(described))


@pytest.mark.parametrize("proba", [True, False])
def test_every_form_fits_and_its_answer_too(served, described, proba):
    rows = frames.records(served.raw)
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    for asked in ({"X_test": rows}, {"columns": columns}):
        jsonschema.validate(asked | {"proba": proba}, request_of(described)["schema"])
        said = served.ask(**asked, proba=proba)
        jsonschema.validate(said, answer_of(described))
        assert ("y_proba" in said) == (proba and bool(served.signature.classes))


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"X_test": []},
        {"X_test": [[1.0, 2, True, "a"]]},
        {"X_test": [[1.0, None, True, "a", "2026-01-01"]]},
        {"X_test": [[1.0, 1.5, True, "a", "2026-01-01"]]},
        {"X_test": [{"size": 1.0}]},
        {"X_test": [[1.0, 2, True, "a", "2026-01-01"]], "prob": True},
        {"columns": {"size": [1.0]}},
    ],
)
def test_what_is_refused_does_not_fit_the_description(served, described, asked):
    from aiaas_magics.serving.problems import Problem

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(asked, request_of(described)["schema"])
    with pytest.raises(Problem) as caught:
        served.ask(**asked)
    problem = json.loads(caught.value.body())
    jsonschema.validate(problem, answer_of(described, str(caught.value.status)))


def test_the_page_loads_nothing_foreign_and_names_no_column():
    page = PAGE.decode()
    assert not re.findall(r"(?:src|href|action)\s*=|@import|url\(|https?:|//\w", page)
    assert re.findall(r"fetch\(([^,]+),", page) == ['"/openapi.json"', "place()"]
    assert "innerHTML" not in page
    assert "größe" not in page
