"""Shadows: versions that are asked what the main one was, so that the answers compare; nobody waits for them.

They are asked when nothing else is, many requests at once, but no more than take a moment: the main version may use the same
thread. What they cannot keep up with is left out, first of all when the endpoint has much to do.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from functools import partial
from time import monotonic
from typing import NamedTuple

from aiaas_magics.predictors.base import Outcome, Rows
from aiaas_magics.serving.batching import TOGETHER, Lane, together
from aiaas_magics.serving.router import Router, Runner
from aiaas_magics.serving.watch import Watch

LOG = logging.getLogger("aiaas.serving")
WAITING = 1_024
"""Requests that wait for a shadow."""
ROWS = 50_000
"""Rows of theirs: of 100 numbers they are 40 MB."""
MOMENT = 0.05
"""Seconds a shadow may be asked for at once, as far as requests can be taken apart."""
LONGEST = 2.0
"""Seconds after which a single request is too large for a shadow."""
FEW = 16
"""Rows that a shadow is asked at first, while nobody knows how long it takes."""
GATHER = 0.05
"""Seconds in which requests gather, so that a busy endpoint is not interrupted for each."""


class _Asked(NamedTuple):
    main: str
    rows: Rows
    ours: Outcome
    key: bytes


class _Queue:
    """What waits for one shadow."""

    def __init__(self, shadow: Runner) -> None:
        self.shadow = shadow
        self.waiting: deque[_Asked] = deque()
        self.put = self.took = 0
        """Rows that ever came, counted by the event loop, and that were asked about, by the lane."""
        self.cost = MOMENT / FEW
        """Seconds a row, as it was last."""
        self.known = False
        self.planned = False

    @property
    def most(self) -> int:
        """How many rows of several requests are asked at once; 1 where a row's answer may depend on those beside."""
        if self.shadow.loaded.alone:
            return 1
        return max(1, min(TOGETHER, int(MOMENT / self.cost)))

    def took_time(self, seconds: float, rows: int) -> None:
        """Learn from a batch how long the next may be: twice as long at most."""
        self.cost, self.known = max(seconds / rows, MOMENT / (2 * max(FEW, rows))), True

    def too_large(self, rows: int) -> bool:
        """Tell whether a request would keep others waiting for long."""
        return self.known and rows * self.cost > LONGEST

    def full(self) -> bool:
        """Tell whether no more may wait."""
        return len(self.waiting) >= WAITING or self.put - self.took > ROWS


class Shadows:
    """Asks shadows in a lane, and tells the watch what they say."""

    def __init__(self, lane: Lane, watch: Watch | None) -> None:
        self._lane, self._watch = lane, watch
        self._queues: list[_Queue] = []
        self.left_out = 0
        """Requests that no shadow was asked."""

    def ask(
        self, router: Router, rows: Rows, ours: Outcome, key: bytes = b"", *, busy: bool = False
    ) -> None:
        """Have the shadows asked what `ours` answers; not if the worker is `busy`."""
        if self._watch is None:
            return
        if [queue.shadow for queue in self._queues] != router.shadows:
            self._queues = [_Queue(shadow) for shadow in router.shadows]
        for queue in self._queues:
            left_out = busy or queue.full() or queue.too_large(rows.n)
            if left_out or not _fits(queue.shadow, router.main):
                self._leave_out()
                continue
            queue.put += rows.n
            queue.waiting.append(_Asked(router.main.model, rows, ours, key))
            if not queue.planned:
                queue.planned = True
                asyncio.get_running_loop().call_later(GATHER, self._go, queue)

    def _go(self, queue: _Queue) -> None:
        queue.planned = False
        self._lane.spare(partial(self._work, queue))

    def _leave_out(self) -> None:
        self.left_out += 1
        if self.left_out & (self.left_out - 1) == 0:
            LOG.warning("%d requests were not asked of a shadow", self.left_out)

    def _work(self, queue: _Queue) -> None:
        """Ask for some of what waits, and come back for the rest; in the lane's thread."""
        batch = _front(queue.waiting, queue.most)
        rows, begun = sum(each.rows.n for each in batch), monotonic()
        try:
            if batch and self._watch is not None:
                self._compare(queue.shadow, batch, self._watch)
                queue.took_time(monotonic() - begun, rows)
        finally:
            queue.took += rows
            for _ in batch:
                queue.waiting.popleft()
            if queue.waiting:
                self._lane.spare(partial(self._work, queue))

    def _compare(self, shadow: Runner, batch: list[_Asked], watch: Watch) -> None:
        proba = batch[0].ours.proba is not None
        rows = [_turned(each.rows, shadow) for each in batch]
        found = together(shadow.loaded.predictor, rows, proba=proba)
        for each, own, theirs in zip(batch, rows, found, strict=True):
            answer = theirs if isinstance(theirs, Outcome) else None
            watch.compared(each.main, shadow.model, own, each.ours, answer, each.key)


def _front(waiting: deque[_Asked], most: int) -> list[_Asked]:
    """Return from the front what can be asked at once."""
    batch: list[_Asked] = []
    size = 0
    for each in list(waiting):
        size += each.rows.n
        if batch and (size > most or not _same_form(each, batch[0])):
            break
        batch.append(each)
    return batch


def _same_form(one: _Asked, other: _Asked) -> bool:
    return (one.ours.proba is None) == (other.ours.proba is None)


def _fits(shadow: Runner, main: Runner) -> bool:
    """Tell whether all columns that a shadow takes are asked of the main version."""
    theirs, ours = (each.loaded.served.signature.inputs for each in (shadow, main))
    return {name for name, _ in theirs} <= {name for name, _ in ours}


def _turned(rows: Rows, shadow: Runner) -> Rows:
    """Return rows in the order of a shadow's columns."""
    signature = shadow.loaded.served.signature
    if signature.inputs == rows.signature.inputs:
        return rows
    columns = rows.columns()
    return Rows(signature, {name: columns[name] for name, _ in signature.inputs})
