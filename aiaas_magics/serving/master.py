"""The master of an endpoint: holds the socket, keeps its workers alive, goes when told.

It loads no model and no numpy. A worker that dies is started again, more slowly each time it dies
young. When the master dies its workers see it and go.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import logging
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from aiaas_magics import errors

LOG = logging.getLogger("aiaas.serving")
BACKLOG = 1024
TICK = 0.2
YOUNG = 10.0
"""Seconds: a worker that dies earlier is started again after a pause that doubles up to `SLOWEST`."""
SLOWEST = 10.0
DRAIN = 10.0
START = 55.0
DIVERT = 51
"""SO_ATTACH_REUSEPORT_CBPF, which Python does not name (asm-generic/socket.h; socket(7))."""


def listen(port: int, *, share: bool) -> socket.socket:
    """Return a socket on loopback that its workers can serve.

    A port is taken alone, and only then left open to a successor: of two that ask for it at once,
    one is refused. A successor, which shares it, does not listen before its first worker answers.

    Raises
    ------
    PortInUse
    """
    listener = socket.socket()
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if share:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(("127.0.0.1", port))
        if not share:
            listener.listen(BACKLOG)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    except OSError as error:
        listener.close()
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            hint = (
                "another program listens there"
                if error.errno == errno.EADDRINUSE
                else "ports below 1024 need rights"
            )
            raise errors.PortInUse(f"port {port} cannot be used", hint, "--port 0") from error
        raise
    listener.set_inheritable(True)
    return listener


def divert(listener: socket.socket) -> None:
    """Let new connections come to this socket alone, none to its predecessor on the same port.

    Those that still wait at a socket are reset when it is closed. A program of one step, "return 1",
    chooses the second of the sockets that share the port; systems without such programs go on dealing.
    """
    step = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 1))
    with contextlib.suppress(OSError):
        listener.setsockopt(socket.SOL_SOCKET, DIVERT, struct.pack("HP", 1, ctypes.addressof(step)))


class Master:
    """Runs the workers of one endpoint."""

    def __init__(
        self, home: Path, asked: Sequence[str], listener: socket.socket, workers: int
    ) -> None:
        self._words = ["--home", str(home), *asked]
        self._listener = listener
        self._slots: list[subprocess.Popen[bytes] | None] = [None] * workers
        self._again: list[float] = [0.0] * workers
        self._pause: list[float] = [0.5] * workers
        self._born: list[float] = [0.0] * workers
        self._leaving = False

    def start(self) -> bool:
        """Start all workers; True when the first one answers, False if it died or took too long."""
        signal.signal(signal.SIGTERM, self._leave)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        pipes = [self._spawn(slot) for slot in range(len(self._slots))]
        ready = bool(select.select(pipes[:1], [], [], START)[0]) and os.read(pipes[0], 1) == b"r"
        for pipe in pipes:
            os.close(pipe)
        if not ready:
            self.end()
        return ready

    def run(self) -> None:
        """Keep the workers alive until told to go."""
        while not self._leaving:
            time.sleep(TICK)
            for slot, worker in enumerate(self._slots):
                if worker is not None and worker.poll() is not None:
                    self._died(slot, worker)
                elif worker is None and time.monotonic() >= self._again[slot]:
                    os.close(self._spawn(slot))
        self.end()

    def _spawn(self, slot: int) -> int:
        read, write = os.pipe()
        number = self._listener.fileno()
        words = [*self._words, "--master", str(os.getpid())]
        words += ["--socket", str(number), "--ready", str(write)]
        self._slots[slot] = subprocess.Popen(
            [sys.executable, "-P", "-m", "aiaas_magics.serving.worker", *words],
            pass_fds=(number, write),
            stdin=subprocess.DEVNULL,
        )
        os.close(write)
        self._born[slot] = time.monotonic()
        return read

    def _died(self, slot: int, worker: subprocess.Popen[bytes]) -> None:
        young = time.monotonic() - self._born[slot] < YOUNG
        self._pause[slot] = min(2 * self._pause[slot], SLOWEST) if young else 0.1
        self._slots[slot], self._again[slot] = None, time.monotonic() + self._pause[slot] * young
        LOG.warning("worker %d ended with %s; starting another", worker.pid, worker.returncode)

    def _leave(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._leaving = True

    def end(self) -> None:
        """Let the workers finish what they answer, and end them."""
        self._listener.close()
        alive = [worker for worker in self._slots if worker is not None]
        for worker in alive:
            worker.terminate()
        end = time.monotonic() + DRAIN
        for worker in alive:
            with contextlib.suppress(subprocess.TimeoutExpired):
                worker.wait(max(0.0, end - time.monotonic()))
            worker.kill()
            worker.wait()


def tell(number: int, said: dict[str, object]) -> bool:
    """Say something to whoever started this process; True if the starter takes it over.

    A starter that is gone, cancelled half-way, never answers: nobody would know of this process.
    """
    with contextlib.suppress(OSError), socket.socket(fileno=number) as starter:
        starter.sendall(json.dumps(said).encode())
        return bool(starter.recv(1))
    return False
