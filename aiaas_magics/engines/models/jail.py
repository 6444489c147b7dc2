"""A process that may do little: limits, and on Linux a Landlock around the file system and the network.

For code that is not ours to trust. Landlock (kernel 5.13 and later) needs no rights and cannot be taken off
again: https://docs.kernel.org/userspace-api/landlock.html, from which the numbers here are.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from aiaas_magics import errors

CREATE, ADD_RULE, RESTRICT = 444, 445, 446
"""System calls, the same on every architecture but alpha."""
VERSION = 1
"""Flag of `CREATE`: answer which version of Landlock the kernel has."""
PATH_BENEATH = 1
EXECUTE, READ_FILE, READ_DIR = 1 << 0, 1 << 2, 1 << 3
FILE_RIGHTS = {1: (1 << 13) - 1, 2: 1 << 13, 3: 1 << 14, 5: 1 << 15}
"""Version -> the rights on files it added."""
OF_FOLDERS = READ_DIR | ((1 << 14) - (1 << 4))
"""Rights that a file, as opposed to a folder, cannot be given."""
TCP = 0b11
"""Bind and connect, from version 4."""
OUTSIDE = 0b11
"""Abstract sockets of, and signals to, processes outside: from version 6."""
PR_SET_NO_NEW_PRIVS = 38
SYSTEM = (
    *("/usr", "/lib", "/lib64", "/etc", "/dev/null", "/dev/urandom", "/proc/self"),
    *("/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/sys/devices/system/cpu", "/sys/fs/cgroup"),
)
"""What an interpreter and its libraries read; not the processes of others."""


PACKAGE = Path(errors.__file__).parent


class _Ruleset(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("files", "net", "scoped")]


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = [("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32)]


def version() -> int:
    """Return the version of Landlock this machine has; 0 where there is none."""
    if sys.platform != "linux":
        return 0
    found = ctypes.CDLL(None).syscall(CREATE, None, ctypes.c_size_t(0), VERSION)
    return max(0, int(found))


def lock(folder: Path) -> bool:
    """Let this process read its libraries and work in `folder`, and nothing else; False if it cannot be.

    No other file can be opened, no connection made, no process outside be signalled: by this process and
    all it starts, for ever. Call it before there is a second thread.
    """
    known = version()
    if not known:
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    rights = sum(bits for since, bits in FILE_RIGHTS.items() if since <= known)
    rules = _Ruleset(rights, TCP if known >= 4 else 0, OUTSIDE if known >= 6 else 0)
    size = 8 * (1 + (known >= 4) + (known >= 6))
    ruleset = libc.syscall(CREATE, ctypes.byref(rules), ctypes.c_size_t(size), 0)
    if ruleset < 0:
        return False
    try:
        for path, allowed in _allowed(folder, rights).items():
            _add(libc, ruleset, path, allowed)
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        return bool(libc.syscall(RESTRICT, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _allowed(folder: Path, rights: int) -> Mapping[Path, int]:
    places = [Path(place) for place in sys.path if place]
    found = dict.fromkeys(map(Path, SYSTEM), EXECUTE | READ_FILE | READ_DIR)
    found |= dict.fromkeys(places, READ_DIR)  # where it is looked for, not what lies there
    libraries = [place for place in places if place != PACKAGE.parent or _installed(place)]
    for path in (*libraries, PACKAGE, Path(sys.prefix), Path(sys.base_prefix)):
        found[path] = EXECUTE | READ_FILE | READ_DIR
    return found | {folder: rights}


def _installed(place: Path) -> bool:
    return place.name in ("site-packages", "dist-packages")


def _add(libc: ctypes.CDLL, ruleset: int, path: Path, allowed: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:  # this machine has no such folder
        return
    try:
        rule = _Beneath(allowed if path.is_dir() else allowed & ~OF_FOLDERS, place)
        libc.syscall(ADD_RULE, ruleset, PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(place)


def limit(*, memory: int, seconds: int, size: int) -> None:
    """Bound this process: bytes of address space, seconds of processor time, bytes of a file it writes."""
    import resource

    wanted: Iterable[tuple[int, int]] = (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, size),
        (resource.RLIMIT_CORE, 0),
    )
    for what, most in wanted:
        with contextlib.suppress(ValueError, OSError):  # not every system has, or allows, every one
            resource.setrlimit(what, (most, most))
