"""The address of a table depends on its values, names and dtypes, and on nothing else."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from aiaas_magics import errors, frames
from aiaas_magics.store.blobs import Blobs


@pytest.fixture
def blobs(tmp_path):
    return Blobs(tmp_path / "blobs")


def table():
    return pd.DataFrame(
        {
            "n": [1.0, 2.0, 3.0],
            "m": [4.0, 5.0, np.nan],
            "s": ["a", None, "b"],
            "i": pd.array([1, None, 3], dtype="Int64"),
            "d": pd.to_datetime(["2020-01-01", None, "2021-01-01"]),
            "c": pd.Categorical(["x", "y", None]),
            "b": pd.array([True, None, False], dtype="boolean"),
            "p": pd.array([True, False, True], dtype="bool[pyarrow]"),
            "f": pd.array([1.5, None, 2.5], dtype="float[pyarrow]"),
            "t": pd.array(["x", None, "y"], dtype="string[pyarrow]"),
        }
    )


SAME = {
    "a copy": lambda df: df.copy(),
    "another memory order": lambda df: pd.concat([df[[c]] for c in df], axis=1),
    "cut from a longer one": lambda df: pd.concat([df, df])[:3],
    "the head of another": lambda df: df.iloc[[0, 1, 2, 0, 2, 0]].head(3),
    "the tail of another": lambda df: df.iloc[[0, 2, 0, 1, 2]].tail(3).iloc[[0, 1, 2]],
    "another index": lambda df: df.set_index(pd.Index([7, 8, 9])),
    "made of pieces": lambda df: pd.concat([df[:1], df[1:]]),
    "other values under the gaps": lambda df: df.assign(
        i=pd.arrays.IntegerArray(np.array([1, 99, 3]), np.array([False, True, False]))
    ),
}
OTHER = {
    "a value": lambda df: df.assign(n=[1.0, 2.0, 4.0]),
    "a text": lambda df: df.assign(s=["a", None, "c"]),
    "a name": lambda df: df.rename(columns={"n": "o"}),
    "a dtype": lambda df: df.astype({"n": "float32"}),
    "the order of columns": lambda df: df[df.columns[::-1]],
    "the order of rows": lambda df: df[::-1],
    "the order of categories": lambda df: df.assign(c=df["c"].cat.reorder_categories(["y", "x"])),
    "text of another dtype": lambda df: df.astype({"s": "string"}),
}


@pytest.mark.parametrize("how", SAME)
def test_the_same_values_lie_at_the_same_address(how, blobs):
    assert frames.write(SAME[how](table()), blobs.put) == frames.write(table(), blobs.put)


@pytest.mark.parametrize("what", OTHER)
def test_another_table_lies_elsewhere(what, blobs):
    assert frames.write(OTHER[what](table()), blobs.put) != frames.write(table(), blobs.put)


def test_another_process_finds_the_same_address(blobs, tmp_path):
    table().to_pickle(tmp_path / "t.pickle")
    script = (
        "import sys, pandas as pd; from pathlib import Path; from aiaas_magics import frames;"
        "from aiaas_magics.store.blobs import Blobs;"
        "print(frames.write(pd.read_pickle(sys.argv[1]), Blobs(Path(sys.argv[2])).put))"
    )
    words = [sys.executable, "-c", script, str(tmp_path / "t.pickle"), str(tmp_path / "others")]
    found = subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()
    assert found == frames.write(table(), blobs.put)


class Counting:
    """A put that counts the bytes it was given to read."""

    def __init__(self, blobs):
        self.blobs, self.read = blobs, 0

    def __call__(self, body, *, ref=None):
        return self.blobs.put(self._counted(body), ref=ref)

    def _counted(self, body):
        for piece in body:
            self.read += len(piece)
            yield piece


def test_a_table_sent_before_is_not_sent_again(blobs):
    put = Counting(blobs)
    frame = pd.DataFrame(np.random.default_rng(1).normal(size=(5000, 4))).assign(text="abc")
    frames.write(frame, put)
    first, put.read = put.read, 0
    frames.write(frame.copy(), put)
    assert first > 160_000
    assert put.read < 1_000  # the manifest


def test_a_table_changed_in_place_is_sent_again(blobs):
    frame = pd.DataFrame({"changing": np.arange(3.0)})
    before = frames.write(frame, blobs.put)
    frame.loc[0, "changing"] = 7.0
    after = frames.write(frame, blobs.put)
    assert before != after
    assert frames.read(after, blobs.path)["changing"][0] == 7


def test_a_store_that_never_saw_the_table_gets_it(blobs, tmp_path):
    address = frames.write(table(), blobs.put)
    other = Blobs(tmp_path / "other")
    assert frames.write(table(), other.put) == address
    assert frames.read(address, other.path).equals(frames.read(address, blobs.path))


def test_a_manifest_names_its_parts(blobs):
    found = frames.manifest(frames.write(table(), blobs.put), blobs.path)
    assert (found.rows, len(found.refs), list(found.columns)) == (3, 2, list("nmsidcbpft"))
    assert all(blobs.has(ref) for ref in found.refs)


@pytest.mark.parametrize("body", [b"", b"\x00\xff", b"{}", b'{"format":2,"rows":1,"columns":[]}'])
def test_other_bytes_are_no_table(body, blobs):
    with pytest.raises(errors.DataError) as caught:
        frames.read(blobs.put([body]), blobs.path)
    assert len(caught.value.lines()) <= 3
