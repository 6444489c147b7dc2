"""How a table travels: numbers as raw blocks, the rest as Arrow, a manifest that holds them together.

Numeric columns of one dtype lie one after the other in one file, column-major, so that a reader maps
them back as a one-block DataFrame without a copy (Arrow alone would give a block per column, which
scikit-learn copies). All other columns lie in one Arrow IPC file. The manifest is JSON and names both by
content; its own address is the table's.

Written column by column: the writer holds one column more than the table, not a second table.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from aiaas_magics import errors

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from aiaas_magics.specs.prepare import Step

FORMAT = 1
ATTR = "aiaas"
"""Where a DataFrame remembers which stored data it came from."""


class Put(Protocol):
    """``Backend.put`` or ``Blobs.put``."""

    def __call__(self, body: Path | Iterable[bytes], *, ref: str | None = None) -> str:
        """Store bytes, return their address."""
        ...


class Block(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Columns of one dtype in one file; `dtype` is numpy's, with its byte order."""

    dtype: str
    columns: tuple[str, ...]
    ref: str


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a table consists of, in the order of its columns."""

    format: int
    rows: int
    columns: tuple[str, ...]
    blocks: tuple[Block, ...]
    arrow: str | None = None
    arrow_columns: tuple[str, ...] = ()


_SENT: dict[Hashable, str] = {}
"""xxh3 of a block -> its address: a table that was sent before is hashed fast and not copied."""


def write(frame: pd.DataFrame, put: Put) -> str:
    """Store a table by content and return the address of its manifest.

    The index is not part of a table. Equal values give equal addresses.

    Raises
    ------
    DataError
        If columns share a name, have none, or hold values of mixed or unknown types.
    """
    names = column_names(frame)
    numeric, other = _split(frame, names)
    blocks = tuple(
        Block(dtype, tuple(names[i] for i in places), _send_block(frame, places, dtype, put))
        for dtype, places in numeric.items()
    )
    manifest = Manifest(
        format=FORMAT,
        rows=len(frame),
        columns=tuple(names),
        blocks=blocks,
        arrow=_send_arrow(frame, other, names, put) if other else None,
        arrow_columns=tuple(names[i] for i in other),
    )
    return put([msgspec.json.encode(manifest, order="deterministic")])


def manifest(address: str, locate: Callable[[str], Path]) -> Manifest:
    """Return the manifest at an address.

    Raises
    ------
    DataError
        If the bytes there are no manifest.
    """
    try:
        return msgspec.json.decode(locate(address).read_bytes(), type=Manifest)
    except msgspec.DecodeError as error:
        raise errors.DataError("these bytes are no table", str(error)) from error


def read(
    address: str,
    locate: Callable[[str], Path],
    *,
    columns: Iterable[str] | None = None,
    rows: int | None = None,
) -> pd.DataFrame:
    """Return a stored table, or some of its columns and its first rows.

    Numbers are mapped, not read: the arrays are read-only views of the stored file.
    """
    import pandas as pd

    found = manifest(address, locate)
    wanted = list(found.columns) if columns is None else _known(columns, found)
    count = found.rows if rows is None else min(rows, found.rows)
    parts = [_map_block(block, locate(block.ref), found.rows, count) for block in found.blocks]
    if found.arrow is not None:
        parts.append(_read_arrow(locate(found.arrow), found.arrow_columns, count))
    frame = pd.concat(parts, axis=1) if len(parts) > 1 else parts[0] if parts else pd.DataFrame()
    return frame if list(frame.columns) == wanted else frame[wanted]


def as_table(word: object) -> Any:
    """Return a DataFrame as it is. Raises `DataError` for anything else."""
    if type(word).__module__.split(".")[0] == "pandas" and type(word).__name__ == "DataFrame":
        return word
    kind = type(word).__name__
    raise errors.DataError(
        f"a {kind} is no table", "data is a pandas DataFrame or a stored name", "pd.DataFrame(...)"
    )


def column_names(frame: pd.DataFrame) -> list[str]:
    """Return the column names as text.

    Raises
    ------
    DataError
        If two are the same, one is blank, or the table has several levels of them.
    """
    if frame.columns.nlevels > 1:
        raise errors.DataError(
            "the columns have several levels",
            "a table has one name for each column",
            "df.columns = ['_'.join(c) for c in df.columns]",
        )
    names = [str(name) for name in frame.columns]
    twice = (
        sorted({name for name in names if names.count(name) > 1})
        if len(set(names)) < len(names)
        else []
    )
    if twice:
        raise errors.DataError(
            f"two columns are named {twice[0]!r}",
            "a name stands for one column",
            "df = df.loc[:, ~df.columns.duplicated()]",
        )
    if any(not name.strip() for name in names):
        raise errors.DataError(
            "a column has no name",
            f"it is column {[not n.strip() for n in names].index(True) + 1}",
            "df.columns = [...]",
        )
    return names


def select(frame: pd.DataFrame, steps: Iterable[Step]) -> pd.DataFrame:
    """Carry out the steps of a recipe that only choose columns and rows."""
    for step in steps:
        if step.op == "keep":
            frame = frame[[name for name in frame.columns if name in step.columns]]
        elif step.op == "drop":
            frame = frame.drop(columns=[name for name in step.columns if name in frame.columns])
        elif step.op == "dropna":
            frame = frame.dropna()
    return frame


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a table's rows as JSON objects: missing is None, dates are ISO text."""
    columns = {str(name): _json_values(frame[name]) for name in frame.columns}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _json_values(column: pd.Series) -> list[Any]:
    import numpy as np
    import pandas as pd

    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return [None if pd.isna(value) else value.isoformat() for value in column]
    values = column.astype(object).where(column.notna(), None).tolist()
    return [value.item() if isinstance(value, np.generic) else value for value in values]


def _split(frame: pd.DataFrame, names: Sequence[str]) -> tuple[dict[str, list[int]], list[int]]:
    import numpy as np

    numeric: dict[str, list[int]] = {}
    other: list[int] = []
    for place, dtype in enumerate(frame.dtypes):
        if not isinstance(dtype, np.dtype) or dtype.kind not in "iufbc":
            other.append(place)
        elif dtype.kind == "c":
            raise errors.DataError(
                f"column {names[place]!r} holds complex numbers",
                "no algorithm here takes them",
                "split it in real and imaginary part",
            )
        else:
            numeric.setdefault(dtype.str, []).append(place)
    return numeric, other


def _columns(frame: pd.DataFrame, places: Sequence[int], dtype: str) -> Iterator[memoryview]:
    import numpy as np

    for place in places:
        values = np.ascontiguousarray(frame.iloc[:, place].to_numpy(), dtype=dtype)
        yield memoryview(values.view(np.uint8).data) if len(values) else memoryview(b"")


def _send_block(frame: pd.DataFrame, places: Sequence[int], dtype: str, put: Put) -> str:
    import xxhash

    digest = xxhash.xxh3_128()
    for column in _columns(frame, places, dtype):
        digest.update(column)
    key = (digest.digest(), dtype, len(frame), len(places))
    chunks = (bytes_like for bytes_like in _columns(frame, places, dtype))
    _SENT[key] = put(chunks, ref=_SENT.get(key))  # type: ignore[arg-type]  # any buffer will do
    return _SENT[key]


def _send_arrow(frame: pd.DataFrame, places: Sequence[int], names: Sequence[str], put: Put) -> str:
    import pyarrow as pa

    arrays, fields = [], []
    for place in places:
        array = _to_arrow(frame.iloc[:, place], names[place])
        arrays.append(array)
        fields.append(
            pa.field(names[place], array.type, metadata=_dtype_note(frame.dtypes.iloc[place]))
        )
    table = pa.Table.from_arrays(arrays, schema=pa.schema(fields))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return put([memoryview(sink.getvalue())])  # type: ignore[list-item]  # any buffer will do


def _to_arrow(column: pd.Series, name: str) -> Any:
    import pyarrow as pa

    if column.dtype == object:
        _check_objects(column, name)
    try:
        array = pa.Array.from_pandas(column)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise errors.DataError(
            f"column {name!r} cannot be stored",
            str(error),
            f"df[{name!r}] = df[{name!r}].astype(str)",
        ) from error
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def _check_objects(column: pd.Series, name: str) -> None:
    import pandas as pd

    kind = pd.api.types.infer_dtype(column, skipna=True)
    if kind.startswith("mixed") or kind in {"complex", "bytes", "unknown-array"}:
        raise errors.DataError(
            f"column {name!r} holds values of mixed types",
            f"pandas calls it {kind}",
            f"df[{name!r}] = df[{name!r}].astype(str)",
        )


def _dtype_note(dtype: object) -> dict[str, str]:
    return {"dtype": json.dumps(str(dtype))}


def _map_block(block: Block, path: Path, rows: int, count: int) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    shape = (len(block.columns), rows)
    values: np.ndarray
    if rows == 0:
        values = np.empty(shape, dtype=block.dtype)
    else:
        values = np.memmap(path, dtype=block.dtype, mode="r", shape=shape).view(np.ndarray)
    return pd.DataFrame(values[:, :count].T, columns=list(block.columns), copy=False)


def _read_arrow(path: Path, columns: Sequence[str], count: int) -> pd.DataFrame:
    import pyarrow as pa

    with pa.memory_map(str(path)) as source:
        table = pa.ipc.open_file(source).read_all().slice(0, count)
        frame: pd.DataFrame = table.to_pandas()
    for field in table.schema:
        dtype = json.loads((field.metadata or {}).get(b"dtype", b'""'))
        if dtype and dtype not in ("object", "category") and str(frame[field.name].dtype) != dtype:
            frame[field.name] = frame[field.name].astype(dtype)
    return frame[list(columns)]


def _known(columns: Iterable[str], found: Manifest) -> list[str]:
    wanted = list(columns)
    for name in wanted:
        if name not in found.columns:
            raise errors.DataError(f"no column {name!r}", errors.did_you_mean(name, found.columns))
    return wanted
