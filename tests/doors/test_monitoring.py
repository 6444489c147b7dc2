"""Monitoring as a user asks for it: a line, a handle, a page."""

import pytest

from aiaas_magics import errors, specs
from aiaas_magics.engines import monitor
from aiaas_magics.handles import Monitoring
from aiaas_magics.specs.calls import check


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr(monitor, "LAG", 0.0)


def test_an_endpoint_is_looked_at(made):
    found = made[0].run("monitor", "", {"endpoint": "api"})
    assert isinstance(found, Monitoring)
    assert repr(found).startswith("api: 0 requests in the last hour, no alert")
    assert not found
    assert found.drifted == ()
    assert list(found.versions.columns)[:2] == ["model", "role"]
    assert list(found.drift.columns)[:2] == ["name", "what"]


def test_a_report_is_a_page_of_its_own(made, tmp_path):
    path = tmp_path / "look.html"
    made[0].run("monitor", "", {"endpoint": "api", "report": str(path)})
    page = path.read_text()
    assert page.startswith("<!doctype html>")
    assert "api: 0 requests" in page
    with pytest.raises(errors.NameTaken):
        made[0].run("monitor", "", {"endpoint": "api", "report": str(path)})
    made[0].run("monitor", "", {"endpoint": "api", "report": str(path), "replace": True})


def test_a_report_is_not_promised_by_who_does_not_wait_for_it(made, tmp_path):
    path = tmp_path / "look.html"
    with pytest.raises(errors.UsageError, match="--report and --detach do not go together"):
        made[0].run("monitor", "", {"endpoint": "api", "report": str(path), "detach": True})


def test_a_report_is_html(made, tmp_path):
    with pytest.raises(errors.UsageError) as refused:
        made[0].run("monitor", "", {"endpoint": "api", "report": str(tmp_path / "look.pdf")})
    assert "look.pdf" in refused.value.what


def test_a_watch_goes_on_until_it_is_stopped_and_says_how(made):
    session = made[0]
    job = session.run("monitor", "", {"endpoint": "api", "every": 60.0, "detach": True})
    assert job.card().text().splitlines()[1:] == [
        "  it goes on, without this notebook too, until it is stopped",
        f"  next: %aiaas_jobs stop {job.id}",
    ]
    session.run("monitor", "", {"endpoint": "api"})
    stopped = session.run("jobs", "stop", {"job": job.id})
    assert stopped.card().text().endswith(f"next: %aiaas_jobs attach {job.id}")
    assert repr(job.wait()).startswith("api: 0 requests in the last hour")
    assert job.card().text().endswith("next: %aiaas_jobs attach")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ({"window": 40}, {"window": "40"}),
        ({"window": "15m"}, {"window": "15m"}),
        ({"slow": "500ms"}, {"slow": 0.5}),
        ({"version": 2}, {"version": "2"}),
    ],
)
def test_words_of_a_look_may_be_numbers_and_parts_of_a_second(line, words):
    verb = specs.verb("monitor")
    found = check(verb, verb.actions[0], {"endpoint": "api", **line}, {}).values
    assert {name: found[name] for name in words} == words


@pytest.mark.parametrize(
    ("line", "try_"),
    [
        ({"labels": "df[['id','y']]"}, "--labels {df[['id','y']]}"),
        ({"data": "df.head(100)"}, "{df.head(100)}"),
    ],
)
def test_python_without_braces_is_told_how_it_is_said(line, try_):
    verb = specs.verb("monitor" if "labels" in line else "predict")
    with pytest.raises(errors.UsageError) as refused:
        check(verb, verb.actions[0], {"endpoint": "api", **line}, {})
    assert refused.value.try_ == try_


def test_an_unknown_endpoint_is_told(made):
    with pytest.raises(errors.NotFound):
        made[0].run("monitor", "", {"endpoint": "nothing"})


def test_labels_may_be_a_table_of_the_notebook(made):
    import pandas as pd

    with pytest.raises(errors.DataError) as refused:
        made[0].run(
            "monitor", "", {"endpoint": "api", "labels": pd.DataFrame({"species": ["setosa"]})}
        )
    assert "keeps no rows" in refused.value.what
