"""Whom the application tells what it answered. Nothing here may cost a request more than a microsecond or two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from aiaas_magics.predictors.base import Outcome, Rows
from aiaas_magics.specs.schema import Note


class Watch(Protocol):
    """Takes note of requests after they were answered."""

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
        """Take note of a request that a version (``clf@4``) answered or refused; `seconds` from its first byte to its answer."""
        ...

    def compared(self, main: str, shadow: str, rows: Rows, ours: Outcome, theirs: Outcome) -> None:
        """Take note of what a shadow would have answered."""
        ...
