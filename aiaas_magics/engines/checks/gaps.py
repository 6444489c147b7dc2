"""Gaps: how many, and whether they tell the target."""

from __future__ import annotations

import numpy as np
import pandas as pd

from aiaas_magics.engines.checks import effects
from aiaas_magics.engines.checks.look import Found, Look, share
from aiaas_magics.specs.quality import Finding

MOSTLY = 0.5
"""From this share on a column is more gap than value, and filling it makes most of it up."""
MANY = 0.05
LEAST = 0.1
"""Of an effect (Cramér's V, KS distance): Cohen (1988) calls 0.1 small; below nobody would act on it."""
FILL = {"number": "median", "boolean": "most_frequent", "category": "most_frequent"}


def missing(look: Look) -> Found:
    """Find columns with gaps."""
    for column in look.columns.values():
        count, name = column.missing, column.name
        if not count:
            continue
        part = count / look.rows
        text = f"{count:,} of {look.rows:,} values are missing ({share(count, look.rows)})"
        if count == look.rows:
            text = "missing in every row"
        if name == look.target:
            yield Finding(
                find="missing", severity="medium", column=name, effect=part,
                text=f"the target: {text}; rows without it teach nothing", fix=look.prepare("--dropna"),
            )  # fmt: skip
            continue
        worst = "high" if count == look.rows else "medium" if part >= MANY else "low"
        fill = FILL.get(column.role)
        fix = look.drop(name) if part >= MOSTLY else look.prepare("--dropna")
        if part < MOSTLY and fill:
            fix = look.only(f"--impute {fill}", name)
        yield Finding(
            find="missing", severity=worst, column=name, text=text, fix=fix, effect=part
        )  # fmt: skip


def telling(look: Look) -> Found:
    """Find gaps that depend on the target: filling them throws that away."""
    if look.target is None or look.task is None:
        return
    y = look.frame[look.target]
    known = y.notna()
    names = [n for n in look.features if 0 < look.columns[n].missing < look.rows]
    for name in names:
        gaps = look.frame[name].isna()[known]
        if not 0 < int(gaps.sum()) < len(gaps):
            continue
        if look.task == "classification":
            effect, p, text = _by_class(gaps, y[known])
        else:
            effect, p = effects.distance(y[known][gaps].to_numpy(), y[known][~gaps].to_numpy())
            text = f"'{look.target}' differs between the rows that have a value and those that have none (KS {effect:.2f})"
        if effect >= LEAST and p < effects.ALPHA / len(names):
            yield Finding(
                find="telling gaps", severity="medium", column=name, effect=effect,
                text=f"its gaps tell the target: {text}; a model that takes gaps uses that",
                fix=look.train(),
            )  # fmt: skip


def _by_class(gaps: pd.Series[bool], y: pd.Series) -> tuple[float, float, str]:
    table = pd.crosstab(y.astype("str"), gaps)
    effect, p = effects.cramer(table.to_numpy())
    shares = (table[True] / table.sum(axis=1)).sort_values()
    low, high = shares.index[0], shares.index[-1]
    text = (
        f"missing in {share(shares.iloc[-1], 1)} of the rows of '{str(high)[:24]}'"
        f" and {share(shares.iloc[0], 1)} of '{str(low)[:24]}' (V {effect:.2f})"
    )
    return effect, p, text


def endless(look: Look) -> Found:
    """Find infinite numbers, which no model takes."""
    for name in look.columns:
        values = look.frame[name]
        if values.dtype.kind != "f":
            continue
        count = int(np.isinf(values.to_numpy()).sum())
        if count:
            yield Finding(
                find="infinite", severity="high", column=name, effect=count / look.rows,
                text=f"{count:,} infinite numbers, which no model takes", fix=look.drop(name),
            )  # fmt: skip
