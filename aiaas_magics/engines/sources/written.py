"""How a CSV file is written: its separator, where its header stands and how wide it is."""

from __future__ import annotations

import csv
import io
import re
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from aiaas_magics import errors, frames
from aiaas_magics.engines.sources.asked import Reading, empty, no_rows
from aiaas_magics.engines.sources.encodings import encoding_of, wrong_encoding

SEPARATORS = (",", ";", "\t", "|")
"""Those found out; others are given by ``--sep``."""
SAMPLE = 1 << 16
SAMPLE_ROWS = 50
TITLES = 10
"""Lines a spreadsheet's title may take, padded to the width of the table."""
NUMBER = re.compile(r"\s*[+-]?(?:\d[\d.,]*|[.,]\d+)(?:[eE][+-]?\d+)?\s*%?\s*\Z")


class CsvFile(NamedTuple):
    """A CSV file and how it is written."""

    path: Path
    name: str
    encoding: str
    sep: str
    header: list[str]
    skip: int
    """Records before the first row: blank lines, what stands above the header, the header."""
    line: int
    """Number of the header's last line; 0: there is no header."""
    trailing: bool = False
    """Each row ends with a separator too many."""

    @property
    def width(self) -> int:
        """Fields of a row."""
        return len(self.header) + self.trailing


# Separator and header ------------------------------------------------------------------------------
def look(path: Path, name: str, how: Reading) -> tuple[CsvFile, list[str]]:
    """Return how a CSV file is written, and the words of a line that would have said what was found out.

    Raises
    ------
    DataError
        If it is no text, no table, or its columns have no names of their own.
    """
    encoding, guessed = encoding_of(path, name, how.encoding)
    sep = _separator(path, encoding, how)
    rows = list(islice(_numbered(path, name, encoding, sep), SAMPLE_ROWS + 1))
    place = _header(rows, name, how)
    found = _named(CsvFile(path, name, encoding, sep, [], 0, 0), rows, place, how)
    said = [f"--sep {_shown(sep)}"] if how.sep is None and sep != "," else []
    said += [f"--encoding {encoding}"] if guessed else []
    said += [f"--header {rows[place][1]}"] if how.header is None and _above(rows, place) else []
    return found, said


def _above(rows: list[tuple[int, int, list[str]]], place: int) -> bool:
    return any(_filled(row) for _, _, row in rows[:place])


def _shown(sep: str) -> str:
    return {"\t": r"'\t'"}.get(sep, f"'{sep}'")


def _separator(path: Path, encoding: str, how: Reading) -> str:
    if how.sep is not None:
        given = how.sep.replace("\\t", "\t")
        if len(given) != 1 or given in "\r\n\"'":
            raise errors.DataError(
                f"--sep {how.sep!r} is no separator", "it is one character", "--sep ';'"
            )
        return given
    with path.open(encoding=encoding, newline="") as file:
        text = file.read(SAMPLE)
    return separator(text)


def separator(text: str) -> str:
    """Return the separator that cuts most rows of a sample into the same number of fields.

    A row at the top that is cut like the others is a header, which speaks for the separator.
    """

    def fit(sep: str) -> tuple[float, int]:
        rows = list(
            islice(filter(_filled, reader(io.StringIO(text, newline=""), sep)), SAMPLE_ROWS)
        )
        rows = rows[:-1] if len(rows) > 2 else rows  # the sample may end inside a row
        widths = Counter(len(row) for row in rows)
        width, count = max(widths.items(), key=lambda w: (w[1], w[0]), default=(1, 0))
        first = len(rows[0]) if rows else 1
        share = max(count * 0.9 * (width > 1), widths[first] * (first > 1))
        return share / max(1, len(rows)), max(width, first)

    return max(SEPARATORS, key=fit)


def reader(file: Iterable[str], sep: str) -> Any:
    """Return a reader of records."""
    csv.field_size_limit(1 << 30)  # prose in a cell may be longer than the default of 128 kB
    return csv.reader(file, delimiter=sep, skipinitialspace=sep != " ")


def _filled(row: list[str]) -> int:
    return sum(bool(cell.strip()) for cell in row)


def _numbered(
    path: Path, name: str, encoding: str, sep: str
) -> Iterator[tuple[int, int, list[str]]]:
    """Yield the numbers of the first and last line, and the fields, of each record of a file."""
    before = 0
    try:
        with path.open(encoding=encoding, newline="") as file:
            found = reader(file, sep)
            for row in found:
                yield before + 1, found.line_num, row
                before = found.line_num
    except UnicodeError as error:
        raise wrong_encoding(name, encoding, error) from error
    except csv.Error as error:
        raise errors.DataError(f"{name} is no CSV file", str(error), "--sep ';'") from error


def _header(rows: list[tuple[int, int, list[str]]], name: str, how: Reading) -> int:
    """Return the place of the header among the first records, or of the first row if there is none."""
    first = next((i for i, (_, _, row) in enumerate(rows) if _filled(row)), None)
    if first is None:
        raise empty(name)
    if how.header == 0:
        return first
    if how.header is not None:
        asked = how.header
        found = next((i for i, (a, b, r) in enumerate(rows) if a <= asked <= b and r), None)
        if found is None:
            raise errors.DataError(
                f"--header {asked} is no line with names in {name}",
                f"it stands in one of the first {SAMPLE_ROWS}",
                "--header 1",
            )
        return found
    return _below_titles(rows, first)


def _below_titles(rows: list[tuple[int, int, list[str]]], first: int) -> int:
    """Return the place of the first record that is no comment and no title over the table.

    A title is one field over rows of more; what follows must look like names and not like values.
    A spreadsheet pads its titles with separators to the width of the table.
    """
    padded = _below_padded([row for _, _, row in rows[first:]])
    if padded is not None:
        return first + padded
    below = [len(row) for _, _, row in rows[first:] if _filled(row) > 1]
    width = Counter(below).most_common(1)[0][0] if below else 1
    for place in range(first, len(rows)):
        row, above = rows[place][2], [r for _, _, r in rows[first:place]]
        if not _filled(row) or _is_comment(row, rows[place + 1 :], above, width):
            continue
        if width > 1 and _filled(row) == 1 and len(row) != width:
            continue
        return place if place == first or _names(row) or all(map(_commented, above)) else first
    return first


def _below_padded(rows: list[list[str]]) -> int | None:
    """Return the place of the first record that names every column below a title padded with blanks.

    The lines between have blanks, too; a full one with a number in it is a row below a poor header.
    """
    width = len(rows[0])
    if width < 3 or not rows[0][0].strip() or _filled(rows[0]) > 1:
        return None
    for place, row in enumerate(rows[1:TITLES], start=1):
        if len(row) == width == _filled(row):
            return place if _names(row) and len(rows) > place + 1 else None
    return None


def _is_comment(
    row: list[str], below: list[tuple[int, int, list[str]]], above: list[list[str]], width: int
) -> bool:
    """Tell a remark from a header that begins with ``#``: others stand beside it, or it is cut otherwise."""
    beside = [*above[-1:], *(r for _, _, r in below[:1])]
    return row[0].startswith("#") and (len(row) != width or any(map(_marked, beside)))


def _marked(row: list[str]) -> bool:
    return bool(row) and row[0].startswith("#")


def _commented(row: list[str]) -> bool:
    return not _filled(row) or row[0].startswith("#")


def _names(row: list[str]) -> bool:
    return all(cell.strip() and not NUMBER.match(cell) for cell in row)


def _named(
    found: CsvFile, rows: list[tuple[int, int, list[str]]], place: int, how: Reading
) -> CsvFile:
    _, line, row = rows[place]
    below = [r for _, _, r in rows[place + 1 :] if r]
    if how.header == 0:
        header = [f"column_{i}" for i in range(1, len(row) + 1)]
        return found._replace(header=header, skip=place)
    header = [cell.strip() for cell in row]
    if len(header) == 1:
        _check_lonely(found.name, header[0], given=how.sep)
    if not below:
        raise no_rows(found.name, header)
    header = _filled_in(header)
    try_ = f"name each column once in line {line} of {found.name}"
    if sum(bool(NUMBER.match(cell)) for cell in row) > len(row) / 2:
        try_ = "--header 0 names them column_1, column_2 ..."
    frames.check_names(header, try_)
    width = len(header)
    extra = all(len(r) == width + 1 and not r[-1].strip() for r in below)
    return found._replace(header=header, skip=place + 1, line=line, trailing=extra)


def _filled_in(header: list[str]) -> list[str]:
    """Name blank columns by their place."""
    names, taken = [], set(header)
    for place, name in enumerate(header, start=1):
        made = f"column_{place}"
        while made in taken:
            made += "_"
        names.append(name or made)
    return names


def _check_lonely(name: str, header: str, given: str | None) -> None:
    """Refuse a table of one column whose header holds another separator."""
    for other in (*SEPARATORS, ":", " "):
        if other != given and other in header.strip():
            raise errors.DataError(
                f"{name} has one column named {header[:40]!r}",
                f"{_shown(other)} looks like its separator"
                if given
                else "is it cut by another separator?",
                f"--sep {_shown(other)}",
            )


# Rows ----------------------------------------------------------------------------------------------
def check_widths(found: CsvFile, count: int | None = None) -> None:
    """Refuse the first row that has more or fewer fields than the header. Raises `DataError`."""
    width, fits = len(found.header), {len(found.header), found.width}
    rows = _numbered(found.path, found.name, found.encoding, found.sep)
    last: list[str] = []
    for begin, line, row in islice(
        rows, found.skip, count if count is None else found.skip + count
    ):
        if row and len(row) not in fits and not (width == 1 and not row[0]):
            raise _ragged(found, begin, line, row)
        last = row or last
    if last and last[-1].count("\n") and count is None:
        check_quotes(found)


def check_quotes(found: CsvFile) -> None:
    """Refuse a file that ends inside a quoted text. Raises `DataError`."""
    before = 0
    with found.path.open(encoding=found.encoding, newline="") as file:
        strict = csv.reader(file, delimiter=found.sep, strict=True)
        try:
            for _ in strict:
                before = strict.line_num
        except csv.Error as error:
            if "unexpected end" in str(error):
                raise errors.DataError(
                    f"{found.name} line {before + 1} opens a quote that is never closed",
                    "the rest of the file would be one text",
                    f"!sed -n {before + 1}p {shlex.quote(found.name)}",
                ) from error


def _ragged(found: CsvFile, begin: int, line: int, row: list[str]) -> errors.DataError:
    if any("\n" in cell for cell in row):
        try:
            check_quotes(found)
        except errors.DataError as error:
            return error
    width = len(found.header)
    hint = f"the header has {width}; a text with the separator in it needs quotes"
    if _filled(row) == 1 and width > 1 and begin == line:
        hint = f"the header has {width}; a remark below the table is to be deleted"
    return errors.DataError(
        f"{found.name} line {line} has {len(row)} field{'s' * (len(row) > 1)}",
        hint,
        f"!sed -n {line}p {shlex.quote(found.name)}",
    )


def first_records(found: CsvFile) -> list[str]:
    """Return the header's cells as the file has them; nothing where there is no header."""
    rows = _numbered(found.path, found.name, found.encoding, found.sep)
    return next((row for _, line, row in rows if line == found.line), [])
