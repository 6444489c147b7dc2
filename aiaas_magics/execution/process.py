"""Processes by pid and start time: a number alone may be another's by tomorrow."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

TELL = 3
"""The file descriptor on which a process tells its starter that it is ready."""
LOG_TAIL = 8_000
"""Bytes of a log that are shown."""
SLACK = 1.0
"""Seconds two readings of one process's start time may differ (clock adjustments)."""


def started(pid: int) -> float | None:
    """Return when a process started (seconds since the epoch), or None if it is gone or defunct."""
    import psutil

    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return float(process.create_time())
    except psutil.NoSuchProcess:
        return None


def alive(pid: int | None, pid_started: float | None) -> bool:
    """Tell whether the very process that had `pid` then still runs."""
    if pid is None or pid_started is None:
        return False
    now = started(pid)
    return now is not None and abs(now - pid_started) < SLACK


def kill_group(pid: int | None, pid_started: float | None, number: int = signal.SIGKILL) -> bool:
    """Send a signal to a process and all it started; False if it is gone already.

    Our processes lead a session of their own, so their pid is their group's number.
    """
    if pid is None or not alive(pid, pid_started):
        return False
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, number)
    return True


def spawn(
    words: Sequence[str],
    env: Mapping[str, str],
    *,
    stdin: int | None = None,
    tell: int | None = None,
    log: Path | None = None,
) -> int:
    """Start ``python -m words...`` in a session of its own and return its pid.

    Standard input is `stdin` or nothing; standard output and error go to `log` or nowhere; `tell`
    becomes file descriptor 3, on which the process may tell its starter something.
    """
    append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    actions: list[Any] = [
        (os.POSIX_SPAWN_OPEN, 1, str(log or os.devnull), append, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    if stdin is None:
        actions.append((os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0))
    else:
        actions.append((os.POSIX_SPAWN_DUP2, stdin, 0))
    if tell is not None:
        actions.append((os.POSIX_SPAWN_DUP2, tell, TELL))
    # -P: a file of the user's named like a library must not stand in its place.
    command = [sys.executable, "-P", "-m", *words]
    return os.posix_spawn(sys.executable, command, dict(env), file_actions=actions, setsid=True)


def tail(path: Path, begin: int = 0) -> str:
    """Return the end of what a process wrote to its log, from `begin` on; nothing where there is none."""
    try:
        with path.open("rb") as file:
            return last_lines(file, begin)
    except FileNotFoundError:
        return ""


def last_lines(file: BinaryIO, begin: int = 0) -> str:
    """Return the last lines of a file from `begin` on, which is read to its end; of a line longer than all that is shown, its end."""
    size = file.seek(0, os.SEEK_END)
    begin = begin if begin <= size else 0  # the file was begun anew
    start = max(begin, size - LOG_TAIL)
    file.seek(start)
    text = file.read().decode(errors="replace")
    whole = text.partition("\n")[2]
    return whole if start > begin and whole else text


def reap_child(pid: int) -> bool:
    """Take note of a child's end, so that it does not stay defunct; True if it has ended."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True
