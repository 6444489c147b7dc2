"""What comes together is asked together: quick models on the event loop, those that take their time in one thread.

No request waits for company: a batch is what has come in one turn of the event loop, or while the thread was busy. A quick
model gains because its trees have left the processor's cache between two requests, and a batch fetches them once.
Each version has its own batches. Where a batch fails its requests are asked again one by one, so that an error meets
only the request that made it. A model whose answer to a row depends on the rows beside it must not be asked like this.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple, Protocol

from aiaas_magics.predictors.base import Outcome, Predictor, Rows
from aiaas_magics.serving import asking

LOG = logging.getLogger("aiaas.serving")
TOGETHER = 1_024
"""Rows that are asked at once; a request of more is asked alone."""
SPARE = 256
"""Works that nobody waits for and that may wait themselves; more are left out."""
Work = Callable[[], None]


class Lane:
    """A thread that does one work after the other; what nobody waits for, it does when nothing else is there."""

    def __init__(self, name: str = "predicting") -> None:
        self._due: deque[Work] = deque()
        self._spare: deque[Work] = deque()
        self._turn = threading.Condition()
        self.since: float | None = None
        """When the work at hand began (monotonic); None while there is none."""
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def do(self, work: Work) -> None:
        """Do this after what was asked for before."""
        with self._turn:
            self._due.append(work)
            self._turn.notify()

    def spare(self, work: Work) -> bool:
        """Do this when there is nothing else; False where too much of the kind waits already."""
        with self._turn:
            if len(self._spare) >= SPARE:
                return False
            self._spare.append(work)
            self._turn.notify()
        return True

    def _run(self) -> None:
        while True:
            work = self._next()
            self.since = time.monotonic()
            try:
                work()
            except Exception:
                LOG.exception("a work of the thread failed")
            self.since = None

    def _next(self) -> Work:
        with self._turn:
            while not self._due and not self._spare:
                self._turn.wait()
            return self._due.popleft() if self._due else self._spare.popleft()


class Turn(Protocol):
    """Who waits for an outcome: a future, or what has its methods."""

    def done(self) -> bool:
        """Tell whether nobody waits any more."""
        ...

    def set_result(self, outcome: Outcome, /) -> None:
        """Take the predictions."""
        ...

    def set_exception(self, error: Exception, /) -> None:
        """Take what was raised instead."""
        ...


class _Waiting(NamedTuple):
    rows: Rows
    proba: bool
    answer: Turn


class Batcher:
    """Asks one predictor, for many at once.

    Parameters
    ----------
    lane
        Where it is asked; None: where the event loop runs.
    most
        Rows that are asked at once; a request of more is asked alone. With 1 every request is asked by itself, because the
        model's answers may depend on the rows beside.
    """

    def __init__(self, predictor: Predictor, lane: Lane | None, most: int) -> None:
        self._predictor, self._lane, self._most = predictor, lane, most
        self._waiting: deque[_Waiting] = deque()
        self._busy = False

    def ask(self, rows: Rows, *, proba: bool) -> asyncio.Future[Outcome]:
        """Return what will be the predictions, or the `Problem`; one who no longer waits cancels it."""
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self.add(rows, proba=proba, answer=answer)
        return answer

    def add(self, rows: Rows, *, proba: bool, answer: Turn) -> None:
        """Let somebody wait for the predictions."""
        self._waiting.append(_Waiting(rows, proba, answer))
        if not self._busy:
            self._busy = True
            loop = asyncio.get_running_loop()
            loop.call_soon(self._next, loop)  # after whatever else this turn of the loop brings

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        batch = self._gather()
        self._busy = bool(batch)
        if not batch:
            return
        if self._lane is None:
            self._tell(batch, self._asked(batch), loop)
        else:
            self._lane.do(partial(self._work, batch, loop))

    def _gather(self) -> list[_Waiting]:
        """Take from the front who still waits, wants the same, and fits."""
        batch: list[_Waiting] = []
        rows = 0
        while self._waiting:
            first = self._waiting[0]
            if not first.answer.done():
                if batch and (first.proba != batch[0].proba or rows + first.rows.n > self._most):
                    break
                batch.append(first)
                rows += first.rows.n
            self._waiting.popleft()
        return batch

    def _work(self, batch: list[_Waiting], loop: asyncio.AbstractEventLoop) -> None:
        found = self._asked(batch)
        with contextlib.suppress(RuntimeError):  # the loop has ended, and with it all who waited
            loop.call_soon_threadsafe(self._tell, batch, found, loop)

    def _asked(self, batch: list[_Waiting]) -> list[Outcome | Exception]:
        return together(self._predictor, [each.rows for each in batch], proba=batch[0].proba)

    def _tell(
        self,
        batch: list[_Waiting],
        found: Sequence[Outcome | Exception],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        for each, outcome in zip(batch, found, strict=True):
            if each.answer.done():
                continue
            if isinstance(outcome, Exception):
                each.answer.set_exception(outcome)
            else:
                each.answer.set_result(outcome)
        if self._waiting:
            loop.call_soon(self._next, loop)
        else:
            self._busy = False


def together(
    predictor: Predictor, parts: Sequence[Rows], *, proba: bool
) -> list[Outcome | Exception]:
    """Return for each part its predictions, or what was raised; the parts are asked at once where that goes well."""
    if len(parts) > 1:
        try:
            whole = asking.predict(predictor, Rows.joined(parts), proba=proba)
        except (Exception, SystemExit):  # noqa: BLE001 - whose fault it is shows when each is asked alone
            whole = None
        if whole is not None:
            return _parts(whole, parts)
    return [_alone(predictor, rows, proba=proba) for rows in parts]


def _parts(whole: Outcome, parts: Sequence[Rows]) -> list[Outcome | Exception]:
    found: list[Outcome | Exception] = []
    start = 0
    for rows in parts:
        found.append(whole.part(start, start + rows.n))
        start += rows.n
    return found


def _alone(predictor: Predictor, rows: Rows, *, proba: bool) -> Outcome | Exception:
    try:
        return asking.predict(predictor, rows, proba=proba)
    except Exception as error:  # noqa: BLE001 - it is raised where the request waits
        return error
    except SystemExit as error:
        return RuntimeError(f"the model raised SystemExit: {error}")
