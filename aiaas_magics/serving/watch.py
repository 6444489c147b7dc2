"""Whom the application tells what it answered. Nothing here may cost a request more than a microsecond or two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from aiaas_magics.predictors.base import Outcome, Rows
from aiaas_magics.specs.schema import Note
from aiaas_magics.specs.serving import Plan


class Watch(Protocol):
    """Takes note of requests after they were answered."""

    def serve(self, plan: Plan) -> None:
        """Learn which versions are served from now on; told before the first request, and whenever the plan changes."""
        ...

    def answered(
        self,
        version: str,
        status: int,
        seconds: float,
        rows: Rows | None = None,
        outcome: Outcome | None = None,
        notes: Sequence[Note] = (),
        key: bytes = b"",
    ) -> None:
        """Take note of a request that a version (``clf@4``) answered or refused; `seconds` from its first byte to its answer.

        The version is empty where the request reached none.
        """
        ...

    def compared(
        self,
        main: str,
        shadow: str,
        rows: Rows,
        ours: Outcome,
        theirs: Outcome | None,
        key: bytes = b"",
    ) -> None:
        """Take note of what a shadow would have answered to rows that `main` answered; None: it had no answer."""
        ...

    def close(self) -> None:
        """Take the last notes: the process is about to go."""
        ...
