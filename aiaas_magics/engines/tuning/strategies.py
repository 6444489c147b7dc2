"""Which candidates are tried: all of a grid, some at random, by halving, or as optuna proposes.

Adding a strategy: a function ``(searching, space) -> list of Tried``, its row in `STRATEGIES` and its name in
``specs.tune.STRATEGIES``.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from aiaas_magics.engines.tuning.searching import Searching, Tried
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.spaces import Distribution, Space, cells, continuous
from aiaas_magics.specs.tune import MOST_CELLS, TRIALS, TuneSpec

ETA = 3
"""Of three candidates one goes on: Jamieson and Talwalkar (2016), and scikit-learn's default."""
LEAST_ROWS = 2
"""Rows of each class and fold that the first comparison of halving needs, as in scikit-learn."""
GROUP = 64
"""Candidates that share nothing are handed over in groups, so that what is drawn can follow a stop."""


class Choice(NamedTuple):
    """A strategy, and why."""

    name: str
    reason: str


def choose(spec: TuneSpec, space: Space) -> Choice:
    """Return the strategy of a spec, and the reason where it was left to us."""
    if spec.strategy != "auto":
        return Choice(spec.strategy, "as asked")
    if continuous(space):
        return Choice("optuna", "a distribution has no end of values")
    if spec.time is not None or spec.trials is not None:
        word = "--time" if spec.time is not None else "--trials"
        return Choice("optuna", f"{word} allows some of {cells(space):,} combinations")
    if cells(space) > MOST_CELLS:
        return Choice("optuna", f"{cells(space):,} combinations are too many to compare all")
    return Choice("grid", f"all {cells(space):,} combinations can be compared")


def combinations(space: Mapping[str, Sequence[JSON]]) -> list[dict[str, JSON]]:
    """Return every combination, the last parameter changing fastest, as scikit-learn's ``ParameterGrid``."""
    names = sorted(space)
    return [
        dict(zip(names, values, strict=True))
        for values in itertools.product(*(space[name] for name in names))
    ]


def listed(space: Space) -> dict[str, list[JSON]]:
    """Return the parameters that are lists."""
    return {n: v for n, v in space.items() if not isinstance(v, Distribution)}


def grid(searching: Searching, space: Space) -> list[Tried]:
    """Compare every combination."""
    return searching.evaluate(combinations(listed(space)))


def random(searching: Searching, space: Space) -> list[Tried]:
    """Compare combinations drawn at random: Bergstra and Bengio (2012)."""
    rng = np.random.default_rng(abs(searching.spec.seed))
    found: list[Tried] = []
    for asked in _groups(_draws(space, rng), searching):
        found += searching.evaluate(asked)
    return found


def _groups(
    draws: Iterator[dict[str, JSON]], searching: Searching
) -> Iterator[list[dict[str, JSON]]]:
    """Yield what is drawn: all of it where it is counted, else a few at a time until the time is over."""
    spec = searching.spec
    if spec.time is None:
        yield list(itertools.islice(draws, spec.trials or TRIALS))
        return
    left = spec.trials or MOST_CELLS
    while left > 0 and not searching.watch.stopping():
        some = list(itertools.islice(draws, min(left, 2 * searching.context.cores)))
        if not some:
            return
        left -= len(some)
        yield some


def _draws(space: Space, rng: np.random.Generator) -> Iterator[dict[str, JSON]]:
    """Yield combinations, each once; ends where a grid has no more."""
    seen: set[str] = set()
    misses = 0
    while misses < 100:  # a small grid is exhausted: what is left is hardly ever drawn
        drawn = {name: _drawn(values, rng) for name, values in space.items()}
        key = repr(sorted(drawn.items(), key=lambda pair: pair[0]))
        if key in seen:
            misses += 1
            continue
        misses = 0
        seen.add(key)
        yield drawn


def _drawn(values: list[JSON] | Distribution, rng: np.random.Generator) -> JSON:
    if isinstance(values, Distribution):
        return values.at(float(rng.random()))
    return values[int(rng.integers(len(values)))]


def halving(searching: Searching, space: Space) -> list[Tried]:
    """Compare all on few rows, the best third on three times as many, and so on: successive halving."""
    asked = combinations(listed(space))
    rounds = max(1, 1 + math.floor(math.log(len(asked), ETA)))
    whole = len(searching.splits[0][0])
    least = LEAST_ROWS * len(searching.splits) * max(1, len(searching.task.classes))
    rng = np.random.default_rng(abs(searching.spec.seed))
    order = [rng.permutation(train) for train, _ in searching.splits]
    given_up: list[Tried] = []
    for number in range(rounds - 1):
        rows = whole // ETA ** (rounds - 1 - number)
        if rows < least:
            continue
        splits = [
            (np.sort(rows_of[:rows]), test)
            for rows_of, (_, test) in zip(order, searching.splits, strict=True)
        ]
        searching.watch.quiet = True
        tried = searching.evaluate(asked, splits=splits)
        searching.watch.quiet = False
        ranked = sorted((each for each in tried if each.complete), key=lambda each: -each.mean)
        kept = ranked[: max(1, math.ceil(len(asked) / ETA))]
        if not kept:
            break
        staying = {id(each) for each in kept}
        note = f"given up after {rows:,} rows"
        given_up += [each._replace(note=note) for each in tried if id(each) not in staying]
        asked = [each.asked for each in kept]
        if searching.watch.stopping():
            break
    return [*searching.evaluate(asked), *given_up]


def bayesian(searching: Searching, space: Space) -> list[Tried]:
    """Let optuna propose: see :mod:`.proposing`."""
    from aiaas_magics.engines.tuning.proposing import propose

    return propose(searching, space)


Strategy = Callable[[Searching, Space], "list[Tried]"]
STRATEGIES: dict[str, Strategy] = {
    "grid": grid, "random": random, "halving": halving, "optuna": bayesian,
}  # fmt: skip


def search(searching: Searching, space: Space, choice: Choice) -> list[Tried]:
    """Return what a strategy tried; something is known at the end, even after a stop."""
    spec, watch = searching.spec, searching.watch
    if spec.time is not None:
        watch.until = time.monotonic() + spec.time
    found = STRATEGIES[choice.name](searching, space)
    if not any(each.complete for each in found) and watch.stopping():
        watch.deaf = True  # one candidate is told, whatever the hurry
        first = found[0].asked if found else _first(space)
        found = [*searching.evaluate([first]), *found[1:]]
        watch.deaf = False
    return found


def _first(space: Space) -> dict[str, Any]:
    return {n: v.at(0.5) if isinstance(v, Distribution) else v[0] for n, v in space.items()}
