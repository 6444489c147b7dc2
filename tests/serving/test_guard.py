"""What ends a worker that cannot help itself."""

import os
import time

import pytest

from aiaas_magics.serving import guard
from aiaas_magics.serving.guard import Guard


class Still:
    """A lane that has been at one thing since a moment."""

    def __init__(self, since=None):
        self.since = since


def watching(since=None, beat=None, timeout=10.0, memory=None):
    found = Guard(0, Still(since), lambda: timeout, lambda: memory)
    found.beat = beat
    return found


@pytest.mark.parametrize(
    ("since", "beat", "said"),
    [
        (None, None, ""),
        (100.0, 119.0, ""),
        (None, 99.5, ""),
        (99.9, 120.0, "the model has not answered for 20.1 s"),
        (None, 98.9, "the event loop has stood still for 21.1 s"),
    ],
)
def test_what_lasts_twice_as_long_as_a_request_may_hangs(since, beat, said):
    assert watching(since, beat).hanging(120.0) == said


@pytest.mark.parametrize(
    ("held", "allowed", "said"),
    [
        (5 << 20, None, ""),
        (5 << 20, 5 << 20, ""),
        (7 << 20, 5 << 20, "7 MB of memory are held and 5 allowed"),
    ],
)
def test_more_memory_than_allowed_is_too_much(held, allowed, said):
    assert watching(memory=allowed).bloated(held) == said


def test_memory_is_read_as_the_system_tells_it():
    import psutil

    before = guard.resident()
    kept = b"x" * (64 << 20)
    after = guard.resident()
    assert after - before >= len(kept) * 0.9
    assert after == pytest.approx(psutil.Process().memory_info().rss, rel=0.05)


def test_limits_are_read_anew_each_time():
    limits = {"timeout": 100.0}
    found = Guard(0, Still(since=time.monotonic() - 5), lambda: limits["timeout"], lambda: None)
    assert found.hanging(time.monotonic()) == ""
    limits["timeout"] = 1.0
    assert found.hanging(time.monotonic())


def test_a_guard_that_did_not_run_itself_gives_the_others_a_moment(monkeypatch):
    class Clock:
        times = [0.0, 50.0, 50.25]

        def monotonic(self):
            return self.times.pop(0)

        def sleep(self, seconds):
            pass

    def end(why):
        raise StopIteration(why)

    monkeypatch.setattr(guard, "time", Clock())
    monkeypatch.setattr(guard, "_end", end)
    one = Guard(os.getppid(), Still(since=0.0), lambda: 10.0, lambda: None)
    with pytest.raises(StopIteration, match="has not answered for 50"):
        one._run()
    assert Clock.times == []
