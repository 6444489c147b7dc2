"""What a table looks like: the role of each column, and what it holds."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from aiaas_magics import errors
from aiaas_magics.engines import modalities
from aiaas_magics.specs.results import Column

if TYPE_CHECKING:
    Series = pd.Series[Any]
    Array = np.ndarray[Any, Any]

LARGE = 50_000
"""Rows from which threads gain more than they cost."""
AT_ONCE = 3
"""Columns hashed before it is looked whether any rows are alike still."""


def roles(frame: pd.DataFrame, texts: Collection[str] = ()) -> dict[str, str]:
    """Return the role of each column: number, category, boolean, date or text.

    Parameters
    ----------
    frame
        A table whose columns have names of their own.
    texts
        Columns of text that hold prose whatever they look like.

    Raises
    ------
    DataError
        If a name in `texts` is no column, or one without text.
    """
    for name in texts:
        if name not in frame.columns:
            hint = errors.did_you_mean(name, map(str, frame.columns))
            raise errors.DataError(f"no column {name!r}", hint)
        if not pd.api.types.is_string_dtype(frame[name].dtype):
            raise errors.DataError(
                f"column {name!r} holds no text",
                f"its values are {frame[name].dtype}",
                "leave it out of --texts",
            )
    return {
        str(name): "text" if name in texts else _role(frame.iloc[:, place])
        for place, name in enumerate(frame.columns)
    }


def _role(column: Series) -> str:
    found = (role for role in modalities.ROLES if modalities.find(role).recognises(column))
    return next(found, "category")


def profile(
    frame: pd.DataFrame,
    roles: Mapping[str, str],
    tell: Callable[[int], None] | None = None,
    *,
    cores: int = 1,
) -> tuple[Column, ...]:
    """Return what each column holds, from all of its rows; `tell` hears how many are done.

    Large tables are looked at by `cores` threads, a column each: what sorts and counts lets others run.
    """
    found: list[Column] = []
    wide = cores if len(frame) >= LARGE else 1
    with ThreadPoolExecutor(wide) if wide > 1 else contextlib.nullcontext() as pool:
        each = pool.map if pool is not None else map
        for column in each(lambda item: _column(frame[item[0]], *item), roles.items()):
            found.append(column)
            if tell is not None:
                tell(len(found))
    return tuple(found)


def _column(column: Series, name: str, role: str) -> Column:
    summary = modalities.find(role).describe(column)
    missing = int(column.isna().sum())
    return Column(
        name=name, dtype=str(column.dtype), role=role, missing=missing, **summary._asdict()
    )


def duplicates(frame: pd.DataFrame, columns: Collection[Column]) -> int:
    """Return how many rows repeat an earlier one; a column without repeats rules them out at once."""
    if not len(frame) or any(c.distinct == len(frame) for c in columns):
        return 0
    apart = sorted(columns, key=lambda column: -column.distinct)
    return int(repeated(frame[[column.name for column in apart]]).sum())


def repeated(frame: pd.DataFrame) -> Series:
    """Return which rows repeat an earlier one: those of equal hashes are compared value by value."""
    places = alike(frame)
    found = np.zeros(len(frame), dtype=bool)
    found[places] = frame.iloc[places].duplicated().to_numpy()
    return pd.Series(found, index=frame.index)


def alike(frame: pd.DataFrame) -> Array:
    """Return the places of the rows that share their hash with another one.

    They are compared a few columns at a time, as long as some are alike: quick where the first columns tell
    most rows apart.
    """
    left = np.arange(len(frame))
    keys = np.zeros(len(frame), dtype="uint64")
    for start in range(0, frame.shape[1], AT_ONCE):
        part = frame.iloc[:, start : start + AT_ONCE]
        hashes = pd.util.hash_pandas_object(
            part if len(left) == len(part) else part.iloc[left], index=False
        )
        keys = keys * np.uint64(31) + hashes.to_numpy()
        again = pd.Series(keys).duplicated(keep=False).to_numpy()
        left, keys = left[again], keys[again]
        if not len(left):
            break
    return left


def warnings(columns: Collection[Column], rows: int) -> tuple[str, ...]:
    """Return a line for each column that no model can learn from."""
    found = []
    for column in columns:
        if column.missing == rows:
            found.append(f"column {column.name!r} is missing in every row")
        elif column.distinct == 1 and not column.missing and rows > 1:
            found.append(f"column {column.name!r} has the same value in every row")
    return tuple(found)


def infinite(frame: pd.DataFrame) -> tuple[str, ...]:
    """Return a line for each column with infinite values: its profile leaves them out, no model takes them."""
    found = []
    for place, name in enumerate(frame.columns):
        column = frame.iloc[:, place]
        if pd.api.types.is_float_dtype(column.dtype):
            count = int(np.isinf(column.to_numpy("float64", na_value=np.nan)).sum())
            if count:
                found.append(
                    f"column {str(name)!r} is infinite in {count:,} {'row' if count == 1 else 'rows'}"
                )
    return tuple(found)
