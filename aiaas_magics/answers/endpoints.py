"""What is asked about endpoints: lists, one of them, its log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiaas_magics import handles
from aiaas_magics.cards import style
from aiaas_magics.handles import Handle

if TYPE_CHECKING:
    from aiaas_magics.session import Session

Values = dict[str, Any]


def listed(session: Session, values: Values) -> Handle:
    """Return the endpoints."""
    del values
    records: list[Any] = session.backend.query("endpoints")
    rows = [
        (
            r.name,
            r.model,
            r.state.lower(),
            "" if style.docs_mode() or r.state != "READY" else r.url,
            r.workers,
        )
        for r in records
    ]
    return handles.Listing(
        "endpoints",
        ("name", "serves", "state", "address", "workers"),
        rows,
        records,
        "%aiaas_endpoints show NAME",
    )


def show(session: Session, values: Values) -> Handle:
    """Return one endpoint."""
    session.settle(str(values["endpoint"]))
    return handles.Endpoint(session, session.endpoint(str(values["endpoint"])))


def logs(session: Session, values: Values) -> Handle:
    """Return the end of an endpoint's log."""
    info = session.endpoint(str(values["endpoint"]), log=True)
    return handles.Note(f"the end of the log of {info.name}", "" if style.docs_mode() else info.log)
