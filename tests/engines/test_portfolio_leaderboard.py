"""A leaderboard: intervals that know that folds share rows, ties, and the order of candidates."""

import math

import pytest
from scipy import stats

from aiaas_magics.engines import splitting
from aiaas_magics.engines.portfolio import leaderboard
from aiaas_magics.engines.portfolio.base import Outcome, Problem, Proposal
from aiaas_magics.specs.metrics import check_metric

ACCURACY, LOSS = check_metric("accuracy"), check_metric("log_loss")
PROBLEM = Problem("classification", (), (100, 1000), 3, 0)


def outcome(number, *scores, algo="ridge", level=0, **more):
    return Outcome(Proposal(number, algo, {"alpha": number}, level), scores, **more)


def test_the_interval_is_nadeau_and_bengio_s():
    scores = [0.8, 0.9, 1.0]  # variance 0.01; a test is half as large as its training
    expected = stats.t.ppf(0.975, 2) * math.sqrt((1 / 3 + 1 / 2) * 0.01)
    assert leaderboard.half_width(scores) == pytest.approx(expected)
    naive = stats.t.ppf(0.975, 2) * math.sqrt(0.01 / 3)
    assert leaderboard.half_width(scores) > 1.5 * naive


def test_growing_folds_share_more_than_plain_ones():
    """Five folds over time test 1, 1/2 ... 1/5 of what they learned from."""
    scores = [0.8, 0.9, 1.0]
    assert splitting.ratio("time", 5) == pytest.approx((1 + 1 / 2 + 1 / 3 + 1 / 4 + 1 / 5) / 5)
    assert splitting.ratio("stratified", 3) == 1 / 2
    over_time = splitting.ratio("time", 3)
    assert leaderboard.half_width(scores, over_time) > leaderboard.half_width(scores)


def test_one_fold_tells_nothing_of_the_error():
    assert leaderboard.half_width([0.9]) == math.inf


@pytest.mark.parametrize(
    ("scores", "metric", "within"),
    [((0.9, 1.0, 1.0), "accuracy", (0.0, 1.0)), ((0.1, 0.5, 0.1), "log_loss", (0.0, math.inf)),
     ((-3.0, 0.9, 0.9), "r2", (-math.inf, 1.0))],
)  # fmt: skip
def test_an_interval_stays_within_what_the_metric_can_be(scores, metric, within):
    low, high = leaderboard.interval(scores, check_metric(metric))
    assert within[0] <= low < sum(scores) / 3 < high <= within[1]


@pytest.mark.parametrize(
    ("other", "same"),
    [((0.90, 0.80, 0.95), True), ((0.89, 0.80, 0.96), True), ((0.80, 0.70, 0.85), False)],
)
def test_paired_folds_tell_candidates_apart(other, same):
    assert leaderboard.tied((0.90, 0.80, 0.95), other) is same


def test_the_best_stands_first_and_what_failed_last():
    seen = [
        outcome(0, failure="no luck"), outcome(1, 0.9, 0.8, 0.9), outcome(2, 0.6, note="behind"),
        outcome(3, 0.8, 0.8, 0.8, algo="sgd"), outcome(4, 0.7, 0.7, 0.7, level=1),
    ]  # fmt: skip
    board = leaderboard.ranked(seen, seen[4], PROBLEM, ACCURACY)
    assert [entrant.params["alpha"] for entrant in board] == [4, 1, 3, 2, 0]
    assert [entrant.rank for entrant in board] == [1, 2, 3, 4, 5]
    assert [entrant.rows for entrant in board] == [1000, 100, 100, 100, 100]
    assert [entrant.note for entrant in board][3:] == ["behind", "no luck"]
    assert not any(entrant.tied for entrant in board)  # on other rows nobody can be compared


def test_a_loss_is_shown_as_it_is():
    seen = [outcome(0, -0.3, -0.4, -0.5), outcome(1, -0.6, -0.7, -0.8)]
    best, other = leaderboard.ranked(seen, seen[0], PROBLEM, LOSS)
    assert (best.mean, other.mean) == (pytest.approx(0.4), pytest.approx(0.7))
    assert best.low < 0.4 < best.high
    assert best.folds == (0.3, 0.4, 0.5)


def test_a_candidate_stands_once_with_the_most_that_is_known():
    few, again, more = outcome(0, 0.9), outcome(0, 0.9, 0.8), outcome(0, 0.7, 0.7, 0.7, level=1)
    assert leaderboard.together([few, again]) == [again]
    assert leaderboard.together([again, more]) == [more]
    assert leaderboard.together([again, outcome(0, note="out of time", level=1)]) == [again]


def test_the_chart_shows_one_line_an_algorithm():
    seen = [outcome(0, 0.9, 0.8, 0.9), outcome(1, 0.8, 0.8, 0.8), outcome(2, 0.6, algo="sgd")]
    board = leaderboard.ranked(seen, seen[0], PROBLEM, ACCURACY)
    (chart,) = leaderboard.pictured(board, ACCURACY)
    rows = chart.spec["data"]["values"]
    assert [row["label"] for row in rows] == ["ridge", "sgd"]
    assert rows[0]["low"] < rows[0]["value"] < rows[0]["high"]
    assert rows[1]["low"] is None
