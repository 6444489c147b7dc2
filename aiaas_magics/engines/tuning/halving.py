"""Successive halving: all candidates on few rows, the best third of them on three times as many, and so on.

As scikit-learn's ``HalvingGridSearchCV(factor=3, min_resources="exhaust")`` (Jamieson and Talwalkar, Non-stochastic
best arm identification and hyperparameter optimization, 2016), but for two things: the last comparison is on all
rows, so that its scores are those of any other search, and the rows of an earlier one are part of the later's, with
the classes in proportion. Test rows are never left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from aiaas_magics.engines.tuning.candidates import Asked
from aiaas_magics.engines.tuning.searching import Searching, Tried

FACTOR = 3
"""Of three candidates one goes on."""
LEAST_ROWS = 2
"""Rows of each class and fold in the first comparison, at least."""


def rungs(candidates: int, rows: int, least: int) -> list[int]:
    """Return the rows of each comparison: the last has all, each one before a third of the next.

    There are as many as it takes to get to one candidate, or as the rows allow.
    """
    wanted = 1 + math.floor(math.log(candidates, FACTOR) + 1e-9)
    found = [rows // FACTOR**back for back in reversed(range(wanted))]
    return [each for each in found[:-1] if each >= least] + found[-1:]


def least_rows(searching: Searching) -> int:
    """Return how few rows a comparison may have, as scikit-learn says."""
    return LEAST_ROWS * len(searching.splits) * max(1, len(searching.task.classes))


def halve(searching: Searching, asked: Sequence[Asked]) -> list[Tried]:
    """Return what became of candidates: those of the last comparison, then those given up."""
    rows = min(len(train) for train, _ in searching.splits)
    given_up: list[Tried] = []
    for few in rungs(len(asked), rows, least_rows(searching))[:-1]:
        tried = searching.evaluate(asked, splits=list(_few(searching, few)))
        whole = [each for each in tried if each.complete]
        if searching.watch.stopping() or not whole:
            break
        ranked = sorted(whole, key=lambda each: -each.mean)
        kept = ranked[: math.ceil(len(asked) / FACTOR)]
        staying = {id(each) for each in kept}
        note = f"given up after {few:,} rows"
        given_up += [each._replace(note=note) for each in tried if id(each) not in staying]
        asked = [each.asked for each in kept]
    return [*searching.evaluate(asked), *given_up]


def _few(searching: Searching, rows: int) -> Iterator[tuple[Any, Any]]:
    """Yield the folds with that many training rows each."""
    y = np.asarray(searching.y) if searching.task.classes else None
    for number, (train, test) in enumerate(searching.splits):
        rng = np.random.default_rng((abs(searching.spec.seed), number))
        order = _order(None if y is None else y[train], len(train), rng)
        yield train[np.sort(order[:rows])], test


def _order(classes: Any, count: int, rng: np.random.Generator) -> Any:
    """Return positions in an order of which every beginning has the classes in proportion."""
    if classes is None:
        return rng.permutation(count)
    places = np.empty(count)
    for each in np.unique(classes):
        mine = np.flatnonzero(classes == each)
        places[rng.permutation(mine)] = (np.arange(len(mine)) + 0.5) / len(mine)
    return np.argsort(places, kind="stable")
