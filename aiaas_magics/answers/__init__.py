"""How a line that asks for no job is answered: lists, single records, logs, predictions.

A file a topic. Adding an answer: a function from a session and the line's values to a handle, and a row in `ANSWERS`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aiaas_magics.answers import datasets, endpoints, jobs, models, overview, predictions
from aiaas_magics.answers.overview import counts, known
from aiaas_magics.handles import Handle

if TYPE_CHECKING:
    from aiaas_magics.session import Session

__all__ = ["ANSWERS", "counts", "known"]

ANSWERS: dict[tuple[str, str], Callable[[Session, dict[str, Any]], Handle]] = {
    ("", ""): overview.overview,
    ("data", "list"): datasets.listed,
    ("data", "catalogue"): datasets.catalogue,
    ("data", "show"): datasets.show,
    ("models", "list"): models.listed,
    ("models", "show"): models.show,
    ("models", "history"): models.history,
    ("models", "compare"): models.compare,
    ("endpoints", "list"): endpoints.listed,
    ("endpoints", "show"): endpoints.show,
    ("endpoints", "versions"): endpoints.versions,
    ("endpoints", "logs"): endpoints.logs,
    ("jobs", "list"): jobs.listed,
    ("jobs", "attach"): jobs.attach,
    ("jobs", "logs"): jobs.logs,
    ("jobs", "stop"): jobs.stop,
    ("jobs", "cancel"): jobs.cancel,
    ("predict", ""): predictions.predict,
}
