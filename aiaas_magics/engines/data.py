"""Data: from a source to a named, profiled table."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from aiaas_magics import errors, frames
from aiaas_magics.engines import catalogue
from aiaas_magics.engines.context import Context
from aiaas_magics.engines.modalities import modality, role_of
from aiaas_magics.specs.data import DataSpec
from aiaas_magics.specs.prepare import Step
from aiaas_magics.specs.records import DataInfo
from aiaas_magics.specs.refs import is_digest
from aiaas_magics.specs.results import Column, DataResult

SEPARATORS = ",;\t|"
ISO_DATE = re.compile(
    r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?\Z"
)
HEAD = 1 << 16


class Table(NamedTuple):
    """Rows as they were before any preparation, and the recipe to carry out on them."""

    frame: pd.DataFrame
    roles: dict[str, str]
    steps: tuple[Step, ...]
    info: DataInfo | None
    address: str
    """Of the rows' manifest."""


def run(spec: DataSpec, context: Context) -> DataResult:
    """Store a table under a name."""
    frame, source = _source(spec, context)
    if not len(frame.columns) or not len(frame):
        raise errors.DataError(
            f"{source or spec.as_} holds no rows",
            "it has a header and nothing below",
            "look into the file",
        )
    for name in spec.texts:
        if name not in frame.columns:
            raise errors.DataError(
                f"no column {name!r}",
                errors.did_you_mean(name, map(str, frame.columns)),
                "--texts ...",
            )
    address = spec.frame or context.save_frame(frame)
    found = roles(frame, spec.texts)
    result = DataResult(
        ref=spec.as_, frame=address, rows=len(frame), columns=profile(frame, found),
        duplicates=_duplicates(frame), size=int(frame.memory_usage(index=False, deep=False).sum()),
        source=source, warnings=_warnings(frame),
    )  # fmt: skip
    return _named(spec.as_, result, context)


def _named(name: str, result: DataResult, context: Context) -> DataResult:
    import msgspec

    info = context.save_data(name, result)
    return msgspec.structs.replace(result, ref=info.ref)


def load(ref: str, context: Context) -> Table:
    """Return the raw rows behind a name or an address, and the recipe on them. Raises `NotFound`."""
    if is_digest(ref):
        frame = context.frame(ref)
        return Table(frame, roles(frame), (), None, ref)
    info = context.data(ref)
    address = info.base or info.frame
    frame = context.frame(address)
    known = {column.name: column.role for column in info.columns}
    texts = tuple(name for name, role in known.items() if role == "text" and name in frame.columns)
    steps = tuple(Step(**step) for step in info.steps)
    found = {**roles(frame, texts), **({} if info.base else known)}
    return Table(frame, found, steps, info, address)


def roles(frame: pd.DataFrame, texts: tuple[str, ...] = ()) -> dict[str, str]:
    """Return the role of every column; `texts` are prose by the user's word."""
    return {name: "text" if name in texts else role_of(frame[name]) for name in frame.columns}


def profile(frame: pd.DataFrame, found: dict[str, str]) -> tuple[Column, ...]:
    """Describe every column."""
    return tuple(_describe(frame[name], str(name), found[name]) for name in frame.columns)


def _describe(column: pd.Series, name: str, role: str) -> Column:
    return Column(
        name=name, dtype=str(column.dtype), role=role, missing=int(column.isna().sum()),
        distinct=int(column.nunique()), **modality(role).describe(column),
    )  # fmt: skip


def _duplicates(frame: pd.DataFrame) -> int:
    return int(frame.duplicated().sum())


def _warnings(frame: pd.DataFrame) -> tuple[str, ...]:
    found = []
    for name in frame.columns:
        column = frame[name]
        if column.isna().all():
            found.append(f"column {name!r} is all missing: --drop {name}")
        elif len(frame) > 1 and column.nunique(dropna=False) == 1:
            found.append(f"column {name!r} is constant: --drop {name}")
    return tuple(found)


def _source(spec: DataSpec, context: Context) -> tuple[pd.DataFrame, str]:
    if spec.frame is not None:
        return context.frame(spec.frame), spec.filename or "a DataFrame"
    if spec.catalogue is not None:
        return catalogue.load(spec.catalogue), f"catalogue: {spec.catalogue}"
    path = context.blob(str(spec.file))
    if spec.filename.lower().endswith((".parquet", ".pq")):
        return _parquet(path, spec.filename), spec.filename
    return read_csv(path, spec.filename, sep=spec.sep, encoding=spec.encoding), spec.filename


def _parquet(path: Path, name: str) -> pd.DataFrame:
    import pyarrow as pa

    try:
        frame = pd.read_parquet(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise errors.DataError(
            f"{name} is not a Parquet file", str(error).partition(".")[0], "is its ending right?"
        ) from error
    frames.column_names(frame)
    return frame.reset_index(drop=True)


def read_csv(
    path: Path, name: str, *, sep: str | None = None, encoding: str | None = None
) -> pd.DataFrame:
    """Read a CSV file, and refuse what would be read wrongly.

    Raises
    ------
    DataError
        If it is empty, binary, not in the encoding, ragged, or not separated by `sep`.
    """
    encoding = encoding or "utf-8-sig"
    with path.open("rb") as file:
        head = file.read(HEAD)
    if not head.strip():
        raise errors.DataError(
            f"{name} is empty", "it holds no bytes but white space", "is it the right file?"
        )
    if b"\0" in head and not encoding.lower().replace("_", "-").startswith(("utf-16", "utf-32")):
        raise errors.DataError(
            f"{name} is not a text file",
            "it holds zero bytes",
            "--encoding utf-16 if it is text after all",
        )
    header, sep = _header(_decode(head, encoding, name), name, sep)
    _check_header(header, name)
    try:
        frame = pd.read_csv(path, sep=sep, encoding=encoding, low_memory=False)
    except UnicodeDecodeError as error:
        raise _not_encoded(name, encoding, error) from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        said = str(error).rpartition("C error: ")[2]
        raise errors.DataError(
            f"{name} cannot be read as a table", said, "look at that line, or give --sep"
        ) from error
    if not isinstance(frame.index, pd.RangeIndex):
        raise errors.DataError(
            f"{name} has rows longer than its header",
            f"the header names {len(header)} columns",
            "add the missing names to the header",
        )
    return _with_dates(frame)


def _decode(head: bytes, encoding: str, name: str) -> str:
    try:
        text = io.TextIOWrapper(io.BytesIO(head), encoding, newline="")
        return text.read(HEAD // 4)
    except LookupError as error:
        raise errors.DataError(
            f"no encoding {encoding!r}", "Python does not know it", "--encoding latin-1"
        ) from error
    except UnicodeDecodeError as error:
        raise _not_encoded(name, encoding, error) from error


def _not_encoded(name: str, encoding: str, error: UnicodeDecodeError) -> errors.DataError:
    shown = "UTF-8" if encoding == "utf-8-sig" else encoding
    return errors.DataError(
        f"{name} is not {shown}",
        f"byte {error.start} is {error.object[error.start]:#x}",
        "--encoding latin-1",
    )


def _header(text: str, name: str, sep: str | None) -> tuple[list[str], str]:
    line = next((line for line in text.splitlines() if line.strip()), "")
    counts = {each: len(next(csv.reader([line], delimiter=each))) for each in SEPARATORS}
    best = max(SEPARATORS, key=lambda each: counts[each])
    if sep is None:
        return next(csv.reader([line], delimiter=best)), best
    if len(sep) != 1:
        raise errors.DataError(
            f"{sep!r} is no separator", "a separator is one character", "--sep ';'"
        )
    found = next(csv.reader([line], delimiter=sep))
    if len(found) == 1 and counts[best] > 1:
        raise errors.DataError(
            f"{name} is not separated by {sep!r}",
            f"its header holds {counts[best] - 1} times {best!r}",
            f"--sep {best!r}",
        )
    return found, sep


def _check_header(header: list[str], name: str) -> None:
    blank = [i for i, column in enumerate(header, 1) if not column.strip()]
    if blank and blank != [1]:
        raise errors.DataError(
            f"{name}: column {blank[0]} has no name",
            "every column needs one",
            "name it in the header",
        )
    twice = sorted({column for column in header if header.count(column) > 1})
    if twice:
        raise errors.DataError(
            f"{name}: two columns are named {twice[0]!r}",
            "a name stands for one column",
            "rename one in the header",
        )


def _with_dates(frame: pd.DataFrame) -> pd.DataFrame:
    for name in frame.columns:
        column = frame[name]
        if pd.api.types.is_string_dtype(column.dtype) and _looks_like_dates(column):
            parsed = pd.to_datetime(
                column, format="ISO8601", errors="coerce", utc=_with_zone(column)
            )
            if parsed.notna().sum() == column.notna().sum():
                frame[name] = parsed
    return frame


def _looks_like_dates(column: pd.Series) -> bool:
    sample = column.dropna().head(100)
    return len(sample) > 0 and all(ISO_DATE.match(str(value)) for value in sample)


def _with_zone(column: pd.Series) -> bool:
    return bool(re.search(r"(Z|[+-]\d{2}:?\d{2})\Z", str(column.dropna().iloc[0])[10:]))


def infinite(frame: pd.DataFrame) -> list[str]:
    """Return the columns that hold infinite numbers."""
    floats = frame.select_dtypes("float")
    return [
        str(n)
        for n in floats.columns
        if np.isinf(floats[n].to_numpy(dtype="float64", na_value=np.nan)).any()
    ]
