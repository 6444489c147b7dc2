"""The parity gate: a tier's answers beside scikit-learn's, row by row.

The predictors compared are those that serve. Equal means: no label differs, no probability is off by more than
`PROBABILITY`, no value by more than `RELATIVE` of itself, and what one refuses the other refuses.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from aiaas_magics import errors
from aiaas_magics.predictors.base import Outcome, Predictor, Rows
from aiaas_magics.specs.builds import LABELS, PROBABILITY, RELATIVE

NOTHING = 1e-12
"""A value this small beside the usual ones is rounding: sums of large numbers that cancel leave no more."""


class Answers(NamedTuple):
    """What a predictor says of rows, one by one.

    ``refused`` marks rows it does not take or has no finite answer to; of those the others mean nothing.
    """

    labels: np.ndarray
    proba: np.ndarray | None
    refused: np.ndarray

    def chosen(self, places: Sequence[int]) -> Answers:
        """Return the answers to some of the rows."""
        proba = None if self.proba is None else self.proba[places]
        return Answers(self.labels[places], proba, self.refused[places])


class Compared(NamedTuple):
    """How many rows differ, the largest difference of a number, and what the first row that differs shows."""

    differing: int
    off: float
    why: str = ""

    @property
    def equal(self) -> bool:
        """Whether the gate is passed."""
        return self.differing <= LABELS


def ask(predictor: Predictor, rows: Rows, alone: Sequence[int] | None = None) -> Answers:
    """Return the answers to rows; of a batch that is refused, to each row. Those in `alone` are asked each by itself."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        if alone is None:
            parts = _asked(predictor, rows, 0, rows.n)
        else:
            parts = [each for i in alone for each in _asked(predictor, rows, i, i + 1)]
    first = next((part for part in parts if part[1] is not None), None)
    if first is None:
        count = len(parts)
        return Answers(np.zeros(count), None, np.ones(count, dtype=bool))
    return _joined(parts, first[1])


def _asked(
    predictor: Predictor, rows: Rows, start: int, stop: int
) -> list[tuple[int, Outcome | None]]:
    """Return (rows, outcome) of pieces in order; None for a row that is refused."""
    try:
        return [(stop - start, predictor.predict(part(rows, start, stop), proba=True))]
    except (ValueError, errors.UserCodeError):
        if stop - start == 1:
            return [(1, None)]
    middle = (start + stop) // 2
    return _asked(predictor, rows, start, middle) + _asked(predictor, rows, middle, stop)


def part(rows: Rows, start: int, stop: int) -> Rows:
    """Return some of the rows, in the form they have."""
    if rows.n == stop - start:
        return rows
    columns = {name: values[start:stop] for name, values in rows.columns().items()}
    return Rows(rows.signature, columns)


def _joined(parts: list[tuple[int, Outcome | None]], known: Outcome | None) -> Answers:
    assert known is not None  # noqa: S101 - `ask` looked
    blank = Outcome(known.labels[:1], None if known.proba is None else known.proba[:1])
    filled = [(count, blank if found is None else found) for count, found in parts]
    refused = np.concatenate([np.full(count, found is None) for count, found in parts])
    labels = np.concatenate([found.labels for _, found in filled])
    proba = None
    if known.proba is not None:
        proba = np.concatenate([f.proba for _, f in filled if f.proba is not None])
        refused |= ~np.isfinite(proba).all(axis=1)
    if labels.dtype.kind == "f":
        refused |= ~np.isfinite(labels)
    return Answers(labels, proba, refused)


def compare(known: Answers, found: Answers, task: str, spread: float) -> Compared:
    """Return how a tier's answers differ from scikit-learn's.

    Parameters
    ----------
    task
        ``classification`` or ``regression``.
    spread
        How large values usually are, for those near 0.
    """
    apart = known.refused != found.refused
    both = ~known.refused & ~found.refused
    if task == "regression":
        with np.errstate(all="ignore"):
            size = np.maximum(np.abs(known.labels), NOTHING * spread / RELATIVE)
            gaps = np.abs(found.labels - known.labels) / size
        wrong = both & ~(gaps <= RELATIVE)
        return _told(apart, wrong, gaps[both], "its value is off by more than 1e-5 of itself")
    wrong = both & (known.labels != found.labels)
    if known.proba is None or found.proba is None:
        lost = known.proba is not found.proba and bool(both.any())
        return _told(apart, wrong | (both & lost), np.zeros(0), "its label differs")
    gaps = np.abs(found.proba - known.proba).max(axis=1)
    said = "its label differs" if wrong.any() else "a probability is off by more than 1e-6"
    return _told(apart, wrong | (both & ~(gaps <= PROBABILITY)), gaps[both], said)


def _told(apart: np.ndarray, wrong: np.ndarray, gaps: np.ndarray, what: str) -> Compared:
    off = float(np.max(gaps, initial=0.0))
    count = int(np.count_nonzero(apart | wrong))
    if not count:
        return Compared(0, off)
    said = what if wrong.any() else "one of the two refuses a row that the other answers"
    rows = np.flatnonzero(wrong if wrong.any() else apart)
    return Compared(count, off, f"row {int(rows[0])}: {said}")
