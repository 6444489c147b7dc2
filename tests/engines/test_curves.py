"""The pictures of an evaluation say what is so."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiaas_magics.engines import curves
from aiaas_magics.engines.measuring import Outcome


def calibration(sure, truth):
    proba = np.column_stack([1 - np.array(sure), sure])
    drawn, _ = curves.of_classes(
        Outcome(np.array(truth), proba.argmax(axis=1), proba, 2), ["no", "yes"]
    )
    return next(chart for chart in drawn if chart.name == "calibration")


@pytest.mark.parametrize("sort", [False, True])
def test_a_guess_that_is_right_on_average_is_calibrated(sort):
    truth = np.tile([0, 1], 50)
    found = calibration(np.full(100, 0.5), np.sort(truth) if sort else truth)
    assert found.text == "expected calibration error: 0.000"
    assert found.spec["data"]["values"] == [{"x": 0.5, "y": 0.5, "line": "model"}]


def test_distinct_probabilities_make_ten_bins_of_equally_many_rows():
    truth = np.tile([0, 1], 50)
    assert [len(b) for b in curves._bins(np.linspace(0, 1, 100))] == [10] * 10
    assert len(calibration(np.linspace(0, 1, 100), truth).spec["data"]["values"]) == 10


@given(st.lists(st.integers(0, 30), min_size=1, max_size=60))
def test_bins_hold_every_row_once_and_never_cut_a_tie(values):
    bins = curves._bins(np.array(values))
    assert sorted(np.concatenate(bins).tolist()) == list(range(len(values)))
    held = [{values[row] for row in rows} for rows in bins]
    assert sum(map(len, held)) == len(set(values))
    assert 1 <= len(bins) <= curves.BINS
