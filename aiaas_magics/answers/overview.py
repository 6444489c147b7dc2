"""What is asked about the whole: the home, the magics, the algorithms and metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiaas_magics import handles, specs
from aiaas_magics.cards import style
from aiaas_magics.handles import Handle
from aiaas_magics.specs import algorithms
from aiaas_magics.specs.verbs import Kind

if TYPE_CHECKING:
    from aiaas_magics.session import Session

Values = dict[str, Any]


def counts(usage: Any) -> str:
    """Return what a home holds, in words."""
    words = [f"{usage.data} data", style.plural(usage.models, "model")]
    words += [style.plural(usage.endpoints, "running endpoint"), style.plural(usage.jobs, "job")]
    return ", ".join(words if style.docs_mode() else [*words, style.size(usage.bytes)])


def overview(session: Session, values: Values) -> Handle:
    """Return what the home holds and which magics there are."""
    del values
    usage: Any = session.backend.query("usage")[0]
    rows = [
        (f"%aiaas_{name}" if name else "%aiaas", specs.verb(name).summary) for name in specs.VERBS
    ]
    next_ = (
        "%aiaas_data load iris"
        if not usage.data
        else "%aiaas_train DATA --target COLUMN --algo random_forest"
    )
    title = counts(usage) if style.docs_mode() else f"{counts(usage)} in {usage.home}"
    return handles.Listing(title, ("line", "what it does"), rows, [usage], next_)


def known(session: Session, kind: Kind, of: str = "") -> Handle:
    """Return the list behind ``--algo ?``, ``--metric ?`` and, of one algorithm, ``--algo ridge ?``."""
    if of:
        return _parameters(algorithms.find(of))
    records: list[Any] = session.backend.query("metrics" if kind is Kind.METRIC else "algorithms")
    if kind is Kind.METRIC:
        rows = [(r.name, r.task, r.summary) for r in records]
        return handles.Listing("metrics", ("name", "task", "what it says"), rows, records)
    found = [
        (r.name, " and ".join(r.tasks), r.summary, ", ".join(r.tried) or NOTHING) for r in records
    ]
    columns = ("name", "for", "what it is", "tune first")
    following = "%aiaas_train --algo random_forest ?"
    return handles.Listing("algorithms", columns, found, records, following)


NOTHING = "–"


def _parameters(algorithm: algorithms.Algorithm) -> Handle:
    """Return the parameters of an algorithm: what they mean, take, are, and which values are worth trying."""
    rows = [
        (
            p.name,
            p.help,
            p.allowed(),
            repr(p.default),
            p.search.shown() if p.search is not None else NOTHING,
        )
        for p in algorithm.parameters
    ]
    columns = ("parameter", "meaning", "values", "default", "worth trying")
    title = f"{algorithm.name}: {algorithm.summary}"
    return handles.Listing(title, columns, list(dict.fromkeys(rows)), [algorithm])
