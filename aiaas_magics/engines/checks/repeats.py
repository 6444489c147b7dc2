"""Repeats: rows, columns, and one value over and over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from aiaas_magics.engines import profile
from aiaas_magics.engines.checks.look import Found, Look, share
from aiaas_magics.specs.quality import Finding

if TYPE_CHECKING:
    Series = pd.Series[Any]

OFTEN = 0.01
NEARLY = 0.995
ENOUGH = 200
"""Rows from which one value in 200 tells something about a column."""


def rows(look: Look) -> Found:
    """Find rows that repeat earlier ones: one of two may be held out, the other learned."""
    count = profile.duplicates(look.frame, look.columns.values())
    if count:
        worst = "medium" if count >= OFTEN * look.rows else "low"
        yield Finding(
            find="duplicate rows", severity=worst, effect=count / look.rows, fix=look.prepare("--distinct"),
            text=f"{_rows(count)} earlier ones ({share(count, look.rows)}): held-out rows may have been learned",
        )  # fmt: skip


def _rows(count: int) -> str:
    return "1 row repeats" if count == 1 else f"{count:,} rows repeat"


def contradictions(look: Look) -> Found:
    """Find rows that are equal in all but the target: no model gets both right."""
    if look.task != "classification" or not look.features:
        return
    columns_ = sorted((look.columns[n] for n in look.features), key=lambda c: -c.distinct)
    suspects = profile.alike(look.frame[[c.name for c in columns_]])
    if not len(suspects):
        return
    rows_ = look.frame.iloc[suspects]
    some = rows_[look.features]
    groups = some.groupby(list(some.columns), dropna=False, observed=True, sort=False)
    answers = rows_[look.target].groupby(groups.ngroup()).transform("nunique")
    count = int((answers > 1).sum())
    if count >= max(2, OFTEN * look.rows):
        yield Finding(
            find="contradictions", severity="medium", column=str(look.target), effect=count / look.rows,
            text=f"{count:,} rows ({share(count, look.rows)}) equal others in every column but this one: no model gets all of them right, a probability is the honest answer",
            fix=look.train(),
        )  # fmt: skip


def columns(look: Look) -> Found:
    """Find columns that hold the very values of an earlier one."""
    seen: dict[tuple[str, bytes], str] = {}
    for name in look.features:
        column = look.columns[name]
        if column.distinct < 2:
            continue
        key = _key(look.frame[name], column.role)
        first = seen.setdefault(key, name)
        if first != name and _equal(look.frame[first], look.frame[name]):
            yield Finding(
                find="duplicate column", severity="medium", column=name, fix=look.drop(name),
                text=f"holds the values of '{first}': it tells nothing more and halves what is said of both", effect=1.0,
            )  # fmt: skip


def _key(column: Series, role: str) -> tuple[str, bytes]:
    """Return what equal columns share: some of their values, hashed; numbers as floats."""
    some = column.iloc[:: max(1, len(column) // 1000)]
    kind = "number" if role == "boolean" else role
    values = some.astype("float64") if kind == "number" else some.astype("str")
    return kind, pd.util.hash_pandas_object(values, index=False).to_numpy().tobytes()


def _equal(one: Series, two: Series) -> bool:
    if not one.isna().equals(two.isna()):
        return False
    return bool((one.dropna().to_numpy() == two.dropna().to_numpy()).all())


def constant(look: Look) -> Found:
    """Find columns of one value, or hardly any other: there is nothing to learn from them."""
    for name in look.features:
        column = look.columns[name]
        if column.missing == look.rows or look.rows < 2:
            continue
        if column.distinct == 1 and not column.missing:
            yield Finding(
                find="constant", severity="medium", column=name, fix=look.drop(name), effect=1.0,
                text="the same value in every row: there is nothing to learn from",
            )  # fmt: skip
        elif (part := _most(look.frame[name], column.distinct)) >= NEARLY and look.rows >= ENOUGH:
            yield Finding(
                find="nearly constant", severity="low", column=name, fix=look.drop(name), effect=part,
                text=f"one value in {100 * part:.1f} % of the rows: hardly anything to learn from",
            )  # fmt: skip


def _most(column: Series, distinct: int) -> float:
    """Return the share of the most frequent value, or a little less where it cannot be large."""
    if distinct - 1 > (1 - NEARLY) * len(column):
        return 0.0  # the other values alone take more rows than that
    if distinct == 1:
        return float(column.notna().mean())
    values = column.dropna()
    if values.dtype.kind in "iufb":
        _, counts = np.unique(values.to_numpy(), return_counts=True)
        return float(counts.max() / len(column))
    return float(values.value_counts().iloc[0] / len(column))
