"""The card of a comparison: the verdict is its line, the words of users are text."""

import pytest

from aiaas_magics.cards import cards, comparing
from aiaas_magics.specs.results import ComparisonResult, Difference, Grid

HOSTILE = "</td><script>alert(\"1\")</script> & <img src=x onerror='y'>\nsecond line"


def comparison(word="held-out rows of t@1", **more):
    difference = Difference(
        metric="accuracy", first=0.95, second=0.942, value=0.008, low=0.001, high=0.0151
    )
    base = {
        "verdict": "a@1 is better than b@1 by 0.8 points of accuracy",
        "better": "a@1",
        "findings": (word,),
    }
    return ComparisonResult(
        model="a@1", against="b@1", data=word, task="classification", rows=114, confidence=0.9, way=word,
        differences=(difference, Difference(metric="roc_auc", first=None, second=0.5, value=None)), **{**base, **more},
    )  # fmt: skip


@pytest.mark.parametrize("word", [HOSTILE, "x" * 3000])
def test_words_are_text_and_the_line_is_one(read, word):
    result = comparison(word, verdict=word)
    page = read(comparing.comparison_card(result, (word,), word))
    assert set(page.tags) <= {
        "div",
        "style",
        "h4",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "code",
    }
    assert word in page.text
    assert len(comparing.comparison_line(result).splitlines()) == 1


def test_every_metric_has_both_values_the_difference_and_its_interval():
    text = comparing.comparison_card(comparison(), (), "next").text()
    assert "90 % interval" in text
    assert "accuracy  0.950  0.942       0.008  0.001 to 0.015" in text
    assert "both on 114 rows" in text
    assert "–  0.500           –          – to –" in text


def test_a_comparison_that_was_stopped_says_so():
    assert comparing.comparison_line(comparison(partial=True)).endswith(
        "of accuracy (stopped early)"
    )


def test_the_data_s_own_values_are_not_rounded_like_measures(read):
    grid = Grid(name="g", title="t", columns=("row", "a", "p"), rows=((1234, 0.00012345, 0.00012345),), own=("row", "a"))  # fmt: skip
    shown = read(cards.grid_card(grid)).text.split("\n")
    assert shown[-3:] == ["1,234", "0.0001234", "0.000"]
