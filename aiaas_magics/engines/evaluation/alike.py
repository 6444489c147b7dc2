"""Columns that carry the same information: shuffled one by one, each is replaced by the others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from aiaas_magics.cards.style import one_line
from aiaas_magics.engines.checks.effects import cramer

SAME = 0.95
"""Spearman's correlation, or Cramér's V of categories, from which two columns are called alike."""
MOST_ROWS, MOST_COLUMNS, MOST_VALUES = 2_000, 200, 50
SHOWN = 3


def groups(X: pd.DataFrame, roles: dict[str, str]) -> list[list[str]]:
    """Return the groups of columns of which each is like another of the group, largest first."""
    step = max(1, len(X) // MOST_ROWS)
    X = X.iloc[::step, :MOST_COLUMNS]
    names = [str(name) for name in X.columns]
    ranks = {n: _ranks(X[n]) for n in names if roles.get(n) in ("number", "date", "boolean")}
    codes = {
        n: X[n].factorize(use_na_sentinel=False)[0] for n in names if roles.get(n) == "category"
    }
    codes = {n: each for n, each in codes.items() if each.max(initial=0) < MOST_VALUES}
    pairs = [*_correlated(ranks), *_associated(codes)]
    found: list[set[str]] = []
    for pair in pairs:
        near = [group for group in found if group & pair]
        found = [group for group in found if not group & pair] + [set().union(pair, *near)]
    place = {name: i for i, name in enumerate(names)}
    return sorted((sorted(group, key=place.__getitem__) for group in found), key=len, reverse=True)


def _ranks(column: pd.Series) -> np.ndarray:
    """Return ranks with mean 0 and length 1; a gap has the mean rank. A constant column is all 0."""
    found = column.rank().to_numpy(dtype="float64", na_value=np.nan)
    mean = np.nanmean(found) if np.isfinite(found).any() else 0.0
    found = np.nan_to_num(found - mean)
    return found / (np.linalg.norm(found) or 1.0)


def _correlated(ranks: dict[str, np.ndarray]) -> list[set[str]]:
    if len(ranks) < 2:
        return []
    names, table = list(ranks), np.array(list(ranks.values()))
    high = np.triu(np.abs(table @ table.T) >= SAME, k=1)
    return [{names[i], names[j]} for i, j in zip(*np.nonzero(high), strict=True)]


def _associated(codes: dict[str, np.ndarray]) -> list[set[str]]:
    names = list(codes)
    return [
        {a, b}
        for i, a in enumerate(names)
        for b in names[i + 1 :]
        if cramer(_counts(codes[a], codes[b]))[0] >= SAME
    ]


def _counts(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return how many rows have each pair of two columns' codes, 0 to the last."""
    shape = int(a.max()) + 1, int(b.max()) + 1
    return np.bincount(a * shape[1] + b, minlength=shape[0] * shape[1]).reshape(shape)


def words(found: Sequence[Sequence[str]]) -> str:
    """Return the groups in a sentence; nothing where there is none."""
    if not found:
        return ""
    shown = "; ".join(
        ", ".join(one_line(name, 30) for name in group[:6]) + (", ..." if len(group) > 6 else "")
        for group in found[:SHOWN]
    )
    more = f"; and {len(found) - SHOWN} more groups" if len(found) > SHOWN else ""
    return f"columns that carry the same information share their importance: {shown}{more}"
