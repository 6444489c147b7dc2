"""Files of others: CSV and Parquet, read as they are or refused with a reason."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from aiaas_magics import errors, frames

SEPARATORS = (",", ";", "\t", "|")
"""Those found out; others are given by ``--sep``."""
SAMPLE = 1 << 16
"""Bytes looked at to find out what a file is."""
SAMPLE_ROWS = 50
CHUNK = 1 << 20
"""Bytes read at a time, and told: a few milliseconds of parsing."""
Tell = Callable[[int], None]
ISO_DATE = r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?"
DECIMAL_COMMA = r"\s*[+-]?\d+,\d+\s*"
BINARY = {
    b"PK\x03\x04": (
        "a zip archive or an Excel sheet",
        "save it as CSV, or: df = pd.read_excel(...)",
    ),
    b"\x1f\x8b": ("compressed with gzip", "unpack it first: gunzip {name}"),
    b"%PDF": ("a PDF document", "save its table as CSV"),
    b"SQLite format": ("an SQLite database", "df = pd.read_sql(...)"),
    b"\x89HDF": ("an HDF5 file", "df = pd.read_hdf(...)"),
    b"ARROW1": ("an Arrow file", "df = pd.read_feather(...)"),
}


class CsvFile(NamedTuple):
    """A CSV file and how it is written."""

    path: Path
    name: str
    encoding: str
    sep: str
    header: list[str]


def read(
    path: Path,
    name: str,
    *,
    sep: str | None = None,
    encoding: str | None = None,
    tell: Tell | None = None,
) -> pd.DataFrame:
    """Return the table in a file.

    Parameters
    ----------
    path
        The file; Parquet is told from CSV by its first bytes.
    name
        What the user calls it.
    sep, encoding
        Of a CSV file; None: found out among comma, semicolon, tab and bar; UTF-8.
    tell
        Called now and then with the bytes read so far.

    Raises
    ------
    DataError
        If it is empty, no table, or a table with rows or names that cannot be right.
    """
    with path.open("rb") as file:
        head = file.read(SAMPLE)
    if not head.strip():
        raise _empty(name)
    if head.startswith(b"PAR1"):
        return _parquet(path, name)
    _check_text(head, name, encoding)
    found = _look(path, name, head, sep, encoding)
    frame = _read_csv(found, tell)
    return frame.assign(**{c: _dates(frame[c]) for c in frame.columns if _looks_dated(frame[c])})


def decimal_commas(frame: pd.DataFrame) -> list[str]:
    """Return the columns of text that look like numbers with decimal commas."""
    texts = [c for c in frame.columns if pd.api.types.is_string_dtype(frame[c].dtype)]
    return [str(c) for c in texts if _all_match(frame[c], DECIMAL_COMMA)]


# Parquet -----------------------------------------------------------------------------------------
def _parquet(path: Path, name: str) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.parquet

    try:
        frame: pd.DataFrame = pyarrow.parquet.read_table(path).to_pandas()
    except (pa.ArrowException, OSError) as error:
        why = str(error).rpartition("': ")[2]  # before it: where the bytes lie, which nobody asked
        raise errors.DataError(
            f"{name} cannot be read as Parquet", why, "write it again"
        ) from error
    named = [level for level in frame.index.names if level is not None]
    frame = frame.reset_index(drop=not named)
    if not len(frame):
        raise errors.DataError(
            f"{name} holds no rows", "a table needs at least one", "write it again"
        )
    return frame


# CSV: what it is -----------------------------------------------------------------------------------
def _check_text(head: bytes, name: str, encoding: str | None) -> None:
    for magic, (what, try_) in BINARY.items():
        if head.startswith(magic):
            raise errors.DataError(
                f"{name} is {what}", "CSV and Parquet files are read", try_.format(name=name)
            )
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        if encoding is None:
            raise errors.DataError(
                f"{name} is written in UTF-16", "UTF-8 is expected", "--encoding utf-16"
            )
    elif b"\x00" in head and not (encoding or "").lower().startswith(
        ("utf-16", "utf-32", "utf_16")
    ):
        raise errors.DataError(
            f"{name} is no text", "CSV and Parquet files are read", "save it as CSV"
        )


def _look(path: Path, name: str, head: bytes, sep: str | None, encoding: str | None) -> CsvFile:
    encoding = encoding or "utf-8-sig"
    text = _decode(head, name, encoding)
    if sep is not None and len(sep := sep.replace("\\t", "\t")) != 1:
        raise errors.DataError(f"--sep {sep!r} is no separator", "it is one character", "--sep ';'")
    found = sep or _separator(text)
    first = next((row for _, row in _records(path, name, encoding, found) if row), None)
    if first is None:
        raise _empty(name)
    header = [cell.strip() for cell in first]
    if len(header) == 1:
        _check_lonely(name, header[0], given=sep)
    index = header[:1] == [""] and "" not in header[1:]
    frames.check_names(
        header,
        "df.to_csv(path, index=False)"
        if index
        else f"name each column in the first line of {name}",
    )
    return CsvFile(path, name, encoding, found, header)


def _empty(name: str) -> errors.DataError:
    return errors.DataError(f"{name} is empty", "a table has a header and rows", f"ls -l {name}")


def _decode(head: bytes, name: str, encoding: str) -> str:
    try:
        # The sample may end inside a character: an incremental decoder waits for the rest.
        return codecs.getincrementaldecoder(encoding)().decode(head)
    except LookupError:
        known = ("utf-8", "latin-1", "cp1252", "utf-16", "cp1250", "shift_jis", "gb18030")
        hint = errors.did_you_mean(encoding, known)
        raise errors.DataError(
            f"unknown encoding {encoding!r}", hint, "--encoding latin-1"
        ) from None
    except UnicodeDecodeError as error:
        raise _wrong_encoding(name, encoding, error) from error


def _wrong_encoding(name: str, encoding: str, error: UnicodeError) -> errors.DataError:
    shown = "UTF-8" if encoding == "utf-8-sig" else encoding
    other = "utf-8" if encoding not in ("utf-8-sig", "utf-8") else "latin-1"
    return errors.DataError(f"{name} is not written in {shown}", str(error), f"--encoding {other}")


def _separator(text: str) -> str:
    """Return the separator that cuts most rows of the sample into the header's number of fields."""

    def fit(sep: str) -> tuple[float, int]:
        rows = list(islice(filter(None, _reader(io.StringIO(text, newline=""), sep)), SAMPLE_ROWS))
        rows = rows[:-1] if len(rows) > 2 else rows  # the sample may end inside a row
        width = len(rows[0]) if rows else 1
        return sum(len(row) == width for row in rows) / max(1, len(rows)) * (width > 1), width

    return max(SEPARATORS, key=fit)


def _reader(file: Iterable[str], sep: str) -> Any:
    csv.field_size_limit(1 << 30)  # prose in a cell may be longer than the default of 128 kB
    return csv.reader(file, delimiter=sep, skipinitialspace=True)


def _records(path: Path, name: str, encoding: str, sep: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of the last line and the fields of each record of a file."""
    try:
        with path.open(encoding=encoding, newline="") as file:
            reader = _reader(file, sep)
            for row in reader:
                yield reader.line_num, row
    except UnicodeError as error:
        raise _wrong_encoding(name, encoding, error) from error
    except csv.Error as error:
        raise errors.DataError(f"{name} is no CSV file", str(error), "--sep ';'") from error


def _check_lonely(name: str, header: str, given: str | None) -> None:
    """Refuse a table of one column whose header holds another separator."""
    for other in (*SEPARATORS, ":", " "):
        if other != given and other in header.strip():
            shown = {"\t": r"'\t'"}.get(other, f"'{other}'")
            raise errors.DataError(
                f"{name} has one column named {header[:40]!r}",
                f"{shown} looks like its separator" if given else "is it cut by another separator?",
                f"--sep {shown}",
            )


# CSV: what it holds -------------------------------------------------------------------------------
def _silent(count: int) -> None:
    del count


class _Counted(io.FileIO):
    """A file that tells how far it was read."""

    def __init__(self, path: Path, tell: Tell) -> None:
        super().__init__(path)
        self._said = tell

    def readinto(self, buffer: Any) -> int | None:
        count = super().readinto(buffer)
        self._said(self.tell())
        return count


def _read_csv(found: CsvFile, tell: Tell | None) -> pd.DataFrame:
    _check_widths(found, SAMPLE_ROWS)  # pandas would take a wide first row's first field as index
    try:
        with io.BufferedReader(_Counted(found.path, tell or _silent), CHUNK) as file:
            frame = pd.read_csv(
                file,
                sep=found.sep,
                encoding=found.encoding,
                low_memory=False,
                skipinitialspace=True,
            )
    except pd.errors.ParserError as error:
        _check_widths(found)
        raise errors.DataError(f"{found.name} is no CSV file", str(error), "--sep ';'") from error
    except UnicodeError as error:
        raise _wrong_encoding(found.name, found.encoding, error) from error
    if not len(frame):
        raise errors.DataError(
            f"{found.name} holds a header and no rows",
            f"columns: {', '.join(found.header[:8])}",
            f"head {found.name}",
        )
    frame.columns = pd.Index(found.header)
    if len(found.header) > 1 and frame.iloc[:, -1].isna().any():
        _check_widths(found)  # pandas fills short rows with gaps
    return frame


def _check_widths(found: CsvFile, count: int | None = None) -> None:
    """Refuse the first row that has more or fewer fields than the header."""
    width = len(found.header)
    records = _records(found.path, found.name, found.encoding, found.sep)
    for line, row in islice(records, count):
        if row and len(row) != width and not (width == 1 and not row[0]):
            raise errors.DataError(
                f"{found.name} line {line} has {len(row)} field{'s' * (len(row) > 1)}",
                f"the header has {width}; a text with the separator in it needs quotes",
                f"sed -n {line}p {found.name}",
            )


def _looks_dated(column: pd.Series[str]) -> bool:
    return pd.api.types.is_string_dtype(column.dtype) and _all_match(column, ISO_DATE)


def _all_match(column: pd.Series[str], pattern: str) -> bool:
    """Tell whether every value matches; a few are looked at first, most columns end there."""
    values = column.dropna()
    few = values.iloc[:20].tolist()
    matches = bool(few) and all(re.fullmatch(pattern, str(value)) for value in few)
    return matches and bool(values.str.fullmatch(pattern).all())


def _dates(column: pd.Series[str]) -> pd.Series[pd.Timestamp] | pd.Series[str]:
    """Return the column as dates; one that holds no dates after all (2024-13-45) stays text."""
    zoned = bool(column.str.contains(r"[T ].*(?:Z|[+-]\d{2}:?\d{2})$", na=False).any())
    try:
        return pd.to_datetime(column, format="ISO8601", utc=zoned)
    except (ValueError, OverflowError):
        return column
