"""Handles of models that came in, went out, or were compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from aiaas_magics.cards import models as cards
from aiaas_magics.cards.page import Card
from aiaas_magics.handles.base import Handle, plain
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.comparison import ModelComparison
from aiaas_magics.specs.records import ModelInfo
from aiaas_magics.specs.results import ImportResult, ModelExportResult, ServerExportResult

if TYPE_CHECKING:
    import pandas as pd

    from aiaas_magics.session import Session


class Imported(Handle):
    """A model of somebody else's, registered."""

    def __init__(
        self, session: Session, result: ImportResult, warnings: Sequence[str] = ()
    ) -> None:
        self._session, self.result, self._warnings = session, result, tuple(warnings)

    @property
    def ref(self) -> str:
        """``name@version``."""
        return self.result.ref

    @property
    def info(self) -> ModelInfo:
        """The registered record: signature, lineage, aliases."""
        return self._session.model(self.ref)

    @property
    def scores(self) -> dict[str, float | None]:
        """Metric -> value on the sample, where it held the target."""
        return {score.metric: score.value for score in self.result.scores}

    def record(self) -> dict[str, JSON]:
        """Return the result."""
        return plain(self.result)

    def line(self) -> str:
        """Return the one line."""
        return cards.import_line(self.result)

    def card(self) -> Card:
        """Return what came in."""
        return cards.import_card(self.result, self._warnings)


class ModelFile(Handle):
    """A model written to a file."""

    def __init__(
        self, session: Session, result: ModelExportResult, warnings: Sequence[str] = ()
    ) -> None:
        self._session, self.answer, self._warnings = session, result, tuple(warnings)
        self.path = ""

    def at(self, path: str) -> ModelFile:
        """Return the handle of the file once it is in its place."""
        placed = ModelFile(self._session, self.answer, self._warnings)
        placed.path = path
        return placed

    def record(self) -> dict[str, JSON]:
        """Return the result and the path."""
        return plain(self.answer) | {"path": self.path}

    def line(self) -> str:
        """Return the one line."""
        return cards.file_line(self.answer, self.path)

    def card(self) -> Card:
        """Return what was written, and how to open it."""
        return cards.file_card(self.answer, self.path, self._warnings)


class ServerFolder(Handle):
    """A server written to a folder."""

    def __init__(
        self, session: Session, result: ServerExportResult, warnings: Sequence[str] = ()
    ) -> None:
        self._session, self.answer, self._warnings = session, result, tuple(warnings)
        self.path = ""

    def at(self, path: str) -> ServerFolder:
        """Return the handle of the folder once it is in its place."""
        placed = ServerFolder(self._session, self.answer, self._warnings)
        placed.path = path
        return placed

    def record(self) -> dict[str, JSON]:
        """Return the result and the path."""
        return plain(self.answer) | {"path": self.path}

    def line(self) -> str:
        """Return the one line."""
        return cards.server_line(self.answer, self.path)

    def card(self) -> Card:
        """Return what was written, and how to run and ask it."""
        return cards.server_card(self.answer, self.path, self._warnings)


class ComparedModels(Handle):
    """Models side by side."""

    def __init__(self, found: ModelComparison) -> None:
        self.found = found

    @property
    def models(self) -> tuple[str, ...]:
        """The models, ``name@version``."""
        return self.found.models

    def frame(self) -> pd.DataFrame:
        """Return what differs as a DataFrame: a row a fact, a column a model."""
        import pandas as pd

        rows = [(part.title, *row) for part in self.found.parts for row in part.rows]
        return pd.DataFrame(rows, columns=["part", "what", *self.models])

    def record(self) -> dict[str, JSON]:
        """Return the comparison."""
        found: dict[str, JSON] = msgspec.to_builtins(self.found)
        return found

    def line(self) -> str:
        """Return the one line."""
        return cards.comparison_line(self.found)

    def card(self) -> Card:
        """Return the tables of what differs."""
        return cards.comparison_card(self.found)
