"""Charts of several small panels side by side, two to a row, so that they fit a narrow cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from aiaas_magics.cards.charts import BLUE, GREY, ORANGE, PALETTE, Row, chart, lined, rounded
from aiaas_magics.specs.results import Chart

WIDTH, HEIGHT = 210, 150
ACROSS = 2


class Panel(NamedTuple):
    """One small chart: its title, its kind of axis (number, date, category) and its rows.

    Rows: ``x, y, line`` and ``part``: ``mean`` (a curve), ``row`` (a thin line) or ``tick`` (a mark below).
    """

    title: str
    kind: str
    rows: Sequence[Row]


def effects(name: str, title: str, text: str, drawn: Sequence[Panel], *, y: str) -> Chart:
    """Return a panel a column: curves over its values, single rows behind them, the data's ticks below."""
    several = len({row["line"] for each in drawn for row in each.rows if row["part"] == "mean"}) > 1
    parts = [_panel(each, y, several=several) for each in drawn]
    body: Row = {
        "concat": parts,
        "columns": ACROSS,
        "resolve": {"scale": {"color": "shared", "y": "shared"}},
    }
    whole = chart(name, title, text, body, (), width=ACROSS * (WIDTH + 60) - 120)
    spec = {
        key: value for key, value in whole.spec.items() if key not in ("width", "height", "data")
    }
    return Chart(name=name, title=title, text=text, spec=spec)


_AXES = {"number": "quantitative", "date": "temporal", "category": "nominal"}


def _panel(panel: Panel, y: str, *, several: bool) -> Row:
    x: Row = {"field": "x", "type": _AXES[panel.kind], "title": panel.title}
    if panel.kind == "category":
        x |= {"sort": None, "axis": {"labelAngle": -30, "labelLimit": 90}}
    else:
        x |= {"scale": {"zero": False, "nice": False}}
    height: Row = {
        "field": "y",
        "type": "quantitative",
        "title": lined(y),
        "scale": {"zero": False},
    }
    lines = {
        "mark": {"type": "line", "strokeWidth": 0.8, "color": GREY, "opacity": 0.45},
        "encoding": {"x": x, "y": height, "detail": {"field": "line"}},
    }
    ticks = {
        "mark": {"type": "tick", "orient": "vertical", "color": GREY, "size": 8, "opacity": 0.7},
        "encoding": {"x": x, "y": {"value": HEIGHT - 4}},
    }
    means = _means(panel, x, height, several=several)
    layers = [_only("row", lines), _only("mean", means)]
    layers += [_only("tick", ticks)] if panel.kind != "category" else []
    return {
        "width": WIDTH, "height": HEIGHT, "layer": layers,
        "data": {"values": [rounded(row) for row in panel.rows]},
    }  # fmt: skip


def _means(panel: Panel, x: Row, height: Row, *, several: bool) -> Row:
    legend = {"scale": {"range": PALETTE}, "legend": {"orient": "bottom"}}
    colour: Row = {"field": "line", "type": "nominal", "title": None, "sort": None, **legend}
    mark: Row = (
        {"type": "point", "filled": True, "size": 60}
        if panel.kind == "category"
        else {"type": "line", "strokeWidth": 2.5, "point": {"size": 16}}
    )
    tips = [
        {"field": "line", "title": "line"},
        *({key: axis[key] for key in ("field", "type", "title")} for axis in (x, height)),
    ]
    encoding = {
        "x": x,
        "y": height,
        "color": colour if several else {"value": BLUE},
        "tooltip": tips,
    }
    return {"mark": mark, "encoding": encoding}


def _only(part: str, layer: Row) -> Row:
    return {"transform": [{"filter": f"datum.part === '{part}'"}], **layer}


def strip(name: str, title: str, text: str, rows: Sequence[Row], *, x: str) -> Chart:
    """Return a row of dots a group, with the mean of all as a line. Rows: ``x`` (the group), ``y``."""
    across = {"field": "y", "type": "quantitative", "title": x, "scale": {"zero": False}}
    dots = {
        "mark": {"type": "point", "filled": True, "color": BLUE, "opacity": 0.6, "size": 70},
        "encoding": {
            "x": across,
            "y": {"field": "x", "type": "nominal", "title": None, "sort": None},
            "tooltip": [{"field": "x", "title": "round"}, across],
        },
    }
    mean = {
        "mark": {"type": "rule", "color": ORANGE, "strokeWidth": 2},
        "encoding": {"x": {**across, "aggregate": "mean"}},
    }
    groups = len({row["x"] for row in rows})
    return chart(name, title, text, {"layer": [mean, dots]}, rows, height=max(50, 30 * groups))


def whiskers(name: str, title: str, text: str, rows: Sequence[Row], *, axis: str) -> Chart:
    """Return a dot with an interval a row, and a line at 0. Rows: ``label, value, low, high``."""
    y = {"field": "label", "type": "nominal", "sort": None, "title": None}
    x = {"field": "value", "type": "quantitative", "title": axis}
    tips = [{"field": field, "type": "quantitative"} for field in ("value", "low", "high")]
    zero = {
        "data": {"values": [{"zero": 0}]},
        "mark": {"type": "rule", "strokeDash": [4, 4], "color": GREY},
        "encoding": {"x": {"field": "zero", "type": "quantitative"}},
    }
    span = {
        "mark": {"type": "rule", "color": BLUE, "strokeWidth": 2},
        "encoding": {"x": {**x, "field": "low"}, "x2": {"field": "high"}, "y": y},
    }
    dot = {
        "mark": {"type": "point", "filled": True, "size": 70, "color": BLUE},
        "encoding": {"x": x, "y": y, "tooltip": [{"field": "label"}, *tips]},
    }
    return chart(
        name, title, text, {"layer": [zero, span, dot]}, rows, height=max(60, 24 * len(rows))
    )
