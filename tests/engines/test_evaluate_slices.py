"""Worst slices: the planted one is found, chance is not, and the intervals are the books'."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from aiaas_magics.engines import data
from aiaas_magics.engines.evaluation import slices
from aiaas_magics.engines.measuring import Outcome


def table(rows=600, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame({
        "age": rng.normal(40, 10, rows), "town": rng.choice(["ur", "uruk", "kish"], rows),
        "paid": rng.random(rows) < 0.5, "day": pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 300, rows), "D"),
        "gappy": np.where(rng.random(rows) < 0.3, np.nan, rng.normal(size=rows)),
    })  # fmt: skip


def calls(wrong):
    truth = np.zeros(len(wrong), int)
    return Outcome(truth, truth + np.asarray(wrong, int), None, 2)


def ask(X, outcome, **more):
    asked = {"most": 5, "confidence": 0.95, "seed": 0} | more
    return slices.found(X, data.roles(X, ()), outcome, **asked)


@pytest.mark.parametrize(
    ("where", "words"),
    [
        (lambda X: X["town"] == "uruk", "town = uruk"),
        (lambda X: X["gappy"].isna(), "gappy is missing"),
        (lambda X: ~X["paid"], "paid = False"),
        (lambda X: X["age"] >= X["age"].quantile(0.75, interpolation="lower"), "age >= "),
        (lambda X: X["day"] < X["day"].quantile(0.25, interpolation="lower"), "day < 2026-"),
        (lambda X: (X["town"] == "ur") & X["paid"], "town = ur and paid = True"),
    ],
)
def test_the_slice_that_was_made_worse_is_found(where, words):
    X = table()
    rate = np.where(where(X), 0.5, 0.03)
    found = ask(X, calls(np.random.default_rng(1).random(len(X)) < rate))
    first = found.grids[0].rows[0]
    assert first[0].startswith(words)
    assert first[1] == int(where(X).sum())
    assert first[-1] == "yes"
    assert found.findings[0].startswith(f"worst slice: {words}")


def test_larger_errors_of_numbers_are_found():
    X, rng = table(), np.random.default_rng(2)
    truth = rng.normal(size=len(X))
    wide = np.where(X["town"] == "kish", 4.0, 1.0)
    found = ask(X, Outcome(truth, truth + wide * rng.normal(size=len(X)), None, 0))
    words, _, mean, more, low, high, sure = found.grids[0].rows[0]
    assert (words, sure) == ("town = kish", "yes")
    assert 0 < low < more < high
    assert mean == pytest.approx(4 * np.sqrt(2 / np.pi), rel=0.2)


def test_chance_is_called_worse_as_seldom_as_the_level_says():
    alarms = 0
    for seed in range(60):
        X = table(300, seed)
        wrong = np.random.default_rng(seed + 1000).random(len(X)) < 0.2
        alarms += ask(X, calls(wrong), confidence=0.9).grids[0].rows[0][-1] == "yes"
    assert alarms <= 10  # at 5 % a one-sided alarm, 11 or more come once in 3,000 runs


def test_too_few_rows_are_no_slices():
    assert ask(table(30), calls(np.arange(30) % 2)).grids == ()


def test_prose_is_not_cut_up_and_few_numbers_are_values():
    texts = [f"word {i} and many more words of prose in it {i * 7}" for i in range(200)]
    X = pd.DataFrame({"text": texts, "stars": [1, 2, 3, 4] * 50})
    words = [each.words for each in slices.slices(X, {"text": "text", "stars": "number"})]
    assert words == [f"stars = {i}" for i in (1, 2, 3, 4)]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(st.none(), st.integers(-5, 5), st.floats(-1e3, 1e3)), min_size=1, max_size=80
    )
)
def test_quarters_and_gap_hold_every_row_once(values):
    column = pd.Series(values, dtype="float64")
    found = list(slices.slices(column.to_frame("a"), {"a": "number"}))
    inside = np.sum([each.inside for each in found], axis=0)
    few = column.nunique() <= slices.QUARTERS + 1
    assert (inside == 1).all() or (few and column.nunique() > slices.MOST_VALUES)


@pytest.mark.parametrize(
    ("hits", "size", "other", "others", "low", "high"),
    [
        (56, 70, 48, 80, 0.0524, 0.3339),
        (9, 10, 3, 10, 0.1705, 0.8090),
        (10, 10, 0, 10, 0.6075, 1.0),
    ],
)  # Newcombe 1998, table II, method 10
def test_differences_of_shares_are_newcombe_s(hits, size, other, others, low, high):
    numbers = (np.array([float(n)]) for n in (hits, size, other, others))
    more, lowest, highest = slices.newcombe(*numbers, 0.95)
    assert more[0] == pytest.approx(hits / size - other / others)
    assert (lowest[0], highest[0]) == (pytest.approx(low, abs=6e-5), pytest.approx(high, abs=6e-5))


def test_differences_of_means_are_welch_s():
    rng = np.random.default_rng(3)
    a, b = rng.normal(1, 2, 40), rng.normal(0, 1, 90)
    moments = [tuple(np.array([v]) for v in (x.sum(), (x**2).sum(), len(x))) for x in (a, b)]
    more, low, high = slices.welch(*moments, 0.9)
    oracle = stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.9)
    assert (low[0], high[0]) == (pytest.approx(oracle.low), pytest.approx(oracle.high))
    assert more[0] == pytest.approx(a.mean() - b.mean())


def test_of_a_large_table_a_sample_is_looked_at_and_told(monkeypatch):
    monkeypatch.setattr(slices, "MOST_ROWS", 400)
    grid = ask(table(), calls(np.arange(600) % 5 == 0)).grids[0]
    assert "in 400 of 600 rows" in grid.title
