"""Who watches a search for the user: progress, the best so far, candidates that fail, the wish to stop."""

from __future__ import annotations

import contextlib
import math
import statistics
import threading
import time
from collections.abc import Iterator, Mapping, Sequence

from aiaas_magics.engines.context import Context
from aiaas_magics.engines.sharing.base import Scored
from aiaas_magics.engines.sharing.evaluating import ONE
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.metrics import Metric

LONGER = 1.5
"""How much longer than a fold's fit the last one takes: a fold of 2 has half of its rows, of 5 four fifths."""


class Watch:
    """Hears of every candidate and fold; called by many threads.

    `expected` is how many candidates there will be; where it is not known, progress is told of those begun.
    """

    def __init__(self, folds: int, metric: Metric, context: Context) -> None:
        self._folds, self._metric, self._context = folds, metric, context
        self._lock = threading.Lock()
        self._asked: Sequence[Mapping[str, JSON]] = ()
        self._seen: dict[int, dict[int, Scored]] = {}
        self._told: set[int] = set()
        self._best, self._best_params = -math.inf, ""
        self._before, self._done, self._complete, self._count = 0.0, 0.0, 0, 0
        self.expected = 0
        self.places: Sequence[int] = ()
        """Which of those begun the candidates are that are evaluated now."""
        self.quiet = False
        """Whether trials are not told: they see other rows than the final ones."""
        self.until = math.inf
        """When the last model must be fitted, in ``time.monotonic()``."""
        self.halted = False
        """Whether it was said to a search that it is to end, and keep its best so far."""
        self.stopped = False
        """Whether the user said so."""
        self._kept = 0.0  # seconds for the last model
        self._deaf = False
        self._failures: dict[tuple[str, str], list[str]] = {}

    def begin(self, asked: Sequence[Mapping[str, JSON]], folds: int) -> None:
        """Begin to hear of candidates, numbered from 0."""
        self._asked, self._folds, self._seen = asked, folds, {}
        self.places, self._count = range(len(asked)), 0
        self.expected = max(self.expected, self._complete + len(asked))

    def end(self, whole: Sequence[tuple[Mapping[str, JSON], Sequence[Scored | None]]]) -> None:
        """Count those heard of as done, and tell those that have all folds and were not told yet."""
        with self._lock:
            for asked, row in whole:
                self._whole(asked, [each for each in row if each is not None])
            self._before += len(self._asked)
            self._complete = int(self._before)
            self._done = 0.0
            self._told.clear()
            self._tell()

    def progress(self, done: float, text: str = "") -> None:
        """Hear how many candidates times folds are done, counting those half done."""
        del text
        with self._lock:
            self._done = max(self._done, done)
            self._tell()

    def stopping(self) -> bool:
        """Tell whether the best so far is wanted, or the time is over."""
        if self._deaf:
            return False
        self.stopped = self.stopped or self._context.stopping()
        self.halted = self.halted or self.stopped or time.monotonic() + self._kept > self.until
        return self.halted

    @contextlib.contextmanager
    def deaf(self) -> Iterator[None]:
        """Hear no wish to stop within: something must be known before a search can end."""
        self._deaf = True
        try:
            yield
        finally:
            self._deaf = False

    def scored(self, candidate: int, fold: int, found: Scored) -> None:
        """Hear what became of a candidate in a fold; one that has all folds is told."""
        with self._lock:
            place = self.places[candidate]
            folds = self._seen.setdefault(place, {})
            self._count += fold not in folds
            folds[fold] = found
            self._done = max(self._done, self._count)
            if len(folds) == self._folds:
                self._whole(self._asked[place], [folds[n] for n in sorted(folds)])
            self._tell()

    def _whole(self, asked: Mapping[str, JSON], folds: Sequence[Scored]) -> None:
        if id(asked) in self._told:
            return
        self._told.add(id(asked))
        self._complete += 1
        if not self.quiet:
            self._trial(asked, folds)

    def _trial(self, asked: Mapping[str, JSON], folds: Sequence[Scored]) -> None:
        params = dict(asked)
        failures = [each.failure for each in folds if each.failure]
        if failures:
            self._failed(params, "fitted", last_line(failures[0]))
            return
        scores = [each.test[ONE] for each in folds]
        mean = statistics.fmean(scores)
        if not math.isfinite(mean):
            self._failed(params, "scored", f"{self._metric.name} is undefined on a fold")
            return
        if mean > self._best:
            self._best, self._best_params = mean, _words(params, short=True)
            self._kept = LONGER * statistics.fmean(each.fit_seconds for each in folds)
        self._context.trial(params, self._metric.natural(mean), statistics.pstdev(scores))

    def _failed(self, params: Mapping[str, JSON], verb: str, said: str) -> None:
        """Warn of the first candidate that fails for a reason; the others are counted."""
        if (verb, said) not in self._failures:
            self._context.warn(f"{_words(params)} could not be {verb}: {said}")
        self._failures.setdefault((verb, said), []).append(_words(params))

    def told(self) -> None:
        """Tell at the end how many more candidates failed."""
        for (verb, said), words in self._failures.items():
            more = len(words) - 1
            if more:
                several = f"{words[1]} and {more - 1:,} more" if more > 1 else words[1]
                self._context.warn(f"{several} could not be {verb} either: {said}")

    def _tell(self) -> None:
        text = f"{self._complete} of {self.expected} candidates"
        if math.isfinite(self._best):
            best = self._metric.natural(self._best)
            text += f", best {self._metric.name} {best:.4g} with {self._best_params}"
        done = self._before + self._done / max(self._folds, 1)
        self._context.progress(min(done, self.expected), self.expected + 1, text)


def last_line(said: str) -> str:
    """Return what an estimator said, at the end of a traceback."""
    lines = [line for line in said.strip().splitlines() if line.strip()]
    return lines[-1] if lines else "it did not say why"


def _words(params: Mapping[str, JSON], *, short: bool = False) -> str:
    told = {n: f"{v:.4g}" if short and isinstance(v, float) else repr(v) for n, v in params.items()}
    return ", ".join(f"{name}={value}" for name, value in told.items()) or "the defaults"
