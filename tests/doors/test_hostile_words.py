"""A table whose every word is markup goes the whole way, and no page takes it for markup."""

import json
import re

import pandas as pd
import pytest
import vl_convert

from aiaas_magics import errors

COLUMN, OTHER, TARGET = "a.b[0]'\"", "</td><script>x</script>\x1b[31m", "y \\ <b>&amp;</b>\u202e"
CLASSES = ["<img src=x>", 'it\'s "so"']
VEGA = "application/vnd.vegalite.v5+json"


@pytest.fixture(scope="module")
def journey(opened):
    table = pd.DataFrame({
        COLUMN: [float(i % 7) for i in range(60)],
        OTHER: ["<u>" if i % 3 else "a.b" for i in range(60)],
        TARGET: [CLASSES[i % 7 > 3] for i in range(60)],
    })  # fmt: skip
    learn = {"data": "t", "target": TARGET, "algo": "logistic_regression"}
    lines = [
        ("data", "load", {"source": table, "as_": "t"}),
        ("prepare", "", {"data": "t", "as_": "p", "scale": "standard", "columns": (COLUMN,)}),
        ("train", "", {**learn, "as_": "m"}),
        ("tune", "", {**learn, "as_": "b", "cv": 2}),
        ("evaluate", "", {"model": "m", "repeats": 100, "shuffles": 1}),
        ("models", "show", {"model": "m"}),
        ("deploy", "", {"model": "m", "as_": "api"}),
        ("jobs", "logs", {}),
    ]
    grid = {"tune": {"C": [0.1, 1.0], "class_weight": ["balanced", None]}}
    looked = [
        ("data", "show", {"data": "t"}), ("data", "show", {"data": "p"}), ("data", "list", {}),
        ("models", "list", {}), ("models", "history", {"model": "m"}), ("endpoints", "list", {}),
        ("endpoints", "show", {"endpoint": "api"}), ("jobs", "list", {}), ("", "", {}), ("data", "catalogue", {}),
    ]  # fmt: skip
    with opened() as session:
        (session.backend.folder / "catalogue.toml").write_text(OWN)
        yield [session.run(*line, grid.get(line[0])) for line in (*lines, *looked)]


OWN = """[[table]]
name = "own"
path = "x.csv"
summary = "<script>\\u001b[31m"
licence = "<img src=x onerror=y>"
"""


def bundles(journey):
    return [bundle for handle in journey for bundle in handle.bundles()]


def test_no_page_takes_a_word_for_markup(journey):
    for bundle in bundles(journey):
        tags = set(re.findall(r"<\s*([a-z0-9]+)", bundle.get("text/html", "")))
        assert not tags & {"script", "img", "u", "b"}


def test_no_terminal_obeys_a_word(journey):
    for told in [
        *(b.get(kind, "") for b in bundles(journey) for kind in ("text/plain", "text/html")),
        *map(repr, journey),
    ]:
        assert not set(told) & {"\x1b", "\u202e", "\r"}
    assert any("\\x1b[31m" in b.get("text/plain", "") for b in bundles(journey))


def test_an_error_shows_a_word_and_obeys_it_not():
    lines = errors.DataError("no \x1b[2J <b>\n\u202e", "a\x07", "b\x9b").lines()
    assert lines == ["DataError: no \\x1b[2J <b> \\u202e", "  hint: a\\x07", "  try:  b\\x9b"]


def test_every_line_is_one_line(journey):
    assert all(len(repr(handle).splitlines()) == 1 for handle in journey)


def test_every_chart_is_drawn(journey):
    charts = {b[VEGA]["title"]["text"]: b[VEGA] for b in bundles(journey) if VEGA in b}
    assert len(charts) == 9
    for title, spec in charts.items():
        svg = vl_convert.vegalite_to_svg(json.loads(json.dumps(spec)), vl_version="5.21")
        assert title in svg


@pytest.mark.parametrize(
    ("title", "words"),
    [("Permutation importance", [COLUMN, OTHER]), ("Confusion matrix", CLASSES)],
)
def test_a_chart_s_labels_are_the_user_s_words(journey, title, words):
    import html

    (spec,) = [b[VEGA] for b in bundles(journey) if VEGA in b and b[VEGA]["title"]["text"] == title]
    texts = re.findall(r">([^<>]+)</text>", vl_convert.vegalite_to_svg(spec, vl_version="5.21"))
    assert set(map(errors.visible, words)) <= {html.unescape(text) for text in texts}
