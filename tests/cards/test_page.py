"""A card is told once and shown twice: in HTML and in text."""

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiaas_magics import errors
from aiaas_magics.cards import page

TABLE = page.Table(("name", "rows"), [("a b", "1"), ("c", "1,000")], frozenset({1}))


@given(st.text())
def test_escaped_text_reads_back_and_holds_no_markup(text):
    shown = page.escape(text)
    assert html.unescape(shown) == errors.visible(text) or "&" in text
    assert not set(shown) & set("<>\"'")


@pytest.mark.parametrize(
    ("part", "lines"),
    [
        (page.Line("a\nb"), ["a b"]),
        (page.soft("later"), ["later"]),
        (page.warning("mind <this>"), ["warning: mind <this>"]),
        (page.following("%aiaas"), ["next: %aiaas"]),
        (page.Code("one\n  two"), ["one", "  two"]),
        (page.Link("http://127.0.0.1:80/docs", "words"), ["http://127.0.0.1:80/docs"]),
        (TABLE, ["name   rows", "a b       1", "c     1,000"]),
        (page.Table((), []), []),
    ],
)
def test_each_part_reads_as_text(part, lines):
    assert page.card("Title", part).text().split("\n") == ["Title", *(f"  {x}" for x in lines)]


def test_what_is_not_there_leaves_no_line(read):
    card = page.card("a\ntitle", None, page.soft(""), page.following(""))
    assert card.text() == "a title"
    assert read(card).tags == ["div", "style", "h4"]


@given(st.lists(st.lists(st.text(max_size=8), min_size=2, max_size=2), max_size=4))
def test_columns_line_up_whatever_is_in_them(rows):
    lines = page.Table(("first", "second"), [tuple(row) for row in rows]).text().split("\n")
    assert len(lines) == 1 + len(rows)
    assert len({page.width(line) for line in lines}) == 1


def test_cells_of_numbers_and_bars_are_marked(read):
    marked = page.Table(("n", "d"), [("1", page.bars((("x", 1),)))], frozenset({0}))
    assert '<td class="n">1</td><td class="bars">█</td>' in page.card("t", marked).html()


@pytest.mark.parametrize(
    ("counts", "drawn"),
    [((10, 5, 1, 0), "█▅▂▁"), ((0, 0), "▁▁"), ((3,), "█"), ((), "")],
)
def test_bars_are_as_high_as_their_counts_and_none_is_lowest(counts, drawn):
    assert page.bars([("label", count) for count in counts]) == drawn


def test_columns_stand_below_each_other_whatever_the_letters():
    rows = [("größe", "1"), ("年齢", "2"), ("🎉", "3"), ("e\u0301a", "4"), ("▂▄", "5")]
    lines = page.Table(("name", "n"), rows).text().splitlines()
    assert [line.rstrip() for line in lines[1:]] == [
        "größe  1", "年齢   2", "🎉     3", "e\u0301a     4", "▂▄     5",
    ]  # fmt: skip
