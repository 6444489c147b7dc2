"""THE SEAM: what a notebook may ask of a backend, local or remote.

Few verbs carrying records; a new life-cycle stage changes nothing here. Every backend passes
:class:`aiaas_magics.testing.BackendContract`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Protocol, runtime_checkable

from aiaas_magics.specs.base import JSON, Command, Record, Result, Spec
from aiaas_magics.specs.jobs import Event, Limits
from aiaas_magics.specs.records import Applied

KINDS = (
    "jobs",
    "data",
    "models",
    "aliases",
    "endpoints",
    "algorithms",
    "metrics",
    "catalogue",
    "settings",
    "usage",
)
"""What ``query`` knows."""


@runtime_checkable
class Nearby(Protocol):
    """What a backend on this machine can do besides; nobody may need it."""

    @property
    def folder(self) -> Path:
        """Where it keeps what it stores."""
        ...

    def warm(self) -> None:
        """Have a process ready for the next job."""
        ...

    def locate(self, ref: str) -> Path:
        """Return the file that holds the bytes at an address. Raises `NotFound`."""
        ...


@runtime_checkable
class Backend(Protocol):
    """The eight verbs, and ``close``. Each may raise `BackendUnavailable`; other errors are named below."""

    def submit(self, spec: Spec, *, key: str | None = None, limits: Limits | None = None) -> str:
        """Queue a job and return its id.

        The same idempotency `key` again returns the job of the first time. The references a spec
        names are resolved when the job runs, so a model still in the making may be named.
        Raises `NameTaken`, and queues nothing, if what it makes has the name of another kind of thing,
        or one that differs from a known name in case only.
        """
        ...

    def stop(self, job: str) -> None:
        """Ask a job to finish with its best so far: SUCCEEDED with ``partial``.

        Nothing happens to a job that has ended. Raises `NotFound`.
        """
        ...

    def cancel(self, job: str) -> None:
        """End a job within a second: CANCELLED, no artefact, its log kept.

        Nothing happens to a job that has ended. Raises `NotFound`.
        """
        ...

    def result(self, job: str) -> Result:
        """Return what a job answered.

        Raises
        ------
        NotFound, JobNotFinished
        AiaasError
            The job's own error, of the class it had in the worker; `JobCancelled`, `JobLost`.
        """
        ...

    def query(self, kind: str, where: Mapping[str, JSON] | None = None) -> list[Record]:
        """Return records of one of `KINDS`, newest first, whose fields equal those in `where`.

        ``{"ref": "clf@production"}`` resolves names, versions and aliases of data and models and
        raises `NotFound` (with a did-you-mean) where nothing is meant; ``{"limit": 20}`` is the
        most records wanted; ``{"log": True}`` adds to jobs and endpoints the end of what they wrote,
        ``{"spec": True}`` to jobs what was asked of them.
        Raises `UsageError` for an unknown kind or field.
        """
        ...

    def apply(self, command: Command) -> Applied:
        """Carry out a small change, in one transaction, and write it to the audit log."""
        ...

    def events(self, scope: str, after: int = 0, *, limit: int = 1000) -> list[Event]:
        """Return the events of ``home`` (all), ``job:<id>`` or ``endpoint:<name>`` past `after`.

        Never blocks; in order of ``seq``.
        """
        ...

    def put(self, body: Path | Iterable[bytes], *, ref: str | None = None) -> str:
        """Store bytes and return their address, ``sha256:...``; the same bytes are stored once.

        With `ref` (their address as the caller knows it) bytes that are here already are not read.
        Raises `DataError` if the body has another digest than `ref`.
        """
        ...

    def fetch(self, ref: str) -> Iterator[bytes]:
        """Yield the bytes at an address. Raises `NotFound` before the first."""
        ...

    def close(self) -> None:
        """Let go of what the backend holds; jobs and endpoints go on."""
        ...
