"""Categories: a small set of words."""

from __future__ import annotations

from typing import Any

import pandas as pd

ROLE = "category"
NUMERIC = False
BARS = 12
MOST_COLUMNS = 100
"""One-hot columns of one category at most; rarer values share one (`infrequent`)."""


def matches(column: pd.Series) -> bool:
    """Take every column nobody else took."""
    del column
    return True


def describe(column: pd.Series) -> dict[str, Any]:
    """Return the commonest values and how often they occur; the rest in one bar."""
    counts = column.value_counts()
    order = sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))
    bars = [(str(value)[:60], int(n)) for value, n in order[:BARS]]
    rest = sum(int(n) for _, n in order[BARS:])
    return {"counts": tuple([*bars, ("other", rest)] if rest else bars)}


def encoder(*, method: str = "") -> Any:
    """Return one-hot encoding, or with ``ordinal`` the place in sorted order; both take new values."""
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

    if method == "ordinal":
        return OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    return OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=MOST_COLUMNS)
