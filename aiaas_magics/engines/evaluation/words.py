"""How an evaluation's sentences and tables show the data's own values, and differences of a metric."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from aiaas_magics.cards.style import number, one_line
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.metrics import check_metric

LONG = 40
"""Characters of a value that are shown."""
SHARES = (
    "accuracy", "balanced_accuracy", "f1", "precision", "recall", "roc_auc",
)  # fmt: skip
"""Metrics told in points of a hundred."""


def json_of(value: Any) -> JSON:
    """Return a value of a table as JSON: numbers as they are, all else as a short line; a gap is None."""
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return None
    if isinstance(value, np.generic) and not isinstance(value, np.datetime64 | np.timedelta64):
        value = value.item()
    if isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if np.isfinite(value) else str(value)
    if isinstance(value, pd.Timestamp | np.datetime64):
        stamp = pd.Timestamp(value)
        return str(stamp.date()) if stamp == stamp.normalize() else str(stamp.floor("s"))
    return one_line(value, LONG)


def value_of(value: Any) -> str:
    """Return a value of a table in words."""
    found = json_of(value)
    return found if isinstance(found, str) else number(found, 4)


def points(share: float) -> str:
    """Return a difference of shares: ``0.8 points``."""
    shown = f"{100 * share:.1f}".removesuffix(".0")
    return f"{'0' if shown == '-0' else shown} point{'' if shown in ('1', '-1') else 's'}"


def much(value: float, metric: str) -> str:
    """Return a difference of a metric in words: ``0.8 points of accuracy``, ``rmse by 3.2``."""
    if metric in SHARES:
        return f"{points(value)} of {metric}"
    return f"{value:.3g} in {metric}"


def amount(value: float, metric: str) -> str:
    """Return a difference of a metric as a bare number, in the unit of `much`."""
    return f"{100 * value:.1f}".removesuffix(".0") if metric in SHARES else f"{value:.3g}"


def gain(value: float, metric: str) -> float:
    """Return a difference turned so that more is better."""
    return check_metric(metric).natural(value)
