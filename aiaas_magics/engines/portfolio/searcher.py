"""The usual searcher: every algorithm once, then the promising ones with other parameters.

First each algorithm with its defaults, the strong and cheap ones on all folds before others. Then samples of the search spaces: an algorithm is an arm
of a bandit whose worth is its best score so far, drawn by an upper bound on it (UCB1: Auer, Cesa-Bianchi and
Fischer, Finite-time analysis of the multiarmed bandit problem, 2002; best-so-far as worth: Li et al., Efficient
automatic CASH via rising bandits, AAAI 2020). Of many rows only a part is used for that; the best quarter goes on
to more rows (successive halving with eta = 4: Jamieson and Talwalkar, 2016).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from aiaas_magics.engines.portfolio.base import (
    BEHIND,
    Bar,
    Left,
    Outcome,
    Problem,
    Proposal,
    bar_of,
    hopeless,
    standing,
)
from aiaas_magics.engines.portfolio.budget import Costs, allowed
from aiaas_magics.specs.algorithms import Algorithm, Search, space
from aiaas_magics.specs.base import JSON

ETA, FEWEST = 4, 3
"""One in `ETA` candidates goes on to the next level, at least `FEWEST`."""
OPENING = 0.5
"""Share of the time for the defaults: each may take its part of it, so that none eats all."""
FIRST, FIRST_SHARE = 5, 0.4
"""So many algorithms, those tried first, are compared on all folds before others begin, and each may take this
share of the time that is left: a strong algorithm that is told apart is worth more than many that are not."""
AGAIN = 0.6
"""Share of the time left that the next fold of a candidate may take that was stopped for its time."""
LONGER = 3.0
"""How many times longer than others of its algorithm a candidate may take."""
NEAR = 0.15
"""Standard deviation of a step from the best candidate, as a share of each range."""
DRAWS = 20
"""Draws until a candidate is new; a small space is exhausted sooner or later."""
REDRAWN = 0.4
"""Chance that a listed value, or one the best candidate leaves at its default, is drawn anew."""


class Portfolio:
    """A :class:`.base.Searcher`."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._costs = Costs(problem.levels, problem.folds)

    def ask(
        self, seen: Sequence[Outcome], asked: Sequence[Proposal], left: Left | None
    ) -> Proposal | None:
        """Return the next proposal, or None where there is none."""
        spent = self._problem.trials is not None and self._lowest(asked) >= self._problem.trials
        found = None if spent else self._rescued(seen, asked, left)
        if not spent and len({each.algo for each in asked}) < FIRST:
            found = found or self._default(seen, asked, left)
        found = found or self._again(seen, asked, left)
        found = found or (None if spent else self._default(seen, asked, left))
        if found is not None:
            return found
        level = self._level(seen, left, spent=spent)
        promoted = next(self._promotions(seen, asked, left, level), None) if level else None
        if promoted is not None or spent:
            return promoted
        return self._sample(seen, asked, left, level)

    @staticmethod
    def _lowest(asked: Sequence[Proposal]) -> int:
        return sum(1 for each in asked if each.level == 0)

    # the defaults --------------------------------------------------------------------------------
    def _default(
        self, seen: Sequence[Outcome], asked: Sequence[Proposal], left: Left | None
    ) -> Proposal | None:
        tried = {each.algo for each in asked}
        waiting = [a for a in self._problem.algorithms if a.name not in tried]
        if not waiting:
            return None
        if left is None:
            return Proposal(len(asked), waiting[0].name, {})
        known = sum(outcome.complete(self._problem.folds) for outcome in seen)
        late = left.share < OPENING and known >= FEWEST
        if late or (left.seconds <= 0 and seen):
            return None
        part = OPENING * left.seconds * left.cores / len(waiting)
        if len(tried) < FIRST:
            part = max(part, FIRST_SHARE * left.seconds)
        return Proposal(len(asked), waiting[0].name, {}, seconds=part)

    def _rescued(
        self, seen: Sequence[Outcome], asked: Sequence[Proposal], left: Left | None
    ) -> Proposal | None:
        """Return a default that was ended in its first fold, once more and for longer.

        On a busy machine a few algorithms that are compared tell more than many that are not.
        """
        if left is None:
            return None
        once = Counter(each.key for each in asked)
        for each in seen:
            had = each.proposal.seconds
            if each.scores or each.failure or had is None or once[each.proposal.key] > 1:
                continue
            if LONGER * had <= left.seconds / 2:
                return each.proposal._replace(number=len(asked), seconds=LONGER * had)
        return None

    def _again(
        self, seen: Sequence[Outcome], asked: Sequence[Proposal], left: Left | None
    ) -> Proposal | None:
        """Return a candidate that was stopped for its time and is not behind, to see its other folds."""
        if left is None:
            return None
        folds = self._problem.folds
        ended = {outcome.proposal.number for outcome in seen}
        running = {(p.key, p.level) for p in asked if p.number not in ended}
        for level in range(len(self._problem.levels)):
            bar = self._bar(seen, level)
            for _, each in standing(seen, level, folds):
                moved = each.proposal
                again = each.note and (moved.key, level) not in running
                if each.complete(folds) or not again or (bar and hopeless(each.scores, bar)):
                    continue
                if self._costs.moved(each, level, 1) <= AGAIN * left.seconds:
                    return Proposal(
                        len(asked), moved.algo, moved.params, level, left.seconds, bar, each
                    )
        return None

    # more rows -----------------------------------------------------------------------------------
    def _level(self, seen: Sequence[Outcome], left: Left | None, *, spent: bool) -> int:
        """Return the level of the hour: all together have the same share of the time."""
        levels = len(self._problem.levels)
        if left is None:
            return levels - 1 if spent else 0
        due = levels - 1 if spent else min(levels - 1, int((1 - left.share) * levels))
        while due and not self._can_be(seen, left, due):
            due -= 1
        return due

    def _can_be(self, seen: Sequence[Outcome], left: Left, level: int) -> bool:
        """Tell whether the best candidate can be compared at a level in time: else nobody is."""
        if any(o.proposal.level == level and o.scores for o in seen):
            return True
        best = self._best(seen, level - 1)[:1]
        return any(self._costs.moved(o, level) <= left.seconds for o in best)

    def _best(self, seen: Sequence[Outcome], level: int) -> list[Outcome]:
        return [outcome for _, outcome in standing(seen, level, self._problem.folds)]

    def _promotions(
        self, seen: Sequence[Outcome], asked: Sequence[Proposal], left: Left | None, top: int
    ) -> Iterator[Proposal]:
        """Yield those that go on to a level, lower levels first, once all are known that may."""
        taken = {(each.key, each.level) for each in asked}
        known = {outcome.proposal.number for outcome in seen}
        for level in range(1, top + 1):
            rivals = [p for p in asked if p.level < level and (left is None or not p.params)]
            if any(each.number not in known for each in rivals):
                return
            before, bar = self._bar(seen, level - 1), self._bar(seen, level)
            best = self._best(seen, level - 1)
            for each in best[: max(FEWEST, math.ceil(len(best) / ETA))]:
                moved, size = each.proposal, self._problem.levels[level]
                new = (moved.key, level) not in taken and allowed(moved.algo, size)
                behind = before is not None and hopeless(each.scores, before)
                if new and not behind and self._fits(self._costs.moved(each, level), left):
                    seconds = None if left is None else left.seconds
                    yield Proposal(len(asked), moved.algo, moved.params, level, seconds, bar)

    @staticmethod
    def _fits(seconds: float | None, left: Left | None) -> bool:
        return left is None or seconds is None or seconds <= left.seconds

    # other parameters ----------------------------------------------------------------------------
    def _sample(
        self, seen: Sequence[Outcome], asked: Sequence[Proposal], left: Left | None, level: int
    ) -> Proposal | None:
        for algorithm in self._arms(seen, asked, level):
            cost = self._costs.validating(seen, algorithm.name, level)
            if not self._fits(cost, left):
                continue
            params = self._draw(algorithm, seen, asked, level)
            if params is not None:
                seconds = None if left is None else min(left.seconds, LONGER * (cost or 1.0))
                bar = self._bar(seen, level)
                return Proposal(len(asked), algorithm.name, params, level, seconds, bar)
        return None

    def _arms(
        self, seen: Sequence[Outcome], asked: Sequence[Proposal], level: int
    ) -> list[Algorithm]:
        """Return the algorithms seen at a level, the most promising first."""
        best = standing(seen, level, self._problem.folds)
        if not best:
            return []
        noise = bar_of(best[0][1]).slack / BEHIND
        pulls = Counter(each.algo for each in asked)
        worth: dict[str, float] = {}
        for value, outcome in best:
            name = outcome.proposal.algo
            bonus = noise * math.sqrt(2 * math.log(len(asked) + 1) / pulls[name])
            if value + bonus >= best[0][0]:
                worth.setdefault(name, value + bonus)
        known = [a for a in self._problem.algorithms if a.name in worth]
        return sorted(known, key=lambda a: -worth[a.name])

    def _draw(
        self, algorithm: Algorithm, seen: Sequence[Outcome], asked: Sequence[Proposal], level: int
    ) -> dict[str, JSON] | None:
        """Return new parameters: from anywhere, or every other time near the best ones known."""
        searches = space(algorithm, self._problem.task)
        taken = {each.key for each in asked}
        for attempt in range(DRAWS if searches else 0):
            number = len(asked) + attempt
            rng = np.random.default_rng([abs(self._problem.seed), len(asked), attempt])
            shares = dict(zip(searches, rng.random(len(searches)), strict=True))
            best = self._best_of(algorithm, seen, level)
            params = {name: searches[name].at(share) for name, share in shares.items()}
            if best is not None and number % 2:
                params = _beside(best, params, searches, rng)
            params = _plain(params, algorithm, self._problem.task)
            if Proposal(0, algorithm.name, params).key not in taken:
                return params
        return None

    def _best_of(
        self, algorithm: Algorithm, seen: Sequence[Outcome], level: int
    ) -> dict[str, JSON] | None:
        mine = [o for o in self._best(seen, level) if o.proposal.algo == algorithm.name]
        return mine[0].proposal.params if mine else None

    def _bar(self, seen: Sequence[Outcome], level: int) -> Bar | None:
        """Return what a candidate must keep up with on the folds of a level."""
        whole = [o for o in self._best(seen, level) if o.complete(self._problem.folds)]
        return bar_of(whole[0]) if whole else None


def _plain(params: dict[str, JSON], algorithm: Algorithm, task: str) -> dict[str, JSON]:
    """Return the parameters that are not what they are anyway."""
    usual = {p.name: p.default for p in algorithm.parameters if task in p.tasks}
    return {name: value for name, value in params.items() if value != usual[name]}


def _beside(
    best: dict[str, JSON], drawn: dict[str, JSON], searches: Mapping[str, Search], rng: Any
) -> dict[str, JSON]:
    """Return parameters near the best ones: a step in each range, now and then another value drawn."""
    found: dict[str, JSON] = {}
    for name, search in searches.items():
        step, other = rng.normal(0, NEAR), rng.random() < REDRAWN
        if name in best and not search.values:
            found[name] = search.at(min(1.0, max(0.0, _share(search, best[name]) + step)))
        elif other:
            found[name] = drawn[name]
        elif name in best:
            found[name] = best[name]
    return found


def _share(search: Search, value: float) -> float:
    """Return at which share of the way a value of a range lies: `Search.at` the other way round."""
    low, high = search.low or 0.0, search.high or 0.0
    if search.log:
        return math.log(value / low) / math.log(high / low)
    return (value - low) / (high - low)
