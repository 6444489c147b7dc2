"""Handles of what answers: endpoints and their predictions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from aiaas_magics.cards import cards, page, style
from aiaas_magics.cards.page import Card
from aiaas_magics.handles.base import Handle, plain
from aiaas_magics.handles.made import Data
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.records import EndpointInfo
from aiaas_magics.specs.schema import Note

if TYPE_CHECKING:
    import pandas as pd

    from aiaas_magics.session import Session


class Endpoint(Handle):
    """A model behind an address."""

    def __init__(self, session: Session, info: EndpointInfo, warnings: Sequence[str] = ()) -> None:
        self._session, self.info, self._warnings = session, info, tuple(warnings)

    @property
    def ref(self) -> str:
        """The endpoint's name."""
        return self.info.name

    @property
    def url(self) -> str:
        """``http://127.0.0.1:port``."""
        return self.info.url

    @property
    def token(self) -> str:
        """What a request must bear; never shown."""
        return self.info.token or ""

    @property
    def curl(self) -> str:
        """A line that asks the endpoint from a terminal."""
        return cards.curl(self.info, json.dumps(self.info.example), self._session.home_words)

    def predict(self, data: object, rows: int | None = None) -> Handle:
        """Predict rows of a DataFrame or of stored data."""
        data = data.ref if isinstance(data, Data) else data
        return self._session.run(
            "predict", "", {"endpoint": self.ref, "data": data, "rows": rows}, None
        )

    def stop(self) -> Handle:
        """End the endpoint."""
        return self._session.run("endpoints", "stop", {"endpoint": self.ref}, None)

    def record(self) -> dict[str, JSON]:
        """Return the endpoint's record, without its token."""
        return plain(self.info)

    def line(self) -> str:
        """Return the one line."""
        return cards.endpoint_line(self.info)

    def card(self) -> Card:
        """Return how to reach it."""
        next_ = f"%aiaas_predict {self.ref} DATA --rows 5"
        return cards.endpoint_card(self.info, self.curl, self._warnings, next_)


class Prediction(Handle):
    """Rows beside their predictions."""

    MOST = 20

    def __init__(
        self, endpoint: str, target: str, frame: pd.DataFrame, warnings: Sequence[Note] = ()
    ) -> None:
        self.endpoint, self.target, self.frame = endpoint, target, frame
        self.warnings = tuple(warnings)

    @property
    def values(self) -> list[JSON]:
        """The predictions."""
        found: list[JSON] = self.frame["prediction"].tolist()
        return found

    def __len__(self) -> int:
        return len(self.frame)

    def record(self) -> dict[str, JSON]:
        """Return the predictions."""
        said = {"kind": "prediction", "endpoint": self.endpoint, "y_pred": self.values}
        notes = [plain(note) for note in self.warnings]
        return said | ({"warnings": notes} if notes else {})

    def line(self) -> str:
        """Return the one line."""
        values = [style.one_line(style.number(value), most=20) for value in self.values[:5]]
        shown = ", ".join([*values, *(["..."] if len(self) > 5 else [])])
        what = f"{style.plural(len(self), 'prediction')} of {style.one_line(self.target)}"
        return f"{self.endpoint}: {what}: {shown}"

    def card(self) -> Card:
        """Return the first rows, predictions first."""
        last = [name for name in ("prediction", "probability") if name in self.frame.columns]
        names = [*last, *(name for name in self.frame.columns if name not in last)][:10]
        head = self.frame[names].head(self.MOST)
        plain = head.astype("object").where(head.notna(), None)
        rows = [tuple(map(style.number, row)) for row in plain.itertuples(index=False)]
        numeric = frozenset(i for i, name in enumerate(names) if head[name].dtype.kind in "iuf")
        table = page.Table(tuple(names), rows, numeric)
        told = [page.warning(note.sentence()) for note in self.warnings]
        return page.card(self.line(), *told, table, page.soft(self._rest(len(names))))

    def _rest(self, columns: int) -> str:
        """Return what the card leaves out, in words."""
        hidden = len(self.frame.columns) - columns
        parts = [f"the first {self.MOST} shown"] if len(self) > self.MOST else []
        parts += [style.plural(hidden, "more column")] if hidden else []
        return ", ".join([style.plural(len(self), "row"), *parts]) if parts else ""
