"""Panels, strips and whiskers draw what they are given, whatever the words."""

import json
from xml.etree import ElementTree as ET

import pytest
import vl_convert

from aiaas_magics.cards import bands, charts, panels

HOSTILE = ["a.b[0]'\"", "<script>&amp;</script>", "back\\slash", "datum['x']", "{{x}} ${y}", "ü 数"]


def drawn(chart):
    """Return every text of a chart's picture."""
    svg = vl_convert.vegalite_to_svg(
        json.loads(json.dumps(chart.spec, allow_nan=False)), vl_version="5.21"
    )
    page = ET.fromstring(svg)
    return ["".join(found.itertext()) for found in page.iter("{http://www.w3.org/2000/svg}text")]


def panel(title="age", kind="number", lines=("yes",), x=(1.0, 2.0)):
    rows = [{"x": each, "y": 0.5, "line": line, "part": "mean"} for line in lines for each in x]
    rows += [{"x": x[0], "y": 0.4, "line": "row 0", "part": "row"}, {"x": x[0], "part": "tick"}]
    return panels.Panel(title, kind, rows)


def effects(*drawn_, y="probability"):
    return panels.effects("dependence", "Title", "Title: text", drawn_ or (panel(),), y=y)


@pytest.mark.parametrize("words", HOSTILE)
def test_panels_show_any_words(words):
    chart = effects(
        panel(words, "category", x=("k", "l")), panel("other", lines=(words, "b")), y=f"y {words}"
    )
    assert {"Title", "text", words, f"y {words}"} <= set(drawn(chart))


@pytest.mark.parametrize(
    ("kind", "x"), [("number", (1.0, 2.0)), ("date", ("2026-01-01T00:00:00", "2026-03-01T00:00:00")), ("category", ("a", "b"))]
)  # fmt: skip
def test_every_kind_of_axis_is_drawn(kind, x):
    assert "age" in drawn(effects(panel(kind=kind, x=x)))


def test_two_panels_stand_beside_each_other_and_share_their_height():
    chart = effects(*(panel(f"c{i}") for i in range(3)))
    assert (chart.spec["columns"], len(chart.spec["concat"])) == (2, 3)
    assert chart.spec["resolve"]["scale"]["y"] == "shared"
    assert {"c0", "c1", "c2"} <= set(drawn(chart))


def test_one_curve_has_no_legend_and_several_have():
    assert "yes" not in drawn(effects())
    assert {"yes", "no"} <= set(drawn(effects(panel(lines=("yes", "no")))))


@pytest.mark.parametrize("words", HOSTILE)
def test_strips_and_whiskers_show_any_words(words):
    strip = panels.strip(
        "n", "Title", "text", [{"x": words, "y": 0.5}, {"x": "b", "y": 0.6}], x=words
    )
    rows = [{"label": words, "value": 0.1, "low": -0.1, "high": 0.3}]
    for chart in (strip, panels.whiskers("n", "Title", "text", rows, axis=words)):
        assert drawn(chart).count(words) == 2


def test_a_marked_line_and_a_band_are_drawn():
    rows = [{"x": 0.1, "y": 1.0}, {"x": 0.9, "y": 2.0}]
    marked = bands.marked("n", "Title", "text", rows, x="from", y="cost", at=0.3, low=0.2, high=0.5)
    given = [{**row, "low": 0.5, "high": 3.0, "line": "accuracy"} for row in rows]
    banded = bands.banded("n", "Title", "text", given, x="rows", y="accuracy")
    assert {"Title", "from", "cost"} <= set(drawn(marked))
    assert {"Title", "rows", "accuracy"} <= set(drawn(banded))


def test_a_title_of_two_lines_breaks_no_chart():
    rows = [{"x": 0.1, "y": 1.0}, {"x": 0.9, "y": 2.0}]
    chart = charts.lines("n", "Title", "text", rows, x="of y\nes", y="share")
    assert "of y es" in drawn(chart)
