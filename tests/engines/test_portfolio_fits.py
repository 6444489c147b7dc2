"""Fits in processes of their own: what comes back, what ends them, and that nothing is left."""

import os
import signal
import subprocess
import sys
import time

import psutil

from aiaas_magics.engines.portfolio.fits import Running


def gone(pid):
    """Wait until a process has ended; defunct counts."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
    return False


def test_what_a_function_returns_comes_back():
    assert Running(divmod, 7, 2).result() == (3, 1)


def test_a_process_that_dies_gives_nothing():
    assert Running(os._exit, 9).result() is None
    assert Running(signal.raise_signal, signal.SIGKILL).result() is None


def test_a_process_is_ended_at_once_and_twice_is_no_error():
    process = Running(time.sleep, 600)
    pid = process._process.pid
    process.end()
    process.end()
    assert gone(pid)


def test_an_interrupt_is_not_the_child_s_to_obey():
    process = Running(_interrupted)
    assert process.result() == "went on"


def _interrupted():
    os.kill(os.getpid(), signal.SIGINT)
    return "went on"


PARENT = """
import os, time
from aiaas_magics.engines.portfolio.fits import Running
process = Running(time.sleep, 600)
print(process._process.pid, flush=True)
time.sleep(600)
"""


def test_a_child_dies_with_its_parent_however_that_ends():
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert gone(child)
