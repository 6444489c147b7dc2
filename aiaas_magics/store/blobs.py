"""Bytes by content: ``blobs/ab/cdef...``, written once, read-only, never half there."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from aiaas_magics import errors
from aiaas_magics.specs.refs import is_digest

CHUNK = 1 << 22
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What a full disk, a used-up quota and a limit on files say."""
STALE_SECONDS = 3600
"""A temporary file older than this has no living writer: a chunk never takes an hour."""


class Blobs:
    """A folder of bytes, each under the sha256 of its content."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def put(self, body: Path | Iterable[bytes], *, ref: str | None = None) -> str:
        """Store bytes and return their address.

        Parameters
        ----------
        body
            A file, or chunks of bytes.
        ref
            Their address, where known: bytes that are here already are not read.

        Raises
        ------
        DataError
            If the bytes have another digest than `ref`.
        """
        if ref is not None and self._renew(ref):
            return ref
        temporary = self._temporary()
        try:
            address = self._write(chunks(body), temporary)
            if ref is not None and address != ref:
                raise errors.DataError(
                    "the bytes are not what their address says",
                    f"expected {ref}",
                    "send them again",
                )
            self._keep(temporary, address)
        finally:
            temporary.unlink(missing_ok=True)
        return address

    def has(self, ref: str) -> bool:
        """Tell whether the bytes at `ref` are here."""
        return is_digest(ref) and self._place(ref).exists()

    def ages(self) -> Iterator[tuple[str, float]]:
        """Yield every address and when its bytes were last stored, in seconds since the epoch."""
        for path in self.folder.glob("??/*"):
            with contextlib.suppress(FileNotFoundError):
                yield f"sha256:{path.parent.name}{path.name}", path.stat().st_mtime

    def remove(self, ref: str, before: float) -> bool:
        """Remove bytes last stored before a moment; False if somebody has stored them again."""
        place = self._place(ref)
        with self._locked(fcntl.LOCK_EX), contextlib.suppress(FileNotFoundError):
            if place.stat().st_mtime < before:
                place.unlink()
                return True
        return False

    def path(self, ref: str) -> Path:
        """Return the file at an address, to be read only. Raises `NotFound`."""
        if not self.has(ref):
            raise errors.NotFound(
                f"nothing is stored at {ref[:20]!r}", "addresses are sha256: and 64 hex digits"
            )
        return self._place(ref)

    def fetch(self, ref: str) -> Iterator[bytes]:
        """Yield the bytes at an address. Raises `NotFound` before the first."""
        # opened at once: it may be removed before the first bytes are asked for
        return _read(self.path(ref).open("rb"))

    def size(self) -> int:
        """Return the bytes all blobs take."""
        return sum(path.stat().st_size for path in self.folder.glob("??/*"))

    def sweep(self) -> int:
        """Remove what dead writers left; return how many files."""
        return sweep(self.folder)

    @contextlib.contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        """Let many store at once, and remove alone: what is stored again is not removed meanwhile."""
        with (self.folder / "lock").open("wb") as file:
            fcntl.flock(file, how)
            yield

    def _renew(self, ref: str) -> bool:
        """Tell whether bytes are here, and if so count them as stored now."""
        if not is_digest(ref):
            return False
        with self._locked(fcntl.LOCK_SH), contextlib.suppress(FileNotFoundError):
            os.utime(self._place(ref))
            return True
        return False

    def _temporary(self) -> Path:
        return self.folder / f".{os.getpid()}-{os.urandom(6).hex()}"

    def _place(self, ref: str) -> Path:
        digest = ref.removeprefix("sha256:")
        return self.folder / digest[:2] / digest[2:]

    def _write(self, chunks: Iterable[bytes], temporary: Path) -> str:
        digest = hashlib.sha256()
        try:
            with temporary.open("wb") as file:
                for chunk in chunks:
                    digest.update(chunk)
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            if error.errno not in FULL:
                raise
            raise errors.BackendUnavailable(
                "the home takes no more bytes",
                error.strerror or "",
                "%aiaas_data delete NAME, or %aiaas_connect another-folder",
            ) from error
        temporary.chmod(0o444)
        return "sha256:" + digest.hexdigest()

    def _keep(self, temporary: Path, address: str) -> None:
        place = self._place(address)
        if not place.parent.exists():
            place.parent.mkdir(exist_ok=True)
            sync_folder(self.folder)
        with self._locked(fcntl.LOCK_SH):
            temporary.rename(place)
        sync_folder(place.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def chunks(body: Path | Iterable[bytes]) -> Iterator[bytes]:
    """Return an iterator over the bytes of a file, or over what is in pieces already."""
    return _of_file(body) if isinstance(body, Path) else iter(body)


def _of_file(path: Path) -> Iterator[bytes]:
    """Open a file when its first bytes are asked for: if they never are, nothing is left open."""
    yield from _read(path.open("rb"))


def _read(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while chunk := file.read(CHUNK):
            yield chunk


def sweep(folder: Path) -> int:
    """Remove the temporary files (``.<pid>-<random>``) of dead writers; return how many."""
    dead = [path for path in folder.glob(".*-*") if _orphan(path)]
    for path in dead:
        path.unlink(missing_ok=True)
    return len(dead)


def _orphan(path: Path) -> bool:
    pid = path.name[1:].partition("-")[0]
    with contextlib.suppress(FileNotFoundError):
        old = time.time() - path.stat().st_mtime > STALE_SECONDS
        return old or not (pid.isdigit() and _alive(int(pid)))
    return False


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
