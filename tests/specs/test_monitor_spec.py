"""What may be asked of an endpoint's past."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiaas_magics import errors
from aiaas_magics.specs.monitor import MonitorSpec, Window, spoken, window_of


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("90s", Window(seconds=90.0)), ("15m", Window(seconds=900.0)), ("1h", Window(seconds=3600.0)),
        ("1.5h", Window(seconds=5400.0)), ("7d", Window(seconds=604800.0)), ("1000", Window(rows=1000)),
    ],
)  # fmt: skip
def test_a_window_is_a_time_or_rows(text, window):
    assert window_of(text) == window


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1h", "the last hour"), ("15m", "the last 15 minutes"), ("1.5h", "the last 1.5 hours"), ("7 d", "the last 7 days"),
        ("1000", "the minutes of the last 1,000 rows"),
    ],
)  # fmt: skip
def test_a_window_is_told_in_words(text, words):
    assert spoken(text) == words


@pytest.mark.parametrize(
    "text", ["", "h", "10", "-1h", "8d", "0s", "1e3", "30.5", "2000000", "1 week"]
)
def test_what_is_no_window_is_refused(text):
    with pytest.raises(errors.SpecError) as refused:
        window_of(text)
    assert "--window" in refused.value.what


@given(st.text(max_size=30))
def test_any_word_is_a_window_or_refused(text):
    try:
        found = window_of(text)
    except errors.SpecError:
        return
    assert (found.seconds is None) != (found.rows is None)


@pytest.mark.parametrize(
    "words",
    [
        {"key": "id"}, {"every": 0.5}, {"every": 1e6}, {"failing": 2.0}, {"failing": -0.1}, {"slow": 0.0}, {"window": "soon"},
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(words):
    with pytest.raises(errors.SpecError):
        MonitorSpec(endpoint="api", **words)


def test_looking_for_ever_is_refused_where_outputs_must_be_the_same():
    with pytest.raises(errors.SpecError):
        MonitorSpec(endpoint="api", every=60.0).check_reproducible()
