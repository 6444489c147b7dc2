"""Requests counted in mapped files: what is written is read, by anybody, whatever became of the writer."""

import errno
import math
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiaas_magics.gauges import cells, counters, rings
from aiaas_magics.gauges.counters import Counters, merged


@pytest.fixture
def clock(monkeypatch):
    now = [1_800_000_000.0]
    monkeypatch.setattr(counters.time, "time", lambda: now[0])
    return now


def test_what_two_workers_count_is_added_up(tmp_path):
    for slot in (0, 1):
        mine = Counters(tmp_path, slot)
        mine.answered("clf@1", 200, 0.002, rows=3, noted=1)
        mine.answered("clf@1", 422, 0.001)
        mine.close()
    found = merged(tmp_path).versions["clf@1"]
    assert (found.requests, found.rows, found.noted) == (4, 6, 2)
    assert found.codes == {200: 2, 422: 2}
    assert (found.refused, found.errors) == (2, 0)
    assert found.seconds == pytest.approx(0.006)


def test_counts_are_read_while_they_are_written(tmp_path):
    mine = Counters(tmp_path)
    for count in (1, 2, 3):
        mine.answered("clf@1", 200, 0.001)
        assert merged(tmp_path).of("clf@1").requests == count
    mine.close()


def test_the_next_worker_of_a_slot_goes_on_counting(tmp_path):
    for _ in range(3):
        mine = Counters(tmp_path, 0)
        mine.answered("clf@1", 200, 0.001)
        mine.close()
    assert merged(tmp_path).of("clf@1").requests == 3


def test_a_killed_worker_leaves_its_counts(tmp_path):
    code = (
        "import sys, time; from pathlib import Path; from aiaas_magics.gauges.counters import Counters;"
        f"c = Counters(Path({str(tmp_path)!r}));"
        "[c.answered('clf@1', 200, 0.001) for _ in range(50)]; print('x', flush=True); time.sleep(60)"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert child.stdout.readline() == b"x\n"
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    assert merged(tmp_path).of("clf@1").requests == 50


def test_two_processes_of_one_slot_do_not_write_into_one_file(tmp_path):
    first, second = Counters(tmp_path, 0), Counters(tmp_path, 0)
    first.answered("clf@1", 200, 0.001)
    second.answered("clf@1", 200, 0.001)
    assert len(list((tmp_path / counters.FOLDER).iterdir())) == 2
    assert merged(tmp_path).of("clf@1").requests == 2
    first.close()
    second.close()


def test_versions_are_counted_apart(tmp_path):
    mine = Counters(tmp_path)
    mine.answered("clf@1", 200, 0.001)
    mine.answered("clf@2", 500, 0.001)
    mine.answered("", 401, 0.001)
    found = merged(tmp_path).versions
    assert {name: tally.requests for name, tally in found.items()} == {
        "clf@1": 1, "clf@2": 1, counters.NONE: 1,
    }  # fmt: skip
    assert found["clf@2"].errors == 1
    mine.close()


def test_the_version_silent_for_longest_makes_room(tmp_path, clock):
    mine = Counters(tmp_path)
    for number in range(counters.MOST_VERSIONS + 1):
        mine.answered(f"clf@{number}", 200, 0.001)
        clock[0] += 60
    found = merged(tmp_path).versions
    assert "clf@0" not in found
    assert found[f"clf@{counters.MOST_VERSIONS}"].requests == 1
    mine.close()


def test_a_window_counts_whole_minutes(tmp_path, clock):
    mine = Counters(tmp_path)
    for _ in range(10):
        mine.answered("clf@1", 200, 0.001)
        clock[0] += 60
    assert merged(tmp_path, since=clock[0] - 180, now=clock[0]).of("clf@1").requests == 3
    assert merged(tmp_path).of("clf@1").requests == 10
    mine.close()


def test_hours_that_were_told_by_the_minute_are_not_counted_twice(tmp_path, clock):
    mine = Counters(tmp_path)
    for _ in range(600):
        mine.answered("clf@1", 200, 0.001)
        clock[0] += 60
    found = merged(tmp_path, since=clock[0] - 24 * 3600, now=clock[0]).of("clf@1")
    assert found.requests == 600
    parts = counters.history(tmp_path, clock[0] - 24 * 3600, clock[0])["clf@1"]
    assert sum(tally.requests for tally in parts.values()) == 600
    assert {span.seconds for span in parts} == {60, 3600}
    mine.close()


@pytest.mark.parametrize("silent", [60, 3600, 7200, 90_000])
def test_the_last_minute_of_a_version_that_fell_silent_is_not_forgotten(tmp_path, clock, silent):
    mine = Counters(tmp_path)
    for _ in range(3):
        mine.answered("clf@1", 200, 0.001)
        clock[0] += 60
    clock[0] += silent
    for since in (0.0, clock[0] - 2 * 90_000):
        assert merged(tmp_path, since=since, now=clock[0]).of("clf@1").requests == 3
    assert merged(tmp_path).of("clf@1").requests == 3
    mine.close()
    again = Counters(tmp_path)
    again.answered("clf@1", 200, 0.001)
    assert merged(tmp_path, since=0.0, now=clock[0]).of("clf@1").requests == 4
    assert merged(tmp_path).of("clf@1").requests == 4
    again.close()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 20_000), min_size=1, max_size=40))
def test_however_requests_are_spread_each_is_counted_once(pauses):
    now = [1_800_000_000.0]
    with (
        tempfile.TemporaryDirectory() as folder,
        mock.patch.object(counters.time, "time", side_effect=lambda: now[0]),
    ):
        mine = Counters(Path(folder))
        for pause in pauses:
            now[0] += pause
            mine.answered("clf@1", 200, 0.001)
        mine.close()
        count = len(pauses)
        assert merged(Path(folder)).of("clf@1").requests == count
        if sum(pauses) < 6 * 86400:
            assert merged(Path(folder), since=0.0, now=now[0]).of("clf@1").requests == count


def test_what_is_older_than_the_ring_is_in_the_total_only(tmp_path, clock):
    mine = Counters(tmp_path)
    mine.answered("clf@1", 200, 0.001)
    clock[0] += 3600 * (rings.HOURS + 1)
    mine.answered("clf@1", 200, 0.001)
    assert merged(tmp_path, since=0.0, now=clock[0]).of("clf@1").requests == 1
    assert merged(tmp_path).of("clf@1").requests == 2
    mine.close()


def bin_of(seconds):
    return cells.bins_of([seconds])[0][0]


@given(st.lists(st.floats(1e-7, 100.0), min_size=1, max_size=50), st.floats(0.01, 0.99))
def test_quantiles_are_right_within_a_bin(values, share):
    tally = cells.Tally()
    words = [0] * cells.CELL
    for value in values:
        words[cells.FIRST_BIN + bin_of(value)] += 1
    tally.add(words)
    true = sorted(values)[math.ceil(share * len(values)) - 1]
    low, high = (cells.edge(bin_of(true) + i) for i in (0, 1))
    assert low <= tally.quantile(share) <= high or true > 64


@given(st.floats(1e-9, 63.9))
def test_a_latency_lies_between_the_edges_of_its_bin(seconds):
    number = bin_of(seconds)
    assert cells.edge(number) <= seconds * (1 + 1e-12)
    assert seconds <= cells.edge(number + 1) * (1 + 1e-12)


def test_buckets_are_cumulative_and_whole(tmp_path):
    mine = Counters(tmp_path)
    for seconds in (1e-6, 0.001, 0.001, 0.5):
        mine.answered("clf@1", 200, seconds)
    buckets = merged(tmp_path).of("clf@1").buckets()
    assert [count for _, count in buckets] == sorted(count for _, count in buckets)
    assert dict(buckets)[2.0**-9] == 3
    assert buckets[-1] == (64.0, 4)
    mine.close()


def test_what_another_layout_counted_is_not_misread(tmp_path):
    Counters(tmp_path).answered("clf@1", 200, 0.1)
    path = tmp_path / counters.FOLDER / "counts-0"
    with path.open("r+b") as file:
        file.write(b"aiaas-g1")
    assert merged(tmp_path).versions == {}
    Counters(tmp_path, 0).answered("clf@2", 200, 0.1)
    assert {m: t.requests for m, t in merged(tmp_path).versions.items()} == {"clf@2": 1}


@pytest.mark.parametrize("apart", [1e-12, 1e6, 1e15, 1e300])
def test_differences_of_any_size_are_summed_up(tmp_path, monkeypatch, apart):
    """Of revenues, say: whole numbers of a fixed unit would soon be too large for a word."""
    mine = Counters(tmp_path)
    for minute in range(3):
        monkeypatch.setattr(counters.time, "time", lambda now=minute: 1e9 + 60 * now)
        for _ in range(5):
            mine.compared("clf@2", rows=2, agreeing=1, apart=2 * apart)
    assert merged(tmp_path).of("clf@2").apart == pytest.approx(apart)
    assert merged(tmp_path, since=1e9, now=1e9 + 200).of("clf@2").apart == pytest.approx(apart)


@pytest.mark.parametrize("apart", [float("inf"), float("nan")])
def test_a_difference_without_a_size_stops_no_counting(tmp_path, apart):
    mine = Counters(tmp_path)
    for _ in range(3):
        mine.compared("clf@2", rows=1, agreeing=0, apart=apart)
    assert merged(tmp_path).of("clf@2").compared == 3


def test_labels_without_probabilities_have_no_difference(tmp_path):
    mine = Counters(tmp_path)
    mine.compared("clf@2", rows=4, agreeing=3, apart=0.0)
    assert merged(tmp_path).of("clf@2").apart is None
    mine.compared("clf@3", rows=4, agreeing=4, apart=0.0)
    assert merged(tmp_path).of("clf@3").apart == 0.0


def test_a_shadow_is_compared(tmp_path):
    mine = Counters(tmp_path)
    mine.compared("clf@2", rows=4, agreeing=3, apart=0.2)
    mine.failed("clf@2")
    found = merged(tmp_path).of("clf@2")
    assert (found.compared, found.agreeing, found.failed) == (4, 3, 1)
    assert found.apart == pytest.approx(0.05)
    assert found.requests == 0
    mine.close()


def test_nothing_counted_is_nothing_known(tmp_path):
    found = merged(tmp_path).of("clf@1")
    assert (found.requests, found.quantile(0.5), found.apart) == (0, None, None)


@pytest.mark.parametrize("body", [b"", b"x" * 100, bytes(counters.SIZE)])
def test_a_foreign_file_is_passed_over(tmp_path, body):
    (tmp_path / counters.FOLDER).mkdir()
    (tmp_path / counters.FOLDER / "counts-7").write_bytes(body)
    assert merged(tmp_path).versions == {}


def test_files_are_for_their_owner_only(tmp_path):
    mine = Counters(tmp_path)
    (path,) = (tmp_path / counters.FOLDER).iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    mine.close()


def test_without_room_on_the_disk_nothing_is_counted_and_nothing_fails(tmp_path, monkeypatch):
    def full(number, size):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(counters, "reserve", full)
    mine = Counters(tmp_path)
    mine.answered("clf@1", 200, 0.001)
    assert merged(tmp_path).versions == {}
    mine.close()


def test_the_room_of_a_file_is_taken_at_once(tmp_path):
    Counters(tmp_path).close()
    (path,) = (tmp_path / counters.FOLDER).iterdir()
    assert path.stat().st_blocks * 512 >= counters.SIZE


def test_a_worker_that_did_not_let_go_has_died(tmp_path, monkeypatch):
    """A request it was being asked is counted nowhere: that it happened is."""
    monkeypatch.setattr(counters.time, "time", lambda: 1000.5)
    Counters(tmp_path).close()
    Counters(tmp_path).close()
    assert counters.merged(tmp_path).deaths == 0
    with (tmp_path / counters.FOLDER / "counts-0").open("r+b") as file:
        file.seek(8 * counters.PID)
        file.write((4711).to_bytes(8, "little"))
    Counters(tmp_path).close()
    found = counters.merged(tmp_path)
    assert (found.deaths, found.died) == (1, 1000.0)
    Counters(tmp_path).close()
    assert counters.merged(tmp_path).deaths == 1
