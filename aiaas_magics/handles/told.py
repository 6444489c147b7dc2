"""Handles of what a line tells: lists, notes, jobs that go on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from aiaas_magics.cards import page, style
from aiaas_magics.cards.page import Card
from aiaas_magics.handles.base import Handle, plain
from aiaas_magics.specs.base import JSON, Record
from aiaas_magics.specs.jobs import Job
from aiaas_magics.specs.records import Applied
from aiaas_magics.specs.results import ExportResult

if TYPE_CHECKING:
    from aiaas_magics.session import Session


class Listing(Handle):
    """Records as a table."""

    def __init__(
        self,
        title: str,
        columns: tuple[str, ...],
        rows: Sequence[tuple[JSON, ...]],
        records: Sequence[Record] = (),
        following: str = "",
    ) -> None:
        self.title, self.columns, self.rows = title, columns, list(rows)
        self.records, self._following = list(records), following

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)

    def record(self) -> dict[str, JSON]:
        """Return the records."""
        return {"kind": "listing", "title": self.title, "records": list(map(plain, self.records))}

    def line(self) -> str:
        """Return the one line: how many, and which."""
        names = ", ".join(str(row[0]) for row in self.rows[:12]) + (
            ", ..." if len(self.rows) > 12 else ""
        )
        return f"{self.title}: {names or 'none yet'}"

    def card(self) -> Card:
        """Return the table."""
        rows = [tuple(style.number(value) for value in row) for row in self.rows]
        first = self.rows[0] if self.rows else ()
        numeric = frozenset(
            i for i, v in enumerate(first) if isinstance(v, int | float) and not isinstance(v, bool)
        )
        body = page.Table(self.columns, rows, numeric) if rows else page.soft("none yet")
        return page.card(self.title, body, page.following(self._following))


class Note(Handle):
    """One line that says what was done."""

    def __init__(
        self, text: str, body: str = "", following: str = "", answer: object = None
    ) -> None:
        self.text, self.body, self.answer, self._following = text, body, answer, following

    def record(self) -> dict[str, JSON]:
        """Return what was done."""
        return {"kind": "note", "text": self.text, "body": self.body}

    def line(self) -> str:
        """Return the one line."""
        return self.text

    def card(self) -> Card:
        """Return the line and what belongs to it."""
        inside = page.Code(self.body) if self.body else None
        return page.card(self.text, inside, page.following(self._following))


class JobHandle(Handle):
    """A job that goes on by itself; `endless` ones until they are stopped."""

    def __init__(self, session: Session, job: Job, *, endless: bool = False) -> None:
        self._session, self.id = session, job.id
        self._first, self._endless = job, endless

    @property
    def ref(self) -> str:
        """The job's id."""
        return self.id

    @property
    def job(self) -> Job:
        """The job's record as it is now."""
        return next(self._session.jobs({"id": self.id}), self._first)

    @property
    def state(self) -> str:
        """The job's state as it is now."""
        return self.job.state.value

    def wait(self) -> Handle:
        """Follow the job to its end and return what it answered."""
        return self._session.run("jobs", "attach", {"job": self.id}, None)

    def stop(self) -> None:
        """Ask for the best so far."""
        self._session.backend.stop(self.id)

    def cancel(self) -> None:
        """End it at once."""
        self._session.backend.cancel(self.id)

    def record(self) -> dict[str, JSON]:
        """Return the job's record as it is now."""
        return plain(self.job)

    def line(self) -> str:
        """Return the one line."""
        job = self.job
        what = f"{job.verb} {job.about}".strip()
        return (
            f"job: {what}"
            if style.docs_mode()
            else f"job {job.id}: {what}, {job.state.value.lower()}"
        )

    def card(self) -> Card:
        """Return the line and how to follow it."""
        if self._endless and not self.job.state.final:
            told = page.soft("it goes on, without this notebook too, until it is stopped")
            return page.card(self.line(), told, page.following(f"%aiaas_jobs stop {self.id}"))
        return page.card(self.line(), page.following("%aiaas_jobs attach"))


def applied(record: Applied) -> Note:
    """Return the handle of a command."""
    return Note(record.text)


def exported(result: ExportResult, name: str, where: str) -> Note:
    """Return the handle of a written file."""
    return Note(f"{name}: {style.plural(result.rows, 'row')} written to {where}")
