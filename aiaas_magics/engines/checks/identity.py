"""Identity: columns that name a row instead of describing it. A model learns them by heart."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from aiaas_magics.engines.checks.look import Found, Look, few
from aiaas_magics.predictors import reading
from aiaas_magics.specs.quality import Finding

if TYPE_CHECKING:
    import pandas as pd

    Series = pd.Series[Any]

LEAST = 20
"""Rows below which all values may well differ by chance."""
NAMED = re.compile(
    r"(?:^|[_\s.-])(?:id|ids|uuid|guid|key|pk|index|idx|rownames?|row|nr|no|number)$", re.IGNORECASE
)
CAMEL = re.compile(r"[a-z](?:Id|ID|Key|Uuid|UUID|Nr|No)$")
CODE = re.compile(
    r"[0-9a-fA-F]{8}(?:-?[0-9a-fA-F]{4,}){0,4}|[A-Za-z]{0,4}[-_]?\d{3,}|[A-Za-z0-9_-]{16,}=*"
)
"""A UUID or hash, a number with letters before it, a long token."""
TYPED = re.compile(r"\s*(?:[-+]?[\d.,]*[.,]\d+|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T ].*)?)\s*")
"""Fractions and dates, which came as text and name nothing."""
HEAD = 1_000
"""Rows that are looked at first: most columns repeat a value there and are no ids."""


def ids(look: Look) -> Found:
    """Find columns that name the rows."""
    for name in look.features:
        why = names_rows(look.frame[name], look.roles[name], name)
        if why:
            yield Finding(
                find="id", severity="high", column=name, fix=look.drop(name), effect=1.0,
                text=f"{why}: it names a row, and a model would learn rows by heart",
            )  # fmt: skip


def names_rows(column: Series, role: str, name: str) -> str:
    """Return why a column looks like the name of its rows, or nothing. Cheap where it does not."""
    head = column.iloc[:HEAD]
    if len(column) < LEAST or role not in ("number", "category", "text"):
        return ""
    if head.nunique() < 0.95 * len(head) or isinstance(column.dtype, _categorical()):
        return ""
    return _numbers(column, name) if role == "number" else _texts(column, role)


def _categorical() -> type:
    import pandas as pd

    return pd.CategoricalDtype


def _numbers(column: Series, name: str) -> str:
    values = column.dropna().to_numpy()
    if len(values) < 0.95 * len(column) or not _whole(values[:HEAD]) or not _whole(values):
        return ""
    steps = np.diff(values.astype("float64"))
    if len(steps) and steps[0] != 0 and (steps == steps[0]).all():
        return f"counts the rows in steps of {steps[0]:g}"
    if len(np.unique(values)) < len(values):
        return ""
    span = float(values.max()) - float(values.min()) + 1
    if span <= 2 * len(values) and len(values) >= 2 * LEAST:
        # chance alone would leave no two of n numbers out of 2 n equal once in e^(n/4) tables
        return f"every whole number at most once, {span:,.0f} possible in {len(values):,} rows"
    if NAMED.search(name) or CAMEL.search(name):
        return "every number once, under a name that says so"
    return ""


def _whole(values: np.ndarray[Any, Any]) -> bool:
    return bool(np.isfinite(values).all() and (np.mod(values, 1) == 0).all())


def _priced(text: str) -> bool:
    """Tell an amount of money or a percentage, which names nothing either."""
    digits = text[-1:].isdigit() and text[:1].isdigit()
    return not digits and any(reading.number(text, m) is not None for m in ("point", "comma"))


def _texts(column: Series, role: str) -> str:
    values = column.dropna()
    distinct = values.nunique()
    if distinct < 0.95 * len(column):
        return ""
    sample = values.iloc[:: max(1, len(values) // HEAD)].astype("str").tolist()
    if all(TYPED.fullmatch(value) or _priced(value) for value in sample):
        return ""
    if all(CODE.fullmatch(value.strip()) and any(c.isdigit() for c in value) for value in sample):
        return f"codes such as {few(sample, 2)}, {distinct:,} different ones"
    if role == "category":
        return f"{distinct:,} different values in {len(column):,} rows"
    return ""
