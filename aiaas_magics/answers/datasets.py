"""What is asked about data: lists, the catalogue, a profile."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from aiaas_magics import errors, handles
from aiaas_magics.cards import style
from aiaas_magics.handles import Handle
from aiaas_magics.specs.results import DataResult

if TYPE_CHECKING:
    from aiaas_magics.session import Session

Values = dict[str, Any]


def listed(session: Session, values: Values) -> Handle:
    """Return what is stored, and what the catalogue says of it."""
    del values
    records: list[Any] = session.backend.query("data")
    known: dict[str, Any] = {}
    if any(record.source.startswith("catalogue:") for record in records):
        with contextlib.suppress(errors.SpecError):  # a catalogue of one's own that cannot be read
            known = {f"catalogue:{r.name}": r for r in session.backend.query("catalogue")}  # type: ignore[attr-defined]
    rows = [
        (r.ref, r.rows, len(r.columns), style.size(r.size), r.source, *_origin(known.get(r.source)))
        for r in records
    ]
    columns = ("name", "rows", "columns", "size", "from", "task", "licence")
    return handles.Listing("data", columns, rows, records, "%aiaas_data show NAME")


def _origin(entry: Any) -> tuple[str, str]:
    return ("", "") if entry is None else (entry.task, entry.licence)


def catalogue(session: Session, values: Values) -> Handle:
    """Return the tables there are, or those with a word in what is said of them."""
    word = str(values.get("word", "")).casefold()
    known: list[Any] = session.backend.query("catalogue")
    columns = (
        "name",
        "task",
        "target",
        "rows",
        "columns",
        "summary",
        "licence",
        "source",
        "origin",
    )
    told = [(r, tuple(getattr(r, column) for column in columns)) for r in known]
    chosen = [(r, row) for r, row in told if word in " ".join(map(str, row)).casefold()]
    if not chosen:
        raise errors.NotFound(
            f"nothing in the catalogue is about {values['word']!r}",
            errors.did_you_mean(word, (r.name for r in known)),
            f"openml:{values['word']} of openml.org, or %aiaas_data catalogue",
        )
    records, rows = [r for r, _ in chosen], [row for _, row in chosen]
    return handles.Listing(
        "catalogue", columns, rows, records, f"%aiaas_data load {records[0].name}"
    )


def show(session: Session, values: Values) -> Handle:
    """Return the profile of stored data."""
    word = values["data"]
    if not isinstance(word, str):
        raise errors.UsageError(
            "a variable is shown by naming it",
            "%aiaas_data show shows stored data",
            "%aiaas_data load df --as my-table",
        )
    session.settle(word)
    info = session.data(word)
    result = DataResult(
        ref=info.ref, frame=info.frame, rows=info.rows, columns=info.columns, size=info.size, source=info.source,
        base=info.base, steps=info.steps,
    )  # fmt: skip
    return handles.Data(session, result)
