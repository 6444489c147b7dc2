"""What an evaluation looks at, one file a question; ``engines/evaluate.py`` asks them in turn.

Adding a question: a file here that returns findings, grids and charts (:class:`Found`), and its line in
``evaluate.run``.
"""

from __future__ import annotations

from typing import NamedTuple

from aiaas_magics.specs.results import Chart, Grid


class Found(NamedTuple):
    """What a question found: sentences, tables, charts without pictures."""

    findings: tuple[str, ...] = ()
    grids: tuple[Grid, ...] = ()
    charts: tuple[Chart, ...] = ()

    def __add__(self, other: object) -> Found:
        """Return both, one after the other."""
        if not isinstance(other, Found):
            return NotImplemented
        return Found(
            (*self.findings, *other.findings),
            (*self.grids, *other.grids),
            (*self.charts, *other.charts),
        )
