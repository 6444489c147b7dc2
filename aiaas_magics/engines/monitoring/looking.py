"""One look at an endpoint: what its workers counted in a window, put together by version."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from aiaas_magics.engines.context import Watched
from aiaas_magics.gauges import bins, counters, samples
from aiaas_magics.gauges.binning import Binning
from aiaas_magics.gauges.cells import Tally
from aiaas_magics.gauges.rings import Span
from aiaas_magics.specs.base import decode
from aiaas_magics.specs.monitor import VersionFigures, Window
from aiaas_magics.specs.reference import FILE, Reference, Series
from aiaas_magics.specs.serving import Plan, Served

Array = np.ndarray[Any, Any]


class Counted(NamedTuple):
    """Rows of a version in a window, by cell; and from when on."""

    counts: Array
    rows: int
    since: float


class Seen:
    """A version that was served, and what is kept of its rows; without a reference nothing is."""

    def __init__(self, folder: Path, served: Served) -> None:
        self.folder, self.served, self.model = folder, served, served.model
        path = folder / served.build / FILE
        there = bool(served.build) and path.is_file()
        self.reference = decode(path.read_bytes(), Reference) if there else None

    @cached_property
    def binning(self) -> Binning | None:
        """Its cells."""
        return None if self.reference is None else Binning(self.reference)

    def kept(self, since: float = 0.0) -> tuple[Array, bool]:
        """Return the rows that are kept since a moment, oldest first, and whether older ones have made room for some."""
        known = self.reference
        if known is None:
            return np.zeros(0, samples.dtype(0, 0)), False
        record = samples.dtype(len(known.series), len(self.served.signature.classes))
        return samples.read(self.folder, self.model, known.layout, record, since)

    def history(self, since: float, now: float) -> dict[Span, Array]:
        """Return its counts by minute, and beyond two hours by hour."""
        known = self.reference
        if known is None:
            return {}
        return bins.history(self.folder, self.model, known.layout, known.width, since, now)

    def counted(self, window: Window, now: float) -> Counted | None:
        """Return its rows of a window, by cell; None without a reference."""
        if self.binning is None:
            return None
        if window.rows is not None:
            return self._last(window.rows, now, self.binning)
        since = now - (window.seconds or 0.0)
        return self._sum(self.history(since, now).items(), since, self.binning)

    def _last(self, rows: int, now: float, binning: Binning) -> Counted:
        """Return the last so many rows that are kept; where fewer are, whole minutes that hold as many."""
        held, _ = self.kept()
        if len(held) >= rows:
            last = held[-rows:]
            return Counted(binning.count(last["codes"]), rows, float(last["time"][0]))
        taken: list[tuple[Span, Array]] = []
        total = 0
        for span, counts in reversed(self.history(0.0, now).items()):
            taken.append((span, counts))
            total += _rows(counts, binning)
            if total >= rows:
                break
        return self._sum(taken, float(taken[-1][0].begin) if taken else now, binning)

    def _sum(self, parts: Any, since: float, binning: Binning) -> Counted:
        counts = np.zeros(binning.width, dtype="int64")
        for _, each in parts:
            counts += each
        return Counted(counts, _rows(counts, binning), since)


def _rows(counts: Array, binning: Binning) -> int:
    """Return how many rows were counted: each has a label, or one that is no known one."""
    cells, extras = binning.part(counts, len(binning.reference.features))
    return int(cells.sum()) + extras["missing"]


def recounted(codes: Array, theirs: Seen, ours: Seen) -> Array | None:
    """Return a version's coded rows counted in the cells of another; None where they have not the same columns."""
    if theirs.reference is None or ours.reference is None or ours.binning is None:
        return None
    places = {(s.name, s.kind): i for i, s in enumerate(theirs.reference.series)}
    wanted = [(s.name, s.kind) for s in ours.reference.series]
    if set(wanted) != set(places):
        return None
    known = [theirs.reference.series[places[key]] for key in wanted]
    moved = [
        _recoded(codes[:, places[key]], old, new)
        for key, old, new in zip(wanted, known, ours.reference.series, strict=True)
    ]
    return ours.binning.count(np.column_stack(moved))


def _recoded(codes: Array, old: Series, new: Series) -> Array:
    """Return the codes of a category as the places of its values in another list; other codes as they are."""
    if old.kind != "category" or old.values == new.values:
        return codes
    places = {value: float(i) for i, value in enumerate(new.values)}
    other = float(len(new.values))
    table = np.array([*(places.get(value, other) for value in old.values), other])
    gaps = np.isnan(codes)
    return np.where(gaps, np.nan, table[np.where(gaps, 0, codes).astype("int64")])


class Look:
    """An endpoint at a moment: its versions with what they counted in a window."""

    def __init__(self, watched: Watched, window: Window, now: float | None = None) -> None:
        self.watched, self.window, self.now = watched, window, now or time.time()
        self.folder = watched.folder
        self.seen = {each.model: Seen(self.folder, each) for each in _served(watched.plan)}

    @property
    def main(self) -> str:
        """The main version."""
        plan = self.watched.plan
        return self.watched.info.model if plan is None else plan.main.model

    @cached_property
    def since(self) -> float:
        """When the window began: of a window of rows, when the first of the main version's came."""
        if self.window.seconds is not None:
            return self.now - self.window.seconds
        found = (
            self.seen[self.main].counted(self.window, self.now) if self.main in self.seen else None
        )
        return self.now - 3600.0 if found is None else found.since

    @cached_property
    def counts(self) -> counters.Counts:
        """What was counted of requests in the window."""
        return counters.merged(self.folder, self.since, self.now)

    @cached_property
    def history(self) -> dict[str, dict[Span, Tally]]:
        """The same by minute, and beyond two hours by hour."""
        return counters.history(self.folder, self.since, self.now)

    def unseen(self, since: float) -> list[str]:
        """Return the versions that answered rows since a moment and of which nothing is kept, or is served no more."""
        known = {m for m, each in self.seen.items() if each.reference is not None}
        found = counters.merged(self.folder, since, self.now).versions
        return [m for m, t in found.items() if t.rows and m not in known and m != counters.NONE]

    def complete(self, since: float) -> bool:
        """Tell whether every row is kept that was answered since a moment, or earlier in its minute (long ago: its hour)."""
        ever = counters.merged(self.folder)
        answering = [each for each in self.seen.values() if each.served.role != "shadow"]
        if not (ever.lost or ever.thinned or any(each.kept()[1] for each in answering)):
            return True
        spans = counters.history(self.folder, since, self.now)
        for each in answering:
            mine = spans.get(each.model, {})
            begin = min((span.begin for span in mine), default=self.now)
            if len(each.kept(begin)[0]) < sum(tally.rows for tally in mine.values()):
                return False
        return True

    def figures(self) -> tuple[VersionFigures, ...]:
        """Return the figures of each version: those that are served, then those that were."""
        plan = {} if self.watched.plan is None else {v.model: v for v in self.watched.plan.versions}
        past = [m for m in self.counts.versions if m not in plan and m != counters.NONE]
        return tuple(self._figures(model, plan.get(model)) for model in (*plan, *sorted(past)))

    def _figures(self, model: str, served: Served | None) -> VersionFigures:
        tally = self.counts.of(model)
        return VersionFigures(
            model=model, role="past" if served is None else served.role,
            percent=_percent(served, self.watched.plan), tier="" if served is None else served.tier,
            requests=tally.requests, rows=tally.rows, rate=tally.requests / self._seconds(model),
            p50=tally.quantile(0.5), p99=tally.quantile(0.99), refused=tally.refused, errors=tally.errors,
            noted=tally.noted, compared=tally.compared, agreeing=tally.agreeing, apart=tally.apart, failed=tally.failed,
        )  # fmt: skip

    def _seconds(self, model: str) -> float:
        """Return over how long a version answered in the window: from its first minute on."""
        begins = [span.begin for span in self.history.get(model, {})]
        return max(1.0, self.now - max(self.since, min(begins, default=self.since)))


def _served(plan: Plan | None) -> Iterator[Served]:
    yield from () if plan is None else plan.versions


def _percent(served: Served | None, plan: Plan | None) -> float:
    """Return a version's share of the requests: what canaries leave is the main version's."""
    if served is None or plan is None or served.role == "shadow":
        return 0.0
    if served.role == "canary":
        return served.percent
    return 100.0 - sum(each.percent for each in plan.versions if each.role == "canary")
