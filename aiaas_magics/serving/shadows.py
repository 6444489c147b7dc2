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
        self.planned = False


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
            fits = rows if _alike(queue.shadow, router.main) else _turned(rows, queue.shadow)
            if busy or fits is None or len(queue.waiting) >= WAITING:
                self._leave_out()
                continue
            queue.waiting.append(_Asked(router.main.model, fits, ours, key))
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
        for _ in batch:
            queue.waiting.popleft()
        if queue.waiting:
            self._lane.spare(partial(self._work, queue))

    def _compare(self, shadow: Runner, batch: list[_Asked], watch: Watch) -> None:
        proba = batch[0].ours.proba is not None
        found = together(shadow.loaded.predictor, [each.rows for each in batch], proba=proba)
        for each, theirs in zip(batch, found, strict=True):
            answer = theirs if isinstance(theirs, Outcome) else None
            watch.compared(each.main, shadow.model, each.rows, each.ours, answer, each.key)


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


def _alike(shadow: Runner, main: Runner) -> bool:
    return shadow.loaded.served.signature.inputs == main.loaded.served.signature.inputs


def _turned(rows: Rows, shadow: Runner) -> Rows | None:
    """Return rows in the order of a shadow's columns; None where it takes others."""
    signature, columns = shadow.loaded.served.signature, rows.columns()
    if any(name not in columns for name, _ in signature.inputs):
        return None
    return Rows(signature, {name: columns[name] for name, _ in signature.inputs})
