"""Tensors of the Open Inference Protocol: what was sent is what is read, and nothing else is read."""

import json

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from aiaas_magics.serving.problems import Problem
from aiaas_magics.serving.protocols import binary

SHAPES = arrays.array_shapes(max_dims=3, max_side=4, min_side=0)


def tensor(**more):
    words = {"name": "x", "shape": [2], "datatype": "FP64", "data": [1.0, 2.0]} | more
    return msgspec.convert(words, binary.Tensor)


def read(*tensors, body=b"", start=0):
    return binary.read(tensors, body, start)


def packed(*texts):
    return binary.packed(texts)


@settings(deadline=None)
@given(
    data=st.data(), datatype=st.sampled_from(sorted(binary.NUMPY)), shape=SHAPES, ahead=st.binary()
)
def test_bytes_of_any_datatype_are_read_as_they_were_written(data, datatype, shape, ahead):
    array = data.draw(arrays.arrays(binary.NUMPY[datatype], shape))
    body = ahead + binary.written(array, datatype)
    sent = tensor(
        shape=list(shape), datatype=datatype, data=None,
        parameters={"binary_data_size": len(body) - len(ahead)},
    )  # fmt: skip
    found = read(sent, body=body, start=len(ahead))[0].flat
    assert found.dtype == np.dtype(binary.NUMPY[datatype])
    assert found.tobytes() == array.tobytes()


@settings(deadline=None)
@given(texts=st.lists(st.text()))
def test_texts_are_read_as_they_were_written(texts):
    body = packed(*texts)
    sent = tensor(
        shape=[len(texts)], datatype="BYTES", data=None, parameters={"binary_data_size": len(body)}
    )
    assert read(sent, body=body)[0].plain() == texts


@settings(deadline=None)
@given(data=st.data(), shape=SHAPES, nested=st.booleans())
def test_json_is_read_flat_and_nested(data, shape, nested):
    array = data.draw(arrays.arrays("float64", shape, elements=st.floats(-9, 9)))
    sent = array.tolist() if nested else array.ravel().tolist()
    assert read(tensor(shape=list(shape), data=sent))[0].flat.tolist() == array.ravel().tolist()


def test_numbers_are_read_where_they_lie():
    body = np.arange(60.0).tobytes()
    sent = tensor(shape=[20, 3], data=None, parameters={"binary_data_size": len(body)})
    table = read(sent, body=body)[0].table(3)
    assert table.shape == (20, 3)
    assert np.shares_memory(table, np.frombuffer(body))


def test_several_tensors_lie_one_behind_the_other():
    first, second = np.arange(3.0).tobytes(), packed("ä", "")
    sent = [
        tensor(shape=[3], data=None, parameters={"binary_data_size": len(first)}),
        tensor(shape=[1], data=[5]),
        tensor(shape=[2, 1], datatype="BYTES", data=None, parameters={"binary_data_size": len(second)}),
    ]  # fmt: skip
    found = read(*sent, body=b"{}" + first + second, start=2)
    assert [each.plain() for each in found] == [[0.0, 1.0, 2.0], [5.0], ["ä", ""]]


def test_gaps_are_null_in_json_and_nan_in_bytes():
    body = np.array([np.nan, 1], "<f4").tobytes()
    sent = tensor(datatype="FP32", data=None, parameters={"binary_data_size": 8})
    assert read(sent, body=body)[0].plain() == [None, 1.0]
    assert read(tensor(data=[None, 1]))[0].plain() == [None, 1.0]
    assert read(tensor(datatype="BYTES", data=[None, "a"]))[0].plain() == [None, "a"]


def test_a_number_in_json_keeps_its_decimals():
    assert read(tensor(datatype="FP32", data=[0.1, 0.2]))[0].plain() == [0.1, 0.2]


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ({"datatype": "DOUBLE"}, 'no datatype "DOUBLE"'),
        ({"datatype": "BF16"}, 'no datatype "BF16"'),
        ({"shape": []}, "no shape []"),
        ({"shape": [-1]}, "no shape [-1]"),
        ({"shape": [3]}, "has 2 values; its shape [3] says 3"),
        ({"shape": [1, 2], "data": [[1.0], [2.0]]}, "has not the shape [1, 2]"),
        ({"shape": [2, 1], "data": [[1.0], 2.0]}, "has not the shape [2, 1]"),
        ({"data": [[1.0], [2.0]]}, "a list is not a number"),
        ({"data": 1}, "data is 1"),
        ({"data": None}, "has no data"),
        ({"data": [True, 1]}, "true is not a number"),
        ({"data": ["1", 1]}, '"1" is not a number'),
        ({"datatype": "INT64", "data": [1, 1.5]}, "1.5 is not a whole number"),
        ({"datatype": "INT64", "data": [1, None]}, "null is not a whole number"),
        ({"datatype": "INT8", "data": [1, 200]}, "beyond INT8"),
        ({"datatype": "UINT8", "data": [1, -1]}, "beyond UINT8"),
        ({"datatype": "FP32", "data": [1, 1e39]}, "beyond FP32"),
        ({"data": [1, 10**400]}, "beyond FP64"),
        ({"datatype": "BOOL", "data": [1, 0]}, "1 is not true or false"),
        ({"datatype": "BYTES", "data": ["a", 1]}, "1 is not text"),
        ({"parameters": {"binary_data_size": 16}}, "data in the JSON and bytes after it"),
        ({"data": None, "parameters": {"binary_data_size": "16"}}, 'binary_data_size is "16"'),
        ({"data": None, "parameters": {"binary_data_size": -1}}, "binary_data_size is -1"),
        ({"data": None, "parameters": {"shared_memory_region": "r"}}, "no memory is shared"),
    ],
)
def test_what_does_not_agree_is_refused(more, what):
    with pytest.raises(Problem) as caught:
        read(tensor(**more))
    assert caught.value.status == 400
    assert what in caught.value.what


@pytest.mark.parametrize(
    ("more", "body", "what"),
    [
        ({}, bytes(8), "is cut short"),
        ({}, bytes(24), "8 bytes after the JSON belong to no tensor"),
        ({"shape": [3]}, bytes(16), "has 16 bytes; FP64 of shape [3] has 24"),
        ({"datatype": "BOOL", "shape": [16]}, b"\x01" * 15 + b"\x02", "neither 0 nor 1"),
        ({"datatype": "BYTES", "shape": [1]}, b"\x0d\0\0\0" + bytes(12), "longer than the tensor"),
        ({"datatype": "BYTES", "shape": [1]}, b"\x0c\0\0\0" + b"\xff" * 12, "not UTF-8"),
        ({"datatype": "BYTES", "shape": [2]}, b"\x0c\0\0\0" + bytes(12), "has 1 texts"),
        ({"datatype": "BYTES", "shape": [3]}, bytes(16), "has 3 or more texts"),
    ],
)
def test_wrong_counts_of_bytes_are_refused(more, body, what):
    sent = tensor(**{"data": None, "parameters": {"binary_data_size": 16}} | more)
    with pytest.raises(Problem) as caught:
        read(sent, body=body)
    assert what in caught.value.what


@settings(deadline=None)
@given(texts=st.lists(st.text(min_size=1), min_size=1), cut=st.integers(1, 4))
def test_texts_that_are_cut_are_refused(texts, cut):
    body = packed(*texts)[:-cut]
    sent = tensor(
        shape=[len(texts)], datatype="BYTES", data=None, parameters={"binary_data_size": len(body)}
    )
    with pytest.raises(Problem, match="tensor"):
        read(sent, body=body)


def test_a_shape_beyond_all_memory_costs_nothing():
    sent = json.loads('{"shape": [4611686018427387904, 4611686018427387904], "data": [1.0]}')
    with pytest.raises(Problem, match="has 1 values"):
        read(tensor(**sent))
