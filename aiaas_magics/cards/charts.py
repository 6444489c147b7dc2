"""Charts as data: Vega-Lite v5, drawn by JupyterLab itself, readable on light and dark pages.

Pure functions from plain numbers to :class:`aiaas_magics.specs.results.Chart`. Version 5, because
JupyterLab 4 draws no later one by itself.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import Any

from aiaas_magics import errors
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.results import Chart

SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
BLUE, ORANGE, GREEN = "#0072B2", "#E69F00", "#009E73"
"""Okabe and Ito's palette, told apart by colour-blind people (jfly.uni-koeln.de/color, 2008)."""
PALETTE = [BLUE, ORANGE, GREEN, "#CC79A7", "#56B4E9", "#D55E00", "#F0E442"]
GREY = "#767676"
"""Contrast 4.5 on white and on JupyterLab's dark page: readable on both (WCAG 2.2, 1.4.3)."""
DIGITS = 4
LETTER = 6
"""Pixels of a letter of a subtitle, on average."""
MOST_POINTS = 200
"""Points of a line: 200 look like 2,000 and take a tenth of the notebook."""

Row = dict[str, JSON]
CONFIG: Row = {
    "background": None,
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    "title": {
        "color": GREY, "fontSize": 13, "anchor": "start", "fontWeight": 600,
        "subtitleColor": GREY, "subtitleFontSize": 11.5, "subtitlePadding": 4, "frame": "group",
    },
    "axis": {
        "labelColor": GREY, "titleColor": GREY, "domainColor": GREY, "tickColor": GREY,
        "gridColor": GREY, "gridOpacity": 0.18, "labelLimit": 200, "titleFontWeight": 500,
    },
    "legend": {"labelColor": GREY, "titleColor": GREY, "labelLimit": 200, "titleFontWeight": 500},
    "range": {"category": PALETTE},
}  # fmt: skip


def chart(
    name: str,
    title: str,
    text: str,
    body: Row,
    rows: Sequence[Row],
    *,
    width: int = 360,
    height: int = 240,
) -> Chart:
    """Return a chart of `rows`; `body` holds its mark and encoding, or its layers.

    The text is what stands for the chart where none is drawn, and its subtitle.
    """
    said = " ".join(text.removeprefix(f"{title}: ").split())
    words = textwrap.wrap(said, max(40, (width + 120) // LETTER))
    spec = {
        "$schema": SCHEMA, "title": {"text": title, "subtitle": words}, "width": width, "height": height, "config": CONFIG,
        "data": {"values": [rounded(row) for row in rows]}, **body,
    }  # fmt: skip
    return Chart(name=name, title=title, text=text, spec={**_visible(spec)})


def intervals(name: str, title: str, text: str, rows: Sequence[Row], *, axis: str) -> Chart:
    """Return horizontal bars with intervals. Rows: ``label, value, low, high``; None: no interval."""
    y = {"field": "label", "type": "nominal", "sort": None, "title": None}
    tips = [{"field": field, "type": "quantitative"} for field in ("value", "low", "high")]
    bar = {
        "mark": {"type": "bar", "color": BLUE, "height": {"band": 0.7}},
        "encoding": {"x": _number("value", axis), "y": y, "tooltip": [{"field": "label"}, *tips]},
    }
    whisker = {
        "transform": [{"filter": "isValid(datum.low)"}],
        "mark": {"type": "rule", "color": ORANGE, "strokeWidth": 2},
        "encoding": {"x": _number("low", axis), "x2": {"field": "high"}, "y": y},
    }
    return chart(name, title, text, {"layer": [bar, whisker]}, rows, height=max(60, 18 * len(rows)))


def matrix(
    name: str, title: str, text: str, rows: Sequence[Row], *, x: str, y: str, number: str, form: str
) -> Chart:
    """Return a heat map with its numbers. Rows: ``x, y, value, share`` (0 to 1, for the colour)."""
    place = {
        "x": {
            "field": "x",
            "type": "nominal",
            "title": x,
            "sort": None,
            "axis": {"labelAngle": 0, "orient": "bottom"},
        },
        "y": {"field": "y", "type": "nominal", "title": y, "sort": None},
    }
    shade = {
        "field": "share",
        "type": "quantitative",
        "legend": None,
        "scale": {"domain": [0, 1], "scheme": "blues"},
    }
    tips = [
        {"field": "y", "title": lined(y)},
        {"field": "x", "title": lined(x)},
        {"field": "value", "title": number, "format": form},
    ]
    cells = {
        "mark": {"type": "rect", "stroke": GREY, "strokeOpacity": 0.3},
        "encoding": {**place, "color": shade, "tooltip": tips},
    }
    ink = {"condition": {"test": "datum.share > 0.55", "value": "white"}, "value": "#1d2430"}
    label = {"field": "value", "type": "quantitative", "format": form}
    numbers = {
        "mark": {"type": "text", "fontSize": 13},
        "encoding": {**place, "text": label, "color": ink},
    }
    wide, high = (len({row[axis] for row in rows}) for axis in ("x", "y"))
    size = 64 if max(wide, high) <= 6 else 36
    return chart(
        name,
        title,
        text,
        {"layer": [cells, numbers]},
        rows,
        width=size * wide + 40,
        height=size * high,
    )


def lines(
    name: str,
    title: str,
    text: str,
    rows: Sequence[Row],
    *,
    x: str,
    y: str,
    diagonal: bool = False,
    points: bool = False,
    square: bool = False,
) -> Chart:
    """Return lines. Rows: ``x, y`` and, for several lines, ``line``."""
    several = len({row.get("line") for row in rows}) > 1
    colour = (
        {"field": "line", "type": "nominal", "title": None, "sort": None}
        if several
        else {"value": BLUE}
    )
    domain = {"scale": {"domain": [0, 1]}} if square else {"scale": {"zero": True}}
    encoding = {
        "x": {**_number("x", x), **(domain if square else {"scale": {"zero": False}})},
        "y": {**_number("y", y), **domain},
        "color": colour,
        "tooltip": [
            *([{"field": "line", "title": "line"}] if several else []),
            _number("x", x),
            _number("y", y),
        ],
    }
    layers: list[Row] = [
        {"mark": {"type": "line", "strokeWidth": 2, "point": points}, "encoding": encoding}
    ]
    if diagonal:
        ends = {"values": [{"x": 0, "y": 0}, {"x": 1, "y": 1}]}
        dashes = {"type": "line", "strokeDash": [4, 4], "color": GREY}
        layers.insert(
            0,
            {
                "data": ends,
                "mark": dashes,
                "encoding": {"x": _number("x", x), "y": _number("y", y)},
            },
        )
    return chart(
        name,
        title,
        text,
        {"layer": layers},
        rows,
        width=260 if square else 360,
        height=260 if square else 240,
    )


def pairs(name: str, title: str, text: str, rows: Sequence[Row], *, x: str, y: str) -> Chart:
    """Return bars side by side. Rows: ``x, y, line``; the bars of an ``x`` stand together."""
    encoding = {
        "x": {"field": "x", "type": "nominal", "title": x, "sort": None},
        "xOffset": {"field": "line", "type": "nominal", "sort": None},
        "y": _number("y", y),
        "color": {"field": "line", "type": "nominal", "title": None, "sort": None},
        "tooltip": [
            {"field": "line", "title": "line"},
            {"field": "x", "title": x},
            _number("y", y),
        ],
    }
    return chart(name, title, text, {"mark": "bar", "encoding": encoding}, rows)


def scatter(
    name: str,
    title: str,
    text: str,
    rows: Sequence[Row],
    *,
    x: str,
    y: str,
    rule: float | None = None,
) -> Chart:
    """Return points, with a horizontal rule where given. Rows: ``x, y``."""
    encoding = {
        "x": {**_number("x", x), "scale": {"zero": False}},
        "y": {**_number("y", y), "scale": {"zero": False}},
    }
    layers: list[Row] = [
        {
            "mark": {"type": "point", "color": BLUE, "opacity": 0.5, "size": 24, "filled": True},
            "encoding": encoding,
        }
    ]
    if rule is not None:
        dashes = {"type": "rule", "strokeDash": [4, 4], "color": GREY}
        layers.append({"mark": dashes, "encoding": {"y": {"datum": rule}}})
    return chart(name, title, text, {"layer": layers}, rows)


def errorbars(
    name: str, title: str, text: str, rows: Sequence[Row], *, x: str, y: str, best: JSON
) -> Chart:
    """Return one point with a whisker per value. Rows: ``x, y, low, high``; `best` is marked."""
    across = {"field": "x", "type": "ordinal", "title": x, "sort": None, "axis": {"labelAngle": 0}}
    whisker = {
        "mark": {"type": "rule", "color": GREY},
        "encoding": {"x": across, "y": _number("low", y), "y2": {"field": "high"}},
    }
    mark = {"condition": {"test": f"datum.x === {_literal(best)}", "value": ORANGE}, "value": BLUE}
    dot = {
        "mark": {"type": "point", "filled": True, "size": 90},
        "encoding": {
            "x": across,
            "y": {**_number("y", y), "scale": {"zero": False}},
            "color": mark,
            "tooltip": [
                {"field": "x", "title": lined(x)},
                _number("y", y),
                _number("low", "low"),
                _number("high", "high"),
            ],
        },
    }
    return chart(
        name,
        title,
        text,
        {"layer": [whisker, dot]},
        rows,
        width=max(160, 70 * len(rows)),
        height=200,
    )


def ranking(
    name: str, title: str, text: str, rows: Sequence[Row], *, axis: str, best: JSON
) -> Chart:
    """Return a point with a whisker a line, best first. Rows: ``label, value, low, high``; `best` is marked.

    The axis need not begin at zero: what is compared are places, not lengths.
    """
    y = {"field": "label", "type": "nominal", "sort": None, "title": None, "axis": {"grid": True}}
    whisker = {
        "transform": [{"filter": "isValid(datum.low)"}],
        "mark": {"type": "rule", "color": GREY, "strokeWidth": 1.5},
        "encoding": {"x": _number("low", axis), "x2": {"field": "high"}, "y": y},
    }
    mark = {
        "condition": {"test": f"datum.label === {_literal(best)}", "value": ORANGE},
        "value": BLUE,
    }
    tips = [{"field": field, "type": "quantitative"} for field in ("value", "low", "high", "rows")]
    dot = {
        "mark": {"type": "point", "filled": True, "size": 80, "opacity": 1},
        "encoding": {
            "x": {**_number("value", axis), "scale": {"zero": False}}, "y": y, "color": mark,
            "tooltip": [{"field": "label"}, *tips],
        },
    }  # fmt: skip
    return chart(name, title, text, {"layer": [whisker, dot]}, rows, height=max(60, 22 * len(rows)))


def thin(
    xs: Sequence[float], ys: Sequence[float], most: int = MOST_POINTS
) -> list[tuple[float, float]]:
    """Return at most `most` points of a line, its ends among them."""
    count = len(xs)
    if count <= most:
        return [(float(a), float(b)) for a, b in zip(xs, ys, strict=True)]
    places = sorted({round(i * (count - 1) / (most - 1)) for i in range(most)})
    return [(float(xs[i]), float(ys[i])) for i in places]


def _visible(value: JSON) -> JSON:
    """Return a chart's dict without control characters: an escape in a label ends vl-convert's process."""
    if isinstance(value, dict):
        return {_visible(key): _visible(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_visible(each) for each in value]
    return errors.visible(value) if isinstance(value, str) else value


def _number(field: str, title: str) -> dict[str, Any]:
    return {"field": field, "type": "quantitative", "title": lined(title)}


def lined(words: str) -> str:
    """Return a title on one line: in a tooltip, a broken line breaks Vega's expression."""
    return " ".join(words.split())


def _literal(value: JSON) -> str:
    import json

    return json.dumps(errors.visible(value) if isinstance(value, str) else value)


def rounded(row: Row) -> Row:
    """Return a row with numbers of `DIGITS` significant digits."""
    return {
        key: significant(value) if isinstance(value, float) else value for key, value in row.items()
    }


def significant(value: float, digits: int = DIGITS) -> float | None:
    """Return a number with that many significant digits; None where JSON has none."""
    found = float(f"{value:.{digits}g}")  # the largest floats round up to infinity
    return found if math.isfinite(found) else None
