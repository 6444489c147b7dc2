"""Jobs and events: states by compare-and-set, a log that only grows."""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from aiaas_magics import errors, specs
from aiaas_magics.specs.base import JSON, Result, Spec, encode, tag_of
from aiaas_magics.specs.jobs import FINAL, MOVES, Cause, Event, Job, JobState, Limits
from aiaas_magics.store import database as db

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: no letter that looks like a digit; sorts as the numbers do."""

Tell = tuple[str, str, Mapping[str, JSON]]
"""An event to be: scope, type, body."""


class Living(NamedTuple):
    """What the reaper needs to know of an unfinished job."""

    id: str
    verb: str
    about: str
    state: JobState
    pid: int | None
    pid_started: float | None
    started: float | None
    seconds: float | None


def new_id(last: str | None = None) -> str:
    """Return a job id: ``j``, milliseconds in 9 digits, 20 random bits in 4.

    It sorts after `last`; where the clock says otherwise (it was set back), it is the next number.
    """
    number = (int(time.time() * 1000) << 20) | int.from_bytes(os.urandom(3)) >> 4
    if last is not None:
        before = functools.reduce(
            lambda sum_, digit: 32 * sum_ + ALPHABET.index(digit), last[1:], 0
        )
        number = max(number, before + 1)
    return "j" + "".join(ALPHABET[number >> shift & 31] for shift in range(60, -1, -5))


class Runs:
    """The jobs of a home and its event log."""

    def __init__(self, database: db.Database) -> None:
        self._db = database

    def create(
        self,
        spec: Spec,
        *,
        about: str = "",
        key: str | None = None,
        limits: Limits | None = None,
        user: str = "",
        setup: Mapping[str, JSON] | None = None,
    ) -> Job:
        """Queue a job; the same `key` again returns the job of the first time.

        `setup` is what a worker needs to know of its submitter: environment, folder, import path.
        """
        limits = limits or Limits()
        row = {
            "verb": tag_of(spec), "about": about, "state": "QUEUED",
            "key": key, "user": user, "spec": encode(spec), "setup": msgspec.json.encode(setup or {}),
            "created": time.time(), "memory": limits.memory, "seconds": limits.seconds, "partial": 0,
        }  # fmt: skip
        with self._db.write() as connection:
            if key is not None:
                known = connection.execute(sa.select(*_JOB).where(db.jobs.c.key == key)).first()
                if known is not None:
                    return _job(known)
            ident = new_id(connection.execute(sa.select(sa.func.max(db.jobs.c.id))).scalar())
            connection.execute(sa.insert(db.jobs), {"id": ident, **row})
            tell(connection, [(f"job:{ident}", "state", {"from": None, "to": "QUEUED"})])
            return _job(connection.execute(sa.select(*_JOB).where(db.jobs.c.id == ident)).one())

    def get(self, job: str) -> Job:
        """Return a job's record. Raises `NotFound`."""
        return _job(self._row(job, *_JOB))

    def spec(self, job: str) -> Spec:
        """Return what a job was asked to do."""
        row = self._row(job, db.jobs.c.verb, db.jobs.c.spec)
        return msgspec.json.decode(row.spec, type=specs.spec_type(row.verb))

    def asked(self, job: str) -> dict[str, JSON]:
        """Return the fields of a job's spec as they were stored: what checks them may have changed since."""
        found: dict[str, JSON] = msgspec.json.decode(self._row(job, db.jobs.c.spec).spec)
        return found

    def setup(self, job: str) -> dict[str, JSON]:
        """Return what the submitter said about itself."""
        found: dict[str, JSON] = msgspec.json.decode(self._row(job, db.jobs.c.setup).setup)
        return found

    def limits(self, job: str) -> Limits:
        """Return what a job may use."""
        row = self._row(job, db.jobs.c.memory, db.jobs.c.seconds)
        return Limits(memory=row.memory, seconds=row.seconds)

    def result(self, job: str) -> Result | None:
        """Return what a job answered, or None."""
        body = self._row(job, db.jobs.c.result).result
        if body is None:
            return None
        kind = msgspec.json.decode(body)["kind"]
        return msgspec.json.decode(body, type=specs.result_types()[kind])

    def select(
        self, where: Mapping[str, JSON] | None = None, limit: int | None = None
    ) -> list[Job]:
        """Return jobs, newest first, whose columns equal `where`."""
        query = sa.select(*_JOB).order_by(db.jobs.c.id.desc())
        for name, value in (where or {}).items():
            query = query.where(db.jobs.c[name] == value)
        with self._db.read() as connection:
            return [_job(row) for row in connection.execute(query.limit(limit))]

    def living(self) -> Sequence[Living]:
        """Return the jobs that have not ended, oldest first."""
        columns = [db.jobs.c[name] for name in Living._fields]
        query = sa.select(*columns).where(db.jobs.c.state.not_in(FINAL)).order_by(db.jobs.c.id)
        with self._db.read() as connection:
            rows = connection.execute(query).all()
        return [Living(**{**row._mapping, "state": JobState(row.state)}) for row in rows]

    def move(
        self,
        job: str,
        to: JobState,
        *,
        frm: Collection[JobState],
        pid: int | None = None,
        pid_started: float | None = None,
        result: Result | None = None,
        error: Mapping[str, str] | None = None,
        cause: Cause | None = None,
        partial: bool = False,
        also: Sequence[Tell] = (),
    ) -> bool:
        """Compare and set: one state, one event, one commit; False if the state was not in `frm`.

        Only moves that :data:`aiaas_magics.specs.jobs.MOVES` knows are made.
        """
        allowed = {state for state in frm if to in MOVES[state]}
        now = time.time()
        values: dict[str, object] = {"state": to.value}
        values |= {"finished": now, "partial": int(partial)} if to.final else {}
        values |= {"pid": pid, "pid_started": pid_started, "started": now} if pid else {}
        values |= {"result": encode(result)} if result is not None else {}
        values |= {"error": msgspec.json.encode(error).decode()} if error else {}
        values |= {"cause": cause.value} if cause else {}
        with self._db.write() as connection:
            before = self._swap(connection, job, allowed, values)
            if before is None:
                return False
            moved: Tell = (f"job:{job}", "state", {"from": before, "to": to.value})
            tell(connection, [*also, moved])
        return True

    def start(self, job: str, pid: int, pid_started: float) -> bool:
        """Move a queued job through STARTING to RUNNING in one commit; False if it is not queued."""
        now = time.time()
        values = {
            "state": "RUNNING",
            "pid": pid,
            "pid_started": pid_started,
            "started": now,
        }
        with self._db.write() as connection:
            if self._swap(connection, job, {JobState.QUEUED}, values) is None:
                return False
            steps = (("QUEUED", "STARTING"), ("STARTING", "RUNNING"))
            tell(connection, [(f"job:{job}", "state", {"from": a, "to": b}) for a, b in steps])
        return True

    def tell_many(self, tells: Sequence[Tell]) -> None:
        """Append events, in one commit."""
        with self._db.write() as connection:
            tell(connection, tells)

    def events(self, scope: str, after: int = 0, limit: int = 1000) -> list[Event]:
        """Return the events of a scope (``home``: all) past `after`, in order."""
        query = sa.select(db.events).where(db.events.c.seq > after)
        if scope != "home":
            query = query.where(db.events.c.scope == scope)
        with self._db.read() as connection:
            rows = connection.execute(query.order_by(db.events.c.seq).limit(limit)).all()
        return [
            Event(
                seq=r.seq, scope=r.scope, time=r.time, type=r.type, body=msgspec.json.decode(r.body)
            )
            for r in rows
        ]

    def _swap(
        self,
        connection: sa.Connection,
        job: str,
        allowed: Collection[JobState],
        values: Mapping[str, object],
    ) -> str | None:
        before = connection.execute(sa.select(db.jobs.c.state).where(db.jobs.c.id == job)).scalar()
        if before is None:
            raise self._missing(job)
        if before not in allowed:
            return None
        connection.execute(sa.update(db.jobs).where(db.jobs.c.id == job).values(**values))
        return str(before)

    def _row(self, job: str, *columns: sa.Column[Any]) -> sa.Row[Any]:
        with self._db.read() as connection:
            row = connection.execute(sa.select(*columns).where(db.jobs.c.id == job)).first()
        if row is None:
            raise self._missing(job)
        return row

    def _missing(self, job: str) -> errors.NotFound:
        return errors.NotFound(
            f"no job {job!r}",
            errors.did_you_mean(job, [known.id for known in self.select(limit=50)]),
            "%aiaas_jobs",
        )


_JOB = [db.jobs.c[name] for name in (
    "id", "verb", "about", "state", "created", "started", "finished", "partial", "cause", "error", "pid", "user",
)]  # fmt: skip


def _job(row: sa.Row[Any]) -> Job:
    fields = {str(key): value for key, value in row._mapping.items()}
    fields["partial"] = bool(fields["partial"])
    fields["error"] = msgspec.json.decode(fields["error"]) if fields["error"] else None
    return msgspec.convert(fields | {"kind": "job"}, Job)


def check_alive(connection: sa.Connection, job: str | None) -> None:
    """Check, inside a transaction, that a job may still make something. Raises `JobCancelled`."""
    if job is None:
        return
    state = connection.execute(sa.select(db.jobs.c.state).where(db.jobs.c.id == job)).scalar()
    if state not in {"RUNNING", "STOPPING"}:
        raise errors.JobCancelled(f"job {job} was ended", "it leaves no artefact")


def tell(connection: sa.Connection, tells: Sequence[Tell]) -> None:
    """Append events inside a transaction that is open already."""
    now = time.time()
    rows = [
        {"scope": scope, "time": now, "type": kind, "body": msgspec.json.encode(body)}
        for scope, kind, body in tells
    ]
    if rows:
        connection.execute(sa.insert(db.events), rows)
