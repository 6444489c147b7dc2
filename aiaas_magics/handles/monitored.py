"""The handle of a look at an endpoint."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from aiaas_magics.cards import monitoring, style
from aiaas_magics.cards.page import Card
from aiaas_magics.handles.base import Bundle, Drawn, picture, plain
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.monitor import Alert, Drifted, MonitorResult, VersionFigures

if TYPE_CHECKING:
    import pandas as pd

    from aiaas_magics.session import Session

TIMED = ("traffic", "latency")
"""Charts that are never twice the same: not shown in docs_mode."""


class Monitoring(Drawn):
    """What an endpoint has answered. It is false (``if not m:``) where there is no alert."""

    def __init__(
        self, session: Session, result: MonitorResult, warnings: Sequence[str] = ()
    ) -> None:
        self._session, self.result, self._warnings = session, result, tuple(warnings)

    @property
    def alerts(self) -> tuple[Alert, ...]:
        """What somebody should know: each with ``name``, ``text`` and whether it is ``new``."""
        return self.result.alerts

    @property
    def versions(self) -> pd.DataFrame:
        """The figures of each version, a row each; latencies in seconds."""
        return _table(self.result.versions, VersionFigures)

    @property
    def drift(self) -> pd.DataFrame:
        """How each column, and the answers, compare with the reference: a row each."""
        return _table(self.result.drift, Drifted)

    @property
    def drifted(self) -> tuple[str, ...]:
        """The columns that have drifted, the farthest first."""
        ordered: list[Drifted] = monitoring.ordered(self.result.drift)
        return tuple(each.name for each in ordered if each.drifted and each.what == "feature")

    @property
    def scores(self) -> dict[str, dict[str, float | None]]:
        """Version -> metric -> value on the rows whose labels came."""
        return {e.model: {s.metric: s.value for s in e.scores} for e in self.result.performance}

    def page(self) -> str:
        """Return one HTML page with everything that is shown: what ``--report`` writes."""
        shown = [chart for chart in self.result.charts if chart.png is not None]
        pictures = [(c.text, b"".join(self._session.backend.fetch(str(c.png)))) for c in shown]
        return monitoring.report(self.result, self._card(""), pictures)

    def __len__(self) -> int:
        return len(self.alerts)

    def record(self) -> dict[str, JSON]:
        """Return the result, without its charts."""
        return plain(self.result, "charts")

    def line(self) -> str:
        """Return the one line."""
        return monitoring.line(self.result)

    def card(self) -> Card:
        """Return alerts, versions, drift and performance."""
        return self._card(monitoring.following(self.result))

    def _card(self, following: str) -> Card:
        return monitoring.card(self.result, self._warnings, following)

    def pictures(self) -> Iterator[Bundle]:
        """Yield traffic, latency, and what has drifted."""
        charts = self.result.charts
        shown = [c for c in charts if not (style.docs_mode() and c.name in TIMED)]
        return (picture(self._session, chart) for chart in shown)


def _table(records: Sequence[msgspec.Struct], kind: type[msgspec.Struct]) -> pd.DataFrame:
    """Return a row a record; without any the columns are there too."""
    import pandas as pd

    rows = [msgspec.to_builtins(each) for each in records]
    return pd.DataFrame(rows, columns=list(kind.__struct_fields__))
