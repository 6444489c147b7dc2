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
            "endpoint": "api", "model": "clf@1", "target": "y", "window": "the last hour", "since": 0.0, "until": 3600.0,
            "versions": (MAIN, SHADOW), "drift": tuple(drift), "rows": 500, "reference": "600 rows clf@1 was made of",
        } | more
    )  # fmt: skip


def text(**more):
    return monitoring.card(result(**more), (), "%aiaas_monitor api").text()


def test_the_line_counts_requests_failures_and_alerts():
    assert monitoring.line(result()) == "api: 1,200 requests in the last hour, 1 failed, no alert"
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
    assert "over: slowness of clf@1" in shown


def test_of_many_alerts_that_are_over_some_are_named():
    over = (*(f"drift:x{i}" for i in range(6)), "down")
    assert "over: drift of x0, x1, x2, x3, 3 more" in text(over=over)
    assert "over: drift of x1, slowness of m@1" in text(over=("drift:x1", "slow:m@1"))


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
    assert "2 requests and 1,000 rows came too fast to be looked at" in shown
    assert "too fast" not in text(turned_away=3)


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


IDLE = VersionFigures(model="clf@1", role="main", percent=100)


def shown(**more):
    found = result(**more)
    return monitoring.card(found, (), monitoring.following(found)).text().splitlines()


def test_an_endpoint_nobody_asked_is_told_in_words_and_not_in_dashes():
    drift = tuple(Drifted(name=n, what="feature", kind="number", rows=0) for n in NAMES)
    assert shown(versions=(IDLE,), drift=drift, rows=0) == [
        "api: 0 requests in the last hour, no alert",
        "  nobody has asked it yet",
        "  next: %aiaas_predict api DATA --rows 5",
    ]
    assert shown(versions=(IDLE,), drift=drift, rows=0, ever=1200)[1:] == [
        "  nobody asked it in the last hour; 1,200 requests came before",
        "  next: %aiaas_monitor api --window 7d",
    ]


def test_an_endpoint_nobody_asked_is_the_same_as_a_page():
    assert "nobody has asked it yet" in monitoring.card(result(versions=()), (), "").html()


def test_of_too_few_rows_only_what_is_told_is_shown():
    drift = (
        Drifted(name="a", what="feature", kind="number", rows=5),
        Drifted(name="b", what="feature", kind="number", rows=5, odd=3),
    )
    lines = shown(drift=drift, rows=5)
    (at,) = (i for i, line in enumerate(lines) if line.strip().startswith("column"))
    assert [line.split()[0] for line in lines[at + 1 : at + 2]] == ["b"]
    assert not any(line.split()[0] == "a" for line in lines)


@pytest.mark.parametrize("state", ["STOPPED", "LOST", "FAILED"])
def test_an_endpoint_that_has_ended_says_so_and_how_it_comes_back(state):
    lines = shown(state=state)
    assert lines[0].startswith(f"api is {state.lower()}: 1,200 requests")
    assert any("was main  " in line for line in lines)
    assert not any("main 90 %" in line for line in lines)
    assert lines[-1] == "  next: %aiaas_deploy clf@1 --as api"


@pytest.mark.parametrize(
    ("requests", "alert", "line"),
    [(0, "", "%aiaas_monitor api --report api.html"), (50, "", "%aiaas_endpoints promote api"),
     (50, "slow:clf@2", "%aiaas_endpoints rollback api")],
)  # fmt: skip
def test_a_canary_is_promoted_only_if_it_was_asked_and_is_well(requests, alert, line):
    canary = VersionFigures(model="clf@2", role="canary", percent=10, requests=requests)
    alerts = (Alert(name=alert, text=""),) if alert else ()
    found = result(versions=(MAIN, canary), alerts=alerts)
    assert monitoring.following(found) == line
