"""What a look at the queue or at the jobs costs: as much as was asked for, however many there are."""

from collections import Counter

import psutil
import pytest

from aiaas_magics.backends.local import LocalBackend
from aiaas_magics.execution import queue
from aiaas_magics.specs.monitor import MonitorSpec
from aiaas_magics.testing.stages import Noop


@pytest.fixture
def resting(tmp_path, monkeypatch):
    """A backend with ten jobs that nobody starts; all but the first wait for it."""
    monkeypatch.setattr(LocalBackend, "_pump", lambda self: None)
    opened = LocalBackend(tmp_path / "home", spare=False)
    opened.submit(Noop(as_="flowers"))
    for _ in range(9):
        opened.submit(Noop(data="flowers"))
    yield opened
    opened.close()


def counting(monkeypatch, where, *names):
    """Count how often methods are called and how much they return."""
    called, returned = Counter(), Counter()

    def counted(name, step):
        def call(*words, **more):
            found = step(*words, **more)
            called[name] += 1
            returned[name] += len(found) if isinstance(found, list) else 1
            return found

        return call

    for name in names:
        monkeypatch.setattr(where, name, counted(name, getattr(where, name)))
    return called, returned


def test_the_queue_is_read_once_however_long_it_is(resting, monkeypatch):
    monkeypatch.setattr(resting.home, "setting", lambda name: 20)
    called, _ = counting(monkeypatch, resting.home.runs, "living", "get", "asked")
    begun = []
    assert len(queue.pump(resting.home, begun.append)) == len(begun) == 1
    assert called == {"living": 1, "asked": 10}


@pytest.mark.parametrize(
    ("where", "count"), [({}, 10), ({"verb": "test_noop"}, 10), ({"about": "flowers"}, 1)]
)
@pytest.mark.parametrize("limit", [0, 1, 4, 40])
def test_no_more_jobs_are_read_than_wanted(resting, monkeypatch, where, count, limit):
    _, returned = counting(monkeypatch, resting.home.runs, "select")
    found = resting.query("jobs", {**where, "limit": limit})
    assert [job.id for job in found] == [job.id for job in resting.query("jobs", where)][:limit]
    assert returned["select"] - count == len(found) == min(limit, count)


@pytest.mark.parametrize("partial", [False, True])
def test_a_limit_is_of_the_jobs_that_match(resting, partial):
    resting.submit(Noop(as_="newest"))
    assert len(resting.query("jobs", {"partial": partial, "limit": 2})) == 2 * (not partial)


@pytest.mark.parametrize(("every", "begun"), [(60.0, 1), (0.0, 0)])
def test_a_watch_takes_no_place_of_other_jobs(resting, monkeypatch, every, begun):
    """One for each core would keep all others waiting for ever."""
    home, mine = resting.home, psutil.Process()
    monkeypatch.setattr(home, "setting", lambda name: 1)
    watch = home.runs.create(MonitorSpec(endpoint="api", every=every)).id
    assert home.runs.start(watch, mine.pid, mine.create_time())
    assert len(queue.pump(home, lambda job: None)) == begun
