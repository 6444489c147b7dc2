"""Numbers, sizes, durations and words as people read them."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiaas_magics.cards import style

numbers = st.none() | st.booleans() | st.integers() | st.floats()
PLAIN = re.compile(r"–|True|False|-?\d{1,3}(,\d{3})*(\.\d+)?|-?\d+(\.\d+)?e[+-]\d+")


@given(numbers)
def test_a_number_reads_as_a_number(value):
    assert PLAIN.fullmatch(style.number(value))


@given(st.floats(-1e300, 1e300))
def test_a_number_shows_the_value_it_stands_for(value):
    shown = float(style.number(value).replace(",", ""))
    assert math.isclose(shown, value, rel_tol=6e-3, abs_tol=1e-300)


@given(st.none() | st.floats() | st.integers(-(10**12), 10**12))
def test_a_measure_reads_as_a_number(value):
    shown = style.measure(value)
    assert PLAIN.fullmatch(shown)
    assert not shown.startswith(("-0.000", "1000."))


@given(st.integers(0, 2**63))
def test_a_size_has_at_most_three_digits_before_its_unit_grows(count):
    shown = re.fullmatch(r"(\d{1,3}(?:,\d{3})*)(?:\.\d)? (B|kB|MB|GB)", style.size(count))
    assert shown
    assert len(shown[1]) <= 3 or shown[2] == "GB"


@given(st.none() | st.floats())
def test_a_duration_never_names_sixty_of_a_unit(seconds):
    shown = style.duration(seconds)
    assert re.fullmatch(r"–|\d{1,3} ms|[\d.]+ s|\d+ min \d+ s|[\d,]+ h \d+ min", shown)
    assert not re.search(r"\b60(\.0)? (s|min)\b|^1000 ms", shown)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"), (1_234_567, "1,234,567"), (0.1 + 0.2, "0.3"), (12.3456, "12.35"),
        (9999.7, "10,000"), (123456.7, "123,457"), (2e9, "2e+09"), (-0.0, "0"), (True, "True"),
        (float("nan"), "–"), (float("-inf"), "–"), (None, "–"), ("text", "text"),
    ],
)  # fmt: skip
def test_numbers(value, shown):
    assert style.number(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(0.123456, "0.123"), (12.3456, "12.3"), (999.7, "1,000"), (7, "7")]
)
def test_three_digits_in_docs_mode(docs_mode, value, shown):
    assert style.number(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.97345, "0.973"), (999.9999, "1,000"), (2859.7, "2,860"), (-1e-6, "0.000")],
)
def test_measures(value, shown):
    assert style.measure(value) == shown


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (999_999, "1.0 MB"), (10**13, "10,000.0 GB")],
)
def test_sizes(count, shown):
    assert style.size(count) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-1.0, "0 ms"), (0.0125, "12 ms"), (0.9999, "1.0 s"), (59.97, "1 min 0 s"),
        (61, "1 min 1 s"), (3600, "1 h 0 min"), (10**7, "2,777 h 46 min"),
    ],
)  # fmt: skip
def test_durations(seconds, shown):
    assert style.duration(seconds) == shown


@pytest.mark.parametrize(
    ("count", "shown"), [(0, "0 rows"), (1, "1 row"), (2, "2 rows"), (1234, "1,234 rows")]
)
def test_plurals(count, shown):
    assert style.plural(count, "row") == shown


@given(st.text())
def test_one_line_is_one_line_and_short(text):
    shown = style.one_line(text, most=20)
    assert len(shown) <= 20
    assert len(shown.splitlines()) <= 1


@pytest.mark.parametrize(
    ("moment", "docs", "shown"),
    [(None, False, r""), (0.0, True, r""), (1e9, False, r"2001-09-0[89] \d\d:\d\d:\d\d")],
)
def test_a_moment_is_read_off_the_wall_and_hidden_in_docs(moment, docs, shown):
    style.set_docs_mode(docs)
    try:
        assert re.fullmatch(shown, style.when(moment))
    finally:
        style.set_docs_mode(False)
