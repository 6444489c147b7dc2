"""CSV files: read as they are, or refused with the line to try."""

import csv
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from aiaas_magics import errors
from aiaas_magics.engines import sources

ROWS = "name{0}size{0}when\nAda{0}1.5{0}2020-01-01\nBob{0}{0}2021-12-31\n"


@pytest.fixture
def read(tmp_path):
    def read(body, **options):
        path = tmp_path / "a.csv"
        path.write_bytes(body.encode() if isinstance(body, str) else body)
        return sources.read(path, "a.csv", **options)

    return read


@pytest.mark.parametrize("sep", sources.SEPARATORS)
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
    with pytest.raises(errors.DataError, match="is empty"):
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
        (["01.02.2020", "02.02.2020"], "str"),
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
    "empty": ("", {}, "a.csv is empty", "ls -l a.csv"),
    "blank": ("\n  \n", {}, "a.csv is empty", "ls -l a.csv"),
    "header only": ("a,b\n", {}, "a header and no rows", "head a.csv"),
    "excel": (b"PK\x03\x04...", {}, "Excel", "pd.read_excel"),
    "gzip": (b"\x1f\x8b...", {}, "gzip", "gunzip a.csv"),
    "binary": (b"\x00\x01\x02,\x03\n", {}, "no text", "save it as CSV"),
    "broken Parquet": (b"PAR1 and nothing more", {}, "Parquet", "write it again"),
    "latin": ("größe\n1\n".encode("latin-1"), {}, "not written in UTF-8", "--encoding latin-1"),
    "late latin": (
        b"a,b\n" + b"1,2\n" * 30_000 + b"\xe4,1\n",
        {},
        "not written in UTF-8",
        "--encoding latin-1",
    ),
    "utf-16": ("a,b\n1,2\n".encode("utf-16"), {}, "UTF-16", "--encoding utf-16"),
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
    "same names": ("a,b,a\n1,2,3\n", {}, "two columns are named 'a'", "first line"),
    "no name": ("a,,c\n1,2,3\n", {}, "column 2 of 3 has no name", "first line"),
    "index": (",b\n0,2\n", {}, "column 1 of 2 has no name", "index=False"),
    "long row": ("a,b\n1,2\n3,4,5\n", {}, "line 3 has 3 fields", "sed -n 3p"),
    "long rows": ("a,b\n1,2,3\n4,5,6\n", {}, "line 2 has 3 fields", "sed -n 2p"),
    "short row": ("a,b\n1,2\n3\n", {}, "line 3 has 1 field", "sed -n 3p"),
    "late long row": ("a,b\n" + "1,2\n" * 200 + "1,2,3\n", {}, "line 202 has 3 fields", "sed"),
    "late short row": ("a,b\n" + "1,2\n" * 200 + "1\n", {}, "line 202 has 1 field", "sed"),
    "after a long cell": ('a,b\n"x\ny",2\n1\n', {}, "line 4 has 1 field", "sed -n 4p"),
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


def test_decimal_commas_are_noticed(read):
    frame = read("name;price;code\nx;1,5;1-2\ny;-2,75;3,4,5\n")
    assert sources.decimal_commas(frame) == ["price"]


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
    sep=st.sampled_from(sources.SEPARATORS),
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
def test_any_bytes_are_read_or_refused_in_three_lines(body, read):
    try:
        assert len(read(body))
    except errors.DataError as error:
        assert len(error.lines()) <= 3
