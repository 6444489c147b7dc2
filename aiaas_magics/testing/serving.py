"""An endpoint in memory: versions without files, an application without a socket. For tests of protocols and predictors."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from aiaas_magics.predictors.base import Predictor
from aiaas_magics.serving import loading
from aiaas_magics.serving.app import App
from aiaas_magics.serving.protocols.base import Loaded, State
from aiaas_magics.specs.schema import Schema
from aiaas_magics.specs.serving import Plan, Served

TOKEN = "right-token"  # noqa: S105 - of no endpoint


def loaded(predictor: Predictor, model: str = "m@1", **told: Any) -> Loaded:
    """Return a version that is ready; `told` are fields of its `Served`."""
    signature = predictor.signature
    served = Served(model=model, folder="", digest=model, signature=signature, **told)
    return Loaded(
        served, predictor, Schema(signature.inputs, signature.required, signature.expects)
    )


def state(*versions: Loaded, endpoint: str = "api", **told: Any) -> State:
    """Return the state of an endpoint with these versions; `told` are fields of its `Plan`."""
    plan = Plan(endpoint=endpoint, versions=tuple(each.served for each in versions), **told)
    return State(plan, loading.by_key(versions))


class Transport:
    """A transport without a socket, for tests of connections: keeps what is written."""

    def __init__(self) -> None:
        self.said, self.closed = b"", False

    def get_extra_info(self, name: str) -> None:
        """Know nothing of sockets and peers."""

    def write(self, data: bytes) -> None:
        """Keep it."""
        self.said += data

    def close(self) -> None:
        """Take note."""
        self.closed = True

    def is_closing(self) -> bool:
        """Tell whether it was closed."""
        return self.closed

    def pause_reading(self) -> None:
        """Go on."""

    def resume_reading(self) -> None:
        """Go on."""


class Sent(NamedTuple):
    """What an application sent."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)


async def asked(
    app: App,
    path: str = "/predict",
    body: bytes | Sequence[bytes] = b"",
    *,
    method: str = "POST",
    ended: bool = True,
    **headers: str | None,
) -> Sent:
    """Ask an application as a server would, with the token and a content type unless `headers` say otherwise.

    A header given as None is left out; ``_`` in its name stands for ``-``. A body may come in pieces, and may not end.
    """
    known: dict[str, str | None] = {
        "host": "127.0.0.1:8080",
        "authorization": f"Bearer {TOKEN}",
        "content-type": "application/json",
    }
    known.update({name.replace("_", "-"): value for name, value in headers.items()})
    raw = [(k.encode(), v.encode("latin-1")) for k, v in known.items() if v is not None]
    scope = {"type": "http", "method": method, "path": path, "headers": raw}
    parts = [body] if isinstance(body, bytes) else list(body)
    said: list[Any] = []

    async def receive() -> dict[str, Any]:
        if not parts:
            return {"type": "http.disconnect"}
        part = parts.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(parts) or not ended}

    async def send(message: Any) -> None:
        said.append(message)

    await app(scope, receive, send)
    start, *bodies = said
    told = {k.decode(): v.decode() for k, v in start["headers"]}
    return Sent(start["status"], told, b"".join(message["body"] for message in bodies))


def ask(app: App, *words: Any, **more: Any) -> Sent:
    """Ask an application from outside an event loop; see `asked`."""
    return asyncio.run(asked(app, *words, **more))
