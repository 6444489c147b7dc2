"""The handle of a comparison of two models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from aiaas_magics.cards import comparing
from aiaas_magics.cards.page import Card
from aiaas_magics.handles.base import Bundle, Drawn, Tables, picture, plain
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.results import ComparisonResult, Grid

if TYPE_CHECKING:
    from aiaas_magics.session import Session


class Comparison(Tables, Drawn):
    """Two models on the same rows."""

    def __init__(
        self, session: Session, result: ComparisonResult, warnings: Sequence[str] = ()
    ) -> None:
        self._session, self.result, self._warnings = session, result, tuple(warnings)

    @property
    def better(self) -> str | None:
        """The model that is better in the default metric; None: not distinguishable."""
        return self.result.better

    @property
    def differences(self) -> dict[str, float | None]:
        """Metric -> the first model's value minus the second's."""
        return {each.metric: each.value for each in self.result.differences}

    @property
    def intervals(self) -> dict[str, tuple[float | None, float | None]]:
        """Metric -> the bounds of the difference."""
        return {each.metric: (each.low, each.high) for each in self.result.differences}

    @property
    def p(self) -> float | None:
        """Of McNemar's exact test (numbers: the sign test); None where folds were compared."""
        return self.result.p

    def record(self) -> dict[str, JSON]:
        """Return the result, without its charts."""
        return plain(self.result, "charts")

    def line(self) -> str:
        """Return the one line."""
        return comparing.comparison_line(self.result)

    def card(self) -> Card:
        """Return the metrics of both."""
        return comparing.comparison_card(self.result, self._warnings, self._following())

    def _following(self) -> str:
        if self.result.better is not None:
            return f"%aiaas_deploy {self.result.better}"
        if self.result.p is None:  # folds, which said nothing more
            return f"%aiaas_evaluate {self.result.model} --curve"
        return (
            f"%aiaas_evaluate {self.result.model} --against {self.result.against} --cv 5 --rounds 3"
        )

    def grids(self) -> Sequence[Grid]:
        """Return the tables."""
        return self.result.grids

    def pictures(self) -> Iterator[Bundle]:
        """Yield the charts."""
        return (picture(self._session, chart) for chart in self.result.charts)
