"""The queue: what may start, what has died, what must be cleared away.

Whoever opens a home runs :func:`pump`; there is no broker. Starting twice does no harm: only one
worker wins the compare-and-set from QUEUED.
"""

from __future__ import annotations

import itertools
import os
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from aiaas_magics import errors, specs
from aiaas_magics.execution import process
from aiaas_magics.execution.environment import worker_env
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.jobs import Cause, JobState
from aiaas_magics.store.home import Home
from aiaas_magics.store.runs import Living

ACTIVE = (JobState.STARTING, JobState.RUNNING, JobState.STOPPING, JobState.CANCELLING)
GRACE = 5.0
"""Seconds past its time limit after which a job is ended from outside: its own supervisor hangs."""

Launch = Callable[[str], object]


def launch(home: Home, job: str) -> int:
    """Start a cold worker for a job and return its pid."""
    words = ["aiaas_magics.execution.worker", "--home", str(home.path), "--job", job]
    return process.spawn(words, worker_env(), log=home.job_folder(job) / "log")


def log(home: Home, job: str) -> str:
    """Return the end of what a job's worker wrote."""
    return process.tail(home.path / "jobs" / job / "log")


def pump(home: Home, start: Launch | None = None, skip: Iterable[str] = ()) -> list[str]:
    """Reap what has died, then start what may start; return the jobs started.

    `skip` are jobs whose worker is on its way already.
    """
    living = home.runs.living()
    alive = [job for job in living if not reap(home, job)]
    waiting = [job for job in alive if job.state is JobState.QUEUED]
    skipped = set(skip)
    busy = [job for job in alive if job.state is not JobState.QUEUED and not _rests(home, job)]
    free = int(home.setting("max_running")) - len(busy) - len(skipped)
    begun: list[str] = []
    for job in waiting:
        if len(begun) >= free:
            break
        if job.id not in skipped and not waits_for(home, job.id, alive):
            (start or (lambda name: launch(home, name)))(job.id)
            begun.append(job.id)
    return begun


def _rests(home: Home, job: Living) -> bool:
    """Tell whether a job only looks now and then: with one a core nothing else would ever start."""
    kind = specs.spec_types().get(job.verb)
    return bool(kind and kind.RESTS and home.runs.asked(job.id).get(kind.RESTS))


def waits_for(home: Home, job: str, living: Sequence[Living] | None = None) -> list[str]:
    """Return the unfinished older jobs (of `living`, oldest first) that make what this job's spec names."""
    wanted = set(mentions(home.runs.asked(job)))
    if not wanted:
        return []
    known = home.runs.living() if living is None else living
    older = itertools.takewhile(lambda other: other.id != job, known)
    return [other.id for other in older if other.about in wanted]


def mentions(asked: Mapping[str, JSON]) -> list[str]:
    """Return the names of the data and models that what was asked of a job works on."""
    refs = (asked.get(field) for field in ("data", "model", "against", "sample", "labels"))
    return [
        ref.partition("@")[0]
        for ref in refs
        if isinstance(ref, str) and not ref.startswith("sha256:")
    ]


def reap(home: Home, job: Living) -> bool:
    """End a job whose process is gone or hangs past its limits; True if it was ended here."""
    if job.state is JobState.QUEUED:
        return False
    if not process.alive(job.pid, job.pid_started):
        return _bury(home, job)
    overdue = job.seconds is not None and job.started is not None
    if overdue and time.time() > (job.started or 0) + (job.seconds or 0) + GRACE:
        process.kill_group(job.pid, job.pid_started)
        return fail(home, job.id, too_long(job.seconds or 0), Cause.TIMEOUT)
    return False


def _bury(home: Home, job: Living) -> bool:
    if job.state is JobState.CANCELLING:
        return finish_cancelled(home, job.id)
    kind = specs.spec_types().get(job.verb)
    resumes = kind is not None and kind.RESUMES
    error = errors.JobLost(
        f"job {job.id} was lost: its process ended without a word",
        "it was killed, or the machine ran out of memory or was restarted",
        f"%aiaas_{job.verb} --resume {job.about}" if resumes else f"%aiaas_jobs logs {job.id}",
    )
    frm = (JobState.STARTING, JobState.RUNNING, JobState.STOPPING)
    lost = home.runs.move(job.id, JobState.LOST, frm=frm, error=errors.to_record(error))
    if lost:
        discard(home, job.id)
    return lost


def finish_queued(home: Home, job: str) -> bool:
    """Cancel a job that has not started; False if it has."""
    return finish_cancelled(home, job, frm=(JobState.QUEUED,))


def finish_cancelled(
    home: Home, job: str, frm: Iterable[JobState] = (JobState.CANCELLING,)
) -> bool:
    """Move a cancelled job to its end and leave nothing of it but its log."""
    error = errors.to_record(errors.JobCancelled(f"job {job} was cancelled", "it left no artefact"))
    done = home.runs.move(job, JobState.CANCELLED, frm=tuple(frm), error=error)
    if done:
        discard(home, job)
    return done


def fail(home: Home, job: str, error: errors.AiaasError, cause: Cause) -> bool:
    """Move a job to FAILED and leave nothing of it but its log."""
    frm = (JobState.STARTING, JobState.RUNNING, JobState.STOPPING)
    done = home.runs.move(job, JobState.FAILED, frm=frm, error=errors.to_record(error), cause=cause)
    if done:
        discard(home, job)
    return done


def give_up(home: Home, job: str) -> bool:
    """Fail a job whose workers die before they begin: one more would die as well."""
    pid = os.getpid()
    if not home.runs.start(job, pid, process.started(pid) or time.time()):
        return False
    error = errors.InternalError(
        f"no worker could start job {job}",
        "each ended before it began; its log may say why",
        f"%aiaas_jobs logs {job}",
    )
    return fail(home, job, error, Cause.SETUP)


def discard(home: Home, job: str) -> None:
    """Remove a job's scratch and whatever it registered before it failed."""
    shutil.rmtree(home.job_folder(job) / "scratch", ignore_errors=True)
    home.registry.discard(job)
    home.datasets.discard(job)


def too_long(seconds: float) -> errors.TimedOut:
    """Return the error of a job over its time limit."""
    return errors.TimedOut(
        f"the job took longer than {seconds:g} s",
        "that was its limit",
        f"--timeout {2 * seconds:g}",
    )


def sweep(home: Home) -> int:
    """Clear what dead processes left: temporaries, folders without rows, scratch of ended jobs."""
    unfinished = {job.id for job in home.runs.living()}
    dead = [p for p in home.path.glob("jobs/*/scratch") if p.parent.name not in unfinished]
    for path in dead:
        shutil.rmtree(path, ignore_errors=True)
    return len(dead) + home.sweep()
