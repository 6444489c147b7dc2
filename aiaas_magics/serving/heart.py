"""A worker's sign of life: bytes in a pipe to its master, which kills a worker that gives none.

The bytes come from a thread of their own. A process that is stopped cannot send them, nor can one whose code holds Python's
lock for good, where the worker's own guard cannot look around either. What may take long is told before, so that a
healthy worker has time: a model that is opened may hold the lock, and so may a request, as long as its timeout.
"""

from __future__ import annotations

import contextlib
import os
import select
import threading
import time
from collections.abc import Iterator

BEAT = 0.5
"""Seconds between two signs."""
READY, WELL, OPENING = b"r", b"b", b"o"
"""The first request may come; all is well; versions are being opened."""
MARGIN = 10.0
"""Seconds beyond the timeout of a request, for machines with too much to do."""
OPENS = 60.0
"""Seconds without a sign while a worker starts or opens a version: libraries hold the lock while they read a large model."""
STEP = 1.0
"""Seconds of silence that count at most between two looks: a master that did not run heard nothing either."""


class Heart:
    """The worker's end of the pipe.

    Parameters
    ----------
    pipe
        File descriptor to write to; it is kept open.
    """

    def __init__(self, pipe: int) -> None:
        self._pipe, self._opening = pipe, 0
        os.set_inheritable(pipe, False)
        os.set_blocking(pipe, False)  # a master that is stopped keeps no worker waiting

    def start(self) -> None:
        """Give signs from now on."""
        threading.Thread(target=self._run, name="heart", daemon=True).start()

    def ready(self) -> None:
        """Tell that the first request may come."""
        self._say(READY)

    @contextlib.contextmanager
    def opening(self) -> Iterator[None]:
        """Tell that versions are opened, for as long as this lasts."""
        self._opening += 1
        self._say(OPENING)
        try:
            yield
        finally:
            self._opening -= 1

    def _run(self) -> None:
        while True:
            self._say(OPENING if self._opening else WELL)
            time.sleep(BEAT)

    def _say(self, sign: bytes) -> None:
        with contextlib.suppress(
            OSError
        ):  # full, or nobody hears: the guard sees a master that has gone
            os.write(self._pipe, sign)


class Pulse:
    """The master's end of the pipe.

    Parameters
    ----------
    pipe
        File descriptor to read from; `close` closes it.
    """

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe
        os.set_blocking(pipe, False)
        self.ready = self.ended = False
        """Whether the worker said that the first request may come, and whether it has closed its end."""
        self._opening = True
        self._silent, self._looked = 0.0, time.monotonic()

    def look(self, now: float) -> None:
        """Hear what was said since the last look; `now` is in seconds (monotonic)."""
        passed, self._looked = now - self._looked, now
        try:
            said = os.read(self._pipe, 4096)
        except BlockingIOError:
            self._silent += min(passed, STEP)
            return
        if not said:
            self.ended = True
            self._silent += min(passed, STEP)
            return
        self._silent = 0.0
        self.ready |= READY in said
        self._opening = said.endswith(OPENING) or not self.ready

    def await_ready(self, seconds: float) -> bool:
        """Wait until the worker is ready or has ended; False if neither came in that time."""
        end = time.monotonic() + seconds
        while not (self.ready or self.ended):
            left = end - time.monotonic()
            if left <= 0:
                return False
            select.select([self._pipe], [], [], left)
            self.look(time.monotonic())
        return True

    def gone(self, timeout: float) -> str:
        """Return in words that the worker lives no more, or nothing; `timeout` is a request's, in seconds."""
        allowed = timeout + MARGIN
        if self._opening:
            allowed = max(allowed, OPENS)
        if self._silent <= allowed:
            return ""
        return f"no sign of life for {self._silent:.0f} s (it is stopped, or its code holds Python's lock)"

    def spare(self) -> None:
        """Begin anew to count the seconds without a sign."""
        self._silent = 0.0

    def close(self) -> None:
        """Close this end."""
        os.close(self._pipe)
