"""Searches killed -9 at random points and gone on with: what was found is not sought again."""

import contextlib
import os
import random
import sys
import time
import types

import msgspec
import pandas as pd
import pytest
import skops.io
import sqlalchemy as sa

from aiaas_magics import frames
from aiaas_magics.backends.local import LocalBackend
from aiaas_magics.execution import process
from aiaas_magics.session import Session
from aiaas_magics.specs.estimators import Estimator, module_name
from aiaas_magics.specs.tune import TuneSpec
from aiaas_magics.store import database as db
from aiaas_magics.testing.backend import states

SLOW = """
import os, time, zlib
import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin

def tell(path, *words):
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(handle, (" ".join(map(str, words)) + "\\n").encode())
    os.close(handle)

class Slow(RegressorMixin, BaseEstimator):
    def __init__(self, log="", shift=0.0):
        self.log = log
        self.shift = shift
    def fit(self, X, y):
        rows = zlib.crc32(np.ascontiguousarray(X, dtype=float).tobytes())
        tell(self.log, self.shift, rows, len(X))
        time.sleep(0.12)
        self.mean_ = float(np.mean(y)) + self.shift
        return self
    def predict(self, X):
        return np.full(len(X), self.mean_)
"""
FOLDS, ROWS = 3, 60
CORES = 2


@pytest.fixture(autouse=True)
def few_cores():
    """Let workers fit no more than two at once, wherever this runs."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(sorted(before)[:CORES]))
    yield
    os.sched_setaffinity(0, before)


def slow(backend, log):
    """Return an estimator of the user's own that takes its time and writes down what it fits."""
    module = types.ModuleType(module_name(SLOW))
    sys.modules[module.__name__] = module
    exec(SLOW, module.__dict__)
    body = backend.put([skops.io.dumps(module.Slow(log=str(log)))])
    return Estimator(body=body, name="Slow", task="regression", source=SLOW)


def asked(backend, log, cells):
    table = pd.DataFrame({"a": range(ROWS), "y": [n * n % 17 / 3 for n in range(ROWS)]})
    return TuneSpec(
        data=frames.write(table, backend.put), target="y", algo="Slow", estimator=slow(backend, log),
        as_="best", cv=FOLDS, test=0.0, params={"shift": [0.1 * n for n in range(cells)]},
    )  # fmt: skip


def opened(home):
    return contextlib.closing(LocalBackend(home, spare=False))


def begun(log):
    """Return (shift, rows) of every fit on a fold that was begun, as often as it was."""
    lines = [line.split() for line in log.read_text().splitlines()] if log.exists() else []
    return [(shift, rows) for shift, rows, count in lines if int(count) < ROWS]


def kept(backend):
    """Return how many folds of candidates are kept."""
    with backend.home.database.read() as connection:
        keys = connection.execute(sa.select(db.memory.c.key).distinct()).scalars().all()
    bodies = [body for key in keys for _, body in backend.home.memory.recall(key)]
    return sum(len(msgspec.msgpack.decode(body)) for body in bodies)


def killed(backend, job, log, chance):
    """Kill a search some fits later; return how many that had begun were lost."""
    enough = len(begun(log)) + chance.randint(1, 3)
    while len(begun(log)) < enough and backend.home.runs.living():
        backend.events("home")
        time.sleep(0.005)
    time.sleep(chance.uniform(0.0, 0.12))
    for living in backend.home.runs.living():
        process.kill_group(living.pid, living.pid_started)
    assert states(backend, job)[-1] == "LOST"
    return len(set(begun(log))) - kept(backend)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("count", [3, pytest.param(20, marks=pytest.mark.long)])
def test_a_killed_search_loses_what_was_in_flight_and_ends_as_if_nothing_had_been(tmp_path, count):
    home, log, chance, cells = tmp_path / "home", tmp_path / "log", random.Random(count), 4 * count
    with opened(home) as backend:
        job = backend.submit(asked(backend, log, cells))
        lost = [killed(backend, job, log, chance)]
        session = Session(backend)
        for _ in range(count - 1):
            job = session.run("tune", "", {"resume": "best", "detach": True}).id
            lost.append(killed(backend, job, log, chance))
        end = session.run("tune", "", {"resume": "best"}).result
        assert backend.home.runs.living() == []
    assert max(lost) <= CORES
    assert len(set(begun(log))) == cells * FOLDS
    assert len(begun(log)) <= cells * FOLDS + sum(lost)
    assert end.remembered.job == job
    with opened(tmp_path / "other") as backend:
        whole = Session(backend).follow(backend.submit(asked(backend, log, cells)))[0].result
    assert told(end) == told(whole)


def told(result):
    """Return what a search found, without how long it took."""
    trials = [(each.params, each.mean, each.std, each.folds, each.rank) for each in result.trials]
    return trials, result.params, result.scores, result.ref, [c.text for c in result.charts]
