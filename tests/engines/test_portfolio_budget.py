"""What fits will take: predictions from what was seen, and what is kept for the end."""

import time

import pytest

from aiaas_magics.engines.portfolio.base import Outcome, Proposal
from aiaas_magics.engines.portfolio.budget import LAST, Clock, Costs, allowed, grown, most_rows

COSTS = Costs((1_000, 8_000), 5)


def outcome(algo="ridge", fit=1.0, level=0, **more):
    return Outcome(Proposal(0, algo, {}, level), (0.9,) * 5, fit=fit, **more)


@pytest.mark.parametrize(
    ("algo", "low", "high"),
    [("ridge", 6, 9), ("random_forest", 8, 12), ("svm", 80, 140), ("hist_gradient_boosting", 1, 2)],
)
def test_eight_times_the_rows_take_as_the_algorithm_does(algo, low, high):
    assert low < grown(algo, 1.0, 1_000, 8_000) < high
    assert grown(algo, 1.0, 1_000, 1_000) == 1.0


def test_a_level_is_predicted_from_the_one_below():
    seen = [outcome(fit=1.0, predict=1e-3)]
    known = COSTS.validating(seen, "ridge", 0)
    assert known == pytest.approx(5 * (1.0 + 0.2))
    assert COSTS.validating(seen, "ridge", 1) > 5 * known
    assert COSTS.validating(seen, "svm", 0) is None


def test_what_looks_at_all_training_rows_to_predict_gets_slower_with_them():
    lazy, quick = (outcome(algo, fit=0.0, predict=1e-3) for algo in ("knn", "ridge"))
    assert COSTS.refit(lazy, 8_000, 1_000) > 5 * COSTS.refit(quick, 8_000, 1_000)


@pytest.mark.parametrize(("algo", "faster"), [("lightgbm", True), ("ridge", False)])
def test_the_last_fit_is_faster_where_it_uses_all_cores(algo, faster):
    wide = Costs((1_000, 8_000), 5, cores=2)
    seen = outcome(algo)
    assert (wide.refit(seen, 8_000) < COSTS.refit(seen, 8_000)) is faster


@pytest.mark.parametrize("algo", ["ridge", "svm", "hist_gradient_boosting"])
def test_as_many_rows_are_learned_from_as_there_is_time_for(algo):
    seen, held_out = outcome(algo, fit=1.0, predict=1e-6), 100
    few = COSTS.learnable(seen, 100_000, 3.0, held_out)
    assert 0 < few < 100_000
    assert COSTS.refit(seen, few, held_out) <= 3.0 < COSTS.refit(seen, few + 200, held_out)
    assert COSTS.learnable(seen, 100_000, 1e9, held_out) == 100_000


def test_a_kernel_machine_never_learns_from_very_many_rows():
    assert allowed("ridge", 10**9)
    assert not allowed("svm", 10**5)
    assert most_rows("svm", 10**5) < most_rows("ridge", 10**5) == 10**5


def test_comparing_ends_before_the_last_fit_must_begin():
    clock = Clock(100.0, time.monotonic(), 2)
    whole = clock.left().seconds
    clock.kept = 30.0
    assert whole - clock.left().seconds == pytest.approx(30.0, abs=1.0)
    assert clock.comparing_ends == pytest.approx(clock.end - 30.0 - LAST)
    assert 0.9 < clock.left().share <= 1.0


def test_a_busy_machine_needs_longer_for_the_end():
    clock = Clock(10.0, time.monotonic(), 1)
    clock.busy = 2.0
    assert clock.last == 2 * LAST
    clock.busy = 100.0
    assert clock.last < 10 * LAST
