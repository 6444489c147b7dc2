"""An endpoint's log, its end or followed: what all its processes write, requests and what went wrong alike."""

from __future__ import annotations

import codecs
import contextlib
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from aiaas_magics.execution import endpoints, process
from aiaas_magics.store.home import Home

LOOK = 0.25
"""Seconds between two looks: workers write four times a second."""


LINES = 100
"""Entries of the log that are shown where no number is asked for."""
BEGINS = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} \d+ ")
"""The moment and the process that an entry begins with; lines without belong to the one before."""
USUAL = re.compile(
    BEGINS.pattern
    + r"(?:[A-Z]+ ['\"].*['\"] [1-4]\d\d |plan \d+: |(?:Started|Finished) server process|Shutting down)"
)
"""Entries of requests that were answered or refused, and of processes that come and go."""


def end(home: Home, name: str, lines: int = LINES, *, errors: bool = False) -> str:
    """Return the last entries of an endpoint's log in the order of their moments, whole.

    Parameters
    ----------
    lines
        How many entries; a traceback is one.
    errors
        Only what went wrong: not the requests answered or refused, not processes that come and go. All that is kept of the
        log is searched.
    """
    path = endpoints.log_path(home, name)
    found: list[str] = []
    for each in (path.with_name(f"{path.name}.1"), path):
        with contextlib.suppress(FileNotFoundError):
            text = each.read_text("utf-8", "replace")
            most = len(text) if errors else lines * LONGEST
            found += _entries(text[-most:])[len(text) > most :]  # of a cut one nothing
    if errors:
        found = [entry for entry in found if not USUAL.match(entry)]
    found.sort(key=_moment)
    return "\n".join(found[-lines:])


LONGEST = 4_000
"""Characters an entry takes at most, usually: what is read where only the end is asked for."""


def _moment(entry: str) -> str:
    return entry[:23] if BEGINS.match(entry) else ""


def _entries(text: str) -> list[str]:
    found: list[str] = []
    for line in text.splitlines():
        if not found or BEGINS.match(line):
            found.append(line)
        else:
            found[-1] += f"\n{line}"
    return found


def follow(home: Home, name: str) -> Iterator[str]:
    """Yield the end of an endpoint's log, then what is written, until the endpoint runs no more.

    A log that is moved aside because it is full is read to its end, and then its successor.

    Raises
    ------
    NotFound
        If there is no such endpoint.
    """
    home.endpoints.get(name)
    path = endpoints.log_path(home, name)
    for body in _read(home, name, path):
        yield body
        if not body:
            time.sleep(LOOK)


def _read(home: Home, name: str, path: Path) -> Iterator[str]:
    """Yield pieces of the log; an empty one where there is nothing new."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    with contextlib.ExitStack() as opened:
        file: BinaryIO | None = None
        while True:
            going = _goes_on(home, name)  # asked before it is read: nothing of the end is missed
            if file is None and path.exists():
                file = opened.enter_context(path.open("rb"))
                yield process.last_lines(file)
            body = file.read() if file is not None else b""
            yield decoder.decode(body)
            if file is not None and not body and _moved(file, path):
                yield decoder.decode(file.read())  # written between the two looks
                opened.close()
                file = opened.enter_context(path.open("rb"))
            elif not body and not going:
                return


def _goes_on(home: Home, name: str) -> bool:
    endpoints.reap(home)
    return home.endpoints.get(name).state in endpoints.RUNNING


def _moved(file: BinaryIO, path: Path) -> bool:
    """Tell whether another file has taken the log's place."""
    with contextlib.suppress(FileNotFoundError):
        return not os.path.samestat(os.fstat(file.fileno()), path.stat())
    return False
