"""The card of a look at an endpoint, and its page: all that is told, and words of a table as text."""

import re

import pytest

from aiaas_magics.cards import monitoring, style
from aiaas_magics.specs.monitor import Alert, Drifted, MonitorResult, Performance, VersionFigures
from aiaas_magics.specs.results import Score

MAIN = VersionFigures(
    model="clf@1", role="main", percent=90, requests=1200, rows=2400, rate=0.333, p50=0.0012, p99=0.0043, refused=3, errors=1, noted=7
)  # fmt: skip
SHADOW = VersionFigures(
    model="clf@2", role="shadow", compared=2000, agreeing=1990, apart=0.012, failed=2
)
NAMES = ("x", "<b>age</b>", "town\n")


def result(**more):
    drift = [
        Drifted(name=name, what="feature", kind="number", rows=500, effect=0.05 * i, p=0.2, text="median 1 before, 2 now")
        for i, name in enumerate(NAMES)
    ]  # fmt: skip
    drift.append(
        Drifted(name="prediction", what="prediction", kind="category", rows=500, effect=0.3, p=1e-20, drifted=True, text="'yes' 10 % before, 40 % now")
    )  # fmt: skip
    return MonitorResult(
        **{
            "endpoint": "api", "model": "clf@1", "target": "y", "window": "the last 1h", "since": 0.0, "until": 3600.0,
            "versions": (MAIN, SHADOW), "drift": tuple(drift), "rows": 500, "reference": "600 rows clf@1 was made of",
        } | more
    )  # fmt: skip


def text(**more):
    return monitoring.card(result(**more), (), "%aiaas_monitor api").text()


def test_the_line_counts_requests_failures_and_alerts():
    assert monitoring.line(result()) == "api: 1,200 requests in the last 1h, 1 failed, no alert"
    alerts = (Alert(name="drift:x", text="column 'x' has drifted"),)
    assert monitoring.line(result(alerts=alerts)).endswith("1 failed, 1 alert")


def test_versions_stand_side_by_side_with_shadows_compared():
    shown = text()
    assert re.search(r"clf@1 +main 90 % +1,200 +2,400 +0\.333 +1\.2 ms +4\.3 ms +3 +1 +7", shown)
    assert "99.5 % of 2,000, no answer 2" in shown
    assert "0.012" in shown


def test_answers_stand_before_columns_and_the_farthest_first():
    rows = text().partition("what changed")[2]
    places = [rows.index(word) for word in ("(prediction)", "town", "<b>age</b>", "x   ")]
    assert places == sorted(places)
    assert "< 1e-12" in rows
    assert "drifted: 'yes' 10 % before, 40 % now" in rows


def test_alerts_are_warnings_and_new_ones_are_called_so():
    alerts = (Alert(name="a", text="one", new=True), Alert(name="b", text="two"))
    shown = text(alerts=alerts, over=("slow:clf@1",))
    assert "warning: new alert: one" in shown
    assert "warning: two" in shown
    assert "over: slow:clf@1" in shown


def test_performance_stands_beside_what_it_was():
    score = Score(metric="accuracy", value=0.8, low=0.75, high=0.85, baseline=0.9)
    shown = text(
        performance=(Performance(model="clf@1", rows=120, scores=(score,)),),
        labelled="120 of 130 labels found their rows",
    )
    assert re.search(r"clf@1 +120 +accuracy +0\.800 +0\.750 to 0\.850 +0\.900", shown)
    assert "120 of 130 labels" in shown


def test_what_could_not_be_counted_is_told():
    shown = text(turned_away=3, lost=2, thinned=1000)
    assert "3 requests turned away at the door" in shown
    assert "2 requests and 1,000 rows are in no bin" in shown


def test_in_docs_mode_nothing_depends_on_the_clock():
    style.set_docs_mode(True)
    try:
        shown = text()
    finally:
        style.set_docs_mode(False)
    assert "ms" not in shown
    assert "a second" not in shown
    assert "1,200" in shown


def test_a_wide_table_shows_the_farthest_columns():
    drift = tuple(
        Drifted(name=f"c{i}", what="feature", kind="number", rows=9, effect=i / 100, p=0.5)
        for i in range(40)
    )
    shown = text(drift=drift)
    assert "c39" in shown
    assert "c3 " not in shown
    assert "25 more columns in .drift" in shown


def test_the_page_needs_nothing_else_and_runs_nothing():
    hostile = result(endpoint="api", target="</p><script>alert(1)</script>")
    page = monitoring.report(
        hostile, monitoring.card(hostile, (), ""), [("a <b> chart", b"\x89PNG")]
    )
    assert "<script" not in page
    assert not re.search(r"(?:src|href)=[\"'](?!data:)", page)
    assert "default-src 'none'" in page
    assert "&lt;b&gt;age&lt;/b&gt;" in page
    assert 'alt="a &lt;b&gt; chart"' in page
    assert "data:image/png;base64,iVBORw==" in page


@pytest.mark.parametrize("html", [True, False])
def test_an_endpoint_nobody_asked_has_a_card(html):
    card = monitoring.card(result(versions=(), drift=(), reference="", rows=0), (), "")
    assert "0 requests" in (card.html() if html else card.text())
