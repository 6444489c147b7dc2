"""What ends a worker that can no longer help itself; its master starts another.

A thread looks around four times a second: the master may be gone, the event loop or the model may hang, the process may
hold more memory than it is allowed to.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable

from aiaas_magics.serving.batching import Lane

LOG = logging.getLogger("aiaas.serving")
LOOK = 0.25
LATE = 1.0
"""Seconds after which a look is late: then this thread did not run, nor did the others, who get a moment to go on."""
PATIENCE = 2
"""Times the timeout of a request: a model or an event loop that has been at one thing for longer is given up."""
DRAIN = 12.0
"""Seconds from the wish to end a worker until it is ended: a little more than its own drain takes."""


class Guard:
    """Looks after a worker.

    Parameters
    ----------
    master
        The process that this one belongs to.
    timeout, memory
        Seconds a request may last, and bytes this process may hold (None: any), as they are now.
    """

    def __init__(
        self,
        master: int,
        lane: Lane,
        timeout: Callable[[], float],
        memory: Callable[[], int | None],
    ) -> None:
        self._master, self._lane = master, lane
        self._timeout, self._memory = timeout, memory
        self.beat: float | None = None
        """When the event loop last went round (monotonic); None before it runs."""

    def start(self) -> None:
        """Look around from now on."""
        threading.Thread(target=self._run, name="guard", daemon=True).start()

    def _run(self) -> None:
        looked = time.monotonic()
        while os.getppid() == self._master:
            now = time.monotonic()
            late, looked = now - looked > LATE, now
            if not late and (why := self.hanging(now)):
                _end(why)
            if why := self.bloated(resident()):
                LOG.error("%s: this worker ends, another comes", why)
                os.kill(os.getpid(), signal.SIGTERM)
                time.sleep(DRAIN)
                _end("it has not ended by itself")
            time.sleep(LOOK)
        os._exit(0)

    def hanging(self, now: float) -> str:
        """Return what hangs, in words, or nothing."""
        most = PATIENCE * self._timeout()
        since = self._lane.since
        if since is not None and now - since > most:
            return f"the model has not answered for {now - since:.1f} s"
        if self.beat is not None and now - self.beat > most + 1.0:
            return f"the event loop has stood still for {now - self.beat:.1f} s"
        return ""

    def bloated(self, held: int) -> str:
        """Return in words that the process holds too much, or nothing."""
        allowed = self._memory()
        if allowed is None or held <= allowed:
            return ""
        return f"{held >> 20} MB of memory are held and {allowed >> 20} allowed"


def resident() -> int:
    """Return the bytes this process holds in memory."""
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - four times a second
            return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")
    except FileNotFoundError:
        import psutil

        return int(psutil.Process().memory_info().rss)


def _end(why: str) -> None:
    LOG.error("%s: this worker ends, another comes", why)
    sys.stderr.flush()
    os._exit(1)
