"""Lines with a band around them: a threshold within its bounds, a curve within its intervals."""

from __future__ import annotations

from collections.abc import Sequence

from aiaas_magics.cards.charts import BLUE, ORANGE, Row, chart, lined, rounded
from aiaas_magics.specs.results import Chart


def _axis(field: str, title: str) -> Row:
    return {"field": field, "type": "quantitative", "title": lined(title)}


def marked(
    name: str,
    title: str,
    text: str,
    rows: Sequence[Row],
    *,
    x: str,
    y: str,
    at: float,
    low: float,
    high: float,
) -> Chart:
    """Return a line with a mark at one x, and a band from `low` to `high` around it. Rows: ``x, y``."""
    across = {**_axis("x", x), "scale": {"zero": False}}
    band = {
        "data": {"values": [rounded({"low": low, "high": high})]},
        "mark": {"type": "rect", "color": ORANGE, "opacity": 0.15},
        "encoding": {"x": {**across, "field": "low"}, "x2": {"field": "high"}},
    }
    rule = {
        "data": {"values": [rounded({"x": at})]},
        "mark": {"type": "rule", "color": ORANGE, "strokeWidth": 2},
        "encoding": {"x": across},
    }
    line = {
        "mark": {"type": "line", "strokeWidth": 2, "color": BLUE},
        "encoding": {
            "x": across,
            "y": _axis("y", y),
            "tooltip": [_axis("x", x), _axis("y", y)],
        },
    }
    return chart(name, title, text, {"layer": [band, line, rule]}, rows)


def banded(name: str, title: str, text: str, rows: Sequence[Row], *, x: str, y: str) -> Chart:
    """Return lines with points and a band around each. Rows: ``x, y, low, high, line``."""
    several = len({row.get("line") for row in rows}) > 1
    colour = (
        {"field": "line", "type": "nominal", "title": None, "sort": None}
        if several
        else {"value": BLUE}
    )
    across = {**_axis("x", x), "scale": {"zero": False}}
    high = {**_axis("high", y), "scale": {"zero": False}}
    band = {
        "mark": {"type": "area", "opacity": 0.2},
        "encoding": {
            "x": across,
            "y": {**high, "field": "low"},
            "y2": {"field": "high"},
            "color": colour,
        },
    }
    line = {
        "mark": {"type": "line", "strokeWidth": 2, "point": True},
        "encoding": {
            "x": across,
            "y": {**high, "field": "y"},
            "color": colour,
            "tooltip": [
                *([{"field": "line", "title": "line"}] if several else []),
                _axis("x", x), _axis("y", y), _axis("low", "low"), _axis("high", "high"),
            ],
        },
    }  # fmt: skip
    return chart(name, title, text, {"layer": [band, line]}, rows)
