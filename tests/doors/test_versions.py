"""Versions of an endpoint as its owner sees them: cards, handles, completion, errors."""

import pytest

from aiaas_magics import errors
from aiaas_magics.magics.completion import Completer


@pytest.fixture(scope="module")
def served(opened):
    """A session with the models r@1, r@2 and wide@1, and the endpoint ``api`` that serves r@1."""
    with opened() as found:
        found.run("data", "load", {"source": "iris"})
        train = {"data": "iris", "target": "species", "algo": "ridge"}
        for name in ("r", "r", "wide"):
            found.run("train", "", {**train, "as_": name})
        small = found.frame("iris").iloc[:, 1:]
        found.run("train", "", {**train, "data": small, "as_": "small"})
        yield found


@pytest.fixture
def api(served):
    """The endpoint, as it is when it is new, with the canary r@2."""
    served.backend.endpoints.clear()
    served.backend._events.clear()
    served.run("deploy", "", {"model": "r@1", "as_": "api"})
    return served.run("deploy", "", {"model": "r@2", "to": "api", "canary": 25.0})


def complete(session, line):
    return Completer(dict, lambda: session).complete(line)[1]


def test_the_card_shows_who_answers_how_much(api):
    said = api.card().text()
    assert repr(api).startswith("api: r@1, r@2 canary 25 %, ready")
    assert "75 %" in said
    assert "25 %" in said
    assert "next: %aiaas_monitor api" in said
    assert "curl" not in said


def test_an_endpoint_alone_shows_no_table(api):
    alone = api.drop()
    assert "canary" not in alone._session.endpoint("api").name
    assert "since" not in type(api)(alone._session, alone._session.endpoint("api")).card().text()


def test_a_change_shows_what_was_done_and_what_is_served_now(api):
    promoted = api.promote()
    assert repr(promoted) == "api: r@2 answers now (was r@1)"
    assert [each.model for each in promoted.versions] == ["r@2"]
    assert "%aiaas_endpoints versions api" in promoted.card().text()
    assert promoted.rollback().info.model == "r@1"
    assert promoted.promote("2").info.model == "r@2"


def test_the_versions_card_tells_what_was_and_who_did_it(api):
    api.promote()
    api.rollback()
    said = api.history().card().text()
    for words in ("undone", "promote", "rollback", "fake"):
        assert words in said
    assert said.index("rollback") < said.index("promote")
    assert api.history().record()["served"][0]["model"] == "r@1"


def test_documentation_shows_no_times(api, docs_mode):
    said = api.history().card().text()
    assert "since" not in said
    assert "when" not in said


def test_a_version_with_other_columns_is_refused(api):
    with pytest.raises(errors.Conflict, match="small@1 does not take what r@1 takes") as caught:
        api._session.run("deploy", "", {"model": "small", "to": "api", "canary": 5.0})
    assert caught.value.try_ == "%aiaas_deploy small@1 --as another-name"


def test_an_unknown_endpoint_is_not_found_with_what_was_meant(api):
    with pytest.raises(errors.NotFound, match="no endpoint 'apo'") as caught:
        api._session.run("deploy", "", {"model": "r@2", "to": "apo", "canary": 5.0})
    assert "api" in caught.value.hint


def test_a_version_alone_becomes_the_main_one_at_once(api):
    again = api._session.run("deploy", "", {"model": "wide", "to": "api"})
    assert [(each.model, each.role) for each in again.versions] == [
        ("wide@1", "main"), ("r@2", "canary"),
    ]  # fmt: skip


def test_a_stopped_endpoint_is_not_changed(api):
    api.stop()
    with pytest.raises(errors.Conflict, match="api does not run"):
        api.promote()


@pytest.mark.parametrize("action", ["promote", "drop"])
def test_versions_are_completed(api, action):
    line = f"%aiaas_endpoints {action} api --version "
    assert complete(api._session, line) == ["r@1", "r@2"]
    assert complete(api._session, line + "r@2") == ["r@2"]


@pytest.mark.parametrize("option", ["version", "against"])
def test_a_look_is_completed_with_the_endpoint_s_versions(api, option):
    assert complete(api._session, f"%aiaas_monitor api --{option} ") == ["r@1", "r@2"]


def test_the_versions_of_a_model_are_completed_after_the_at(api):
    assert complete(api._session, "%aiaas_deploy r@") == ["r@1", "r@2"]
    assert complete(api._session, "%aiaas_deploy nobody@") == []


@pytest.mark.parametrize(
    "line", ["%aiaas_monitor api --labels iris --key s", "%aiaas_predict api iris --key s"]
)
def test_a_key_is_one_of_the_table_s_columns(api, line):
    found = complete(api._session, line)
    assert found
    assert {each[0] for each in found} == {"s"}


def test_endpoints_are_completed_after_to(api):
    assert complete(api._session, "%aiaas_deploy r@2 --to ") == ["api"]


def test_a_list_shows_what_stands_beside_the_main_version(api):
    listed = api._session.run("endpoints", "list", {})
    assert [row[1] for row in listed.rows] == ["r@1, r@2 canary 25 %"]


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ({"model": "nothing", "as_": "new"}, errors.NotFound),
        ({"model": "r@1", "to": "nothing"}, errors.NotFound),
        ({"model": "r@2", "as_": "api"}, errors.NameTaken),
    ],
)
def test_what_cannot_be_deployed_is_refused_before_a_job(api, words, error):
    before = len(list(api._session.jobs()))
    with pytest.raises(error):
        api._session.run("deploy", "", words)
    assert len(list(api._session.jobs())) == before


def test_a_model_that_is_in_the_making_is_waited_for_by_the_job(api, monkeypatch):
    monkeypatch.setattr(type(api._session), "making", lambda self, name: ["j"])
    with pytest.raises(errors.NotFound):
        api._session.run("deploy", "", {"model": "nothing", "as_": "new"})
    assert next(api._session.jobs()).verb == "deploy"


def test_a_report_is_refused_before_a_job_where_its_folder_is_not(api, tmp_path):
    before = len(list(api._session.jobs()))
    with pytest.raises(errors.DataError, match="there is no folder") as caught:
        api._session.run(
            "monitor", "", {"endpoint": "api", "report": str(tmp_path / "no" / "r.html")}
        )
    assert caught.value.try_ == f"!mkdir -p {tmp_path / 'no'}"
    assert len(list(api._session.jobs())) == before


def test_a_monitoring_job_is_known_by_its_endpoint(api):
    api._session.run("monitor", "", {"endpoint": "api"})
    (row, *_) = api._session.run("jobs", "list", {}).rows
    assert row[1:3] == ("monitor", "api")
    with pytest.raises(errors.NotFound) as caught:
        api._session.run("jobs", "stop", {"job": "apu"})
    assert caught.value.hint == "did you mean 'api'?"


def test_several_endpoints_are_stopped_and_removed_by_one_line(api):
    run = api._session.run
    run("deploy", "", {"model": "r@1", "as_": "other"})
    with pytest.raises(errors.NotFound):
        run("endpoints", "stop", {"endpoint": ("api", "nothing")})
    assert api._session.endpoint("api").state == "READY"
    done = run("endpoints", "stop", {"endpoint": ("api", "other")})
    assert repr(done) == "api is stopped; other is stopped"
    run("endpoints", "remove", {"endpoint": ("api", "other")})
    assert len(run("endpoints", "list", {})) == 0
    run("deploy", "", {"model": "r@1", "as_": "api"})
    steps = run("endpoints", "versions", {"endpoint": "api"}).steps
    assert "stop_endpoint" not in [each.body.get("command") for each in steps]


def test_one_of_those_many_is_told_as_one(api):
    assert repr(api._session.run("endpoints", "stop", {"endpoint": ("api",)})) == "api is stopped"
