"""A worker that gives no sign of life is killed and another comes; one that has much to do is left alone."""

import contextlib
import http.client
import json
import os
import signal
import socket
import sys
import threading
import time

import pytest

from aiaas_magics.serving import heart, plan
from aiaas_magics.serving.heart import MARGIN, OPENS, STEP, Heart, Pulse
from aiaas_magics.serving.master import Master
from aiaas_magics.specs.records import Signature
from aiaas_magics.specs.serving import Plan, Served, ServingLimits

TOKEN = "t" * 43
TIMEOUT = 2.0


@pytest.fixture
def pipe():
    """A worker's heart and what its master hears of it."""
    read, write = os.pipe()
    beating, pulse = Heart(write), Pulse(read)
    yield beating, pulse
    pulse.close()
    with contextlib.suppress(OSError):
        os.close(write)


def silent(pulse, seconds):
    """Let a master look at a pulse each fifth of a second, for so long."""
    now = pulse._looked
    for step in range(1, round(5 * seconds) + 1):
        pulse.look(now + step / 5)
    return pulse.gone(TIMEOUT)


def test_silence_beyond_the_timeout_and_a_margin_is_the_end(pipe):
    beating, pulse = pipe
    beating.ready()
    assert silent(pulse, TIMEOUT + MARGIN - 1) == ""
    assert silent(pulse, 2).startswith("no sign of life for 13 s")
    beating._say(heart.WELL)
    assert silent(pulse, 0.2) == ""


def test_a_worker_that_starts_or_opens_a_version_has_longer(pipe):
    beating, pulse = pipe
    assert silent(pulse, OPENS - 1) == ""
    beating.ready()
    with beating.opening():
        assert silent(pulse, OPENS - 1) == ""
    beating._say(heart.WELL)
    assert silent(pulse, TIMEOUT + MARGIN + 1)


def test_a_master_that_did_not_run_blames_no_worker(pipe):
    beating, pulse = pipe
    beating.ready()
    pulse.look(pulse._looked + 0.2)
    pulse.look(pulse._looked + 3_600)
    assert pulse._silent <= STEP
    assert pulse.gone(TIMEOUT) == ""


def test_a_full_pipe_keeps_no_worker_waiting(pipe):
    beating, pulse = pipe
    for _ in range(70_000):
        beating._say(heart.WELL)
    pulse.look(time.monotonic())
    assert pulse.gone(0.0) == ""


def test_a_worker_that_ends_before_it_is_ready_is_heard_of(pipe):
    beating, pulse = pipe
    os.close(beating._pipe)
    assert pulse.await_ready(60)
    assert (pulse.ready, pulse.ended) == (False, True)


def test_a_worker_that_is_not_ready_in_time_is_late(pipe):
    beating, pulse = pipe
    beating._say(heart.WELL)
    assert not pulse.await_ready(0.01)


PROGRAM = """#!{python}
import os, re, sys
sys.argv = sys.argv[4:]  # -P -m aiaas_magics.serving.worker
import numpy as np
from aiaas_magics.predictors.base import Outcome
from aiaas_magics.serving import loading, worker
class Holds:
    tier, inline = "holds", {inline}
    def __init__(self, signature):
        self.signature = signature
    def predict(self, rows, *, proba):
        if 13.0 in rows.columns()["x"]:
            re.match(r"(a+)+$", "a" * 60 + "b")
        return Outcome(np.ones(rows.n), None)
loading.opened = lambda served: loading.Opened(Holds(served.signature), False)
sys.exit(worker.main(sys.argv))
"""


@pytest.fixture
def started(tmp_path, monkeypatch):
    """Start a master of one worker whose model holds Python's lock at 13; return it and its port."""
    heard = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
    before = {number: signal.getsignal(number) for number in heard}
    monkeypatch.setattr(heart, "MARGIN", 2.0)
    with contextlib.ExitStack() as stack:

        def start(*, inline=True):
            program = tmp_path / "program"
            program.write_text(PROGRAM.format(python=sys.executable, inline=inline))
            program.chmod(0o700)
            monkeypatch.setattr(sys, "executable", str(program))
            (tmp_path / "token").write_text(TOKEN)
            signature = Signature(inputs=(("x", "double"),), output="y")
            served = Served(model="m@1", folder="f", digest="d", signature=signature)
            limits = ServingLimits(timeout=0.5)
            plan.write(tmp_path, Plan(endpoint="api", limits=limits, versions=(served,)))
            listener = socket.create_server(("127.0.0.1", 0))
            listener.set_inheritable(True)
            one = Master(tmp_path, tmp_path / "token", listener)
            stack.callback(one.end)
            one.start()
            return one, listener.getsockname()[1]

        yield start
    for number, handler in before.items():
        signal.signal(number, handler)


def ask(port, value):
    """Return the status of a prediction."""
    told = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as one:
        one.request("POST", "/predict", json.dumps({"X_test": [[value]]}), told)
        return one.getresponse().status


def while_it_runs(master, do):
    """Let a master run while something is done; return what that was."""
    found = []

    def work():
        try:
            found.append(do())
        finally:
            master._leaving = True

    thread = threading.Thread(target=work)
    thread.start()
    master.run()
    thread.join()
    return found[0]


def another(master, pid):
    """Wait for a worker of another number, and return whether it came."""
    end = time.monotonic() + 40
    while time.monotonic() < end:
        worker = master._slots[0].worker
        if worker is not None and worker.pid != pid:
            return True
        time.sleep(0.02)
    return False


def test_a_worker_that_is_stopped_is_killed_and_another_answers(started, caplog):
    master, port = started()
    pid = master._slots[0].worker.pid

    def stop():
        assert ask(port, 1.0) == 200
        os.kill(pid, signal.SIGSTOP)
        return another(master, pid), ask(port, 1.0)

    assert while_it_runs(master, stop) == (True, 200)
    assert f"worker {pid} gives no sign of life for " in caplog.text
    assert f"worker {pid} ended with -9; starting another" in caplog.text


@pytest.mark.parametrize("inline", [True, False])
def test_a_model_that_holds_pythons_lock_takes_down_its_own_request_only(started, inline):
    master, port = started(inline=inline)
    pid = master._slots[0].worker.pid

    def hang():
        with pytest.raises((OSError, http.client.HTTPException)):
            ask(port, 13.0)
        return another(master, pid), ask(port, 1.0)

    assert while_it_runs(master, hang) == (True, 200)
