"""Charts are Vega-Lite that draws, whatever the words in them."""

import json
from xml.etree import ElementTree as ET

import pytest
import vl_convert
from hypothesis import given
from hypothesis import strategies as st

from aiaas_magics.cards import charts

HOSTILE = ["a.b[0]'\"", "<script>&amp;</script>", "back\\slash", "datum['x']", "{{x}} ${y}", "ü 数"]


def drawn(chart):
    """Return every text of a chart's picture."""
    svg = vl_convert.vegalite_to_svg(json.loads(encoded(chart)), vl_version="5.21")
    page = ET.fromstring(svg)
    return ["".join(found.itertext()) for found in page.iter("{http://www.w3.org/2000/svg}text")]


def marks(chart, role):
    svg = vl_convert.vegalite_to_svg(json.loads(encoded(chart)), vl_version="5.21")
    groups = ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}g")
    return [p for g in groups if role in g.get("class", "").split() for p in g if p.get("d")]


def encoded(chart):
    return json.dumps(chart.spec, allow_nan=False)


def intervals(label="a", value=0.5, x="x", title="Title"):
    rows = [{"label": label, "value": value, "low": value, "high": value}]
    return charts.intervals("name", title, "text", rows, axis=x)


def matrix(label="a", value=0.5, x="x", title="Title"):
    rows = [{"x": label, "y": label, "value": value, "share": value}]
    return charts.matrix("name", title, "text", rows, x=x, y="y", number="rows", form=".2f")


def lines(label="a", value=0.5, x="x", title="Title", **more):
    rows = [{"x": i, "y": value, "line": line} for line in (label, "other") for i in (0, 1)]
    return charts.lines("name", title, "text", rows, x=x, y="y", **more)


def scatter(label="a", value=0.5, x="x", title="Title"):
    return charts.scatter("name", title, "text", [{"x": value, "y": value}], x=x, y="y", rule=0.0)


def errorbars(label="a", value=0.5, x="x", title="Title"):
    rows = [{"x": label, "y": value, "low": value, "high": value}]
    return charts.errorbars("name", title, "text", rows, x=x, y="y", best=label)


ALL = [intervals, matrix, lines, scatter, errorbars]
LABELLED = [intervals, matrix, lines, errorbars]


@pytest.mark.parametrize("make", ALL)
def test_a_chart_of_one_row_is_drawn_with_its_titles(make):
    chart = make()
    assert {"Title", "x"} <= set(drawn(chart))
    assert chart.spec["$schema"] == "https://vega.github.io/schema/vega-lite/v5.json"
    assert (chart.name, chart.title, chart.text, chart.png) == ("name", "Title", "text", None)


@pytest.mark.parametrize("words", HOSTILE)
@pytest.mark.parametrize("make", ALL)
def test_axis_and_title_show_any_words(make, words):
    texts = drawn(make(x=words, title=f"of {words}"))
    assert {words, f"of {words}"} <= set(texts)


@pytest.mark.parametrize("words", HOSTILE)
@pytest.mark.parametrize("make", LABELLED)
def test_labels_show_any_words(make, words):
    assert words in drawn(make(label=words))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), None])
@pytest.mark.parametrize("make", ALL)
def test_what_is_no_number_never_reaches_json(make, value):
    chart = make(value=value)
    assert "NaN" not in encoded(chart)
    assert "Title" in drawn(chart)


@pytest.mark.parametrize("value", [0.0, 1.0, -1e-12, 1e12])
@pytest.mark.parametrize("make", ALL)
def test_equal_values_are_drawn(make, value):
    assert "Title" in drawn(make(value=value))


@pytest.mark.parametrize("words", HOSTILE)
def test_the_best_value_is_marked_and_no_other(words):
    rows = [{"x": x, "y": 1.0, "low": 0.9, "high": 1.1} for x in (words, "other")]
    chart = charts.errorbars("name", "t", "text", rows, x="x", y="y", best=words)
    colours = [mark.get("fill") for mark in marks(chart, "mark-symbol")]
    assert colours == [charts.ORANGE, charts.BLUE]


@pytest.mark.parametrize("options", [{}, {"diagonal": True, "square": True}, {"points": True}])
def test_no_rows_are_an_empty_chart(options):
    chart = charts.lines("name", "Title", "text", [], x="x", y="y", **options)
    assert {"Title", "x", "y"} <= set(drawn(chart))


def test_several_lines_have_a_legend_and_one_has_none():
    one = charts.lines("n", "t", "text", [{"x": 0, "y": 0, "line": "alone"}], x="x", y="y")
    assert {"a", "other"} <= set(drawn(lines()))
    assert "alone" not in drawn(one)


def test_lines_have_different_colours_and_a_dashed_diagonal():
    strokes = [mark.get("stroke") for mark in marks(lines(diagonal=True, square=True), "mark-line")]
    assert strokes == [charts.GREY, charts.BLUE, charts.ORANGE]


def test_labels_keep_their_order():
    rows = [{"label": x, "value": 1.0, "low": 0.0, "high": 2.0} for x in ("z", "a", "m")]
    shown = drawn(charts.intervals("n", "t", "text", rows, axis="x"))
    assert [text for text in shown if text in ("z", "a", "m")] == ["z", "a", "m"]


def test_a_matrix_shows_its_numbers_and_grows_with_its_labels():
    names = [f"class {i}" for i in range(8)]
    rows = [{"x": a, "y": b, "value": 7, "share": 0.1} for a in names for b in names]
    chart = charts.matrix("n", "t", "text", rows, x="x", y="y", number="rows", form="d")
    assert drawn(chart).count("7") == 64
    assert (chart.spec["width"], chart.spec["height"]) == (36 * 8 + 40, 36 * 8)


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=900), st.integers(2, 300))
def test_a_thinned_line_keeps_its_ends_and_its_order(values, most):
    found = charts.thin(range(len(values)), values, most)
    places = [int(x) for x, _ in found]
    assert len(found) == min(len(values), most)
    assert places[0] == 0
    assert places[-1] == len(values) - 1
    assert places == sorted(set(places))
    assert [y for _, y in found] == [values[i] for i in places]


@pytest.mark.parametrize(("count", "kept"), [(0, 0), (1, 1), (200, 200), (201, 200), (5000, 200)])
def test_lines_have_at_most_200_points(count, kept):
    assert len(charts.thin(range(count), range(count))) == kept


@given(st.floats())
def test_significant_numbers_are_near_and_fit_for_json(value):
    found = charts.significant(value)
    json.dumps(found, allow_nan=False)
    if found is not None:
        assert found == pytest.approx(value, rel=1e-3)


@pytest.mark.parametrize("ground", [(255, 255, 255), (17, 17, 17)])
def test_the_grey_of_words_reads_on_light_and_dark_pages(ground):
    def luminance(rgb):  # WCAG 2.2, relative luminance
        parts = [c / 255 for c in rgb]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    grey = tuple(bytes.fromhex(charts.GREY[1:]))
    low, high = sorted([luminance(grey), luminance(ground)])
    assert (high + 0.05) / (low + 0.05) >= 4
