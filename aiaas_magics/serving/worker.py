"""A serving worker: one process, one event loop, the versions of one plan."""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
import signal
import socket
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

from aiaas_magics import errors
from aiaas_magics.serving import loading, plan
from aiaas_magics.serving.app import PROTOCOLS, App
from aiaas_magics.serving.collector import Collector
from aiaas_magics.serving.guard import Guard
from aiaas_magics.serving.heart import Heart
from aiaas_magics.serving.log import Log
from aiaas_magics.serving.protocols.metrics import Metrics

LOG = logging.getLogger("aiaas.serving")
LINGER = 0.5
"""Seconds for whoever has just connected to say what it wants, before idle connections are closed."""
DRAIN = 8
"""Seconds to answer what is under way when the worker is told to go."""
TICK = 0.1
SWEEP = 5
"""Ticks between two looks at the connections."""
KEEP_ALIVE = 65
"""Seconds an idle connection stays open: longer than the pools of usual clients keep theirs."""
GIVE_WAY = 0.001
"""Seconds for which a thread that reads a long body keeps the event loop waiting; Python's own are five times as many."""
COLLECT = 50_000
"""Objects made before Python looks for garbage in circles, which a request leaves none of."""


def main(argv: list[str] | None = None) -> int:
    """Serve on an inherited socket until told to stop or the master is gone."""
    parser = argparse.ArgumentParser(prog="aiaas-serving-worker")
    parser.add_argument("--plan", required=True, type=Path)
    parser.add_argument("--token", type=Path, help="a file with the token (default: $AIAAS_TOKEN)")
    parser.add_argument("--slot", type=int, default=0)
    parser.add_argument("--master", required=True, type=int)
    parser.add_argument("--socket", required=True, type=int)
    parser.add_argument("--heart", required=True, type=int)
    words = parser.parse_args(argv)
    heart = Heart(words.heart)
    heart.start()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until it is listened to
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(process)d %(message)s")
    try:
        with heart.opening():
            worker = Worker(words.plan, words.slot, _token(words.token), words.master, heart)
    except errors.AiaasError as error:
        LOG.error("%s", ": ".join(line for line in (error.what, error.hint) if line))  # noqa: TRY400
        return 1
    worker.serve(socket.socket(fileno=words.socket))
    return 0


def _token(path: Path | None) -> str:
    """Return what senders must have: an endpoint without a token would let everybody in."""
    found = (path.read_text() if path else os.environ.get("AIAAS_TOKEN", "")).strip()
    if not found:
        where = str(path) if path else "$AIAAS_TOKEN"
        raise errors.SpecError("there is no token", f"{where} is empty")
    return found


class Worker:
    """Serves what the plan in a folder says, now and after each hang-up.

    Parameters
    ----------
    slot
        Which of the endpoint's workers it is.
    master
        The process whose end is its own.
    heart
        Tells it when the first request may come, and that versions are opened.
    """

    def __init__(self, folder: Path, slot: int, token: str, master: int, heart: Heart) -> None:
        self._folder, self._slot, self._heart = folder, slot, heart
        self._log = Log.of(folder / "log")
        wished = plan.read(folder)
        self._watch = Collector(folder, slot)
        self._watch.serve(wished)
        protocols = [*(make() for make in PROTOCOLS), Metrics(folder)]
        self.app = App(
            loading.state_of_what_opens(wished), token,
            watch=self._watch, log=self._log, protocols=protocols,
        )  # fmt: skip
        self._guard = Guard(
            master,
            self.app.lane,
            timeout=lambda: self.app.flights.timeout,
            memory=lambda: self.app.state.plan.limits.memory,
        )
        self._again = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def serve(self, listener: socket.socket) -> None:
        """Answer requests until SIGTERM; those in flight are finished first."""
        self._guard.start()
        gc.collect()
        gc.freeze()  # what is loaded stays
        gc.set_threshold(COLLECT, 20, 20)
        sys.setswitchinterval(GIVE_WAY)
        server, factory = _server(self.app, self._drain)
        signal.signal(signal.SIGTERM, server.handle_exit)  # which is raised again when it has gone
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(self._run(server, listener))
        self._watch.close()
        self._log.flush()

    async def _run(self, server: Any, listener: socket.socket) -> None:
        task = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn offers no event
            await asyncio.sleep(0.005)
        if server.started:
            self._follow()
            self._heart.ready()
        ticking = asyncio.create_task(self._tick(server.server_state.connections))
        await task
        ticking.cancel()

    async def _drain(self) -> None:
        """Answer those who are connected for a moment longer, and ask them to go elsewhere."""
        self.app.draining = True
        await asyncio.sleep(LINGER)
        self.app.closed = True

    async def _tick(self, connected: set[Any]) -> None:
        count, loop = 0, asyncio.get_running_loop()
        while True:
            self._guard.beat = time.monotonic()
            self.app.tick()
            count += 1
            self._log.flush()
            if count % SWEEP == 0:
                for each in list(connected):
                    if hasattr(each, "sweep"):
                        each.sweep(loop.time())
            await asyncio.sleep(min(TICK, self.app.flights.timeout / 4))

    def _follow(self) -> None:
        """Listen to hang-ups from now on, and tell what is served."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._hangup)
        self._hangup()  # the plan may have changed since it was read

    def _hangup(self) -> None:
        task = asyncio.get_running_loop().create_task(self._reload())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _reload(self) -> None:
        """Serve the newest plan; where that cannot be, go on as before and tell why."""
        async with self._again:
            fresh = plan.read(self._folder)
            try:
                if fresh.revision != self.app.state.plan.revision:
                    with self._heart.opening():
                        state = await asyncio.to_thread(loading.state, fresh, self.app.state)
                    await asyncio.to_thread(self._watch.serve, fresh)
                    self.app.turn(state)
                    LOG.info("plan %d: %s", fresh.revision, ", ".join(state.versions))
            except Exception as error:
                LOG.exception("plan %d", fresh.revision)
                plan.report(self._folder, self._slot, fresh.revision, str(error) or repr(error))
            else:
                plan.report(self._folder, self._slot, fresh.revision)


def _server(app: App, drain: Any) -> tuple[Any, Any]:
    import uvicorn

    config = uvicorn.Config(
        app,
        loop="uvloop" if _has("uvloop") else "asyncio",
        http=_protocol(app),
        lifespan="off",
        ws="none",
        interface="asgi3",
        access_log=False,
        proxy_headers=False,
        log_config=None,
        server_header=False,
        date_header=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=DRAIN,
        h11_max_incomplete_event_size=64 << 10,
    )

    class Server(uvicorn.Server):
        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            await drain()
            await super().shutdown(sockets)

    server = Server(config)
    app.pending = server.server_state.tasks.__len__
    return server, config.get_loop_factory()


def _protocol(app: App) -> Any:
    if not _has("httptools"):
        return "h11"
    from aiaas_magics.serving.express import Express

    return partial(Express, app)


def _has(name: str) -> bool:
    import importlib.util

    return importlib.util.find_spec(name) is not None


if __name__ == "__main__":
    sys.exit(main())
