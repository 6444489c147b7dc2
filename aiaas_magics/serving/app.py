"""The ASGI application of a serving worker: bare and strict.

A request is matched, let in, counted, read, sent to a version, asked, answered; then, when its sender has the answer, it is
logged, watched, and a shadow is asked too. Protocols decode and encode; each thing that can be wrong is a `Problem`.

Who may: predictions and descriptions need the endpoint's token; ``/health`` tells nothing and is open, as is the empty shell
of the page.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from aiaas_magics.predictors.base import Outcome
from aiaas_magics.serving import flights, unpacking
from aiaas_magics.serving.batching import Lane
from aiaas_magics.serving.door import Door, Headers
from aiaas_magics.serving.flights import Flights
from aiaas_magics.serving.log import Line, Log
from aiaas_magics.serving.matching import Table
from aiaas_magics.serving.noted import Noted
from aiaas_magics.serving.problems import Problem
from aiaas_magics.serving.protocols.base import Ask, Endpoint, Reply, Request, State
from aiaas_magics.serving.protocols.invocations import Invocations
from aiaas_magics.serving.protocols.predict import Predict
from aiaas_magics.serving.protocols.v2 import OpenInference
from aiaas_magics.serving.router import FEW, Router, Runner
from aiaas_magics.serving.shadows import Shadows
from aiaas_magics.serving.site import Site
from aiaas_magics.serving.watch import Watch

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
T = TypeVar("T")

LOG = logging.getLogger("aiaas.serving")
PROTOCOLS: tuple[Callable[[], Endpoint], ...] = (Predict, OpenInference, Invocations, Site)
LONG = 32 << 10
"""Bytes of a body that is read in a thread: what is shorter is read in less than a millisecond."""
HELD = 16
"""Times a body's largest size: what all long bodies under way may have together."""
KEY = b"x-aiaas-key"
PLAIN = ((b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store"))
CLOSE = ((b"connection", b"close"),)
AGAIN = (*CLOSE, (b"retry-after", b"1"))


class _Visit:
    """What is known of a request so far."""

    __slots__ = (
        "ask",
        "begun",
        "headers",
        "held",
        "method",
        "outcome",
        "path",
        "protocol",
        "read",
        "runner",
    )

    def __init__(self, scope: Scope, begun: float) -> None:
        self.begun = begun
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.headers: Headers = dict(scope["headers"])
        self.protocol: Endpoint | None = None
        self.runner: Runner | None = None
        self.ask: Ask | None = None
        self.outcome: Outcome | None = None
        self.held = 0
        """Bytes of its body, if that is long."""
        self.read = False
        """Whether all of it has come."""


class App:
    """Answers one endpoint's requests.

    Parameters
    ----------
    state
        The versions at first; `turn` puts others in their place.
    token
        What a sender must have.
    watch
        Is told of every request that a version answered or refused.
    log
        Takes a line a request.
    """

    def __init__(
        self,
        state: State,
        token: str,
        *,
        lane: Lane | None = None,
        watch: Watch | None = None,
        log: Log | None = None,
        protocols: Sequence[Endpoint] | None = None,
    ) -> None:
        self.lane = lane or Lane()
        self._token, self._watch, self._log = token, watch, log
        self._table = Table(protocols or [make() for make in PROTOCOLS])
        self._aside = ThreadPoolExecutor(1, "reading")
        self._noted = Noted()
        self._held = 0
        self.flights = Flights(0, 0.0)
        self.draining, self.closed = False, False
        self.pending: Callable[[], int] = lambda: 0
        """How many requests the server has for us at this moment, this one among them; 0 where it does not say."""
        self._shadows = Shadows(self.lane, watch)
        self.turn(state)

    def turn(self, state: State) -> None:
        """Let other versions answer from the next request on; those under way go on as they began."""
        limits = state.plan.limits
        self.state, self._size = state, limits.size
        self.flights.most, self.flights.timeout = limits.concurrency, limits.timeout
        self._door = Door(self._token, state.plan.hosts)
        self._router = Router(state, self.lane)

    def tick(self) -> None:
        """Look after what lasts too long; to be called some times a second."""
        self.flights.sweep(flights.now())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's scope."""
        if scope["type"] != "http":
            return
        visit = _Visit(scope, flights.now())
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - for the type: an event loop runs nothing but tasks
        try:
            reply = await self._reply(visit, task, receive)
        except Problem as problem:
            reply = self._refuse(visit, problem)
        except asyncio.CancelledError:
            if not self.flights.was_late(task):
                raise
            reply = self._refuse(visit, self._late(visit))
        except Exception:
            number = secrets.token_hex(4)
            LOG.exception("error %s", number)
            hint = f"error {number} in the endpoint's log"
            reply = self._refuse(visit, Problem(500, "the model could not answer", hint))
        finally:
            self.flights.end(task)
            self._held -= visit.held
        await self._send(send, visit, reply)
        self._after(visit, reply.status)

    async def _reply(self, visit: _Visit, task: asyncio.Task[Any], receive: Receive) -> Reply:
        headers = visit.headers
        self._door.check_origin(headers)
        match = self._table.find(visit.method, visit.path)
        visit.protocol, route = match.protocol, match.route
        if not route.open:
            self._door.check_token(headers)
            if self.closed:
                raise Problem(503, "this worker is going", "ask again", AGAIN)
            self.flights.begin(task, visit.begun)
        body = await self._body(visit, receive) if route.method == "POST" else b""
        visit.read = True
        request = Request(visit.method, visit.path, headers, body, match.params)
        if route.tell is None:
            return await self._asked(visit, match.protocol, request)
        if self.draining and route.pattern.endswith("/ready"):
            return Reply(503, b'{"ready": false}')
        return route.tell(request, self.state)

    async def _asked(self, visit: _Visit, protocol: Endpoint, request: Request) -> Reply:
        """Return what a version says to a request."""
        router = self._router
        number = protocol.version(request, router.state)
        visit.runner = runner = router.choose(number, request.headers.get(KEY, b""))
        loaded, mode = runner.loaded, router.state.plan.schema
        if len(request.body) <= LONG:
            visit.ask = ask = protocol.read(request, loaded, mode)
        else:
            visit.ask = ask = await self._apart(protocol.read, request, loaded, mode)
        rows, only = ask.rows, self.pending() == 1
        visit.outcome = outcome = await runner.soon(rows, proba=ask.proba, only=only)
        if rows.n <= FEW:
            return protocol.write(ask, outcome, loaded)
        return await self._apart(protocol.write, ask, outcome, loaded)

    async def _apart(self, do: Callable[..., T], *words: Any) -> T:
        """Do what takes long in a thread of its own."""
        return await asyncio.get_running_loop().run_in_executor(self._aside, do, *words)

    async def _body(self, visit: _Visit, receive: Receive) -> bytes:
        headers, most = visit.headers, self._size
        declared = headers.get(b"content-length", b"0")
        if declared.isdigit() and (len(declared) > 18 or int(declared) > most):
            raise _too_large(most)
        encoding = headers.get(b"content-encoding", b"").strip().lower()
        unpacking.check(encoding)
        body: bytes | bytearray = b""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Problem(400, "the request ended early")
            part: bytes = message.get("body", b"")
            more = message.get("more_body", False)
            if not more and not body:
                body = part
            else:
                body = body if isinstance(body, bytearray) else bytearray(body)
                body += part
            if len(body) > most:
                raise _too_large(most)
            if len(body) > LONG:
                self._hold(visit, len(body))
            if not more:
                break
        if encoding in unpacking.PLAIN:
            return bytes(body)
        found = await self._apart(unpacking.unpacked, bytes(body), encoding, most)
        self._hold(visit, len(found))
        return found

    def _hold(self, visit: _Visit, size: int) -> None:
        """Take note of a long body, unless there are too many at once."""
        self._held += size - visit.held
        visit.held = size
        if self._held > HELD * self._size:
            raise Problem(429, "too many long requests are under way", "ask again", AGAIN)

    def _late(self, visit: _Visit) -> Problem:
        seconds = f"{self.flights.timeout:g} s"
        if visit.read:
            return Problem(504, f"the model has not answered within {seconds}", "send fewer rows")
        return Problem(408, f"the request has not come within {seconds}", headers=CLOSE)

    def _refuse(self, visit: _Visit, problem: Problem) -> Reply:
        """Return a refusal in the words of the protocol that was asked."""
        owner = visit.protocol or self._table.owner(visit.path)
        return owner.refuse(problem)

    async def _send(self, send: Send, visit: _Visit, reply: Reply) -> None:
        body = reply.body
        headers = [
            (b"content-type", reply.kind),
            (b"content-length", str(len(body)).encode()),
            *PLAIN,
            *reply.headers,
        ]
        if visit.runner is not None:
            headers += visit.runner.headers
        if self.draining:
            headers += CLOSE
        start = {"type": "http.response.start", "status": reply.status, "headers": headers}
        await send(start)
        body = b"" if visit.method == "HEAD" else body
        await send({"type": "http.response.body", "body": body})

    def _after(self, visit: _Visit, status: int) -> None:
        """Take note of a request that is answered; a shadow is asked the same."""
        seconds = flights.now() - visit.begun
        runner, ask, outcome = visit.runner, visit.ask, visit.outcome
        model = runner.model if runner is not None else ""
        rows = ask.rows if ask is not None else None
        if self._log is not None:
            count = rows.n if rows is not None else 0
            self._log.add(
                Line(time.time(), visit.method, visit.path, status, seconds, count, model)
            )
        key = visit.headers.get(KEY, b"")
        if self._watch is not None:
            notes = ask.notes if ask is not None else ()
            self._watch.answered(model, status, seconds, rows, outcome, notes, key)
        if rows is None or ask is None:
            return
        if ask.notes:
            self._noted.add(ask.notes)
        router = self._router
        if router.shadows and outcome is not None and runner is router.main:
            busy = 2 * len(self.flights) > self.flights.most
            self._shadows.ask(router, rows, outcome, key, busy=busy)


def _too_large(most: int) -> Problem:
    return Problem(413, "the body is too large", f"send at most {most >> 20} MB at once", CLOSE)
