"""What was odd in the rows that were answered, counted and now and then told to the log."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence

from aiaas_magics.specs.schema import Note

LOG = logging.getLogger("aiaas.serving")
MOST = 10_000
"""Pairs of column and problem that are told apart."""


class Noted:
    """Counts rows by column and problem."""

    def __init__(self) -> None:
        self.rows: Counter[tuple[str, str]] = Counter()

    def add(self, notes: Sequence[Note]) -> None:
        """Count what was noted of a request; tell of the 1st, 2nd, 4th, 8th ... row of a kind, and of no value."""
        for note in notes:
            kind = note.column, note.problem.partition(' "')[0]
            if kind not in self.rows and len(self.rows) >= MOST:
                continue
            before = self.rows[kind]
            self.rows[kind] = total = before + note.rows
            if total.bit_length() > before.bit_length():
                said = "column %a: %d rows %a, %d so far"
                LOG.warning(said, note.column[:80], note.rows, kind[1], total)
