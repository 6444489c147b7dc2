"""Follow a job by its events: fast at first, then with patience."""

from __future__ import annotations

import time
from collections.abc import Iterator

from aiaas_magics.backends.base import Backend
from aiaas_magics.specs.jobs import Event, JobState

EAGER = 0.2
"""Seconds during which a look is taken every `FAST`: most small jobs end here."""
FAST, SLOW = 0.002, 0.1


def follow(backend: Backend, job: str, after: int = 0) -> Iterator[Event]:
    """Yield a job's events from `after` on until it has ended, waiting where there are none yet."""
    begun = time.monotonic()
    scope = f"job:{job}"
    while True:
        news = backend.events(scope, after)
        for event in news:
            after = event.seq
            yield event
            if event.type == "state" and JobState(event.body["to"]).final:
                return
        if not news:
            time.sleep(FAST if time.monotonic() - begun < EAGER else SLOW)
