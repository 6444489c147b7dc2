"""CSV files: every cell of every row, in columns of one kind."""

from __future__ import annotations

import io
import shlex
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from aiaas_magics import errors
from aiaas_magics.engines.sources import repairs, written
from aiaas_magics.engines.sources.asked import Reading, Source, Tell, check_verbatim, no_rows
from aiaas_magics.engines.sources.encodings import CHUNK
from aiaas_magics.engines.sources.written import SAMPLE_ROWS, CsvFile

EXACT = 100_000
"""Rows looked at once more as they are written: leading zeros, words for missing values."""
ZEROS = 1 << 24
"""Characters searched for numbers with leading zeros before their columns are looked at."""
PRECISE = 2.0**53
"""Whole numbers beyond it lose their last digits as floats."""
MISSING = (
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>",
    "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null",
)  # fmt: skip
"""Words that stand for a missing value: those of :func:`pandas.read_csv`."""


def read(path: Path, name: str, how: Reading, tell: Tell | None) -> Source:
    """Return the table of a CSV file. Raises `DataError`."""
    _check_marks(how)
    found, said = written.look(path, name, how)
    check_verbatim(found.header, how)
    frame = _read(found, how, tell)
    notes: list[str] = []
    frame = _without_index(frame, found, notes)
    frame = _without_blank(frame, found, notes)
    frame, repeated = _without_headers(frame, found, notes)
    kept = {} if repeated else _as_written(frame, found, how, notes)
    frame = frame.assign(**kept)
    frame, more = repairs.repair(frame, how, notes, {*kept, *how.verbatim})
    said += more
    if said:
        notes.insert(0, f"{name} is read with {' '.join(said)} (found out)")
    _note_header(frame, found, notes, how)
    return Source(frame, tuple(notes))


def _check_marks(how: Reading) -> None:
    for option, mark in (("decimal", how.decimal), ("thousands", how.thousands)):
        if mark is not None and (len(mark) != 1 or mark.isalnum()):
            raise errors.DataError(
                f"--{option} {mark!r} is no mark in numbers", "it is one character", f"--{option} ,"
            )
    if how.decimal is not None and how.decimal in (how.thousands, how.sep):
        raise errors.DataError(
            f"--decimal {how.decimal!r} is asked for something else too",
            "the decimal mark, the thousands' and the separator differ",
            "--sep ';' --decimal ,",
        )


class _Counted(io.FileIO):
    """A file that tells how far it was read."""

    def __init__(self, path: Path, tell: Tell | None) -> None:
        super().__init__(path)
        self._said = tell

    def readinto(self, buffer: Any) -> int | None:
        count = super().readinto(buffer)
        if self._said is not None:
            self._said(self.tell())
        return count


def _read(found: CsvFile, how: Reading, tell: Tell | None) -> pd.DataFrame:
    written.check_widths(found, SAMPLE_ROWS)  # pandas would take a wide first row's first as index
    words = MISSING if how.missing is None else ("", *how.missing)
    kept = [place for place, name in enumerate(found.header) if name in how.verbatim]
    gaps: Any = list(words)
    if kept:
        gaps = {i: [""] if i in kept else list(words) for i in range(found.width)}
    marks = {} if how.decimal is None else {"decimal": how.decimal}
    marks |= {} if how.thousands is None else {"thousands": how.thousands}
    frame = _parse(
        found, tell, na_values=gaps, dtype=dict.fromkeys(kept, "str") or None, **marks
    )  # fmt: skip
    if not len(frame):
        raise no_rows(found.name, found.header)
    if found.trailing:
        frame = frame.iloc[:, :-1]
    frame.columns = pd.Index(found.header)
    if len(found.header) > 1 and frame.iloc[:, -1].isna().any():
        written.check_widths(found)  # pandas fills short rows with gaps
    return frame


def _parse(found: CsvFile, tell: Tell | None = None, **options: Any) -> pd.DataFrame:
    lossy = warnings.catch_warnings(action="error", category=pd.errors.ParserWarning)
    try:
        with lossy, io.BufferedReader(_Counted(found.path, tell), CHUNK) as file:
            frame: pd.DataFrame = pd.read_csv(
                file, sep=found.sep, encoding=found.encoding, low_memory=False, header=None,
                skipinitialspace=found.sep != " ", names=list(range(found.width)),
                skiprows=found.skip, index_col=False, keep_default_na=False, **options,
            )  # fmt: skip
    except pd.errors.EmptyDataError as error:
        raise no_rows(found.name, found.header) from error
    except (pd.errors.ParserError, pd.errors.ParserWarning, ValueError, OverflowError) as error:
        written.check_quotes(found)
        written.check_widths(found)
        raise errors.DataError(f"{found.name} is no CSV file", str(error), "--sep ';'") from error
    return frame


# Columns and rows that are none --------------------------------------------------------------------
def _without_index(frame: pd.DataFrame, found: CsvFile, notes: list[str]) -> pd.DataFrame:
    """Leave out a first column without a name that only counts the rows: pandas wrote its index."""
    name, column = found.header[0], frame.iloc[:, 0]
    blank = name in ("column_1", "column_1_", "Unnamed: 0") and found.line > 0
    if not blank or frame.shape[1] == 1 or column.dtype.kind != "i":
        return frame
    counted = np.arange(len(frame)) + int(column.iloc[0])
    if column.iloc[0] not in (0, 1) or not (column.to_numpy() == counted).all():
        return frame
    notes.append("the first column has no name and counts the rows: left out; name it to keep it")
    return frame.iloc[:, 1:]


def _without_blank(frame: pd.DataFrame, found: CsvFile, notes: list[str]) -> pd.DataFrame:
    """Leave out columns without name and value at the end; tell of others without a name."""
    made = [name for name in frame.columns if str(name).startswith("column_") and found.line > 0]
    blank = _blank_names(found, made)
    while frame.shape[1] and frame.columns[-1] in blank and frame.iloc[:, -1].isna().all():
        blank.discard(frame.columns[-1])
        frame = frame.iloc[:, :-1]
    if not frame.shape[1]:
        raise errors.DataError(
            f"{found.name} holds separators and nothing else", "a table has names and values",
            f"!head {shlex.quote(found.name)}",
        )  # fmt: skip
    notes += [
        f"a column without a name is called {name!r}" for name in frame.columns if name in blank
    ]
    return frame


def _blank_names(found: CsvFile, made: Sequence[str]) -> set[str]:
    """Return those of the names that the header does not hold."""
    if not made:
        return set()
    rows = written.first_records(found)
    return set(made) - {cell.strip() for cell in rows}


def _without_headers(
    frame: pd.DataFrame, found: CsvFile, notes: list[str]
) -> tuple[pd.DataFrame, bool]:
    """Leave out rows that repeat the header, as files put together have them."""
    texts = [str(name) for name in frame.columns]
    if not found.line or not all(repairs.is_text(frame[name]) for name in texts):
        return frame, False
    same = frame[texts[0]] == texts[0]
    for name in texts[1:] if same.any() else ():
        same &= frame[name] == name
    if not same.any() or same.all():
        return frame, False
    count = int(same.sum())
    shown = "1 row that repeats" if count == 1 else f"{count} rows that repeat"
    notes.append(f"{shown} the header: left out")
    body = frame[~same].to_csv(index=False)  # the columns are of other kinds without them
    return pd.read_csv(io.StringIO(body), low_memory=False), True


# As it is written ----------------------------------------------------------------------------------
def _as_written(
    frame: pd.DataFrame, found: CsvFile, how: Reading, notes: list[str]
) -> dict[str, Any]:
    """Return columns that lose as numbers what they are written with; tell words taken as missing."""
    here, zeros = set(frame.columns), _zeros_lead(found)
    places = [
        place
        for place, name in enumerate(found.header)
        if name in here and name not in how.verbatim and _may_lose(frame[name], zeros)
    ]
    if not places:
        return {}
    exact = _parse(found, na_values=[], dtype="str", usecols=places, nrows=EXACT)
    changed: dict[str, Any] = {}
    gone: dict[str, set[str]] = {}
    for place in places:
        name, words = found.header[place], exact[place].tolist()
        kept = _kept(frame[name], words, found, place, notes)
        changed |= {} if kept is None else {name: kept}
        for word in _lost(frame[name], words) if how.missing is None else ():
            gone.setdefault(word, set()).add(name)
    notes += [_gone(word, names) for word, names in gone.items()]
    return changed


def _zeros_lead(found: CsvFile) -> bool:
    """Tell whether any field of the first rows begins with a zero and another digit."""
    with found.path.open(encoding=found.encoding, newline="") as file:
        text = np.frombuffer(f"\n{file.read(ZEROS)}".encode("utf-8", "replace"), dtype="uint8")
    ends = [ord(char) for char in '\n\r"' + found.sep if ord(char) < 128]
    zeros = (text[1:-1] == ord("0")) & np.isin(text[:-2], ends)
    return bool((zeros & (text[2:] >= ord("0")) & (text[2:] <= ord("9"))).any())


def _lost(column: pd.Series[Any], words: list[Any]) -> set[str]:
    """Return words that were read as missing, a few."""
    gaps = column.iloc[: len(words)].isna().to_numpy()
    if not gaps.any():
        return set()
    there = {str(word) for word, gap in zip(words, gaps, strict=True) if gap and word == word}
    return set(sorted(word for word in there if word.strip())[:3])


def _gone(word: str, names: set[str]) -> str:
    shown = ", ".join(map(repr, sorted(names)[:3])) + ", ..." * (len(names) > 3)
    return f"{word!r} in {shown} is read as missing; --missing nan keeps it as a word"


def _may_lose(column: pd.Series[Any], zeros: bool) -> bool:  # noqa: FBT001 - private
    kind = column.dtype.kind
    return (kind == "i" and zeros) or kind == "O" or (kind != "i" and bool(column.isna().any()))


def _kept(
    column: pd.Series[Any], words: list[Any], found: CsvFile, place: int, notes: list[str]
) -> pd.Series[Any] | None:
    """Return a column of whole numbers as it is written, where numbers cannot hold it."""
    name, dtype = str(column.name), column.dtype
    if pd.api.types.is_object_dtype(dtype) and not set(map(type, column.dropna())) <= {bool}:
        notes.append(f"column {name!r} is read as text: its numbers are too long")
        return column.map(str, na_action="ignore").astype("str")
    plain = [word.strip() for word in words if isinstance(word, str) and word.strip()]
    whole = dtype.kind in "if" and all(w.lstrip("+-").isdigit() or w in MISSING for w in plain)
    if whole and any(len(word) > 1 and word[0] == "0" for word in plain):
        notes.append(f"column {name!r} is kept as text: its numbers begin with 0")
        return _again(found, place, "str")
    if whole and dtype.kind == "f" and column.abs().max() >= PRECISE:
        try:
            return _again(found, place, "Int64")
        except errors.DataError:
            notes.append(f"column {name!r} is kept as text: its numbers are too long")
            return _again(found, place, "str")
    return None


def _again(found: CsvFile, place: int, dtype: str) -> pd.Series[Any]:
    return _parse(found, na_values=list(MISSING), usecols=[place], dtype=dtype).iloc[:, 0]


def _note_header(frame: pd.DataFrame, found: CsvFile, notes: list[str], how: Reading) -> None:
    """Tell that the first line may be a row: its words are values like those below."""
    values = [c for c in frame.columns if written.NUMBER.match(str(c))]
    years = all(str(c).isdigit() and 1000 <= int(c) < 3000 for c in values)
    if how.header is None and len(values) > len(found.header) / 2 and not years:
        notes.append(
            f"the columns are named {', '.join(map(repr, found.header[:3]))}: if that is a row, --header 0"
        )
