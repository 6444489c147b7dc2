"""The quick reader: whatever it takes, the exact reader takes alike; long bodies in pieces are the body."""

import contextlib
import json

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiaas_magics.serving.problems import Problem
from aiaas_magics.serving.protocols import invocations, pieces, predict, v2
from aiaas_magics.serving.protocols.base import JSON_TYPE, Request
from aiaas_magics.serving.protocols.fast import Fast
from aiaas_magics.specs.records import Signature
from aiaas_magics.specs.schema import Expectation, Schema
from aiaas_magics.testing import serving

NAMES = ("a", "größe", "x y")
KINDS = ("double", "long", "boolean")
NUMBERS = [
    "0", "-0.0", "1", "2.0", "1e3", "1.5", "-3", "1e-400", "5e-324", "1e38", "3.4028235e38", "1e39", "1e308", "1e400",
    "9007199254740991", "9007199254740993", "-9223372036854775809", "9" * 30, "9" * 400, "0.1", "123456789.123456789123",
]  # fmt: skip
OTHERS = ["true", "false", "null", '"1"', "[]", "NaN", "01", ""]


class Sums:
    """A predictor that is never asked."""

    tier, inline = "sums", True

    def __init__(self, signature):
        self.signature = signature


def signatures():
    kinds = st.tuples(*[st.sampled_from(KINDS)] * len(NAMES))
    expects = st.sampled_from(
        [None, Expectation(low=-5, high=1000), Expectation(values=(1, 2)), Expectation(low=0.0, high=0.5)]
    )  # fmt: skip
    return st.builds(
        lambda kinds, required, expects: Signature(
            inputs=tuple(zip(NAMES, kinds, strict=True)), output="y", required=tuple(required),
            expects={n: e for n, e in zip(NAMES, expects, strict=True) if e is not None},
        ),
        kinds, st.sets(st.sampled_from(NAMES)), st.tuples(*[expects] * len(NAMES)),
    )  # fmt: skip


CELLS = (
    st.sampled_from(NUMBERS) | st.sampled_from(OTHERS)
    | st.floats(allow_nan=False, allow_infinity=False).map(repr) | st.integers().map(str)
)  # fmt: skip
ROWS = st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=4)


def written(rows, form):
    """Return JSON text of rows, so that its numbers are as they were drawn."""
    names = list(map(json.dumps, NAMES))
    if form == "lists":
        told = ", ".join("[" + ",".join(row) + "]" for row in rows)
        return '{"X_test": [' + told + "]}"
    if form == "records":
        told = ", ".join(
            "{" + ",".join(map(": ".join, zip(names, row, strict=True))) + "}" for row in rows
        )
        return '{"proba": true, "X_test": [' + told + "]}"
    columns = ["[" + ",".join(column) + "]" for column in zip(*rows, strict=True)]
    return '{"columns": {' + ",".join(map(": ".join, zip(names, columns, strict=True))) + "}}"


def exact(body, version):
    try:
        return predict.read(body, version, "warn")
    except Problem as problem:
        return problem


@pytest.mark.parametrize("form", ["lists", "records", "columns"])
@given(signature=signatures(), rows=ROWS)
def test_what_the_quick_reader_takes_the_exact_one_takes_alike(form, signature, rows):
    version = serving.loaded(Sums(signature))
    body = written(rows, form).encode()
    quick = Fast.of(version.schema).read(body)
    slow = exact(body, version)
    if quick is not None:
        assert not isinstance(slow, Problem), slow.what
        assert not slow.notes
        assert slow.proba == quick.proba
        np.testing.assert_array_equal(quick.matrix, slow.rows.matrix)


@pytest.mark.parametrize("form", ["lists", "records", "columns"])
def test_plain_rows_need_no_second_look(form):
    signature = Signature(inputs=tuple(zip(NAMES, KINDS, strict=True)), output="y")
    rows = [["1.5", "2", "true"], ["null", "-3", "false"], ["0", "null", "null"]]
    found = Fast.of(serving.loaded(Sums(signature)).schema).read(written(rows, form).encode())
    nan = float("nan")
    np.testing.assert_array_equal(found.matrix, [[1.5, 2, 1], [nan, -3, 0], [0, nan, nan]])


@given(signature=signatures(), rows=ROWS, form=st.sampled_from(["lists", "records", "columns"]))
def test_the_protocol_says_the_same_with_and_without_the_quick_reader(signature, rows, form):
    version = serving.loaded(Sums(signature))
    body = written(rows, form).encode()
    request = Request("POST", "/predict", {b"content-type": JSON_TYPE}, body, {})
    slow = exact(body, version)
    try:
        found = predict.Predict().read(request, version, "warn")
    except Problem as problem:
        assert (problem.status, problem.what, problem.hint) == (slow.status, slow.what, slow.hint)
    else:
        assert list(found.notes) == list(slow.notes)
        assert found.rows.columns() == slow.rows.columns()


@pytest.mark.parametrize("kind", ["string", "datetime"])
def test_texts_and_dates_have_no_quick_reader(kind):
    assert Fast.of(Schema([("x", kind)], (), {})) is None


@pytest.mark.parametrize("name", ['"', "a\\b", "\n", "", "c0", "a.b"])
def test_any_column_s_name_is_read(name):
    version = serving.loaded(
        Sums(Signature(inputs=((name, "double"), ("c1", "double")), output="y"))
    )
    body = json.dumps({"X_test": [{name: 1.5, "c1": 2.5}]}).encode()
    request = Request("POST", "/predict", {b"content-type": JSON_TYPE}, body, {})
    assert predict.Predict().read(request, version, "warn").rows.matrix.tolist() == [[1.5, 2.5]]


TEXTS = st.text(st.sampled_from('a]},[{" \\'), max_size=6)
VALUES = st.floats(allow_nan=False, allow_infinity=False) | TEXTS | st.none()


KEY = pieces.key("X_test", "data")
LISTS = st.lists(st.lists(VALUES, min_size=1, max_size=3), min_size=1, max_size=8)
RECORDS = st.lists(st.dictionaries(TEXTS, VALUES, min_size=1, max_size=3), min_size=1, max_size=8)
FLAT = st.lists(VALUES, min_size=1, max_size=8)
BY_COLUMN = st.dictionaries(TEXTS, st.lists(VALUES, min_size=1, max_size=3), min_size=1)
AROUND = st.dictionaries(st.sampled_from(["id", "proba", "data", '"data": [']), FLAT | TEXTS)


@given(
    rows=LISTS | RECORDS | FLAT | BY_COLUMN,
    before=AROUND, after=AROUND, nested=st.booleans(), size=st.integers(0, 40),
    separators=st.sampled_from([(",", ":"), (" , ", " : "), (",\n", ": ")]),
)  # fmt: skip
def test_a_body_in_pieces_is_the_body(rows, before, after, nested, size, separators):
    body = before | {"X_test": rows} | after
    text = json.dumps([[body], {}] if nested else body, separators=separators).encode()
    found = pieces.cut(text, KEY, size)
    if found is not None:
        with contextlib.suppress(msgspec.DecodeError):  # a text was cut
            assert pieces.filled(found) == json.loads(text)
    assert pieces.decode(text, [KEY], size=size) == json.loads(text)


@pytest.mark.parametrize(
    "rows", [[[1, 2], [3, 4]], [{"a": 1}, {"a": 2}], [1, 2, 3], ["a", "b"], {"a": [1], "b": [2]}]
)
def test_rows_numbers_texts_and_columns_are_cut_behind_each(rows):
    found = pieces.cut(json.dumps({"X_test": rows, "proba": True}).encode(), KEY, 0)
    assert len(found.parts) == len(rows)
    assert pieces.filled(found) == {"X_test": rows, "proba": True}


@settings(max_examples=500)
@given(
    body=st.text(st.sampled_from('{"data: [[1,2],[3]]}tru prob\\'), max_size=60)
    | st.lists(st.sampled_from(['{"data": [', '"data"', ": [", "[1,2]", "[3", "]", "}", ",", '"', "\\", ' "x": ']), max_size=16).map("".join),
    size=st.integers(0, 9),
)  # fmt: skip
def test_no_body_is_read_in_pieces_that_is_no_body(body, size):
    try:
        whole = msgspec.json.decode(body.encode())
    except msgspec.DecodeError:
        with pytest.raises(msgspec.DecodeError):
            pieces.decode(body.encode(), [KEY], size=size)
    else:
        assert pieces.decode(body.encode(), [KEY], size=size) == whole


@pytest.mark.parametrize("order", [["columns", "data"], ["data", "columns"]])
def test_the_list_may_stand_before_another(order):
    asked = {"columns": ["a", "b"], "data": [[1, 2], [3, 4], [5, 6]]}
    asked = {"dataframe_split": {name: asked[name] for name in order}, "params": {"proba": True}}
    found = pieces.cut(json.dumps(asked).encode(), KEY, 0)
    assert len(found.parts) == 3
    assert pieces.filled(found) == asked


def test_of_two_equal_keys_the_last_counts_in_pieces_too():
    text = b'{"data": [1, 2, 3], "data": [4, 5]}'
    assert pieces.decode(text, [KEY], size=0) == {"data": [4, 5]}


def test_a_long_body_is_read_in_many_pieces():
    rows = np.arange(60_000.0).reshape(2_000, 30).tolist()
    body = json.dumps({"X_test": rows, "proba": True}).encode()
    assert len(pieces.cut(body, KEY).parts) > 4
    assert pieces.decode(body, [KEY]) == {"X_test": rows, "proba": True}


ROWS_OF_3 = np.arange(60_000.0).reshape(20_000, 3).tolist()
NAMED = {n: [row[i] for row in ROWS_OF_3] for i, n in enumerate("abc")}


def tensor(name, data, shape):
    return {"name": name, "shape": shape, "datatype": "FP64", "data": data}


LONG = {
    "rows": (predict.BEGINS, {"X_test": ROWS_OF_3, "schema": "fix"}),
    "columns": (predict.BEGINS, {"columns": NAMED}),
    "a frame with an index": (
        invocations.BEGINS,
        {"dataframe_split": {"columns": ["a", "b", "c"], "index": list(range(20_000)), "data": ROWS_OF_3}},
    ),
    "records": (invocations.BEGINS, {"dataframe_records": [{"a": row[0], "b": "x"} for row in ROWS_OF_3]}),
    "inputs by column": (invocations.BEGINS, {"inputs": NAMED, "params": {"proba": True}}),
    "one tensor": (v2.BEGINS, {"inputs": [tensor("X_test", ROWS_OF_3, [20_000, 3])], "outputs": [{"name": "y_pred"}]}),
    "a flat tensor": (v2.BEGINS, {"inputs": [tensor("X_test", list(range(60_000)), [20_000, 3])]}),
    "a tensor a column": (v2.BEGINS, {"inputs": [tensor(n, c, [20_000]) for n, c in NAMED.items()]}),
}  # fmt: skip


@pytest.mark.parametrize(("begins", "asked"), LONG.values(), ids=LONG)
def test_a_long_body_of_any_protocol_is_read_in_pieces(begins, asked):
    body = json.dumps(asked).encode()
    longest = []

    def decode(part):
        longest.append(len(part))
        return msgspec.json.decode(part)

    assert pieces.decode(body, begins, decode) == asked
    assert len(longest) > 3
    assert max(longest) <= len(body) / 2


def test_a_long_body_of_texts_is_the_body():
    asked = {"X_test": [["[1],[2]", '","'] for _ in range(10_000)]}
    assert pieces.decode(json.dumps(asked).encode(), predict.BEGINS) == asked
