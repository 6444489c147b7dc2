"""``aiaas serve MODEL``: an endpoint in a terminal, gone with it."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
import tempfile
from pathlib import Path

import msgspec

from aiaas_magics import errors, session
from aiaas_magics.backends.local import LocalBackend
from aiaas_magics.cards import cards, endpoints
from aiaas_magics.execution import plans
from aiaas_magics.security import keys, tokens
from aiaas_magics.serving import plan
from aiaas_magics.serving.listening import listen
from aiaas_magics.serving.master import Master
from aiaas_magics.specs.deploy import DeploySpec, OptimiseSpec
from aiaas_magics.specs.records import EndpointInfo
from aiaas_magics.specs.refs import parse
from aiaas_magics.widgets.terminal import TerminalProgress


def serve(spec: DeploySpec, home: str | None) -> int:
    """Serve a model until an interrupt; what was asked by then is answered.

    Nothing of it stands in the home. The token is ``$AIAAS_TOKEN``, or a new one, which is printed.

    Raises
    ------
    NotFound, PortInUse, SealError
    """
    host = spec.settings()["host"]
    listener = listen(spec.port, share=False, host=host)  # before the work: it may be taken
    given = os.environ.get("AIAAS_TOKEN")
    with tempfile.TemporaryDirectory(prefix="aiaas-serve-") as folder, listener:
        info = _prepared(spec, home, Path(folder), listener.getsockname()[1])
        token = keys.write_secret(Path(folder) / "token", (given or tokens.new()).encode())
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(process)d %(message)s")
        logging.getLogger("aiaas").setLevel(logging.INFO)
        master = Master(Path(folder), Path(folder) / "token", listener, foreground=True)
        try:
            master.start()
        except errors.EndpointError as error:
            hint = f"{error.hint}; what it said stands above"
            raise errors.EndpointError(f"{info.model} is not served", hint) from error
        _say(info, "" if given else token.decode())
        master.run()
    _print("ended; what was asked is answered")
    return 0


def _prepared(spec: DeploySpec, home: str | None, folder: Path, port: int) -> EndpointInfo:
    """Optimise a model by a job, and write the plan that serves it; the home is closed again."""
    session.watch_with(TerminalProgress)
    opened = session.connect(home)
    try:
        opened.run_spec(OptimiseSpec(model=spec.model))
        backend = opened.backend
        if not isinstance(backend, LocalBackend):
            raise errors.BackendUnavailable("a model is served where it lies", "", "%aiaas_connect")
        model = opened.model(spec.model)
        share = plans.share(backend.home, model)
        settings = {**spec.settings(), "port": port, "samples": False}
        info = EndpointInfo(
            name=spec.as_, model=model.ref, state="READY", url=plans.url(settings["host"], port),
            target=model.target, versions=(share,), **settings,
        )  # fmt: skip
        wished = plans.of(backend.home, info)
    finally:
        session.close()
    plan.write(folder, wished)
    return msgspec.structs.replace(info, example=wished.main.example)


def default_name(model: str) -> str:
    """Return what the endpoint of a model is called where nobody says."""
    return f"{parse(model).name}-api"[:63]


def _say(info: EndpointInfo, token: str) -> None:
    """Tell how to ask, and the token where the terminal does not have it."""
    shown = [cards.endpoint_line(info)]
    shown += [part.text() for part in endpoints.parts(info)]
    shown += [f"export AIAAS_TOKEN={token}"] if token else []
    shown += [cards.request(info, json.dumps(info.example, ensure_ascii=False))]
    shown += [f"to try it: {info.url}/docs; Ctrl-C ends it"]
    _print("\n".join(shown))


def _print(text: str) -> None:
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(f"{errors.visible(text)}\n")
        sys.stdout.flush()
