"""Counts of a version's cells by minute and by hour, in a mapped file a worker.

The file: `HEAD` bytes (a mark, the layout's digest), the stamps of a ring (:mod:`aiaas_magics.gauges.rings`), and the counts
of each of its cells, 32 bits each.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import time
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from aiaas_magics.gauges import rings
from aiaas_magics.gauges.counters import FOLDER
from aiaas_magics.gauges.mapped import reserve

Array = np.ndarray[Any, Any]
MARK = b"aiaas-b1"
HEAD = 64
_STAMPS = HEAD + 8 * rings.CELLS


class Bins:
    """A worker's own counts of one version.

    Parameters
    ----------
    layout
        The digest of the cells: a file of other cells is begun anew.
    width
        Counts of a cell of the ring.
    """

    def __init__(self, folder: Path, slot: str, version: str, layout: bytes, width: int) -> None:
        path = file_of(folder, "bins", slot, version)
        size = _STAMPS + 4 * width * rings.CELLS
        self._map, fresh = opened(path, MARK + layout, size)
        self._stamps, self._counts = _views(self._map, width)
        if fresh:
            self._map[: len(MARK) + len(layout)] = MARK + layout

    def add(self, counts: Array, now: float | None = None) -> None:
        """Add counts, shape (width,), to the minute and the hour of a moment (default: now)."""
        for span in rings.places(now or time.time()):
            if self._stamps[span.place] != span.begin:
                self._counts[span.place] = 0
                self._stamps[span.place] = span.begin
            self._counts[span.place] += counts.astype("uint32")

    def close(self) -> None:
        """Let go of the file; what was counted stays."""
        del self._stamps, self._counts
        self._map.close()


def _views(body: Any, width: int) -> tuple[Array, Array]:
    stamps = np.frombuffer(body, "uint64", rings.CELLS, HEAD)
    counts = np.frombuffer(body, "uint32", rings.CELLS * width, _STAMPS)
    return stamps, counts.reshape(rings.CELLS, width)


def history(
    folder: Path, version: str, layout: bytes, width: int, since: float, now: float | None = None
) -> dict[rings.Span, Array]:
    """Return the counts of all workers since a moment, by minute and beyond two hours by hour, oldest first."""
    found: dict[rings.Span, Array] = {}
    for body in bodies(folder, "bins", version, MARK + layout):
        stamps, counts = _views(body, width)
        for span in rings.chosen(stamps.tolist(), since, now or time.time()):
            key = span._replace(place=0)
            before = found.get(key, np.zeros(width, dtype="int64"))
            found[key] = before + counts[span.place]
    return dict(sorted(found.items(), key=lambda item: item[0].begin))


def file_of(folder: Path, kind: str, slot: str, version: str) -> Path:
    """Return the path of a worker's file of a version."""
    return folder / FOLDER / f"{kind}.{slot}.{version}"


def opened(path: Path, mark: bytes, size: int) -> tuple[mmap.mmap, bool]:
    """Return a file mapped for writing, and whether it is new: one that bears another mark is replaced.

    It is replaced, not cut: somebody may be reading it.

    Raises
    ------
    OSError
        If there is no room.
    """
    with contextlib.suppress(FileNotFoundError):
        with _open(path) as known:
            if os.fstat(known.fileno()).st_size == size and known.read(len(mark)) == mark:
                return mmap.mmap(known.fileno(), size), False
        path.unlink()
    with _open(path, os.O_CREAT) as file:
        reserve(file.fileno(), size)
        return mmap.mmap(file.fileno(), size), True


def _open(path: Path, flags: int = 0) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CLOEXEC | flags, 0o600), "rb", buffering=0)


def forget(folder: Path, served: Collection[str], now: float | None = None) -> None:
    """Remove what was counted and kept of versions that are served no more, once it is older than all that is looked at."""
    oldest = (now or time.time()) - rings.HOURS * rings.HOUR
    for path in (folder / FOLDER).glob("*.*.*"):
        if path.name.split(".", 2)[2] not in served:
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < oldest:
                    path.unlink()


def bodies(folder: Path, kind: str, version: str, mark: bytes) -> Iterator[bytes]:
    """Yield the contents of the files of a version that bear a mark."""
    for path in sorted((folder / FOLDER).glob(f"{kind}.*.*")):
        if path.name.split(".", 2)[2] != version:
            continue
        body = path.read_bytes()
        if body.startswith(mark):
            yield body
