"""Drift: what has changed since an earlier version of the table.

A test that knows how many rows it sees says whether there is a change, with the chance of a false alarm
shared by all columns; the effect says whether it matters. PSI over a fixed limit does neither: on windows of 100
rows it cries in every second table.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from aiaas_magics.cards import style
from aiaas_magics.engines.checks import effects
from aiaas_magics.engines.checks.look import Found, Look, few, share
from aiaas_magics.specs.quality import Finding

if TYPE_CHECKING:
    Series = pd.Series[Any]
    Array = np.ndarray[Any, Any]

LEAST = 0.1
STRONG = 0.3
"""Of the share of rows that moved: Cohen (1988) calls 0.1 a small and 0.3 a medium effect."""


def columns(look: Look) -> Found:
    """Find columns that came, went, or changed their type."""
    if look.before is None:
        return
    before = [str(name) for name in look.before.columns]
    for name in before:
        if name not in look.columns:
            yield _changed(
                look,
                name,
                "high",
                "was there before and is gone: models that learned from it get none",
            )
    for name in look.columns:
        if name not in before:
            yield _changed(look, name, "low", "is new: no model has learned from it yet")
        elif (was := look.were[name]) != (now := look.roles[name]):
            text = f"held {PLURAL[was]} before and holds {PLURAL[now]} now ({look.before[name].dtype} to {look.frame[name].dtype})"
            yield _changed(look, name, "high", text)


PLURAL = {
    "number": "numbers",
    "category": "categories",
    "boolean": "truth values",
    "date": "dates",
    "text": "prose",
}


def _changed(look: Look, name: str, severity: str, text: str) -> Finding:
    return Finding(
        find="changed columns", severity=severity, column=name, text=text, fix=look.train()
    )


def shared(look: Look) -> list[str]:
    """Return the columns of one kind in both versions, prose left out."""
    if look.before is None:
        return []
    both = [n for n in look.columns if n in look.before.columns and look.roles[n] != "text"]
    return [n for n in both if look.were[n] == look.roles[n]]


def values(look: Look) -> Found:
    """Find columns whose values are distributed in another way."""
    names = shared(look)
    for name in names:
        one, two = look.before[name].dropna(), look.frame[name].dropna()  # type: ignore[index]
        found = _compared(one, two, look.roles[name])
        if found is None:
            continue
        effect, p, text = found
        if p < effects.ALPHA / len(names) and effect >= LEAST:
            yield Finding(
                find="drift", severity="medium" if effect >= STRONG else "low", column=name, effect=effect,
                text=f"{text} ({'p < 1e-12' if p < 1e-12 else f'p {p:.1g}'})", fix=look.train(),
            )  # fmt: skip


def _compared(one: Series, two: Series, role: str) -> tuple[float, float, str] | None:
    if not len(one) or not len(two):
        return None
    if role in ("category", "boolean"):
        before, now = counted(one, two)
        _, p = effects.cramer(np.array([before.to_numpy(), now.to_numpy()]))
        moved = effects.apart(before.to_numpy(), now.to_numpy())
        change = now / now.sum() - before / before.sum()
        name: Any = change.abs().idxmax()
        was, is_ = before[name] / before.sum(), now[name] / now.sum()
        return moved, p, (
            f"{100 * moved:.0f} % of the rows moved to other categories, most of all {few([name])}: "
            f"{share(was, 1)} before, {share(is_, 1)} now"
        )  # fmt: skip
    a, b = as_numbers(one), as_numbers(two)
    effect, p = effects.distance(a, b)
    shown = [style.number(float(np.median(part))) for part in (a, b)]
    if role == "date":
        shown = [str(part.sort_values().iloc[len(part) // 2])[:10] for part in (one, two)]
    return effect, p, f"KS distance {effect:.2f}; the median was {shown[0]} and is {shown[1]}"


def counted(one: Series, two: Series) -> tuple[pd.Series[int], pd.Series[int]]:
    """Return how many rows of each have each category."""
    before, now = (part.astype("str").value_counts() for part in (one, two))
    every = before.index.union(now.index)
    return before.reindex(every, fill_value=0), now.reindex(every, fill_value=0)


def as_numbers(column: Series) -> Array:
    """Return finite numbers; a date is the seconds since 1970."""
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        plain = column.dt.tz_localize(None) if column.dt.tz is not None else column
        return plain.to_numpy().astype("datetime64[s]").astype("float64")
    numbers = column.to_numpy("float64", na_value=np.nan)
    return numbers[np.isfinite(numbers)]


def categories(look: Look) -> Found:
    """Find categories that came, or went."""
    for name in shared(look):
        if look.roles[name] != "category":
            continue
        before, now = counted(look.before[name].dropna(), look.frame[name].dropna())  # type: ignore[index]
        new, gone = (
            now[before == 0].sort_values(ascending=False),
            before[now == 0].sort_values(ascending=False),
        )
        both = int(((before > 0) & (now > 0)).sum())
        if not both or len(before) > 0.5 * look.rows:
            continue  # names or numbers of rows: they differ by nature
        if len(new):
            rows = int(new.sum())
            yield Finding(
                find="new categories", severity="medium" if rows >= LEAST * len(look.frame) else "low", column=name,
                text=f"{_count(new)} new: {few(list(new.index))}, in {share(rows, int(now.sum()))} of the rows; models do not know them",
                fix=look.train(), effect=rows / int(now.sum()),
            )  # fmt: skip
        missed = gone[gone / before.sum() * now.sum() >= EXPECTED]
        if len(missed):
            yield Finding(
                find="vanished categories", severity="low", column=name, effect=float(missed.sum() / before.sum()),
                text=f"{_count(missed)} gone: {few(list(missed.index))}, {share(int(missed.sum()), int(before.sum()))} of the rows before",
                fix=look.train(),
            )  # fmt: skip


EXPECTED = 10.0
"""Rows of a category that there would be if nothing had changed: none at all has then a chance of e^-10."""


def _count(found: pd.Series[int]) -> str:
    return "one category is" if len(found) == 1 else f"{len(found)} categories are"


def gaps(look: Look) -> Found:
    """Find columns with more or fewer gaps."""
    names = [n for n in look.columns if look.before is not None and n in look.before.columns]
    for name in names:
        one, two = look.before[name].isna(), look.frame[name].isna()  # type: ignore[index]
        if not len(one) or not len(two) or not (one.any() or two.any()):
            continue
        table = np.array([[int(part.sum()), int((~part).sum())] for part in (one, two)])
        _, p = effects.cramer(table)
        change = abs(float(two.mean()) - float(one.mean()))
        if p < effects.ALPHA / len(names) and change >= LEAST / 2:
            yield Finding(
                find="gaps changed", severity="medium" if change >= STRONG else "low", column=name, effect=change,
                text=f"{share(one.mean(), 1)} of the values were missing before, {share(two.mean(), 1)} are now", fix=look.train(),
            )  # fmt: skip


def drifted(found: Iterator[Finding]) -> list[str]:
    """Return the columns that drifted, the strongest first."""
    ordered = sorted((f for f in found if f.find == "drift"), key=lambda f: -(f.effect or 0))
    return [each.column for each in ordered]
