"""Files that are mapped: their room is taken at once, for a store into a mapped file ends the process where the disk is full."""

from __future__ import annotations

import os


def reserve(number: int, size: int) -> None:
    """Make an open file as large as `size` bytes, on disk too where the system can.

    Raises
    ------
    OSError
        If there is no room.
    """
    os.ftruncate(number, size)
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(number, 0, size)
