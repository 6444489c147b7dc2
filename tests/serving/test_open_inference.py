"""The Open Inference Protocol: tensors in, tensors out, and a refusal for everything else."""

import json

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiaas_magics.predictors.base import Outcome
from aiaas_magics.serving.problems import Problem
from aiaas_magics.serving.protocols.base import Loaded, Request, State
from aiaas_magics.serving.protocols.v2 import OpenInference
from aiaas_magics.specs.records import Signature
from aiaas_magics.specs.schema import Expectation, Schema
from aiaas_magics.specs.serving import Plan, Served

NUMBERS = Signature(
    inputs=(("a", "double"), ("b", "long"), ("c", "boolean")), output="y", classes=("no", "yes"),
    required=("b",), expects={"a": Expectation(low=0.0, high=10.0)},
)  # fmt: skip
MIXED = Signature(
    inputs=(("size", "double"), ("größe", "string"), ("when", "datetime")), output="y"
)
PROTOCOL = OpenInference()


class Summing:
    """Answers with the sum of a row's numbers, or the class that says whether it is above 4."""

    inline, tier = True, "onnx-float32"

    def __init__(self, signature, *, proba=True):
        self.signature, self.proba = signature, proba

    def predict(self, rows, *, proba):
        self.rows = rows
        columns = rows.columns().values()
        sums = np.array(
            [
                sum(v for v in row if isinstance(v, int | float))
                for row in zip(*columns, strict=True)
            ],
            float,
        )
        if not self.signature.classes:
            return Outcome(sums, None)
        above = (sums > 4).astype(int)
        labels = np.array(self.signature.classes, dtype=object)[above]
        return Outcome(
            labels, np.stack([1 - above, above], axis=1) * 1.0 if proba and self.proba else None
        )


def state(signature=NUMBERS, roles=("main",), model="clf", **more):
    served = [
        Served(
            model=f"{model}@{i + 3}", role=role, folder="f", digest="d", signature=signature, task="classification",
            tier="onnx-float32", example={"X_test": [[1.0, 2, True]]} if signature is NUMBERS else {},
        )
        for i, role in enumerate(roles)
    ]  # fmt: skip
    schema = Schema(signature.inputs, signature.required, signature.expects)
    loaded = {each.version: Loaded(each, Summing(signature, **more), schema) for each in served}
    return State(Plan(endpoint="api", versions=tuple(served)), loaded)


def request(asked, blob=b"", name="api", **headers):
    text = asked if isinstance(asked, bytes) else json.dumps(asked).encode()
    more = {k.replace("_", "-").encode(): v for k, v in headers.items()}
    if blob:
        more.setdefault(b"inference-header-content-length", str(len(text)).encode())
    return Request("POST", "", more, text + blob, {"name": name})


def infer(asked, blob=b"", state=state(), mode="warn", **headers):  # noqa: B008
    """Return the decoded answer and the bytes after it."""
    version = state.versions["3"]
    ask = PROTOCOL.read(request(asked, blob, **headers), version, mode)
    reply = PROTOCOL.write(ask, version.predictor.predict(ask.rows, proba=ask.proba), version)
    length = dict(reply.headers).get(b"inference-header-content-length", len(reply.body))
    return json.loads(reply.body[: int(length)]), reply.body[int(length) :]


def refusal(asked, blob=b"", state=state(), mode="warn", **headers):  # noqa: B008
    with pytest.raises(Problem) as caught:
        infer(asked, blob, state, mode, **headers)
    reply = PROTOCOL.refuse(caught.value)
    return reply.status, json.loads(reply.body)["error"]


def tensor(data, datatype="FP64", shape=None, name="X_test", **parameters):
    told = {
        "name": name,
        "datatype": datatype,
        "shape": shape or list(np.shape(data)),
        "data": data,
    }
    return told | ({"parameters": parameters} if parameters else {})


def binary(array, name="X_test", datatype="FP64"):
    blob = np.asarray(array).tobytes()
    told = {"name": name, "datatype": datatype, "shape": list(np.shape(array))}
    return told | {"parameters": {"binary_data_size": len(blob)}}, blob


ROWS = [[1.0, 2, True], [5.0, 0, False]]
TENSORS = {
    "matrix": [tensor([[float(v) for v in row] for row in ROWS])],
    "flat": [tensor([1, 2, 1, 5, 0, 0], shape=[2, 3])],
    "columns": [
        tensor([1.0, 5.0], name="a"), tensor([2, 0], "INT64", name="b"), tensor([True, False], "BOOL", name="c"),
    ],
    "columns of [n, 1], in any order": [
        tensor([[True], [False]], "BOOL", name="c"), tensor([2, 0], "INT8", [2, 1], name="b"),
        tensor([[1.0], [5.0]], "FP32", name="a"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("inputs", TENSORS.values(), ids=TENSORS)
def test_rows_come_as_one_tensor_or_as_one_a_column(inputs):
    one = state()
    said, _ = infer({"inputs": inputs}, state=one)
    assert said == {
        "model_name": "api", "model_version": "3",
        "outputs": [
            {"name": "y_pred", "datatype": "BYTES", "shape": [2], "data": ["no", "yes"]},
            {"name": "y_proba", "datatype": "FP64", "shape": [2, 2], "data": [1.0, 0.0, 0.0, 1.0]},
        ],
    }  # fmt: skip
    assert [dict(one.versions["3"].predictor.rows.columns())[n] for n in "abc"] == [
        list(column) for column in zip(*ROWS, strict=True)
    ]


def test_texts_and_dates_come_as_bytes():
    texts = [
        tensor(["ä", None], "BYTES", name="größe"),
        tensor(["2026-01-01"] * 2, "BYTES", name="when"),
    ]
    said, _ = infer({"inputs": [tensor([1.5, None], name="size"), *texts]}, state=state(MIXED))
    assert said["outputs"] == [
        {"name": "y_pred", "datatype": "FP64", "shape": [2], "data": [1.5, 0.0]}
    ]


@pytest.mark.parametrize("dtype", ["<f8", "<f4", "<i8", "<i2", "|u1"])
def test_bytes_of_numbers_are_taken(dtype):
    names = {"<f8": "FP64", "<f4": "FP32", "<i8": "INT64", "<i2": "INT16", "|u1": "UINT8"}
    told, blob = binary(np.array([[1, 2, 1], [5, 0, 0]], dtype), datatype=names[dtype])
    assert infer({"inputs": [told]}, blob)[0]["outputs"][0]["data"] == ["no", "yes"]


def test_a_matrix_of_bytes_reaches_the_model_without_a_copy():
    told, blob = binary(np.array([[1.0, 2, 1], [5, 0, 0]]))
    one = request({"inputs": [told]}, blob)
    ask = PROTOCOL.read(one, state().versions["3"], "warn")
    whole = np.frombuffer(one.body, "u1")
    assert np.shares_memory(ask.rows.matrix, whole)


def test_outputs_are_bytes_where_asked_for():
    asked = {"inputs": TENSORS["flat"], "parameters": {"binary_data_output": True}, "id": "7"}
    said, blob = infer(asked)
    labels, proba = (each["parameters"]["binary_data_size"] for each in said["outputs"])
    assert said["id"] == "7"
    assert blob[:labels] == b"\x02\0\0\0no\x03\0\0\0yes"
    assert np.frombuffer(blob[labels : labels + proba]).tolist() == [1.0, 0.0, 0.0, 1.0]


def test_only_the_outputs_asked_for_are_answered_each_in_its_form():
    wanted = [{"name": "y_proba", "parameters": {"binary_data": True}}, {"name": "y_pred"}]
    said, blob = infer({"inputs": TENSORS["flat"], "outputs": wanted})
    assert [each["name"] for each in said["outputs"]] == ["y_proba", "y_pred"]
    assert "data" not in said["outputs"][0]
    assert said["outputs"][1]["data"] == ["no", "yes"]
    assert len(blob) == 32


def test_probabilities_are_not_computed_where_only_labels_are_asked_for():
    ask = PROTOCOL.read(
        request({"inputs": TENSORS["flat"], "outputs": [{"name": "y_pred"}]}),
        state().versions["3"],
        "warn",
    )
    assert not ask.proba


@pytest.mark.parametrize("id_", ["", "ä\n", "0" * 300])
def test_an_id_is_echoed(id_):
    assert infer({"inputs": TENSORS["flat"], "id": id_})[0]["id"] == id_


def test_what_is_odd_is_noted_and_refused_where_that_is_asked_for():
    inputs = [tensor([[99.0, 1, 1]])]
    said, _ = infer({"inputs": inputs})
    assert "'a': out of range" in said["parameters"]["warnings"]
    status, error = refusal({"inputs": inputs, "parameters": {"schema": "refuse"}})
    assert (status, error[:29]) == (400, "row 0: a is out of range: got")


@settings(deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.one_of(st.floats(width=32), st.sampled_from([0.0, -0.1, 10.0, 15.0, 3.5e38, -1e300])),
            st.one_of(st.integers(-5, 5).map(float), st.sampled_from([0.5, 2.0**53, 2.0**54, float("nan")])),
            st.sampled_from([0.0, 1.0, 0.5, float("nan"), -0.0]),
        ),
        min_size=1, max_size=4,
    ),
    mode=st.sampled_from(["warn", "refuse"]),
)  # fmt: skip
def test_a_matrix_is_taken_and_refused_as_its_columns_are(rows, mode):
    def answer(tensors, blob):
        try:
            return infer({"inputs": tensors}, blob, mode=mode)[0]
        except Problem as problem:
            return problem.what, problem.hint

    told, blob = binary(np.array(rows))
    a, b, c = ([None if v != v else v for v in column] for column in zip(*rows, strict=True))
    truths = [bool(v) if v in (0.0, 1.0) else v for v in c]
    whole = [int(v) if v is not None and v.is_integer() else v for v in b]
    columns = {"a": list(a), "b": whole, "c": truths}
    schema = state().versions["3"].schema
    try:
        _, notes = schema.check(columns, mode)
        expected = {"warnings": "\n".join(n.sentence() for n in notes)} if notes else None
        assert answer([told], blob).get("parameters") == expected
    except Exception as misfit:  # noqa: BLE001 - whatever the precise check says
        assert answer([told], blob) == (misfit.what, misfit.hint)


FLAT = {"inputs": TENSORS["flat"]}


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        (b"", "not JSON"),
        (b"\xff", "not JSON"),
        (b'{"inputs": [{"name": "x", "data": ' + b"[" * 100_000, "recursion"),
        ([], "no inference request: Expected `object`"),
        ({}, "missing required field `inputs`"),
        ({"inputs": [{"name": 1}]}, "Expected `str`, got `int` - at `$.inputs[0].name`"),
        ({"inputs": [], "input": []}, "unknown field `input`"),
        ({"inputs": []}, "a, b, c missing"),
        ({"inputs": [tensor([[1.0, 2.0]])]}, "the model takes [rows, 3]"),
        ({"inputs": [tensor([1.0, 2.0, 3.0])]}, "the model takes [rows, 3]"),
        ({"inputs": [tensor([1.0], shape=[9 * 10**18] * 3_000)]}, "no shape [9000000000000000000, "),
        ({"inputs": [tensor([1.0], shape=[10**4_000, -(10**4_000)])]}, "no shape [..., ...]"),
        ({"inputs": [tensor([1.0], shape=[2**63 - 1] * 32)]}, "its shape [9223372036854775807, "),
        ({"inputs": [tensor([[[1.0, 2.0, 3.0]]])]}, "the model takes [rows, 3]"),
        ({"inputs": [tensor([], shape=[0, 3])]}, "there are no rows"),
        ({"inputs": [tensor([["1", "2", "3"]], "BYTES")]}, "the model takes numbers"),
        ({"inputs": [tensor([[True, True, True]], "BOOL")]}, "the model takes numbers"),
        ({"inputs": [tensor([[1.0, None, 1]])]}, "row 0: b is missing"),
        ({"inputs": [tensor([[1.0, 1.5, 1]])]}, "row 0: b is not a whole number: got 1.5"),
        ({"inputs": [tensor([[1.0, 1, 0.5]])]}, "row 0: c is not true or false: got 0.5"),
        ({"inputs": [tensor([[1, 2**53 + 1, 1]], "INT64")]}, "beyond 2**53"),
        ({"inputs": [tensor([[1, -(2**63), 1]], "INT64")]}, "beyond 2**53"),
        ({"inputs": [tensor([[1, 2**64 - 1, 1]], "UINT64")]}, "beyond 2**53"),
        ({"inputs": [tensor([[1.0, 2, 1]], name="x_test")]}, "did you mean 'X_test'"),
        ({"inputs": [tensor([1.0], name="a"), tensor([1.0], name="a")]}, "two tensors have one name"),
        ({"inputs": [tensor([1.0], name="a"), tensor([1], "INT64", name="b")]}, "inputs: c missing"),
        ({"inputs": [*TENSORS["columns"][:2], tensor([True], "BOOL", name="c")]}, "not equally long"),
        ({"inputs": [*TENSORS["columns"][:2], tensor(["x", "y"], "BYTES", name="c")]}, "c is not true or false"),
        ({"inputs": [*TENSORS["columns"][1:], tensor(["x", "y"], "BYTES", name="a")]}, "a is not a number"),
        (FLAT | {"outputs": [{"name": "y"}]}, 'no output "y": known: y_pred, y_proba'),
        (FLAT | {"outputs": [{"name": "y_pred", "parameters": {"classification": 2}}]}, "classification is not"),
        (FLAT | {"outputs": [{"name": "y_pred", "parameters": {"binary_data": 1}}]}, "binary_data is 1"),
        (FLAT | {"parameters": {"binary_data_output": "yes"}}, 'binary_data_output is "yes"'),
        (FLAT | {"parameters": {"schema": "mend"}}, 'unknown schema "mend"'),
        (FLAT | {"id": 7}, "Expected `str | null`, got `int`"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_400(asked, error):
    status, said = refusal(asked)
    assert (status, error in said) == (400, True), said


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"inference_header_content_length": b"x"}, 400),
        ({"inference_header_content_length": b"-1"}, 400),
        ({"inference_header_content_length": b"99999"}, 400),
        ({"inference_header_content_length": b"9" * 5_000}, 400),
        ({"inference_header_content_length": b"20"}, 400),
        ({"content_type": b"text/html"}, 415),
    ],
)
def test_headers_that_do_not_fit_are_refused(headers, status):
    assert refusal(FLAT, **headers)[0] == status


@pytest.mark.parametrize("value", [np.inf, -np.inf, 3.5e38])
def test_numbers_that_are_not_finite_are_refused(value):
    told, blob = binary(np.array([[value, 1.0, 1.0]]))
    assert refusal({"inputs": [told]}, blob)[0] == 400


def test_too_many_rows_are_refused():
    told, blob = binary(np.ones((10_001, 3)))
    assert refusal({"inputs": [told]}, blob) == (
        413,
        "10,001 rows are too many: send at most 10,000 at once",
    )


def test_an_endpoint_that_refuses_is_not_talked_out_of_it():
    assert "refuses rows" in refusal(FLAT | {"parameters": {"schema": "warn"}}, mode="refuse")[1]


def test_a_column_that_may_be_all_gaps_is_added_where_rows_are_fixed():
    said, _ = infer({"inputs": [tensor([1], "INT64", name="b")], "parameters": {"schema": "fix"}})
    assert "read as missing" in said["parameters"]["warnings"]


# names, versions, metadata ---------------------------------------------------------------------------


def tell(path, state, **params):
    route = next(r for r in PROTOCOL.routes if r.pattern == path and r.tell)
    return json.loads(route.tell(Request("GET", path, {}, b"", params), state).body)


@pytest.mark.parametrize(
    ("params", "number"),
    [
        ({"name": "api"}, None),
        ({"name": "clf"}, None),
        ({"name": "api", "version": "4"}, "4"),
        ({"name": "clf", "version": "3"}, "3"),
    ],
)
def test_a_version_is_asked_for_by_its_number(params, number):
    one = Request("POST", "", {}, b"", params)
    assert PROTOCOL.version(one, state(roles=("main", "canary", "shadow"))) == number


@pytest.mark.parametrize(
    "params",
    [
        {"name": "apo"}, {"name": ""}, {"name": "clf@3"}, {"name": "api", "version": "9"},
        {"name": "api", "version": "5"}, {"name": "clf", "version": "x"},
    ],
)  # fmt: skip
def test_what_is_not_served_is_not_found(params):
    one = Request("POST", "", {}, b"", params)
    with pytest.raises(Problem) as caught:
        PROTOCOL.version(one, state(roles=("main", "canary", "shadow")))
    assert caught.value.status == 404


@pytest.mark.parametrize(
    ("params", "key"),
    [
        ({"name": "api"}, None),
        ({"name": "api", "version": "3"}, "3"),
        ({"name": "api", "version": "other@3"}, "other@3"),
        ({"name": "clf"}, "3"),
        ({"name": "other"}, "other@3"),
        ({"name": "other", "version": "3"}, "other@3"),
    ],
)
def test_two_models_of_one_number_are_told_apart(params, key):
    one = state()
    main = one.versions["3"]
    served = msgspec.structs.replace(main.served, model="other@3", role="canary", percent=10.0)
    plan = msgspec.structs.replace(one.plan, versions=(main.served, served))
    both = State(plan, {"3": main, "other@3": main._replace(served=served)})
    assert PROTOCOL.version(Request("POST", "", {}, b"", params), both) == key


def test_metadata_tells_what_is_really_taken_and_given():
    told = tell("/v2/models/{name}", state(roles=("main", "canary", "shadow")), name="api")
    assert told["versions"] == ["3", "4"]
    assert told["platform"] == "onnxruntime_onnx"
    assert told["inputs"] == [
        {
            "name": "X_test",
            "datatype": "FP64",
            "shape": [-1, 3],
            "parameters": {"columns": ["a", "b", "c"]},
        }
    ]
    assert told["outputs"] == [
        {"name": "y_pred", "datatype": "BYTES", "shape": [-1]},
        {"name": "y_proba", "datatype": "FP64", "shape": [-1, 2]},
    ]


def test_a_model_without_probabilities_does_not_promise_them():
    told = tell("/v2/models/{name}", state(proba=False), name="api")
    assert [each["name"] for each in told["outputs"]] == ["y_pred"]
    assert [each["name"] for each in infer(FLAT, state=state(proba=False))[0]["outputs"]] == [
        "y_pred"
    ]


def test_texts_have_a_tensor_a_column():
    told = tell("/v2/models/{name}/versions/{version}", state(MIXED), name="clf", version="3")
    assert [(each["name"], each["datatype"]) for each in told["inputs"]] == [
        ("size", "FP64"), ("größe", "BYTES"), ("when", "BYTES"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("classes", "datatype"),
    [((1, 2), "INT64"), ((True, False), "BOOL"), ((0.5, 1.5), "FP64"), (("a", 1), "BYTES"), ((), "FP64")],
)  # fmt: skip
def test_labels_have_the_type_of_the_classes(classes, datatype):
    signature = Signature(inputs=(("a", "double"),), output="y", classes=classes)
    one = state(signature)
    for as_bytes in (True, False):
        asked = {"inputs": [tensor([[9.0]])], "parameters": {"binary_data_output": as_bytes}}
        assert infer(asked, state=one)[0]["outputs"][0]["datatype"] == datatype


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/v2/health/live", {"live": True}),
        ("/v2/health/ready", {"ready": True}),
        ("/v2/models/{name}/ready", {"name": "clf", "ready": True}),
        ("/v2/models", {"models": ["api"]}),
        ("/v2/repository/index", [{"name": "api", "version": "3", "state": "READY", "reason": ""}]),
    ],
)
def test_health_has_a_body(path, said):
    assert tell(path, state(), name="clf") == said


def test_the_server_tells_its_extensions():
    assert tell("/v2", state())["extensions"] == ["binary_tensor_data"]
