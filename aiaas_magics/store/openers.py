"""Who has a home open, and since when: nobody clears away what another is about to name."""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path
from typing import BinaryIO


class Openers:
    """A file a process, locked as long as it lives.

    Bytes are stored before the row that names them, so bytes without a row may be an orphan of a dead
    process or the work of a living one. They are an orphan if they are older than the oldest opener.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: BinaryIO | None = None

    def enter(self) -> None:
        """Say that this process has the home open."""
        while self._file is None:
            path = self._folder / f"{os.getpid()}-{os.urandom(6).hex()}"
            file = path.open("wb")
            fcntl.flock(file, fcntl.LOCK_EX)
            with contextlib.suppress(FileNotFoundError):
                # Somebody may have found the file before it was locked, and removed it.
                if path.stat().st_ino == os.fstat(file.fileno()).st_ino:
                    self._file = file
                    return
            file.close()

    def leave(self) -> None:
        """Say that this process has let go."""
        if self._file is not None:
            Path(self._file.name).unlink(missing_ok=True)
            self._file.close()
            self._file = None

    def oldest(self) -> float:
        """Return when the oldest living opener came, in the file system's seconds since the epoch.

        What dead ones left is removed. Without a living one: infinity.
        """
        return min(
            (since for path in self._folder.iterdir() if (since := _since(path))),
            default=float("inf"),
        )


def _since(path: Path) -> float | None:
    try:
        with path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return os.fstat(file.fileno()).st_mtime
            path.unlink(missing_ok=True)
    except FileNotFoundError:
        pass
    return None
