"""The seam of ``--algo auto``: who proposes candidates, and what becomes of them.

A *searcher* proposes, the race (:mod:`.racing`) carries out, the leaderboard tells. A better engine is one
class with the method `Searcher.ask`; it sees every outcome, and never rows, processes or clocks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from aiaas_magics.specs.algorithms import Algorithm
from aiaas_magics.specs.base import JSON


class Problem(NamedTuple):
    """What a searcher is told once."""

    task: str
    algorithms: tuple[Algorithm, ...]
    """Those to compare, cheap ones first."""
    levels: tuple[int, ...]
    """How many rows a comparison may use, rising; the last is all of them or the most allowed."""
    folds: int
    seed: int
    trials: int | None = None
    """How many candidates are compared at the lowest level; None: as many as the time allows."""


class Bar(NamedTuple):
    """What a candidate must keep up with: the leader's scores on the same folds.

    A candidate whose mean falls behind by more than `slack` is given up before its last fold.
    """

    folds: tuple[float, ...]
    slack: float


class Proposal(NamedTuple):
    """A candidate to be cross-validated on the rows of a level."""

    number: int
    algo: str
    params: dict[str, JSON]
    level: int = 0
    seconds: float | None = None
    """The most it may take; None: as long as there is time."""
    bar: Bar | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What makes two candidates the same."""
        return self.algo, repr(sorted(self.params.items()))


class Outcome(NamedTuple):
    """What became of a proposal. Scores are greater-is-better, in the order of the folds."""

    proposal: Proposal
    scores: tuple[float, ...] = ()
    fit: float = 0.0
    """Mean seconds of a fit on the training rows of a fold."""
    predict: float = 0.0
    """Mean seconds of predicting a row."""
    size: float = 0.0
    """Bytes of a fitted model, where it was worth measuring."""
    failure: str = ""
    """What the algorithm said, if it could not be fitted."""
    note: str = ""
    """Why it has not all its folds: out of the race, or out of time."""

    def complete(self, folds: int) -> bool:
        """Tell whether it was compared on every fold."""
        return not self.failure and len(self.scores) == folds

    @property
    def mean(self) -> float:
        """Mean score of the folds there are."""
        return sum(self.scores) / len(self.scores)


class Left(NamedTuple):
    """What is left of the time: a view of the clock that a searcher may look at."""

    seconds: float
    """Until comparing must end."""
    share: float
    """Of the time for comparing, 1 at the beginning and 0 at the end."""
    cores: int


class Searcher(Protocol):
    """Who decides what is tried next."""

    def ask(
        self, seen: Sequence[Outcome], asked: Sequence[Proposal], left: Left | None
    ) -> Proposal | None:
        """Return the next proposal, or None where nothing is worth trying or can be in time.

        Must be a function of its arguments and of the problem alone, so that the same seed gives the same
        search.

        Parameters
        ----------
        seen
            Outcomes, in the order of their numbers. Where trials are counted they are those of whole
            batches, so that the number of cores does not matter.
        asked
            Everything proposed so far; the next number is its length.
        left
            What is left of the time; None where trials are counted.
        """
        ...


def best_of(seen: Sequence[Outcome], folds: int) -> Outcome | None:
    """Return the best complete outcome of the highest level that has one."""
    whole = [each for each in seen if each.complete(folds)]
    return max(whole, key=lambda o: (o.proposal.level, o.mean, -o.proposal.number), default=None)


def hopeless(scores: tuple[float, ...], bar: Bar) -> bool:
    """Tell whether scores are behind the leader's on the same folds by more than the slack.

    The slack shrinks with the folds as the error of a mean does.
    """
    done = len(scores)
    behind = sum(bar.folds[:done]) - sum(scores)
    return behind / done > bar.slack / done**0.5
