"""The ASGI application of a serving worker: bare, strict, loopback only.

Who may: ``/predict`` needs the endpoint's token; ``/health`` tells nothing and is open; the page and
its schema name the model's columns, so they need the token too, except for the empty page shell.
A browser page of another origin may not ask (no CORS; ``Origin`` and ``Host`` must be ours), so that
no web page can reach a local endpoint by its name or by DNS rebinding.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from aiaas_magics.predictors.base import Predictor
from aiaas_magics.security import tokens
from aiaas_magics.serving import openapi
from aiaas_magics.serving.limits import MOST_BYTES
from aiaas_magics.serving.page import PAGE
from aiaas_magics.serving.problems import Problem
from aiaas_magics.serving.protocols import predict

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = dict[bytes, bytes]

HOSTS = (b"127.0.0.1", b"localhost", b"[::1]")
JSON_TYPE = b"application/json"
LOG = logging.getLogger("aiaas.serving")
METHODS = {
    "/predict": "POST",
    "/openapi.json": "GET",
    "/docs": "GET",
    "/": "GET",
    "/health/live": "GET",
    "/health/ready": "GET",
}


class App:
    """Answers one endpoint's requests."""

    def __init__(
        self,
        name: str,
        model: str,
        predictor: Predictor,
        token: str,
        example: dict[str, Any],
        mode: str = "warn",
    ) -> None:
        self._predictor, self._token = predictor, token
        self._gate = predict.Gate(predictor.signature, mode)
        self._schema = openapi.encode(name, model, predictor.signature, example, mode)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's scope."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun, rows = time.perf_counter(), 0
        try:
            status, kind, body, rows = await self._answer(scope, receive)
            more: tuple[tuple[bytes, bytes], ...] = ()
        except Problem as refused:
            status, kind, body, more = _refusal(refused)
        except Exception:
            number = secrets.token_hex(4)
            LOG.exception("error %s", number)
            hint = f"error {number} in the endpoint's log"
            status, kind, body, more = _refusal(Problem(500, "the model could not answer", hint))
        await _send(send, status, kind, body, more, head=scope["method"] == "HEAD")
        spent = 1e3 * (time.perf_counter() - begun)
        LOG.info(
            "%s %a %d %.2f ms %d rows", scope["method"], scope["path"][:80], status, spent, rows
        )
        for column, problem, count, total in self._gate.news():
            if total.bit_length() > (total - count).bit_length():  # the 1st, 2nd, 4th, 8th ... row
                LOG.warning("column %a: %d rows %a, %d so far", column[:80], count, problem, total)

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[int, bytes, bytes, int]:
        headers: Headers = {name.lower(): value for name, value in scope["headers"]}
        path = scope["path"]
        _check_origin(headers)
        _check_method(path, scope["method"])
        if path.startswith("/health/"):
            return (
                200,
                JSON_TYPE,
                b'{"live": true}' if path.endswith("live") else b'{"ready": true}',
                0,
            )
        if path in ("/", "/docs"):
            return 200, b"text/html; charset=utf-8", PAGE, 0
        self._check_token(headers)
        if path == "/openapi.json":
            return 200, JSON_TYPE, self._schema, 0
        body, rows = predict.answer(await _body(headers, receive), self._predictor, self._gate)
        return 200, JSON_TYPE, body, rows

    def _check_token(self, headers: Headers) -> None:
        challenge = ((b"www-authenticate", b"Bearer"),)
        given = tokens.bearer(headers.get(b"authorization", b"").decode("latin-1"))
        if given is None:
            hint = "send the header Authorization: Bearer $AIAAS_TOKEN"
            raise Problem(401, "a token is needed", hint, challenge)
        if not tokens.matches(given, self._token):
            hint = "`aiaas token NAME` prints the endpoint's token"
            raise Problem(401, "the token is not this endpoint's", hint, challenge)


def _refusal(problem: Problem) -> tuple[int, bytes, bytes, tuple[tuple[bytes, bytes], ...]]:
    return problem.status, b"application/problem+json", problem.body(), problem.headers


def _check_origin(headers: Headers) -> None:
    host = headers.get(b"host", b"")
    if host.rpartition(b":")[0] not in HOSTS and host not in HOSTS:
        raise Problem(421, "this endpoint does not answer to that host name", "ask 127.0.0.1")
    origin = headers.get(b"origin")
    if origin is not None and origin != b"http://" + host:
        raise Problem(403, "pages of another origin may not ask this endpoint")


def _check_method(path: str, method: str) -> None:
    allowed = METHODS.get(path)
    if allowed is None:
        raise Problem(
            404,
            f"nothing is at {path[:80]}",
            "there are /predict, /docs, /openapi.json, /health/ready",
        )
    if method != allowed and not (method == "HEAD" and allowed == "GET"):
        raise Problem(405, f"{path} takes {allowed}", headers=((b"allow", allowed.encode()),))


async def _body(headers: Headers, receive: Receive) -> bytes:
    kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if kind != JSON_TYPE:
        raise Problem(
            415, "the content type is not application/json", "send Content-Type: application/json"
        )
    declared = headers.get(b"content-length", b"0")
    if declared.isdigit() and int(declared) > MOST_BYTES:
        raise Problem(413, "the body is too large", f"send at most {MOST_BYTES >> 20} MB at once")
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Problem(400, "the request ended early")
        body += message.get("body", b"")
        if len(body) > MOST_BYTES:
            raise Problem(
                413, "the body is too large", f"send at most {MOST_BYTES >> 20} MB at once"
            )
        if not message.get("more_body", False):
            return bytes(body)


async def _send(
    send: Send,
    status: int,
    kind: bytes,
    body: bytes,
    more: tuple[tuple[bytes, bytes], ...],
    *,
    head: bool,
) -> None:
    headers = [
        (b"content-type", kind),
        (b"content-length", str(len(body)).encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"cache-control", b"no-store"),
        *more,
    ]
    if kind.startswith(b"text/html"):
        headers.append((b"content-security-policy", CSP))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else body})


CSP = (
    b"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; "
    b"frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
