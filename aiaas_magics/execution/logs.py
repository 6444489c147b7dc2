"""An endpoint's log, followed: what all its processes write, requests and what went wrong alike."""

from __future__ import annotations

import codecs
import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from aiaas_magics.execution import endpoints, process
from aiaas_magics.store.home import Home

LOOK = 0.25
"""Seconds between two looks: workers write four times a second."""


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
