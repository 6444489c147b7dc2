"""Which rows a comparison uses: few for many candidates, more for those that stay.

Rows as the resource of successive halving: Jamieson and Talwalkar, Non-stochastic best arm identification and
hyperparameter optimization (AISTATS 2016). The rows of a level are among those of the next.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from aiaas_magics.engines import learning, splitting

FIRST, STEP = 2_500, 8
"""Rows of the lowest level, and the factor from one level to the next."""
CLOSE = 2
"""A level nearer than this factor to the next is left out."""
MOST_FOLDS_CELLS = 20_000_000
"""Cells from which no level is compared: what differs there differs on fewer rows, too."""

Array = np.ndarray[Any, Any]


class Level(NamedTuple):
    """Rows to compare on: positions in ``task.X`` and pairs of positions in those, the folds."""

    rows: Array
    folds: tuple[tuple[Array, Array], ...]


def sizes(rows: int, columns: int) -> tuple[int, ...]:
    """Return how many rows each level has."""
    most = min(rows, max(FIRST, MOST_FOLDS_CELLS // max(columns, 1)))
    found, size = [], FIRST
    while size * CLOSE < most:
        found.append(size)
        size *= STEP
    return (*found, most)


def order(task: learning.Task, cv: int, seed: int) -> Array:
    """Return the training rows so that any beginning of them is a sample with all classes' shares.

    The first ``2 * cv`` rows of each class stand in front: a rare class is in every sample.
    """
    rng = np.random.default_rng(seed)
    drawn = rng.permutation(task.train)
    if task.task != "classification":
        return drawn
    codes = pd.factorize(task.y.iloc[drawn])[0]
    place = pd.Series(codes).groupby(codes).cumcount().to_numpy()
    share = (place + 0.5) / np.bincount(codes)[codes]
    front = place < 2 * cv
    return drawn[np.argsort(np.where(front, share - 1, share), kind="stable")]


def level(task: learning.Task, ordered: Array, size: int, cv: int, seed: int, metric: str) -> Level:
    """Return a level's rows and folds; the folds are made as the task was split.

    Raises
    ------
    DataError
        If a class, the groups or the rows are too few for so many folds.
    """
    rows = task.train if size >= len(task.train) else np.sort(ordered[:size])
    return Level(rows, splitting.folds(task, cv, seed, rows=rows, metric=metric).pairs)
