"""POST /predict: three ways to give rows, and a refusal with a hint for everything else."""

import json

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiaas_magics.engines import usercode
from aiaas_magics.predictors.base import Outcome
from aiaas_magics.predictors.sklearn import SklearnPredictor
from aiaas_magics.serving.problems import Problem
from aiaas_magics.serving.protocols import predict
from aiaas_magics.specs.records import Signature
from aiaas_magics.specs.schema import Expectation

KINDS = ("double", "long", "boolean", "string", "datetime")
MIXED = Signature(
    inputs=(("size", "double"), ("count", "long"), ("größe 寸", "string")),
    output="y",
    required=("count",),
)


class Echo:
    """A predictor that answers with its first column and remembers all of them."""

    def __init__(self, signature):
        self.signature = signature

    def predict(self, rows, *, proba):
        self.columns = rows.columns()
        first = np.array(list(next(iter(self.columns.values()))), dtype=object)
        return Outcome(first, np.array([[0.25, 0.75]] * rows.n) if proba else None)


class Length:
    """An estimator that takes whatever becomes a DataFrame."""

    feature_names_in_ = ()

    def predict(self, table):
        return table.notna().sum(axis=1).to_numpy()


def one(kind, *, required=True):
    """Return a signature of one column, ``x``."""
    return Signature(inputs=(("x", kind),), output="y", required=("x",) if required else ())


def ask(body, signature=MIXED):
    """Return the columns a predictor gets for a body."""
    echo = Echo(signature)
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    said, rows = predict.answer(body, echo)
    assert len(json.loads(said)["y_pred"]) == rows
    return echo.columns


def refusal(body, signature=MIXED):
    with pytest.raises(Problem) as caught:
        ask(body, signature)
    json.loads(caught.value.body())
    return caught.value


def cell(text, signature):
    return b'{"X_test": [[' + text.encode() + b"]]}"


COLUMNS = {"size": [1.5, None], "count": [2, 3], "größe 寸": ["a", None]}


@pytest.mark.parametrize(
    "asked",
    [
        {"X_test": [[1.5, 2, "a"], [None, 3, None]]},
        {"X_test": [{"größe 寸": "a", "size": 1.5, "count": 2}, dict(zip(COLUMNS, [None, 3, None], strict=True))]},
        {"columns": dict(reversed(COLUMNS.items()))},
    ],
    ids=["lists", "objects", "columns"],
)  # fmt: skip
def test_rows_come_as_lists_objects_or_whole_columns(asked):
    assert ask(asked) == COLUMNS


def test_the_last_of_two_equal_keys_counts():
    assert ask(b'{"X_test": [{"x": 1, "x": 2}]}', one("double")) == {"x": [2]}


@pytest.mark.parametrize("proba", [True, False])
def test_probabilities_come_when_asked_for(proba):
    signature = Signature(inputs=(("x", "double"),), output="y", classes=("no", "yes"))
    said = json.loads(
        predict.answer(json.dumps({"X_test": [[1]], "proba": proba}).encode(), Echo(signature))[0]
    )
    more = {"y_proba": [[0.25, 0.75]], "classes": ["no", "yes"]}
    assert said == {"y_pred": [1]} | (more if proba else {})


@pytest.mark.parametrize(
    ("body", "status", "what", "hint"),
    [
        (b"", 400, "not JSON", ""),
        (b"\xff{}", 400, "not JSON", ""),
        ('{"X_test": []}'.encode("utf-16"), 400, "not plain UTF-8", "byte order mark"),
        (b'\xef\xbb\xbf{"X_test": []}', 400, "not plain UTF-8", "byte order mark"),
        (b'{"X_test": [[1, 2, "M\xfcnchen"]]}', 400, "not UTF-8", "the byte 0xfc"),
        (
            b'{"X_test": [' + b'[1, 2, "a"],' * 9_000 + b'[1, 2, "\xfc"]]}',
            400,
            "not UTF-8",
            "the byte 0xfc",
        ),
        (b'{"X_test": [{"gr\xf6\xdfe": 1}]}', 400, "not UTF-8", "the byte 0xf6"),
        (b"{'X_test': []}", 400, "not JSON", ""),
        (b"[" * 5000 + b"]" * 5000, 400, "not JSON", "recursion"),
        ([[1]], 422, "not an object", "X_test"),
        ({}, 422, "either X_test or columns", "X_test"),
        ({"X_test": [[1]], "columns": {}}, 422, "either X_test or columns", "X_test"),
        ({"x_test": [[1]]}, 422, "unknown key 'x_test'", "did you mean 'X_test'"),
        ({"X_test": [[1]], "proba": 1}, 422, "proba is not true or false", ""),
        ({"X_test": []}, 422, "there are no rows", "send one at least"),
        ({"X_test": {"size": 1}}, 422, "not a list of rows", "each row is a list or an object"),
        ({"X_test": [1, 2, "a"]}, 422, "row 0 is 1", "write [[...]] for one row"),
        ({"X_test": [[1, 2, "a"], 3]}, 422, "row 1 is 3", "write [[...]] for one row"),
        ({"X_test": [[1, 2, "a"], {"size": 1}]}, 422, "neither all lists nor", "one form"),
        ({"X_test": [[1, 2]]}, 422, "row 0 has 2 values; the model takes 3", "size, count"),
        ({"X_test": [[]]}, 422, "row 0 has 0 values", "in this order"),
        ({"X_test": [["a", 2, 1.5]]}, 422, "row 0: size is not a number", 'got "a"'),
        ({"X_test": [[1.5, None, "a"]]}, 422, "row 0: count is missing", "without gaps"),
        ({"X_test": [{"size": 1, "count": 2}]}, 422, "row 0: größe 寸 missing", "3 columns"),
        ({"X_test": [{"size": 1, "cuont": 2}]}, 422, 'no column "cuont"', "mean 'count'"),
        ({"X_test": [{}]}, 422, "row 0: size, count, größe 寸 missing", ""),
        ({"columns": [[1]]}, 422, "not an object of lists", "columns"),
        ({"columns": {"size": 1}}, 422, "not an object of lists", "columns"),
        ({"columns": {**COLUMNS, "z": [1, 2]}}, 422, 'columns: the model has no column "z"', ""),
        ({"columns": {**COLUMNS, "size": [1]}}, 422, "not equally long", "one value a row"),
        ({"columns": {name: [] for name in COLUMNS}}, 422, "not equally long", "one row at least"),
        ({"X_test": [[0, 1, "a"]] * 10_001}, 413, "10,001 rows are too many", "at most 10,000"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_hint(body, status, what, hint):
    refused = refusal(body)
    assert refused.status == status
    assert what in refused.what
    assert hint in refused.hint


FITS = {
    "double": ["1", "-0.5", "3.4e38", "9223372036854775808", "-0.0", "1e-400"],
    "long": ["1", "-3", "2.0", "9007199254740992"],
    "boolean": ["true", "false"],
    "string": ['""', '"\\u0000"', '"é"', '"1"'],
    "datetime": ['"2026-11-24"', '"2026-11-24T10:30:00"', '"2026-11-24 10:30Z"'],
}
BAD = {
    "double": [
        "true",
        '"1"',
        "1e308",
        "3.41e38",
        "[1]",
        "9" * 400,
        "{}",
        "NaN",
        "Infinity",
        "1e400",
    ],
    "long": [
        "true",
        "1.5",
        "9223372036854775808",
        "9007199254740993",
        '"1"',
        "9" * 60,
        "-Infinity",
    ],
    "boolean": ["0", "1", '"true"', "[]"],
    "string": ["1", "true", '["a"]', '"\\ud800"'],
    "datetime": ["20261124", '"yesterday"', '"2026-13-01"', '"1500-01-01"', '"2500-01-01"', '""'],
}


@pytest.mark.parametrize(("kind", "text"), [(k, t) for k, all_ in FITS.items() for t in all_])
def test_values_of_a_column_s_kind_are_taken(kind, text):
    assert ask(cell(text, one(kind)), one(kind)) == {"x": [json.loads(text)]}


@pytest.mark.parametrize(("kind", "text"), [(k, t) for k, all_ in BAD.items() for t in all_])
def test_values_of_another_kind_are_refused(kind, text):
    refused = refusal(cell(text, one(kind)), one(kind))
    assert refused.status in (400, 422)
    assert refused.hint


@pytest.mark.parametrize(("kind", "value"), [("double", 1e40), ("long", 2**60)])
def test_numbers_as_large_as_those_learned_from_are_taken(kind, value):
    learned = msgspec.structs.replace(one(kind), expects={"x": Expectation(low=0, high=value)})
    assert ask(cell(json.dumps(value), learned), learned) == {"x": [value]}
    assert "too large" in refusal(cell(json.dumps(2 * value), learned), learned).what


@pytest.mark.parametrize("kind", KINDS)
def test_a_gap_is_taken_where_training_saw_one(kind):
    assert ask(b'{"X_test": [[null]]}', one(kind, required=False)) == {"x": [None]}
    assert "is missing" in refusal(b'{"X_test": [[null]]}', one(kind)).what


@pytest.mark.parametrize("depth", [10, 500, *range(900, 1000, 3)])
def test_nesting_is_refused_whatever_its_depth(depth):
    text = "[" * depth + "]" * depth
    assert refusal(cell(text, one("double")), one("double")).status in (400, 422)


DATES = (
    "2026-11-24", "20261124", "2026-W48-2", "2026-11-24T10", "2026-11-24T10:30Z", "2026-11-24x10:30",
    "2026-11-24T10:30:00,5", "2026-11-24T10:30:00.123456789", "2026-11-24T10:30+02:00:30",
    "1678-01-01", "2261-12-31T23:59-23:59",
)  # fmt: skip


@pytest.mark.parametrize("date", DATES)
@pytest.mark.parametrize("other", ["2026-06-01T00:00:00+02:00", "2026-01-01", None])
def test_a_date_that_is_taken_is_answered(date, other):
    predictor = SklearnPredictor(Length(), one("datetime", required=False))
    body = json.dumps({"X_test": [[date], [other]]}).encode()
    assert json.loads(predict.answer(body, predictor)[0]) == {"y_pred": [1, int(other is not None)]}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(DATES)
    | st.datetimes(timezones=st.none() | st.timezones()).map(str),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
CELLS = st.lists(st.lists(JSON, min_size=5, max_size=5), max_size=3)
BODIES = JSON | st.fixed_dictionaries({"X_test": JSON | CELLS}, optional={"proba": JSON})


@given(BODIES, st.booleans())
def test_any_json_is_answered_or_refused(body, gaps):
    inputs = tuple((kind, kind) for kind in KINDS)
    signature = Signature(inputs=inputs, output="y", required=() if gaps else KINDS)
    encoded = json.dumps(body).encode()
    try:
        said, _ = predict.answer(encoded, SklearnPredictor(Length(), signature))
    except Problem as refused:
        assert refused.status in (400, 413, 422)
        json.loads(refused.body())
    else:
        assert set(json.loads(said)) == {"y_pred"}


RAISES = """
class Raises:
    def predict(self, table):
        {}
"""


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("raise RuntimeError('too big')", "the model's own code raised RuntimeError: too big"),
        ("raise ValueError('too big')", "the model's own code raised ValueError: too big"),
        ("table['gone']", "the model's own code raised KeyError: 'gone'"),
        ("raise SystemExit(1)", "the model's own code raised SystemExit: 1"),
    ],
)
def test_what_an_estimator_of_the_users_own_raises_is_told(line, said):
    names = {}
    exec(compile(RAISES.format(line), "/code/aiaas_user_0.py", "exec"), names)
    predictor = SklearnPredictor(names["Raises"](), one("double"), usercode.blame)
    with pytest.raises(Problem) as caught:
        predict.answer(b'{"X_test": [[1.0]]}', predictor)
    assert (caught.value.status, caught.value.what) == (422, said)


def test_what_others_raise_is_no_fault_of_the_rows():
    class Fails:
        def predict(self, table):
            raise RuntimeError(table)

    with pytest.raises(RuntimeError):
        predict.answer(b'{"X_test": [[1.0]]}', SklearnPredictor(Fails(), one("double")))


@given(st.binary(max_size=40))
def test_any_bytes_are_answered_or_refused(body):
    with pytest.raises(Problem):
        ask(body)


VALUES = {
    "double": st.floats(-3.4e38, 3.4e38) | st.integers(-(2**80), 2**80),
    "long": st.integers(-(2**53), 2**53),
    "boolean": st.booleans(),
    "string": st.text(),
    "datetime": st.sampled_from(DATES)
    | st.datetimes(timezones=st.none() | st.timezones()).map(lambda d: d.isoformat()),
}


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_every_value_of_a_kind_reaches_the_model(kind, data):
    gaps = data.draw(st.booleans())
    values = VALUES[kind] | st.none() if gaps else VALUES[kind]
    rows = [[value] for value in data.draw(st.lists(values, min_size=1, max_size=4))]
    predictor = SklearnPredictor(Length(), one(kind, required=not gaps))
    try:
        said = json.loads(predict.answer(json.dumps({"X_test": rows}).encode(), predictor)[0])
    except Problem as refused:
        assert kind == "datetime", refused.what
    else:
        assert said["y_pred"] == [int(value is not None) for (value,) in rows]
