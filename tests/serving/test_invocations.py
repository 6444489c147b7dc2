"""MLflow's scoring protocol: four forms of JSON, and CSV; a refusal for everything else."""

import json
import math
import tracemalloc

import msgspec
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiaas_magics.predictors.base import Outcome
from aiaas_magics.serving.problems import Problem
from aiaas_magics.serving.protocols.base import Loaded, Request
from aiaas_magics.serving.protocols.invocations import Invocations
from aiaas_magics.specs.records import Signature
from aiaas_magics.specs.schema import Expectation, Schema
from aiaas_magics.specs.serving import Served

SIGNATURE = Signature(
    inputs=(("size", "double"), ("count", "long"), ("open", "boolean"), ("größe", "string"), ("when", "datetime")),
    output="y", classes=("no", "yes"), required=("count",), expects={"size": Expectation(low=0.0, high=10.0)},
)  # fmt: skip
ONE = Signature(inputs=(("x", "double"),), output="y")
PROTOCOL = Invocations()
NAMES = [name for name, _ in SIGNATURE.inputs]
ROWS = [[1.5, 2, True, "a", "2026-01-01"], [None, 3, None, None, None]]
RECORDS = [dict(zip(NAMES, row, strict=True)) for row in ROWS]
COLUMNS = dict(zip(NAMES, map(list, zip(*ROWS, strict=True)), strict=True))


class Echo:
    """Answers with the first class and remembers the columns."""

    inline, tier = True, "sklearn"

    def __init__(self, signature):
        self.signature = signature

    def predict(self, rows, *, proba):
        sure = np.tile([0.25, 0.75], (rows.n, 1)) if proba else None
        return Outcome(np.array(["no"] * rows.n, dtype=object), sure)


def version(signature):
    served = Served(model="m@1", folder="f", digest="d", signature=signature)
    schema = Schema(signature.inputs, signature.required, signature.expects)
    return Loaded(served, Echo(signature), schema)


def read(body, signature=SIGNATURE, mode="warn", kind=b"application/json"):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    one = Request("POST", "/invocations", {b"content-type": kind}, body, {})
    return PROTOCOL.read(one, version(signature), mode)


def columns(body, signature=SIGNATURE, **more):
    return dict(read(body, signature, **more).rows.columns())


def answer(body, **more):
    ask, to = read(body, **more), version(SIGNATURE)
    return json.loads(PROTOCOL.write(ask, to.predictor.predict(ask.rows, proba=ask.proba), to).body)


def refusal(body, **more):
    with pytest.raises(Problem) as caught:
        read(body, **more)
    reply = PROTOCOL.refuse(caught.value)
    return reply.status, json.loads(reply.body)


FORMS = {
    "split": {"dataframe_split": {"columns": NAMES, "data": ROWS, "index": [0, 1]}},
    "split, shuffled": {"dataframe_split": {"columns": NAMES[::-1], "data": [row[::-1] for row in ROWS]}},
    "split without names": {"dataframe_split": {"data": ROWS}},
    "split with counted names": {"dataframe_split": {"columns": [0, 1, 2, 3, 4], "data": ROWS}},
    "records": {"dataframe_records": RECORDS},
    "instances of lists": {"instances": ROWS},
    "instances of objects": {"instances": RECORDS},
    "inputs by column": {"inputs": COLUMNS},
    "inputs of lists": {"inputs": ROWS},
    "inputs of objects": {"inputs": RECORDS},
}  # fmt: skip


@pytest.mark.parametrize("asked", FORMS.values(), ids=FORMS)
def test_every_form_of_a_table_is_read(asked):
    assert columns(asked) == COLUMNS


def test_one_row_may_come_as_an_object_of_values():
    assert columns({"inputs": RECORDS[0]}) == {n: [v] for n, v in RECORDS[0].items()}


@pytest.mark.parametrize("form", ["instances", "inputs"])
def test_a_list_is_the_only_column(form):
    assert columns({form: [1.5, 2]}, ONE) == {"x": [1.5, 2]}


@pytest.mark.parametrize("index", [True, False])
def test_csv_is_read_as_pandas_writes_it(index):
    frame = pd.DataFrame(COLUMNS)
    text = frame.to_csv(index=index).encode()
    assert columns(text, kind=b"text/csv") == COLUMNS


def test_a_number_in_csv_keeps_all_its_digits():
    assert columns(b"x\n0.1\n-3\n1e-7\nNaN\n", ONE, kind=b"text/csv; charset=utf-8") == {
        "x": [0.1, -3, 1e-7, None]
    }


def test_gaps_come_as_the_nan_of_mlflow_s_client():
    body = json.dumps({"dataframe_split": {"columns": ["x"], "data": [[math.nan], [1.0]]}}).encode()
    assert b"NaN" in body
    assert columns(body, ONE) == {"x": [None, 1.0]}


@pytest.mark.parametrize("text", ["NaN", 'a "NaN" b', "\\", '\\" NaN'])
def test_a_text_that_holds_nan_stays_a_text_beside_a_gap(text):
    body = json.dumps({"instances": [[math.nan, 1, True, text, None]]}).encode()
    assert columns(body)["größe"] == [text]
    assert columns(body)["size"] == [None]


@pytest.mark.parametrize("gap", [b"NaN", b"null"])
def test_half_a_character_is_no_text(gap):
    body = b'{"instances": [[%b, 1, true, "\\ud800", null]]}' % gap
    assert refusal(body)[1]["message"].startswith("the body is not JSON")


def test_predictions_are_answered_and_probabilities_where_asked_for():
    assert answer({"instances": ROWS}) == {"predictions": ["no", "no"]}
    said = answer({"instances": ROWS, "params": {"proba": True}})
    assert said["probabilities"] == [[0.25, 0.75]] * 2
    assert said["classes"] == ["no", "yes"]


def test_what_is_odd_is_noted_or_mended_or_refused():
    odd = [{**RECORDS[0], "size": 99.0, "more": 1}]
    assert refusal({"instances": odd})[1]["message"].startswith(
        "instances: row 0: the model has no column"
    )
    said = answer({"instances": odd, "params": {"schema": "fix"}})
    assert [text.split(":")[0] for text in said["warnings"]] == ["column 'more'", "column 'size'"]
    del odd[0]["more"]
    assert "out of range" in refusal({"instances": odd}, mode="refuse")[1]["message"]


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"", "not JSON"),
        (b"{'inputs': 1}", "not JSON"),
        (b"\xff\xfe", "not plain UTF-8"),
        (b"[" * 100_000, "recursion"),
        (b'{"instances": NaN, "x": ' + b"[" * 100_000, "recursion"),
        (b'{"instances": [[Infinity, 1]]}', "Infinity is no number"),
        (b'{"instances": [[-Infinity, 1]]}', "-Infinity is no number"),
        (b'{"instances": [["Infinity", NaN], 1}', "not JSON"),
        (b'{"instances": [[-NaN, 1]]}', "not JSON"),
        (b'{"instances": [[NaNa, 1]]}', "not JSON"),
        ([ROWS], "not an object"),
        ({}, "one of dataframe_split, dataframe_records, instances, inputs"),
        ({"instances": ROWS, "inputs": ROWS}, "one of dataframe_split"),
        ({"dataframe": ROWS}, 'unknown key "dataframe"'),
        ({"instances": ROWS, "params": []}, "params is not an object"),
        ({"instances": ROWS, "params": {"prob": True}}, "did you mean 'proba'"),
        ({"instances": ROWS, "params": {"proba": 1}}, "proba is not true or false"),
        ({"instances": ROWS, "params": {"schema": "mend"}}, "unknown schema"),
        ({"dataframe_split": ROWS}, "not an object with data"),
        ({"dataframe_split": {"columns": NAMES}}, "not an object with data"),
        ({"dataframe_split": {"data": ROWS, "colums": NAMES}}, 'unknown key "colums"'),
        ({"dataframe_split": {"data": ROWS, "columns": "abcde"}}, "not a list of names"),
        ({"dataframe_split": {"data": ROWS, "columns": [*NAMES[:4], 5]}}, "not a list of names"),
        ({"dataframe_split": {"data": ROWS, "columns": ["size"] * 5}}, "two columns have one name"),
        ({"dataframe_split": {"data": ROWS, "columns": [*NAMES[:4], "wann"]}}, 'no column "wann"'),
        ({"dataframe_split": {"data": [row[:4] for row in ROWS], "columns": NAMES[:4]}}, "when missing"),
        ({"dataframe_split": {"data": []}}, "there are no rows"),
        ({"dataframe_split": {"data": ROWS, "index": {}}}, "index is not a list"),
        ({"dataframe_records": {"size": 1}}, "not a list of objects"),
        ({"dataframe_records": [ROWS[0]]}, "not a list of objects"),
        ({"dataframe_records": [RECORDS[0], {}]}, "row 1: size, count, open, größe, when missing"),
        ({"instances": 5}, "a list of rows"),
        ({"instances": []}, "there are no rows"),
        ({"instances": [1, 2]}, "row 0 is 1"),
        ({"instances": [[1.5, 2]]}, "row 0 has 2 values; the model takes 5"),
        ({"instances": [ROWS[0], RECORDS[0]]}, "row 1 is an object"),
        ({"instances": [["a", *ROWS[0][1:]]]}, 'row 0: size is not a number: got "a"'),
        ({"instances": [[1.5, None, *ROWS[0][2:]]]}, "row 0: count is missing"),
        ({"inputs": {}}, "inputs is empty"),
        ({"inputs": {"size": [1.5], "count": 2}}, "one list a column"),
        ({"inputs": {"size": [1.5], "count": [2, 3]}}, "not equally long"),
        ({"inputs": {"size": [[1.5]], "count": [2]}}, "open, größe, when missing"),
        ({"inputs": {**COLUMNS, "size": [[1.5], [2.5]]}}, "size is not a number: got a list"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_in_mlflow_s_words(body, what):
    status, said = refusal(body)
    assert (status, said["error_code"]) == (400, "BAD_REQUEST")
    assert what in said["message"]


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"", "the body is empty"),
        (b"x\n", "there are no rows"),
        (b"\n\n", "the body is empty"),
        (b"\n1\n", "there are no rows"),
        (b"x\nabc\n", 'row 0: x is not a number: got "abc"'),
        (b"x\ninf\n", "row 0: x is not a number"),
        (b"x\n1_000\n", "row 0: x is not a number"),
        (b"x\n1,2\n", "row 0 has 2 values; the model takes 1"),
        (b"y\n1\n", 'no column "y"'),
        (b"x,x\n1,2\n", "two columns have one name"),
        (b'x\n"1\n', "not CSV"),
        (b"x\n\xff\n", "not CSV"),
        (b"x\n" + b"9" * 5000 + b"\n", "x is not a number"),
    ],
)
def test_csv_that_does_not_fit_is_refused(body, what):
    status, said = refusal(body, signature=ONE, kind=b"text/csv")
    assert (status, what in said["message"]) == (400, True), said


@pytest.mark.parametrize(
    "kind", [b"", b"text/html", b"application/json; charset=latin-1", b"application/vnd.apache.parquet"]
)  # fmt: skip
def test_other_content_is_refused(kind):
    assert refusal(b"{}", kind=kind)[0] == 415


def test_too_many_rows_are_refused():
    assert refusal({"instances": [[1.0]] * 10_001}, signature=ONE)[0] == 413


@pytest.mark.parametrize(("status", "code"), [(401, "UNAUTHENTICATED"), (429, "REQUEST_LIMIT_EXCEEDED"), (500, "INTERNAL_ERROR")])  # fmt: skip
def test_refusals_of_the_application_have_mlflow_s_codes(status, code):
    reply = PROTOCOL.refuse(Problem(status, "no", headers=((b"x-y", b"z"),)))
    assert (reply.status, json.loads(reply.body)["error_code"]) == (status, code)
    assert reply.headers == ((b"x-y", b"z"),)


def test_columns_nobody_needs_take_no_memory_a_row():
    rows = [{"x": 1.0} | {f"{i} {j}": 0 for j in range(20)} for i in range(1_000)]
    body = json.dumps({"dataframe_records": rows, "params": {"schema": "fix"}}).encode()
    tracemalloc.start()
    try:
        notes = read(body, ONE).notes
        assert tracemalloc.get_traced_memory()[1] < 40 << 20
    finally:
        tracemalloc.stop()
    assert {note.problem for note in notes} == {"left out"}


@pytest.mark.parametrize("form", ["dataframe_records", "instances", "inputs"])
def test_a_gap_is_left_out_in_all_rows_or_in_none(form):
    asked = {form: [{"count": 1, "size": 1.0}, {"count": 2}], "params": {"schema": "fix"}}
    assert "row 1: size missing" in refusal(asked)[1]["message"]
    del asked[form][0]["size"]
    assert columns(asked)["size"] == [None, None]


@pytest.mark.parametrize("rows", [[{}], [{"y": 1.0}, {"z": 2.0}]])
def test_rows_of_which_nothing_is_known_are_not_all_gaps(rows):
    gaps = Signature(inputs=(("x", "double"), ("w", "string")), output="y")
    asked = {"instances": rows, "params": {"schema": "fix"}}
    assert "x, w missing" in refusal(asked, signature=gaps)[1]["message"]
    whole = {name: [row.get(name) for row in rows] for row in rows for name in row}
    asked = {"inputs": whole, "params": {"schema": "fix"}} if whole else asked
    assert "x, w missing" in refusal(asked, signature=gaps)[1]["message"]


NUMBERS = Signature(
    inputs=(("a", "double"), ("n", "long"), ("t", "double")), output="y", required=("n",),
    expects={"a": Expectation(low=0.0, high=10.0)},
)  # fmt: skip
VALUES = [0, 1, 5.5, -1e3, 2.0, 2**53, 2**53 + 1, 3.5e38, 10**400, None, True, False, "5", [1]]


@settings(deadline=None)
@given(
    rows=st.lists(st.tuples(*[st.sampled_from(VALUES)] * 3), min_size=1, max_size=3),
    order=st.permutations(["a", "n", "t"]),
    kind=st.sampled_from(["double", "boolean"]),
    mode=st.sampled_from(["warn", "fix", "refuse"]),
)
def test_one_look_at_all_numbers_sees_what_the_exact_check_sees(rows, order, kind, mode):
    signature = msgspec.structs.replace(NUMBERS, inputs=(*NUMBERS.inputs[:2], ("t", kind)))

    def answer(body):
        try:
            ask = read(body, signature, mode)
        except Problem as problem:
            return problem.status, problem.what, problem.hint
        held = [[v if v is None else float(v) for v in c] for c in ask.rows.columns().values()]
        return held, ask.notes

    records = [dict(zip(order, row, strict=True)) for row in rows]
    exact = answer({"dataframe_records": records})
    quick = answer({"dataframe_split": {"columns": order, "data": rows}})
    assert quick == exact
