"""The handle of a look at a table: what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from aiaas_magics.cards import quality
from aiaas_magics.cards.page import Card
from aiaas_magics.handles.base import Bundle, Drawn, picture, plain
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.quality import Finding, QualityResult

if TYPE_CHECKING:
    from aiaas_magics.session import Session


class Quality(Drawn):
    """What is wrong with a table, worst first. It is false (``if not check:``) where nothing was found."""

    def __init__(
        self, session: Session, result: QualityResult, warnings: Sequence[str] = ()
    ) -> None:
        self._session, self.result, self._warnings = session, result, tuple(warnings)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Each with ``find``, ``severity``, ``column``, ``text``, ``fix`` (a line) and ``effect``."""
        return self.result.findings

    @property
    def repairs(self) -> tuple[str, ...]:
        """The lines that carry out all repairs, one after the other."""
        return self.result.repairs

    def of(self, column: str) -> tuple[Finding, ...]:
        """Return the findings of one column."""
        return tuple(each for each in self.findings if each.column == column)

    def __len__(self) -> int:
        return len(self.findings)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def record(self) -> dict[str, JSON]:
        """Return the result, without its charts."""
        return plain(self.result, "charts")

    def line(self) -> str:
        """Return the one line."""
        return quality.line(self.result)

    def card(self) -> Card:
        """Return the findings."""
        return quality.card(self.result, self._warnings)

    def pictures(self) -> Iterator[Bundle]:
        """Yield where the gaps are, how the classes weigh, what has drifted."""
        return (picture(self._session, chart) for chart in self.result.charts)
