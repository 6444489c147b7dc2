"""The express way: a request that is here as a whole is answered without a task of its own.

A task, an event and the messages of ASGI cost more than a small prediction. So a POST whose body came with its head is read where
it is parsed, asked in the next batch of its version, and its answer written where that is known. What is not plain, and what the
application may have to wait for, goes on as ASGI, as if nothing had been tried. Both ways send the same bytes.
"""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE  # noqa: TID253 - as connections.py

from aiaas_magics.predictors.base import Outcome
from aiaas_magics.serving.app import CLOSE, App
from aiaas_magics.serving.connections import Bounded
from aiaas_magics.serving.protocols.base import Reply
from aiaas_magics.serving.visits import Visit


class Express(Bounded):
    """A connection with an express way.

    Parameters
    ----------
    app
        Whom it asks.
    told
        What uvicorn tells a connection.
    """

    def __init__(self, app: App, **told: Any) -> None:
        super().__init__(**told)
        self._app = app
        self._coming, self._body = False, b""

    def on_message_begin(self) -> None:
        """Make the scope of ASGI only where it is needed."""
        self.heads, self.held, self.since, self.idle = self.heads + 1, 0, self.loop.time(), None
        self.url, self.headers, self.expect_100_continue = b"", [], False

    def data_received(self, data: bytes) -> None:
        """Take a piece; who has not sent all of a request by its end goes on as ASGI."""
        super().data_received(data)
        if self._coming:
            self._leave()

    def on_headers_complete(self) -> None:
        """Choose the way."""
        self.since = None
        self._coming, self._body = self._plain(), b""
        if not self._coming:
            self._as_asgi()

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        if self._coming:
            self._body += body
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Let the application answer, or let it go on as ASGI."""
        if self._coming and not self._asked():
            self._leave()
        if self._coming:
            self._coming = False
        else:
            super().on_message_complete()

    def _plain(self) -> bool:
        """Tell whether nothing but a path, headers and a body is to be understood, and no answer is under way."""
        parser, url = self.parser, self.url
        return (
            parser.get_method() == b"POST"
            and (self.cycle is None or self.cycle.response_complete)
            and parser.should_keep_alive()
            and parser.get_http_version() == "1.1"
            and not (self.expect_100_continue or parser.should_upgrade() or self.flow.write_paused)
            and url.startswith(b"/")
            and url.isascii()
            and not any(mark in url for mark in (b"?", b"%", b"#"))
        )

    def _asked(self) -> bool:
        visit = Visit("POST", self.url.decode(), dict(self.headers))
        before: Any = self.cycle
        turn: Any = Due(self, self._app, visit)
        self.cycle = turn
        if self._app.express(visit, self._body, turn):
            return True
        self.cycle = before
        return False

    def _leave(self) -> None:
        self._coming = False
        if self.transport.is_closing():
            return
        self._as_asgi()
        if self._body:
            super().on_body(self._body)

    def _as_asgi(self) -> None:
        """Begin the request as uvicorn does."""
        url, headers, expected = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue, self.since = url, expected, None
        self.headers += headers
        super().on_headers_complete()


class Due:
    """An answer that is due. For the connection it stands where uvicorn has its cycle, so that what comes behind it waits."""

    __slots__ = ("_app", "_connection", "_visit", "disconnected", "keep_alive", "response_complete")

    def __init__(self, connection: Express, app: App, visit: Visit) -> None:
        self._connection, self._app, self._visit = connection, app, visit
        self.disconnected, self.response_complete, self.keep_alive = False, False, True

    @property
    def message_event(self) -> Due:
        """What uvicorn sets when the sender has gone."""
        return self

    def set(self) -> None:
        """Nobody waits for it."""

    def done(self) -> bool:
        """Whether the answer is known: it is given though its sender has gone, as ASGI would."""
        return self.response_complete

    def set_result(self, outcome: Outcome) -> None:
        """Send the predictions."""
        visit = self._visit
        visit.outcome = outcome
        try:
            assert visit.protocol and visit.ask and visit.runner  # noqa: S101, PT018 - for the type: it was read
            reply = visit.protocol.write(visit.ask, outcome, visit.runner.loaded)
        except Exception as error:  # noqa: BLE001 - its sender is told
            reply = self._app.refusal(visit, error)
        self._send(reply)

    def set_exception(self, error: Exception) -> None:
        """Send a refusal."""
        self._send(self._app.refusal(self._visit, error))

    def _send(self, reply: Reply) -> None:
        connection, headers = self._connection, self._app.headers(self._visit, reply)
        if not self.disconnected:
            parts = [STATUS_LINE[reply.status]]
            for name, value in headers:
                parts += (name, b": ", value, b"\r\n")
            if CLOSE[0] in headers:
                self.keep_alive = False
            elif not self.keep_alive:
                parts.append(b"connection: close\r\n")
            connection.transport.write(b"".join((*parts, b"\r\n", reply.body)))
        self.response_complete = True
        if not self.keep_alive:
            connection.transport.close()
        connection.on_response_complete()
        self._app.after(self._visit, reply.status)
