"""Secrets on disk: written once, readable by their owner alone."""

from __future__ import annotations

import os
from pathlib import Path

MODE = 0o600


def write_secret(path: Path, secret: bytes) -> bytes:
    """Write `secret` to `path` unless it is there already; return what is there.

    Eight processes may do this at once: a link either puts the whole secret there or finds another's.
    """
    temporary = path.with_name(f".{os.getpid()}-{os.urandom(6).hex()}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secret)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            return path.read_bytes()
    finally:
        temporary.unlink()
    return secret


def read_secret(path: Path) -> bytes | None:
    """Return the secret at `path`, or None."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
