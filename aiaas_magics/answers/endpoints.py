"""What is asked about endpoints: lists, one of them, its log."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from aiaas_magics import errors, handles
from aiaas_magics.cards import endpoints as cards
from aiaas_magics.cards import style
from aiaas_magics.handles import Handle
from aiaas_magics.specs import rollout
from aiaas_magics.specs.jobs import Event

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
            f"{r.model}{cards.canaries(r)}",
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
        "%aiaas_endpoints show NAME" if rows else "%aiaas_deploy MODEL --as NAME",
    )


def versions(session: Session, values: Values) -> Handle:
    """Return what an endpoint serves and served, and the steps that led there."""
    name = str(values["endpoint"])
    session.settle(name)
    info = session.endpoint(name)
    models: list[Any] = session.backend.query("models")
    gone = set(rollout.known(info)) - {each.ref for each in models}
    steps = list(_steps(session, name))
    removed = [i for i, e in enumerate(steps) if e.body.get("command") == "remove_endpoint"]
    own = steps[removed[-1] + 1 :] if removed else steps  # the others are of another of the name
    return handles.Versions(info, own, gone)


def _steps(session: Session, name: str) -> Iterator[Event]:
    """Yield what was done to an endpoint, its alerts and its bad ends, oldest first."""
    after = 0
    while events := session.backend.events(f"endpoint:{name}", after):
        after = events[-1].seq
        for event in events:
            ended = event.type == "state" and event.body.get("to") in ("LOST", "FAILED")
            if event.type in ("audit", "alert") or ended:
                yield event


def show(session: Session, values: Values) -> Handle:
    """Return one endpoint."""
    session.settle(str(values["endpoint"]))
    return handles.Endpoint(session, session.endpoint(str(values["endpoint"])))


def logs(session: Session, values: Values) -> Handle:
    """Return the end of an endpoint's log, or of what went wrong."""
    lines, wrong = int(values.get("lines") or 0), bool(values.get("errors"))
    if "lines" in values and lines < 1:
        raise errors.UsageError(f"--lines {lines} is no number of lines", "1 or more", "--lines 50")
    name = str(values["endpoint"])
    text = session.endpoint(name, log=True, lines=lines, errors=wrong).log
    shown = "" if style.docs_mode() else text or ("nothing went wrong" if wrong else "it is empty")
    what = "what went wrong, in the log" if wrong else "the end of the log"
    return handles.Note(f"{what} of {name}", shown)
