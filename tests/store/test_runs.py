"""Jobs: states by compare-and-set, events that resume."""

import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiaas_magics import errors
from aiaas_magics.specs.data import ExportSpec
from aiaas_magics.specs.jobs import MOVES, Cause, JobState, Limits
from aiaas_magics.specs.results import ExportResult
from aiaas_magics.store.home import Home

SPEC = ExportSpec(data="d", format="csv")
RESULT = ExportResult(file="sha256:" + "0" * 64, format="csv", rows=1, size=2)


def test_a_job_is_what_was_submitted(opened):
    limits = Limits(memory=10**9, seconds=5.0)
    job = opened.runs.create(SPEC, about="d", limits=limits, user="me", setup={"cwd": "/x"})
    assert opened.runs.get(job.id) == job
    assert opened.runs.spec(job.id) == SPEC
    assert opened.runs.limits(job.id) == limits
    assert opened.runs.setup(job.id) == {"cwd": "/x"}
    assert (job.state, job.verb, job.about, job.user) == (JobState.QUEUED, "export", "d", "me")


def test_the_same_key_is_the_same_job(opened):
    first = opened.runs.create(SPEC, key="k")
    assert opened.runs.create(SPEC, key="k").id == first.id
    assert opened.runs.create(SPEC, key="l").id != first.id


def test_later_ids_sort_later(opened):
    ids = [opened.runs.create(SPEC).id for _ in range(5)]
    assert [job.id for job in opened.runs.select()] == sorted(ids, reverse=True)
    assert len(opened.runs.select(limit=2)) == 2


def test_a_clock_set_back_makes_no_job_older_than_those_before(opened, monkeypatch):
    now = iter([2e9, 1e9, 1e9, 3e9])
    ids = []
    for moment in now:
        with monkeypatch.context() as patched:
            patched.setattr(time, "time", lambda moment=moment: moment)
            ids.append(opened.runs.create(SPEC).id)
    assert ids == sorted(set(ids))
    assert [job.id for job in opened.runs.living()] == ids


def test_the_whole_life_in_events(opened):
    job = opened.runs.create(SPEC).id
    assert opened.runs.start(job, 1, 2.0)
    assert not opened.runs.start(job, 1, 2.0)
    opened.runs.tell_many([(f"job:{job}", "log", {"text": "hello"})])
    assert opened.runs.move(
        job, JobState.SUCCEEDED, frm=[JobState.RUNNING], result=RESULT, partial=True
    )
    events = opened.runs.events(f"job:{job}")
    assert [e.body.get("to", e.type) for e in events] == [
        "QUEUED",
        "STARTING",
        "RUNNING",
        "log",
        "SUCCEEDED",
    ]
    assert opened.runs.events(f"job:{job}", after=events[2].seq) == events[3:]
    assert opened.runs.result(job) == RESULT
    record = opened.runs.get(job)
    assert record.partial
    assert record.finished >= record.started >= record.created


def test_a_failure_keeps_its_error(opened):
    job = opened.runs.create(SPEC).id
    opened.runs.start(job, 1, 2.0)
    error = errors.to_record(errors.DataError("what", "hint", "try"))
    opened.runs.move(job, JobState.FAILED, frm=[JobState.RUNNING], error=error, cause=Cause.DATA)
    assert opened.runs.get(job).error == error
    assert opened.runs.get(job).cause is Cause.DATA
    assert opened.runs.living() == []


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(JobState), st.sets(st.sampled_from(JobState))), max_size=8
    )
)
def test_only_known_moves_are_made(tmp_path_factory, steps):
    home = Home.open(tmp_path_factory.getbasetemp() / "moves")
    job, state = home.runs.create(SPEC).id, JobState.QUEUED
    for to, frm in steps:
        moved = home.runs.move(job, to, frm=frm)
        assert moved == (state in frm and to in MOVES[state])
        state = to if moved else state
        assert home.runs.get(job).state is state
    home.close()


def test_of_two_that_race_one_wins(opened):
    job, won = opened.runs.create(SPEC).id, []
    racers = [
        threading.Thread(target=lambda: won.append(opened.runs.start(job, 1, 2.0)))
        for _ in range(8)
    ]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert sorted(won) == [False] * 7 + [True]


def test_unknown_jobs_say_which_was_meant(opened):
    job = opened.runs.create(SPEC).id
    with pytest.raises(errors.NotFound) as caught:
        opened.runs.get(job[:-1] + "!")
    assert job in caught.value.hint
