"""What a user holds in hand after a line: a record, a way to show it, and what can be done with it.

Every handle shows itself as one line of text and as a card; charts are outputs of their own, because a
page prefers HTML to a chart where both are offered.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from aiaas_magics.cards import cards, charts, style
from aiaas_magics.specs.base import JSON, Record
from aiaas_magics.specs.jobs import Job
from aiaas_magics.specs.records import Applied, EndpointInfo, ModelInfo
from aiaas_magics.specs.results import (
    Chart,
    DataResult,
    EvaluationResult,
    ExportResult,
    Grid,
    ModelResult,
)

if TYPE_CHECKING:
    import pandas as pd

    from aiaas_magics.session import Session

Bundle = dict[str, Any]
VEGA = "application/vnd.vegalite.v5+json"


class Handle:
    """One line of text, one card, perhaps charts."""

    def line(self) -> str:
        """Return the one line."""
        raise TypeError(f"{type(self).__name__} has no line")

    def card(self) -> str:
        """Return the card as HTML."""
        return style.card(self.line())

    def grids(self) -> Sequence[Grid]:
        """Return the tables shown below the card."""
        return ()

    def pictures(self) -> Iterator[Bundle]:
        """Yield the charts shown below the card, ready for display."""
        yield from ()

    def __repr__(self) -> str:
        return self.line()

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> Bundle:
        del include, exclude
        return {"text/plain": self.line(), "text/html": self.card()}

    def bundles(self) -> Iterator[Bundle]:
        """Yield every output this handle consists of."""
        yield self._repr_mimebundle_()
        for grid in self.grids():
            yield {"text/plain": cards.grid_line(grid), "text/html": cards.grid_card(grid)}
        yield from self.pictures()


class Drawn(Handle):
    """A handle with charts: it displays several outputs."""

    def _ipython_display_(self) -> None:
        from IPython.display import display

        for bundle in self.bundles():
            display(bundle, raw=True)  # type: ignore[no-untyped-call]


def picture(session: Session, chart: Chart) -> Bundle:
    """Return a chart's output: Vega-Lite, its PNG, one line. No HTML: it would be preferred."""
    import base64

    bundle: Bundle = {VEGA: rounded(chart.spec), "text/plain": chart.text}
    if chart.png is not None:
        body = b"".join(session.backend.fetch(chart.png))
        bundle["image/png"] = base64.b64encode(body).decode()
    return bundle


def rounded(value: JSON) -> JSON:
    """Return a chart's dict with numbers of three digits in docs_mode."""
    if not style.docs_mode():
        return value
    if isinstance(value, dict):
        return {key: rounded(each) for key, each in value.items()}
    if isinstance(value, list):
        return [rounded(each) for each in value]
    return charts.significant(value, 3) if isinstance(value, float) else value


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

    def frame(self, rows: int | None = None) -> pd.DataFrame:
        """Return the table, or its first rows, as a DataFrame of its own."""
        return self._session.frame(self.ref, rows)

    def line(self) -> str:
        """Return the one line."""
        return cards.data_line(self.result)

    def card(self) -> str:
        """Return the profile."""
        name = self.ref.partition("@")[0]
        prepare = f"%aiaas_prepare {name} --dropna --scale standard --as {name}-ready"
        train = f"%aiaas_train {name} --target COLUMN --algo random_forest"
        return cards.data_card(self.result, self._warnings, train if self.result.base else prepare)


class Model(Drawn):
    """A registered model."""

    def __init__(self, session: Session, result: ModelResult, warnings: Sequence[str] = ()) -> None:
        self._session, self.result, self._warnings = session, result, tuple(warnings)

    @property
    def ref(self) -> str:
        """``name@version``."""
        return self.result.ref

    @property
    def scores(self) -> dict[str, float]:
        """Metric -> value on the held-out rows."""
        return {score.metric: score.value for score in self.result.scores}

    @property
    def params(self) -> dict[str, JSON]:
        """The algorithm's parameters as given, or as found by tuning."""
        return dict(self.result.params)

    @property
    def trials(self) -> tuple[dict[str, JSON], ...]:
        """The candidates of a search, best first: parameters, mean, std, folds, seconds, rank."""
        import msgspec

        return tuple(msgspec.to_builtins(trial) for trial in self.result.trials)

    @property
    def info(self) -> ModelInfo:
        """The registered record: signature, lineage, aliases."""
        found: Any = self._session.backend.query("models", {"ref": self.ref})[0]
        return found  # type: ignore[no-any-return]

    def line(self) -> str:
        """Return the one line."""
        return cards.model_line(self.result)

    def card(self) -> str:
        """Return what was learned."""
        name = self.ref.partition("@")[0]
        next_ = f"%aiaas_evaluate {name}" if self.result.held_out else f"%aiaas_deploy {name}"
        return cards.model_card(self.result, self._warnings, next_)

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

    def line(self) -> str:
        """Return the one line."""
        return cards.model_info_line(self.info)

    def card(self) -> str:
        """Return the lineage."""
        return cards.model_info_card(self.info, f"%aiaas_models alias {self.info.ref} production")


class Evaluation(Drawn):
    """How good a model is."""

    def __init__(
        self, session: Session, result: EvaluationResult, warnings: Sequence[str] = ()
    ) -> None:
        self._session, self.result, self._warnings = session, result, tuple(warnings)

    @property
    def scores(self) -> dict[str, float]:
        """Metric -> value."""
        return {score.metric: score.value for score in self.result.scores}

    @property
    def importance(self) -> dict[str, float]:
        """Column -> drop of the default metric when it is shuffled, largest first."""
        return {score.metric: score.value for score in self.result.importance}

    def line(self) -> str:
        """Return the one line."""
        return cards.evaluation_line(self.result)

    def card(self) -> str:
        """Return the metrics."""
        name = self.result.model.partition("@")[0]
        return cards.evaluation_card(self.result, self._warnings, f"%aiaas_deploy {name}")

    def grids(self) -> Sequence[Grid]:
        """Return the tables."""
        return self.result.grids

    def pictures(self) -> Iterator[Bundle]:
        """Yield the charts."""
        return (picture(self._session, chart) for chart in self.result.charts)


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
        return cards.curl(self.info, json.dumps(self.info.example))

    def predict(self, data: object, rows: int | None = None) -> Handle:
        """Predict rows of a DataFrame or of stored data."""
        data = data.ref if isinstance(data, Data) else data
        return self._session.run(
            "predict", "", {"endpoint": self.ref, "data": data, "rows": rows}, None
        )

    def stop(self) -> Handle:
        """End the endpoint."""
        return self._session.run("endpoints", "stop", {"endpoint": self.ref}, None)

    def line(self) -> str:
        """Return the one line."""
        return cards.endpoint_line(self.info)

    def card(self) -> str:
        """Return how to reach it."""
        next_ = f"%aiaas_predict {self.ref} DATA --rows 5"
        return cards.endpoint_card(self.info, json.dumps(self.info.example), self._warnings, next_)


class Prediction(Handle):
    """Rows beside their predictions."""

    MOST = 20

    def __init__(self, endpoint: str, target: str, frame: pd.DataFrame) -> None:
        self.endpoint, self.target, self.frame = endpoint, target, frame

    @property
    def values(self) -> list[JSON]:
        """The predictions."""
        found: list[JSON] = self.frame["prediction"].tolist()
        return found

    def __len__(self) -> int:
        return len(self.frame)

    def line(self) -> str:
        """Return the one line."""
        values = [style.one_line(style.number(value), most=20) for value in self.values[:5]]
        shown = ", ".join([*values, *(["..."] if len(self) > 5 else [])])
        what = f"{style.plural(len(self), 'prediction')} of {style.one_line(self.target)}"
        return f"{self.endpoint}: {what}: {shown}"

    def card(self) -> str:
        """Return the first rows, predictions first."""
        last = [name for name in ("prediction", "probability") if name in self.frame.columns]
        names = [*last, *(name for name in self.frame.columns if name not in last)][:10]
        head = self.frame[names].head(self.MOST)
        plain = head.astype("object").where(head.notna(), None)
        rows = [tuple(map(style.number, row)) for row in plain.itertuples(index=False)]
        numeric = frozenset(i for i, name in enumerate(names) if head[name].dtype.kind in "iuf")
        table = style.table(tuple(names), rows, numeric)
        return style.card(self.line(), table, style.soft(self._rest(len(names))))

    def _rest(self, columns: int) -> str:
        """Return what the card leaves out, in words."""
        hidden = len(self.frame.columns) - columns
        parts = [f"the first {self.MOST} shown"] if len(self) > self.MOST else []
        parts += [style.plural(hidden, "more column")] if hidden else []
        return ", ".join([style.plural(len(self), "row"), *parts]) if parts else ""


class Listing(Handle):
    """Records as a table."""

    def __init__(
        self,
        title: str,
        columns: tuple[str, ...],
        rows: Sequence[tuple[JSON, ...]],
        records: Sequence[Record] = (),
        following: str = "",
    ) -> None:
        self.title, self.columns, self.rows = title, columns, list(rows)
        self.records, self._following = list(records), following

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)

    def line(self) -> str:
        """Return the one line: how many, and which."""
        names = ", ".join(str(row[0]) for row in self.rows[:12]) + (
            ", ..." if len(self.rows) > 12 else ""
        )
        return f"{self.title}: {names or 'none yet'}"

    def card(self) -> str:
        """Return the table."""
        rows = [tuple(style.number(value) for value in row) for row in self.rows]
        first = self.rows[0] if self.rows else ()
        numeric = frozenset(
            i for i, v in enumerate(first) if isinstance(v, int | float) and not isinstance(v, bool)
        )
        body = style.table(self.columns, rows, numeric) if rows else style.soft("none yet")
        return style.card(
            self.title, body, style.following(self._following) if self._following else ""
        )


class Note(Handle):
    """One line that says what was done."""

    def __init__(
        self, text: str, body: str = "", following: str = "", answer: object = None
    ) -> None:
        self.text, self.body, self.answer, self._following = text, body, answer, following

    def line(self) -> str:
        """Return the one line."""
        return self.text

    def card(self) -> str:
        """Return the line and what belongs to it."""
        inside = f"<pre>{style.escape(self.body)}</pre>" if self.body else ""
        return style.card(
            self.text, inside, style.following(self._following) if self._following else ""
        )

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> Bundle:
        del include, exclude
        text = f"{self.text}\n{self.body}" if self.body else self.text
        return {"text/plain": text, "text/html": self.card()}


class JobHandle(Handle):
    """A job that goes on by itself."""

    def __init__(self, session: Session, job: Job) -> None:
        self._session, self.id = session, job.id
        self._first = job

    @property
    def job(self) -> Job:
        """The job's record as it is now."""
        return next(self._session.jobs({"id": self.id}), self._first)

    @property
    def state(self) -> str:
        """The job's state as it is now."""
        return self.job.state.value

    def wait(self) -> Handle:
        """Follow the job to its end and return what it answered."""
        return self._session.run("jobs", "attach", {"job": self.id}, None)

    def stop(self) -> None:
        """Ask for the best so far."""
        self._session.backend.stop(self.id)

    def cancel(self) -> None:
        """End it at once."""
        self._session.backend.cancel(self.id)

    def line(self) -> str:
        """Return the one line."""
        job = self.job
        what = f"{job.verb} {job.about}".strip()
        return (
            f"job: {what}"
            if style.docs_mode()
            else f"job {job.id}: {what}, {job.state.value.lower()}"
        )

    def card(self) -> str:
        """Return the line and how to follow it."""
        return style.card(self.line(), style.following("%aiaas_jobs attach"))


def applied(record: Applied) -> Note:
    """Return the handle of a command."""
    return Note(record.text)


def exported(result: ExportResult, name: str, where: str) -> Note:
    """Return the handle of a written file."""
    return Note(f"{name}: {style.plural(result.rows, 'row')} written to {where}")
