"""Jobs that compare algorithms in processes of their own: whatever ends the job ends those."""

import os
import signal
import time

import numpy as np
import pandas as pd
import psutil
import pytest

from aiaas_magics import frames
from aiaas_magics.specs.jobs import JobState
from aiaas_magics.specs.train import TrainSpec
from aiaas_magics.testing.backend import states

pytestmark = pytest.mark.timeout(120)


def until(true, seconds=60.0):
    """Return what has become true."""
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)
    return found


@pytest.fixture
def comparing(backend):
    """A job in the middle of a comparison that would take minutes, its pid and its children."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(60_000, 20)), columns=[f"x{i}" for i in range(20)])
    frame["y"] = np.where(frame["x0"] * frame["x1"] > 0, "a", "b")
    spec = TrainSpec(
        data=frames.write(frame, backend.put), target="y", algo="auto", as_="m", trials=500,
        algos=("logistic_regression", "random_forest"),
    )  # fmt: skip
    job = backend.submit(spec)
    until(lambda: backend.home.runs.get(job).state is JobState.RUNNING)
    pid = next(living.pid for living in backend.home.runs.living() if living.id == job)
    return job, pid, until(lambda: psutil.Process(pid).children(recursive=True))


def gone(children):
    return all(not p.is_running() or p.status() == psutil.STATUS_ZOMBIE for p in children)


def test_a_cancelled_comparison_leaves_no_process(backend, comparing):
    job, _, children = comparing
    backend.cancel(job)
    assert states(backend, job)[-1] == "CANCELLED"
    until(lambda: gone(children))
    assert backend.query("models") == []


def test_a_killed_worker_leaves_no_process(backend, comparing):
    job, pid, children = comparing
    os.kill(pid, signal.SIGKILL)
    until(lambda: gone(children))
    assert states(backend, job)[-1] == "LOST"


def test_a_stopped_comparison_keeps_the_best_so_far(backend, comparing):
    job, _, children = comparing
    backend.stop(job)
    assert states(backend, job)[-1] == "SUCCEEDED"
    result = backend.result(job)
    assert result.partial
    assert 0 < len(result.leaderboard) < 500
    assert backend.query("models")[0].partial
    until(lambda: gone(children))
