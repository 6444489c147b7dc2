"""The embedded backend: this machine's processes and one home. No server, no broker."""

from __future__ import annotations

import contextlib
import functools
import getpass
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from aiaas_magics import errors
from aiaas_magics.backends.base import KINDS
from aiaas_magics.execution import endpoints, environment, logs, process, queue, rollouts
from aiaas_magics.execution.spare import Spare
from aiaas_magics.specs import rollout
from aiaas_magics.specs.base import JSON, Command, Record, Result, Spec, tag_of
from aiaas_magics.specs.jobs import Event, Job, JobState, Limits
from aiaas_magics.specs.records import Applied
from aiaas_magics.store import builds
from aiaas_magics.store.home import Home

PUMP_EVERY = 0.5
"""Seconds between two looks after the queue while somebody follows a job."""
OBEY = 0.5
"""Seconds a worker has to obey a cancel by itself before it is killed."""
TRIES = 3
"""Workers that may die before they begin until their job is given up."""
LAUNCHED = 20.0
"""Seconds a worker may take to load its libraries before its job is started once more."""


class LocalBackend:
    """The eight verbs on a home of this machine."""

    def __init__(self, path: Path | None = None, *, spare: bool = True) -> None:
        self.home = Home.open(path)
        self._spare = Spare(self.home) if spare else None
        self._launched: dict[str, tuple[int, float]] = {}
        self._deaths: Counter[str] = Counter()
        self._pumped = 0.0
        self.user = getpass.getuser()
        queue.sweep(self.home)
        endpoints.reap(self.home)
        self._pump()

    @property
    def folder(self) -> Path:
        """The home's folder."""
        return self.home.path

    def warm(self) -> None:
        """Keep a warm process ready for the next job."""
        if self._spare is not None:
            self._spare.start()

    def submit(self, spec: Spec, *, key: str | None = None, limits: Limits | None = None) -> str:
        """Queue a job, and start it if it may."""
        about = str(getattr(spec, "as_", "") or "")
        if spec.MAKES and about:
            self.home.check_free(about, spec.MAKES)
        job = self.home.runs.create(
            spec, about=about, key=key, limits=limits, user=self.user, setup=environment.describe()
        )
        if job.state is JobState.QUEUED:
            self._pump()
        return job.id

    def stop(self, job: str) -> None:
        """Ask for the best so far."""
        if queue.finish_queued(self.home, job):  # it made nothing yet: it ends without a best
            self._recall(job)
        else:
            self.home.runs.move(job, JobState.STOPPING, frm=(JobState.RUNNING,))

    def cancel(self, job: str) -> None:
        """End a job: it obeys by itself, or is killed."""
        runs = self.home.runs
        runs.get(job)
        if queue.finish_queued(self.home, job):
            self._recall(job)
            return
        frm = (JobState.STARTING, JobState.RUNNING, JobState.STOPPING)
        runs.move(job, JobState.CANCELLING, frm=frm)
        end = time.monotonic() + OBEY
        while runs.get(job).state is JobState.CANCELLING and time.monotonic() < end:
            time.sleep(0.01)
        for living in runs.living():
            if living.id == job:
                process.kill_group(living.pid, living.pid_started)
                queue.finish_cancelled(self.home, job)

    def result(self, job: str) -> Result:
        """Return what a job answered, or raise what it raised."""
        record = self.home.runs.get(job)
        if not record.state.final:
            raise errors.JobNotFinished(
                f"job {job} is {record.state.value}",
                "it has no result yet",
                f"%aiaas_jobs attach {job}",
            )
        if record.error is not None:
            raise errors.from_record(record.error)
        result = self.home.runs.result(job)
        if result is None:
            raise errors.InternalError(
                f"job {job} ended without a result", "", f"%aiaas_jobs logs {job}"
            )
        return result

    def query(self, kind: str, where: Mapping[str, JSON] | None = None) -> list[Record]:
        """Return records of a kind, newest first."""
        if kind not in KINDS:
            raise errors.UsageError(
                f"no kind {kind!r} to ask for", errors.did_you_mean(kind, KINDS)
            )
        return _QUERIES[kind](self, dict(where or {}))

    def apply(self, command: Command) -> Applied:
        """Carry out a small change."""
        tag = tag_of(command)
        if tag not in _COMMANDS:
            raise errors.UsageError(f"no command {tag!r}", errors.did_you_mean(tag, _COMMANDS))
        return _COMMANDS[tag](self, command)

    def events(self, scope: str, after: int = 0, *, limit: int = 1000) -> list[Event]:
        """Return events past `after`; look after the queue now and then."""
        if time.monotonic() - self._pumped > PUMP_EVERY:
            self._pump()
        return self.home.runs.events(scope, after, limit)

    def put(self, body: Path | Iterable[bytes], *, ref: str | None = None) -> str:
        """Store bytes by content."""
        return self.home.blobs.put(body, ref=ref)

    def fetch(self, ref: str) -> Iterator[bytes]:
        """Yield stored bytes."""
        return self.home.blobs.fetch(ref)

    def locate(self, ref: str) -> Path:
        """Return the file that holds stored bytes: they are on this machine already."""
        return self.home.blobs.path(ref)

    def close(self) -> None:
        """Let go of the spare and the database; jobs and endpoints go on."""
        if self._spare is not None:
            self._spare.close()
        self.home.close()

    def _pump(self) -> None:
        self._pumped = time.monotonic()
        now = time.monotonic()
        for job, (pid, since) in list(self._launched.items()):
            queued = self.home.runs.get(job).state is JobState.QUEUED
            if process.reap_child(pid) or (queued and now - since > LAUNCHED):
                del self._launched[job]
                self._deaths[job] += queued
                if self._deaths[job] >= TRIES:
                    queue.give_up(self.home, job)
        on_their_way = [j for j in self._launched if self.home.runs.get(j).state is JobState.QUEUED]
        queue.pump(self.home, self._start, skip=on_their_way)

    def _recall(self, job: str) -> None:
        """End a worker that is on its way to a job which has ended."""
        pid, _ = self._launched.pop(job, (None, 0.0))
        if pid is not None and process.kill_group(pid, process.started(pid)):
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)

    def _start(self, job: str) -> None:
        pid = self._spare.adopt(job) if self._spare is not None else None
        self._launched[job] = (pid or queue.launch(self.home, job), time.monotonic())


Where = dict[str, JSON]
BY_ROW = ("id", "verb", "about", "state", "user")
"""Fields of a job that its row has a column for: the database looks for them."""


def _matching(records: Iterable[Record], where: Where) -> list[Any]:
    """Return the records whose fields equal `where`, at most its limit.

    Raises `UsageError` for an unknown field.
    """
    found, limit = list(records), where.pop("limit", None)
    for name in where:
        if found and not hasattr(found[0], name):
            known = errors.did_you_mean(name, found[0].__struct_fields__)
            raise errors.UsageError(f"no field {name!r} to ask for", known)
    return [r for r in found if all(getattr(r, name) == value for name, value in where.items())][
        :limit
    ]


def _jobs(backend: LocalBackend, where: Where) -> list[Job]:
    import msgspec

    with_log, with_spec = bool(where.pop("log", False)), bool(where.pop("spec", False))
    for job in backend.home.runs.living():
        queue.reap(backend.home, job)
    known = {name: where.pop(name) for name in BY_ROW if name in where}
    limit = where.get("limit") if set(where) <= {"limit"} else None
    found = _matching(backend.home.runs.select(known, limit), where)
    if with_spec:
        asked = backend.home.runs.asked
        found = [msgspec.structs.replace(job, spec=asked(job.id)) for job in found]
    if with_log:
        return [msgspec.structs.replace(j, log=queue.log(backend.home, j.id)) for j in found]
    return found


def _data(backend: LocalBackend, where: Where) -> list[Record]:
    if "ref" in where:
        return [backend.home.datasets.find(str(where["ref"]))]
    return _matching(backend.home.datasets.select(), where)


def _models(backend: LocalBackend, where: Where) -> list[Record]:
    if "ref" in where:
        return [backend.home.registry.find(str(where["ref"]))]
    return _matching(backend.home.registry.select(), where)


def _endpoints(backend: LocalBackend, where: Where) -> list[Record]:
    import msgspec

    endpoints.reap(backend.home)
    with_log = bool(where.pop("log", False))
    lines, wrong = int(where.pop("lines", None) or logs.LINES), bool(where.pop("errors", False))
    if "name" in where:
        backend.home.endpoints.get(str(where["name"]))  # says which name was meant
    found = _matching(backend.home.endpoints.select(), where)
    if with_log:
        end = functools.partial(logs.end, backend.home, lines=lines, errors=wrong)
        return [msgspec.structs.replace(each, log=end(each.name)) for each in found]
    return found


def _aliases(backend: LocalBackend, where: Where) -> list[Record]:
    return _matching(backend.home.registry.aliases(), where)


def _algorithms(backend: LocalBackend, where: Where) -> list[Record]:
    from aiaas_magics.specs.algorithms import CHOICES

    del backend
    return _matching(CHOICES, where)


def _metrics(backend: LocalBackend, where: Where) -> list[Record]:
    from aiaas_magics.specs.metrics import METRICS

    del backend
    return _matching(METRICS, where)


def _catalogue(backend: LocalBackend, where: Where) -> list[Record]:
    from aiaas_magics.store import catalogue

    return _matching(catalogue.tables(backend.folder), where)


_QUERIES: dict[str, Callable[[LocalBackend, Where], list[Any]]] = {
    "jobs": _jobs,
    "data": _data,
    "models": _models,
    "aliases": _aliases,
    "endpoints": _endpoints,
    "algorithms": _algorithms,
    "metrics": _metrics,
    "catalogue": _catalogue,
    "settings": lambda backend, where: _matching(backend.home.settings(), where),
    "usage": lambda backend, where: _matching([backend.home.usage()], where),
}


def _set_alias(backend: LocalBackend, command: Any) -> Applied:
    moved = backend.home.registry.set_alias(command.model, command.alias, backend.user)
    was = f" (was @{moved.from_})" if moved.from_ else ""
    return Applied(text=f"{moved.model}@{moved.alias} is now {moved.model}@{moved.to}{was}")


def _delete_alias(backend: LocalBackend, command: Any) -> Applied:
    moved = backend.home.registry.delete_alias(command.model, command.alias, backend.user)
    return Applied(text=f"{moved.model}@{moved.alias} means nothing now (was @{moved.from_})")


def _delete_model(backend: LocalBackend, command: Any) -> Applied:
    count = backend.home.registry.delete(command.model, backend.user)
    builds.sweep(backend.home)
    return Applied(
        text=f"deleted {count} version{'s'[: count != 1]} of {command.model.partition('@')[0]}"
    )


def _delete_data(backend: LocalBackend, command: Any) -> Applied:
    count = backend.home.datasets.delete(command.data, backend.user)
    return Applied(
        text=f"deleted {count} version{'s'[: count != 1]} of {command.data.partition('@')[0]}"
    )


def _stop_endpoint(backend: LocalBackend, command: Any) -> Applied:
    backend.home.endpoints.get(command.endpoint)
    stopped = endpoints.stop(backend.home, command.endpoint, backend.user)
    return Applied(
        text=f"{command.endpoint} {'is stopped' if stopped else 'was not running'}", changed=stopped
    )


def _remove_endpoint(backend: LocalBackend, command: Any) -> Applied:
    endpoints.remove(backend.home, command.endpoint, backend.user)
    return Applied(text=f"{command.endpoint} is removed, with its log and what it counted")


def _change_endpoint(backend: LocalBackend, command: Any) -> Applied:
    before = backend.home.endpoints.get(command.endpoint)
    after = rollouts.change(backend.home, command, backend.user)
    return Applied(text=rollout.told(before, after), changed=after != before)


_COMMANDS: dict[str, Callable[[LocalBackend, Command], Applied]] = {
    "set_alias": _set_alias,
    "delete_alias": _delete_alias,
    "delete_model": _delete_model,
    "delete_data": _delete_data,
    "stop_endpoint": _stop_endpoint,
    "remove_endpoint": _remove_endpoint,
    "promote": _change_endpoint,
    "rollback": _change_endpoint,
    "drop_version": _change_endpoint,
    "scale": _change_endpoint,
}
