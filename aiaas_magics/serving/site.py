"""What an endpoint shows besides its predictions: its page, its description, its health."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

from aiaas_magics.serving import openapi
from aiaas_magics.serving.page import PAGE
from aiaas_magics.serving.problems import Problem
from aiaas_magics.serving.protocols import base, described
from aiaas_magics.serving.protocols.base import Ask, Loaded, Reply, Request, Route, State

CSP = (
    b"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; "
    b"frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


class Site:
    """The pages as a part of the application; the page's shell and the health are open, the description is not."""

    def __init__(self) -> None:
        self.routes: Sequence[Route] = (
            Route("GET", "/docs", _page, open=True),
            Route("GET", "/", _page, open=True),
            Route("GET", "/openapi.json", self._openapi),
            Route("GET", "/health/ready", _ready, open=True),
            Route("GET", "/health/live", _live, open=True),
        )
        self._described: tuple[State | None, bytes] = (None, b"")

    def version(self, request: Request, state: State) -> str | None:  # noqa: ARG002
        """Return None: no version is asked."""
        return None

    def read(self, request: Request, version: Loaded, mode: str) -> Ask:  # noqa: ARG002
        """Refuse: no page asks a model."""
        return _nothing()

    def write(self, ask: Ask, outcome: Any, version: Loaded) -> Reply:  # noqa: ARG002
        """Refuse: no page asks a model."""
        return _nothing()

    def refuse(self, problem: Problem) -> Reply:
        """Return problem details."""
        return base.details(problem)

    def _openapi(self, request: Request, state: State) -> Reply:  # noqa: ARG002 - as every route
        if self._described[0] is not state:
            plan, main = state.plan, state.plan.main
            told = openapi.encode(
                plan.endpoint, main.model, main.signature, main.example, plan.schema,
                proba=described.gives_proba(described.loaded(state, None)),
                versions=tuple(described.versions_of(state, plan.endpoint)),
            )  # fmt: skip
            self._described = state, told
        return Reply(200, self._described[1])


def _nothing() -> NoReturn:
    raise Problem(404, "no model is asked here", "ask POST /predict")


def _page(request: Request, state: State) -> Reply:  # noqa: ARG001 - as every route
    headers = ((b"content-security-policy", CSP),)
    return Reply(200, PAGE, b"text/html; charset=utf-8", headers)


def _live(request: Request, state: State) -> Reply:  # noqa: ARG001
    return Reply(200, b'{"live": true}')


def _ready(request: Request, state: State) -> Reply:  # noqa: ARG001
    return Reply(200, b'{"ready": true}')
