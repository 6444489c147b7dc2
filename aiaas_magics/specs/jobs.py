"""A job: its states, its record, its events."""

from __future__ import annotations

import enum

import msgspec

from aiaas_magics.specs.base import JSON, Record


class JobState(enum.StrEnum):
    """The life of a job. Every change is a compare-and-set in the store, and an event.

    ::

        QUEUED ─> STARTING ─> RUNNING ─> SUCCEEDED | FAILED
           │          │          ├─> STOPPING ───> SUCCEEDED (partial) | FAILED
           └──────────┴──────────┴─> CANCELLING ─> CANCELLED
        any living state whose process is gone ──> LOST
    """

    QUEUED = "QUEUED"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    STOPPING = "STOPPING"
    CANCELLING = "CANCELLING"
    SUCCEEDED = "SUCCEEDED"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"
    LOST = "LOST"

    @property
    def final(self) -> bool:
        """Whether nothing can follow."""
        return self in FINAL


FINAL = frozenset({JobState.SUCCEEDED, JobState.CANCELLED, JobState.FAILED, JobState.LOST})

MOVES: dict[JobState, frozenset[JobState]] = {
    JobState.QUEUED: frozenset({JobState.STARTING, JobState.CANCELLED}),
    JobState.STARTING: frozenset(
        {JobState.RUNNING, JobState.CANCELLING, JobState.FAILED, JobState.LOST}
    ),
    JobState.RUNNING: frozenset(
        {
            JobState.STOPPING,
            JobState.CANCELLING,
            JobState.SUCCEEDED,
            JobState.FAILED,
            JobState.LOST,
        }
    ),
    JobState.STOPPING: frozenset(
        {JobState.CANCELLING, JobState.SUCCEEDED, JobState.FAILED, JobState.LOST}
    ),
    JobState.CANCELLING: frozenset({JobState.CANCELLED, JobState.LOST}),
    **{state: frozenset() for state in FINAL},
}
"""The states that may follow each state."""


class Cause(enum.StrEnum):
    """Why a job FAILED."""

    USER_CODE = "USER_CODE"
    DATA = "DATA"
    OOM = "OOM"
    TIMEOUT = "TIMEOUT"
    SETUP = "SETUP"


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a job may use: resident memory in bytes, wall time in seconds; None is unlimited."""

    memory: int | None = None
    seconds: float | None = None


class Job(Record, frozen=True, kw_only=True, tag="job"):
    """A job as the backend tells it. Times are seconds since the epoch, UTC."""

    id: str
    verb: str
    """The kind of its spec: ``data``, ``prepare``, ``train`` ..."""
    state: JobState
    about: str = ""
    """What it makes, for lists: ``clf``, ``clean`` ..."""
    created: float
    started: float | None = None
    finished: float | None = None
    partial: bool = False
    cause: Cause | None = None
    error: dict[str, str] | None = None
    """:func:`aiaas_magics.errors.to_record` of what went wrong."""
    pid: int | None = None
    user: str = ""
    log: str = ""
    """The end of what its process wrote, where asked for."""
    spec: dict[str, JSON] | None = None
    """What was asked of it, where asked for."""


class Event(Record, frozen=True, kw_only=True, tag="event"):
    """One line of the append-only log.

    ``type`` and its ``body``:

    ========  =====================================================================
    state     ``{"from": "QUEUED", "to": "RUNNING"}``
    progress  ``{"done": 3, "total": 20, "eta": 4.2, "text": "fold 3 of 20"}`` eta in seconds or None
    metric    ``{"name": "loss", "value": 0.31, "step": 7}``
    log       ``{"text": "...", "level": "info"}``
    trial     ``{"params": {...}, "score": 0.97, "std": 0.01}`` one candidate finished
    artefact  ``{"what": "model", "ref": "clf@1"}``
    warning   ``{"text": "...", "try": "..."}``
    audit     ``{"command": "...", "who": "...", ...}``
    ========  =====================================================================
    """

    seq: int
    """Number in the home, growing, never reused: resume with ``after=seq``."""
    scope: str
    """``home``, ``job:<id>`` or ``endpoint:<name>``."""
    time: float
    type: str
    body: dict[str, JSON] = {}
