"""Connections of nobody knows whom: a head that is too long or too slow ends them; others do not notice."""

import asyncio

import pytest
import uvicorn
from uvicorn.server import ServerState

from aiaas_magics.serving import connections
from aiaas_magics.serving.connections import IDLE, MOST, SLOWEST
from aiaas_magics.testing.serving import Transport

HEAD = b"POST /predict HTTP/1.1\r\nHost: localhost\r\n"


class Connection:
    """A connection; what the application was asked stands in `asked`."""

    def __init__(self):
        self.asked = []
        config = uvicorn.Config(self.app, interface="asgi3", lifespan="off", log_config=None)
        config.load()
        self.state = ServerState()
        self.protocol = connections.Bounded(config=config, server_state=self.state, app_state={})
        self.transport = Transport()
        self.protocol.connection_made(self.transport)

    async def app(self, scope, receive, send):
        body = b""
        while (message := await receive())["type"] == "http.request":
            body += message["body"]
            if not message["more_body"]:
                break
        self.asked.append((len(scope["headers"]), len(body)))
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]}
        )
        await send({"type": "http.response.body", "body": b""})

    async def say(self, *parts):
        for part in parts:
            if not self.transport.closed:
                self.protocol.data_received(part)
            await asyncio.sleep(0)
        while self.state.tasks:  # noqa: ASYNC110
            await asyncio.sleep(0)


def said(*parts, after=None):
    """Return a connection after some parts of a request, and whatever `after` does to it."""

    async def run():
        one = Connection()
        await one.say(*parts)
        if after is not None:
            after(one)
        return one

    return asyncio.run(run())


PIECE = b"x" * 1_000
ENDLESS = {
    "a line": [b"POST /", *[PIECE] * 70],
    "a header": [HEAD, b"a: ", *[PIECE] * 70],
    "headers": [HEAD, *[b"a: " + PIECE + b"\r\n"] * 70],
}


@pytest.mark.parametrize("parts", ENDLESS.values(), ids=ENDLESS)
def test_a_head_that_does_not_end_ends_the_connection(parts):
    one = said(*parts)
    assert one.transport.said.startswith(b"HTTP/1.1 400 ")
    assert b"too large" in one.transport.said
    assert (one.transport.closed, one.asked) == (True, [])


def test_the_head_of_a_second_request_is_bounded_too():
    one = said(HEAD + b"\r\n", HEAD, *[b"a: " + PIECE + b"\r\n"] * 70)
    assert (len(one.asked), one.transport.closed) == (1, True)


def test_a_long_body_is_no_part_of_the_head():
    body = b"x" * (4 * MOST)
    told = HEAD + b"Content-Length: %d\r\n\r\n" % len(body)
    whole = told + body
    for parts in (
        [whole],
        [whole[:30], whole[30:]],
        [whole, whole[:30], whole[30:]],
        [whole + whole[:20], whole[20:]],
    ):
        one = said(*parts)
        assert one.asked == [(2, len(body))] * (len(b"".join(parts)) // len(whole))
        assert not one.transport.closed


def test_a_head_that_is_late_ends_the_connection():
    def after(one):
        now = one.protocol.loop.time()
        one.protocol.sweep(now + SLOWEST - 1)
        assert not one.transport.closed
        one.protocol.sweep(now + SLOWEST + 1)

    one = said(HEAD, after=after)
    assert (one.transport.closed, b"in time" in one.transport.said) == (True, True)


@pytest.mark.parametrize(
    "parts", [[], [HEAD + b"\r\n"], [HEAD + b"Content-Length: 5\r\n\r\n12345"]]
)
def test_a_connection_between_two_requests_is_not_late(parts):
    def after(one):
        one.protocol.sweep(one.protocol.loop.time() + 2 * SLOWEST)

    assert not said(*parts, after=after).transport.closed


@pytest.mark.parametrize("parts", [[], [HEAD + b"\r\n"]])
def test_a_connection_that_says_nothing_for_long_is_closed(parts):
    def after(one):
        now = one.protocol.loop.time()
        one.protocol.sweep(now + IDLE - 1)
        assert not one.transport.closed
        one.protocol.sweep(now + IDLE + 1)

    assert said(*parts, after=after).transport.closed
