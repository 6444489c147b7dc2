"""Pictures of what was found: where the gaps are, how the classes weigh, what has drifted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from aiaas_magics.cards import charts, style
from aiaas_magics.engines.checks import drift
from aiaas_magics.engines.checks.look import Look, share
from aiaas_magics.specs.quality import Finding
from aiaas_magics.specs.results import Chart

MOST_BARS = 25
MOST_DRIFTED = 4
BINS = 40
FINDS = frozenset({"imbalanced", "rare classes"})


def of(look: Look, found: Sequence[Finding]) -> list[Chart]:
    """Return the charts that tell more than the findings' sentences."""
    finds = {each.find for each in found}
    made = [_missing(look)] if "missing" in finds else []
    made += [_classes(look)] if FINDS & finds else []
    return made + [_overlay(look, name) for name in drift.drifted(iter(found))[:MOST_DRIFTED]]


def _missing(look: Look) -> Chart:
    some = sorted(look.columns.values(), key=lambda c: -c.missing)
    some = [column for column in some if column.missing][:MOST_BARS]
    rows = [_bar(c.name, c.missing / max(1, look.rows)) for c in some]
    text = ", ".join(f"{c.name} {share(c.missing, look.rows)}" for c in some[:3])
    return charts.intervals(
        "missing", "Missing values", f"share of missing values: {text}", rows, axis="share missing"
    )


def _bar(label: str, value: float) -> charts.Row:
    return {"label": label, "value": value, "low": None, "high": None}


def _classes(look: Look) -> Chart:
    counts = look.frame[look.target].value_counts()
    counts = counts[counts > 0]
    rows = [_bar(str(name)[:40], int(n)) for name, n in counts.iloc[:MOST_BARS].items()]
    text = f"rows of each '{look.target}': {int(counts.iloc[0]):,} of the most, {int(counts.iloc[-1]):,} of the least frequent"
    return charts.intervals("classes", f"Rows of each {look.target}", text, rows, axis="rows")


def _overlay(look: Look, name: str) -> Chart:
    one, two = look.before[name].dropna(), look.frame[name].dropna()  # type: ignore[index]
    text = f"{name} before and now"
    title = f"Drift of {style.one_line(name, 40)}"
    if look.roles[name] in ("category", "boolean"):
        before, now = drift.counted(one, two)
        most = (before + now).sort_values(ascending=False).index[:MOST_BARS]
        rows = [
            {"x": str(value)[:40], "y": float(part[value] / part.sum()), "line": line}
            for value in most
            for line, part in (("before", before), ("now", now))
        ]
        return charts.pairs("drift", title, text, rows, x=name, y="share of the rows")
    a, b = drift.as_numbers(one), drift.as_numbers(two)
    return charts.lines(
        "drift", title, text, _curves(a, b), x=_axis(look, name), y="share of the rows"
    )


def _axis(look: Look, name: str) -> str:
    return f"{name} (years)" if look.roles[name] == "date" else name


def _curves(one: Any, two: Any) -> list[charts.Row]:
    """Return both histograms over the same bins, which hold all but the outermost values."""
    low, high = np.percentile(np.r_[one, two], [0.5, 99.5])
    if not high > low:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, BINS + 1)
    middle = (edges[:-1] + edges[1:]) / 2
    rows: list[charts.Row] = []
    for line, values in (("before", one), ("now", two)):
        found, _ = np.histogram(values, edges)
        shares = (found / max(1, len(values))).tolist()
        rows += [
            {"x": x, "y": y, "line": line} for x, y in zip(middle.tolist(), shares, strict=True)
        ]
    return rows
