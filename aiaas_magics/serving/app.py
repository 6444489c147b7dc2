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

from aiaas_magics.serving import flights, unpacking
from aiaas_magics.serving.batching import Lane, Turn
from aiaas_magics.serving.door import Door
from aiaas_magics.serving.flights import Flights
from aiaas_magics.serving.log import Line, Log
from aiaas_magics.serving.matching import Match, Table
from aiaas_magics.serving.noted import Noted
from aiaas_magics.serving.problems import Problem
from aiaas_magics.serving.protocols.base import Endpoint, Reply, Request, State
from aiaas_magics.serving.protocols.invocations import Invocations
from aiaas_magics.serving.protocols.predict import Predict
from aiaas_magics.serving.protocols.v2 import OpenInference
from aiaas_magics.serving.router import FEW, Router, Runner
from aiaas_magics.serving.shadows import Shadows
from aiaas_magics.serving.site import Site
from aiaas_magics.serving.visits import Visit
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
        self._express = min(LONG, limits.size)
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
        visit = Visit(scope["method"], scope["path"], dict(scope["headers"]))
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - for the type: an event loop runs nothing but tasks
        try:
            reply = await self._reply(visit, task, receive)
        except asyncio.CancelledError:
            if not self.flights.was_late(task):
                raise
            reply = self._refuse(visit, self._late(visit))
        except Exception as error:  # noqa: BLE001 - its sender is told
            reply = self.refusal(visit, error)
        finally:
            self.flights.end(task)
            self._held -= visit.held
        await self._send(send, visit, reply)
        self.after(visit, reply.status)

    async def _reply(self, visit: Visit, task: asyncio.Task[Any], receive: Receive) -> Reply:
        match = self._let_in(visit)
        route = match.route
        if not route.open:
            self.flights.begin(task, visit.begun)
        body = await self._body(visit, receive) if route.method == "POST" else b""
        visit.read = True
        request = Request(visit.method, visit.path, visit.headers, body, match.params)
        if route.tell is None:
            return await self._asked(visit, match.protocol, request)
        if self.draining and route.pattern.endswith("/ready"):
            return Reply(503, b'{"ready": false}')
        return route.tell(request, self.state)

    def _let_in(self, visit: Visit) -> Match:
        """Find who answers, and check that the sender may ask."""
        self._door.check_origin(visit.headers)
        match = self._table.find(visit.method, visit.path)
        visit.protocol = match.protocol
        if not match.route.open:
            self._door.check_token(visit.headers)
            if self.closed:
                raise Problem(503, "this worker is going", "ask again", AGAIN)
        return match

    def _choose(self, visit: Visit, protocol: Endpoint, request: Request) -> Runner:
        """Return the version that answers."""
        number = protocol.version(request, self._router.state)
        visit.runner = runner = self._router.choose(number, request.headers.get(KEY, b""))
        return runner

    async def _asked(self, visit: Visit, protocol: Endpoint, request: Request) -> Reply:
        """Return what a version says to a request."""
        runner = self._choose(visit, protocol, request)
        loaded, mode = runner.loaded, runner.mode
        if len(request.body) <= LONG:
            visit.ask = ask = protocol.read(request, loaded, mode)
        else:
            visit.ask = ask = await self._apart(protocol.read, request, loaded, mode)
        rows, only = ask.rows, self.pending() == 1
        visit.outcome = outcome = await runner.soon(rows, proba=ask.proba, only=only)
        if rows.n <= FEW:
            return protocol.write(ask, outcome, loaded)
        return await self._apart(protocol.write, ask, outcome, loaded)

    def express(self, visit: Visit, body: bytes, turn: Turn) -> bool:
        """Let a request that is here as a whole be answered without a task, in the next batch of a quick model.

        Parameters
        ----------
        turn
            Gets the outcome, or what was raised instead of one; now or soon.

        Returns
        -------
        bool
            False if it has to come as ASGI does, because something of it may last: nothing was done.
        """
        if self.draining or len(body) > self._express or visit.headers.get(b"content-encoding"):
            return False
        visit.read = True
        try:
            match = self._let_in(visit)
            request = Request(visit.method, visit.path, visit.headers, body, match.params)
            if match.route.tell is not None:
                return False
            self.flights.check()
            runner = self._choose(visit, match.protocol, request)
            if not runner.inline:
                return False
            visit.ask = ask = match.protocol.read(request, runner.loaded, runner.mode)
            if ask.rows.n > FEW:
                return False
        except Exception as error:  # noqa: BLE001 - its sender is told
            turn.set_exception(error)
        else:
            runner.add(ask.rows, proba=ask.proba, answer=turn)
        return True

    async def _apart(self, do: Callable[..., T], *words: Any) -> T:
        """Do what takes long in a thread of its own."""
        return await asyncio.get_running_loop().run_in_executor(self._aside, do, *words)

    async def _body(self, visit: Visit, receive: Receive) -> bytes:
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

    def _hold(self, visit: Visit, size: int) -> None:
        """Take note of a long body, unless there are too many at once."""
        self._held += size - visit.held
        visit.held = size
        if self._held > HELD * self._size:
            raise Problem(429, "too many long requests are under way", "ask again", AGAIN)

    def _late(self, visit: Visit) -> Problem:
        seconds = f"{self.flights.timeout:g} s"
        if visit.read:
            return Problem(504, f"the model has not answered within {seconds}", "send fewer rows")
        return Problem(408, f"the request has not come within {seconds}", headers=CLOSE)

    def refusal(self, visit: Visit, error: Exception) -> Reply:
        """Return what is answered where something was raised; what nobody expected stands in the log."""
        if not isinstance(error, Problem):
            number = secrets.token_hex(4)
            LOG.error("error %s", number, exc_info=error)
            hint = f"error {number} in the endpoint's log"
            error = Problem(500, "the model could not answer", hint)
        return self._refuse(visit, error)

    def _refuse(self, visit: Visit, problem: Problem) -> Reply:
        """Return a refusal in the words of the protocol that was asked."""
        owner = visit.protocol or self._table.owner(visit.path)
        return owner.refuse(problem)

    async def _send(self, send: Send, visit: Visit, reply: Reply) -> None:
        headers = self.headers(visit, reply)
        start = {"type": "http.response.start", "status": reply.status, "headers": headers}
        await send(start)
        body = b"" if visit.method == "HEAD" else reply.body
        await send({"type": "http.response.body", "body": body})

    def headers(self, visit: Visit, reply: Reply) -> list[tuple[bytes, bytes]]:
        """Return the headers of a reply."""
        headers = [
            (b"content-type", reply.kind),
            (b"content-length", str(len(reply.body)).encode()),
            *PLAIN,
            *reply.headers,
        ]
        if visit.runner is not None:
            headers += visit.runner.headers
        if self.draining:
            headers += CLOSE
        return headers

    def after(self, visit: Visit, status: int) -> None:
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
