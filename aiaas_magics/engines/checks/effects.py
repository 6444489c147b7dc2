"""How different two groups are, and whether chance explains it. Tests that know how many rows they see."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import stats

Array = np.ndarray[Any, Any]
ALPHA = 0.01
"""The chance of a false alarm that all the tests of one kind in one table share (Bonferroni)."""


def cramer(table: Array) -> tuple[float, float]:
    """Return Cramér's V, 0 to 1, corrected for its bias, and the p-value of a table of counts.

    Bergsma (2013), "A bias-correction for Cramér's V and Tschuprow's T": with few rows the plain V is far
    from 0 by chance alone. Pearson's chi-squared without Yates's correction, which V is defined by.
    """
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    rows, columns = table.shape
    n = table.sum()
    if min(rows, columns) < 2 or n < 2:
        return 0.0, 1.0
    expected = table.sum(axis=1, keepdims=True) * (table.sum(axis=0, keepdims=True) / n)
    chi, freedom = float(((table - expected) ** 2 / expected).sum()), (rows - 1) * (columns - 1)
    phi = max(0.0, chi / n - freedom / (n - 1))
    r = rows - (rows - 1) ** 2 / (n - 1)
    c = columns - (columns - 1) ** 2 / (n - 1)
    least = min(r, c) - 1
    value = min(1.0, float(np.sqrt(phi / least))) if least > 0 else 0.0
    return value, float(stats.chi2.sf(chi, freedom))


def distance(one: Array, two: Array) -> tuple[float, float]:
    """Return the Kolmogorov-Smirnov distance, 0 to 1, of two samples, and its p-value."""
    if not len(one) or not len(two) or len(one) == len(two) == 1:  # one value each tells nothing
        return 0.0, 1.0
    found = stats.ks_2samp(one, two, method="asymp")
    return float(found.statistic), float(found.pvalue)


def apart(one: Array, two: Array) -> float:
    """Return the total variation distance of two counts of the same categories: the share that moved."""
    return float(np.abs(one / max(one.sum(), 1) - two / max(two.sum(), 1)).sum() / 2)
