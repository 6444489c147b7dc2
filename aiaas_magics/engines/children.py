"""A job's own children: they end when it does, however that ends."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time

DIE_WITH_PARENT = 1
"""``PR_SET_PDEATHSIG`` of prctl(2): the signal comes when the thread that forked ends."""
OTHERWISE = 0.5
"""Seconds between two looks at the parent where the system has no such signal."""


def die_with(parent: int) -> None:
    """Let this process end with its parent; at once if that has gone before we asked."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
    else:
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    if os.getppid() != parent:
        os._exit(1)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(OTHERWISE)
    os._exit(1)
