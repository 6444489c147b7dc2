"""Files that are no tables of ours: refused, with the line that makes one of them."""

from __future__ import annotations

import shlex

from aiaas_magics import errors

READ = "CSV, JSON, Parquet and Arrow files are read, also packed with gzip or zip"

FOREIGN: tuple[tuple[bytes, str, str, str], ...] = (
    (b"%PDF", "a PDF document", READ, "save its table as CSV"),
    (b"SQLite format", "an SQLite database", READ, "df = pd.read_sql(...)"),
    (b"\x89HDF", "an HDF5 file", READ, "df = pd.read_hdf(...)"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word document", READ, "df = pd.read_excel(...)"),
    (b"\x93NUMPY", "a NumPy array", "its columns have no names",
     "df = pd.DataFrame(np.load(...), columns=[...])"),
    (b"\x89PNG", "a picture", READ, "save its table as CSV"),
    (b"\xff\xd8\xff", "a picture", READ, "save its table as CSV"),
    (b"GIF8", "a picture", READ, "save its table as CSV"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", READ, "unpack it first"),
    (b"Rar!", "a RAR archive", READ, "unpack it first"),
    (b"\x1f\x8b", "packed twice", READ, "unpack it first"),
    (b"PK\x03\x04", "packed twice", READ, "unpack it first"),
    (b"ORC", "an ORC file", READ, "df = pd.read_orc(...)"),
    (b"Obj\x01", "an Avro file", READ, "save it as Parquet"),
    (b"\x7fELF", "a program", READ, "save a table as CSV"),
)  # fmt: skip
"""First bytes, what they are, why not, what to try."""
PICKLES = tuple(bytes([0x80, version]) for version in range(2, 6))


def check(head: bytes, name: str) -> None:
    """Refuse what is known by its first bytes to be something else. Raises `DataError`."""
    if head.startswith(PICKLES) and b"." in head:
        raise _pickle(name)
    for magic, what, why, try_ in FOREIGN:
        if head.startswith(magic):
            raise errors.DataError(f"{name} is {what}", why, try_)
    if head[257:262] == b"ustar":
        raise errors.DataError(f"{name} is a tar archive", READ, f"tar -xf {name}")
    start = head[:400].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<table")):
        raise errors.DataError(
            f"{name} is a page, no table",
            "a download may have answered with an error page",
            f"!head {shlex.quote(name)}",
        )


def _pickle(name: str) -> errors.DataError:
    return errors.DataError(
        f"{name} is a pickle",
        "a pickle is a program: opening one runs what its maker wrote",
        "df.to_parquet('table.parquet'), where it was made",
    )
