"""Whatever is sent to whichever protocol, the answer is an answer or a refusal, in the protocol's own form."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiaas_magics.predictors.base import Outcome
from aiaas_magics.serving.app import App
from aiaas_magics.specs.records import Signature
from aiaas_magics.testing import serving

NUMBERS = Signature(
    inputs=(("a", "double"), ("n", "long"), ("t", "boolean")), output="y", classes=("no", "yes"), required=("n",)
)  # fmt: skip
MIXED = Signature(inputs=(("a", "double"), ("s", "string"), ("d", "datetime")), output="y")


class Counting:
    """Answers with as many labels as there are rows."""

    inline, tier = True, "onnx"

    def __init__(self, signature):
        self.signature = signature

    def predict(self, rows, *, proba):
        assert all(len(column) == rows.n for column in rows.columns().values())
        if not self.signature.classes:
            return Outcome(np.ones(rows.n), None)
        sure = np.full((rows.n, 2), 0.5) if proba else None
        return Outcome(np.full(rows.n, "no", dtype=object), sure)


APPS = {
    name: App(serving.state(serving.loaded(Counting(signature))), serving.TOKEN)
    for name, signature in (("numbers", NUMBERS), ("mixed", MIXED))
}
WORDS = ["a", "n", "t", "s", "d", "X_test", "columns", "proba", "schema", "data", "index", "params", "fix", "refuse",
         "dataframe_split", "dataframe_records", "instances", "inputs", "outputs", "parameters", "binary_data_size",
         "binary_data", "name", "shape", "datatype", "id", "y_pred", "y_proba", "FP64", "INT64", "BOOL", "BYTES", "FP16"]  # fmt: skip
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.integers(), st.floats(allow_nan=False), st.text(max_size=3),
    st.sampled_from([*WORDS, "2026-01-01"]),
)  # fmt: skip
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4),
    max_leaves=25,
)  # fmt: skip
TENSORS = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["X_test", "a", "n", "t", "s", "d"]),
        "shape": st.lists(st.integers(-1, 4), max_size=3),
        "datatype": st.sampled_from(["FP64", "FP32", "INT64", "BOOL", "BYTES", "UINT8"]),
    },
    optional={
        "data": VALUES | st.lists(LEAVES, max_size=12),
        "parameters": st.fixed_dictionaries({"binary_data_size": st.integers(-1, 40)}) | VALUES,
    },
)
REQUESTS = st.one_of(
    VALUES,
    st.fixed_dictionaries({"inputs": st.lists(TENSORS, max_size=3)}, optional={"outputs": VALUES}),
    st.builds(
        lambda key, rows: {key: rows},
        st.sampled_from(["X_test", "instances", "inputs", "dataframe_records"]),
        st.lists(st.lists(LEAVES, min_size=3, max_size=3), max_size=3),
    ),
)
PATHS = ["/predict", "/invocations", "/v2/models/api/infer", "/v2/models/m/versions/1/infer"]
ERRORS = {"/predict": "detail", "/invocations": "message"}


@pytest.mark.parametrize("name", APPS)
@settings(max_examples=300, deadline=None)
@given(
    path=st.sampled_from(PATHS), asked=REQUESTS, blob=st.binary(max_size=40), cut=st.integers(-9, 9)
)
def test_every_request_is_answered_or_refused(name, path, asked, blob, cut):
    text = json.dumps(asked).encode()
    length = str(len(text) + min(cut, 0)) if blob else None
    said = serving.ask(
        APPS[name],
        path,
        text + blob,
        inference_header_content_length=length,
        content_type="application/json",
    )
    assert said.status in (200, 400, 413, 415, 422), said.body
    if said.status != 200:
        assert said.json[ERRORS.get(path, "error")]


@pytest.mark.parametrize("path", PATHS)
@settings(deadline=None)
@given(
    body=st.binary(max_size=60), kind=st.sampled_from(["text/csv", "application/json", "", "x/y"])
)
def test_bytes_of_any_kind_are_answered_or_refused(path, body, kind):
    assert serving.ask(APPS["numbers"], path, body, content_type=kind).status in (
        200,
        400,
        415,
        422,
    )
