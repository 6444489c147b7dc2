"""Bytes on their way to a backend, told like the progress of a job: a large table takes seconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from aiaas_magics.backends.base import Backend
from aiaas_magics.cards import style
from aiaas_magics.specs.jobs import Event
from aiaas_magics.store.blobs import chunks

Tell = Callable[[Event], None]


class Sending:
    """``Backend.put`` for one file or table of `total` bytes."""

    def __init__(self, backend: Backend, total: int, tell: Tell) -> None:
        self._backend, self._total, self._tell = backend, total, tell
        self._sent, self._begun = 0, time.monotonic()

    def __call__(self, body: Path | Iterable[bytes], *, ref: str | None = None) -> str:
        """Store bytes and return their address."""
        return self._backend.put(self._counted(chunks(body)), ref=ref)

    def _counted(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in pieces:
            yield chunk
            self._sent += len(chunk)
            self._say()

    def _say(self) -> None:
        done = min(self._sent, self._total)
        spent = time.monotonic() - self._begun
        body = {
            "done": done,
            "total": self._total,
            "eta": spent * (self._total - done) / max(done, 1),
            "text": f"sending, {style.size(done)} of {style.size(self._total)}",
        }
        self._tell(Event(seq=0, scope="kernel", time=time.time(), type="progress", body=body))
