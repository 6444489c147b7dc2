"""The parity gate lets nothing through that answers otherwise."""

import numpy as np
import pytest

from aiaas_magics.engines.optimising import gate
from aiaas_magics.engines.optimising.gate import Answers
from aiaas_magics.predictors.base import Outcome, Rows
from aiaas_magics.specs.records import Signature

SIGNATURE = Signature(inputs=(("x", "double"),), output="y", required=("x",))


def classes(*labels, proba=None, refused=()):
    marks = np.isin(np.arange(len(labels)), refused)
    return Answers(np.array(labels), None if proba is None else np.array(proba, float), marks)


def values(*numbers, refused=()):
    return Answers(np.array(numbers, float), None, np.isin(np.arange(len(numbers)), refused))


SURE = [[0.3, 0.7], [0.5, 0.5]]


@pytest.mark.parametrize(
    ("known", "found", "differing"),
    [
        (classes("a", "b"), classes("a", "b"), 0),
        (classes("a", "b"), classes("a", "a"), 1),
        (classes("a", "b", proba=SURE), classes("a", "b", proba=[[0.3, 0.7], [0.5, 0.5 + 9e-7]]), 0),
        (classes("a", "b", proba=SURE), classes("a", "b", proba=[[0.3, 0.7], [0.5, 0.5 + 2e-6]]), 1),
        (classes("a", "b", proba=SURE), classes("a", "b", proba=[[0.3, 0.7], [np.nan, 0.5]]), 1),
        (classes("a", "b", proba=SURE), classes("a", "b"), 2),
        (classes("a", "b", refused=[1]), classes("a", "b"), 1),
        (classes("a", "b"), classes("a", "b", refused=[0]), 1),
        (classes("a", "b", refused=[1]), classes("a", "a", refused=[1]), 0),
    ],
)  # fmt: skip
def test_labels_probabilities_and_refusals_are_compared(known, found, differing):
    compared = gate.compare(known, found, "classification", 1.0)
    assert compared.differing == differing
    assert bool(compared.why) == bool(differing)
    assert compared.equal == (not differing)


@pytest.mark.parametrize(
    ("known", "found", "differing"),
    [
        (1e30, 1e30 * (1 + 9e-6), 0),
        (1e30, 1e30 * (1 + 2e-5), 1),
        (-5.0, -5.0001, 1),
        (0.0, 1e-13, 0),
        (0.0, 1e-6, 1),
        (1.0, np.inf, 1),
    ],
)
def test_values_are_compared_by_their_size(known, found, differing):
    assert gate.compare(values(known), values(found), "regression", 1.0).differing == differing


class Picky:
    """Refuses some numbers, has no finite answer to others, and says so of the whole batch."""

    tier, inline, signature = "picky", True, SIGNATURE

    def predict(self, rows, *, proba):
        x = np.array(rows.columns()["x"])
        if (x < 0).any():
            raise ValueError("below zero")
        return Outcome(np.where(x > 9, np.inf, x), np.column_stack([x, x]) if proba else None)


@pytest.mark.parametrize("numbers", [[1, -1, 2], [-1], [-1, -2, -3], [5, 10, 1], [1, 2, 3]])
def test_each_row_is_refused_for_itself(numbers):
    found = gate.ask(Picky(), Rows(SIGNATURE, {"x": numbers}))
    assert found.refused.tolist() == [x < 0 or x > 9 for x in numbers]
    kept = ~found.refused
    assert found.labels[kept].tolist() == [x for x in numbers if 0 <= x <= 9]


def test_what_a_row_that_differs_shows_is_told():
    said = gate.compare(classes("a", "b", "c"), classes("a", "b", "x"), "classification", 1.0).why
    assert said == "row 2: its label differs"
    said = gate.compare(values(1, 2, refused=[0]), values(1, 2), "regression", 1.0).why
    assert said == "row 0: one of the two refuses a row that the other answers"
