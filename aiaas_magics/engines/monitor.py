"""Monitor: look at what an endpoint has answered, once or again and again."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np

from aiaas_magics import errors
from aiaas_magics.cards import monitoring, style
from aiaas_magics.engines import data, pictures
from aiaas_magics.engines.monitoring import alerts, drawn, drift, joining
from aiaas_magics.engines.monitoring.drift import Drift
from aiaas_magics.engines.monitoring.looking import Array, Look, Seen, recounted
from aiaas_magics.gauges import counters
from aiaas_magics.specs.monitor import (
    Alert,
    Drifted,
    MonitorResult,
    MonitorSpec,
    Performance,
    spoken,
    window_of,
)
from aiaas_magics.specs.results import Chart

if TYPE_CHECKING:
    import pandas as pd

    from aiaas_magics.engines.context import Context, Watched

LAG = 0.6
"""Seconds after which an endpoint has counted the rows it has answered: it looks four times a second."""
STEP = 0.2
"""Seconds between two looks whether the job is to stop."""


class Compared(NamedTuple):
    """A version's rows beside what they were compared with."""

    drifts: list[Drift]
    rows: int
    reference: str


class Looked(NamedTuple):
    """A look, and its charts, which are drawn of the last one only."""

    result: MonitorResult
    charts: list[Chart]
    failed: str = ""
    """Why the looks after it failed."""


def run(spec: MonitorSpec, context: Context) -> MonitorResult:
    """Look at an endpoint; with ``every`` again and again until it is stopped, and answer the last look.

    Raises
    ------
    NotFound
        If there is no such endpoint, or it never served a version that is named.
    DataError
        If labels cannot be joined with rows.
    """
    labels = None if spec.labels is None else data.load(spec.labels, context).frame
    context.progress(0, 1, f"looking at {spec.endpoint}")
    found, count = _looked(spec, labels, context), 1
    while spec.every:
        context.progress(0, 1, f"look {count}: {_news(found.result)}; until it is stopped")
        if not _waited(spec.every, context):
            break
        found, count = _again(spec, labels, context, found), count + 1
    if found.failed:  # of those before it a later look tells more
        context.warn(f"the last look failed: {found.failed}", "this is the one before it")
    return msgspec.structs.replace(found.result, charts=pictures.render(found.charts, context))


def _again(
    spec: MonitorSpec, labels: pd.DataFrame | None, context: Context, last: Looked
) -> Looked:
    """Look once more; what cannot be looked at now is told, and may be at the next look."""
    try:
        return _looked(spec, labels, context)
    except errors.AiaasError as error:
        if error.what != last.failed:
            context.log(f"a look failed: {error.what}")
        return last._replace(failed=error.what)


def _news(result: MonitorResult) -> str:
    told = monitoring.listed([alert.name for alert in result.alerts])
    return monitoring.line(result).partition(": ")[2] + (f": {told}" if told else "")


def _waited(seconds: float, context: Context) -> bool:
    """Wait; False if the job is to stop."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if context.stopping():
            return False
        time.sleep(min(STEP, seconds))
    return not context.stopping()


def _looked(spec: MonitorSpec, labels: pd.DataFrame | None, context: Context) -> Looked:
    watched = context.watched(spec.endpoint)
    if watched.info.state == "READY":
        time.sleep(LAG)
    look = Look(watched, window_of(spec.window))
    seen = _seen(spec.version, look)
    compared = _compared(spec, look, seen)
    versions, told = look.figures(), tuple(map(_told, compared.drifts, _whats(seen)))
    performance, labelled, doubts = _performance(spec, labels, look)
    everything = counters.merged(look.folder)
    deaths = everything.deaths if everything.died >= look.since else 0
    case = alerts.Case(spec, versions, told, performance, watched.info.state, deaths)
    found, over = _raised(alerts.of(case), case, watched, context)
    chosen = look.main if seen is None else seen.model
    result = MonitorResult(
        endpoint=spec.endpoint, model=chosen, target=watched.info.target, window=spoken(spec.window), since=look.since,
        until=look.now, versions=versions, drift=told, rows=compared.rows, reference=compared.reference,
        performance=performance, labelled=labelled, alerts=found, over=over,
        state=watched.info.state, ever=sum(t.requests for m, t in everything.versions.items() if m != counters.NONE),
        turned_away=look.counts.of(counters.NONE).requests, lost=everything.lost, thinned=everything.thinned,
        warnings=(*_warnings(spec, look, compared), *alerts.unsure(case), *doubts),
        kept={m: len(each.kept()[0]) for m, each in look.seen.items()},
    )  # fmt: skip
    return Looked(result, list(drawn.of(look, compared.drifts, chosen)))


def _seen(version: str | None, look: Look) -> Seen | None:
    """Return the version that is looked at closely; None where nothing is kept of any.

    Raises
    ------
    NotFound
        If the endpoint does not serve it.
    """
    wanted = version or look.main
    if wanted in look.seen:
        return look.seen[wanted]
    named = [each for m, each in look.seen.items() if wanted in m.split("@")]
    found = named[0] if len(named) == 1 else None
    if found is None and version is not None:
        hint = f"it serves {', '.join(each.model for each in named)}" if named else ""
        raise errors.NotFound(
            f"{look.watched.info.name} does not serve {version}",
            hint or errors.did_you_mean(version, look.seen),
            f"%aiaas_endpoints show {look.watched.info.name}",
        )
    return found


# drift --------------------------------------------------------------------------------------------
def _compared(spec: MonitorSpec, look: Look, seen: Seen | None) -> Compared:
    """Compare the version's rows with its reference, or with those of another version."""
    counted = None if seen is None else seen.counted(look.window, look.now)
    if seen is None or seen.binning is None or seen.reference is None or counted is None:
        return Compared([], 0, "")
    if spec.against is None:
        drifts = drift.compare(seen.binning, counted.counts)
        return Compared(
            drifts, counted.rows, f"{seen.reference.rows:,} rows {seen.model} was made of"
        )
    other = _seen(spec.against, look)
    theirs = None if other is None else other.counted(look.window, look.now)
    if other is None or other.binning is None or theirs is None:
        raise errors.DataError(
            f"nothing is kept of the rows of {spec.against}", "", f"%aiaas_monitor {spec.endpoint}"
        )
    known = (theirs.counts, theirs.rows) if other is seen else _recounted(seen, other, look)
    drifts = drift.compared(seen.binning, counted.counts, known[0])
    return Compared(drifts, counted.rows, f"{known[1]:,} rows that {other.model} answered")


def _recounted(seen: Seen, other: Seen, look: Look) -> tuple[Array, int]:
    """Return the rows of the window that are kept of another version in this one's cells, and how many they are.

    Raises
    ------
    DataError
        If its columns are others, or its rows are not kept.
    """
    last = look.window.rows
    held = other.kept(look.since)[0] if last is None else other.kept()[0][-last:]
    if not len(held):
        raise errors.DataError(
            f"no row of {other.model} is kept",
            "it has answered none in the window, or was deployed with --no-samples",
            f"%aiaas_monitor {look.watched.info.name}",
        )
    counted = recounted(held["codes"], other, seen)
    if counted is None:
        raise errors.DataError(
            f"{seen.model} and {other.model} cannot be compared",
            "they do not take the same columns, or do not answer the same question",
            f"%aiaas_monitor {look.watched.info.name}",
        )
    return counted, len(held)


def _whats(seen: Seen | None) -> Sequence[str]:
    if seen is None or seen.reference is None:
        return ()
    answers = [each.name for each in seen.reference.answers]
    return [*(["feature"] * len(seen.reference.features)), *answers]


def _told(each: Drift, what: str) -> Drifted:
    return Drifted(
        name=each.series.name, what=what, kind=each.series.kind, rows=each.rows, effect=each.effect, p=each.p,
        drifted=each.drifted, text=_text(each), missing=each.missing, missing_before=each.missing_before,
        gaps=each.gaps, odd=each.odd,
    )  # fmt: skip


def _text(each: Drift) -> str:
    """Return in words what has changed."""
    if each.p is None:
        return ""
    if each.series.kind == "text":
        return f"{100 * (each.effect or 0):.0f} % of the rows hold other texts"
    if each.series.kind == "category":
        found = drift.moved_most(each.series, each.before, each.counts)
        if found is None:
            return ""
        name, *shares = found
        shown = "unknown values" if name is None else repr(style.one_line(name, 30))
        return "{} {:.3g} % before, {:.3g} % now".format(shown, *(100 * s for s in shares))
    medians = [_quantile(each, counts, 0.5) for counts in (each.before, each.counts)]
    if each.drifted and medians[0] == medians[1]:
        halves = [[_quantile(each, c, q) for q in (0.25, 0.75)] for c in (each.before, each.counts)]
        return "half of the rows in {} to {} before, in {} to {} now".format(*halves[0], *halves[1])
    return "median {} before, {} now".format(*medians)


def _quantile(each: Drift, counts: Array, share: float) -> str:
    return _value(each, drift.quantile(each.series, counts, share))


def _value(each: Drift, value: float | None) -> str:
    if value is not None and each.series.kind == "date":
        return str(np.datetime64(int(value), "s"))[:10]
    return style.number(value)


# labels and alerts --------------------------------------------------------------------------------
def _performance(
    spec: MonitorSpec, labels: pd.DataFrame | None, look: Look
) -> tuple[tuple[Performance, ...], str, list[str]]:
    """Return how right each version was, how many labels found their rows, and what is doubtful about it."""
    if labels is None:
        return (), "", []
    target = look.watched.info.target
    parts, order = joining.joined(labels, target, spec.key, look)
    found = tuple(joining.performance(part) for part in parts)
    joined = len({i for part in parts for i in part.truth.index})
    told = f"{joined:,} of {labels[target].notna().sum():,} labels found their rows"
    return found, told, [order] if order else []


def _raised(
    found: Sequence[Alert], case: alerts.Case, watched: Watched, context: Context
) -> tuple[tuple[Alert, ...], tuple[str, ...]]:
    """Tell which alerts have begun and which are over; return them, and the names of those."""
    spec = case.spec
    if spec.against or spec.version:  # another question: what it finds is no alert
        return (), ()
    told = tuple(
        msgspec.structs.replace(alert, new=alert.name not in watched.alerts) for alert in found
    )
    for alert in told:
        if alert.new:
            context.alert(spec.endpoint, alert.name, alert.text, on=True)
            context.log(f"alert: {alert.text}")
    lasting = {alert.name for alert in told}
    over = tuple(n for n in watched.alerts if n not in lasting and alerts.looked(n, case))
    for name in over:
        context.alert(spec.endpoint, name, "", on=False)
        context.log(f"over: {name}")
    return told, over


def _warnings(spec: MonitorSpec, look: Look, compared: Compared) -> list[str]:
    found = []
    seen = look.seen.get(spec.version or look.main)
    if seen is not None and seen.reference is None:
        found.append(f"nothing is known of the rows {seen.model} was made of: drift cannot be told")
    if compared.drifts and 0 < compared.rows < drift.FEWEST:
        found.append(
            f"{style.plural(compared.rows, 'row')}: too few to tell drift ({drift.FEWEST} are needed)"
        )
    if (
        spec.against is None
        and seen is not None
        and seen.reference is not None
        and not seen.reference.basis
    ):
        found.append(
            "no rows were held out: what the model answers to new ones is not known, so drift of its answers is not told"
        )
    return found
