"""Partial dependence: how a model's answer moves with one column, all others left as they are.

Friedman, Greedy function approximation (2001), section 8.2, by brute force on a sample of the rows: every
value of a grid is put into the raw column of every row, and the whole pipeline answers. A grid holds
values that occur (quantiles), so that the rows asked about are not further from the data than they must
be. Thin lines are single rows (Goldstein and others, 2015), ticks below them where the data lies.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from aiaas_magics import errors
from aiaas_magics.cards import panels
from aiaas_magics.cards.charts import Row
from aiaas_magics.cards.style import one_line
from aiaas_magics.engines.evaluation import Found
from aiaas_magics.engines.evaluation.words import value_of
from aiaas_magics.engines.importance import STACK

GRID = 20
"""Values of a number or a date; `VALUES` of a category, the most frequent."""
VALUES = 8
SAMPLE = 200
"""Rows whose answers are averaged: a mean's standard error is a fourteenth of the rows' spread."""
LINES = 12
TICKS = 40
MOST_CLASSES = 6
MOST_COLUMNS = 8

Answer = Callable[[pd.DataFrame], np.ndarray]
"""Rows -> one column a curve, shape (n, curves)."""


class Effect(NamedTuple):
    """A column's grid and the answers at each of its values: shape (values, rows, curves)."""

    name: str
    role: str
    values: pd.Series
    answers: np.ndarray
    ticks: pd.Series

    @property
    def means(self) -> np.ndarray:
        """The partial dependence, shape (values, curves)."""
        found: np.ndarray = self.answers.mean(axis=1)
        return found

    @property
    def ordered(self) -> bool:
        """Whether the values lie on a line."""
        return self.role in ("number", "date")


def check_columns(names: Sequence[str], X: pd.DataFrame, roles: dict[str, str], model: str) -> None:
    """Refuse columns that are not there or have no grid.

    Raises
    ------
    DataError
    """
    for name in names:
        if name not in X.columns:
            raise errors.DataError(
                f"{model} does not look at a column {name!r}",
                errors.did_you_mean(name, map(str, X.columns)),
                f"%aiaas_models show {model}",
            )
        if roles.get(name) == "text":
            raise errors.DataError(
                f"column {one_line(name)!r} holds prose",
                "its effect cannot be drawn along an axis",
                "--columns with numbers, categories or dates",
            )
    if len(names) > MOST_COLUMNS:
        raise errors.DataError(
            f"--columns names {len(names)} columns",
            f"at most {MOST_COLUMNS} effects are drawn at once",
            "--columns " + ",".join(names[:3]),
        )


def effects(
    answer: Answer, X: pd.DataFrame, roles: dict[str, str], names: Sequence[str], seed: int
) -> list[Effect]:
    """Return the effect of each column that has two values or more."""
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.permutation(len(X))[:SAMPLE])
    found = []
    for name in names:
        places = grid(X[name], roles.get(name, ""))
        if len(places) > 1:
            values = X[name].iloc[places]
            answers = _answers(answer, X.iloc[rows], name, values)
            found.append(
                Effect(
                    name, roles.get(name, ""), values, answers, _ticks(X[name], roles.get(name, ""))
                )
            )
    return found


def grid(column: pd.Series, role: str) -> np.ndarray:
    """Return places of the values a column is set to: quantiles in order, or the most frequent."""
    known = np.flatnonzero(column.notna().to_numpy())
    if role in ("number", "date"):
        order = known[np.argsort(column.iloc[known].to_numpy(), kind="stable")]
        values = column.iloc[order].to_numpy()
        first = np.flatnonzero(np.r_[True, values[1:] != values[:-1]]) if len(values) else order
        if len(first) <= GRID:
            return order[first]
        quantiles = np.linspace(0, len(order) - 1, GRID).round().astype(int)
        _, kept = np.unique(values[quantiles], return_index=True)
        return order[quantiles[kept]]
    frequent = column.value_counts().index[:VALUES]
    places: np.ndarray = np.array(
        [
            int(np.flatnonzero((column == value).to_numpy(dtype=bool))[0])
            for value in frequent
            if (column == value).any()
        ],
        dtype=int,
    )
    return places


def _answers(answer: Answer, rows: pd.DataFrame, name: str, values: pd.Series) -> np.ndarray:
    """Return the answers with the column set to each value, so many values at a time."""
    size, step = len(rows), max(1, STACK // max(len(rows), 1))
    found = []
    for start in range(0, len(values), step):
        part = values.iloc[start : start + step]
        table = rows.iloc[np.tile(np.arange(size), len(part))].reset_index(drop=True)
        table[name] = part.iloc[np.repeat(np.arange(len(part)), size)].reset_index(drop=True)
        found.append(answer(table).reshape(len(part), size, -1))
    return np.concatenate(found)


def _ticks(column: pd.Series, role: str) -> pd.Series:
    if role not in ("number", "date"):
        return column.iloc[:0]
    known = column.dropna().sort_values()
    return known.iloc[np.unique(np.linspace(0, len(known) - 1, TICKS).round().astype(int))]


def found(shown: Sequence[Effect], curves: Sequence[str], what: str, *, lines: bool) -> Found:
    """Return a chart with a panel a column, and a sentence.

    Parameters
    ----------
    curves
        The name of each curve: the classes, or the target.
    what
        What the axis says: ``probability of malignant``.
    lines
        Whether single rows are drawn, where there is one curve.
    """
    if not shown:
        return Found()
    drawn = [
        panels.Panel(
            title=one_line(each.name, 40),
            kind=each.role if each.ordered else "category",
            rows=_rows(each, curves, lines=lines and len(curves) == 1),
        )
        for each in shown
    ]
    text = f"{what}, on average over the rows: " + "; ".join(_moves(each, curves) for each in shown)
    return Found((), (), (panels.effects("dependence", "Partial dependence", text, drawn, y=what),))


def _moves(effect: Effect, curves: Sequence[str]) -> str:
    """Say between which values the curve that moves most moves."""
    means = effect.means
    curve = int(np.argmax(np.ptp(means, axis=0)))
    low, high = int(np.argmin(means[:, curve])), int(np.argmax(means[:, curve]))
    here, there = (value_of(effect.values.iloc[i]) for i in (low, high))
    return (
        f"{one_line(effect.name, 40)}{f' ({curves[curve]})' if len(curves) > 1 else ''} from {means[low, curve]:.3g} (at {here}) "
        f"to {means[high, curve]:.3g} (at {there})"
    )


def _rows(effect: Effect, curves: Sequence[str], *, lines: bool) -> list[Row]:
    xs = [_place(value, effect.role) for value in effect.values]
    rows: list[Row] = [
        {"x": x, "y": float(effect.means[i, k]), "line": str(name), "part": "mean"}
        for k, name in enumerate(curves)
        for i, x in enumerate(xs)
    ]
    if lines and effect.ordered:
        step = max(1, effect.answers.shape[1] // LINES)
        rows += [
            {"x": x, "y": float(effect.answers[i, j, 0]), "line": f"row {j}", "part": "row"}
            for j in range(0, effect.answers.shape[1], step)
            for i, x in enumerate(xs)
        ]
    rows += [{"x": _place(value, effect.role), "part": "tick"} for value in effect.ticks]
    return rows


def _place(value: object, role: str) -> float | int | str:
    if role == "number":
        return float(value)  # type: ignore[arg-type]
    if role == "date":
        return pd.Timestamp(value).tz_localize(None).isoformat()  # type: ignore[arg-type]
    return value_of(value)
