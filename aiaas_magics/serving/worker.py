"""A serving worker: one process, one event loop, one model."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

from aiaas_magics.predictors.sklearn import SklearnPredictor
from aiaas_magics.serving import plan
from aiaas_magics.serving.app import App
from aiaas_magics.specs.serving import Plan

LOG = logging.getLogger("aiaas.serving")
LINGER = 0.5
"""Seconds for whoever has just connected to say what it wants, before idle connections are closed."""


def main(argv: list[str] | None = None) -> int:
    """Serve on an inherited socket until told to stop or the master is gone."""
    parser = argparse.ArgumentParser(prog="aiaas-serving-worker")
    parser.add_argument("--plan", required=True, type=Path)
    parser.add_argument("--token", type=Path, help="a file with the token (default: $AIAAS_TOKEN)")
    parser.add_argument("--slot", type=int, default=0)
    parser.add_argument("--master", required=True, type=int)
    parser.add_argument("--socket", required=True, type=int)
    parser.add_argument("--ready", required=True, type=int)
    words = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(process)d %(message)s")
    threading.Thread(target=_end_with, args=(words.master,), daemon=True).start()
    token = words.token.read_text() if words.token else os.environ["AIAAS_TOKEN"]
    app = Following(words.plan, words.slot, token)
    serve(app, socket.socket(fileno=words.socket), words.ready)
    return 0


class Following:
    """The application of the newest plan: it changes at once, no connection is touched."""

    def __init__(self, folder: Path, slot: int, token: str) -> None:
        self._folder, self._slot, self._token = folder, slot, token
        self._plan = plan.read(folder)
        self._app = load(self._plan, token)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer by the newest plan."""
        await self._app(scope, receive, send)

    def follow(self) -> None:
        """Listen to hang-ups from now on, and tell what is served."""
        loop = asyncio.get_running_loop()
        again = asyncio.Lock()
        tasks: set[asyncio.Task[None]] = set()

        async def reload() -> None:
            async with again:
                await self._reload()

        def hangup() -> None:
            tasks.add(task := loop.create_task(reload()))
            task.add_done_callback(tasks.discard)

        loop.add_signal_handler(signal.SIGHUP, hangup)
        plan.report(self._folder, self._slot, self._plan.revision)

    async def _reload(self) -> None:
        fresh = plan.read(self._folder)
        try:
            if fresh.revision != self._plan.revision:
                self._app = await asyncio.to_thread(load, fresh, self._token)
                self._plan = fresh
            plan.report(self._folder, self._slot, fresh.revision)
        except Exception as error:
            LOG.exception("plan %d", fresh.revision)
            plan.report(self._folder, self._slot, fresh.revision, str(error) or repr(error))


def load(wished: Plan, token: str) -> App:
    """Open a plan's main version and wrap it."""
    from aiaas_magics.engines import usercode
    from aiaas_magics.engines.models import artefacts

    main = wished.main
    pipeline = artefacts.load(Path(main.folder))
    predictor = SklearnPredictor(pipeline, main.signature, usercode.blame)
    return App(wished.endpoint, main.model, predictor, token, main.example, wished.schema)


def serve(app: Following, listener: socket.socket, ready: int) -> None:
    """Answer requests until SIGTERM; those in flight are finished first."""
    import uvicorn

    config = uvicorn.Config(
        app,
        loop="uvloop" if _has("uvloop") else "asyncio",
        http="httptools" if _has("httptools") else "h11",
        lifespan="off",
        ws="none",
        interface="asgi3",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=8,
        h11_max_incomplete_event_size=64 << 10,
    )

    class Server(uvicorn.Server):
        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            await asyncio.sleep(LINGER)
            await super().shutdown(sockets)

    server = Server(config)

    async def run() -> None:
        task = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn offers no event
            await asyncio.sleep(0.005)
        if server.started:
            app.follow()
            with contextlib.suppress(BrokenPipeError):  # the master waits for its first worker only
                os.write(ready, b"r")
        os.close(ready)
        await task

    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(run())


def _has(name: str) -> bool:
    import importlib.util

    return importlib.util.find_spec(name) is not None


def _end_with(master: int) -> None:
    while os.getppid() == master:
        time.sleep(0.25)
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
