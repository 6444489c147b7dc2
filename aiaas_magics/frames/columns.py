"""What may stand in a table: columns with names of their own and values of one kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aiaas_magics import errors

if TYPE_CHECKING:
    import pandas as pd

    Series = pd.Series[Any]


def column_names(frame: pd.DataFrame) -> list[str]:
    """Return the column names as text.

    Raises
    ------
    DataError
        If two are the same, one is blank, or the table has several levels of them.
    """
    if frame.columns.nlevels > 1:
        raise errors.DataError(
            "the columns have names of several levels",
            "a column of a table has one name",
            "df.columns = ['_'.join(map(str, levels)) for levels in df.columns]",
        )
    names = [str(name) for name in frame.columns]
    check_names(names, "df.columns = [...]")
    return names


def check_names(names: Sequence[str], try_: str) -> None:
    """Check that every column has a name of its own. Raises `DataError`."""
    seen: set[str] = set()
    for place, name in enumerate(names, start=1):
        if not name.strip():
            raise errors.DataError(
                f"column {place} of {len(names)} has no name", "columns go by their names", try_
            )
        if not name.isascii() and _broken(name):
            raise errors.DataError(
                f"the name of column {place} of {len(names)} is no text",
                "it holds half a character",
                try_,
            )
        if name in seen:
            raise errors.DataError(
                f"two columns are named {name!r}", "a name stands for one column", try_
            )
        seen.add(name)


def _broken(name: str) -> bool:
    """Tell a text with half of a surrogate pair, which no encoding takes."""
    return any("\ud800" <= char <= "\udfff" for char in name)


def plain(column: Series, name: str) -> Series:
    """Return the column under `name` with a dtype that can be stored, its values unchanged.

    Columns of Python objects become text, whole numbers, truth values or dates if all their values
    are of that kind; periods become their first moment, intervals in categories their text.

    Raises
    ------
    DataError
        If its values have no place in a table: of mixed types, complex, bytes, lists, durations.
    """
    import pandas as pd

    column = column if column.name == name else column.rename(name)
    dtype = column.dtype
    if isinstance(dtype, pd.SparseDtype):
        return plain(pd.Series(column.array.to_dense(), name=name), name)  # type: ignore[attr-defined]
    if isinstance(dtype, pd.PeriodDtype):
        return column.astype("datetime64[ns]")
    if isinstance(dtype, pd.CategoricalDtype):
        return _with_plain_categories(column)
    if isinstance(dtype, pd.ArrowDtype) and dtype.kind == "b":
        return column.astype("boolean")  # Arrow's bits of a cut column hold its neighbours' too
    if isinstance(dtype, pd.IntervalDtype):
        return column.astype("str")
    if pd.api.types.is_object_dtype(dtype):
        return _from_objects(column)
    if not _storable(dtype):
        raise _no_place(name, dtype)
    return column


def _storable(dtype: Any) -> bool:
    import numpy as np
    import pandas as pd

    if isinstance(dtype, np.dtype):
        return dtype.kind in "iufbM" and dtype.itemsize <= 8  # no long doubles
    return pd.api.types.is_string_dtype(dtype) or dtype.kind in "iufbM"


def _with_plain_categories(column: Series) -> Series:
    if _storable(column.cat.categories.dtype):
        return column
    try:
        return column.cat.rename_categories(str)
    except ValueError as error:
        raise unfit(column.name, str(error)) from error


def _no_place(name: str, dtype: Any) -> errors.DataError:
    kind = getattr(dtype, "kind", "O")
    what, how = {
        "c": ("complex numbers", ".abs()"),
        "m": ("durations", ".dt.total_seconds()"),
        "f": (f"{dtype} numbers", ".astype('float64')"),
    }.get(kind, (f"values of type {dtype}", ".astype(str)"))
    return errors.DataError(
        f"column {name!r} holds {what}",
        "a table takes numbers, truth values, text, categories and dates",
        f"df[{name!r}] = df[{name!r}]{how}",
    )


_OBJECTS: dict[str, Any] = {
    "string": "str",
    "empty": "str",
    "boolean": "boolean",
    "integer": "Int64",
    "floating": "float64",
    "mixed-integer-float": "float64",
    "decimal": "float64",
}
"""What pandas finds in a column of Python objects -> the dtype it is stored as."""


def _from_objects(column: Series) -> Series:
    import pandas as pd

    found = pd.api.types.infer_dtype(column, skipna=True)
    try:
        if found in _OBJECTS:
            return column.astype(_OBJECTS[found])
        if found in ("date", "datetime", "datetime64"):
            return pd.to_datetime(column)
    except (TypeError, ValueError, OverflowError) as error:
        raise unfit(column.name, str(error)) from error
    raise unfit(column.name, f"pandas calls them {found}")


def unfit(name: object, why: str) -> errors.DataError:
    """Return the error of a column whose values cannot be stored together."""
    return errors.DataError(
        f"column {name!r} holds values that do not go together in a column",
        why,
        f"df[{name!r}] = df[{name!r}].astype(str)",
    )
