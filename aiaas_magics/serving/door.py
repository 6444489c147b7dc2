"""Who may ask: a host name that is ours, no page of another origin, and the endpoint's token.

A browser page of another origin may not ask (no CORS; ``Origin`` and ``Host`` must be ours), so that no web page can reach a
local endpoint by its name or by DNS rebinding. A page of the same host by https is our own, behind a proxy that adds TLS.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence

from aiaas_magics.security import tokens
from aiaas_magics.serving.problems import Problem

Headers = dict[bytes, bytes]
LOOPBACK = (b"127.0.0.1", b"localhost", b"[::1]")
KNOWN = 256
"""Host headers that are remembered as ours."""


class Door:
    """Lets requests in, or says why not.

    Parameters
    ----------
    hosts
        Names by which the endpoint may be asked, besides those of loopback; ``*`` stands for any.
    """

    def __init__(self, token: str, hosts: Sequence[str] = ()) -> None:
        self._token, self._bearer = token, b"Bearer " + token.encode()
        self._hosts = frozenset((*LOOPBACK, *(host.lower().encode() for host in hosts)))
        self._known: set[bytes] = set()

    def check_origin(self, headers: Headers) -> None:
        """Raise `Problem` where the host is not ours (421), or a page of another origin asks (403)."""
        host = headers.get(b"host", b"")
        if host not in self._known:
            self._check_host(host)
        origin = headers.get(b"origin")
        if origin is not None and origin not in (b"http://" + host, b"https://" + host):
            raise Problem(403, "pages of another origin may not ask this endpoint")

    def _check_host(self, host: bytes) -> None:
        low = host.lower()
        names = self._hosts
        if b"*" not in names and low not in names and low.rpartition(b":")[0] not in names:
            raise Problem(421, "this endpoint does not answer to that host name", "ask 127.0.0.1")
        if len(self._known) < KNOWN:
            self._known.add(host)

    def check_token(self, headers: Headers) -> None:
        """Raise `Problem` (401) where the token is missing or another's."""
        header = headers.get(b"authorization", b"")
        if hmac.compare_digest(header, self._bearer):
            return
        challenge = ((b"www-authenticate", b"Bearer"),)
        given = tokens.bearer(header.decode("latin-1"))
        if given is None:
            hint = "send the header Authorization: Bearer $AIAAS_TOKEN"
            raise Problem(401, "a token is needed", hint, challenge)
        if not tokens.matches(given, self._token):
            hint = "`aiaas token NAME` prints the endpoint's token"
            raise Problem(401, "the token is not this endpoint's", hint, challenge)
