"""Write a table piece by piece: the writer holds a few megabytes besides the table."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from aiaas_magics.frames.columns import column_names, plain, unfit
from aiaas_magics.frames.manifest import FORMAT, Block, Manifest, Put, Rest

if TYPE_CHECKING:
    import pandas as pd

    Series = pd.Series[Any]

PIECE = 1 << 17
"""Values copied at a time (1 MB of float64): they stay in the processor's cache for the digest."""
BATCH = 1 << 14
"""Rows of an Arrow batch; part of the format, since another number gives other bytes."""

_SENT: dict[tuple[Any, ...], dict[bytes, str]] = {}
"""Shape -> xxh3 -> address of what this process sent: sent again, it is not stored again.

xxh3 runs at the memory's speed, sha256 does not; a table of a shape never seen is read once only."""


def write(frame: pd.DataFrame, put: Put) -> str:
    """Store a table by content and return the address of its manifest.

    The index is no part of a table.

    Parameters
    ----------
    frame
        The table; see :func:`aiaas_magics.frames.plain` for what its columns may hold.
    put
        Stores bytes and returns their address.

    Raises
    ------
    DataError
        If columns share a name or have none, or hold values that have no place in a table.
    """
    names = column_names(frame)
    columns = [plain(frame.iloc[:, place], name) for place, name in enumerate(names)]
    numeric, rest = _split(columns)
    return put_manifest(
        Manifest(
            format=FORMAT,
            rows=len(frame),
            columns=tuple(names),
            blocks=tuple(_send_block(dtype, found, put) for dtype, found in numeric.items()),
            rest=_send_rest(rest, put) if rest else None,
        ),
        put,
    )


def address(frame: pd.DataFrame) -> str:
    """Return the address `write` would give a table, without storing it.

    Raises
    ------
    DataError
        As `write` does.
    """

    def put(body: Path | Iterable[bytes], *, ref: str | None = None) -> str:
        digest = hashlib.sha256()
        for piece in () if ref is not None or isinstance(body, Path) else body:
            digest.update(piece)
        return ref or f"sha256:{digest.hexdigest()}"

    return write(frame, put)


def put_manifest(found: Manifest, put: Put) -> str:
    """Store a manifest whose parts are stored, and return its address."""
    return put([msgspec.json.encode(found, order="deterministic")])


def _split(columns: Sequence[Series]) -> tuple[dict[str, list[Series]], list[Series]]:
    """Return the numeric columns by dtype, and the others."""
    import numpy as np

    numeric: dict[str, list[Series]] = {}
    rest: list[Series] = []
    for column in columns:
        dtype = column.dtype
        if isinstance(dtype, np.dtype) and dtype.kind in "iufb":
            numeric.setdefault(dtype.newbyteorder("<").str, []).append(column)
        else:
            rest.append(column)
    return numeric, rest


def _send(shape: tuple[Any, ...], pieces: Callable[[], Iterator[bytes]], put: Put) -> str:
    """Store the pieces, unless this process did so before; the digest is taken on the way."""
    import xxhash

    sent = _SENT.setdefault(shape, {})
    if sent:
        seen = xxhash.xxh3_128()
        for piece in pieces():
            seen.update(piece)
        known = sent.get(seen.digest())
        if known is not None:
            return put(pieces(), ref=known)
    digest = xxhash.xxh3_128()

    def hashed() -> Iterator[bytes]:
        for piece in pieces():
            digest.update(piece)
            yield piece

    address = put(hashed())
    sent[digest.digest()] = address
    return address


def _send_block(dtype: str, columns: Sequence[Series], put: Put) -> Block:
    def pieces() -> Iterator[bytes]:
        for column in columns:
            values = column.to_numpy()
            for start in range(0, len(values), PIECE):
                yield values[start : start + PIECE].astype(dtype, copy=False).tobytes()

    shape = (dtype, len(columns[0]), len(columns))
    return Block(dtype, tuple(str(c.name) for c in columns), _send(shape, pieces, put))


def _send_rest(columns: Sequence[Series], put: Put) -> Rest:
    names = tuple(str(column.name) for column in columns)
    dtypes = tuple(str(column.dtype) for column in columns)
    shape = (names, dtypes, len(columns[0]))
    return Rest(names, dtypes, _send(shape, lambda: _arrow(columns), put))


class _Sink:
    """A file for pyarrow that keeps what was written until it is taken."""

    closed = False

    def __init__(self) -> None:
        self._written: list[bytes] = []

    def write(self, piece: Any) -> int:
        self._written.append(bytes(piece))
        return len(self._written[-1])

    def flush(self) -> None:
        """Nothing waits: what is written is taken at once."""

    def take(self) -> list[bytes]:
        taken, self._written = self._written, []
        return taken


def _arrow(columns: Sequence[Series]) -> Iterator[bytes]:
    import pyarrow as pa

    sink = _Sink()
    schema = pa.schema([(str(column.name), _to_arrow(column.iloc[:0]).type) for column in columns])
    with pa.ipc.new_stream(pa.PythonFile(sink, mode="w"), schema) as writer:
        for start in range(0, len(columns[0]), BATCH):
            arrays = [_to_arrow(column.iloc[start : start + BATCH]) for column in columns]
            writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
            yield from sink.take()
    yield from sink.take()


def _to_arrow(column: Series) -> Any:
    """Return the column as one Arrow array whose bytes depend on its values alone."""
    import pyarrow as pa

    try:
        array = pa.Array.from_pandas(column)
    except (pa.ArrowException, UnicodeError) as error:
        raise unfit(column.name, str(error)) from error
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if pa.types.is_nested(array.type):
        raise unfit(column.name, f"they are of Arrow's type {array.type}")
    return _same_under_gaps(array) if array.null_count else array


def _same_under_gaps(array: Any) -> Any:
    """Return the array with a fixed value under each missing one, where anything may stand.

    Text has nothing there once it is rebuilt, categories have no place of their own for it.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = array.type
    valid = array.is_valid()
    if pa.types.is_dictionary(kind):
        codes = _same_under_gaps(array.indices)
        return pa.DictionaryArray.from_arrays(codes, array.dictionary, ordered=kind.ordered)
    if pa.types.is_primitive(kind):
        zero = pa.scalar(0, pa.int64() if kind.bit_width == 64 else pa.int32()).cast(kind)
        array = pc.fill_null(array, zero)
    return pc.if_else(valid, array, pa.scalar(None, kind))
