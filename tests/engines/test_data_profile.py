"""Profiles: the role of a column, and numbers that pandas agrees with."""

import datetime as dt
import json

import msgspec
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiaas_magics.engines import bars
from aiaas_magics.engines import profile as profiling
from aiaas_magics.engines.modalities import text
from aiaas_magics.engines.profile import duplicates, profile, repeated, roles

PROSE = [f"order {i} came late and wet" for i in range(9)]


@pytest.mark.parametrize(
    ("values", "role"),
    [
        ([1, 2], "number"),
        ([1.5, None], "number"),
        ([True, False], "boolean"),
        (pd.array([True, None], dtype="boolean"), "boolean"),
        (pd.Categorical([True, False]), "category"),
        (["a", None], "category"),
        (pd.Categorical([1, 2]), "category"),
        (pd.to_datetime(["2020", None]), "date"),
        (PROSE, "text"),
        (["one text that is always the same"] * 9, "category"),
        (["two words"] * 3, "category"),
        (pd.Series([None, None], dtype="str"), "category"),
        ([None, None], "category"),
    ],
)
def test_a_role_is_found_out(values, role):
    assert roles(pd.DataFrame({"x": values})) == {"x": role}


def test_prose_can_be_declared():
    frame = pd.DataFrame({"x": ["short", "short"], "y": ["a", "b"]})
    assert roles(frame, ["x"]) == {"x": "text", "y": "category"}


def one(values, **options):
    frame = pd.DataFrame({"x": pd.Series(values, **options)})
    return profile(frame, roles(frame))[0]


@pytest.mark.parametrize("dtype", ["int64", "Int64", "float32", "uint8", "int64[pyarrow]"])
def test_numbers_are_those_of_pandas(dtype):
    column = pd.Series([3, 1, 1, 7], dtype=dtype)
    found = one(column)
    assert (found.low, found.high, found.distinct, found.missing) == (1, 7, 3, 0)
    assert (found.mean, found.std) == pytest.approx((column.mean(), column.std()))
    assert found.counts == (("1", 2), ("3", 1), ("7", 1))


@pytest.mark.parametrize(("shift", "mean"), [(0, 0.0), (1e-6, 1e-6)])
def test_a_mean_that_is_rounding_only_is_nought(shift, mean):
    values = np.linspace(-0.3, 0.3, 301) + 1e-17
    assert one(values - values.mean() + shift).mean == pytest.approx(mean, rel=1e-6, abs=0)


def test_whole_numbers_stay_exact():
    found = one([2**63 - 1, 2**63 - 2])
    assert (found.low, found.high) == (2**63 - 2, 2**63 - 1)


def test_text_is_described_by_its_words():
    found = one(PROSE)
    assert (found.distinct, found.mean, found.counts) == (9, 6.0, (("6 words", 9),))


@given(st.lists(st.text(st.characters(codec="utf-8", max_codepoint=0x3100)), max_size=20))
def test_words_are_those_of_python(values):
    spaced = [*values, *map("\u00a0x\u2003".join, zip(values, values, strict=True))]
    assert text._words(pd.Series(spaced, dtype="str")).tolist() == [len(v.split()) for v in spaced]


def test_dates_are_described_by_first_and_last():
    found = one(pd.date_range("2020-01-01", "2020-12-31", tz="UTC"))
    assert (found.low, found.high) == ("2020-01-01T00:00:00+00:00", "2020-12-31T00:00:00+00:00")
    assert found.counts[0][0].startswith("2020-01-01 to 2020-02-")


def test_many_categories_end_in_one_bar():
    found = one([f"c{i:02}" for i in range(30)] + ["c07"])
    assert (found.distinct, len(found.counts)) == (30, 20)
    assert (found.counts[0], found.counts[-1]) == (("c07", 2), ("11 others", 11))


def test_unused_categories_do_not_count():
    assert one(pd.Categorical(["a"], categories=["a", "b"])).counts == (("a", 1),)


@given(st.lists(st.floats(width=64), max_size=50))
def test_any_floats_have_a_profile_that_is_json(values):
    found = one(values, dtype="float64")
    json.dumps(msgspec.to_builtins(found), allow_nan=False)
    assert found.distinct == pd.Series(values, dtype="float64").nunique()
    finite = np.isfinite(values).sum() if values else 0
    assert sum(n for _, n in found.counts) in (0, finite)


@given(st.lists(st.datetimes(dt.datetime.min, dt.datetime.max), min_size=1, max_size=20))  # noqa: DTZ901
def test_any_dates_have_a_histogram(values):
    found = one(pd.Series(values, dtype="datetime64[us]"))
    assert sum(n for _, n in found.counts) == len(values)


@pytest.mark.parametrize("edges", [[0, 0.5, 1], [1e9, 1e9 + 1, 1e9 + 2], [1.0, np.nextafter(1, 2)]])
def test_labels_take_the_digits_they_need(edges):
    found = bars.labels(edges)
    assert len(set(" to ".join(found).split(" to "))) == len(edges)


@pytest.mark.parametrize(
    ("frame", "count"),
    [
        (pd.DataFrame({"x": [1, 1, 2], "y": ["a", "a", "a"]}), 1),
        (pd.DataFrame({"x": [1, 1, 2], "id": [1, 2, 3]}), 0),
        (pd.DataFrame({"x": [None, None], "y": [np.nan, np.nan]}), 1),
        (pd.DataFrame({"x": [1, 1, 1, 1]}), 3),
        (pd.DataFrame({"x": []}), 0),
    ],
)
def test_repeated_rows_are_counted(frame, count):
    frame = frame.astype({name: "str" for name in frame if frame[name].dtype == object})
    assert duplicates(frame, profile(frame, roles(frame))) == count


def test_threads_find_what_one_finds(monkeypatch):
    monkeypatch.setattr(profiling, "LARGE", 1)
    frame = pd.DataFrame({f"x{i}": range(i, i + 9) for i in range(7)} | {"s": ["a"] * 9})
    told = []
    found = profile(frame, roles(frame), told.append, cores=3)
    assert found == profile(frame, roles(frame))
    assert told == list(range(1, 9))


def test_rows_that_may_repeat_are_told():
    frame = pd.DataFrame({"x": [1, 2, 1, 2, 1], "y": [1, 1, 1, 2, 2]})
    assert profiling.alike(frame).tolist() == [0, 2]
    assert profiling.repeated(frame).tolist() == [False, False, True, False, False]


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from("ab")), max_size=40))
def test_repeats_are_those_of_pandas(rows):
    frame = pd.DataFrame(rows, columns=["n", "s"]).astype({"n": "int64", "s": "str"})
    assert duplicates(frame, profile(frame, roles(frame))) == frame.duplicated().sum()


@pytest.mark.parametrize("columns", [1, 3, 4, 7])
@pytest.mark.parametrize("values", [1, 2, 50])
def test_rows_that_repeat_an_earlier_one_are_found(columns, values):
    rng = np.random.default_rng(values)
    table = pd.DataFrame(rng.integers(0, values, (200, columns)).astype("float64"))
    table = table.mask(table == 1).assign(word=rng.choice(["a", "b"], 200))
    pd.testing.assert_series_equal(repeated(table), table.duplicated())
