"""What an endpoint keeps of its requests: counts, bins and a sample of rows, off the request path.

On the path a request costs one append to a list, or two. A thread takes what has gathered,
four times a second and in small bites, so that no request waits long for the interpreter; what is too much for it is left
out, at random, and counted.
"""

from __future__ import annotations

import contextlib
import logging
import random
import threading
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from aiaas_magics import errors
from aiaas_magics.gauges import bins
from aiaas_magics.gauges.binning import Binning
from aiaas_magics.gauges.bins import Bins
from aiaas_magics.gauges.counters import FOLDER, Counters, Heard
from aiaas_magics.gauges.samples import Samples, dtype, key_of
from aiaas_magics.predictors.base import Outcome, Rows
from aiaas_magics.specs.base import JSON, decode
from aiaas_magics.specs.reference import FILE, Reference
from aiaas_magics.specs.schema import Note
from aiaas_magics.specs.serving import Plan, Served

LOG = logging.getLogger("aiaas.serving")
EVERY = 0.25
"""Seconds between two looks into the queue."""
MOST_WAITING = 512
"""Requests in the queue: more than are counted. Of those that come between two looks each has the same chance to be among them
(reservoir sampling; Vitter 1985, algorithm R)."""
MOST_ROWS = 50_000
"""Rows in the queue."""
RATE, BURST = 2_000, 20_000
"""Rows counted a second: plenty for any test, at about 1 % of a core. So many that come at once after a pause are all counted."""
BITE = 256
"""Rows counted at once, a fraction of a millisecond."""
BREATH = 0.0005
"""Seconds between two bites, for requests to be answered in."""
ALIKE = 0.01
"""Two numbers predicted agree if they differ by no more than this part."""
Array = np.ndarray[Any, Any]


class _Answered(NamedTuple):
    """A request whose rows wait to be counted."""

    version: str
    time: float
    rows: Rows
    outcome: Outcome
    key: bytes


_Part = tuple[_Answered, "Array | None"]
"""A request and the places of its rows that are counted; None: all of them."""


def _picked(rows: Array, places: Array | None) -> Array:
    return rows if places is None else rows[places]


def _size(each: _Answered, places: Array | None) -> int:
    return each.rows.n if places is None else len(places)


class _Watched:
    """One version: its bins, its sample of rows."""

    def __init__(
        self,
        folder: Path,
        slot: str,
        model: str,
        reference: Reference,
        *,
        classes: int,
        samples: bool,
    ) -> None:
        self.binning = Binning(reference)
        layout = reference.layout
        self.bins = Bins(folder, slot, model, layout, self.binning.width)
        self.record = dtype(len(reference.series), classes)
        self.samples = Samples(folder, slot, model, layout, self.record) if samples else None

    def take(self, parts: Sequence[_Part]) -> None:
        """Count rows of requests."""
        labels = np.concatenate([_picked(each.outcome.labels, places) for each, places in parts])
        proba = self._proba(parts)
        codes = np.concatenate([self._features(parts), self.binning.answers(labels, proba)], axis=1)
        self.bins.add(self.binning.count(codes))
        if self.samples is not None:
            self.samples.add(self._records(parts, codes, proba))

    def _features(self, parts: Sequence[_Part]) -> Array:
        matrices = [each.rows.matrix for each, _ in parts]
        if not any(matrix is None for matrix in matrices):
            return np.concatenate(
                [
                    _picked(m, places)
                    for m, (_, places) in zip(matrices, parts, strict=True)
                    if m is not None
                ]
            )
        columns: dict[str, list[JSON]] = {each.name: [] for each in self.binning.reference.features}
        for each, places in parts:
            given = each.rows.columns()
            for name, gathered in columns.items():
                own = given[name]
                gathered.extend(own if places is None else [own[i] for i in places])
        return self.binning.features(columns)

    def _proba(self, parts: Sequence[_Part]) -> Array | None:
        """Return the probabilities of the rows; NaN where they were not asked for."""
        width = self.record["proba"].shape[0]
        if all(each.outcome.proba is None for each, _ in parts):
            return None
        found = [
            np.full((_size(each, places), width), np.nan) if each.outcome.proba is None
            else _picked(each.outcome.proba, places)
            for each, places in parts
        ]  # fmt: skip
        return np.concatenate(found)

    def _records(self, parts: Sequence[_Part], codes: Array, proba: Array | None) -> Array:
        found = np.zeros(len(codes), self.record)
        sizes = [_size(each, places) for each, places in parts]
        found["codes"] = codes
        found["proba"] = np.nan if proba is None else proba
        found["time"] = np.repeat([each.time for each, _ in parts], sizes)
        found["key"] = np.repeat(np.array([key_of(each.key) for each, _ in parts], "uint64"), sizes)
        if max(sizes) > 1:
            found["place"] = np.concatenate(
                [np.arange(each.rows.n) if places is None else places for each, places in parts]
            )
        return found

    def keep_no_rows(self) -> None:
        """Count rows, and keep none."""
        if self.samples is not None:
            self.samples.close()
            self.samples = None

    def close(self) -> None:
        self.keep_no_rows()
        self.bins.close()


class Collector:
    """The :class:`aiaas_magics.serving.watch.Watch` of a worker.

    Parameters
    ----------
    folder
        The endpoint's: ``gauges/`` in it holds what is kept.
    slot
        The worker's number.
    """

    def __init__(self, folder: Path, slot: int = 0) -> None:
        self._folder = folder
        self.counters = Counters(folder, slot)
        self._watched: dict[str, _Watched] = {}
        self._heard: list[Heard] = []
        self._queue: list[_Answered] = []
        self._came = 0
        self._pairs: deque[tuple[str, Outcome, Outcome]] = deque()
        self._put = self._took = self._unseen = self._thinned = 0
        self._told = (0, 0)
        self._purse, self._filled = float(BURST), time.monotonic()
        self._rng, self._chance = np.random.default_rng(), random.random
        self._lock = threading.Lock()
        self._going = threading.Event()
        self._thread = threading.Thread(target=self._look_on, name="watch", daemon=True)
        self._thread.start()

    def serve(self, plan: Plan) -> None:
        """Open what the plan's versions are counted in; others are closed."""
        with self._lock:
            known = {each.model: each for each in plan.versions}
            if not plan.samples:
                self._forget_rows()
            bins.forget(self._folder, known)
            for model in [model for model in self._watched if model not in known]:
                self._watched.pop(model).close()
            for model, served in known.items():
                if model not in self._watched and (made := self._open(served, plan)) is not None:
                    self._watched[model] = made

    def _forget_rows(self) -> None:
        """Remove the rows that were kept while that was allowed."""
        for watched in self._watched.values():
            watched.keep_no_rows()
        for path in (self._folder / FOLDER).glob("rows.*"):
            path.unlink(missing_ok=True)

    def _open(self, served: Served, plan: Plan) -> _Watched | None:
        path = Path(served.build) / FILE
        if not served.build or not path.is_file():
            return None
        try:
            reference = decode(path.read_bytes(), Reference)
            return _Watched(
                self._folder, self.counters.slot, served.model, reference,
                classes=len(served.signature.classes), samples=plan.samples,
            )  # fmt: skip
        except (OSError, errors.SpecError) as error:
            LOG.warning("rows of %s are not counted: %s", served.model, error)
            return None

    # on the path -------------------------------------------------------------------------------
    def answered(
        self,
        version: str,
        status: int,
        seconds: float,
        rows: Rows | None = None,
        outcome: Outcome | None = None,
        notes: Sequence[Note] = (),
        key: bytes = b"",
    ) -> None:
        """Count a request, and put its rows into the queue."""
        count = 0 if rows is None else rows.n
        noted = min(count, sum(note.rows for note in notes)) if notes else 0
        self._heard.append((version, status, seconds, count, noted))
        if rows is not None and outcome is not None and version in self._watched:
            self._wait(version, rows, outcome, key)

    def compared(
        self,
        main: str,
        shadow: str,
        rows: Rows,
        ours: Outcome,
        theirs: Outcome | None,
        key: bytes = b"",
    ) -> None:
        """Put two answers to the same rows into the queue."""
        del main
        if theirs is None:
            self.counters.failed(shadow)
            return
        if len(self._pairs) < MOST_WAITING:
            self._pairs.append((shadow, ours, theirs))
        if shadow in self._watched:
            self._wait(shadow, rows, theirs, key)

    def _wait(self, version: str, rows: Rows, outcome: Outcome, key: bytes) -> None:
        if self._put - self._took > MOST_ROWS:
            self._unseen += 1
            return
        self._put += rows.n
        self._came += 1
        queue, left = self._queue, rows.n
        if len(queue) < MOST_WAITING:
            queue.append(_Answered(version, time.time(), rows, outcome, key))
            return
        place = int(self._chance() * self._came)
        if place < MOST_WAITING:
            with contextlib.suppress(IndexError):  # the thread has taken them just now
                left = queue[place].rows.n
                queue[place] = _Answered(version, time.time(), rows, outcome, key)
        self._thinned += left

    # beside the path ---------------------------------------------------------------------------
    def _look_on(self) -> None:
        while not self._going.wait(EVERY):
            try:
                self.look()
            except Exception:
                LOG.exception("the watch could not count")

    def look(self) -> None:
        """Count what waits."""
        with self._lock:
            heard = self._heard[:]
            del self._heard[: len(heard)]  # what is added meanwhile stays
            self.counters.heard(heard)
            self._tell_what_was_left_out()
            for _ in range(len(self._pairs)):
                self._compare(*self._pairs.popleft())
            waiting = self._queue[:]
            del self._queue[: len(waiting)]  # what is added meanwhile stays
            self._came, self._took = len(self._queue), self._put
            by_version: dict[str, list[_Answered]] = {}
            for each in waiting:
                if each.version in self._watched:
                    by_version.setdefault(each.version, []).append(each)
            share = self._share(sum(e.rows.n for mine in by_version.values() for e in mine))
            for version, mine in by_version.items():
                self._take(self._watched[version], mine, share)

    def _tell_what_was_left_out(self) -> None:
        unseen, thinned = self._unseen, self._thinned  # which only grow, and on the path alone
        told, self._told = self._told, (unseen, thinned)
        self.counters.lost(unseen - told[0], thinned - told[1])

    def _share(self, rows: int) -> float:
        """Return which part of the rows that wait is counted: all, if there were pauses enough before."""
        now = time.monotonic()
        self._purse = min(float(BURST), self._purse + RATE * (now - self._filled))
        self._filled = now
        counted = min(rows, int(self._purse))
        self._purse -= counted
        return counted / rows if rows else 1.0

    def _take(self, watched: _Watched, waiting: list[_Answered], share: float) -> None:
        sizes = [each.rows.n for each in waiting]
        total = sum(sizes)
        most = int(share * total + 0.5)
        if most < total:
            chosen = np.sort(self._rng.choice(total, most, replace=False))
            self.counters.lost(rows=total - most)
        else:
            chosen = np.arange(total)
        ends = np.cumsum(sizes)
        owners = np.searchsorted(ends, chosen, side="right")
        for begin in range(0, len(chosen), BITE):
            bite = chosen[begin : begin + BITE]
            owned, first, counts = np.unique(
                owners[begin : begin + BITE], return_index=True, return_counts=True
            )
            parts: list[_Part] = []
            for i, start, count in zip(
                owned.tolist(), first.tolist(), counts.tolist(), strict=True
            ):
                whole = count == sizes[i]
                places = None if whole else bite[start : start + count] - (ends[i] - sizes[i])
                parts.append((waiting[i], places))
            watched.take(parts)
            time.sleep(BREATH)

    def _compare(self, shadow: str, ours: Outcome, theirs: Outcome) -> None:
        rows = len(ours.labels)
        if ours.labels.dtype.kind == "f" and theirs.labels.dtype.kind == "f":
            a, b = ours.labels, theirs.labels
            same = np.isclose(a, b, rtol=ALIKE, atol=0.0)
            apart = np.abs(a - b)
        else:
            same = ours.labels == theirs.labels
            both = ours.proba is not None and theirs.proba is not None
            apart = _gaps(ours.proba, theirs.proba) if both else np.zeros(rows)
        self.counters.compared(shadow, rows, int(np.count_nonzero(same)), float(apart.sum()))

    def close(self) -> None:
        """Count what waits, and let go of the files."""
        self._going.set()
        self._thread.join()
        self.look()
        with self._lock:
            for watched in self._watched.values():
                watched.close()
            self._watched.clear()
        self.counters.close()


def _gaps(ours: Array | None, theirs: Array | None) -> Array:
    """Return by how much the probabilities of each row differ, at most over the classes."""
    if ours is None or theirs is None or ours.shape != theirs.shape:
        return np.zeros(0)
    found: Array = np.abs(ours - theirs).max(axis=1)
    return found
