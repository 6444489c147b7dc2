"""A table whose every word is markup goes the whole way, and no page takes it for markup."""

import json
import re

import pandas as pd
import pytest
import vl_convert

COLUMN, OTHER, TARGET = "a.b[0]'\"", "</td><script>x</script>", "y \\ <b>&amp;</b>"
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
    with opened() as session:
        yield [session.run(*line, grid.get(line[0])) for line in lines]


def bundles(journey):
    return [bundle for handle in journey for bundle in handle.bundles()]


def test_no_page_takes_a_word_for_markup(journey):
    for bundle in bundles(journey):
        tags = set(re.findall(r"<\s*([a-z0-9]+)", bundle.get("text/html", "")))
        assert not tags & {"script", "img", "u", "b"}


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
    assert set(words) <= {html.unescape(text) for text in texts}
