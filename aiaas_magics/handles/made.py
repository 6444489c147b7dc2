"""Handles of what jobs make: data, models, evaluations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from aiaas_magics import errors
from aiaas_magics.cards import cards, style
from aiaas_magics.cards.page import Card
from aiaas_magics.handles.base import Bundle, Drawn, Handle, Tables, picture, plain
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.records import ModelInfo
from aiaas_magics.specs.results import (
    Change,
    DataResult,
    Entrant,
    EvaluationResult,
    Grid,
    ModelResult,
)

if TYPE_CHECKING:
    import pandas as pd

    from aiaas_magics.session import Session


class Data(Handle):
    """Stored data. ``frame()`` gives the table."""

    def __init__(self, session: Session, result: DataResult, warnings: Sequence[str] = ()) -> None:
        self._session, self.result, self._warnings = session, result, tuple(warnings)

    @property
    def ref(self) -> str:
        """``name@version``."""
        return self.result.ref

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(column.name for column in self.result.columns)

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return self.result.rows, len(self.result.columns)

    @property
    def changes(self) -> tuple[Change, ...]:
        """What each step of the preparation changed: rows, columns, values, examples."""
        return self.result.changes

    def frame(self, rows: int | None = None) -> pd.DataFrame:
        """Return the table, or its first rows, as a DataFrame of its own.

        Raises
        ------
        DataError
            If this is a preview, which is not stored.
        """
        if not self.ref:
            raise errors.DataError(
                "a preview is not stored",
                "it only shows what would change",
                "--as ready, not --preview",
            )
        return self._session.frame(self.ref, rows)

    def record(self) -> dict[str, JSON]:
        """Return the profile, without its histograms."""
        columns = [plain(column, "counts") for column in self.result.columns]
        return plain(self.result) | {"columns": columns}

    def line(self) -> str:
        """Return the one line."""
        return cards.data_line(self.result)

    def card(self) -> Card:
        """Return the profile."""
        name = self.ref.partition("@")[0]
        if not name:
            return cards.data_card(self.result, self._warnings, "the same line with --as NAME")
        prepare = f"%aiaas_prepare {name} --dropna --scale standard --as {name}-ready"
        train = f"%aiaas_train {name} --target {self._target()} --algo random_forest"
        return cards.data_card(self.result, self._warnings, train if self.result.base else prepare)

    def _target(self) -> str:
        """Return the column that the steps were told to leave alone, where it can stand in a line."""
        settings = (step.get("settings") for step in reversed(self.result.steps))
        named = (
            str(each["except"]) for each in settings if isinstance(each, dict) and "except" in each
        )
        name = next(named, "")
        return name if name.isidentifier() else "COLUMN"


class Model(Drawn):
    """A registered model."""

    def __init__(self, session: Session, result: ModelResult, warnings: Sequence[str] = ()) -> None:
        self._session, self.result, self._warnings = session, result, tuple(warnings)

    @property
    def ref(self) -> str:
        """``name@version``."""
        return self.result.ref

    @property
    def scores(self) -> dict[str, float | None]:
        """Metric -> value on the held-out rows; None where it is undefined."""
        return {score.metric: score.value for score in self.result.scores}

    @property
    def params(self) -> dict[str, JSON]:
        """The algorithm's parameters as given, or as found by tuning."""
        return dict(self.result.params)

    @property
    def trials(self) -> pd.DataFrame:
        """All candidates of a search, best first: a row each; no seconds in docs_mode.

        Columns: rank, ``param_NAME`` a parameter (as scikit-learn's ``cv_results_`` has them), mean, std, folds,
        seconds, equality.
        """
        import pandas as pd

        rows = [
            {"rank": each.rank, **{f"param_{name}": value for name, value in each.params.items()}}
            | {
                name: getattr(each, name)
                for name in ("mean", "std", "folds", "seconds", "equality")
            }
            for each in self.result.trials
        ]
        frame = pd.DataFrame(rows, dtype=object)  # None is a value of a parameter, not a gap
        numbers = frame.columns[~frame.columns.str.startswith("param_")]
        frame = frame.astype({name: frame[name].infer_objects().dtype for name in numbers})
        return frame.drop(columns="seconds", errors="ignore") if style.docs_mode() else frame

    @property
    def sharing(self) -> dict[str, JSON] | None:
        """What a search cost, and what it would have cost if every candidate was fitted by itself."""
        found = self.result.sharing
        return None if found is None else dict(msgspec.to_builtins(found))

    @property
    def leaderboard(self) -> pd.DataFrame:
        """What ``--algo auto`` compared, best first: a row a candidate; no seconds in docs_mode."""
        import pandas as pd

        rows = [msgspec.to_builtins(entrant) for entrant in self.result.leaderboard]
        frame = pd.DataFrame(rows, columns=list(Entrant.__struct_fields__))
        timed = ["fit_seconds", "predict_seconds"]
        return frame.drop(columns=timed) if style.docs_mode() else frame

    @property
    def info(self) -> ModelInfo:
        """The registered record: signature, lineage, aliases."""
        found: Any = self._session.backend.query("models", {"ref": self.ref})[0]
        return found  # type: ignore[no-any-return]

    def record(self) -> dict[str, JSON]:
        """Return the result, without its charts."""
        return plain(self.result, "charts")

    def line(self) -> str:
        """Return the one line."""
        return cards.model_line(self.result)

    def card(self) -> Card:
        """Return what was learned."""
        name = self.ref.partition("@")[0]
        next_ = f"%aiaas_evaluate {name}" if self.result.held_out else f"%aiaas_deploy {name}"
        if self.result.partial and self.result.trials:
            next_ = f"%aiaas_tune --resume {name}"
        return cards.model_card(self.result, (*self._warnings, *self._known()), next_)

    def _known(self) -> tuple[str, ...]:
        """Return what was known from before; nothing in docs_mode, where a second run says what the first said."""
        known = self.result.remembered
        if known is None or style.docs_mode():
            return ()
        return (f"{known.text}; --again searches anew",)

    def pictures(self) -> Iterator[Bundle]:
        """Yield loss curve or the charts of a search."""
        return (picture(self._session, chart) for chart in self.result.charts)


class Registered(Handle):
    """A model of the registry, with its lineage."""

    def __init__(self, session: Session, info: ModelInfo) -> None:
        self._session, self.info = session, info

    @property
    def ref(self) -> str:
        """``name@version``."""
        return self.info.ref

    def record(self) -> dict[str, JSON]:
        """Return the registered record."""
        return plain(self.info)

    def line(self) -> str:
        """Return the one line."""
        return cards.model_info_line(self.info)

    def card(self) -> Card:
        """Return the lineage."""
        return cards.model_info_card(self.info, f"%aiaas_models alias {self.info.ref} production")


class Evaluation(Tables, Drawn):
    """How good a model is."""

    def __init__(
        self, session: Session, result: EvaluationResult, warnings: Sequence[str] = ()
    ) -> None:
        self._session, self.result, self._warnings = session, result, tuple(warnings)

    @property
    def scores(self) -> dict[str, float | None]:
        """Metric -> value; None where it is undefined."""
        return {score.metric: score.value for score in self.result.scores}

    @property
    def importance(self) -> dict[str, float | None]:
        """Column -> drop of the default metric when it is shuffled, largest first."""
        return {score.metric: score.value for score in self.result.importance}

    @property
    def intervals(self) -> dict[str, tuple[float | None, float | None]]:
        """Metric -> the bounds of its value."""
        return {score.metric: (score.low, score.high) for score in self.result.scores}

    @property
    def findings(self) -> tuple[str, ...]:
        """What was found, in sentences."""
        return self.result.findings

    @property
    def threshold(self) -> float | None:
        """The probability from which calling the positive class costs least; None without ``--cost``."""
        return None if self.result.threshold is None else self.result.threshold.value

    def record(self) -> dict[str, JSON]:
        """Return the result, without its charts."""
        return plain(self.result, "charts")

    def line(self) -> str:
        """Return the one line."""
        return cards.evaluation_line(self.result)

    def card(self) -> Card:
        """Return the metrics."""
        name = self.result.model.partition("@")[0]
        return cards.evaluation_card(self.result, self._warnings, f"%aiaas_deploy {name}")

    def grids(self) -> Sequence[Grid]:
        """Return the tables."""
        return self.result.grids

    def pictures(self) -> Iterator[Bundle]:
        """Yield the charts."""
        return (picture(self._session, chart) for chart in self.result.charts)
