"""Requests counted: by version, status and latency, in total, by the minute and by the hour.

A worker writes into a mapped file of its own, with plain stores and no lock, some times a second. Only the cell of the minute is
written; when the minute is over it is folded into the cells of its hour and of everything. `merged`
adds up the files of all workers. A worker that comes back finds its file, so that counters only grow, as Prometheus wants it.

The file: `HEADER` words of 64 bits, then a block a version: its name, a cell of everything, and a ring of cells
(:mod:`aiaas_magics.gauges.rings`; what a cell holds: :mod:`aiaas_magics.gauges.cells`). The stamp of the cell of everything tells
up to which minute it holds everything.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import math
import mmap
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from aiaas_magics.gauges import rings
from aiaas_magics.gauges.cells import (
    AGREEING,
    APART,
    CELL,
    COMPARED,
    FAILED,
    FIRST_BIN,
    NANOS,
    NOTED,
    OTHER,
    PLACE,
    ROWS,
    Tally,
    added,
    as_bits,
    as_float,
    bins_of,
)
from aiaas_magics.gauges.mapped import reserve

LOG = logging.getLogger("aiaas.serving")
FOLDER = "gauges"
"""Of an endpoint's folder."""
MOST_VERSIONS = 16
"""Blocks of a file; of more versions the one that was silent for longest makes room."""

MAGIC = int.from_bytes(b"aiaas-g2", "little")
HEADER, NAME = 64, 16
PID, LOST, THINNED, DEATHS, DIED = 1, 2, 3, 4, 5
BLOCK = NAME + CELL * (1 + rings.CELLS)
SIZE = 8 * (HEADER + MOST_VERSIONS * BLOCK)
ALTERNATES = 4
"""Files that a slot may have: two masters stand side by side while one takes the other's place."""
NONE = "-"
"""Stands for the version of requests that reached none: refused at the door."""
Heard = tuple[str, int, float, int, int]
"""A request: its version, status, seconds, rows, and how many of them were noted."""


class Counters:
    """A worker's own counters.

    Parameters
    ----------
    folder
        The endpoint's.
    slot
        The worker's number; the next worker of that number goes on with the file.
    """

    def __init__(self, folder: Path, slot: int = 0) -> None:
        place = folder / FOLDER
        place.mkdir(mode=0o700, exist_ok=True)
        self._file, self.slot = _taken(place, slot)
        try:
            reserve(self._file, SIZE)
            self._map = mmap.mmap(self._file, SIZE)
        except OSError as error:
            LOG.warning("requests are not counted: %s", error.strerror)
            self._map = mmap.mmap(-1, SIZE)  # an endpoint answers though nobody can look
        self._words = memoryview(self._map).cast("Q")
        if self._words[0] != MAGIC:
            if self._words[0]:  # of another layout
                self._empty(0, SIZE // 8)
            self._words[0] = MAGIC
        if self._words[PID]:  # whoever wrote here did not let go
            self._words[DEATHS] += 1
            self._words[DIED] = int(time.time())
        self._words[PID] = os.getpid()
        self._lock = threading.Lock()
        self._cells: dict[str, tuple[float, int]] = {}

    def answered(
        self, version: str, status: int, seconds: float, rows: int = 0, noted: int = 0
    ) -> None:
        """Count a request: its status, how long it took, its rows, and how many of them were noted."""
        self.heard([(version, status, seconds, rows, noted)])

    def heard(self, asked: Sequence[Heard]) -> None:
        """Count requests, many at once, as of this moment."""
        by_version: dict[str, list[Heard]] = {}
        for each in asked:
            by_version.setdefault(each[0], []).append(each)
        words = self._words
        for version, mine in by_version.items():
            at = self._at(version)
            _, statuses, seconds, rows, noted = zip(*mine, strict=True)
            for status, count in Counter(statuses).items():
                words[at + PLACE.get(status, OTHER)] += count
            for number, count in bins_of(seconds):
                words[at + FIRST_BIN + number] += count
            words[at + NANOS] += int(sum(seconds) * 1e9)
            words[at + ROWS] += sum(rows)
            words[at + NOTED] += sum(noted)

    def compared(self, version: str, rows: int, agreeing: int, apart: float) -> None:
        """Count what a shadow answered as well: rows, those with the same label, the differences summed up."""
        words, at = self._words, self._at(version)
        words[at + COMPARED] += rows
        words[at + AGREEING] += agreeing
        if math.isfinite(apart):
            words[at + APART] = as_bits(as_float(words[at + APART]) + apart)

    def failed(self, version: str) -> None:
        """Count a request to which a shadow had no answer."""
        at = self._at(version)
        self._words[at + FAILED] += 1

    def lost(self, requests: int = 0, rows: int = 0) -> None:
        """Count requests that nobody could look at, and rows that were left out of the bins."""
        self._words[LOST] += requests
        self._words[THINNED] += rows

    def close(self) -> None:
        """Let go of the file; what was counted stays."""
        self._words[PID] = 0
        self._words.release()
        self._map.close()
        os.close(self._file)

    def _at(self, version: str) -> int:
        """Return where the cell of this minute begins."""
        until, at = self._cells.get(version, (0.0, 0))
        now = time.time()
        return at if now < until else self._roll(version or NONE, now)

    def _roll(self, version: str, now: float) -> int:
        with self._lock:
            start = self._block(version) + NAME
            minute, _ = rings.places(now)
            self._fold(start, minute.begin)
            at = self._opened(start, minute)
            self._cells[version] = rings.ends(now), at
            return at

    def _fold(self, start: int, until: int) -> None:
        """Add the minutes that are over to their hours, and to everything."""
        words = self._words
        for place in _pending(words, start):
            minute = start + CELL * (1 + place)
            if words[minute] < until:
                hour = self._opened(start, rings.places(words[minute])[1])
                for i in range(1, CELL):
                    if words[minute + i]:
                        words[hour + i] = added(i, words[hour + i], words[minute + i])
                        words[start + i] = added(i, words[start + i], words[minute + i])
        words[start] = until

    def _opened(self, start: int, span: rings.Span) -> int:
        """Return where a cell of the ring begins, empty if what it held is long ago."""
        at = start + CELL * (1 + span.place)
        if self._words[at] != span.begin:
            self._empty(at, CELL)
            self._words[at] = span.begin
        return at

    def _block(self, version: str) -> int:
        name = version.encode()[: 8 * NAME].ljust(8 * NAME, b"\0")
        idle: list[tuple[int, int]] = []
        for number in range(MOST_VERSIONS):
            at = HEADER + number * BLOCK
            there = self._words[at : at + NAME].tobytes()
            if there == name:
                return at
            last = max(self._words[at + NAME + CELL * (1 + i)] for i in range(rings.CELLS))
            idle.append((last if any(there) else -1, at))
        last, at = min(idle)
        if last >= 0:
            self._empty(at, BLOCK)
        self._words[at : at + NAME] = memoryview(name).cast("B").cast("Q")
        self._cells.clear()
        return at

    def _empty(self, at: int, count: int) -> None:
        self._words[at : at + count] = memoryview(bytes(8 * count)).cast("Q")


def _taken(place: Path, slot: int) -> tuple[int, str]:
    """Return the slot's file, locked, and the slot's name; while another process holds it, one beside it."""
    for turn in range(ALTERNATES):
        name = f"{slot}-{turn}" if turn else f"{slot}"
        path = place / f"counts-{name}"
        number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return number, name
        os.close(number)
    raise OSError(f"{ALTERNATES} processes count for worker {slot}")


class Counts:
    """What all workers of an endpoint counted.

    ``versions`` maps a version (``clf@4``, or `NONE`) to its tally.
    """

    def __init__(self) -> None:
        self.versions: dict[str, Tally] = {}
        self.lost = 0
        """Requests nobody could look at: bins and samples lack them."""
        self.thinned = 0
        """Rows left out of bins and samples, because there were too many at once."""
        self.deaths = 0
        """Workers that ended without letting go: what they were being asked is counted nowhere."""
        self.died = 0.0
        """When the last of these was followed by another (seconds since 1970); 0: none was."""

    def of(self, version: str) -> Tally:
        """Return the tally of a version, an empty one where nothing was counted."""
        return self.versions.setdefault(version, Tally())


def merged(folder: Path, since: float | None = None, now: float | None = None) -> Counts:
    """Return what all workers of an endpoint counted, ever or since a moment (seconds since 1970).

    Parameters
    ----------
    folder
        The endpoint's.
    """
    found = Counts()
    for words in _files(folder):
        found.lost += words[LOST]
        found.thinned += words[THINNED]
        found.deaths += words[DEATHS]
        found.died = max(found.died, float(words[DIED]))
        for name, at in _blocks(words):
            tally = found.of(name)
            if since is None:
                places = [-1, *_pending(words, at)]
            else:
                places = [span.place for span in _spans(words, at, since, now or time.time())]
            for place in places:
                tally.add(_cell(words, at, place))
    return found


def history(
    folder: Path, since: float, now: float | None = None
) -> dict[str, dict[rings.Span, Tally]]:
    """Return the tallies of each version by minute, and beyond two hours by hour; spans have place 0."""
    found: dict[str, dict[rings.Span, Tally]] = {}
    for words in _files(folder):
        for name, at in _blocks(words):
            mine = found.setdefault(name, {})
            for span in _spans(words, at, since, now or time.time()):
                tally = mine.setdefault(span._replace(place=0), Tally())
                tally.add(_cell(words, at, span.place))
    return found


def _cell(words: memoryview[int], at: int, place: int) -> memoryview[int]:
    """Return a cell of the ring, or with -1 that of everything."""
    start = at + CELL * (1 + place)
    return words[start : start + CELL]


def _pending(words: memoryview[int], at: int) -> list[int]:
    """Return the minutes of a ring that are not yet in the cells of their hours and of everything."""
    done = words[at]
    return [p for p in range(rings.MINUTES) if words[at + CELL * (1 + p)] >= max(done, 1)]


def _spans(words: memoryview[int], at: int, since: float, now: float) -> Iterator[rings.Span]:
    """Yield the cells since a moment; a minute that its hour lacks stands for the hour."""
    stamps = [words[at + CELL * (1 + place)] for place in range(rings.CELLS)]
    chosen = list(rings.chosen(stamps, since, now))
    yield from chosen
    fine = {span.place for span in chosen}
    for place in _pending(words, at):
        hour = rings.Span(place, stamps[place] // rings.HOUR * rings.HOUR, rings.HOUR)
        recent = hour.begin + rings.HOUR > since and stamps[place] > now - rings.HOURS * rings.HOUR
        if place not in fine and recent and stamps[place] < rings.border(now):
            yield hour


def _files(folder: Path) -> Iterator[memoryview[int]]:
    for path in sorted((folder / FOLDER).glob("counts-*")):
        if path.stat().st_size != SIZE:
            continue  # it is being made, or was by another layout
        with (
            path.open("rb") as file,
            mmap.mmap(file.fileno(), SIZE, access=mmap.ACCESS_READ) as all_,
        ):
            bare = memoryview(all_)
            words = bare.cast("Q")
            try:
                if words[0] == MAGIC:
                    yield words
            finally:
                words.release()
                bare.release()


def _blocks(words: memoryview[int]) -> Iterator[tuple[str, int]]:
    """Yield each version with where its cell of everything begins."""
    for number in range(MOST_VERSIONS):
        at = HEADER + number * BLOCK
        name = words[at : at + NAME].tobytes().rstrip(b"\0").decode(errors="replace")
        if name:
            yield name, at + NAME
