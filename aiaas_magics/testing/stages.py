"""Stages for tests of what carries stages: backends, workers, sessions. Their tags begin with test_."""

from __future__ import annotations

import functools
import time

from aiaas_magics import errors
from aiaas_magics.engines.context import Context
from aiaas_magics.specs.base import Result, Spec
from aiaas_magics.specs.results import ExportResult


class Noop(Spec, frozen=True, kw_only=True, tag="test_noop"):
    """Do nothing."""

    as_: str = ""
    data: str | None = None


class Count(Spec, frozen=True, kw_only=True, tag="test_count"):
    """Count to `steps`, `seconds` apart; stopped, answer how far it came."""

    steps: int = 100
    seconds: float = 0.05
    as_: str = ""


class Remember(Spec, frozen=True, kw_only=True, tag="test_remember"):
    """Keep a word under a key; answer how many were there, and warn of each and of what its job answered."""

    key: str
    word: str


class Hang(Spec, frozen=True, kw_only=True, tag="test_hang"):
    """Hold the interpreter so that no other thread runs, like a long call into C."""

    seconds: float = 30.0


class Fill(Spec, frozen=True, kw_only=True, tag="test_fill"):
    """Hold `size` bytes of memory for some seconds."""

    size: int
    seconds: float = 30.0


class Fail(Spec, frozen=True, kw_only=True, tag="test_fail"):
    """Raise an error of that class."""

    error: str = "DataError"
    what: str = "it is broken"


def _answer(rows: int = 0, *, partial: bool = False) -> Result:
    return ExportResult(file="sha256:" + "0" * 64, format="csv", rows=rows, size=0, partial=partial)


@functools.singledispatch
def _run(spec: Spec, context: Context) -> Result:
    raise errors.SpecError(f"no test stage {type(spec).__name__}", context.job or "")


@_run.register
def _noop(spec: Noop, context: Context) -> Result:
    if spec.data is not None:
        context.data(spec.data)
    return _answer()


@_run.register
def _count(spec: Count, context: Context) -> Result:
    for step in range(spec.steps):
        if context.stopping():
            return _answer(step, partial=True)
        context.progress(step, spec.steps, f"step {step} of {spec.steps}")
        time.sleep(spec.seconds)
    return _answer(spec.steps)


@_run.register
def _remember(spec: Remember, context: Context) -> Result:
    known = context.recall(spec.key)
    for job, body in known:
        answer = context.answered(job)
        context.warn(f"{body.decode()}: {getattr(answer, 'rows', None)}")
    context.keep(spec.key, spec.word.encode(), at_once=bool(known))
    return _answer(len(known))


@_run.register
def _hang(spec: Hang, context: Context) -> Result:
    import ctypes

    context.log("hanging")
    end = time.monotonic() + spec.seconds
    while time.monotonic() < end:
        ctypes.PyDLL(None).usleep(int(1e6 * 0.9))  # PyDLL keeps the lock of the interpreter
    return _answer()


@_run.register
def _fill(spec: Fill, context: Context) -> Result:
    body = bytearray(spec.size)
    body[::4096] = b"x" * len(body[::4096])
    context.log(f"holding {len(body)}")
    time.sleep(spec.seconds)
    return _answer()


@_run.register
def _fail(spec: Fail, context: Context) -> Result:
    context.log("about to fail")
    known = errors.tree().get(spec.error)
    if known is None:
        raise {"ZeroDivisionError": ZeroDivisionError, "MemoryError": MemoryError}[spec.error](
            spec.what
        )
    raise known(spec.what, "a hint", "a try")


def run(spec: Spec, context: Context) -> Result:
    """Carry out a test stage."""
    return _run(spec, context)
