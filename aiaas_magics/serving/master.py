"""The master of an endpoint: holds the socket, keeps its workers alive, hands on new plans, goes when told.

It loads no model and no numpy. A worker that dies is started again, more slowly each time it dies
young. When the master dies its workers see it and go.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

from aiaas_magics import errors
from aiaas_magics.serving import plan

LOG = logging.getLogger("aiaas.serving")
TICK = 0.2
"""Seconds between two looks where nothing is heard of."""
YOUNG = 10.0
"""Seconds: a worker that dies earlier is started again after a pause that doubles up to `SLOWEST`."""
FIRST = 0.1
SLOWEST = 10.0
DRAIN = 10.0
START = 50.0
"""Seconds until the first worker answers: fewer than the starter waits, who is to hear why it did not."""
AGAIN = 1.0
"""Seconds after which a worker that does not follow is told once more."""


class Slot:
    """A place for a worker: the process in it, and when the next one may come."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.worker: subprocess.Popen[bytes] | None = None
        self.born = self.again = self.told = 0.0
        self.pause = FIRST
        self.serves = 0
        """The revision of the plan that the worker in it is known to serve."""

    def died(self) -> bool:
        """Take note of the worker's end; True if there was one."""
        worker, now = self.worker, time.monotonic()
        if worker is None or worker.poll() is None:
            return False
        young = now - self.born < YOUNG
        self.pause = min(2 * self.pause, SLOWEST) if young else FIRST
        self.worker, self.again = None, now + self.pause * young
        LOG.warning("worker %d ended with %s; starting another", worker.pid, worker.returncode)
        return True


class Master:
    """Runs the workers of one endpoint as its plan says.

    Parameters
    ----------
    folder
        Where the plan lies, and where workers tell what they serve.
    token
        The file that holds the endpoint's token; None: workers take it from ``$AIAAS_TOKEN``.
    foreground
        It stands in a terminal: an interrupt and a hang-up end it. Else a hang-up means that there is a new plan.
    """

    def __init__(
        self,
        folder: Path,
        token: Path | None,
        listener: socket.socket,
        *,
        foreground: bool = False,
    ) -> None:
        self._folder, self._listener, self._foreground = folder, listener, foreground
        self._words = ["--plan", str(folder)] + (["--token", str(token)] if token else [])
        self._plan = plan.read(folder)
        self._slots = [Slot(number) for number in range(self._plan.workers)]
        self._going: list[tuple[subprocess.Popen[bytes], float]] = []
        self._leaving = self._reload = False
        self._heard, self._said = os.pipe()
        os.set_blocking(self._said, False)

    def start(self) -> None:
        """Start all workers, and return when the first one answers.

        Raises
        ------
        EndpointError
            If it died or took too long; the hint says which.
        """
        signal.signal(signal.SIGTERM, self._leave)
        signal.signal(signal.SIGINT, self._leave if self._foreground else signal.SIG_IGN)
        signal.signal(signal.SIGHUP, self._leave if self._foreground else self._look)
        signal.signal(signal.SIGCHLD, self._wake)
        pipes = [self._spawn(slot) for slot in self._slots]
        heard = _readable(pipes[0], START)
        ready = heard and os.read(pipes[0], 1) == b"r"
        for pipe in pipes:
            os.close(pipe)
        if not ready:
            late = f"its worker did not answer within {START:g} s"
            why = _end_of(self._slots[0].worker) if heard else late
            LOG.error("not started: %s", why)
            self.end()
            raise errors.EndpointError("no worker answers", why)

    def run(self) -> None:
        """Keep the workers alive and on the newest plan until told to go."""
        while not self._leaving:
            if _readable(self._heard, TICK):
                os.read(self._heard, 4096)
            if self._reload:
                self._reload = False
                self._read()
            for slot in self._slots:
                slot.died()
                if slot.worker is None and time.monotonic() >= slot.again:
                    self._revive(slot)
                self._hand_on(slot)
            self._reap()
        self.end()

    def end(self) -> None:
        """Let the workers finish what they answer, and end them."""
        self._listener.close()
        for slot in self._slots:
            self._let_go(slot)
        for worker, until in self._going:
            with contextlib.suppress(subprocess.TimeoutExpired):
                worker.wait(max(0.0, until - time.monotonic()))
            worker.kill()
            worker.wait()

    def _read(self) -> None:
        """Read the plan again; start or let go workers, the others are told by `_hand_on`."""
        try:
            self._plan = plan.read(self._folder)
        except (OSError, errors.AiaasError) as error:
            LOG.error("the plan cannot be read, the one before stays: %s", error)  # noqa: TRY400
            return
        count = self._plan.workers
        LOG.info("plan %d: %d worker%s", self._plan.revision, count, "s" * (count != 1))
        for slot in self._slots:
            slot.told = 0.0
        for number in range(len(self._slots), self._plan.workers):
            self._slots.append(Slot(number))
        while len(self._slots) > self._plan.workers:
            self._let_go(self._slots.pop())

    def _hand_on(self, slot: Slot) -> None:
        """Tell a worker that is up and serves an older plan to read it again."""
        if slot.worker is None or slot.serves >= self._plan.revision:
            return
        told, now = plan.told(self._folder, slot.number), time.monotonic()
        if told is None or told.pid != slot.worker.pid:
            return  # it starts: it reads the plan by itself, and may not listen to signals yet
        slot.serves = told.revision
        if slot.serves < self._plan.revision and now - slot.told > AGAIN:
            slot.told = now
            slot.worker.send_signal(signal.SIGHUP)

    def _let_go(self, slot: Slot) -> None:
        if slot.worker is not None:
            slot.worker.terminate()
            self._going.append((slot.worker, time.monotonic() + DRAIN))

    def _reap(self) -> None:
        """Take note of workers that have gone as they were told; end those that are late."""
        for worker, until in self._going:
            if time.monotonic() > until:
                worker.kill()
        self._going = [(w, until) for w, until in self._going if w.poll() is None]

    def _spawn(self, slot: Slot) -> int:
        read, write = os.pipe()
        number = self._listener.fileno()
        words = [*self._words, "--slot", str(slot.number), "--master", str(os.getpid())]
        words += ["--socket", str(number), "--ready", str(write)]
        try:
            slot.worker = subprocess.Popen(
                [sys.executable, "-P", "-m", "aiaas_magics.serving.worker", *words],
                pass_fds=(number, write),
                stdin=subprocess.DEVNULL,
                process_group=0 if self._foreground else None,  # an interrupt is the master's alone
            )
        except OSError:
            os.close(read)
            raise
        finally:
            os.close(write)
        slot.born, slot.told, slot.serves = time.monotonic(), 0.0, 0
        return read

    def _revive(self, slot: Slot) -> None:
        """Start another worker; where the system gives none, the others go on, and it is tried again later."""
        try:
            os.close(self._spawn(slot))
        except OSError as error:
            slot.pause = min(2 * slot.pause, SLOWEST)
            slot.again = time.monotonic() + slot.pause
            LOG.error("worker %d cannot be started: %s", slot.number, error)  # noqa: TRY400

    def _leave(self, number: int, frame: FrameType | None) -> None:
        self._leaving = True
        self._wake(number, frame)

    def _look(self, number: int, frame: FrameType | None) -> None:
        self._reload = True
        self._wake(number, frame)

    def _wake(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        with contextlib.suppress(BlockingIOError):  # a full pipe wakes as well
            os.write(self._said, b"!")


def _end_of(worker: subprocess.Popen[bytes] | None) -> str:
    """Return in words how a worker ended that is about to, or has."""
    if worker is None:
        return "its worker is gone"
    try:
        status = worker.wait(DRAIN)
    except subprocess.TimeoutExpired:
        return "its worker closed its pipe and lives on"
    if status < 0:
        return f"its worker was ended by {signal.Signals(-status).name}"
    return f"its worker ended with status {status}"


def _readable(pipe: int, seconds: float) -> bool:
    return bool(select.select([pipe], [], [], seconds)[0])
