"""Kernels and workers killed -9 at random points: what was acknowledged stays, nothing else is left."""

import contextlib
import random
import subprocess
import sys
import time

import pytest

from aiaas_magics import frames
from aiaas_magics.backends.local import LocalBackend
from aiaas_magics.execution import process
from aiaas_magics.specs.jobs import JobState
from aiaas_magics.store import garbage
from aiaas_magics.testing.backend import states

KERNEL = """
import sys
from pathlib import Path
import numpy as np, pandas as pd
from aiaas_magics import frames
from aiaas_magics.backends.local import LocalBackend
from aiaas_magics.specs.data import DataSpec
from aiaas_magics.specs.evaluate import EvaluateSpec
from aiaas_magics.specs.train import TrainSpec
from aiaas_magics.testing.backend import states

backend, number = LocalBackend(Path(sys.argv[1])), int(sys.argv[2])
def done(spec):
    job = backend.submit(spec)
    print("job", job, flush=True)
    backend.warm()
    if states(backend, job)[-1] == "SUCCEEDED":
        print("ref", getattr(backend.result(job), "ref", job), flush=True)
backend.warm()
for turn in range(100):
    X = np.random.default_rng(1000 * number + turn).normal(size=(200, 3))
    frame = pd.DataFrame(X, columns=["a", "b", "c"]).assign(word="x")
    done(DataSpec(as_="table", frame=frames.write(frame, backend.put)))
    done(TrainSpec(data="table", target="a", algo="random_forest", as_="m", params={"n_estimators": 20}))
    done(EvaluateSpec(model="m", shuffles=1, repeats=100))
"""


def killed(home, number, chance):
    """Let a kernel work and kill it, or its workers and then it; return what it had acknowledged."""
    words = [sys.executable, "-c", KERNEL, str(home), str(number)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as kernel:
        said = [kernel.stdout.readline() for _ in range(chance.randint(1, 6))]
        time.sleep(chance.uniform(0.0, 0.5))
        if number % 2:
            with contextlib.closing(LocalBackend(home, spare=False)) as backend:
                for living in backend.home.runs.living():
                    process.kill_group(living.pid, living.pid_started)
            time.sleep(chance.uniform(0.0, 0.5))
        kernel.kill()
        return [line.split() for line in (*said, *kernel.stdout) if line.endswith("\n")]


def strangers(home):
    """Return every file in a home that nothing accounts for."""
    named = garbage.named(home)
    known = {info.ref.replace("@", "/") for info in home.registry.select()}
    jobs = {job.id for job in home.runs.select()} | {"spare.log"}
    folders = (str(p.relative_to(home.path / "models")) for p in home.path.glob("models/*/*"))
    return [
        *(ref for ref, _ in home.blobs.ages() if ref not in named),
        *(path for path in home.path.glob("*/.*")),
        *(folder for folder in folders if folder not in known),
        *(path for path in home.path.glob("jobs/*") if path.name not in jobs),
        *home.path.glob("jobs/*/scratch"),
    ]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("count", [4, pytest.param(50, marks=pytest.mark.long)])
def test_nothing_acknowledged_is_lost_nothing_runs_for_ever_nothing_is_left(tmp_path, count):
    path, chance = tmp_path / "home", random.Random(count)
    said = [line for number in range(count) for line in killed(path, number, chance)]
    with contextlib.closing(LocalBackend(path, spare=False)) as backend:
        ends = {job: states(backend, job)[-1] for word, job in said if word == "job"}
    assert set(ends.values()) <= {"SUCCEEDED", "FAILED", "LOST"}
    with contextlib.closing(LocalBackend(path, spare=False)) as backend:
        home = backend.home
        assert home.runs.living() == []
        home.collect()
        assert strangers(home) == []
        kept = [ref for word, ref in said if word == "ref"]
        assert kept
        for ref in kept:
            check(home, ref)


def check(home, ref):
    """Fail unless what was acknowledged is there and whole."""
    if ref.startswith("table@"):
        assert len(frames.read(home.datasets.find(ref).frame, home.blobs.path)) == 200
    elif ref.startswith("m@"):
        assert (home.registry.folder(ref) / "MLmodel").exists()  # the seal was checked
    else:
        assert home.runs.get(ref).state is JobState.SUCCEEDED
        assert all(home.blobs.has(chart.png) for chart in home.runs.result(ref).charts)
