"""Shadows: versions that are asked what the main one was, so that the answers compare; nobody waits for them.

They are asked when nothing else is, many requests at once. What they cannot keep up with is left out, first of all when the
endpoint has much to do.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from functools import partial
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
        self.planned = False

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
            if busy or queue.full() or not _fits(queue.shadow, router.main):
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
        batch = _front(queue.waiting)
        if batch and self._watch is not None:
            self._compare(queue.shadow, batch, self._watch)
        for each in batch:
            queue.waiting.popleft()
            queue.took += each.rows.n
        if queue.waiting:
            self._lane.spare(partial(self._work, queue))

    def _compare(self, shadow: Runner, batch: list[_Asked], watch: Watch) -> None:
        proba = batch[0].ours.proba is not None
        rows = [_turned(each.rows, shadow) for each in batch]
        found = together(shadow.loaded.predictor, rows, proba=proba)
        for each, own, theirs in zip(batch, rows, found, strict=True):
            answer = theirs if isinstance(theirs, Outcome) else None
            watch.compared(each.main, shadow.model, own, each.ours, answer, each.key)


def _front(waiting: deque[_Asked]) -> list[_Asked]:
    """Return from the front what can be asked at once."""
    batch: list[_Asked] = []
    size = 0
    for each in list(waiting):
        size += each.rows.n
        if batch and (size > TOGETHER or not _same_form(each, batch[0])):
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
