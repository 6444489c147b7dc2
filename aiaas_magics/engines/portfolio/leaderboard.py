"""The leaderboard: every candidate with its interval, and which are not told apart from the best.

Folds share training rows, so that the variance of their mean is larger than that of as many independent
scores: it is corrected by the ratio of test to training rows (Nadeau and Bengio, Inference for the generalization
error, Machine Learning 52, 2003).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import stats

from aiaas_magics.cards import boards, charts
from aiaas_magics.engines.portfolio.base import Outcome, Problem
from aiaas_magics.specs.metrics import Metric
from aiaas_magics.specs.results import Chart, Entrant

CONFIDENCE = 0.95
MOST_BARS = 12
"""Algorithms that a chart shows."""


def half_width(values: Sequence[float], ratio: float | None = None) -> float:
    """Return half the width of the corrected interval of a mean over folds of one cross-validation.

    Parameters
    ----------
    values
        A score, or a difference of two candidates' scores, of each of k folds.
    ratio
        Test rows of a fold by its training rows; None: 1/(k - 1).
    """
    folds = len(values)
    if folds < 2:
        return math.inf
    shared = 1 / (folds - 1) if ratio is None else ratio
    variance = float(np.var(values, ddof=1)) * (1 / folds + shared)
    return float(stats.t.ppf((1 + CONFIDENCE) / 2, folds - 1)) * math.sqrt(variance)


def tied(one: Sequence[float], other: Sequence[float], ratio: float | None = None) -> bool:
    """Tell whether two candidates are not told apart by their scores on the same folds."""
    gaps = [a - b for a, b in zip(one, other, strict=True)]
    return abs(sum(gaps) / len(gaps)) <= half_width(gaps, ratio)


def together(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Return one outcome a candidate: the one on the most rows and the most folds."""
    found: dict[tuple[str, str], Outcome] = {}
    for each in outcomes:
        before = found.get(each.proposal.key)
        if before is None or _seen(each) >= _seen(before):
            found[each.proposal.key] = each
    return list(found.values())


def _seen(outcome: Outcome) -> tuple[bool, int, int]:
    return bool(outcome.scores), outcome.proposal.level, len(outcome.scores)


def ranked(
    outcomes: Sequence[Outcome], winner: Outcome, problem: Problem, metric: Metric
) -> tuple[Entrant, ...]:
    """Return the candidates, best first: the winner, the whole ones by rows and mean, the others."""

    def place(outcome: Outcome) -> tuple[float, ...]:
        whole = outcome.complete(problem.folds)
        mean = -outcome.mean if outcome.scores else math.inf
        first = outcome.proposal.key != winner.proposal.key
        return first, not whole, -outcome.proposal.level, mean, outcome.proposal.number

    ordered = sorted(together(outcomes), key=place)
    return tuple(
        _entrant(rank, each, winner, problem, metric) for rank, each in enumerate(ordered, start=1)
    )


def _entrant(
    rank: int, outcome: Outcome, winner: Outcome, problem: Problem, metric: Metric
) -> Entrant:
    whole, proposal = outcome.complete(problem.folds), outcome.proposal
    same = whole and proposal.level == winner.proposal.level and winner.complete(problem.folds)
    scores = tuple(map(metric.natural, outcome.scores))
    low, high = interval(scores, metric, problem.ratio) if whole else (None, None)
    return Entrant(
        rank=rank, algo=proposal.algo, params=proposal.params, mean=metric.natural(outcome.mean) if scores else None,
        low=low, high=high, folds=scores, rows=problem.levels[proposal.level],
        fit_seconds=outcome.fit, predict_seconds=1000 * outcome.predict,
        tied=same and rank > 1 and tied(winner.scores, outcome.scores, problem.ratio),
        note=outcome.failure or outcome.note,
    )  # fmt: skip


def interval(
    scores: Sequence[float], metric: Metric, ratio: float | None = None
) -> tuple[float, float]:
    """Return the corrected interval of a mean score, within what the metric can be."""
    mean, half = sum(scores) / len(scores), half_width(scores, ratio)
    least = -math.inf if metric.name == "r2" else 0.0
    most = 1.0 if metric.greater_is_better else math.inf
    return max(mean - half, least), min(mean + half, most)


def pictured(board: Sequence[Entrant], metric: Metric) -> list[Chart]:
    """Return the chart of the best candidate of each algorithm with its interval."""
    shown = [each for each, _ in boards.families(board) if each.mean is not None][:MOST_BARS]
    rows: list[charts.Row] = [
        {"label": e.algo, "value": e.mean, "low": e.low, "high": e.high, "rows": e.rows}
        for e in shown
    ]
    title = f"{metric.name} by algorithm"
    best = shown[0]
    low = f" [{best.low:.3f}, {best.high:.3f}]" if best.low is not None else ""
    text = f"{title}: {best.algo} {best.mean:.3f}{low}; the best candidate of each, corrected 95 % intervals over the folds"
    return [charts.ranking("leaderboard", title, text, rows, axis=metric.name, best=best.algo)]
