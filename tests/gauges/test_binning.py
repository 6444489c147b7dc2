"""Values become codes, codes become counts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiaas_magics.gauges.binning import Binning
from aiaas_magics.specs.reference import HASHES, Reference, Series


def one(series):
    """Return a binning of one column and a prediction of a number."""
    answers = (Series(name="prediction", kind="number"),)
    return Binning(
        Reference(model="m@1", task="regression", rows=1, features=(series,), answers=answers)
    )


def cells(series, values):
    binning = one(series)
    codes = np.column_stack([binning.features({series.name: values}), np.zeros(len(values))])
    return binning.part(binning.count(codes), 0)


def test_a_number_lies_below_the_edge_it_reaches(reference):
    counts, extras = cells(reference.features[0], [5, 10, 10.5, 30, 31, None])
    assert counts.tolist() == [2, 1, 1, 1]
    assert extras == {"missing": 1, "low": 0, "high": 0}


def test_a_number_out_of_range_is_counted_beside_its_cell(reference):
    counts, extras = cells(reference.features[0], [-1, 51, 50, 0])
    assert counts.tolist() == [2, 0, 0, 2]
    assert extras == {"missing": 0, "low": 1, "high": 1}


def test_categories_have_a_cell_each_and_one_for_all_others(reference):
    counts, extras = cells(reference.features[1], ["Graz", "Linz", "Wien", None, "graz"])
    assert counts.tolist() == [1, 1, 2]
    assert extras["missing"] == 1


def test_a_date_is_what_the_clock_on_the_wall_shows(reference):
    shown = ["1970-01-01T23:00:00+05:00", "1970-01-02T01:00:00"]
    assert cells(reference.features[2], shown)[0].tolist() == [1, 1]


def test_a_truth_value_is_a_category():
    series = Series(name="b", kind="category", values=(False, True))
    assert cells(series, [True, False, True])[0].tolist() == [1, 2, 0]


@given(st.lists(st.text() | st.none(), min_size=1, max_size=20))
def test_any_text_has_a_cell(values):
    counts, extras = cells(Series(name="t", kind="text"), values)
    assert len(counts) == HASHES
    assert counts.sum() + extras["missing"] == len(values)


@given(
    st.lists(st.floats(allow_nan=False, width=32), max_size=6, unique=True).map(sorted),
    st.lists(st.floats(allow_nan=False, width=32) | st.none(), min_size=1, max_size=30),
)
def test_every_number_is_in_one_cell_by_its_edges(edges, values):
    counts, extras = cells(Series(name="x", kind="number", edges=tuple(edges)), values)
    known = np.array([v for v in values if v is not None])
    for i, edge in enumerate(edges):
        assert counts[: i + 1].sum() == (known <= edge).sum()
    assert counts.sum() + extras["missing"] == len(values)


def test_of_two_classes_the_last_ones_probability_counts(reference):
    labels, proba = np.array(["yes", "no", "maybe"]), np.array([[0.2, 0.8], [0.9, 0.1], [0.5, 0.5]])
    codes = Binning(reference).answers(labels, proba)
    assert codes.tolist() == [[1, 0.8], [0, 0.1], [2, 0.5]]


def test_probabilities_that_nobody_asked_for_are_gaps(reference):
    codes = Binning(reference).answers(np.array(["yes"]), None)
    assert codes[0, 0] == 1
    assert np.isnan(codes[0, 1])


@pytest.mark.parametrize(
    "labels", [np.array([1, 0]), np.array([1.0, 0.0]), np.array([True, False])]
)
def test_labels_are_known_by_value(labels):
    answers = (
        Series(name="prediction", kind="category", values=(0, 1)),
        Series(name="probability", kind="number"),
    )
    binning = Binning(
        Reference(model="m@1", task="classification", rows=1, features=(), answers=answers)
    )
    assert binning.answers(labels, None)[:, 0].tolist() == [1, 0]
