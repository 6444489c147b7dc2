"""An endpoint's log: one line a request, never what was in it; written in one piece now and then, and never too long.

All processes of an endpoint append to one file. Whoever finds it full moves it aside, over the one before; the others see
that and follow, with their standard output and error, so that what libraries say comes along.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from pathlib import Path
from typing import NamedTuple

FULL = 8 << 20
"""Bytes of a log that is moved aside; two of them are kept."""
WAITING = 100_000
"""Lines that wait to be written; more are counted only (the disk may be full or slow)."""


class Line(NamedTuple):
    """What is written of a request."""

    at: float
    method: str
    path: str
    status: int
    seconds: float
    rows: int
    model: str


class Log:
    """Collects lines, and writes them when told to.

    Parameters
    ----------
    path
        The file that standard error goes to already; None: standard error is no file of ours (a terminal), and all
        that is done is to write there.
    full
        Bytes after which the file is moved aside.
    """

    def __init__(self, path: Path | None, full: int = FULL) -> None:
        self._path, self._full = path, full
        self._lines: list[Line] = []
        self._lost = 0
        self._second = (0, "")

    @classmethod
    def of(cls, path: Path) -> Log:
        """Return the log of a process whose standard error goes to the file at `path`, or elsewhere: then it is left as it is."""
        return cls(path if _same(os.fstat(2), path) else None)

    def add(self, line: Line) -> None:
        """Take a line; it is written later."""
        if len(self._lines) < WAITING:
            self._lines.append(line)
        else:
            self._lost += 1

    def flush(self) -> None:
        """Write what has come, into a file that is not too long. Trouble with the disk stops no endpoint."""
        lines, self._lines = self._lines, []
        lost, self._lost = self._lost, 0
        told = [self._text(line) for line in lines]
        if lost:
            told.append(f"{self._time(time.time())} {os.getpid()} {lost} more requests\n")
        with contextlib.suppress(OSError):
            if self._path is not None:
                self._follow(self._path)
            if told:
                _write("".join(told).encode())

    def _follow(self, path: Path) -> None:
        """Go on in the file that is at `path` now, which is a new one if the old is full."""
        mine = os.fstat(2)
        if mine.st_size >= self._full and _same(mine, path):
            self._move(mine, path)
        if not _same(mine, path):
            fresh = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            os.dup2(fresh, 1)
            os.dup2(fresh, 2)
            os.close(fresh)

    def _move(self, mine: os.stat_result, path: Path) -> None:
        """Move a full file aside, unless another process has just done so: what is there now is not full."""
        fcntl.lockf(2, fcntl.LOCK_EX)
        try:
            if _same(mine, path):
                path.replace(path.with_name(path.name + ".1"))
        finally:
            fcntl.lockf(2, fcntl.LOCK_UN)

    def _text(self, line: Line) -> str:
        return (
            f"{self._time(line.at)} {os.getpid()} {line.method} {line.path[:80]!a} {line.status} "
            f"{1e3 * line.seconds:.2f} ms {line.rows} rows {line.model}".rstrip()
            + "\n"
        )

    def _time(self, at: float) -> str:
        """Return a moment as `logging` writes it; the clock is read out once a second."""
        whole = int(at)
        if self._second[0] != whole:
            self._second = whole, time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(whole))
        return f"{self._second[1]},{int(1e3 * (at - whole)):03d}"


def _same(mine: os.stat_result, path: Path) -> bool:
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    return (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino)


def _write(text: bytes) -> None:
    while text:
        text = text[os.write(2, text) :]
