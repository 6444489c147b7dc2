"""The worst mistakes: the surest wrong calls and the largest errors, as the data's own rows."""

import numpy as np
import pandas as pd
import pytest

from aiaas_magics.engines.evaluation import mistakes
from aiaas_magics.engines.measuring import Outcome

X = pd.DataFrame({"a": [1.5, 2.5, np.nan, 4.5], "b": ["x" * 90, "<b>", None, "d"], "c": [1, 2, 3, 4]}, index=[7, 8, 9, 11])  # fmt: skip


def two(calls, sure):
    proba = np.array(
        [[p, 1 - p] if c == 0 else [1 - p, p] for c, p in zip(calls, sure, strict=True)]
    )
    return Outcome(np.zeros(4, int), np.array(calls), proba, 2)


def test_the_surest_wrong_call_comes_first():
    grid = mistakes.found(X, two([1, 0, 1, 1], [0.6, 0.9, 0.99, 0.7]), ["no", "yes"], most=2, columns=["a", "b"]).grids[0]  # fmt: skip
    assert grid.columns == ("row", "true", "predicted", "probability", "a", "b")
    assert [row[0] for row in grid.rows] == [9, 11]
    assert grid.rows[0][1:3] == ("no", "yes")
    assert grid.rows[0][3:] == (pytest.approx(0.99), None, None)


def test_of_three_classes_the_true_one_s_probability_is_told():
    outcome = Outcome(np.array([0]), np.array([2]), np.array([[0.3, 0.1, 0.6]]), 3)
    grid = mistakes.found(X.iloc[:1], outcome, ["p", "q", "r"], most=1, columns=[]).grids[0]
    assert dict(zip(grid.columns, grid.rows[0], strict=True))["of the true class"] == 0.3


def test_without_probabilities_wrong_calls_remain():
    outcome = two([1, 0, 1, 1], [0.6, 0.9, 0.99, 0.7])._replace(proba=None)
    grid = mistakes.found(X, outcome, ["no", "yes"], most=9, columns=["c"]).grids[0]
    assert [row[0] for row in grid.rows] == [7, 9, 11]
    assert grid.columns == ("row", "true", "predicted", "c")


def test_the_largest_error_comes_first_and_says_which_way():
    outcome = Outcome(np.array([1.0, 2, 3, 4]), np.array([1.0, 5, 2, 4]), None, 0)
    grid = mistakes.found(X, outcome, [], most=9, columns=["c"]).grids[0]
    assert [(row[0], row[3]) for row in grid.rows] == [(8, 3.0), (9, -1.0)]


def test_no_mistake_is_no_table():
    assert (
        mistakes.found(X, two([0] * 4, [1.0] * 4), ["no", "yes"], most=5, columns=["a"]).grids == ()
    )


def test_long_values_are_cut_and_a_column_called_row_stays_apart():
    frame = X.rename(columns={"b": "row"})
    grid = mistakes.found(frame, two([1] * 4, [0.9] * 4), ["no", "yes"], most=1, columns=["row"]).grids[0]  # fmt: skip
    assert grid.columns[-1] == "row (column)"
    assert len(grid.rows[0][-1]) == 40
    assert set(grid.own) >= {"row", "row (column)"}
