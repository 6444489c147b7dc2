"""What is found is told to who watches, and kept, many at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Protocol

from aiaas_magics.engines.sharing.base import Memory, Params, Scored
from aiaas_magics.engines.sharing.pool import Watcher

AT_MOST = 0.1
"""Seconds of finished work that a kill may lose: less than most fits take, more than a write to the disk."""


class Hearing(Watcher, Protocol):
    """Who watches an evaluation: `progress` counts candidates times folds."""

    def scored(self, candidate: int, fold: int, found: Scored) -> None:
        """Hear what became of a candidate in a fold."""
        ...


class Heard:
    """Turns the units of a group into candidates times folds, for who watches."""

    def __init__(self, watcher: Hearing | None) -> None:
        self._watcher = watcher
        self._told = 0
        self._before, self._worth = 0, 0.0

    def begin(self, units: int, cells: int) -> None:
        """Begin a group that is worth so many candidates times folds."""
        self._before, self._worth = self._told, cells / max(units, 1)

    def progress(self, done: float, text: str = "") -> None:
        """Pass on how far it is; what is scored counts by itself."""
        if self._watcher is not None:
            self._watcher.progress(max(self._told, self._before + done * self._worth), text)

    def stopping(self) -> bool:
        """Ask who watches."""
        return self._watcher is not None and self._watcher.stopping()

    def scored(self, candidate: int, fold: int, found: Scored) -> None:
        """Pass on what became of a candidate in a fold."""
        self._told += 1
        if self._watcher is not None:
            self._watcher.scored(candidate, fold, found)


class Keeping:
    """Hands what is found to a memory, if there is one, at most every `AT_MOST` seconds."""

    def __init__(self, memory: Memory | None, candidates: Sequence[Params]) -> None:
        self._memory, self._candidates = memory, candidates
        self._found: list[tuple[Params, int, Scored]] = []
        self._last, self._lock = time.monotonic(), threading.Lock()

    def add(self, candidate: int, fold: int, found: Scored) -> None:
        """Keep what became of a candidate in a fold, soon."""
        with self._lock:
            self._found.append((self._candidates[candidate], fold, found))
        if time.monotonic() - self._last > AT_MOST:
            self.flush()

    def flush(self) -> None:
        """Keep what is not kept yet, now."""
        with self._lock:
            found, self._found = self._found, []
            if found and self._memory is not None:
                self._memory.keep(found)
            self._last = time.monotonic()
