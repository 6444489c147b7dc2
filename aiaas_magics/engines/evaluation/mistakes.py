"""The worst mistakes, row by row: where to look in the data first.

Of classes those wrong calls that the model was surest of, of numbers the largest errors.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from aiaas_magics.cards.style import one_line
from aiaas_magics.engines.evaluation import Found
from aiaas_magics.engines.evaluation.words import json_of
from aiaas_magics.engines.measuring import Outcome
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.results import Grid

MOST_COLUMNS = 4
"""Columns of a row that are shown: a table with thirty is read by nobody."""


def found(
    X: pd.DataFrame, outcome: Outcome, classes: Sequence[str], *, most: int, columns: Sequence[str]
) -> Found:
    """Return the worst mistakes as a table with the values of some columns.

    A row's number is its place in the data the model was given, as ``iloc`` counts.
    """
    rows = worst(outcome, most)
    if not len(rows):
        return Found()
    shown = [name for name in columns if name in X.columns][:MOST_COLUMNS]
    names = tuple(one_line(name, 40) for name in shown)
    told, values = _told(outcome, rows, classes), X.iloc[rows]
    cells = [[json_of(value) for value in values[name]] for name in shown]
    grid = Grid(
        name="mistakes",
        title="Surest wrong calls" if outcome.classes else "Largest errors",
        columns=("row", *(name for name, _ in told), *_apart(names, told)),
        rows=tuple(
            (_number(values.index[i]), *(column[i] for _, column in told), *(c[i] for c in cells))
            for i in range(len(rows))
        ),
        own=("row", "true", "predicted", *_apart(names, told)),
    )
    return Found((), (grid,))


def _apart(names: Sequence[str], told: Sequence[tuple[str, list[JSON]]]) -> tuple[str, ...]:
    """Return the columns' names, none of which is one of the table's own."""
    taken = {"row", *(name for name, _ in told)}
    return tuple(f"{name} (column)" if name in taken else name for name in names)


def _number(label: object) -> JSON:
    return int(label) if isinstance(label, int | np.integer) else one_line(label, 40)


def worst(outcome: Outcome, most: int) -> np.ndarray:
    """Return the places of the worst mistakes, worst first; right calls are none."""
    if outcome.classes:
        wrong = np.flatnonzero(outcome.truth != outcome.calls)
        sure = (
            np.zeros(len(wrong))
            if outcome.proba is None
            else outcome.proba[wrong, outcome.calls[wrong]]
        )
        return wrong[np.argsort(-sure, kind="stable")[:most]]
    gaps = np.abs(outcome.truth - outcome.calls)
    order = np.argsort(-gaps, kind="stable")[:most]
    return order[gaps[order] > 0]


def _told(
    outcome: Outcome, rows: np.ndarray, classes: Sequence[str]
) -> list[tuple[str, list[JSON]]]:
    truth, calls = outcome.truth[rows], outcome.calls[rows]
    if not outcome.classes:
        return [
            ("true", truth.tolist()),
            ("predicted", calls.tolist()),
            ("error", (calls - truth).tolist()),
        ]
    told: list[tuple[str, list[JSON]]] = [
        ("true", [one_line(classes[k], 40) for k in truth]),
        ("predicted", [one_line(classes[k], 40) for k in calls]),
    ]
    if outcome.proba is not None:
        told.append(("probability", outcome.proba[rows, calls].tolist()))
    if outcome.proba is not None and outcome.classes > 2:
        told.append(("of the true class", outcome.proba[rows, truth].tolist()))
    return told
