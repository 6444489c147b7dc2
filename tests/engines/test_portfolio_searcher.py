"""The usual searcher: defaults first, then the promising ones, more rows for the best."""

import pytest

from aiaas_magics.engines.portfolio.base import (
    Bar,
    Left,
    Outcome,
    Problem,
    Proposal,
    best_of,
    hopeless,
    standing,
)
from aiaas_magics.engines.portfolio.searcher import Portfolio
from aiaas_magics.specs.algorithms import check_parameters, find

ALGOS = ("ridge", "logistic_regression", "random_forest")
GOOD = {"ridge": 0.7, "logistic_regression": 0.8, "random_forest": 0.9}
WIDE = Left(seconds=60.0, share=0.9, cores=2)


def problem(*, levels=(1000,), trials=None, seed=0, algos=ALGOS):
    return Problem("classification", tuple(map(find, algos)), levels, 3, seed, trials)


def outcome(proposal, score, *, folds=3, fit=0.1, **more):
    return Outcome(proposal, (score, score + 0.01, score - 0.01)[:folds], fit=fit, **more)


def search(setting, rounds, score=None, left=None, **more):
    """Return the outcomes of so many proposals, each of them known before the next is asked."""
    searcher, seen, asked = Portfolio(setting), [], []
    for _ in range(rounds):
        proposal = searcher.ask(seen, asked, left)
        if proposal is None:
            break
        asked.append(proposal)
        worth = GOOD[proposal.algo] if score is None else score(proposal)
        seen.append(outcome(proposal, worth, **more))
    return seen


def test_every_algorithm_is_tried_with_its_defaults_first():
    tried = [o.proposal for o in search(problem(), 3)]
    assert [(p.algo, p.params, p.level) for p in tried] == [(name, {}, 0) for name in ALGOS]


def test_then_the_best_gets_most_of_the_trials():
    tried = [o.proposal.algo for o in search(problem(), 30)][3:]
    assert tried.count("random_forest") > 2 * tried.count("ridge")


def test_no_candidate_comes_twice_and_all_are_allowed():
    tried = [o.proposal for o in search(problem(), 40)]
    assert len({p.key for p in tried}) == len(tried) == 40
    for each in tried:
        check_parameters(find(each.algo), each.params, "classification")


@pytest.mark.parametrize("seed", [0, 7, -3])
def test_the_same_seed_gives_the_same_search(seed):
    one, two = (search(problem(seed=seed), 12) for _ in range(2))
    assert one == two
    assert one != search(problem(seed=seed + 1), 12)


def test_so_many_trials_are_made_as_were_asked_for():
    assert len(search(problem(trials=7), 100)) == 7
    assert len(search(problem(trials=2), 100)) == 2


def test_the_best_quarter_goes_on_to_more_rows():
    seen = search(problem(levels=(1000, 8000, 64000), trials=20), 100)
    levels = [o.proposal.level for o in seen]
    assert [levels.count(level) for level in range(3)] == [20, 5, 3]
    assert {o.proposal.algo for o in seen if o.proposal.level} == {"random_forest"}


def test_nobody_goes_on_before_all_are_known():
    searcher = Portfolio(problem(levels=(1000, 8000), trials=3))
    asked = [Proposal(n, name, {}) for n, name in enumerate(ALGOS)]
    seen = [outcome(each, GOOD[each.algo]) for each in asked]
    assert searcher.ask(seen[:2], asked, None) is None
    assert searcher.ask(seen, asked, None).level == 1


@pytest.mark.parametrize(("seconds", "algo"), [(60.0, True), (0.05, False), (-1.0, False)])
def test_nothing_is_proposed_that_will_not_be_in_time(seconds, algo):
    asked = [Proposal(n, name, {}) for n, name in enumerate(ALGOS)]
    seen = [outcome(each, GOOD[each.algo], fit=1.0) for each in asked]
    found = Portfolio(problem()).ask(seen, asked, Left(seconds, 0.5, 2))
    assert (found is not None) is algo


def test_one_default_may_not_eat_the_time_of_all():
    found = Portfolio(problem()).ask([], [], WIDE._replace(cores=1))
    assert found.seconds < WIDE.seconds / 2


def test_where_the_best_cannot_have_more_rows_in_time_nobody_has():
    setting = problem(levels=(1000, 100_000))
    asked = [Proposal(n, name, {}) for n, name in enumerate(ALGOS)]
    fits = {"ridge": 0.001, "logistic_regression": 0.001, "random_forest": 5.0}
    seen = [outcome(each, GOOD[each.algo], fit=fits[each.algo]) for each in asked]
    found = Portfolio(setting).ask(seen, asked, Left(20.0, 0.1, 2))
    assert found is None or found.level == 0


def test_what_ran_out_of_time_goes_on_where_it_stopped():
    asked = [Proposal(n, name, {}) for n, name in enumerate(ALGOS)]
    seen = [outcome(each, GOOD[each.algo]) for each in asked[:2]]
    seen.append(outcome(asked[2], 0.9, folds=1, note="out of time after 1 of 3 folds"))
    found = Portfolio(problem()).ask(seen, asked, WIDE)
    assert (found.algo, found.params, found.before) == ("random_forest", {}, seen[2])


def test_what_is_behind_does_not_go_on():
    asked = [Proposal(n, name, {}) for n, name in enumerate(ALGOS)]
    seen = [outcome(asked[0], 0.7, folds=1, note="behind after 1 of 3 folds")]
    seen += [outcome(each, GOOD[each.algo]) for each in asked[1:]]
    found = Portfolio(problem()).ask(seen, asked, WIDE)
    assert found.before is None


# standing ------------------------------------------------------------------------------------------
def scored(number, *scores, level=0):
    return Outcome(Proposal(number, "ridge", {"alpha": number}, level), scores)


def test_one_fold_that_is_far_better_is_enough():
    seen = [scored(0, 0.70, 0.71, 0.69), scored(1, 0.90)]
    assert best_of(seen, 3) is seen[1]


def test_one_fold_that_is_a_little_better_is_not():
    seen = [scored(0, 0.70, 0.75, 0.65), scored(1, 0.74)]
    assert best_of(seen, 3) is seen[0]


def test_the_fold_s_own_difficulty_is_taken_off():
    seen = [scored(0, 0.99, 0.60, 0.60), scored(1, 0.99)]  # the first fold is an easy one
    worth = {o.proposal.number: value for value, o in standing(seen, 0, 3)}
    assert worth[1] < worth[0] == pytest.approx(0.73)


def test_more_rows_count_more_once_one_has_all_folds_there():
    low, few, high = scored(0, 0.9, 0.9, 0.9), scored(1, 0.8, level=1), scored(2, 0.7, 0.7, 0.7, level=1)  # fmt: skip
    assert best_of([low, few], 3) is low
    assert best_of([low, high], 3) is high
    assert best_of([], 3) is None


@pytest.mark.parametrize(
    ("scores", "hopes"), [((0.9,), True), ((0.5,), False), ((0.72,), True), ((0.72, 0.72, 0.72), False)]
)  # fmt: skip
def test_hope_is_lost_sooner_the_farther_behind(scores, hopes):
    assert hopeless(scores, Bar((0.8, 0.8, 0.8), 0.1)) is not hopes


def test_a_default_ended_in_its_first_fold_gets_more_time_once():
    asked = [Proposal(0, "ridge", {}, seconds=2.0)]
    seen = [Outcome(asked[0], note="out of time")]
    again = Portfolio(problem()).ask(seen, asked, WIDE)
    assert (again.algo, again.number) == ("ridge", 1)
    assert again.seconds > 2.0
    seen.append(Outcome(again, note="out of time"))
    assert Portfolio(problem()).ask(seen, [*asked, again], WIDE).algo == "logistic_regression"


MANY = ("logistic_regression", "hist_gradient_boosting", "random_forest", "ridge", "extra_trees", "knn", "mlp")  # fmt: skip


def asked_of(searcher, count, left):
    """Return the outcomes of the first defaults and what is asked then."""
    asked = [Proposal(n, name, {}) for n, name in enumerate(MANY[:count])]
    return searcher.ask([outcome(each, 0.8) for each in asked], asked, left)


def test_the_first_ones_get_most_of_the_time():
    searcher = Portfolio(problem(algos=MANY * 2))
    assert asked_of(searcher, 1, WIDE).seconds > asked_of(searcher, 5, WIDE).seconds


@pytest.mark.parametrize(("share", "new"), [(0.9, True), (0.3, False)])
def test_the_others_only_while_there_is_time_for_more_than_defaults(share, new):
    found = asked_of(Portfolio(problem(algos=MANY)), 5, Left(30.0, share, 2))
    assert (found.algo not in MANY[:5]) is new


def test_what_is_running_is_not_asked_again():
    asked = [Proposal(n, name, {}) for n, name in enumerate(ALGOS)]
    seen = [outcome(each, GOOD[each.algo]) for each in asked[:2]]
    seen.append(outcome(asked[2], 0.9, folds=1, note="out of time after 1 of 3 folds"))
    again = Portfolio(problem()).ask(seen, asked, WIDE)
    assert again.before is seen[2]
    assert Portfolio(problem()).ask(seen, [*asked, again], WIDE).before is None
