"""The spare: a worker with its libraries loaded, waiting on a pipe for the next job."""

from __future__ import annotations

import contextlib
import json
import os
import sys

from aiaas_magics.execution import process
from aiaas_magics.execution.environment import worker_env
from aiaas_magics.store.home import Home


class Spare:
    """At most one warm process. Its end of the pipe closes with this process: then it ends too."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._pid: int | None = None
        self._pipe: int | None = None
        self._path: list[str] = []

    @property
    def pid(self) -> int | None:
        """The waiting process, if there is one."""
        return self._pid

    def start(self) -> None:
        """Start a spare unless one waits already or they are switched off."""
        if self._pid is not None and not process.reap_child(self._pid):
            return
        self.close()
        if os.environ.get("AIAAS_SPARE", "1") == "0" or not self._home.setting("spare"):
            return
        read, write = os.pipe()
        words = ["aiaas_magics.execution.worker", "--home", str(self._home.path)]
        try:
            log = self._home.path / "jobs" / "spare.log"
            self._pid = process.spawn(words, worker_env(), stdin=read, log=log)
        finally:
            os.close(read)
        self._pipe, self._path = write, list(sys.path)

    def adopt(self, job: str) -> int | None:
        """Hand a job to the spare and return its pid, or None if there is no fit spare.

        A spare that was started before packages were installed is not fit: what it imported may be
        old. Its import path tells.
        """
        pid, pipe = self._pid, self._pipe
        if pid is None or pipe is None or process.reap_child(pid) or self._path != sys.path:
            self.close()
            return None
        message = json.dumps({"job": job, "env": dict(os.environ)}).encode() + b"\n"
        try:
            with os.fdopen(pipe, "wb") as file:
                file.write(message)
        except BrokenPipeError:
            self._pid = self._pipe = None
            return None
        self._pid = self._pipe = None
        return pid

    def close(self) -> None:
        """End the spare that waits, if one does."""
        if self._pipe is not None:
            os.close(self._pipe)
        if self._pid is not None and not process.reap_child(self._pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, 9)  # it waits and holds nothing
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self._pid, 0)
        self._pid = self._pipe = None
