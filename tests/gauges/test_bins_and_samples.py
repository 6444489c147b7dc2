"""Counts and rows in mapped files: added up over workers, told by time, begun anew where the cells are others."""

import errno
import time

import numpy as np
import psutil
import pytest

from aiaas_magics.gauges import bins, samples
from aiaas_magics.gauges.bins import Bins
from aiaas_magics.gauges.counters import FOLDER
from aiaas_magics.gauges.samples import Samples

LAYOUT, NOW = b"l" * 32, 1_800_000_000.0


@pytest.fixture(autouse=True)
def folder(tmp_path):
    (tmp_path / FOLDER).mkdir()
    return tmp_path


def total(folder, since=0.0, version="clf@1", layout=LAYOUT, now=NOW):
    found = bins.history(folder, version, layout, 3, since, now)
    return sum(found.values(), np.zeros(3, dtype="int64")).tolist()


def test_the_bins_of_all_workers_are_added_up(folder):
    for slot in ("0", "1"):
        mine = Bins(folder, slot, "clf@1", LAYOUT, 3)
        mine.add(np.array([1, 2, 3]), NOW)
        mine.close()
    assert total(folder) == [2, 4, 6]


def test_bins_tell_when_it_was(folder):
    mine = Bins(folder, "0", "clf@1", LAYOUT, 3)
    for minute in range(5):
        mine.add(np.array([1, 0, 0]), NOW + 60 * minute)
    assert total(folder, since=NOW + 120, now=NOW + 300) == [3, 0, 0]
    mine.close()


def test_a_worker_that_comes_back_goes_on(folder):
    for _ in range(2):
        mine = Bins(folder, "0", "clf@1", LAYOUT, 3)
        mine.add(np.array([1, 0, 0]), NOW)
        mine.close()
    assert total(folder) == [2, 0, 0]


def test_a_file_there_is_no_room_for_leaves_nothing_open(folder, monkeypatch):
    def full(number, size):
        raise OSError(errno.ENOSPC, "no room")

    monkeypatch.setattr(bins, "reserve", full)
    before = psutil.Process().num_fds()
    for _ in range(3):
        with pytest.raises(OSError, match="no room"):
            Bins(folder, "0", "clf@1", LAYOUT, 3)
    assert psutil.Process().num_fds() == before


def test_versions_that_are_served_no_more_are_forgotten_after_a_week(folder):
    """An endpoint that gets a version a day must not fill the disk."""
    record = samples.dtype(2, 0)
    for version in ("clf@1", "clf@2"):
        Bins(folder, "0", version, LAYOUT, 3).close()
        Samples(folder, "1", version, LAYOUT, record).close()
    place = folder / FOLDER
    (place / "counts-0").write_bytes(b"")
    week = 7 * 86400
    bins.forget(folder, ["clf@2"], time.time() + week - 60)
    assert len(list(place.iterdir())) == 5
    bins.forget(folder, ["clf@2"], time.time() + week + 60)
    assert sorted(each.name for each in place.iterdir()) == [
        "bins.0.clf@2",
        "counts-0",
        "rows.1.clf@2",
    ]


def test_bins_of_other_cells_are_begun_anew(folder):
    for layout in (b"o" * 32, LAYOUT):
        mine = Bins(folder, "0", "clf@1", layout, 3)
        mine.add(np.array([1, 0, 0]), NOW)
        mine.close()
    assert total(folder) == [1, 0, 0]
    assert total(folder, layout=b"o" * 32) == [0, 0, 0]


@pytest.mark.parametrize("version", ["a-clf@1", "0.clf@1", "clf@11"])
def test_a_version_is_not_taken_for_another(folder, version):
    mine = Bins(folder, "0", version, LAYOUT, 3)
    mine.add(np.array([1, 0, 0]), NOW)
    mine.close()
    assert total(folder) == [0, 0, 0]
    assert total(folder, version=version) == [1, 0, 0]


RECORD = samples.dtype(2, 0)


def rows(*times, key=0):
    found = np.zeros(len(times), RECORD)
    found["time"], found["key"] = times, key
    found["codes"][:, 0] = times
    return found


def test_rows_of_all_workers_are_in_order_of_time(folder):
    for slot, times in (("0", (1.0, 4.0)), ("1", (2.0, 3.0))):
        mine = Samples(folder, slot, "clf@1", LAYOUT, RECORD)
        mine.add(rows(*times))
        mine.close()
    found, full = samples.read(folder, "clf@1", LAYOUT, RECORD, since=1.0)
    assert found["codes"][:, 0].tolist() == [2.0, 3.0, 4.0]
    assert not full


def test_the_oldest_rows_make_room(folder, monkeypatch):
    monkeypatch.setattr(samples, "MOST_ROWS", 100)
    mine = Samples(folder, "0", "clf@1", LAYOUT, RECORD)
    for start in range(1, 250, 25):
        mine.add(rows(*range(start, start + 25)))
    found, full = samples.read(folder, "clf@1", LAYOUT, RECORD)
    assert found["time"].tolist() == list(range(151, 251))
    assert full
    mine.add(rows(*range(1000, 1250)))
    assert samples.read(folder, "clf@1", LAYOUT, RECORD)[0]["time"].tolist() == list(
        range(1150, 1250)
    )
    mine.close()


def test_rows_are_for_their_owner_only(folder):
    Samples(folder, "0", "clf@1", LAYOUT, RECORD).close()
    (path,) = (folder / FOLDER).iterdir()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_key_is_kept_as_its_hash():
    assert samples.key_of(b"") == 0
    assert samples.key_of(b"4711") not in (0, 4711)
    assert samples.key_of(b"a") == samples.key_of(b"a") != samples.key_of(b"b")
