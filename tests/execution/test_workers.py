"""Workers as real processes: limits, death, stop and cancel, the spare, the queue."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from aiaas_magics import errors
from aiaas_magics.backends.following import follow
from aiaas_magics.backends.local import LocalBackend
from aiaas_magics.execution import environment, process, queue
from aiaas_magics.execution.spare import Spare
from aiaas_magics.specs.data import DataSpec
from aiaas_magics.specs.jobs import Cause, JobState, Limits
from aiaas_magics.testing.backend import states, wait_for
from aiaas_magics.testing.stages import Count, Fill, Hang, Noop

pytestmark = pytest.mark.timeout(60)
MB = 10**6


def until(true, seconds=20.0):
    """Return when something has become true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def started(backend, job):
    """Return a running job's living record."""
    until(lambda: backend.home.runs.get(job).state is JobState.RUNNING)
    return next(living for living in backend.home.runs.living() if living.id == job)


def end_of(backend, job):
    assert states(backend, job)[-1] in {"SUCCEEDED", "FAILED", "CANCELLED", "LOST"}
    return backend.query("jobs", {"id": job})[0]


@pytest.mark.parametrize(
    ("spec", "limits", "cause", "error"),
    [
        (Fill(size=400 * MB), Limits(memory=300 * MB), Cause.OOM, "OutOfMemory"),
        (Count(steps=1000), Limits(seconds=0.3), Cause.TIMEOUT, "TimedOut"),
    ],
)
def test_a_job_over_its_limit_is_ended_by_itself(backend, spec, limits, cause, error):
    job = end_of(backend, backend.submit(spec, limits=limits))
    assert (job.state, job.cause, job.error["error"]) == (JobState.FAILED, cause, error)


def test_a_worker_that_hangs_is_cancelled_from_outside(backend):
    job = backend.submit(Hang(seconds=30))
    living = started(backend, job)
    time.sleep(0.2)
    backend.cancel(job)
    assert backend.home.runs.get(job).state is JobState.CANCELLED
    until(lambda: not process.alive(living.pid, living.pid_started))


def test_a_killed_worker_s_job_is_lost_and_its_scratch_gone(backend):
    job = backend.submit(Count(steps=1000))
    living = started(backend, job)
    (backend.home.job_folder(job) / "scratch").mkdir()
    os.kill(living.pid, signal.SIGKILL)
    assert end_of(backend, job).state is JobState.LOST
    assert not (backend.home.job_folder(job) / "scratch").exists()
    with pytest.raises(errors.JobLost):
        backend.result(job)


def test_another_process_with_the_same_number_is_not_ours():
    pid = os.getpid()
    assert process.alive(pid, process.started(pid))
    assert not process.alive(pid, 1.0)
    assert not process.alive(None, None)
    assert not process.kill_group(pid, 1.0)


def test_a_defunct_process_is_not_alive():
    child = subprocess.Popen([sys.executable, "-c", ""])
    born = process.started(child.pid)
    until(lambda: process.started(child.pid) is None)
    assert not process.alive(child.pid, born)
    child.wait()


def test_a_restarted_kernel_attaches_again(backend, tmp_path):
    job = backend.submit(Count(steps=12, seconds=0.1))
    wait_for(backend, job, "progress")
    other = LocalBackend(tmp_path / "home", spare=False)
    assert states(other, job)[-1] == "SUCCEEDED"
    assert other.result(job).rows == 12
    other.close()


def test_a_job_waits_for_what_it_names(backend):
    first = backend.submit(Count(steps=6, seconds=0.1, as_="flowers"))
    second = backend.submit(Noop(data="flowers"))
    assert queue.waits_for(backend.home, second) == [first]
    assert backend.home.runs.get(second).state is JobState.QUEUED
    end_of(backend, first)
    assert end_of(backend, second).error["error"] == "NotFound"
    ended = backend.home.runs.get(first).finished
    assert backend.home.runs.get(second).started >= ended


def test_no_more_jobs_run_than_may(backend):
    jobs = [backend.submit(Count(steps=5, seconds=0.05)) for _ in range(10)]
    most = int(backend.home.setting("max_running"))
    while any(not backend.home.runs.get(job).state.final for job in jobs):
        backend.events("home", 10**9)
        active = [
            living for living in backend.home.runs.living() if living.state is not JobState.QUEUED
        ]
        assert len(active) <= most
        time.sleep(0.02)
    assert all(backend.home.runs.get(job).state is JobState.SUCCEEDED for job in jobs)


def test_the_worker_s_own_words_are_in_its_log(backend):
    from aiaas_magics.testing.stages import Fail

    job = backend.submit(Fail(error="ZeroDivisionError", what="by zero"))
    end_of(backend, job)
    assert "ZeroDivisionError: by zero" in (backend.home.job_folder(job) / "log").read_text()
    bare, whole = (backend.query("jobs", {"id": job, "log": log})[0].log for log in (False, True))
    assert (bare, whole.strip().splitlines()[-1]) == ("", "ZeroDivisionError: by zero")


@pytest.mark.parametrize(
    ("error", "asked", "shown"),
    [("DataError", "", False), ("DataError", "1", True), ("UserCodeError", "", True)],
)
def test_what_is_refused_leaves_no_traceback_in_the_log(backend, monkeypatch, error, asked, shown):
    from aiaas_magics.testing.stages import Fail

    monkeypatch.setenv("AIAAS_TRACEBACK", asked)
    job = backend.submit(Fail(error=error))
    assert end_of(backend, job).error["what"] == "it is broken"
    assert ("Traceback" in (backend.home.job_folder(job) / "log").read_text()) == shown


def test_of_a_long_log_the_end_is_read(tmp_path):
    path = tmp_path / "log"
    assert process.tail(path) == ""
    path.write_bytes(b"\xc3\xa9" * process.LOG_TAIL + b"end")
    assert process.tail(path).endswith("éend")
    assert len(process.tail(path).encode(errors="replace")) <= process.LOG_TAIL + 3


def test_the_spare_takes_the_next_job(backend):
    backend.warm()
    pid = backend._spare.pid
    job = backend.submit(Count(steps=3))
    assert backend._spare.pid is None
    assert started(backend, job).pid == pid
    end_of(backend, job)


def test_a_dead_spare_is_no_hindrance(backend):
    backend.warm()
    os.kill(backend._spare.pid, signal.SIGKILL)
    assert end_of(backend, backend.submit(Noop())).state is JobState.SUCCEEDED


def test_a_spare_started_before_an_install_is_not_used(backend, monkeypatch):
    backend.warm()
    pid = backend._spare.pid
    monkeypatch.setattr(sys, "path", [*sys.path, "/new"])
    job = backend.submit(Count(steps=2))
    assert started(backend, job).pid != pid
    until(lambda: process.started(pid) is None)
    end_of(backend, job)


@pytest.mark.parametrize("off", ["environment", "setting"])
def test_spares_can_be_switched_off(backend, monkeypatch, off):
    if off == "environment":
        monkeypatch.setenv("AIAAS_SPARE", "0")
    else:
        monkeypatch.setattr(backend.home, "setting", lambda name: False)
    spare = Spare(backend.home)
    spare.start()
    assert spare.pid is None


KERNEL = """
import sys, time
from pathlib import Path
from aiaas_magics.backends.local import LocalBackend
from aiaas_magics.testing.stages import Count
backend = LocalBackend(Path(sys.argv[1]))
backend.warm()
job = backend.submit(Count(steps=int(sys.argv[2]), seconds=0.05))
backend.warm()
print(job, backend._spare.pid, flush=True)
time.sleep(60)
"""


def kernel(home, steps=20):
    words = [sys.executable, "-c", KERNEL, str(home), str(steps)]
    running = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    job, spare = running.stdout.readline().split()
    return running, job, int(spare)


def killed(running):
    running.kill()
    running.wait()
    running.stdout.close()


def test_a_spare_goes_with_its_kernel_and_a_job_does_not(tmp_path):
    running, job, spare = kernel(tmp_path / "home")
    killed(running)
    until(lambda: process.started(spare) is None)
    backend = LocalBackend(tmp_path / "home", spare=False)
    assert end_of(backend, job).state is JobState.SUCCEEDED
    backend.close()


def test_a_job_of_a_gone_submitter_is_started_by_who_opens_the_home(tmp_path):
    from aiaas_magics.store.home import Home

    home = Home.open(tmp_path / "home")
    job = home.runs.create(Noop()).id
    home.close()
    backend = LocalBackend(tmp_path / "home", spare=False)
    assert end_of(backend, job).state is JobState.SUCCEEDED
    backend.close()


def test_a_cancelled_job_leaves_no_data(backend):
    job = backend.submit(DataSpec(as_="flowers", catalogue="iris"))
    backend.cancel(job)
    for _ in follow(backend, job):
        pass
    if backend.home.runs.get(job).state is JobState.CANCELLED:
        assert backend.query("data") == []


def test_a_job_no_worker_can_start_is_given_up(backend, monkeypatch):
    monkeypatch.setattr(queue, "worker_env", lambda: {"PYTHONHOME": "/nowhere"})
    backend._spare.close()
    job = end_of(backend, backend.submit(Noop()))
    assert (job.state, job.cause) == (JobState.FAILED, Cause.SETUP)


def test_mentions_are_names_without_versions():
    from aiaas_magics.specs.evaluate import EvaluateSpec

    spec = EvaluateSpec(model="clf@3", data="sha256:" + "0" * 64, against="other@1")
    assert queue.mentions(msgspec.to_builtins(spec)) == ["clf", "other"]


def test_workers_import_neither_notebook_nor_widgets():
    code = "import sys, aiaas_magics.execution.worker; print({'IPython', 'ipywidgets'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
    assert Path(sys.executable).exists()


def test_a_spec_that_is_refused_by_now_blocks_no_other_job(backend):
    setup = environment.describe()
    old = backend.home.runs.create(
        Noop(), about="", key=None, limits=None, user="u", setup=setup
    ).id
    with backend.home.database.write() as connection:
        stored = (b'{"kind":"train","algo":"gone"}',)
        connection.exec_driver_sql("UPDATE jobs SET verb = 'train', spec = ?", stored)
    new = end_of(backend, backend.submit(Noop()))
    assert new.state is JobState.SUCCEEDED
    assert backend.query("jobs", {"id": old, "spec": True})[0].spec["algo"] == "gone"
    assert end_of(backend, old).state is JobState.FAILED
