"""Categories: a column a value, rare values together, gaps a value of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from aiaas_magics.engines import bars
from aiaas_magics.engines.encoders import OneHot, Ordinal
from aiaas_magics.engines.modalities import Summary

if TYPE_CHECKING:
    Series = pd.Series[Any]

MOST_COLUMNS = 50
"""A table with dense columns grows at most so many times: a column of names or ids would otherwise
make a million rows fill the memory. What is rarer goes into one column together."""


def recognises(column: Series) -> bool:
    """Tell whether the column is text or a pandas categorical: what nothing else claims."""
    dtype = column.dtype
    return isinstance(dtype, pd.CategoricalDtype) or pd.api.types.is_string_dtype(dtype)


def describe(column: Series) -> Summary:
    """Return the values by frequency, then by name; the rest of many as one bar."""
    found = column.value_counts()
    found = found[found > 0]
    ordered = sorted(((str(value), int(n)) for value, n in found.items()), key=_frequent_first)
    if len(ordered) > bars.MOST:
        shown, others = ordered[: bars.MOST - 1], ordered[bars.MOST - 1 :]
        ordered = [*shown, (f"{len(others)} others", sum(n for _, n in others))]
    return Summary(len(found), counts=tuple(ordered))


def _frequent_first(bar: tuple[str, int]) -> tuple[int, str]:
    return -bar[1], bar[0]


def encode(frame: pd.DataFrame, *, takes_missing: bool, takes_sparse: bool) -> Any:
    """Encode one-hot: unseen values are all zeros, or go with the rare ones."""
    del frame, takes_missing
    return onehot(sparse=takes_sparse)


def onehot(*, sparse: bool) -> OneHot:
    """Return the one-hot encoder used here and by ``--encode onehot``."""
    return OneHot(
        handle_unknown="infrequent_if_exist",
        max_categories=MOST_COLUMNS,
        sparse_output=sparse,
    )


def ordinal(orders: list[list[Any]] | None) -> Ordinal:
    """Return the encoder of ``--encode ordinal``; a gap or an unseen value becomes -1.

    Parameters
    ----------
    orders
        The values of each column in the order a pandas categorical gives them; None: sorted.
    """
    return Ordinal(
        categories="auto" if orders is None else orders,
        handle_unknown="use_encoded_value",
        unknown_value=-1,
        encoded_missing_value=-1,
    )
