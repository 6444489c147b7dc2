"""What a home knows of an endpoint's requests: the files its workers count in, and the alerts that were told."""

from __future__ import annotations

from aiaas_magics.engines.context import Watched
from aiaas_magics.execution import endpoints
from aiaas_magics.specs.base import decode
from aiaas_magics.specs.jobs import Event
from aiaas_magics.specs.serving import Plan
from aiaas_magics.store.home import Home

ALERT = "alert"
"""The type of the events: ``{"name": ..., "text": ..., "on": true or false}``."""


def watched(home: Home, endpoint: str) -> Watched:
    """Return an endpoint, its state as it is now, and what it keeps of its requests. Raises `NotFound`."""
    endpoints.reap(home)
    info = home.endpoints.get(endpoint)
    folder = home.path / "endpoints" / endpoint
    path = folder / "plan.json"
    plan = decode(path.read_bytes(), Plan) if path.is_file() else None
    return Watched(info, folder, plan, _alerts(home, endpoint))


def alert(home: Home, endpoint: str, name: str, text: str, *, on: bool) -> None:
    """Tell that an alert has begun, or is over."""
    body = {"name": name, "text": text, "on": on}
    home.runs.tell_many([(f"endpoint:{endpoint}", ALERT, body)])


def _alerts(home: Home, endpoint: str) -> tuple[str, ...]:
    on: dict[str, bool] = {}
    for event in _events(home, f"endpoint:{endpoint}"):
        if event.type == ALERT:
            on[str(event.body["name"])] = bool(event.body["on"])
        elif event.body.get("command") == "remove_endpoint":  # what follows is another of the name
            on.clear()
    return tuple(name for name, lasts in on.items() if lasts)


def _events(home: Home, scope: str) -> list[Event]:
    found: list[Event] = []
    while news := home.runs.events(scope, found[-1].seq if found else 0):
        found += news
    return found
