"""Tables that have no place are refused in three lines, with the line of pandas that helps."""

import datetime as dt
import json

import numpy as np
import pandas as pd
import pytest

from aiaas_magics import errors, frames
from aiaas_magics.store.blobs import Blobs


def named(*names):
    return pd.DataFrame([range(len(names))], columns=list(names))


REFUSED = {
    "two columns are named 'a'": named("a", "a"),
    "two columns are named '1'": named(1, "1"),
    "column 2 of 2 has no name": named("a", " "),
    "names of several levels": pd.DataFrame([[1, 2]], columns=[["a", "a"], ["x", "y"]]),
    "column 'x' holds complex numbers": pd.DataFrame({"x": [1j]}),
    "column 'x' holds durations": pd.DataFrame({"x": [pd.Timedelta(1, "h")]}),
    "column 'x' holds float128 numbers": pd.DataFrame({"x": np.ones(1, "longdouble")}),
    "'mixed' holds values that do not": pd.DataFrame({"mixed": [1, "a"]}, dtype=object),
    "'bytes' holds values that do not": pd.DataFrame({"bytes": [b"a"]}),
    "'lists' holds values that do not": pd.DataFrame({"lists": [[1], [2]]}),
    "'times' holds values that do not": pd.DataFrame({"times": [dt.time(1)]}),
    "'huge' holds values that do not": pd.DataFrame({"huge": [2**70, 1]}, dtype=object),
    "'cut' holds values that do not": pd.DataFrame({"cut": pd.Categorical([1, "1"], [1, "1"])}),
}


@pytest.mark.parametrize("what", REFUSED)
def test_it_is_refused_in_three_lines(what, tmp_path):
    with pytest.raises(errors.DataError) as caught:
        frames.write(REFUSED[what], Blobs(tmp_path).put)
    assert what in caught.value.what
    assert len(caught.value.lines()) == 3


def test_the_line_to_try_helps(tmp_path):
    frame = pd.DataFrame({"mixed": [1, "a"], "took": [pd.Timedelta(1, "h")] * 2})
    blobs = Blobs(tmp_path)
    for _ in range(2):
        with pytest.raises(errors.DataError) as caught:
            frames.write(frame, blobs.put)
        exec(caught.value.try_, {"df": frame})
    assert frames.read(frames.write(frame, blobs.put), blobs.path).shape == (2, 2)


def stored(blobs, size=16, **more):
    block = {"dtype": "<f8", "columns": ["a"], "ref": blobs.put([bytes(size)])}
    told = {"format": 1, "rows": 2, "columns": ["a"], "blocks": [block | more.pop("block", {})]}
    return blobs.put([json.dumps(told | more).encode()])


@pytest.mark.parametrize(
    "more",
    [
        *({"block": {"dtype": dtype}} for dtype in ("O", "|O", "<c16", "<f16", ">f8", "|V8", "M8[ns]", "no", "f8,O")),
        {"size": 15},
        {"rows": 3},
        {"rows": -1},
        {"rows": 2**62},
        {"block": {"columns": ["a", "b"]}},
    ],
)  # fmt: skip
def test_a_forged_table_is_refused_before_it_is_mapped(tmp_path, more):
    blobs = Blobs(tmp_path)
    assert frames.read(stored(blobs), blobs.path).shape == (2, 1)
    with pytest.raises(errors.DataError, match="no table"):
        frames.read(stored(blobs, **more), blobs.path)


def test_an_unknown_column_is_named_with_the_nearest(tmp_path):
    blobs = Blobs(tmp_path)
    address = frames.write(pd.DataFrame({"weight": [1]}), blobs.put)
    with pytest.raises(errors.DataError) as caught:
        frames.read(address, blobs.path, columns=["wieght"])
    assert caught.value.hint == "did you mean 'weight'?"


def test_nothing_is_half_written_when_a_column_is_refused(tmp_path):
    frame = pd.DataFrame({"good": [1.0], "bad": [1j]})
    with pytest.raises(errors.DataError):
        frames.write(frame, Blobs(tmp_path).put)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
