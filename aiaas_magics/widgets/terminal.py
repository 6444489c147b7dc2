"""Progress in a terminal: plain lines, not many."""

from __future__ import annotations

import sys
import time
from typing import TextIO

from aiaas_magics.cards import style
from aiaas_magics.specs.jobs import Event

FIRST, EVERY = 1.0, 2.0
"""Seconds before the first line, and between two: what is shorter needs none."""


SOON = 0.5
"""Seconds below which it is not worth saying how long it will take."""


class TerminalProgress:
    """Writes a line now and then while a job runs."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stderr
        self._next = time.monotonic() + FIRST

    def __call__(self, event: Event) -> None:
        """Take an event."""
        if event.type != "progress" or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + EVERY
        print("  " + said(event), file=self._out, flush=True)

    def close(self) -> None:
        """Nothing stays behind."""


def said(event: Event) -> str:
    """Return a progress event in words: share, what, eta."""
    body = event.body
    share = f"{100 * body['done'] / body['total']:.0f} %" if body["done"] and body["total"] else ""
    eta = body.get("eta")
    left = f", about {style.duration(eta)} left" if eta is not None and eta >= SOON else ""
    return f"{share} {body['text']}{left}".strip()
