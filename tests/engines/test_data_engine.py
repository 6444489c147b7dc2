"""The data stage: a source becomes a named, profiled table; load gives others its rows."""

import io

import numpy as np
import pandas as pd
import pytest

from aiaas_magics import errors
from aiaas_magics.engines import data, export, profile
from aiaas_magics.specs.data import DataSpec, ExportSpec
from aiaas_magics.testing.context import LocalContext

CSV = b"id;note;price\n1;a;1,5\n2;a;2,5\n2;a;2,5\n"


@pytest.fixture
def context(tmp_path):
    return LocalContext(tmp_path)


def load_csv(context, body=CSV, as_="t", **options):
    spec = DataSpec(as_=as_, file=context.save_blob(body), filename="t.csv", **options)
    return data.run(spec, context)


def test_a_file_becomes_a_named_table(context):
    result = load_csv(context)
    assert (result.ref, result.rows, result.duplicates, result.source) == ("t@1", 3, 1, "t.csv")
    assert context.frame(result.frame)["id"].tolist() == [1, 2, 2]
    assert context.data("t").columns == result.columns


def test_the_same_content_is_the_same_version(context):
    assert [load_csv(context).ref for _ in range(2)] == ["t@1", "t@1"]
    assert load_csv(context, CSV + b"3;b;4,5\n").ref == "t@2"


def test_a_frame_stays_where_it_is(context):
    address = context.save_frame(pd.DataFrame({"x": [1.0, 2.0]}))
    result = data.run(DataSpec(as_="t", frame=address), context)
    assert (result.frame, result.size) == (address, 16)


def test_a_catalogue_name_becomes_a_table(context):
    result = data.run(DataSpec(as_="flowers", catalogue="iris"), context)
    assert (result.ref, result.rows, result.source) == ("flowers@1", 150, "catalogue:iris")


def test_warnings_name_columns_nobody_learns_from(context):
    result = load_csv(context, b"a;b;c;d\n1;;5;0,5\n2;;5;0,7\n")
    assert result.warnings == (
        "t.csv is read with --sep ';' --decimal , (found out)",
        "column 'b' is missing in every row",
        "column 'c' has the same value in every row",
    )


@pytest.mark.parametrize("dtype", ["float32", "float64", "Float64"])
def test_infinite_values_which_the_profile_leaves_out_are_told(dtype):
    frame = pd.DataFrame({"a": [1.0, np.inf, -np.inf], "b": [np.inf, 0.5, np.nan], "c": [1, 2, 3]})
    frame[["a", "b"]] = frame[["a", "b"]].astype(dtype)
    assert profile.infinite(frame) == (
        "column 'a' is infinite in 2 rows", "column 'b' is infinite in 1 row",
    )  # fmt: skip


def test_progress_is_told_to_the_end(context):
    load_csv(context)
    bodies = [told.body for told in context.told if told.type == "progress"]
    assert bodies[0]["done"] == 0
    assert bodies[-1]["done"] == bodies[-1]["total"]
    assert [b["done"] for b in bodies] == sorted(b["done"] for b in bodies)
    assert {b["text"].partition(",")[0] for b in bodies} == {"reading", "profiling", "done"}


def test_a_refused_file_leaves_nothing(context):
    with pytest.raises(errors.DataError):
        load_csv(context, b"a,a\n1,2\n")
    with pytest.raises(errors.NotFound):
        context.data("t")


def test_declared_prose_stays_prose_for_others(context):
    load_csv(context, texts=("note",))
    assert data.load("t", context).roles == {"id": "number", "note": "text", "price": "number"}


@pytest.mark.parametrize(("name", "what"), [("nope", "no column 'nope'"), ("id", "holds no text")])
def test_prose_must_be_a_column_of_text(name, what, context):
    with pytest.raises(errors.DataError) as caught:
        load_csv(context, texts=(name,))
    assert what in caught.value.what


def test_an_address_is_loaded_without_a_name(context):
    address = context.save_frame(pd.DataFrame({"x": [1.0]}))
    table = data.load(address, context)
    assert (table.info, table.steps, table.roles, table.address) == (
        None,
        (),
        {"x": "number"},
        address,
    )


@pytest.mark.parametrize(
    ("values", "dtype", "simple", "role"),
    [
        ([1, 2], "Int8", "int8", "number"),
        ([1, None], "Int8", "float64", "number"),
        ([1.5, None], "Float32", "float64", "number"),
        ([True, False], "boolean", "bool", "boolean"),
        ([True, None], "boolean", "float64", "boolean"),
        (["a", None], "string", "str", "category"),
        ([1, None], "int64[pyarrow]", "float64", "number"),
        ([True, False], "bool[pyarrow]", "bool", "boolean"),
        (["a", None], "string[pyarrow]", "str", "category"),
        ([pd.Timestamp("2020"), None], "timestamp[us][pyarrow]", "datetime64[us]", "date"),
    ],
)
def test_estimators_get_plain_dtypes(values, dtype, simple, role, context):
    address = context.save_frame(pd.DataFrame({"x": pd.array(values, dtype=dtype)}))
    table = data.load(address, context)
    assert (str(table.frame["x"].dtype), table.roles["x"]) == (simple, role)
    assert table.frame["x"].isna().tolist() == [value is None for value in values]


def test_an_unknown_name_is_not_found(context):
    load_csv(context, as_="cancer")
    with pytest.raises(errors.NotFound) as caught:
        data.load("cancr", context)
    assert caught.value.hint == "did you mean 'cancer'?"


READERS = {"csv": pd.read_csv, "parquet": pd.read_parquet}


@pytest.mark.parametrize("format_", READERS)
def test_a_table_is_written_for_others(format_, context):
    data.run(DataSpec(as_="t", catalogue="tickets"), context)
    result = export.run(ExportSpec(data="t", format=format_), context)
    body = context.blob(result.file).read_bytes()
    found = READERS[format_](io.BytesIO(body))
    assert (len(found), result.rows, result.size) == (600, 600, len(body))
    assert list(found.columns) == [column.name for column in context.data("t").columns]


def test_a_written_csv_is_loaded_as_the_same_values(context, monkeypatch):
    monkeypatch.setattr(export, "ROWS", 100)  # written in pieces
    first = data.run(DataSpec(as_="t", catalogue="wine"), context)
    file = export.run(ExportSpec(data="t", format="csv"), context).file
    again = data.run(DataSpec(as_="t", file=file, filename="wine.csv"), context)
    assert again.frame == first.frame
