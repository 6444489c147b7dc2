"""The trees of one fold: grown chunk by chunk, looked at by every kind of member, and summed."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import is_classifier

from aiaas_magics.engines.sharing import growing
from aiaas_magics.engines.sharing.base import Answer, Answers, Array, Equality, Fold
from aiaas_magics.engines.sharing.limits import Limits
from aiaas_magics.engines.sharing.sharers.forest_members import Members
from aiaas_magics.engines.sharing.sharers.forest_pruning import Chunk, Nodes, Sums, View


class Begun(NamedTuple):
    """What is there before the first tree."""

    grower: growing.Grower
    tables: tuple[Any, ...]
    """Converted features."""
    limits: list[Limits]
    """Of every kind."""


class Seen(NamedTuple):
    """A chunk, as these kinds see it."""

    numbers: range
    kinds: list[int]
    chunk: Chunk
    bound: set[int]
    """Kinds whose own fits would have other trees."""


class Growth:
    """The trees of one fold, and what their sums have come to."""

    def __init__(
        self, members: Members, fold: Fold, *, exact: bool, try_direct: bool, checked: bool
    ) -> None:
        self._members, self._fold, self._exact = members, fold, exact
        self._direct, self._checked = try_direct, checked
        self._lock, self._seconds = threading.Lock(), 0.0
        self._waiting: dict[int, Seen] = {}
        self._next = 0
        self._bound = set[int]()

    @functools.cached_property
    def _begun(self) -> Begun:
        rows = self._fold.train()
        limits = self._members.limits(len(rows.y))
        estimator = self._members.loosest(Limits.loosest(limits))
        if self._direct:
            grower = growing.grower_of(estimator, rows, checked=self._checked)
        else:
            grower = growing.Public(estimator, rows)
        tables = self._fold.tables()
        return Begun(
            grower, tuple(growing.converted(grower.fitted, table) for table in tables), limits
        )

    @functools.cached_property
    def _sums(self) -> Sums:
        values = getattr(self._begun.grower.fitted, "n_classes_", 1)
        shapes = [(table.shape[0], values) for table in self._begun.tables]
        return Sums(range(len(self._members.kinds)), shapes)

    def answers(self, numbers: range) -> list[Answer]:
        """Grow a chunk; return the answers of members whose trees are all there."""
        clock = time.perf_counter()
        with self._lock:
            begun = self._begun
        seen = self._see(begun, numbers)
        with self._lock:
            self._seconds += time.perf_counter() - clock
            self._waiting[numbers.start] = seen
            return [answer for each in self._in_turn() for answer in self._answered(each)]

    def _see(self, begun: Begun, numbers: range) -> Seen:
        kinds = self._members.alive(numbers)
        look = Look(begun, numbers, kinds)
        alphas = [kind["ccp_alpha"] for kind in self._members.kinds.values()]
        views = look.own() if self._exact else look.parts()
        views = [look.pruned(view, alphas[kind]) for kind, view in zip(kinds, views, strict=True)]
        bound = set() if self._exact else look.bound()
        return Seen(numbers, kinds, Chunk(look.trees, views, begun.tables), bound)

    def _in_turn(self) -> Iterator[range]:
        """Add the chunks whose predecessors are all added: a forest is summed tree after tree."""
        while self._next in self._waiting:
            seen = self._waiting.pop(self._next)
            self._sums.add(seen.kinds, seen.chunk)
            self._bound |= seen.bound
            self._next = seen.numbers.stop
            yield seen.numbers

    def _answered(self, numbers: range) -> Iterator[Answer]:
        members = self._members
        done = [member for member, size in enumerate(members.sizes) if size == numbers.stop]
        answered: dict[int, tuple[Answers, ...]] = {}
        for member in done:
            kind = members.kind_of[member]
            number = self._sums.set_of[kind]
            if number not in answered:
                means = self._sums.means(number, numbers.stop)
                answered[number] = tuple(map(self._answers_of, means))
            same = kind not in self._bound and not members.chance
            yield Answer(
                member, self._fold.number, answered[number],
                Equality.EXACT if same else Equality.DISTRIBUTION,
                self._seconds / len(members.sizes), self._begun.grower.name,
            )  # fmt: skip

    def _answers_of(self, means: Array) -> Answers:
        like, fitted = self._members.group.estimator, self._begun.grower.fitted
        if not is_classifier(like):
            return Answers(like, {"predict": lambda: means[:, 0]})
        classes = fitted.classes_
        return Answers(
            like,
            {
                "predict": lambda: classes.take(np.argmax(means, axis=1), axis=0),
                "predict_proba": lambda: means,
                "predict_log_proba": lambda: np.log(means),
            },
            classes,
        )


class Look:
    """How every kind of member sees some trees."""

    def __init__(self, begun: Begun, numbers: range, kinds: Sequence[int]) -> None:
        self._grower, self._numbers, self._kinds = begun.grower, numbers, kinds
        self._limits = [begun.limits[kind] for kind in kinds]
        self._within = Limits.loosest(self._limits)
        self.trees = self._grower.grow(self._within, numbers)
        self._nodes = Nodes(self.trees, limits=self._within)
        self._kept: dict[Any, View] = {}

    def bound(self) -> set[int]:
        """Return the kinds whose limits leave a node of any tree untried."""
        binding = {limits: self._nodes.binding(limits).any() for limits in set(self._limits)}
        return {kind for kind, its in zip(self._kinds, self._limits, strict=True) if binding[its]}

    def parts(self) -> list[View]:
        """Return the views of kinds that are content with parts of these trees."""
        every = tuple(range(len(self.trees)))
        stops = {limits: self._nodes.stops(limits) for limits in set(self._limits)}
        leaves = self._nodes.leaf.sum()
        return [
            View(every, None if stops[its].sum() == leaves else stops[its]) for its in self._limits
        ]

    def own(self) -> list[View]:
        """Return the views of kinds that must have the trees of a fit of their own; these are grown."""
        order = sorted(set(self._limits), key=lambda its: (-its.depth, its.split, its.decrease))
        binding = {limits: self._nodes.binding(limits) for limits in order}
        trees: dict[Limits, list[int]] = {limits: [] for limits in order}
        for place, number in enumerate(self._numbers):
            grown = {self._within: place}
            for limits in order:
                if binding[limits][place]:
                    trees[limits].append(self._own(limits, number, grown))
                else:
                    trees[limits].append(place)
        return [View(tuple(trees[limits]), None) for limits in self._limits]

    def _own(self, limits: Limits, number: int, grown: dict[Limits, int]) -> int:
        """Return which tree a fit within the limits has in the place of one that they bind."""
        for within, tree in list(grown.items())[:0:-1]:
            nodes = Nodes([self.trees[tree]], limits=within)
            if within.contain(limits) and not nodes.binding(limits)[0]:
                return tree
        self.trees += self._grower.grow(limits, range(number, number + 1))
        grown[limits] = len(self.trees) - 1
        return grown[limits]

    def pruned(self, view: View, alpha: float) -> View:
        """Return a view of the same trees after cost-complexity pruning."""
        if not alpha:
            return view
        key = (view.key, float(alpha))
        if key not in self._kept:
            starts = self._nodes.starts
            first = len(self.trees)
            for place, tree in enumerate(view.trees):
                whole = self.trees[tree]
                if view.stops is not None:
                    whole = growing.shortened(whole, view.stops[starts[place] : starts[place + 1]])
                self.trees.append(growing.pruned(whole, alpha))
            self._kept[key] = View(tuple(range(first, len(self.trees))), None)
        return self._kept[key]
