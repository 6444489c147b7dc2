"""Every error this project raises on purpose.

::

    AiaasError                    what happened, why, what to try: three short lines
     ├─ UsageError                a line of magic or a call that cannot be understood
     ├─ SpecError                 understood, but it asks for something impossible
     ├─ NotFound                  no such data, model, endpoint, job, alias
     ├─ NameTaken                 the name stands for something else already
     ├─ Conflict                  the thing is in a state that does not allow this
     ├─ DataError                 a file or table that cannot be used as it is
     ├─ MissingLibrary            an optional package is not installed
     ├─ SealError                 an artefact that is not what its home sealed
     ├─ AccessDenied              token missing or wrong, role too small
     ├─ BackendUnavailable        the home or server cannot be reached
     ├─ EndpointError             the endpoint is gone, refused, or did not start
     │   └─ PortInUse
     ├─ JobError                  a job that did not succeed
     │   ├─ JobNotFinished
     │   ├─ JobCancelled
     │   ├─ JobLost               its process died without a word
     │   ├─ OutOfMemory
     │   ├─ TimedOut
     │   └─ UserCodeError         the user's own code raised
     └─ InternalError             a bug of ours: says where the log lies

Errors cross process and network borders by class name: :func:`to_record` and
:func:`from_record` are the only way out and in.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping

WIDTH = 200
"""Characters of a line at most: others' messages may be pages."""


class AiaasError(Exception):
    """An expected error, rendered as three short lines.

    Parameters
    ----------
    what
        What happened, one line, with the user's own words in it.
    hint
        Why it happened, or what would have been right.
    try_
        One thing to do next, ready to be typed.
    """

    def __init__(self, what: str, hint: str = "", try_: str = "") -> None:
        super().__init__(what)
        self.what, self.hint, self.try_ = what, hint, try_

    def lines(self) -> list[str]:
        """Return the lines shown to the user: the class and what, hint, try."""
        shown = [f"{type(self).__name__}: {_one_line(self.what)}"]
        shown += [f"  hint: {_one_line(self.hint)}"] if self.hint else []
        shown += [f"  try:  {_one_line(self.try_)}"] if self.try_ else []
        return [line if len(line) <= WIDTH else f"{line[: WIDTH - 3]}..." for line in shown]

    def __str__(self) -> str:
        return self.what

    # IPython asks for this and shows it instead of a traceback; the output stays a real error,
    # so that run-all stops and nbclient sees it.
    def _render_traceback_(self) -> list[str]:
        return self.lines()


class UsageError(AiaasError):
    """A line of magic or a Python call that cannot be understood."""


class SpecError(AiaasError):
    """A request that is understood and cannot be carried out as asked."""


class NotFound(AiaasError):
    """No data, model, endpoint, job or alias of that name."""


class NameTaken(AiaasError):
    """The name stands for something else already."""


class Conflict(AiaasError):
    """The state of the thing does not allow what was asked."""


class DataError(AiaasError):
    """A file or table that cannot be used as it is."""


class MissingLibrary(AiaasError):
    """An optional package is not installed."""


class SealError(AiaasError):
    """An artefact is not what its home sealed."""


class AccessDenied(AiaasError):
    """A token is missing or wrong, or its role does not allow this."""


class BackendUnavailable(AiaasError):
    """The home or the server cannot be reached."""


class EndpointError(AiaasError):
    """An endpoint is gone, refused the request, or did not start."""


class PortInUse(EndpointError):
    """Another process listens on the port."""


class JobError(AiaasError):
    """A job did not succeed."""


class JobNotFinished(JobError):
    """The result of a running job was asked for."""


class JobCancelled(JobError):
    """The job was cancelled; it left no artefact."""


class JobLost(JobError):
    """The job's process died without a word."""


class OutOfMemory(JobError):
    """The job went over its memory limit."""


class TimedOut(JobError):
    """The job went over its time limit."""


class UserCodeError(JobError):
    """Code of the user's own raised."""


class InternalError(AiaasError):
    """A bug of this project's."""


def _one_line(text: str) -> str:
    return visible(" ".join(str(text).split()))


HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Characters that a terminal obeys or that turn a line around: all controls but tab and line end, and
Unicode's marks of direction (UAX 9)."""


def visible(text: str) -> str:
    """Return text whose control characters are seen and not obeyed: each by its code."""
    return HIDDEN.sub(lambda found: ascii(found[0])[1:-1], text)


def tree() -> dict[str, type[AiaasError]]:
    """Return every error class by its name."""
    found: dict[str, type[AiaasError]] = {}
    todo: list[type[AiaasError]] = [AiaasError]
    while todo:
        cls = todo.pop()
        found[cls.__name__] = cls
        todo += cls.__subclasses__()
    return found


def to_record(error: BaseException) -> dict[str, str]:
    """Return the JSON form of an error: ``error, what, hint, try``.

    Anything foreign becomes an :class:`InternalError` that names the foreign class.
    """
    if not isinstance(error, AiaasError):
        error = InternalError(
            f"{type(error).__name__}: {error}",
            "this is a bug in aiaas_magics, not in your line",
            "%aiaas_jobs logs shows where it happened",
        )
    return {
        "error": type(error).__name__,
        "what": error.what,
        "hint": error.hint,
        "try": error.try_,
    }


def from_record(record: Mapping[str, str]) -> AiaasError:
    """Return the error that :func:`to_record` wrote; an unknown class becomes `AiaasError`."""
    cls = tree().get(record.get("error", ""), AiaasError)
    return cls(record.get("what", ""), record.get("hint", ""), record.get("try", ""))


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word most like `word`, or None where none is."""
    words = sorted(set(known))
    near = difflib.get_close_matches(word.lower(), [w.lower() for w in words], n=1, cutoff=0.6)
    return next(w for w in words if w.lower() == near[0]) if near else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``did you mean 'x'?`` for the nearest known word, else a short list of them."""
    words = sorted(set(known))
    best = nearest(word, words)
    if best is not None:
        return f"did you mean {best!r}?"
    shown = ", ".join(words[:12]) + (", ..." if len(words) > 12 else "")
    return f"known: {shown}" if words else "there is none yet"
