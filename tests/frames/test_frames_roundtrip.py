"""What is written is read: values, dtypes, order; equal values lie at equal addresses."""

import datetime as dt
import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import pandas as pdst

from aiaas_magics import frames
from aiaas_magics.store.blobs import Blobs

COLUMNS = {
    "float64": pd.Series([1.5, np.nan, -0.0]),
    "float32": pd.Series([1.5, np.nan, np.inf], dtype="float32"),
    "float16": pd.Series([1.5, np.nan, 2], dtype="float16"),
    "int8": pd.Series([-128, 0, 127], dtype="int8"),
    "uint64": pd.Series([0, 1, 2**64 - 1], dtype="uint64"),
    "bool": pd.Series([True, False, True]),
    "text": pd.Series(["a", None, "ü€𝄞"]),
    "string": pd.Series(["a", None, ""], dtype="string"),
    "Int8": pd.Series([1, None, 3], dtype="Int8"),
    "Float32": pd.Series([1.5, None, 3], dtype="Float32"),
    "boolean": pd.Series([True, None, False], dtype="boolean"),
    "arrow": pd.Series([1, None, 3], dtype="int64[pyarrow]"),
    "date": pd.Series(pd.to_datetime(["2020-02-29 00:00:00.0", None, "1969-12-31 23:59:59.5"])),
    "zoned": pd.Series(pd.to_datetime(["2020-02-29", None, "2021-01-01"])).dt.tz_localize(
        "Asia/Tokyo"
    ),
    "category": pd.Series(
        pd.Categorical(["x", None, "y"], categories=["z", "y", "x"], ordered=True)
    ),
    "numbered": pd.Series(pd.Categorical([3, 1, None])),
}


@pytest.fixture
def blobs(tmp_path):
    return Blobs(tmp_path / "blobs")


def there_and_back(frame, blobs, **options):
    return frames.read(frames.write(frame, blobs.put), blobs.path, **options)


@pytest.mark.parametrize("kind", COLUMNS)
def test_a_column_comes_back_as_it_was(kind, blobs):
    frame = COLUMNS[kind].to_frame(kind)
    pd.testing.assert_frame_equal(there_and_back(frame, blobs), frame)


def test_columns_of_many_kinds_keep_their_order(blobs):
    frame = pd.DataFrame(COLUMNS)[sorted(COLUMNS)]
    pd.testing.assert_frame_equal(there_and_back(frame, blobs), frame)


@pytest.mark.parametrize(
    ("objects", "dtype"),
    [
        (["a", None], "str"),
        ([None, None], "str"),
        ([True, None], "boolean"),
        ([1, None], "Int64"),
        ([1, 2.5], "float64"),
        ([dt.date(2020, 2, 29), None], "datetime64[s]"),
    ],
)
def test_objects_of_one_kind_get_its_dtype(objects, dtype, blobs):
    frame = pd.DataFrame({"x": pd.Series(objects, dtype=object)})
    assert there_and_back(frame, blobs)["x"].dtype == dtype


@pytest.mark.parametrize(
    ("column", "stored"),
    [
        (pd.Series(pd.arrays.SparseArray([0, 0, 1])), [0, 0, 1]),
        (pd.Series(pd.period_range("2020-01", periods=1, freq="M")), [pd.Timestamp("2020-01-01")]),
        (pd.cut(pd.Series([1, 2]), [0, 1, 2]), ["(0, 1]", "(1, 2]"]),
        (pd.Series([1, 2], dtype=">i4"), [1, 2]),
    ],
)
def test_rarer_dtypes_become_plain_ones(column, stored, blobs):
    assert there_and_back(column.to_frame("x"), blobs)["x"].tolist() == stored


@pytest.mark.parametrize("rows", [0, 1, 16_384, 16_385])
def test_any_number_of_rows(rows, blobs):
    frame = pd.DataFrame({"n": np.arange(rows), "s": pd.Series(map(str, range(rows)), dtype="str")})
    pd.testing.assert_frame_equal(there_and_back(frame, blobs), frame)


def test_a_table_without_columns_keeps_its_rows(blobs):
    assert there_and_back(pd.DataFrame(index=range(3)), blobs).shape == (3, 0)


def test_whole_numbers_as_names_become_text(blobs):
    assert list(there_and_back(pd.DataFrame(np.eye(2)), blobs).columns) == ["0", "1"]


def test_the_index_is_no_part_of_a_table(blobs):
    frame = pd.DataFrame({"x": [1, 2]}, index=pd.Index(["a", "b"], name="key"))
    assert there_and_back(frame, blobs).index.equals(pd.RangeIndex(2))


def test_only_what_is_asked_for_is_read(blobs):
    frame = pd.DataFrame(COLUMNS)
    address = frames.write(frame, blobs.put)
    touched = []
    found = frames.read(
        address,
        lambda ref: touched.append(ref) or blobs.path(ref),
        columns=["uint64", "bool"],
        rows=2,
    )
    pd.testing.assert_frame_equal(found, frame[["uint64", "bool"]].head(2))
    assert len(touched) == 3  # the manifest and two blocks of eight


@pytest.mark.parametrize(
    "columns", [*itertools.permutations(["a", "c", "s"], 2), ("s", "b", "a", "c")]
)
def test_columns_come_in_the_order_asked_for(columns, blobs):
    frame = pd.DataFrame({"a": [1.0, 2], "b": [3.0, 4], "c": [5.0, 6], "s": ["x", "y"]})
    found = there_and_back(frame, blobs, columns=columns)
    pd.testing.assert_frame_equal(found, frame[list(columns)])


def test_numbers_are_mapped_not_copied(blobs):
    frame = there_and_back(pd.DataFrame(np.eye(50)).assign(label="x"), blobs)
    values = frame.drop(columns="label").to_numpy()
    assert values.flags.f_contiguous
    assert not values.flags.writeable
    assert not values.flags.owndata


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
tables = pdst.data_frames(
    [
        pdst.column("f", dtype=float),
        pdst.column("i", dtype=np.int32),
        pdst.column("b", dtype=bool),
        pdst.column("s", elements=st.none() | texts, dtype=object),
        pdst.column(
            "d",
            dtype="datetime64[ns]",
            elements=st.datetimes(pd.Timestamp("1700"), pd.Timestamp("2200")),
        ),
    ],
    index=pdst.range_indexes(max_size=20),
)


@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(table=tables)
def test_any_table_comes_back_and_has_one_address(table, blobs):
    found = there_and_back(table, blobs)
    pd.testing.assert_frame_equal(found, table.assign(s=table["s"].astype("str")))
    assert frames.write(found, blobs.put) == frames.write(table, blobs.put)
