"""GET /metrics: what all workers counted, as Prometheus scrapes it (text format 0.0.4).

The worker that is asked answers for all of them. Names and units follow https://prometheus.io/docs/practices/naming: seconds,
counters end in ``_total``. A share of requests is told as a ratio. No row and no value of one is in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from aiaas_magics.gauges.cells import Tally
from aiaas_magics.gauges.counters import NONE, Counts, merged
from aiaas_magics.predictors.base import Outcome
from aiaas_magics.serving.problems import Problem
from aiaas_magics.serving.protocols.base import Ask, Loaded, Reply, Request, Route, State
from aiaas_magics.specs.serving import Plan

TEXT = b"text/plain; version=0.0.4; charset=utf-8"
Labels = Mapping[str, str]


class Metrics:
    """The counters as a part of the application.

    Parameters
    ----------
    folder
        The endpoint's, in which its workers count.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.routes: Sequence[Route] = (Route("GET", "/metrics", self._tell),)

    def version(self, request: Request, state: State) -> str | None:  # noqa: ARG002 - no version is asked
        """Any version will do."""
        return None

    def read(self, request: Request, version: Loaded, mode: str) -> Ask:  # noqa: ARG002
        """Refuse: nothing here asks a model."""
        return _nothing()

    def write(self, ask: Ask, outcome: Outcome, version: Loaded) -> Reply:  # noqa: ARG002
        """Refuse: nothing here asks a model."""
        return _nothing()

    def refuse(self, problem: Problem) -> Reply:
        """Return a refusal as a line that no scraper takes for a metric."""
        text = f"# {problem.what}: {problem.hint}\n".encode()
        return Reply(problem.status, text, b"text/plain; charset=utf-8", problem.headers)

    def _tell(self, request: Request, state: State) -> Reply:  # noqa: ARG002 - as every route
        return Reply(200, text(state.plan, merged(self._folder)).encode(), TEXT)


def _nothing() -> NoReturn:
    raise Problem(404, "no model is asked here", "ask POST /predict")


def text(plan: Plan, counts: Counts) -> str:
    """Return the metrics of an endpoint."""
    told = {name: tally for name, tally in counts.versions.items() if name != NONE}
    every = {**{each.model: counts.of(each.model) for each in plan.versions}, **told}
    labels = {n: {"endpoint": plan.endpoint, "model": n} for n in every}
    lines = [*_served(plan), *_requests(counts, plan.endpoint), *_latency(every, labels)]
    for name, what, of in COUNTERS:
        lines += _header(name, "counter", what)
        lines += [_line(name, labels[n], of(tally)) for n, tally in every.items()]
    here = {"endpoint": plan.endpoint}
    lines += _header("aiaas_unwatched_requests_total", "counter", UNWATCHED)
    lines.append(_line("aiaas_unwatched_requests_total", here, counts.lost))
    return "\n".join(lines) + "\n"


UNWATCHED = "Requests that drift and samples do not know of, because there were too many at once."
COUNTERS: tuple[tuple[str, str, Callable[[Tally], int]], ...] = (
    ("aiaas_rows_total", "Rows predicted.", lambda tally: tally.rows),
    ("aiaas_odd_rows_total", "Rows unlike those the model learned from.", lambda tally: tally.noted),
    ("aiaas_shadow_rows_total", "Rows a shadow was asked about as well.", lambda tally: tally.compared),
    ("aiaas_shadow_agreeing_rows_total", "Rows to which a shadow gave the same label.", lambda tally: tally.agreeing),
    ("aiaas_shadow_failures_total", "Requests to which a shadow had no answer.", lambda tally: tally.failed),
)  # fmt: skip
"""Name, help and value of what is counted a version."""


def _served(plan: Plan) -> Iterator[str]:
    yield from _header(
        "aiaas_served_ratio", "gauge", "Share of the requests a version is to answer."
    )
    canaries = sum(each.percent for each in plan.versions if each.role == "canary")
    shares = {"main": 100.0 - canaries, "shadow": 0.0}
    for each in plan.versions:
        told = {
            "endpoint": plan.endpoint,
            "model": each.model,
            "role": each.role,
            "tier": each.tier,
        }
        yield _line("aiaas_served_ratio", told, shares.get(each.role, each.percent) / 100)


def _requests(counts: Counts, endpoint: str) -> Iterator[str]:
    yield from _header(
        "aiaas_requests_total", "counter", "Requests by status code; 0: another one."
    )
    for model, tally in counts.versions.items():
        for code, count in tally.codes.items():
            told = {
                "endpoint": endpoint,
                "model": "" if model == NONE else model,
                "code": str(code),
            }
            yield _line("aiaas_requests_total", told, count)


def _latency(tallies: Mapping[str, Tally], labels: Mapping[str, Labels]) -> Iterator[str]:
    name = "aiaas_request_seconds"
    yield from _header(name, "histogram", "From a request's first byte to its answer.")
    for model, tally in tallies.items():
        for edge, reached in tally.buckets():
            yield _line(f"{name}_bucket", {**labels[model], "le": f"{edge:.6g}"}, reached)
        yield _line(f"{name}_bucket", {**labels[model], "le": "+Inf"}, tally.requests)
        yield _line(f"{name}_sum", labels[model], tally.seconds)
        yield _line(f"{name}_count", labels[model], tally.requests)


def _header(name: str, kind: str, what: str) -> tuple[str, str]:
    return f"# HELP {name} {what}", f"# TYPE {name} {kind}"


def _line(name: str, labels: Labels, value: float) -> str:
    told = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
    return f"{name}{{{told}}} {value}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
