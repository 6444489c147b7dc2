"""Bytes nobody names are cleared away; bytes somebody may be about to name are not."""

import os
import subprocess
import sys
import time

import pandas as pd
import pytest

from aiaas_magics import frames
from aiaas_magics.specs.data import DataSpec
from aiaas_magics.specs.evaluate import EvaluateSpec
from aiaas_magics.specs.jobs import JobState
from aiaas_magics.specs.results import Chart, DataResult, EvaluationResult, Score
from aiaas_magics.specs.tune import TuneSpec
from aiaas_magics.store import garbage
from aiaas_magics.store.home import Home

OPENER = """
import sys
from pathlib import Path
from aiaas_magics.store.home import Home
home = Home.open(Path(sys.argv[1]))
print("open", flush=True)
sys.stdin.read()
"""
LONG_AGO = time.time() - 1000
TABLE = pd.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"]})


def aged(home, ref):
    """Let bytes be older than every opener."""
    os.utime(home.blobs.path(ref), (LONG_AGO, LONG_AGO))
    return ref


def stored(home, frame=TABLE):
    """Return the address of a table, all of its bytes old."""
    address = frames.write(frame, home.blobs.put)
    for ref in (address, *frames.manifest(address, home.blobs.path).refs):
        aged(home, ref)
    return address


def whole(home, address):
    return frames.read(address, home.blobs.path).equals(TABLE)


def test_bytes_without_a_name_go(opened):
    aged(opened, opened.blobs.put([b"forgotten"]))
    stored(opened)
    assert opened.collect() == 4
    assert list(opened.blobs.ages()) == []


def test_bytes_stored_since_the_oldest_opener_came_stay(opened):
    ref = opened.blobs.put([b"about to be named"])
    assert opened.collect() == 0
    assert opened.blobs.has(ref)


def test_bytes_stored_again_are_young_again(opened):
    ref = aged(opened, opened.blobs.put([b"twice"]))
    assert opened.blobs.put([], ref=ref) == ref
    assert opened.collect() == 0


def test_a_named_table_stays_with_all_its_parts_until_it_is_deleted(opened):
    address = stored(opened)
    opened.datasets.save("t", DataResult(ref="", frame=address, rows=2, columns=()))
    assert opened.collect() == 0
    assert whole(opened, address)
    opened.datasets.delete("t", "me")
    assert opened.collect() == 3


def test_what_an_unfinished_job_was_asked_about_stays(opened):
    address = stored(opened)
    job = opened.runs.create(DataSpec(as_="t", frame=address)).id
    assert opened.collect() == 0
    opened.runs.move(job, JobState.CANCELLED, frm=(JobState.QUEUED,))
    assert opened.collect() == 3


def test_pictures_of_finished_jobs_stay(opened):
    png = aged(opened, opened.blobs.put([b"png"]))
    chart = Chart(name="roc", title="ROC", text="area", spec={}, png=png)
    result = EvaluationResult(
        model="m@1", data="d", task="regression", rows=1, confidence=0.95,
        scores=(Score(metric="r2", value=1.0),), charts=(chart,),
    )  # fmt: skip
    job = opened.runs.create(EvaluateSpec(model="m")).id
    opened.runs.start(job, 1, 1.0)
    opened.runs.move(job, JobState.SUCCEEDED, frm=(JobState.RUNNING,), result=result)
    assert opened.collect() == 0


@pytest.mark.parametrize("killed", [False, True])
def test_a_living_opener_holds_back_the_clearing_and_a_dead_one_does_not(opened, killed):
    words = [sys.executable, "-c", OPENER, str(opened.path)]
    other = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert other.stdout.readline() == b"open\n"
    opened.openers.leave()
    opened.blobs.put([b"of a dead process"])
    if killed:
        other.kill()
        other.wait()
    assert (
        opened.openers.oldest() == float("inf") if killed else opened.openers.oldest() < time.time()
    )
    assert opened.collect() == int(killed)
    other.stdin.close()
    other.wait()
    other.stdout.close()


def test_who_only_reads_holds_nothing_back(tmp_path):
    reader = Home.open(tmp_path / "home", stores=False)
    assert reader.openers.oldest() == float("inf")
    reader.close()


def test_temporaries_of_killed_writers_go_and_those_of_living_ones_stay(opened):
    for folder in ("blobs", "keys"):
        for pid in (os.getpid(), 2**22 + 1):
            (opened.path / folder / f".{pid}-abc").write_bytes(b"half")
    assert opened.sweep() == 2
    left = sorted(path.name for path in opened.path.glob("*/.*-abc"))
    assert left == [f".{os.getpid()}-abc"] * 2


@pytest.mark.parametrize(
    ("state", "later", "kept"),
    [
        (JobState.LOST, None, True), (JobState.FAILED, None, True), (JobState.SUCCEEDED, None, False),
        (JobState.LOST, JobState.LOST, False), (JobState.LOST, JobState.SUCCEEDED, False),
    ],
)  # fmt: skip
def test_the_table_of_the_last_search_stays_as_long_as_it_can_go_on(opened, state, later, kept):
    first, other = stored(opened), stored(opened, TABLE.iloc[:1])
    for address, end in ((first, state), (other, later)):
        if end is not None:
            spec = TuneSpec(data=address, target="b", algo="ridge", as_="best")
            job = opened.runs.create(spec, about="best").id
            opened.runs.start(job, 1, 2.0)
            opened.runs.move(job, end, frm=[JobState.RUNNING])
    opened.collect()
    assert opened.blobs.has(first) == kept


def test_the_table_of_a_search_nobody_went_on_with_goes_after_a_while(opened, monkeypatch):
    spec = TuneSpec(data=stored(opened), target="b", algo="ridge", as_="best")
    job = opened.runs.create(spec, about="best").id
    opened.runs.start(job, 1, 2.0)
    opened.runs.move(job, JobState.LOST, frm=[JobState.RUNNING])
    monkeypatch.setattr(garbage, "RESUMABLE_DAYS", -1)
    opened.collect()
    assert not opened.blobs.has(spec.data)
