"""The seam of ``--algo auto``: who proposes candidates, and what becomes of them.

A *searcher* proposes, the race (:mod:`.racing`) carries out, the leaderboard tells. A better engine is one
class with the method `Searcher.ask`; it sees every outcome, and never rows, processes or clocks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from aiaas_magics.specs.algorithms import Algorithm
from aiaas_magics.specs.base import JSON

BEHIND = 3.0
"""Standard deviations of a fold by which a hopeless candidate is behind after one fold."""
DOUBT = 1.5
"""Standard deviations of a fold that are taken off the worth of a candidate that has seen one fold."""
LEAST_SLACK = 1e-3
"""Below this a difference is no reason to give a candidate up: the leader's folds may be all equal."""


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
    ratio: float | None = None
    """Test rows of a fold by its training rows, on average; None: as in a plain cross-validation."""


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
    before: Outcome | None = None
    """What is known already: folds that were seen are not seen again."""

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
    """Seconds of predicting a row, among a thousand."""
    size: float = 0.0
    """Bytes of a fitted model, where it was worth measuring."""
    busy: float = 1.0
    """Wall seconds of a fit per second of its processor: 2 where it had to share a core."""
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


def hopeless(scores: Sequence[float], bar: Bar) -> bool:
    """Tell whether scores are behind the leader's on the same folds by more than the slack.

    The slack shrinks with the folds as the error of a mean does.
    """
    return -_ahead(scores, bar.folds) > bar.slack / len(scores) ** 0.5


def _ahead(scores: Sequence[float], others: Sequence[float]) -> float:
    """Return the mean difference on the folds that both have seen."""
    return sum(a - b for a, b in zip(scores, others, strict=False)) / len(scores)


def bar_of(leader: Outcome) -> Bar:
    """Return what others must keep up with: the leader's folds, and how much they spread."""
    mean, count = leader.mean, len(leader.scores)
    variance = sum((score - mean) ** 2 for score in leader.scores) / max(count - 1, 1)
    return Bar(leader.scores, BEHIND * max(variance**0.5, LEAST_SLACK))


def standing(seen: Sequence[Outcome], level: int, folds: int) -> list[tuple[float, Outcome]]:
    """Return the candidates compared at a level with their worth, best first.

    The worth is the mean score. Of one that has not seen all folds it is the leader's mean plus the
    difference on the folds that both have seen (they are paired), less what that may be off: one fold in
    which it is far better is enough, one in which it is a little better is not.
    """
    here = {o.proposal.key: o for o in seen if o.scores and o.proposal.level == level}  # the latest
    whole = [o for o in here.values() if o.complete(folds)]
    leader = max(whole, key=lambda o: (o.mean, -o.proposal.number), default=None)

    def worth(outcome: Outcome) -> float:
        if leader is None or outcome.complete(folds):
            return outcome.mean
        off = DOUBT / BEHIND * bar_of(leader).slack / len(outcome.scores) ** 0.5
        return leader.mean + _ahead(outcome.scores, leader.scores) - off

    found = [(worth(each), each) for each in here.values()]
    return sorted(found, key=lambda pair: (-pair[0], pair[1].proposal.number))


def best_of(seen: Sequence[Outcome], folds: int) -> Outcome | None:
    """Return the best candidate of the highest level on which one has seen all folds."""
    scored = [each for each in seen if each.scores]
    whole = [each.proposal.level for each in scored if each.complete(folds)]
    if not scored:
        return None
    level = max(whole, default=scored[0].proposal.level)
    return next((outcome for _, outcome in standing(seen, level, folds)), None)
