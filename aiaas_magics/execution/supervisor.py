"""The supervisor: a thread of the worker that obeys, watches limits, and carries the news."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
import traceback
from collections.abc import Mapping

from aiaas_magics import errors
from aiaas_magics.execution import queue
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.jobs import Cause, JobState, Limits
from aiaas_magics.store.home import Home
from aiaas_magics.store.runs import Tell

TICK = 0.1
"""Seconds between two looks: a stop is seen, and progress told, ten times a second."""

LAST_LOOK = 30.0
"""Seconds beyond its time limit in which a job that was to go on for ever has to answer."""


class Supervisor:
    """Watches one job from inside its process.

    ``endless`` says that the job goes on until it is stopped: its time limit stops it, and it answers.
    """

    endless = False

    def __init__(self, home: Home, job: str, limits: Limits) -> None:
        self._home, self._job, self._limits = home, job, limits
        self._begun = time.monotonic()
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._kept: list[tuple[str, bytes]] = []
        self._news: list[Tell] = []
        self._progress: Mapping[str, JSON] | None = None
        self._stopping = threading.Event()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stopping(self) -> bool:
        """Whether the best so far is wanted."""
        return self._stopping.is_set()

    def tell(self, kind: str, body: Mapping[str, JSON]) -> None:
        """Take an event along with the next tick; of progress only the newest."""
        with self._lock:
            if kind == "progress":
                self._progress = body
            else:
                self._news.append((f"job:{self._job}", kind, body))

    def keep(self, key: str, body: bytes, *, at_once: bool) -> None:
        """Write bytes for jobs to come, with the next tick or at once."""
        with self._lock:
            self._kept.append((key, body))
        if at_once:
            self._write()

    def _write(self) -> None:
        with self._writing:
            with self._lock:
                kept, self._kept = self._kept, []
            self._home.memory.append(kept, self._job)

    def finish(self) -> list[Tell]:
        """Stop watching and return the news not told yet."""
        self._done.set()
        self._thread.join()
        self._write()
        return self._take()

    def _take(self) -> list[Tell]:
        with self._lock:
            news, progress = self._news, self._progress
            self._news, self._progress = [], None
        return [*news, (f"job:{self._job}", "progress", progress)] if progress is not None else news

    def _watch(self) -> None:
        while not self._done.wait(TICK):
            try:
                self._look()
            except Exception:  # noqa: BLE001 - a store that is busy for long must not end the watching
                traceback.print_exc()

    def _look(self) -> None:
        self._write()  # before it is told
        if news := self._take():
            self._home.runs.tell_many(news)
        state = self._home.runs.get(self._job).state
        if state is JobState.STOPPING:
            self._stopping.set()
        elif state is JobState.CANCELLING:
            queue.finish_cancelled(self._home, self._job)
            _die()
        elif state.final:  # somebody buried us: there is nothing to work for
            _die()
        self._check_limits()

    def _check_limits(self) -> None:
        seconds, memory = self._limits.seconds, self._limits.memory
        over = 0.0 if seconds is None else time.monotonic() - self._begun - seconds
        if over > 0 and self.endless:
            self._stopping.set()
        if seconds is not None and over > (LAST_LOOK if self.endless else 0.0):
            self._end(queue.too_long(seconds), Cause.TIMEOUT)
        if memory is not None and (used := resident()) > memory:
            mb = 1e6
            what = f"the job held {used / mb:,.0f} MB of memory"
            hint = f"its limit was {memory / mb:,.0f} MB"
            self._end(
                errors.OutOfMemory(what, hint, f"--memory {2 * memory / mb:.0f}MB"), Cause.OOM
            )

    def _end(self, error: errors.AiaasError, cause: Cause) -> None:
        self._write()
        self._home.runs.tell_many(self._take())
        queue.fail(self._home, self._job, error, cause)
        _die()


def resident() -> int:
    """Return the bytes this process and its children hold in memory; what they share counts once."""
    import psutil

    me = psutil.Process()
    total = int(me.memory_info().rss)
    for each in me.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            total += each.memory_full_info().uss
    return total


def _die() -> None:
    """End this process and all it started, at once: the job's end is written already."""
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(0)
