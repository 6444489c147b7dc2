"""The schema at the endpoint's door: answered with notes, repaired, or refused; told in its description."""

import json

import jsonschema
import pandas as pd
import pytest

from aiaas_magics.serving import openapi
from aiaas_magics.serving.problems import Problem
from aiaas_magics.serving.protocols import predict

ROWS = pd.DataFrame(
    {
        "age": range(20, 60),
        "city": ["Basel", "Bern"] * 20,
        "gap": [None, 1.0] * 20,
        "y": ["no", "yes"] * 20,
    }
)
GOOD = {"age": 30, "city": "Bern", "gap": 1.0}


@pytest.fixture(scope="module")
def served(serve):
    return serve(ROWS, "hist_gradient_boosting", test=0.0)


@pytest.fixture
def ask(served):
    def asks(row, mode="warn", form="X_test", **more):
        given = [row] if form == "X_test" else {name: [value] for name, value in row.items()}
        body = json.dumps({form: given, **more}).encode()
        return json.loads(predict.answer(body, served.predictor, mode)[0])

    return asks


def problems(said):
    return [(note["column"], note["problem"]) for note in said.get("warnings", [])]


@pytest.mark.parametrize("mode", ["warn", "fix", "refuse"])
def test_a_row_like_those_learned_from_is_answered_as_ever(ask, mode):
    assert set(ask(GOOD, mode)) == {"y_pred"}


def test_odd_rows_are_answered_and_counted(ask):
    said = ask(GOOD | {"age": 500, "city": "Zug"})
    assert len(said["y_pred"]) == 1
    assert problems(said) == [("age", "out of range"), ("city", "unknown category")]
    assert said["warnings"][0] == {
        "column": "age", "problem": "out of range", "rows": 1, "first": 0, "got": 500,
        "expected": "the model learned from 20 to 59",
    }  # fmt: skip


@pytest.mark.parametrize("form", ["X_test", "columns"])
@pytest.mark.parametrize(
    ("row", "noted"),
    [
        (GOOD | {"age": "30"}, [("age", "read as a whole number")]),
        (GOOD | {"city": "bern "}, [("city", 'read as "Bern"')]),
        (GOOD | {"more": 1}, [("more", "left out")]),
        ({"age": 30, "city": "Bern"}, [("gap", "read as missing")]),
    ],
)
def test_what_is_sure_is_fixed_where_asked_for(ask, row, noted, form):
    plain = ask(GOOD | {"gap": row.get("gap")})
    said = ask(row, "fix", form)
    assert said["y_pred"] == plain["y_pred"]
    assert problems(said) == noted
    if noted[0][0] != "city":
        with pytest.raises(Problem):
            ask(row, "warn", form)


@pytest.mark.parametrize("change", [{"age": 500}, {"city": "Zug"}, {"age": None}, {"age": "x"}])
def test_an_endpoint_can_refuse_what_it_did_not_learn_from(ask, change):
    with pytest.raises(Problem) as caught:
        ask(GOOD | change, "refuse")
    assert caught.value.status == 422
    assert caught.value.what.startswith(f"row 0: {next(iter(change))} is ")


def test_a_request_chooses_but_where_the_endpoint_refuses(ask):
    odd = GOOD | {"age": 500}
    with pytest.raises(Problem, match="out of range"):
        ask(odd, "warn", schema="refuse")
    assert problems(ask(GOOD | {"age": "30"}, "warn", schema="fix"))
    with pytest.raises(Problem, match="this endpoint refuses"):
        ask(odd, "refuse", schema="warn")
    with pytest.raises(Problem, match="unknown schema"):
        ask(odd, "warn", schema="fxi")


def request_schema(served, mode):
    api = openapi.describe("api", "m@1", served.signature, {}, mode)
    return api["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]["schema"]


def test_the_description_tells_ranges_and_categories(served):
    plain, repaired = request_schema(served, "warn")["anyOf"]
    assert repaired["properties"]["schema"]["enum"] == ["fix"]
    cells = plain["properties"]["columns"]["properties"]
    assert cells["age"]["items"]["description"] == "integer; the model learned from 20 to 59"
    assert 'learned from "Basel", "Bern"' in cells["city"]["items"]["description"]


@pytest.mark.parametrize(
    ("change", "good"), [({}, True), ({"age": 500}, False), ({"city": "Zug"}, False), ({"gap": None}, True)]
)  # fmt: skip
def test_bounds_are_bounds_where_the_endpoint_refuses(served, change, good):
    body = {"X_test": [GOOD | change]}
    valid = jsonschema.Draft202012Validator(request_schema(served, "refuse")).is_valid(body)
    assert valid is good
    assert jsonschema.Draft202012Validator(request_schema(served, "warn")).is_valid(body)
