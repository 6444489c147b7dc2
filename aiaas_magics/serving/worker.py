"""A serving worker: one process, one event loop, one model."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import socket
import sys
import threading
import time
from pathlib import Path

from aiaas_magics.predictors.sklearn import SklearnPredictor
from aiaas_magics.serving.app import App
from aiaas_magics.store.home import Home

LINGER = 0.5
"""Seconds for whoever has just connected to say what it wants, before idle connections are closed."""


def main(argv: list[str] | None = None) -> int:
    """Serve on an inherited socket until told to stop or the master is gone."""
    parser = argparse.ArgumentParser(prog="aiaas-serving-worker")
    parser.add_argument("--home", required=True, type=Path)
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--schema", default="warn")
    parser.add_argument("--master", required=True, type=int)
    parser.add_argument("--socket", required=True, type=int)
    parser.add_argument("--ready", required=True, type=int)
    words = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(process)d %(message)s")
    threading.Thread(target=_end_with, args=(words.master,), daemon=True).start()
    app = load(Home.open(words.home, stores=False), words.endpoint, words.model, words.schema)
    serve(app, socket.socket(fileno=words.socket), words.ready)
    return 0


def load(home: Home, endpoint: str, model: str, schema: str = "warn") -> App:
    """Open a model, its seal checked, and wrap it; `schema` is the mode of :mod:`aiaas_magics.specs.schema`."""
    from aiaas_magics.engines import usercode
    from aiaas_magics.engines.models import artefacts

    info = home.registry.find(model)
    folder = home.registry.folder(info.ref)
    predictor = SklearnPredictor(artefacts.load(folder), info.signature, usercode.blame)
    asked = {"X_test": artefacts.example(folder)}
    return App(endpoint, info.ref, predictor, home.endpoints.token(endpoint), asked, schema)


def serve(app: App, listener: socket.socket, ready: int) -> None:
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
