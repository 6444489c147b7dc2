"""Which protocol answers at a path."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from aiaas_magics.serving.problems import Problem
from aiaas_magics.serving.protocols.base import Endpoint, Route


class Match(NamedTuple):
    """A route that was found."""

    protocol: Endpoint
    route: Route
    params: dict[str, str]


class Table:
    """The routes of all protocols; a path without parameters is found by one look."""

    def __init__(self, protocols: Sequence[Endpoint]) -> None:
        self._plain: dict[str, dict[str, Match]] = {}
        self._patterns: dict[str, tuple[re.Pattern[str], dict[str, Match]]] = {}
        for protocol in protocols:
            for route in protocol.routes:
                self._methods(route.pattern).setdefault(route.method, Match(protocol, route, {}))
        self._default = protocols[0]
        self._hint = "there are " + ", ".join([*self._plain, *self._patterns])

    def _methods(self, pattern: str) -> dict[str, Match]:
        if "{" not in pattern:
            return self._plain.setdefault(pattern, {})
        parts = re.split(r"\{(\w+)\}", pattern)
        text = "".join(
            f"(?P<{part}>[^/]+)" if i % 2 else re.escape(part) for i, part in enumerate(parts)
        )
        return self._patterns.setdefault(pattern, (re.compile(text), {}))[1]

    def find(self, method: str, path: str) -> Match:
        """Return who answers at a path, which the server has decoded.

        Raises
        ------
        Problem
            404 for a path that nobody has, 405 for a method that its owner has not.
        """
        methods = self._plain.get(path)
        if methods is not None:
            found = methods.get(method)
            return found if found is not None else self._other(method, path, methods, {})
        for pattern, there in self._patterns.values():
            if match := pattern.fullmatch(path):
                return self._other(method, path, there, match.groupdict())
        raise Problem(404, f"nothing is at {path[:80]}", self._hint)

    def owner(self, path: str) -> Endpoint:
        """Return the protocol in whose words a refusal at a path is told: the one whose routes begin alike."""
        methods = self._plain.get(path)
        if methods is not None:
            return next(iter(methods.values())).protocol
        start = path.split("/", 2)[1:2]
        for pattern, (_, there) in self._patterns.items():
            if pattern.split("/", 2)[1:2] == start:
                return next(iter(there.values())).protocol
        return self._default

    def _other(
        self, method: str, path: str, methods: dict[str, Match], params: dict[str, str]
    ) -> Match:
        found = methods.get(method) or (methods.get("GET") if method == "HEAD" else None)
        if found is None:
            allowed = ", ".join(methods)
            raise Problem(
                405, f"{path[:80]} takes {allowed}", headers=((b"allow", allowed.encode()),)
            )
        return found._replace(params=params)
