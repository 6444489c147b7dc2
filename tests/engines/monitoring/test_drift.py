"""Drift: SciPy is the oracle, and chance is no drift."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from aiaas_magics.engines.monitoring import drift, reference
from aiaas_magics.gauges.binning import Binning
from aiaas_magics.specs.reference import Reference, Series

PREDICTION = Series(name="prediction", kind="number")


def cut(values, most=64):
    return Series(
        name="x", kind="number", edges=reference.edges_of(np.asarray(values, float), most)
    )


def binned(series, values):
    """Return the cells' counts of a column's values."""
    known = Reference(
        model="m@1", task="regression", rows=1, features=(series,), answers=(PREDICTION,)
    )
    binning = Binning(known)
    codes = np.column_stack([np.asarray(values, float), np.zeros(len(values))])
    return binning.part(binning.count(codes), 0)[0]


@given(
    st.lists(st.integers(0, 40), min_size=2, max_size=200),
    st.lists(st.integers(-5, 45), min_size=2, max_size=200),
)
def test_of_few_values_distance_and_p_are_scipys(before, now):
    series = cut([*before, *now])
    distance, p = drift.numbers(binned(series, before), binned(series, now))
    oracle = stats.ks_2samp(before, now, method="asymp")
    assert distance == pytest.approx(oracle.statistic)
    assert p == pytest.approx(oracle.pvalue, abs=1e-9)


@given(st.integers(0, 1000), st.floats(-1, 1))
def test_of_many_values_the_distance_is_a_little_smaller(seed, shift):
    rng = np.random.default_rng(seed)
    before, now = rng.normal(size=1000), rng.normal(shift, size=300)
    distance, p = drift.numbers(*(binned(cut(before), part) for part in (before, now)))
    oracle = stats.ks_2samp(before, now, method="asymp")
    assert oracle.statistic - 2 / 64 <= distance <= oracle.statistic + 1e-12
    assert p >= oracle.pvalue - 1e-12


@given(st.lists(st.tuples(st.integers(60, 300), st.integers(60, 300)), min_size=3, max_size=8))
def test_of_frequent_categories_p_is_scipys(pairs):
    before, now = np.array(pairs).T
    moved, p = drift.categories(before, now)
    assert p == pytest.approx(stats.chi2_contingency([before, now], correction=False).pvalue)
    assert moved == pytest.approx(np.abs(before / before.sum() - now / now.sum()).sum() / 2)


@given(
    st.lists(st.integers(0, 300), min_size=2, max_size=2),
    st.lists(st.integers(1, 99), min_size=2, max_size=2),
)
def test_of_two_categories_p_is_that_of_fishers_exact_test(before, now):
    before = np.array(before) + 1
    found = drift.categories(before, np.array(now))[1]
    assert found == pytest.approx(stats.fisher_exact([before, now]).pvalue)


@given(
    st.lists(st.integers(0, 40), min_size=2, max_size=200),
    st.lists(st.integers(-5, 45), min_size=2, max_size=200),
)
def test_of_dates_that_became_older_distance_and_p_are_scipys(before, now):
    series = cut([*before, *now])
    distance, p = drift.older(binned(series, before), binned(series, now))
    oracle = stats.ks_2samp(before, now, alternative="less", method="asymp")
    assert distance == pytest.approx(oracle.statistic)
    assert p == pytest.approx(oracle.pvalue, abs=1e-9)


def dated(days):
    """Return the drift of a column of dates, given in days from the middle of those of the training, one a day."""
    rng = np.random.default_rng(0)
    edges = cut(np.arange(400) * 86400.0).edges
    series = Series(name="on", kind="date", edges=edges)
    bare = Reference(
        model="m@1", task="regression", rows=1, features=(series,), answers=(PREDICTION,)
    )
    then = rng.integers(0, 400, 1000) * 86400.0
    binning = Binning(reference._counted(bare, then.reshape(-1, 1), None))
    now = (rng.integers(0, 400, 300) + days) * 86400.0
    counts = binning.count(np.column_stack([now, np.zeros(300)]))
    there = binning.count(np.column_stack([then, np.zeros(1000)]))
    return drift.compare(binning, counts)[0], drift.compared(binning, counts, there)[0]


@pytest.mark.parametrize("days", [0, 30, 1000])
def test_dates_that_go_on_with_time_are_no_drift(days):
    assert not dated(days)[0].drifted


def test_dates_that_became_older_are_drift():
    assert dated(-80)[0].drifted


@pytest.mark.parametrize(("days", "drifted"), [(0, False), (80, True), (-80, True)])
def test_between_versions_of_one_time_dates_drift_both_ways(days, drifted):
    assert dated(days)[1].drifted == drifted


def test_rare_categories_are_taken_together():
    before = np.array([500, 480, 40, 10, 8, 6, 5, 1])
    now = np.array([50, 49, 3, 2, 0, 1, 0, 0])
    merged = np.array([[500, 480, 70], [50, 49, 6]])
    expected = stats.chi2_contingency(merged, correction=False).pvalue
    assert drift.categories(before, now)[1] == pytest.approx(expected)


def test_one_category_only_is_no_drift():
    assert drift.categories(np.array([100, 0]), np.array([40, 0])) == (0.0, 1.0)


def known(rows=2000, seed=0, features=5, gaps=0.0):
    """Return a reference of normal columns, its binning, and a function that draws windows like it."""
    rng = np.random.default_rng(seed)
    columns = [
        Series(name=f"x{i}", kind="number", edges=cut(rng.normal(size=rows)).edges)
        for i in range(features)
    ]
    bare = Reference(
        model="m@1", task="regression", rows=rows, features=tuple(columns), answers=(PREDICTION,)
    )

    def draw(n, *, shift=0.0, gaps=gaps):
        X = rng.normal(size=(n, features))
        X[:, 0] += shift
        X[rng.random(X.shape) < gaps] = np.nan
        return X

    made = reference._counted(bare, draw(rows), None)
    return Binning(made), draw


def look(binning, X):
    return drift.compare(binning, binning.count(np.column_stack([X, np.zeros(len(X))])))


def test_a_column_that_moved_is_found_and_no_other():
    binning, draw = known()
    found = look(binning, draw(500, shift=0.5))
    assert [each.series.name for each in found if each.drifted] == ["x0"]
    assert found[0].effect == pytest.approx(0.2, abs=0.06)


@pytest.mark.parametrize("rows", [100, 500, 5000])
def test_what_has_not_moved_raises_no_alarm(rows):
    binning, draw = known()
    alarms = sum(any(each.drifted for each in look(binning, draw(rows))) for _ in range(60))
    assert alarms <= 3


def test_a_large_window_tells_a_small_effect_but_does_not_call_it_drift():
    binning, draw = known(rows=50_000)
    moved = look(binning, draw(20_000, shift=0.1))[0]
    assert moved.p < drift.ALPHA
    assert not moved.drifted


def test_gaps_that_come_are_told():
    binning, draw = known(gaps=0.02)
    assert not any(each.gaps for each in look(binning, draw(300)))
    found = look(binning, draw(300, gaps=0.2))
    assert all(each.gaps for each in found[:-1])
    assert found[0].missing == pytest.approx(0.2, abs=0.08)


def test_too_few_rows_are_not_tested():
    binning, draw = known()
    found = look(binning, draw(drift.FEWEST - 1, shift=9.0))
    assert all(each.p is None and not each.drifted for each in found)


def test_answers_without_a_reference_are_compared_with_nothing():
    binning, draw = known()
    assert look(binning, draw(500))[-1].p is None


def test_p_values_are_corrected_for_all_tests_of_the_window():
    binning, draw = known()
    X = draw(500, shift=0.3)
    alone = drift.numbers(
        np.array(binning.reference.features[0].counts),
        binned(binning.reference.features[0], X[:, 0]),
    )[1]
    assert look(binning, X)[0].p == pytest.approx(min(1.0, 5 * alone), rel=0.9)
    assert look(binning, X)[0].p > alone


def test_two_windows_are_compared_with_each_other():
    binning, draw = known()
    one, two = (
        binning.count(np.column_stack([draw(500, shift=s), np.zeros(500)])) for s in (0, 1.0)
    )
    assert drift.compared(binning, two, one)[0].drifted
    assert not drift.compared(binning, one, one)[0].drifted


def test_the_middle_and_the_category_that_moved_are_told():
    series = cut([1, 2, 3, 4])
    assert drift.quantile(series, [1, 1, 8, 0, 0]) == 3
    assert drift.quantile(series, [0, 0, 0, 0, 0]) is None
    towns = Series(name="t", kind="category", values=("Graz", "Linz"))
    assert drift.moved_most(towns, np.array([5, 5, 0]), np.array([8, 1, 1])) == ("Linz", 0.5, 0.1)
