"""What a model's inputs and answers looked like before it was deployed: the bins an endpoint counts into, with their counts."""

from __future__ import annotations

import hashlib
from typing import Literal

import msgspec

from aiaas_magics.specs.base import JSON, Record, encode

FILE = "reference.json"
"""A reference's name in the folder of its version's build."""
HASHES = 32
"""Cells of a column of many texts: a text is told from others by its hash only."""
EXTRAS = ("missing", "low", "high")
"""Counted beside the cells of every series: gaps, and values below and above what is expected."""


class Series(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One column, or one kind of answer, cut into cells.

    A ``number`` or ``date`` (seconds since 1970) lies in cell i if it is at most ``edges[i]`` and above the one before;
    the last cell holds what is beyond. A ``category`` has a cell a value and one for all others. ``text`` has `HASHES`.
    """

    name: str
    kind: Literal["number", "date", "category", "text"]
    edges: tuple[float, ...] = ()
    values: tuple[JSON, ...] = ()
    counts: tuple[int, ...] = ()
    """Rows of the reference by cell, gaps left out."""
    missing: int = 0
    """Rows of the reference with a gap."""
    low: float | None = None
    high: float | None = None
    """Values outside are out of range, by the model's schema."""

    @property
    def cells(self) -> int:
        """How many there are."""
        if self.kind == "text":
            return HASHES
        return 1 + len(self.values if self.kind == "category" else self.edges)

    @property
    def width(self) -> int:
        """Counts of the series: its cells and `EXTRAS`."""
        return self.cells + len(EXTRAS)


class Reference(Record, frozen=True, kw_only=True, tag="reference"):
    """What a version is compared with while it serves.

    ``features`` come from all rows the model was made of, ``answers`` (``prediction``, and ``probability`` where there are
    classes) from rows it did not learn from: of those it did, it is too sure. ``basis`` tells which rows those are; without any,
    ``counts`` of the answers are empty and they are compared with nothing.
    """

    model: str
    task: str
    rows: int
    features: tuple[Series, ...]
    answers: tuple[Series, ...]
    basis: str = ""
    scores: dict[str, float] = {}
    """The metrics on those rows, for comparison when labels come."""

    @property
    def series(self) -> tuple[Series, ...]:
        """All of them: features, then answers."""
        return (*self.features, *self.answers)

    @property
    def width(self) -> int:
        """Counts of all series."""
        return sum(each.width for each in self.series)

    @property
    def layout(self) -> bytes:
        """A digest of the cells: counts of the same layout can be added."""
        return hashlib.sha256(encode(self)).digest()
