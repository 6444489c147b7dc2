"""The requests that wait for an answer: how many there may be, and how long each may last."""

from __future__ import annotations

import asyncio
import time

from aiaas_magics.serving.problems import Problem


class Flights:
    """Counts the tasks that answer requests, and ends those that last too long.

    One look at the oldest, now and then, costs less than a timer for each.

    Parameters
    ----------
    most
        How many may be under way at once.
    timeout
        Seconds one may last.
    """

    def __init__(self, most: int, timeout: float) -> None:
        self.most, self.timeout = most, timeout
        self._begun: dict[asyncio.Task[None], float] = {}
        self._late: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._begun)

    def begin(self, task: asyncio.Task[None], now: float) -> None:
        """Take a request in.

        Raises
        ------
        Problem
            429 if too many are under way.
        """
        self.check()
        self._begun[task] = now

    def check(self) -> None:
        """Raise `Problem` (429) if no more may come."""
        if len(self._begun) >= self.most:
            what = f"{self.most:,} requests wait for an answer already"
            raise Problem(429, what, "ask again in a second", ((b"retry-after", b"1"),))

    def end(self, task: asyncio.Task[None]) -> None:
        """Let a request go: it is answered from here on, however slowly its sender reads."""
        self._begun.pop(task, None)

    def sweep(self, now: float) -> None:
        """Cancel what has lasted too long; the oldest come first."""
        for task, begun in list(self._begun.items()):
            if now - begun < self.timeout:
                return
            del self._begun[task]
            self._late.add(task)
            task.cancel()

    def was_late(self, task: asyncio.Task[None]) -> bool:
        """Tell whether a cancelled task was cancelled here, in which case it may go on to say so."""
        if task not in self._late:
            return False
        self._late.discard(task)
        task.uncancel()
        return True


def now() -> float:
    """Return the clock of flights, in seconds."""
    return time.perf_counter()
