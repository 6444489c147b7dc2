"""The master of an endpoint that does not start: it says why, and leaves no process."""

import logging
import signal
import socket
import sys

import psutil
import pytest

from aiaas_magics import errors
from aiaas_magics.serving import master, plan
from aiaas_magics.specs.records import Signature
from aiaas_magics.specs.serving import Plan, Served

SERVED = Served(
    model="m@1", folder="f", digest="d", signature=Signature(inputs=(("x", "double"),), output="y")
)
HEARD = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)


@pytest.fixture
def started(tmp_path, monkeypatch):
    """Start a master whose workers are a line of shell, and return what it raises."""
    before = {number: signal.getsignal(number) for number in HEARD}

    def start(line):
        program = tmp_path / "program"
        program.write_text(f"#!/bin/sh\n{line}\n")
        program.chmod(0o700)
        monkeypatch.setattr(sys, "executable", str(program))
        plan.write(tmp_path, Plan(endpoint="api", workers=2, versions=(SERVED,)))
        one = master.Master(tmp_path, None, socket.create_server(("127.0.0.1", 0)))
        with pytest.raises(errors.EndpointError) as caught:
            one.start()
        assert [slot.worker.returncode is None for slot in one._slots] == [False, False]
        return caught.value

    yield start
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_worker_that_cannot_be_started_is_tried_again_later(tmp_path, monkeypatch, caplog):
    def full(*words, **more):
        raise BlockingIOError(11, "Resource temporarily unavailable")

    plan.write(tmp_path, Plan(endpoint="api", versions=(SERVED,)))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        one = master.Master(tmp_path, None, listener)
        monkeypatch.setattr(master.subprocess, "Popen", full)
        before = psutil.Process().num_fds()
        pauses = []
        for _ in range(9):
            one._revive(one._slots[0])
            pauses.append(one._slots[0].pause)
        assert psutil.Process().num_fds() == before
    assert pauses[:2] == [2 * master.FIRST, 4 * master.FIRST]
    assert pauses[-1] == master.SLOWEST
    assert "worker 0 cannot be started" in caplog.text


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("exit 3", "its worker ended with status 3"),
        ("kill -9 $$", "its worker was ended by SIGKILL"),
        ("exec sleep 60", "its worker did not answer within 0.2 s"),
    ],
)
def test_a_master_whose_worker_does_not_answer_says_why(started, monkeypatch, caplog, line, why):
    monkeypatch.setattr(master, "START", 0.2 if "sleep" in line else 50.0)
    with caplog.at_level(logging.ERROR):
        assert started(line).hint == why
    assert f"not started: {why}" in caplog.text
