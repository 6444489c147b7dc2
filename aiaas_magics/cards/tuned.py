"""Charts of a search, as Vega-Lite dicts: candidates along a parameter, cells that are exact, the best so far."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aiaas_magics.cards import charts
from aiaas_magics.cards.charts import BLUE, GREY, ORANGE, Row
from aiaas_magics.specs.results import Chart


def along(
    name: str, title: str, text: str, rows: Sequence[Row], *, x: str, y: str, log: bool
) -> Chart:
    """Return a point with a whisker for each candidate. Rows: ``x, y, low, high, best`` (bool)."""
    scale = {"type": "log"} if log else {"zero": False}
    across = {"field": "x", "type": "quantitative", "title": x, "scale": scale}
    up = {"type": "quantitative", "title": y, "scale": {"zero": False}}
    whisker = {
        "mark": {"type": "rule", "color": GREY, "opacity": 0.5},
        "encoding": {"x": across, "y": {"field": "low", **up}, "y2": {"field": "high"}},
    }
    dot = {
        "mark": {"type": "point", "filled": True, "size": 60, "opacity": 0.7},
        "encoding": {
            "x": across, "y": {"field": "y", **up},
            "color": {"condition": {"test": "datum.best", "value": ORANGE}, "value": BLUE},
            "order": {"field": "best"},
            "tooltip": [
                {"field": field, "type": "quantitative", "title": charts.lined(said)}
                for field, said in (("x", x), ("y", y), ("low", "low"), ("high", "high"))
            ],
        },
    }  # fmt: skip
    return charts.chart(name, title, text, {"layer": [whisker, dot]}, rows)


def outlined(chart: Chart, rows: Sequence[Row]) -> Chart:
    """Return a heat map whose cells with ``exact`` have an outline. Rows: ``x, y`` and ``exact``."""
    frame: dict[str, Any] = {
        "data": {"values": [{"x": row["x"], "y": row["y"]} for row in rows if row["exact"]]},
        "mark": {"type": "rect", "filled": False, "stroke": ORANGE, "strokeWidth": 2},
        "encoding": {axis: {"field": axis, "type": "nominal", "sort": None} for axis in ("x", "y")},
    }
    spec = dict(chart.spec)
    spec["layer"] = [*spec["layer"], frame]
    return Chart(name=chart.name, title=chart.title, text=chart.text, spec=spec)


def history(name: str, title: str, text: str, rows: Sequence[Row], *, y: str) -> Chart:
    """Return every candidate in its order, and the best so far as a step line. Rows: ``x, y, best``."""
    across = {
        "field": "x",
        "type": "quantitative",
        "title": "candidate",
        "axis": {"tickMinStep": 1},
    }
    up = {"type": "quantitative", "title": y, "scale": {"zero": False}}
    layers: list[Row] = [
        {
            "mark": {"type": "point", "filled": True, "size": 40, "color": BLUE, "opacity": 0.6},
            "encoding": {"x": across, "y": {"field": "y", **up}},
        },
        {
            "mark": {
                "type": "line",
                "interpolate": "step-after",
                "color": ORANGE,
                "strokeWidth": 2,
            },
            "encoding": {"x": across, "y": {"field": "best", **up}},
        },
    ]
    return charts.chart(name, title, text, {"layer": layers}, rows)
