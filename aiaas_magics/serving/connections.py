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
FRESH = 65.0
"""Seconds for the first byte of a new connection."""


class Bounded(HttpToolsProtocol):
    """A connection of uvicorn's with bounds."""

    heads, held = 0, 0
    """Requests that began, and bytes of the last one's head that came after its first piece."""
    since: float | None = None
    """When the head began that has not come as a whole, by the event loop's time."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a first byte, but not for ever."""
        super().connection_made(transport)
        handler = self.timeout_keep_alive_handler
        self.timeout_keep_alive_task = self.loop.call_later(FRESH, handler)

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
        self.heads, self.held, self.since = self.heads + 1, 0, self.loop.time()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Take note of a head that has come."""
        self.since = None
        super().on_headers_complete()

    def sweep(self, now: float) -> None:
        """End the connection if the head it is sending is late."""
        if self.since is not None and now - self.since > SLOWEST:
            self._refuse("The head of the request has not come in time.")

    def _refuse(self, text: str) -> None:
        self.since = None
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete:
            self.send_400_response(text)
        else:
            self.transport.close()  # an answer is under way: nothing may stand in it
