"""Numbers: far out, or all to one side."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import stats

from aiaas_magics.cards import style
from aiaas_magics.engines.checks.look import Found, Look, share
from aiaas_magics.specs.quality import Finding

FAR = 3.0
"""Times the quartiles' distance beyond a quartile: "far out", Tukey (1977), Exploratory Data Analysis, 2C."""
EXTREME = 25.0
"""Times the same: no table of measurements in the catalogue comes near; a slipped decimal point does."""
ALONE = 10.0
"""Times the same from which one value is worth a word; nearer ones only where they are a hundredth of all."""
MANY = 0.01
LOPSIDED = 2.0
"""Skewness of an exponential distribution."""
ENOUGH = 30
DISTINCT = 10


def _values(look: Look, name: str) -> np.ndarray[Any, Any]:
    values = look.frame[name].to_numpy("float64", na_value=np.nan)
    return values[np.isfinite(values)]


def _measured(look: Look) -> list[str]:
    """Return the columns of quantities: with few different values they are grades or flags."""
    return [
        n for n in look.of("number") if look.columns[n].distinct >= DISTINCT and look.rows >= ENOUGH
    ]


def outliers(look: Look) -> Found:
    """Find values far from all others."""
    for name in _measured(look):
        values = _values(look, name)
        if not len(values):
            continue
        low, high = np.percentile(values, [25, 75])
        width = high - low
        if not width > 0 or not np.isfinite(width):
            continue
        beyond = np.maximum(low - values, values - high) / width
        count, extreme = int((beyond > FAR).sum()), int((beyond > EXTREME).sum())
        if count < max(1, MANY * len(values)) and beyond.max() < ALONE:
            continue
        worst = float(values[np.argmax(beyond)])
        yield Finding(
            find="outliers", severity="medium" if extreme else "low", column=name, effect=float(beyond.max()),
            text=f"{count:,} of {len(values):,} values ({share(count, len(values))}) far out; the farthest, {style.number(worst)}, is "
            f"{beyond.max():.0f} times the quartiles' distance beyond {style.number(float(low))} to {style.number(float(high))}",
            fix=look.only("--clip 0.01", name),
        )  # fmt: skip


def skew(look: Look) -> Found:
    """Find columns with a long tail to one side."""
    for name in _measured(look):
        values = _values(look, name)
        if len(values) < ENOUGH or not np.ptp(values) > 0:
            continue
        with np.errstate(all="ignore"):
            found = float(stats.skew(values))
        # the standard error of a normal sample's skewness is about sqrt(6 / n)
        if np.isfinite(found) and abs(found) - 3 * np.sqrt(6 / len(values)) > LOPSIDED:
            side = "large" if found > 0 else "small"
            yield Finding(
                find="skew", severity="low", column=name, effect=found,
                text=f"skewness {found:.1f}: a long tail of {side} values pulls linear models and distances",
                fix=look.only("--scale power", name),
            )  # fmt: skip
