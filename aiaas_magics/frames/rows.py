"""Rows one by one: as JSON objects for an endpoint, and where a table came from."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from aiaas_magics import errors
from aiaas_magics.specs.base import JSON

if TYPE_CHECKING:
    import pandas as pd

ATTR = "aiaas"
"""Where a DataFrame remembers which stored data it came from."""


def records(frame: pd.DataFrame) -> list[dict[str, JSON]]:
    """Return a table's rows as JSON objects: missing is None, dates are ISO text."""
    columns = {str(name): values(frame[name]) for name in frame.columns}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def values(column: pd.Series[Any]) -> list[JSON]:
    """Return a column's values as JSON: missing is None, dates are ISO text."""
    import pandas as pd

    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return [None if pd.isna(value) else value.isoformat() for value in column]
    found = column.astype("object").where(column.notna(), None).tolist()
    return [_plain_value(value) for value in found]


def _plain_value(value: Any) -> JSON:
    if isinstance(value, dt.date):
        return value.isoformat()
    plain: JSON = value.item() if type(value).__module__ == "numpy" else value
    return plain


def as_table(word: object) -> Any:
    """Return a DataFrame as it is.

    Raises
    ------
    DataError
        For anything else.
    """
    kind = type(word)
    if kind.__module__.split(".")[0] == "pandas" and kind.__name__ == "DataFrame":
        return word
    raise errors.DataError(
        f"a {kind.__name__} is no table",
        "data is a pandas DataFrame or a stored name",
        "pd.DataFrame(...)",
    )
