"""CSV files: read as they are, repaired and said so, or refused with the line to try."""

import csv
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from aiaas_magics import errors
from aiaas_magics.engines import sources
from aiaas_magics.engines.sources import Reading
from aiaas_magics.engines.sources.written import SEPARATORS

ROWS = "name{0}size{0}when\nAda{0}1.5{0}2020-01-01\nBob{0}{0}2021-12-31\n"


@pytest.fixture
def source(tmp_path):
    def source(body, **options):
        path = tmp_path / "a.csv"
        path.write_bytes(body.encode() if isinstance(body, str) else body)
        return sources.read(path, "a.csv", Reading(**options))

    return source


@pytest.fixture
def read(source):
    return lambda body, **options: source(body, **options).frame


@pytest.mark.parametrize("sep", SEPARATORS)
def test_the_separator_is_found_out(sep, read):
    frame = read(ROWS.format(sep))
    assert frame["name"].tolist() == ["Ada", "Bob"]
    assert frame["size"].tolist()[0] == 1.5
    assert frame["when"].dtype.kind == "M"


@pytest.mark.parametrize(
    ("body", "columns"),
    [
        ('a;b\n"1,5";x\n"2,5";y\n', ["a", "b"]),
        ('a,b\n"x;y;z",1\n"u;v;w",2\n', ["a", "b"]),
        ("a, b\n1, 2\n", ["a", "b"]),
        ("only\n1\n2\n", ["only"]),
        ('text\n"one, two"\n"three, four"\n', ["text"]),
        ("a,b\r\n1,2\r\n\r\n3,4\r\n", ["a", "b"]),
        ('a,"b\nc"\n1,2\n', ["a", "b\nc"]),
    ],
)
def test_quotes_spaces_and_lines(body, columns, read):
    assert list(read(body).columns) == columns


def test_blank_lines_may_stand_before_the_header(read):
    assert read("\n\na,b\n1,2\n").to_dict("list") == {"a": [1], "b": [2]}


def test_the_beginning_of_a_byte_order_mark_is_no_table(read):
    with pytest.raises(errors.DataError, match="no rows"):
        read(b"\xef")


@pytest.mark.parametrize("encoding", [None, "utf-16"])
def test_a_header_may_be_longer_than_the_sample(read, encoding):
    names = [f"messgröße {i}" for i in range(9000)]
    body = f"{';'.join(names)}\n{';'.join(['1'] * 9000)}\n"
    frame = read(body.encode(encoding or "utf-8"), encoding=encoding)
    assert list(frame.columns) == names
    assert (frame.to_numpy() == 1).all()


@pytest.mark.parametrize(
    ("encoding", "given"),
    [("utf-8", None), ("utf-8-sig", None), ("latin-1", "latin-1"), ("utf-16", "utf-16")],
)
def test_encodings(encoding, given, read):
    frame = read("größe,ort\n1,Köln\n".encode(encoding), encoding=given)
    assert frame.to_dict("list") == {"größe": [1], "ort": ["Köln"]}


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (["2020-01-01", "", "2021-02-03"], "datetime64[us]"),
        (["2020-01-01T10:30", "2020-01-01 10:30:01.5"], "datetime64[us]"),
        (["2020-01-01T10:30Z", "2020-01-01T10:30+02:00"], "datetime64[us, UTC]"),
        (["2020-01-01", "soon"], "str"),
        (["2020-13-45", "2020-01-01"], "str"),
        (["01.02.2020", "02.02.2020"], "datetime64[us]"),
        (["01.02.2020", "31.02.2020"], "str"),
        (["20200101", "20200102"], "int64"),
        (["True", "False"], "bool"),
        (["1", "", "3"], "float64"),
        (["1", "NA", "null"], "float64"),
        (["1.5", "1e3"], "float64"),
        (["007", "x"], "str"),
    ],
)
def test_types_are_found_out_by_a_rule(values, dtype, read):
    body = "id,x\n" + "".join(f"{i},{value}\n" for i, value in enumerate(values))
    assert read(body)["x"].dtype == dtype


REFUSED = {
    "empty": ("", {}, "a.csv is empty", "!ls -l a.csv"),
    "blank": ("\n  \n", {}, "a.csv is empty", "!ls -l a.csv"),
    "header only": ("a,b\n", {}, "a header and no rows", "!head a.csv"),
    "excel": (b"PK\x03\x04...", {}, "cannot be unpacked", "pack it again"),
    "gzip": (b"\x1f\x8b...", {}, "cannot be unpacked", "pack it again"),
    "binary": (b"\x00\x01\x02,\x03\n", {}, "no text", "save it as CSV"),
    "broken Parquet": (b"PAR1 and nothing more", {}, "Parquet", "write it again"),
    "encoding": (
        "a,b\n1,2\n",
        {"encoding": "latn-1"},
        "unknown encoding 'latn-1'",
        "--encoding latin-1",
    ),
    "wrong sep": ("a;b\n1;2\n", {"sep": ","}, "one column named 'a;b'", "--sep ';'"),
    "other sep": ("a:b:c\n1:2:3\n", {}, "one column named 'a:b:c'", "--sep ':'"),
    "tab": ("a\tb\n1\t2\n", {"sep": ";"}, "one column", r"--sep '\t'"),
    "long sep": ("a,b\n1,2\n", {"sep": "||"}, "--sep '||' is no separator", "--sep ';'"),
    "same names": ("a,b,a\n1,2,3\n", {}, "two columns are named 'a'", "line 1"),
    "values for names": ("1,1,3\n1,2,3\n", {}, "two columns are named '1'", "--header 0"),
    "long row": ("a,b\n1,2\n3,4,5\n", {}, "line 3 has 3 fields", "!sed -n 3p"),
    "long rows": ("a,b\n1,2,3\n4,5,6\n", {}, "line 2 has 3 fields", "!sed -n 2p"),
    "short row": ("a,b\n1,2\n3\n", {}, "line 3 has 1 field", "!sed -n 3p"),
    "late long row": ("a,b\n" + "1,2\n" * 200 + "1,2,3\n", {}, "line 202 has 3 fields", "sed"),
    "late short row": ("a,b\n" + "1,2\n" * 200 + "1\n", {}, "line 202 has 1 field", "sed"),
    "open quote": ('a,b\n1,"x\n2,3\n', {}, "line 2 opens a quote", "!sed -n 2p"),
    "late open quote": (
        "a,b\n" + "1,2\n" * 99 + '1,"x\n2,3\n',
        {},
        "line 101 opens",
        "!sed -n 101p",
    ),
    "zero byte": (b"a,b\n1,2\n3,\x004\n", {}, "no text", "save it as CSV"),
    "late zero byte": (
        b"a,b\n" + b"1,2\n" * 40_000 + b"3,\x00\n",
        {},
        "line 40002 holds a zero",
        "sed",
    ),
    "neither": (b"a,b\n\x81\xff,2\n", {}, "neither in UTF-8", "--encoding"),
    "separators": (",,\n,,\n", {}, "is empty", "!ls -l"),
    "footer": ("a,b\n1,2\n3,4\nTotal\n", {}, "line 4 has 1 field", "!sed -n 4p"),
    "page": ("<!DOCTYPE html><html>", {}, "a page", "head"),
    "pickle": (b"\x80\x04\x95.", {}, "is a pickle", "to_parquet"),
    "decimal": ("a;b\n1;2\n", {"decimal": "12"}, "no mark in numbers", "--decimal ,"),
    "same marks": ("a;b\n1;2\n", {"decimal": ";", "sep": ";"}, "something else too", "--sep"),
    "no line": ("a;b\n1;2\n", {"header": 9}, "--header 9 is no line", "--header 1"),
    "coded": ("a,b\n1,2\n", {"encoding": "base64"}, "unknown encoding", "--encoding"),
    "after a long cell": ('a,b\n"x\ny",2\n1\n', {}, "line 4 has 1 field", "!sed -n 4p"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused_with_a_line_to_try(case, read):
    body, options, what, try_ = REFUSED[case]
    with pytest.raises(errors.DataError) as caught:
        read(body, **options)
    assert what in caught.value.what
    assert try_ in caught.value.try_
    assert len(caught.value.lines()) == 3


def test_what_is_tried_works(read):
    body = "größe;a\n1;2\n".encode("latin-1")
    assert list(read(body, encoding="latin-1", sep=";").columns) == ["größe", "a"]
    assert list(read("a\tb\n1\t2\n", sep=r"\t").columns) == ["a", "b"]


# body, what the user says, the columns that come of it, words of the notes
REPAIRED = {
    "separator": ("a;b\n1;x\n", {}, {"a": [1], "b": ["x"]}, ["--sep ';'"]),
    "comma": ("a;b\nx;1,5\ny;-2,75\n", {}, {"b": [1.5, -2.75]}, ["--sep ';' --decimal ,"]),
    "comma and dots": ("a;b\n1.500,5;1,250\n2.750;3,100\n", {}, {"a": [1500.5, 2750.0], "b": [1.25, 3.1]}, ["--decimal ,"]),
    "thousands": ('a,b\n"1,500.5",x\n"2,750",y\n', {}, {"a": [1500.5, 2750.0]}, ["--thousands ,"]),
    "either": ("a;b\nx;1,500\ny;2,750\n", {}, {"b": ["1,500", "2,750"]}, ["--decimal , or --thousands ,"]),
    "disagreeing": ('a;b;c\n1,5;"1,234.5";0.5\n', {}, {"a": ["1,5"], "b": ["1,234.5"]}, ["'a' is read as text", "'b' is"]),
    "decimal said": ("a;b\n1,500;x\n", {"decimal": ","}, {"a": [1.5]}, ["--sep"]),
    "thousands said": ('a\n"1,500"\n', {"thousands": ","}, {"a": [1500]}, []),
    "Latin": ("größe\n1\n".encode("latin-1"), {}, {"größe": [1]}, ["--encoding cp1252"]),
    "late Latin": (b"a,b\n" + b"1,2\n" * 30_000 + b"\xe4,1\n", {"missing": ("1",)}, {}, ["--encoding cp1252"]),
    "UTF-16": ("a,b\n1,ä\n".encode("utf-16"), {}, {"b": ["ä"]}, []),
    "UTF-16 unmarked": ("a,b\n1,2\n".encode("utf-16-be"), {}, {"b": [2]}, ["--encoding utf-16-be"]),
    "UTF-32": ("a,b\n1,2\n".encode("utf-32"), {}, {"b": [2]}, []),
    "index": (",b\n0,2\n1,3\n", {}, {"b": [2, 3]}, ["counts the rows: left out"]),
    "index twice": ("Unnamed: 0,b\n1,2\n2,3\n", {}, {"b": [2, 3]}, ["counts the rows: left out"]),
    "no index": (",b\n7,2\n1,3\n", {}, {"column_1": [7, 1], "b": [2, 3]}, ["called 'column_1'"]),
    "blank name": ("a,,c\n1,2,3\n", {}, {"column_2": [2]}, ["called 'column_2'"]),
    "blank name taken": ("column_2,,c\n1,2,3\n", {}, {"column_2": [1], "column_2_": [2]}, []),
    "trailing": ("a,b,\n1,2,\n3,4,\n", {}, {"a": [1, 3], "b": [2, 4]}, []),
    "trailing in rows": ("a,b\n1,2,\n3,4,\n", {}, {"a": [1, 3], "b": [2, 4]}, []),
    "title": ("Report of 2024\n\nid,b\n1,x\n2,y\n", {}, {"id": [1, 2]}, ["--header 3"]),
    "padded title": ("Report of 2024;;\nAll;1;\n;;\nid;b;c\n1;x;\n2;y;4\n", {}, {"id": [1, 2]}, ["--header 4"]),
    "padded by names": ("id,,\n1,2,3\na,b,c\n", {}, {"id": ["1", "a"]}, ["'column_2'"]),
    "comments": ("# us\n# monday, 3\nid,b\n1,x\n", {}, {"id": [1]}, ["--header 3"]),
    "no comment": ("#id,b\n1,x\n", {}, {"#id": [1]}, []),
    "header said": ("x\na,b\n1,2\n", {"header": 2}, {"a": [1], "b": [2]}, []),
    "no header": ("1,2\n3,4\n", {"header": 0}, {"column_1": [1, 3], "column_2": [2, 4]}, []),
    "header of numbers": ("1,2\n3,4\n", {}, {"1": [3], "2": [4]}, ["--header 0"]),
    "years": ("2023,2024\n3,4\n", {}, {"2023": [3], "2024": [4]}, []),
    "header again": ("a,b\n1,x\na,b\n3,z\n", {}, {"a": [1, 3], "b": ["x", "z"]}, ["1 row that repeats"]),
    "zeros": ("zip,b\n01234,1\n12345,2\n", {}, {"zip": ["01234", "12345"]}, ["'zip' is kept as text"]),
    "zeros and gaps": ("zip,b\n01234,1\n,2\n", {}, {"zip": ["01234", None]}, ["'zip' is kept as text"]),
    "long numbers": ("a,b\n12345678901234567890123,1\n1,2\n", {}, {"a": ["12345678901234567890123", "1"]}, ["too long"]),
    "numbers and gaps": ("a,b\n9007199254740993,1\n,2\n", {}, {"a": [9007199254740993, None]}, []),
    "words": ("a,b\nNA,1\nDE,2\nnull,3\n", {}, {"a": [None, "DE", None]}, ["'NA' in 'a'", "'null' in 'a'"]),
    "words kept": ("a,b\nNA,1\n-,2\n", {"missing": ("-",)}, {"a": ["NA", None]}, []),
    "?": ("a,b\n1,x\n?,y\n- ,z\n", {}, {"a": [1.0, None, None]}, ["'?', '- ' in 'a'"]),
    "? among words": ("a,b\nx,1\n?,2\n", {}, {"a": ["x", "?"]}, []),
    "some words": ("a,b\n" + "1,2\n" * 9 + "oops,3\n", {}, {}, ["1 of its 10 values is no number ('oops'); --missing oops"]),
    "percent": ("p,b\n5%,1\n7%,2\n", {}, {"p": ["5%", "7%"]}, ["money or percent"]),
    "day first": ("d,b\n31.12.1600,1\n1.2.2020,2\n", {}, {"d": [pd.Timestamp("1600-12-31"), pd.Timestamp("2020-02-01")]}, ["day first"]),
    "month first": ("d,b\n01/02/2020,1\n12/31/2020,2\n", {}, {"d": [pd.Timestamp("2020-01-02"), pd.Timestamp("2020-12-31")]}, ["month first"]),
    "day or month": ("d,b\n01/02/2020,1\n", {}, {"d": ["01/02/2020"]}, ["day or the month"]),
    "verbatim": ("zip,d\n 12,NA\n", {"verbatim": ("zip", "d")}, {"zip": ["12"], "d": ["NA"]}, []),
    "spaces": ("a,b\n1 ,2\n3,4 \n", {}, {"a": [1, 3], "b": [2, 4]}, []),
    "odd names": ("😀,class,__class__,=cmd|\n1,2,3,4\n", {}, {"😀": [1], "=cmd|": [4]}, []),
    "old Mac": (b"a,b\r1,2\r3,4\r", {}, {"a": [1, 3], "b": [2, 4]}, []),
}  # fmt: skip


@pytest.mark.parametrize("case", REPAIRED)
def test_what_is_safe_is_repaired_and_said(case, source):
    body, options, columns, words = REPAIRED[case]
    frame, notes = source(body, **options)
    for name, values in columns.items():
        assert frame[name].astype(object).where(frame[name].notna(), None).tolist() == values
    for word in words:
        assert any(word in note for note in notes), notes
    assert bool(notes) == bool(words) or case == "blank name taken"


@pytest.mark.parametrize(
    ("asked", "column", "values"),
    [
        ({"decimal": ","}, "b", [1.5, 2.75]),
        ({"thousands": ","}, "b", [1500, 2750]),
        ({"verbatim": ("b",)}, "b", ["1,500", "2,750"]),
    ],
)
def test_what_a_note_proposes_works(asked, column, values, source):
    assert source("a;b\nx;1,500\ny;2,750\n", **asked).frame[column].tolist() == values


def test_parquet_comes_back_as_it_was(read):
    frame = pd.DataFrame(
        {"x": [1.5, np.nan], "s": ["a", None], "d": pd.to_datetime(["2020", "2021"])}
    )
    body = io.BytesIO()
    frame.to_parquet(body)
    pd.testing.assert_frame_equal(read(body.getvalue()), frame)


def test_a_named_index_in_parquet_becomes_a_column(read):
    body = io.BytesIO()
    pd.DataFrame({"x": [1]}, index=pd.Index(["k"], name="key")).to_parquet(body)
    assert list(read(body.getvalue()).columns) == ["key", "x"]


cells = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)


@settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    rows=st.lists(st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=4),
    sep=st.sampled_from(SEPARATORS),
)
def test_any_text_is_read_or_refused_in_three_lines(rows, sep, read):
    file = io.StringIO()
    csv.writer(file, delimiter=sep).writerows([["a", "b", "c"], *rows])
    try:
        assert read(file.getvalue(), sep=sep).shape[1] == 3
    except errors.DataError as error:
        assert len(error.lines()) <= 3


@settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(body=st.binary(max_size=200))
@example(body=b"\r\x01")
@example(body=b"a,b\r1,2\r")
@example(body=b"\x01\n\t\x01")
def test_any_bytes_are_read_or_refused_in_three_lines(body, read):
    try:
        assert len(read(body))
    except errors.DataError as error:
        assert len(error.lines()) <= 3
