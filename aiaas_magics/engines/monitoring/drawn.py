"""Charts of a look at an endpoint: traffic and latency over time, how far each column moved, and how the farthest did."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from aiaas_magics import errors
from aiaas_magics.cards import charts, style
from aiaas_magics.engines.monitoring.drift import LEAST, Drift
from aiaas_magics.engines.monitoring.looking import Look
from aiaas_magics.gauges.counters import NONE
from aiaas_magics.specs.reference import Series
from aiaas_magics.specs.results import Chart

Array = np.ndarray[Any, Any]
MOST_SERIES = 20
"""Columns in the chart of effects."""
LEAST_AXIS = 0.5
"""Distance the axis reaches at least: small ones are to look small."""
MOST_DRAWN = 3
"""Columns whose distributions are drawn."""
MOST_BARS = 12


def of(look: Look, drifts: Sequence[Drift], model: str) -> Iterator[Chart]:
    """Yield the charts of a look; those without anything to be seen are left out."""
    yield from _traffic(look)
    yield from _latency(look, model)
    tested = [each for each in drifts if each.p is not None]
    if tested:
        yield _effects(tested)
    far = sorted((d for d in tested if d.drifted), key=lambda d: -(d.effect or 0.0))[:MOST_DRAWN]
    for number, each in enumerate(far):
        yield _moved(each, number)


def _traffic(look: Look) -> Iterator[Chart]:
    rows, most = [], 0.0
    for model, history in look.history.items():
        if model == NONE:
            continue
        for span, tally in sorted(history.items()):
            each = 60 * tally.requests / span.seconds
            most = max(most, each)
            rows.append({"x": (span.begin - look.now) / 60, "y": each, "line": model})
    if len({row["x"] for row in rows}) > 1:
        text = f"Requests a minute: {style.number(most)} at most"
        yield charts.lines(
            "traffic",
            "Requests a minute",
            text,
            rows,
            x="minutes from now",
            y="requests a minute",
            points=True,
        )


def _latency(look: Look, model: str) -> Iterator[Chart]:
    rows, slowest = [], 0.0
    for span, tally in sorted(look.history.get(model, {}).items()):
        for name, share in (("p50", 0.5), ("p99", 0.99)):
            value = tally.quantile(share)
            if value is not None:
                slowest = max(slowest, 1e3 * value)
                rows.append({"x": (span.begin - look.now) / 60, "y": 1e3 * value, "line": name})
    if len({row["x"] for row in rows}) > 1:
        text = f"Latency of {model}: p99 {style.number(slowest)} ms at most"
        yield charts.lines(
            "latency",
            f"Latency of {model}",
            text,
            rows,
            x="minutes from now",
            y="milliseconds",
            points=True,
        )


def _effects(tested: Sequence[Drift]) -> Chart:
    order = sorted(tested, key=lambda d: -(d.effect or 0.0))[:MOST_SERIES]
    far = [style.one_line(each.series.name, 30) for each in order if each.drifted]
    told = f"drifted: {', '.join(far[:5])}" if far else "none has drifted"
    more = len(tested) - len(order)
    rest = f"; {style.plural(more, 'more column')} moved no farther" if more else ""
    rows: list[charts.Row] = [
        {
            "label": errors.visible(each.series.name),
            "value": each.effect,
            "drifted": "drifted" if each.drifted else "not drifted",
        }
        for each in order
    ]
    title = "Drift by column"
    height = max(60, 18 * len(rows))
    return charts.chart("drift", title, f"{title}: {told}{rest}", _distances(rows), rows, height=height)  # fmt: skip


def _distances(rows: Sequence[charts.Row]) -> charts.Row:
    """Return bars of distances, those that drifted in another colour, and a rule where drift begins."""
    most = max(LEAST_AXIS, *(float(str(row["value"] or 0.0)) for row in rows))
    x = {
        "field": "value", "type": "quantitative", "title": "distance from the reference, 0 to 1",
        "scale": {"domain": [0, most]},
    }  # fmt: skip
    colour = {
        "field": "drifted", "type": "nominal", "title": None,
        "scale": {"domain": ["drifted", "not drifted"], "range": [charts.ORANGE, charts.BLUE]},
    }  # fmt: skip
    y = {"field": "label", "type": "nominal", "sort": None, "title": None}
    tips = [{"field": "label"}, {"field": "value", "type": "quantitative"}, {"field": "drifted"}]
    bar = {
        "mark": {"type": "bar", "height": {"band": 0.7}},
        "encoding": {"x": x, "y": y, "color": colour, "tooltip": tips},
    }
    rule = {
        "mark": {"type": "rule", "color": charts.GREY, "strokeDash": [4, 3]},
        "encoding": {"x": {"datum": LEAST}},
    }
    return {"layer": [bar, rule]}


def _moved(each: Drift, number: int) -> Chart:
    before, now = each.before / max(each.before.sum(), 1), each.counts / max(each.counts.sum(), 1)
    labels, parts = _bars(each.series, before)
    rows = [
        {"x": label, "y": float(shares[part].sum()), "line": line}
        for label, part in zip(labels, parts, strict=True)
        for line, shares in (("before", before), ("now", now))
    ]
    name = style.one_line(each.series.name, 40)
    text = f"{name} before and now: distance {style.number(each.effect, 2)}"
    return charts.pairs(
        f"moved-{number}", f"{name} before and now", text, rows, x=name, y="share of the rows"
    )


def _bars(series: Series, before: Array) -> tuple[list[str], list[Array]]:
    """Return a few bars, each with the cells it stands for."""
    if series.kind == "category":
        order = np.argsort(-before[:-1], kind="stable")
        first = order[: MOST_BARS - 1]
        rest = np.setdiff1d(np.arange(len(before)), first)
        labels = [style.one_line(series.values[i], 20) for i in first]
        return [*labels, "others"], [*(np.array([i]) for i in first), rest]
    count = min(MOST_BARS, len(before))
    parts = np.array_split(np.arange(len(before)), count)
    if series.kind == "text":
        return [f"group {i + 1}" for i in range(count)], parts
    ends = [int(part[-1]) for part in parts]
    return [_end(series, end) for end in ends], parts


def _end(series: Series, cell: int) -> str:
    if cell >= len(series.edges):
        return f"> {_value(series, series.edges[-1])}" if series.edges else "all"
    return f"≤ {_value(series, series.edges[cell])}"


def _value(series: Series, value: float) -> str:
    if series.kind == "date":
        return str(np.datetime64(int(value), "s"))[:10]
    return style.number(value, 3)
