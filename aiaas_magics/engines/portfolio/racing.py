"""The race: proposals are carried out side by side, watched, and ended when time or patience ends."""

from __future__ import annotations

import time
from collections.abc import Callable
from multiprocessing.connection import wait

from aiaas_magics.engines.context import Context
from aiaas_magics.engines.models import artefacts
from aiaas_magics.engines.portfolio import fits
from aiaas_magics.engines.portfolio.base import Outcome, Problem, Proposal, Searcher, best_of
from aiaas_magics.engines.portfolio.budget import Clock
from aiaas_magics.engines.portfolio.rows import Level

BATCH = 8
"""Where trials are counted, the searcher sees outcomes in batches of so many: the same ones on any number of cores."""
TICK = 0.05
"""Seconds between two looks at the clock and at the user's wish to stop."""
MOMENT = 0.5
"""Seconds that a search goes on for its first score when the user stops it before there is one."""
PATIENCE = 0.3
"""Seconds a candidate may go on after its time when it might be between two folds."""

Finished = Callable[[Outcome], None]


class Race:
    """Carries a search out; ``seen`` are the outcomes in the order of their numbers.

    Parameters
    ----------
    bench
        What all candidates have in common.
    levels
        The rows of a level, by its number; made when first used.
    clock
        The time; None where trials are counted.
    finished
        Called with every outcome as it comes.
    """

    def __init__(
        self, bench: fits.Bench, problem: Problem, levels: Callable[[int], Level],
        searcher: Searcher, clock: Clock | None, finished: Finished,
    ) -> None:  # fmt: skip
        self._bench, self._problem, self._levels = bench, problem, levels
        self._searcher, self._clock, self._finished = searcher, clock, finished
        self._running: dict[int, tuple[Proposal, fits.Running]] = {}
        self._done: dict[int, Outcome] = {}
        self._partial: dict[int, Outcome] = {}
        self._asked: list[Proposal] = []
        self._frontier = 0

    @property
    def seen(self) -> list[Outcome]:
        """Return all outcomes so far."""
        return [self._done[number] for number in sorted(self._done)]

    @property
    def best(self) -> Outcome | None:
        """Return the leader."""
        return best_of(self.seen, self._problem.folds)

    def run(self, context: Context) -> bool:
        """Race until nothing is left to try or the time is over; True if the user stopped it."""
        try:
            if not context.stopping():
                self._fill()
                artefacts.warm()
            while True:
                if context.stopping():
                    self._stop(context)
                    return True
                self._fill()
                if not self._running:
                    return False
                self._look(context)
        finally:
            for _, process in self._running.values():
                process.end()
            self._running.clear()

    def _stop(self, context: Context) -> None:
        """Keep the folds that were seen; where there are none, wait a moment for the first one."""
        end = time.monotonic() + MOMENT
        if not self._asked:
            self._fill()
        while not self._scored() and self._running and time.monotonic() < end:
            self._look(context)
        for number, found in list(self._partial.items()):
            self._note(found._replace(note=self._after(found, "stopped")))
            self._running.pop(number)[1].end()

    def _scored(self) -> bool:
        return bool(self._partial) or any(outcome.scores for outcome in self._done.values())

    # starting ------------------------------------------------------------------------------------
    def _fill(self) -> None:
        while len(self._running) < self._bench.cores and not self._over():
            proposal = self._next()
            if proposal is None:
                return
            self._asked.append(proposal)
            level = self._levels(proposal.level)
            process = fits.Running(fits.validate, self._bench, level, proposal)
            self._running[proposal.number] = proposal, process

    def _over(self) -> bool:
        return self._clock is not None and self._clock.left().seconds <= 0 and bool(self._asked)

    def _next(self) -> Proposal | None:
        if self._clock is not None:
            return self._searcher.ask(self.seen, self._asked, self._clock.left())
        if len(self._asked) - self._frontier >= BATCH and not self._advance():
            return None
        found = self._searcher.ask(self._visible(), self._asked, None)
        if found is None and self._frontier < len(self._asked) and self._advance():
            found = self._searcher.ask(self._visible(), self._asked, None)
        return found

    def _advance(self) -> bool:
        """Let the searcher see everything proposed so far, once all of it has ended."""
        if self._running:
            return False
        self._frontier = len(self._asked)
        return True

    def _visible(self) -> list[Outcome]:
        return [outcome for outcome in self.seen if outcome.proposal.number < self._frontier]

    # watching ------------------------------------------------------------------------------------
    def _look(self, context: Context) -> None:
        pipes = {process.pipe: number for number, (_, process) in self._running.items()}
        for pipe in wait(list(pipes), TICK):
            self._receive(pipes[pipe])
        for number, (proposal, process) in list(self._running.items()):
            if self._late(proposal, process):
                del self._running[number]
                process.end()
                found = self._partial.get(number, Outcome(proposal))
                self._note(found._replace(note=self._after(found, "out of time")))
        self._tell(context)

    def _receive(self, number: int) -> None:
        """Take what a candidate knows after a fold; the last of it is its outcome."""
        proposal, process = self._running[number]
        found = process.receive()
        if found is None:
            known = self._partial.get(number, Outcome(proposal))
            found = known._replace(failure="its process died")
        if found.note or found.failure or found.complete(self._problem.folds):
            del self._running[number]
            process.end()
            self._note(found)
        else:
            self._partial[number] = found

    def _after(self, found: Outcome, why: str) -> str:
        seen = f" after {len(found.scores)} of {self._problem.folds} folds"
        return why + (seen if found.scores else "")

    def _late(self, proposal: Proposal, process: fits.Running) -> bool:
        if self._clock is None:
            return False
        now = time.monotonic()
        spent = proposal.seconds is not None and now - process.begun > proposal.seconds + PATIENCE
        return spent or now > self._clock.comparing_ends

    def _note(self, outcome: Outcome) -> None:
        self._partial.pop(outcome.proposal.number, None)
        self._done[outcome.proposal.number] = outcome
        self._finished(outcome)

    def _tell(self, context: Context) -> None:
        count = len({outcome.proposal.key for outcome in self._done.values()})
        text = f"{count} candidate{'' if count == 1 else 's'}"
        if self.best is not None:
            value = self._bench.metric.natural(self.best.mean)
            text += f", best {self.best.proposal.algo}: {self._bench.metric.name} {value:.4g}"
        if self._clock is not None:
            context.progress(
                min(self._clock.passed, self._clock.seconds), self._clock.seconds, text
            )
        elif self._problem.trials:
            done = sum(o.proposal.level == 0 for o in self._done.values())
            context.progress(done, self._problem.trials + 1, text)
