"""Parquet and Arrow files: columns with types of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet

from aiaas_magics import errors
from aiaas_magics.cards import style
from aiaas_magics.engines.sources.asked import Reading, Source, Tell, check_verbatim

STREAM = b"\xff\xff\xff\xff"
"""How an Arrow stream begins (the IPC format's continuation marker)."""


def is_parquet(head: bytes) -> bool:
    """Tell a Parquet file."""
    return head.startswith(b"PAR1")


def is_arrow(head: bytes) -> bool:
    """Tell an Arrow file, a stream of Arrow's, or Feather of the first version."""
    return head.startswith((b"ARROW1", b"FEA1", STREAM))


def parquet(path: Path, name: str, how: Reading, tell: Tell | None) -> Source:
    """Return the table of a Parquet file. Raises `DataError`."""
    del tell

    def read() -> Any:
        with pyarrow.parquet.ParquetFile(path) as file:
            about = file.metadata
            _check_size(name, about.num_rows * about.num_columns)
            return file.read()

    return _table(read, name, "Parquet", how)


def arrow(path: Path, name: str, how: Reading, tell: Tell | None) -> Source:
    """Return the table of an Arrow or Feather file, or of a stream of Arrow's. Raises `DataError`."""
    del tell
    with path.open("rb") as file:
        streamed = file.read(4) == STREAM

    def read() -> Any:
        if not streamed:
            return pyarrow.feather.read_table(path, memory_map=False)
        with pa.OSFile(str(path)) as file:
            return pa.ipc.open_stream(file).read_all()

    return _table(read, name, "Arrow", how)


def _check_size(name: str, cells: int) -> None:
    """Refuse a table that repeats few bytes so often that memory does not hold it."""
    wanted, there = cells * 8, psutil.virtual_memory().total
    if wanted > there:
        raise errors.DataError(
            f"{name} holds {cells:,} values",
            f"they take {style.size(wanted)}, this machine has {style.size(there)}",
            "load a part of it",
        )


def _table(read: Callable[[], Any], name: str, format_: str, how: Reading) -> Source:
    try:
        table = read()
        _check_size(name, table.num_rows * table.num_columns)
        frame: pd.DataFrame = table.to_pandas()
    except (pa.ArrowException, OSError, ValueError, TypeError, KeyError) as error:
        text = str(error)  # before "': ": where the bytes lie, which nobody asked
        raise errors.DataError(
            f"{name} cannot be read as {format_}",
            text.rpartition("': ")[2] or type(error).__name__,
            "write it again",
        ) from error
    named = [level for level in frame.index.names if level is not None]
    frame = frame.reset_index(drop=not named)
    if not len(frame):
        raise errors.DataError(
            f"{name} holds no rows", "a table needs at least one", "write it again"
        )
    check_verbatim([str(column) for column in frame.columns], how)
    return Source(frame.astype(dict.fromkeys(how.verbatim, "str")) if how.verbatim else frame)
