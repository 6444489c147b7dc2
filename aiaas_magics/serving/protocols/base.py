"""What a protocol is: it reads requests into rows, and writes predictions into replies.

Adding a protocol: one file here with a class that has `routes`, `read`, `write` and `refuse`, its name in ``PROTOCOLS`` of
``serving/app.py``. It decodes and encodes; versions, limits, tokens, batches and counting are the application's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from aiaas_magics.predictors.base import Outcome, Predictor, Rows
from aiaas_magics.serving.problems import Problem
from aiaas_magics.specs.schema import Note, Schema
from aiaas_magics.specs.serving import Plan, Served

JSON_TYPE = b"application/json"


class Request(NamedTuple):
    """A request whose sender may ask."""

    method: str
    path: str
    headers: dict[bytes, bytes]
    """By name in lower case."""
    body: bytes
    params: dict[str, str]
    """What stood in the place of ``{name}`` in the route's pattern."""


class Reply(NamedTuple):
    """What is sent."""

    status: int
    body: bytes
    kind: bytes = JSON_TYPE
    headers: tuple[tuple[bytes, bytes], ...] = ()


def details(problem: Problem) -> Reply:
    """Return a refusal as RFC 9457 has it."""
    return Reply(problem.status, problem.body(), b"application/problem+json", problem.headers)


class Ask(NamedTuple):
    """What a request asks of a model."""

    rows: Rows
    """Checked against the schema."""
    proba: bool = False
    notes: Sequence[Note] = ()
    more: Any = None
    """What the protocol wants to know again when it writes the answer."""


class Loaded(NamedTuple):
    """A version that is ready: what the plan says of it, its predictor, and its schema."""

    served: Served
    predictor: Predictor
    schema: Schema
    alone: bool = False
    """Each request is asked by itself, because code of the user's own may compute a row from the rows beside."""
    key: str = ""
    """The word by which it is asked for: its number, or its whole name where another version has that number."""


class State(NamedTuple):
    """All versions of an endpoint at one moment."""

    plan: Plan
    versions: dict[str, Loaded]
    """By their keys."""


class Route(NamedTuple):
    """A path and what is done there."""

    method: str
    pattern: str
    """As ``/v2/models/{name}/infer``."""
    tell: Callable[[Request, State], Reply] | None = None
    """Answers without a model; None: the request is read and a model is asked."""
    open: bool = False
    """Needs no token."""


class Endpoint(Protocol):
    """One protocol."""

    routes: Sequence[Route]

    def version(self, request: Request, state: State) -> str | None:
        """Return the version a request asks for by its number; None where any will do. Raises `Problem` (404) for an unknown one."""
        ...

    def read(self, request: Request, version: Loaded, mode: str) -> Ask:
        """Return what is asked. Raises `Problem` (4xx)."""
        ...

    def write(self, ask: Ask, outcome: Outcome, version: Loaded) -> Reply:
        """Return the answer."""
        ...

    def refuse(self, problem: Problem) -> Reply:
        """Return what is answered to a request that is refused."""
        ...
