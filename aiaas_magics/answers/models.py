"""What is asked about models: lists, a version, aliases moved, versions side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiaas_magics import comparing, handles
from aiaas_magics.cards import style
from aiaas_magics.handles import Handle
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.records import ModelInfo

if TYPE_CHECKING:
    from aiaas_magics.session import Session

Values = dict[str, Any]


def listed(session: Session, values: Values) -> Handle:
    """Return the models, with the first of their scores."""
    del values
    records: list[Any] = session.backend.query("models")
    rows = [
        (
            r.ref,
            r.algo + (" (stopped early)" if r.partial else ""),
            r.target,
            *_first_score(r),
            ", ".join(r.aliases),
        )
        for r in records
    ]
    columns = ("name", "algorithm", "predicts", "metric", "held-out score", "aliases")
    return handles.Listing("models", columns, rows, records, "%aiaas_models show NAME")


def _first_score(info: ModelInfo) -> tuple[JSON, JSON]:
    return next(((name, style.measure(value)) for name, value in info.scores.items()), ("", ""))


def show(session: Session, values: Values) -> Handle:
    """Return a version and its lineage."""
    session.settle(str(values["model"]))
    return handles.Registered(session, session.model(str(values["model"])))


def history(session: Session, values: Values) -> Handle:
    """Return how the aliases of a model moved."""
    name = session.model(str(values["model"])).name
    records: list[Any] = session.backend.query("aliases", {"model": name})
    rows = [
        (f"{r.model}@{r.alias}", _version(r.from_), _version(r.to), r.who, style.when(r.time))
        for r in records
    ]
    return handles.Listing(
        f"aliases of {name}", ("alias", "from", "to", "who", "when"), rows, records
    )


def compare(session: Session, values: Values) -> Handle:
    """Return in what models differ."""
    return handles.ComparedModels(comparing.compare(session, values["models"]))


def _version(number: int | None) -> str:
    return "nothing" if number is None else f"@{number}"
