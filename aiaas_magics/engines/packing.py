"""Folders as archives whose bytes depend on what is in them alone."""

from __future__ import annotations

import zipfile
from collections.abc import Collection
from pathlib import Path

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of every member of an archive: the same files give the same bytes."""


def pack(folder: Path, path: Path, *, without: Collection[str] = ()) -> None:
    """Write all files below a folder into an archive, but those named (by POSIX path); scripts stay executable."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for each in sorted(each for each in folder.rglob("*") if each.is_file()):
            name = each.relative_to(folder).as_posix()
            if name not in without:
                member = zipfile.ZipInfo(name, EPOCH)
                member.external_attr = (0o755 if each.suffix == ".sh" else 0o644) << 16
                archive.writestr(member, each.read_bytes(), zipfile.ZIP_DEFLATED)
