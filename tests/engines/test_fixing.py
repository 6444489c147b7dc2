"""Text as people write numbers, dates and truth values: what is read, what is doubted, what is left."""

import datetime as dt
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiaas_magics.engines import fixing
from aiaas_magics.engines.fixing import Doubt, read, recognise
from aiaas_magics.predictors.reading import Reading, date, number

LOCALES = {
    "english": (",", "point"),
    "german": (".", "comma"),
    "french": ("\u202f", "comma"),
    "swiss": ("'", "point"),
    "plain": ("", "point"),
}
FORMS = ["{}", "€ {}", "{} €", "${}", "{} CHF", " {} ", "USD {}"]


def grouped(value, locale):
    group, mark = LOCALES[locale]
    text = f"{value:,.2f}".replace(",", "_")
    return text.replace(".", "," if mark == "comma" else ".").replace("_", group)


@given(
    st.decimals(-(10**9), 10**9, places=2), st.sampled_from(sorted(LOCALES)), st.sampled_from(FORMS)
)
def test_numbers_come_back_from_every_locale(value, locale, form):
    text = form.format(grouped(abs(value), locale))
    text = f"-{text.strip()}" if value < 0 else text
    assert number(text, LOCALES[locale][1]) == float(value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_what_python_writes_comes_back(value):
    assert number(repr(value), "point") == value


@given(st.text(max_size=20), st.sampled_from(["point", "comma"]))
def test_any_text_is_a_number_or_none(text, mark):
    found = number(text, mark)
    assert found is None or np.isfinite(found)


@pytest.mark.parametrize(
    ("text", "point", "comma"),
    [
        ("1.234,50 €", None, 1234.5),
        ("12,5 %", None, 0.125),
        ("12 %", 0.12, 0.12),
        ("(1,234.50)", -1234.5, None),
        ("−7", -7, -7),
        ("$-3", -3, -3),
        ("12,34,567", 1234567, None),
        ("1,234", 1234, 1.234),
        ("1e3", 1000, 1000),
        (".5", 0.5, None),
        ("12,3456", None, 12.3456),
        ("1.2.3", None, None),
        ("--5", None, None),
        ("-$-5", None, None),
        ("(5", None, None),
        ("1e999", None, None),
        ("inf", None, None),
        ("5 apples", None, None),
        ("0x10", None, None),
        ("", None, None),
    ],
)
def test_a_number_as_it_is_written(text, point, comma):
    assert number(text, "point") == pytest.approx(point)
    assert number(text, "comma") == pytest.approx(comma)


WRITTEN = {
    "%Y-%m-%d": "dmy", "%Y-%m-%dT%H:%M:%S": "mdy", "%Y/%m/%d %H:%M": "dmy", "%d.%m.%Y": "dmy",
    "%d.%m.%Y %H:%M:%S": "dmy", "%d/%m/%Y": "dmy", "%m/%d/%Y": "mdy", "%m-%d-%Y": "mdy",
    "%m/%d/%Y %I:%M %p": "mdy", "%d %b %Y": "mdy", "%B %d, %Y": "dmy", "%d-%b-%Y": "dmy",
    "%d. %B %Y %H:%M": "dmy",
}  # fmt: skip


@given(
    st.datetimes(*map(dt.datetime.fromisoformat, ("1900-01-01", "2100-01-01"))),
    st.sampled_from(sorted(WRITTEN)),
)
def test_dates_come_back_from_every_form(moment, form):
    written = moment.strftime(form)
    expected = pd.to_datetime(written, format=form).to_pydatetime()
    assert date(written, WRITTEN[form]) == (expected, False)


@given(st.text(max_size=30), st.sampled_from(["dmy", "mdy"]))
def test_any_text_is_a_date_or_none(text, order):
    found = date(text, order)
    assert found is None or isinstance(found[0], dt.datetime)


@pytest.mark.parametrize(
    "text",
    ["31.02.2026", "13/13/2026", "24.11.26", "20261124", "2026-11-24 25:00", "May", "99 Nov 2026",
     "24 Foo 2026", "1.2.3", "24.11.20266", "2026-11-24x", "0000-01-01"],
)  # fmt: skip
def test_what_is_no_date(text):
    assert date(text, "dmy") is None


@pytest.mark.parametrize(
    ("text", "hour"),
    [("2026-11-24T10:00Z", 10), ("2026-11-24 10:00+02:00", 8), ("24 Nov 2026 10:00 -0130", 11)],
)
def test_an_offset_makes_a_moment_of_utc(text, hour):
    moment, zoned = date(text, "dmy")
    assert (moment.hour, zoned) == (hour, True)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (["1.234,5", "2,5"], Reading("number", "comma")),
        (["1,5", "2.345"], Reading("number", "comma")),
        (["1", "2", "n/a", "-"], Reading("number", "point", whole=True)),
        (["0.123", "0.456"], Reading("number", "point")),
        (["Yes", "no "], Reading("boolean", "yes/no")),
        (["yes", "no", "maybe"], None),
        (["yes"], None),
        (["24.11.2026", "01.12.2026"], Reading("date", "dmy")),
        (["11/24/2026", "1/2/2026"], Reading("date", "mdy")),
        (["2026-11-24", "2026-01-02T10:00Z"], Reading("date", "dmy", zoned=True)),
        (["red", "blue"], None),
        (["1", "2", "x"], None),
        (["n/a", ""], None),
        ([], None),
    ],
)
def test_how_a_column_is_to_be_read(values, found):
    assert recognise(dict.fromkeys(values, 1)) == found


@pytest.mark.parametrize(
    ("values", "doubt", "says", "found"),
    [
        (["1.234", "5.678"], Doubt("1.234", "1.234", "1234", "--decimal"), {"decimal": "comma"}, "comma"),
        (["1,234", "5,678"], Doubt("1,234", "1234", "1.234", "--decimal"), {"decimal": "point"}, "point"),
        (
            ["1/1/2026", "1/2/2026"],
            Doubt("1/2/2026", "2026-02-01", "2026-01-02", "--date-order"),
            {"order": "mdy"},
            "mdy",
        ),
    ],
)  # fmt: skip
def test_what_can_be_read_in_two_ways_is_doubted(values, doubt, says, found):
    counts = dict.fromkeys(values, 1)
    assert recognise(counts) == doubt
    assert recognise(counts, **says).how == found


def test_rows_count_and_not_values():
    counts = {"1": 98, "two": 1, "three": 1}
    assert recognise(counts) == Reading("number", "point", whole=True)
    assert recognise({**counts, "1": 2}) is None
    assert recognise({**counts, "1": 2}, least=0.5).kind == "number"


@pytest.mark.parametrize(
    ("values", "named"),
    [(["007", "12"], True), (["1234567890123456"], True), (["0", "10"], False), (["0.5"], False)],
)
def test_codes_name_things(values, named):
    assert fixing.names_things(dict.fromkeys(values, 1)) is named


@pytest.mark.parametrize(
    ("values", "reading", "dtype", "made"),
    [
        (["1", "2"], Reading("number", "point", whole=True), "int64", [1, 2]),
        (["1", "x"], Reading("number", "point", whole=True), "float64", [1, None]),
        (["1", "2.5"], Reading("number", "point", whole=True), "float64", [1, 2.5]),
        (["yes", "NO"], Reading("boolean", "yes/no"), "bool", [True, False]),
        (["yes", "perhaps"], Reading("boolean", "yes/no"), "float64", [1, None]),
        (["1.2.2026", "soon"], Reading("date", "dmy"), "datetime64[us]", [pd.Timestamp("2026-02-01"), None]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["str", "category", object])
def test_a_column_is_read(values, reading, dtype, made, kind):
    found = read(pd.Series(values, dtype=kind), reading)
    assert found.dtype == dtype
    assert [None if pd.isna(v) else v for v in found] == made


def test_what_is_no_text_stays():
    column = pd.Series([1.5, 2])
    assert read(column, Reading("number", "comma")) is column


def test_moments_are_on_the_clock_of_utc():
    found = read(pd.Series(["2026-01-01T02:00+02:00"]), Reading("date", "dmy", zoned=True))
    assert found.tolist() == [pd.Timestamp("2026-01-01", tz="UTC")]


def test_it_needs_no_scikit_learn():
    script = "import sys, aiaas_magics.engines.fixing; print('sklearn' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert out.stdout.strip() == "False"
