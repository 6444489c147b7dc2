"""Rows one by one: as JSON objects for an endpoint, and where a table came from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
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
    """Return a table as a DataFrame: one as it is, and what can be meant in one way only.

    A column, a list of records, a dict of columns of one length, an array with names, and tables of
    other libraries (``to_pandas``, ``__dataframe__``) become one.

    Raises
    ------
    DataError
        For anything else, with the line that makes a table of it.
    """
    import pandas as pd

    if isinstance(word, pd.DataFrame):
        return pd.DataFrame(word) if type(word) is not pd.DataFrame else word
    for knows, convert in _TABLES:
        if knows(word):
            return _converted(word, convert)
    raise _no_table(word)


def _converted(word: Any, convert: Callable[[Any], Any]) -> Any:
    import pandas as pd

    try:
        found = convert(word)
    except Exception as error:  # whatever another library's table raises
        raise _no_table(word, f"{type(error).__name__}: {error}") from error
    if not isinstance(found, pd.DataFrame):
        raise _no_table(word)
    return found


def _is_column(word: Any) -> bool:
    import pandas as pd

    return isinstance(word, pd.Series) and isinstance(word.name, str)


def _is_foreign(word: Any) -> bool:
    return not isinstance(word, type) and callable(getattr(word, "to_pandas", None))


def _is_exchangeable(word: Any) -> bool:
    return not isinstance(word, type) and hasattr(word, "__dataframe__")


def _are_records(word: Any) -> bool:
    return isinstance(word, list) and bool(word) and all(isinstance(row, dict) for row in word)


def _are_columns(word: Any) -> bool:
    if not isinstance(word, dict) or not word or not all(isinstance(name, str) for name in word):
        return False
    sizes = [
        len(column) if hasattr(column, "__len__") and not isinstance(column, str | bytes) else -1
        for column in word.values()
    ]
    return sizes[0] >= 0 and len(set(sizes)) == 1


def _is_structured(word: Any) -> bool:
    import numpy as np

    return isinstance(word, np.ndarray) and word.dtype.names is not None and word.ndim == 1


def _new(word: Any) -> Any:
    import pandas as pd

    return pd.DataFrame(word)


def _exchanged(word: Any) -> Any:
    import pandas as pd

    return pd.api.interchange.from_dataframe(word)


_TABLES: tuple[tuple[Callable[[Any], bool], Callable[[Any], Any]], ...] = (
    (_is_column, lambda word: word.to_frame()),
    (_is_foreign, lambda word: word.to_pandas()),
    (_is_exchangeable, _exchanged),
    (_are_records, _new),
    (_are_columns, _new),
    (_is_structured, _new),
)
"""What knows a table, and what makes a DataFrame of it."""


def _no_table(word: object, why: str = "") -> errors.DataError:
    kind = type(word).__name__
    article = "an" if kind[:1].lower() in "aeiou" or kind == "ndarray" else "a"
    return errors.DataError(
        f"{article} {kind} is no table",
        why or "data is a pandas DataFrame or a stored name",
        _HOW.get(kind, "pd.DataFrame(...)"),
    )


_HOW = {
    "ndarray": "pd.DataFrame(X, columns=[...])",
    "Series": "series.to_frame('name')",
    "csr_matrix": "pd.DataFrame.sparse.from_spmatrix(X)",
    "csr_array": "pd.DataFrame.sparse.from_spmatrix(X)",
    "DataFrameGroupBy": "grouped.agg(...).reset_index()",
    "Bunch": "bunch.frame, of load_...(as_frame=True)",
    "Index": "index.to_frame(name='name')",
}
"""Kind of a thing -> the line that makes a table of it."""
