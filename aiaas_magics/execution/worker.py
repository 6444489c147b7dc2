"""A worker: one process, one job.

``--job J`` runs a job at once; without it the process loads its libraries and waits on standard
input for the job it will run: the spare.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib
import json
import os
import select
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from aiaas_magics import engines, errors, specs
from aiaas_magics.execution import environment, process, queue
from aiaas_magics.execution.context import WorkerContext
from aiaas_magics.execution.supervisor import Supervisor
from aiaas_magics.specs.base import Result, tag_of
from aiaas_magics.specs.jobs import Cause, JobState
from aiaas_magics.store.home import Home

WARM = (
    "pandas",
    "sklearn.pipeline",
    "sklearn.compose",
    "sklearn.ensemble",
    "sklearn.linear_model",
    "sklearn.model_selection",
    "sklearn.metrics",
    "sklearn.inspection",
    "sklearn.feature_extraction.text",
    "skops.io",
    "cryptography.hazmat.primitives.asymmetric.ed25519",
    "psutil",
    *(
        f"aiaas_magics.engines.{stage}"
        for stage in ("data", "prepare", "train", "tune", "evaluate", "deploy")
    ),
)
"""What most jobs need: loaded while nobody waits."""

PACKAGES = {"sklearn": "scikit-learn", "vl_convert": "vl-convert-python"}
"""Packages that are installed under another name than they are imported by."""

CAUSES: tuple[tuple[type[BaseException], Cause], ...] = (
    (errors.UserCodeError, Cause.USER_CODE),
    (errors.MissingLibrary, Cause.SETUP),
    (errors.InternalError, Cause.SETUP),
    (errors.OutOfMemory, Cause.OOM),
    (errors.TimedOut, Cause.TIMEOUT),
    (errors.AiaasError, Cause.DATA),
)


def main(argv: list[str] | None = None) -> int:
    """Run one job; return the exit status."""
    parser = argparse.ArgumentParser(prog="aiaas-worker")
    parser.add_argument("--home", required=True, type=Path)
    parser.add_argument("--job")
    words = parser.parse_args(argv)
    parent = os.getppid()
    home = Home.open(words.home)
    job, env = words.job, None
    if job is None:
        warm_up(home)
        message = wait(home, parent, 60.0 * float(home.setting("spare_minutes")))
        if message is None:
            return 0
        job, env = message["job"], message["env"]
        redirect(home.job_folder(job) / "log")
    run(home, job, env)
    return 0


def warm_up(home: Home) -> None:
    """Load what most jobs need."""
    home.runs.living()
    for name in WARM:
        if select.select([sys.stdin], [], [], 0)[0]:
            return  # somebody wants us already: the job loads what it needs itself
        importlib.import_module(name)
    importlib.import_module("aiaas_magics.engines.rehearsal").rehearse()
    specs.spec_types()
    gc.collect()
    gc.freeze()  # what is loaded stays: a collection within a job need not look at all of it (50 to 100 ms)


def wait(home: Home, parent: int, seconds: float) -> dict[str, Any] | None:
    """Return the message that comes by the pipe; None if the parent goes or nobody wants us.

    A child that the parent forked holds the pipe open, so its end alone would not tell. The first
    second in which nobody wants us, the home is tidied.
    """
    end, tidy = time.monotonic() + seconds, False
    while os.getppid() == parent and time.monotonic() < end:
        if select.select([sys.stdin], [], [], 1.0)[0]:
            line = sys.stdin.readline()
            sys.stdin.close()
            found: dict[str, Any] | None = json.loads(line) if line else None
            return found
        if not tidy:
            home.collect()
            tidy = True
    return None


def redirect(log: Path) -> None:
    """Let standard output and error go to a job's log, and let go of the pipe."""
    target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, number in ((nothing, 0), (target, 1), (target, 2)):
        os.dup2(source, number)
    os.close(target)
    os.close(nothing)


def run(home: Home, job: str, env: dict[str, str] | None) -> None:
    """Carry out a job from QUEUED to its end, then start what waits."""
    environment.adopt(home.runs.setup(job), env)
    pid = os.getpid()
    if not home.runs.start(job, pid, process.started(pid) or time.time()):
        return
    supervisor = Supervisor(home, job, home.runs.limits(job))
    supervisor.start()
    try:
        spec = home.runs.spec(job)
        supervisor.endless = spec.endless
        context = WorkerContext(home, job, supervisor, home.runs.get(job).user)
        result = engines.find(tag_of(spec))(spec, context)
    except BaseException as error:  # noqa: BLE001 - whatever it was, the job must end in the store
        _log(error)
        _failed(home, job, supervisor, error)
    else:
        _succeeded(home, job, supervisor, result)
    with contextlib.suppress(errors.AiaasError):  # the next opener of the home will do it
        queue.pump(home)


def _log(error: BaseException) -> None:
    """Write the traceback of what nobody expected and of the user's own code.

    What we refuse stands in the job's record, in words; a traceback would add our own lines only
    ($AIAAS_TRACEBACK asks for them).
    """
    with_traceback = errors.UserCodeError | errors.InternalError
    refused = isinstance(error, errors.AiaasError) and not isinstance(error, with_traceback)
    if not refused or os.environ.get("AIAAS_TRACEBACK"):
        traceback.print_exception(error)


def _succeeded(home: Home, job: str, supervisor: Supervisor, result: Result) -> None:
    news = supervisor.finish()
    _clear_scratch(home, job)
    frm = (JobState.RUNNING, JobState.STOPPING)
    if not home.runs.move(
        job, JobState.SUCCEEDED, frm=frm, result=result, partial=result.partial, also=news
    ):
        queue.finish_cancelled(home, job)


def _failed(home: Home, job: str, supervisor: Supervisor, error: BaseException) -> None:
    news = supervisor.finish()
    if news:
        home.runs.tell_many(news)
    if isinstance(error, MemoryError):
        error = errors.OutOfMemory(
            "the job ran out of memory", "the machine had no more", "use fewer rows"
        )
    if isinstance(error, ModuleNotFoundError):
        module = str(error.name).partition(".")[0]
        package = PACKAGES.get(module, module)
        error = errors.MissingLibrary(
            f"{error.name} is not installed", "this step needs it", f"%pip install {package}"
        )
    ours = errors.from_record(errors.to_record(error))
    cause = next(cause for kind, cause in CAUSES if isinstance(ours, kind))
    if not queue.fail(home, job, ours, cause):
        queue.finish_cancelled(home, job)


def _clear_scratch(home: Home, job: str) -> None:
    import shutil

    shutil.rmtree(home.job_folder(job) / "scratch", ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
