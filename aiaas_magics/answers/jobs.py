"""What is asked about jobs: lists, logs, their results; and how they are ended."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from aiaas_magics import errors, handles
from aiaas_magics.cards import style
from aiaas_magics.handles import Handle
from aiaas_magics.specs.jobs import Event, Job, JobState

if TYPE_CHECKING:
    from aiaas_magics.session import Session

Values = dict[str, Any]
_ID = re.compile(r"j[0-9a-f]{6,}")
LINES = 1_000
"""Of a job's events, the most that its log shows: the last."""


def listed(session: Session, values: Values) -> Handle:
    """Return the last jobs, or all."""
    records = list(session.jobs({"spec": True} | ({} if values.get("all") else {"limit": 20})))
    rows = [
        (
            j.id,
            j.verb,
            _of(j),
            j.state.value.lower() + (" (partial)" if j.partial else ""),
            style.when(j.created),
            _took(j),
        )
        for j in records
    ]
    if style.docs_mode():
        rows = [row[1:4] for row in rows]  # type: ignore[misc]
    columns = ("id", "verb", "of what", "state", "submitted", "took")
    return handles.Listing(
        "jobs", columns[1:4] if style.docs_mode() else columns, rows, records, "%aiaas_jobs logs"
    )


def _of(job: Job) -> str:
    """Return the name of what a job makes; of one that makes nothing, what it looks at."""
    asked = job.spec or {}
    return job.about or str(asked.get("endpoint") or asked.get("model") or "")


def _took(job: Job) -> str:
    if job.started is None:
        return ""
    return style.duration((job.finished or time.time()) - job.started)


def _job(session: Session, values: Values) -> Job:
    wanted = values.get("job")
    last: list[Job] = []
    found = next(session.jobs({"id": wanted} if wanted else {"limit": 1}), None)
    if found is None and wanted:  # the name of what it makes or looks at, as %aiaas_jobs shows
        found = next(session.jobs({"about": wanted, "limit": 1}), None)
        last = list(session.jobs({"limit": 50, "spec": True}))
        found = found or next((job for job in last if _of(job) == wanted), None)
    if found is None:
        names = [job.id for job in last] if _ID.match(str(wanted)) else list(map(_of, last))
        known = errors.did_you_mean(str(wanted), filter(None, names))
        raise errors.NotFound(
            f"no job {wanted!r}" if wanted else "there is no job yet",
            known if wanted else "",
            "%aiaas_jobs",
        )
    return found


def attach(session: Session, values: Values) -> Handle:
    """Follow a job to its end and return its result."""
    return session.follow(_job(session, values).id)[0]


def logs(session: Session, values: Values) -> Handle:
    """Return a job's log."""
    job = _job(session, values)
    told = set(_LOGGED) - ({"progress"} if style.docs_mode() else set())  # as often as time allows
    events = [event for event in _events(session, job.id) if event.type in told]
    hidden = len(events) - LINES
    lines = [f"... {style.plural(hidden, 'line')} before these"] if hidden > 0 else []
    lines += [logged(event) for event in events[-LINES:]]
    lines += [job.error["what"]] if job.error else []
    if job.state in (JobState.FAILED, JobState.LOST) and not style.docs_mode():
        (with_log,) = session.jobs({"id": job.id, "log": True})
        lines += [with_log.log.strip()] if with_log.log else []
    return handles.Note(f"log of {_named(job)} ({job.state.value.lower()})", "\n".join(lines))


def _events(session: Session, job: str) -> Iterator[Event]:
    after = 0
    while news := session.backend.events(f"job:{job}", after):
        yield from news
        after = news[-1].seq


def _named(job: Job) -> str:
    return f"{job.verb} {job.about}".strip()


_LOGGED: dict[str, Callable[[dict[str, Any]], str]] = {
    "state": lambda b: f"{b['from'] or ''} -> {b['to']}".strip(),
    "log": lambda b: str(b["text"]),
    "warning": lambda b: f"warning: {b['text']}",
    "artefact": lambda b: f"made {b['what']} {b['ref']}",
    "trial": lambda b: f"{b['params']}: {style.number(b['score'])} ± {style.number(b['std'], 2)}",
    "metric": lambda b: f"{b['name']} {b['step']}: {style.number(b['value'])}",
    "progress": lambda b: f"{b['done']:g} of {b['total']:g} {b['text']}",
}


def logged(event: Event) -> str:
    """Return an event as a line of the log."""
    stamp = "" if style.docs_mode() else time.strftime("%H:%M:%S ", time.localtime(event.time))
    return stamp + _LOGGED[event.type](event.body)


def _living(session: Session, values: Values) -> Job:
    """Return the job that is named, else the newest that has not ended, else the newest."""
    running = (job for job in session.jobs() if not job.state.final)
    found = None if values.get("job") else next(running, None)
    return found or _job(session, values)


def stop(session: Session, values: Values) -> Handle:
    """Ask a job for its best so far."""
    job = _living(session, values)
    session.backend.stop(job.id)
    if job.state.final:
        return handles.Note(f"{_named(job)} had ended already")
    newest = next(session.jobs({"limit": 1}), job)
    which = "" if newest.id == job.id else f" {job.id}"
    return handles.Note(
        f"{_named(job)} is asked for its best so far", following=f"%aiaas_jobs attach{which}"
    )


def cancel(session: Session, values: Values) -> Handle:
    """End a job at once."""
    job = _living(session, values)
    session.backend.cancel(job.id)
    return handles.Note(
        f"{_named(job)} {'had ended already' if job.state.final else 'is cancelled'}"
    )
