"""A search is gone on with by its name, waited for where it is under way, and not done twice."""

import msgspec
import pandas as pd
import pytest

from aiaas_magics import errors, searches, specs, twin
from aiaas_magics.magics import grammar, manual
from aiaas_magics.specs import calls
from aiaas_magics.specs.jobs import JobState, Limits
from aiaas_magics.specs.tune import TuneSpec
from aiaas_magics.specs.verbs import Kind

TABLE = pd.DataFrame({"a": [n % 7 for n in range(40)], "y": [n % 5 / 3 for n in range(40)]})
WORDS = {"data": TABLE, "target": "y", "algo": "ridge", "as_": "best", "cv": 2}
GRID = {"alpha": [0.1, 1.0, 10.0]}


def searched(on, **more):
    return on.run("tune", "", {**WORDS, **more}, GRID)


def ended(on, name, state, *, partial=False):
    """Let the newest job look as if it had ended so."""
    job = next(on.jobs({"about": name}))
    changed = msgspec.structs.replace(job, state=JobState(state), partial=partial)
    on.backend._jobs[job.id] = changed
    return job.id


# The same search twice -----------------------------------------------------------------------------
def test_the_same_search_is_answered_from_the_first(empty):
    first, second = searched(empty), searched(empty)
    assert second.ref == first.ref == "best@1"
    assert second.result.trials == first.result.trials
    job = list(empty.jobs({"about": "best"}))[-1].id
    assert f"answered from job {job}: the same search, data and libraries; --again" in str(
        second.card()
    )


def test_a_second_run_of_a_notebook_says_what_the_first_said(empty, docs_mode):
    first, second = searched(empty), searched(empty)
    assert repr(second) == repr(first)
    assert str(second.card()) == str(first.card())


@pytest.mark.parametrize("more", [{"again": True}, {"as_": "other"}])
def test_asked_anew_or_under_another_name_it_makes_a_model_of_its_own(empty, more):
    searched(empty)
    assert searched(empty, **more).ref == {"again": "best@2", "as_": "other@1"}[next(iter(more))]


def test_a_deleted_model_is_made_again(empty):
    first = searched(empty)
    empty.run("models", "delete", {"model": "best"})
    again = searched(empty)
    assert again.result.remembered.text.startswith("3 of 3 candidates known")
    assert (again.result.trials, again.params) == (first.result.trials, first.params)


def spec(**more):
    return TuneSpec(data="t", target="y", algo="ridge", as_="best", **more)


def test_what_is_under_way_is_not_begun_twice(empty, monkeypatch):
    monkeypatch.setattr(empty.backend, "_run", lambda *_: None)  # it waits for a worker
    first = searches.submit(empty, spec(), Limits())
    assert searches.submit(empty, spec(), Limits()) == first
    assert searches.submit(empty, spec(seed=1), Limits()) != first
    assert searches.submit(empty, spec(again=True), Limits()) != first
    ended(empty, "best", "LOST")


def test_two_that_ask_at_one_moment_get_one_job(empty, monkeypatch):
    monkeypatch.setattr(empty.backend, "_run", lambda *_: None)
    monkeypatch.setattr(empty, "jobs", lambda where: iter(()))  # neither sees the other's
    assert searches.submit(empty, spec(), Limits()) == searches.submit(empty, spec(), Limits())


def test_what_is_no_search_is_submitted_as_it_was(empty):
    load = {"source": TABLE, "as_": "t"}
    assert empty.run("data", "load", load).ref == empty.run("data", "load", load).ref == "t@1"
    assert len(list(empty.jobs())) == 2


# Going on ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("state", "partial"),
    [("LOST", False), ("CANCELLED", False), ("FAILED", False), ("SUCCEEDED", True)],
)
def test_a_search_that_did_not_end_whole_goes_on_with_its_own_words(empty, state, partial):
    searched(empty)
    job = ended(empty, "best", state, partial=partial)
    empty.backend.results[job] = msgspec.structs.replace(empty.backend.results[job], partial=True)
    on = empty.run("tune", "", {"resume": "best"})
    assert on.result.remembered.text == f"3 of 3 candidates known from job {job}"
    (newest,) = empty.jobs({"about": "best", "limit": 1, "spec": True})
    assert (newest.spec["resume"], newest.spec["params"]) == (job, GRID)


def test_what_is_whole_is_not_gone_on_with(empty):
    searched(empty)
    with pytest.raises(errors.Conflict, match="finished: it made best@1"):
        empty.run("tune", "", {"resume": "best"})


def test_what_runs_still_is_followed_not_begun_again(empty):
    searched(empty)
    job = ended(empty, "best", "RUNNING")
    with pytest.raises(errors.Conflict, match="running still") as caught:
        empty.run("tune", "", {"resume": "best"})
    assert caught.value.try_ == f"%aiaas_jobs attach {job}"
    ended(empty, "best", "LOST")


def test_a_name_nobody_searched_says_which_was_meant(empty):
    searched(empty)
    with pytest.raises(errors.NotFound, match="no search 'bset' was begun") as caught:
        empty.run("tune", "", {"resume": "bset"})
    assert "best" in caught.value.hint
    assert empty.names(Kind.SEARCH) == ["best"]


@pytest.mark.parametrize("stored", [False, True])
def test_a_search_whose_data_is_gone_says_so(empty, stored):
    empty.run("data", "load", {"source": TABLE, "as_": "t"})
    searched(empty, **({"data": "t"} if stored else {}))
    ended(empty, "best", "LOST")
    if stored:
        empty.run("data", "delete", {"data": "t"})
    else:
        (job,) = empty.jobs({"about": "best", "spec": True})
        empty.backend.blobs.path(job.spec["data"]).unlink()
    what = "t@1" if stored else "its table"
    with pytest.raises(errors.NotFound, match=f"the search best cannot go on: {what} is gone"):
        empty.run("tune", "", {"resume": "best"})


# Words ---------------------------------------------------------------------------------------------
def checked(given, parameters=None):
    verb = specs.verb("tune")
    return calls.check(verb, verb.action(""), given, parameters or {})


def test_a_name_stands_for_all_words_but_the_job_s():
    assert checked({"resume": "best", "detach": True}).values == {"resume": "best", "detach": True}


@pytest.mark.parametrize(
    ("given", "parameters", "said"),
    [
        ({"target": "y"}, {}, "--target does not go with --resume"),
        ({"data": "t"}, {}, "DATA does not go with --resume"), ({"again": True}, {}, "--again does not go"),
        ({}, {"alpha": [1]}, "alpha does not go with --resume"),
    ],
)  # fmt: skip
def test_other_words_beside_it_are_refused(given, parameters, said):
    with pytest.raises(errors.UsageError, match=said) as caught:
        checked({"resume": "best", **given}, parameters)
    assert caught.value.try_ == "%aiaas_tune --resume best"


def test_a_line_a_schema_and_a_signature_know_it():
    verb = specs.verb("tune")
    assert grammar.parse(verb, "--resume best").values == {"resume": "best"}
    assert {"required": ["resume"]} in manual.schema(verb, verb.action(""))["anyOf"]
    assert twin.signature(verb.action("")).bind(resume="best").arguments == {"resume": "best"}
