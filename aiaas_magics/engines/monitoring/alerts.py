"""What somebody should know of an endpoint.

Adding an alert: a function from a :class:`Case` that yields alerts, in `RULES`. Its name must be the same as long as it lasts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from aiaas_magics.cards import style
from aiaas_magics.specs.metrics import METRICS
from aiaas_magics.specs.monitor import (
    FEWEST_REQUESTS,
    Alert,
    Drifted,
    MonitorSpec,
    Performance,
    VersionFigures,
)

FEWEST_FAILED = 2
"""Requests that failed, of fewer than `FEWEST_REQUESTS`: one is an accident."""
FEWEST_LABELS = 30
"""Labelled rows, below which a score's interval is narrower than what is known."""
ODD = 0.05
"""Of the rows: values out of range or unknown. The schema's margin lets next to none of the model's own rows be."""
FEWEST_ODD = 5
DOWN = {"LOST": "its processes are gone", "FAILED": "it did not start"}
"""States nobody wished for; one that was stopped is no alert."""


class Case(NamedTuple):
    """What was found in a look."""

    spec: MonitorSpec
    versions: Sequence[VersionFigures]
    drift: Sequence[Drifted]
    performance: Sequence[Performance]
    state: str = "READY"
    """Of the endpoint."""
    deaths: int = 0
    """Workers that ended by accident since the endpoint first ran, if the last of them did in the window."""


def of(case: Case) -> list[Alert]:
    """Return the alerts of a look, in the order of `RULES`."""
    return [alert for rule in RULES for alert in rule(case)]


def _down(case: Case) -> Iterator[Alert]:
    if case.state in DOWN:
        yield Alert(name="down", text=f"{case.spec.endpoint} does not answer: {DOWN[case.state]}")


def _died(case: Case) -> Iterator[Alert]:
    if case.deaths:
        many = "a worker" if case.deaths == 1 else f"workers ({case.deaths:,} since it first ran)"
        text = f"{many} ended by accident: requests in flight were lost and are counted nowhere"
        yield Alert(name="died", text=text)


def _errors(case: Case) -> Iterator[Alert]:
    for each in case.versions:
        enough = each.requests >= FEWEST_REQUESTS or each.errors >= FEWEST_FAILED
        if enough and each.errors > case.spec.failing * each.requests:
            share = 100 * each.errors / each.requests
            text = f"{each.model}: {each.errors:,} of {each.requests:,} requests failed ({share:.3g} %)"
            yield Alert(name=f"errors:{each.model}", text=text)


def _slow(case: Case) -> Iterator[Alert]:
    for each in case.versions:
        enough = each.requests >= FEWEST_REQUESTS
        if enough and each.p99 is not None and each.p99 > case.spec.slow:
            text = f"{each.model}: one request in a hundred takes longer than {style.duration(each.p99)}"
            yield Alert(name=f"slow:{each.model}", text=text)


def _drift(case: Case) -> Iterator[Alert]:
    for each in case.drift:
        if each.drifted:
            known = each.kind == "category" or not _is_odd(each)  # its text tells of unknown ones
            text = (
                f"{_called(each)} has drifted: {each.text}{'' if known else f'; {_odd_ones(each)}'}"
            )
            yield Alert(name=f"drift:{_about(each)}", text=text)


def _gaps(case: Case) -> Iterator[Alert]:
    for each in case.drift:
        if each.gaps:
            was, now = (f"{100 * s:.3g} %" for s in (each.missing_before, each.missing))
            text = f"{_called(each)}: {now} of the values are missing, {was} were before"
            yield Alert(name=f"gaps:{_about(each)}", text=text)


def _odd(case: Case) -> Iterator[Alert]:
    """Yield columns with odd values; what has drifted is told by that alert already."""
    for each in case.drift:
        if _is_odd(each) and not each.drifted:
            yield Alert(name=f"odd:{_about(each)}", text=f"{_called(each)}: {_odd_ones(each)}")


def _is_odd(each: Drifted) -> bool:
    return each.odd >= FEWEST_ODD and each.odd > ODD * each.rows


def _odd_ones(each: Drifted) -> str:
    return f"{each.odd:,} of {each.rows:,} values are out of range or unknown"


def _performance(case: Case) -> Iterator[Alert]:
    """Yield versions whose first metric is worse than before deployment, its whole interval."""
    better = {metric.name: metric.greater_is_better for metric in METRICS}
    for each in case.performance:
        score = next((s for s in each.scores if s.baseline is not None), None)
        if score is None or score.baseline is None or score.low is None or score.high is None:
            continue
        if each.rows < FEWEST_LABELS:
            continue
        worse = score.high < score.baseline if better[score.metric] else score.low > score.baseline
        if worse:
            now, was = style.measure(score.value), style.measure(score.baseline)
            text = f"{each.model}: {score.metric} is {now} on {each.rows:,} labelled rows, {was} before deployment"
            yield Alert(name=f"performance:{each.model}", text=text)


def unsure(case: Case) -> Iterator[str]:
    """Yield what would be an alert if more had been seen."""
    for each in case.versions:
        if not 0 < each.requests < FEWEST_REQUESTS:
            continue
        found = [f"{each.errors:,} failed"] if 0 < each.errors < FEWEST_FAILED else []
        found += (
            [f"the slowest took {style.duration(each.p99)}"]
            if (each.p99 or 0.0) > case.spec.slow
            else []
        )
        if found:
            few = style.plural(each.requests, "request")
            yield f"{each.model}: {', '.join(found)}; {few}: too few for an alert ({FEWEST_REQUESTS} are needed)"
    for part in case.performance:
        if part.rows < FEWEST_LABELS:
            few = style.plural(part.rows, "labelled row")
            yield f"{part.model}: {few}: too few to tell how right it is ({FEWEST_LABELS} are needed)"


def _about(each: Drifted) -> str:
    """Return what an alert of a column, or of the answers, is named after."""
    return each.name if each.what == "feature" else f"its {each.what}"


def _called(each: Drifted) -> str:
    return f"column {each.name!r}" if each.what == "feature" else f"the {each.what}"


RULES: tuple[Callable[[Case], Iterator[Alert]], ...] = (
    _down, _died, _errors, _slow, _performance, _drift, _gaps, _odd,
)  # fmt: skip


def looked(name: str, case: Case) -> bool:
    """Tell whether a look could have raised an alert of that name: only then is its absence the end of it.

    Of a version that is served no more, and of a column that is no more, there is nothing left to be told.
    """
    rule, _, about = name.partition(":")
    if rule in ("down", "died"):
        return True
    if rule in ("drift", "gaps", "odd"):
        known = {_about(each): each for each in case.drift}
        if rule == "odd" and about in known and known[about].drifted:
            return not _is_odd(known[about])
        return bool(known) and (about not in known or known[about].p is not None)
    if about not in {each.model for each in case.versions if each.role != "past"}:
        return True
    if rule == "performance":
        return any(p.model == about and p.rows >= FEWEST_LABELS for p in case.performance)
    return any(each.model == about and each.requests >= FEWEST_REQUESTS for each in case.versions)
