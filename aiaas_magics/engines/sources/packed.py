"""Packed files: one table in gzip, bzip2, xz or zip, unpacked to a temporary file within bounds."""

from __future__ import annotations

import bz2
import gzip
import lzma
import shutil
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from aiaas_magics import errors
from aiaas_magics.cards import style

CHUNK = 1 << 20
LIMIT = 16 * 2**30
"""Bytes a packed table may have: more is no table for one machine's memory."""
FREE_KEPT = 0.5
"""Part of the free disk that unpacking leaves alone."""
SUSPICIOUS, RATIO = 128 * 2**20, 200
"""From so many bytes on, a file that grows by more than this ratio is a bomb: gzip reaches 1,030 on
zeros, tables of numbers and text 3 to 20."""

ZIP = b"PK\x03\x04"
OPEN: dict[bytes, Callable[[Path], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
}
BROKEN = (EOFError, OSError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, RuntimeError,
          NotImplementedError)  # fmt: skip
"""What a damaged or locked archive raises."""


def is_packed(head: bytes) -> bool:
    """Tell a packed file by its first bytes."""
    return head.startswith((*OPEN, ZIP, b"\x28\xb5\x2f\xfd"))


def unpack(path: Path, name: str, head: bytes, folder: Path) -> Path:
    """Return the unpacked file, in `folder`.

    Raises
    ------
    DataError
        If it is damaged or locked, holds no single file, or grows out of bounds.
    """
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        raise errors.DataError(
            f"{name} is packed with zstd", "gzip, bzip2, xz and zip are read", f"unzstd {name}"
        )
    bound, target = _bound(path, folder), folder / "table"
    try:
        if head.startswith(ZIP):
            with zipfile.ZipFile(path) as archive, archive.open(_only(archive, name)) as packed:
                _copy(packed, target, bound, name)
        else:
            opened = next(open_ for magic, open_ in OPEN.items() if head.startswith(magic))
            with opened(path) as packed:
                _copy(packed, target, bound, name)
    except BROKEN as error:
        raise errors.DataError(
            f"{name} cannot be unpacked", str(error) or type(error).__name__, "pack it again"
        ) from error
    return target


def _bound(path: Path, folder: Path) -> int:
    size, free = path.stat().st_size, shutil.disk_usage(folder).free
    return min(LIMIT, int(free * FREE_KEPT), max(SUSPICIOUS, size * RATIO))


def _copy(packed: IO[bytes], target: Path, bound: int, name: str) -> None:
    written = 0
    with target.open("xb") as file:
        while chunk := packed.read(CHUNK):
            written += len(chunk)
            if written > bound:
                raise errors.DataError(
                    f"{name} unpacks to more than {style.size(bound)}",
                    "a small file that grows so much is refused: it may be made to fill the disk",
                    "unpack it yourself and load the table",
                )
            file.write(chunk)


def _only(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    """Return the one file of an archive that is a table."""
    known = [i for i in archive.infolist() if not i.is_dir() and not _hidden(i.filename)]
    if any(i.filename == "[Content_Types].xml" or i.filename.startswith("xl/") for i in known):
        raise errors.DataError(
            f"{name} is an Excel sheet",
            "its cells may be formulas, notes and several tables; pandas with openpyxl reads it",
            f"df = pd.read_excel({name!r})",
        )
    if len(known) != 1:
        names = ", ".join(style.one_line(i.filename) for i in known[:5]) or "nothing"
        raise errors.DataError(
            f"{name} holds {style.plural(len(known), 'file')}", f"in it: {names}", "unpack it first"
        )
    if known[0].flag_bits & 1:
        raise errors.DataError(
            f"{name} is locked with a password", "nobody was asked for it", "unpack it first"
        )
    return known[0]


def _hidden(name: str) -> bool:
    return name.startswith("__MACOSX/") or name.rpartition("/")[2].startswith(".")
