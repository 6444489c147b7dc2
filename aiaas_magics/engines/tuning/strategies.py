"""Which candidates are tried: all of a grid, some at random, by halving, or as optuna proposes.

Adding a strategy: a function ``(searching, space) -> list of Tried``, its row in `STRATEGIES` and its name in
``specs.strategies.STRATEGIES``.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from aiaas_magics.engines.sharing.plan import Plan
from aiaas_magics.engines.tuning import halving, subgrids
from aiaas_magics.engines.tuning.candidates import Asked, combinations, draws, first, listed
from aiaas_magics.engines.tuning.searching import Searching, Tried
from aiaas_magics.specs.spaces import Space, cells, continuous
from aiaas_magics.specs.strategies import DRAWN, MOST_FITS, TRIALS, too_many

AFFORDABLE = 1_000
"""Models a fold that are fitted without being asked whether so many are worth it: of more cells of a grid that share
no work only the promising ones are fitted on all rows."""
CHUNK = 2
"""Candidates that are drawn at a time for each core, where the time is limited."""


class Choice(NamedTuple):
    """A strategy, why, and the space it searches; the plan where all candidates are known before."""

    name: str
    reason: str
    space: Space
    plan: Plan | None = None


def choose(searching: Searching, space: Space) -> Choice:
    """Return the strategy of a spec, and the reason where it was left to us.

    Raises
    ------
    SpecError
        If a grid was asked for that takes too many fits.
    """
    spec = searching.spec
    if spec.strategy != "auto":
        name, reason = spec.strategy, "as asked"
        plan = _plan(searching, space) if name == "grid" else None
        if plan is not None and _fits(plan) > MOST_FITS:
            raise too_many(space, f"{_fits(plan):,} models a fold", MOST_FITS)
        return Choice(name, reason, space, plan)
    if continuous(space):
        return _of_distributions(searching, space)
    if spec.limited and not (spec.trials is not None and cells(space) <= spec.trials):
        word = "--time" if spec.time is not None else f"--trials {spec.trials}"
        return Choice("optuna", f"{word} allows some of {cells(space):,} combinations", space)
    return _of_lists(searching, space)


def _of_distributions(searching: Searching, space: Space) -> Choice:
    spec = searching.spec
    alone = subgrids.shared(searching, space).names == space.keys()
    if alone and spec.time is None:
        fine = subgrids.finely(space, spec.trials or TRIALS)
        plan = _plan(searching, fine)
        return Choice(
            "grid", f"one model answers for all values: {cells(fine)} of them", fine, plan
        )
    said = "a distribution has no end of values"
    if not spec.limited:
        said += f": {TRIALS} trials, as neither --trials nor --time is given"
    return Choice("optuna", said, space)


def _of_lists(searching: Searching, space: Space) -> Choice:
    plan, count = _plan(searching, space), cells(space)
    fits = _fits(plan)
    if fits <= AFFORDABLE:
        models = f"{fits:,} models" if fits > 1 else "one model"
        shared = f", from {models} a fold" if fits < count else ""
        all_ = f"all {count:,} combinations" if count > 1 else "the one combination there is"
        return Choice("grid", f"{all_} can be compared{shared}", space, plan)
    rows = min(len(train) for train, _ in searching.splits)
    said = f"{count:,} combinations would take {fits:,} models a fold"
    if len(halving.rungs(count, rows, halving.least_rows(searching))) > 2:
        return Choice("halving", f"{said}: few rows tell the hopeless ones", space)
    return Choice("optuna", f"{said}: {TRIALS} trials find what is promising", space)


def _plan(searching: Searching, space: Space) -> Plan:
    return searching.plan(combinations(listed(space)))


def _fits(plan: Plan) -> int:
    """Return how many models a fold takes: a group counts as one."""
    return len(plan.groups) + len(plan.apart)


def grid(searching: Searching, space: Space) -> list[Tried]:
    """Compare every combination."""
    return searching.evaluate(combinations(listed(space)))


def random(searching: Searching, space: Space) -> list[Tried]:
    """Compare combinations drawn at random: Bergstra and Bengio (2012)."""
    found: list[Tried] = []
    for asked in _chunks(_drawn(searching, space), searching):
        found += searching.evaluate(asked)
    return found


def _drawn(searching: Searching, space: Space) -> Iterator[Asked]:
    return draws(space, np.random.default_rng(abs(searching.spec.seed)))


def _chunks(drawn: Iterator[Asked], searching: Searching) -> Iterator[list[Asked]]:
    """Yield what is drawn: all of it where it is counted, else a few at a time until the time is over."""
    spec = searching.spec
    if spec.time is None:
        yield list(itertools.islice(drawn, spec.trials or TRIALS))
        return
    left = spec.trials or MOST_FITS
    while left > 0 and not searching.watch.stopping():
        some = list(itertools.islice(drawn, min(left, CHUNK * searching.context.cores)))
        if not some:
            return
        left -= len(some)
        yield some


def halve(searching: Searching, space: Space) -> list[Tried]:
    """Compare all combinations, or as many as are drawn, on few rows first: see :mod:`.halving`."""
    trials = searching.spec.trials
    if continuous(space) or trials is not None:
        asked = list(itertools.islice(_drawn(searching, space), trials or DRAWN))
    else:
        asked = combinations(listed(space))
    return halving.halve(searching, asked)


def propose(searching: Searching, space: Space) -> list[Tried]:
    """Let optuna propose: see :mod:`.proposing`."""
    from aiaas_magics.engines.tuning.proposing import propose as proposed  # optuna takes its time

    return proposed(searching, space)


Strategy = Callable[[Searching, Space], "list[Tried]"]
STRATEGIES: dict[str, Strategy] = {
    "grid": grid, "random": random, "halving": halve, "optuna": propose,
}  # fmt: skip


def search(searching: Searching, choice: Choice) -> list[Tried]:
    """Return what a strategy tried; something is known at the end, even after a stop."""
    found = STRATEGIES[choice.name](searching, choice.space)
    if not any(each.complete for each in found) and searching.watch.halted:
        ahead = max(found, key=lambda t: (not t.note, len(t.scores)), default=None)
        with searching.watch.deaf():  # one candidate is told, whatever the hurry
            told = searching.evaluate([ahead.asked if ahead else first(choice.space)])
        found = [*told, *(each for each in found if each is not ahead)]
    return found
