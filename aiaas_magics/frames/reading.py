"""Read a table: numbers are mapped from the stored file, not copied."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiaas_magics import errors
from aiaas_magics.frames.manifest import Block, Rest, manifest

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    Series = pd.Series[Any]
    Array = np.ndarray[Any, Any]


def read(
    address: str,
    locate: Callable[[str], Path],
    *,
    columns: Iterable[str] | None = None,
    rows: int | None = None,
) -> pd.DataFrame:
    """Return a stored table; its arrays may be read-only views of the stored file.

    Parameters
    ----------
    address
        What :func:`aiaas_magics.frames.write` returned.
    locate
        Gives the file of an address (``Blobs.path``).
    columns
        The columns wanted, in this order; the others are not read.
    rows
        The first rows only.

    Raises
    ------
    DataError
        If a column is not there, or the bytes at `address` or of one of its parts are no table.
    """
    import pandas as pd

    found = manifest(address, locate)
    wanted = list(found.columns) if columns is None else _known(columns, found.columns)
    count = found.rows if rows is None else max(0, min(rows, found.rows))
    parts = [
        _map(block, locate, found.rows, count, places)
        for block in found.blocks
        if (places := [i for i, name in enumerate(block.columns) if name in wanted])
    ]
    if found.rest is not None and (names := [n for n in found.rest.columns if n in wanted]):
        parts.append(_read_rest(found.rest, locate(found.rest.ref), names, count))
    if not parts:
        return pd.DataFrame(index=pd.RangeIndex(count))
    frame = parts[0] if len(parts) == 1 else pd.concat(parts, axis=1)
    return frame if list(frame.columns) == wanted else frame[wanted]


def _known(columns: Iterable[str], known: Sequence[str]) -> list[str]:
    wanted = list(dict.fromkeys(columns))
    for name in wanted:
        if name not in known:
            raise errors.DataError(f"no column {name!r}", errors.did_you_mean(name, known))
    return wanted


def _map(
    block: Block, locate: Callable[[str], Path], rows: int, count: int, places: list[int]
) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    shape = (len(block.columns), rows)
    path = locate(block.ref)
    wanted, there = math.prod(shape) * np.dtype(block.dtype).itemsize, path.stat().st_size
    if there < wanted:
        raise errors.DataError(
            "these bytes are no table", f"its numbers take {wanted} bytes and {there} are there"
        )
    values: Array = (
        np.memmap(path, dtype=block.dtype, mode="r", shape=shape).view(np.ndarray)
        if rows
        else np.empty(shape, dtype=block.dtype)
    )
    run = slice(places[0], places[-1] + 1)  # a run of neighbours stays a view, others are copied
    chosen = values[run] if len(places) == run.stop - run.start else values[places]
    names = [block.columns[place] for place in places]
    return pd.DataFrame(chosen[:, :count].T, columns=names, copy=False)


def _read_rest(rest: Rest, path: Path, names: Sequence[str], count: int) -> pd.DataFrame:
    import pandas as pd
    import pyarrow as pa

    options = pa.ipc.IpcReadOptions(included_fields=[rest.columns.index(n) for n in names])
    with pa.memory_map(str(path)) as source:
        table = pa.ipc.open_stream(source, options=options).read_all().slice(0, count)
    dtypes = dict(zip(rest.columns, rest.dtypes, strict=True))
    return pd.DataFrame({name: _from_arrow(table.column(name), dtypes[name]) for name in names})


def _from_arrow(array: Any, dtype: str) -> Series:
    import pandas as pd

    if dtype == "category":
        found: Series = array.to_pandas()
        return found
    known = pd.api.types.pandas_dtype(dtype)
    if hasattr(known, "__from_arrow__"):  # pandas' own dtypes: text, nullable numbers
        return pd.Series(known.__from_arrow__(array), copy=False)
    return pd.Series(array.to_pandas(), dtype=known)
