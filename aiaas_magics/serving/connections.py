"""Connections that anybody may open, with a token or without: what they say before they are known is bounded in size and time.

httptools gathers the head of a request (its first line and its headers) however long it is, and waits for it for ever. h11, where
httptools is missing, bounds the size by itself.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol  # noqa: TID253 - imported by workers that serve by it

MOST = 64 << 10
"""Bytes of a head that comes in many pieces."""
SLOWEST = 20.0
"""Seconds in which a head has come."""
IDLE = 65.0
"""Seconds a connection stays open that says nothing: longer than the pools of usual clients keep theirs."""


class Bounded(HttpToolsProtocol):
    """A connection of uvicorn's with bounds; somebody is to call `sweep` now and then, which is cheaper than a timer a request."""

    heads, held = 0, 0
    """Requests that began, and bytes of the last one's head that came after its first piece."""
    since: float | None = None
    """When the head began that has not come as a whole, by the event loop's time."""
    idle: float | None = None
    """Since when nothing has been asked and nothing is to be answered."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a first byte, but not for ever."""
        super().connection_made(transport)
        self.idle = self.loop.time()

    def data_received(self, data: bytes) -> None:
        """Take a piece; one that both begins and ends in the same head adds to it."""
        before = self.heads if self.since is not None else 0
        super().data_received(data)
        if self.since is not None and self.heads == before:
            self.held += len(data)
            if self.held > MOST:
                self._refuse("The head of the request is too large.")

    def on_message_begin(self) -> None:
        """Take note of a head that begins."""
        self.heads, self.held, self.since, self.idle = self.heads + 1, 0, self.loop.time(), None
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Take note of a head that has come."""
        self.since = None
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """Answer what came meanwhile, or be idle."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
        else:
            self.idle = self.loop.time()

    def sweep(self, now: float) -> None:
        """End the connection if the head it is sending is late, or it has been idle for long."""
        if self.since is not None and now - self.since > SLOWEST:
            self._refuse("The head of the request has not come in time.")
        elif self.since is None and self.idle is not None and now - self.idle > IDLE:
            self.transport.close()

    def _refuse(self, text: str) -> None:
        self.since = None
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete:
            self.send_400_response(text)
        else:
            self.transport.close()  # an answer is under way: nothing may stand in it
