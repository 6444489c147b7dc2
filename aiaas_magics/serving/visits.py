"""What is known of a request while it is answered."""

from __future__ import annotations

from aiaas_magics.predictors.base import Outcome
from aiaas_magics.serving import flights
from aiaas_magics.serving.door import Headers
from aiaas_magics.serving.protocols.base import Ask, Endpoint
from aiaas_magics.serving.router import Runner


class Visit:
    """A request: who is asked, and what came of it so far.

    Parameters
    ----------
    headers
        By name in lower case.
    """

    __slots__ = (
        "ask", "begun", "headers", "held", "method", "outcome", "path", "protocol", "read", "runner",
    )  # fmt: skip

    def __init__(self, method: str, path: str, headers: Headers) -> None:
        self.begun = flights.now()
        self.method, self.path, self.headers = method, path, headers
        self.protocol: Endpoint | None = None
        self.runner: Runner | None = None
        self.ask: Ask | None = None
        self.outcome: Outcome | None = None
        self.held = 0
        """Bytes of its body, if that is long."""
        self.read = False
        """Whether all of it has come."""
