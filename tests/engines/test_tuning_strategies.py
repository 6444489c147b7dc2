"""Strategies of a search: which candidates are tried, what is told, given up, kept and refused."""

import numpy as np
import pytest

from aiaas_magics import errors
from aiaas_magics.engines import catalogue, tune
from aiaas_magics.engines.tuning import halving, strategies, subgrids
from aiaas_magics.specs.spaces import Distribution
from aiaas_magics.specs.tune import TuneSpec
from aiaas_magics.testing.context import LocalContext

C = Distribution("loguniform", 0.01, 100)
GAMMA = Distribution("loguniform", 0.001, 1)
TREE = {"max_depth": [1, 2, 3], "min_samples_leaf": [1, 5, 20], "max_features": [0.3, 0.6, None]}


@pytest.fixture
def search(context):
    def run(params, algo="decision_tree", name="iris", target="species", **more):
        data = context.save_frame(catalogue.load(name))
        spec = TuneSpec(
            data=data, target=target, algo=algo, as_="m", params=params, **{"cv": 3} | more
        )
        return tune.run(spec, context)

    return run


def told(result):
    return [(trial.params, trial.mean, trial.folds) for trial in result.trials]


@pytest.mark.parametrize(
    ("params", "more", "strategy", "reason"),
    [
        ({"max_depth": [1, 2]}, {}, "grid", "all 2 combinations can be compared, from one model a fold"),
        ({"min_samples_leaf": [1, 2]}, {}, "grid", "all 2 combinations can be compared"),
        ({"max_depth": [1, 2, 3]}, {"trials": 9}, "grid", "all 3 combinations"),
        ({"max_depth": [2]}, {}, "grid", "the one combination there is can be compared"),
        (TREE, {"trials": 4}, "optuna", "--trials 4 allows some of 27 combinations"),
        (TREE, {"strategy": "random", "trials": 2}, "random", "as asked"),
        ({"max_features": Distribution("uniform", 0.1, 1)}, {"trials": 2}, "optuna", "a distribution has no end"),
        ({"max_depth": Distribution("randint", 1, 9)}, {"trials": 5}, "grid", "one model answers for all values: 5"),
    ],
)  # fmt: skip
def test_the_strategy_is_chosen_and_the_reason_told(
    search, context, params, more, strategy, reason
):
    result = search(params, **more)
    assert result.strategy == strategy
    assert result.reason.startswith(reason)
    first = next(t.body["text"] for t in context.told if t.type == "progress")
    assert first.startswith(f"{strategy}: {reason}")


@pytest.mark.parametrize("strategy", ["random", "halving", "optuna"])
def test_a_seed_gives_the_same_search_on_any_number_of_cores(tmp_path, strategy):
    found = []
    for cores in (1, 3):
        context = LocalContext(tmp_path / str(cores), cores=cores)
        data = context.save_frame(catalogue.load("iris"))
        params = {"C": C, "gamma": GAMMA}
        spec = TuneSpec(
            data=data, target="species", algo="svm", as_="m", cv=3, params=params, strategy=strategy, trials=9
        )  # fmt: skip
        found.append(told(tune.run(spec, context)))
    assert found[0] == found[1]


def test_a_trial_brings_the_sub_grid_its_model_answers_for(search):
    params = {"C": C, "gamma": GAMMA, "shrinking": [True]}
    result = search(params, algo="svm", trials=5)
    gammas = {trial.params["gamma"] for trial in result.trials}
    assert len(gammas) <= 5
    assert result.cells == 5 * subgrids.SLICES
    assert len({trial.params["C"] for trial in result.trials}) == len(result.trials)
    assert result.sharing.shared < result.sharing.alone


def test_every_slice_of_a_shared_distribution_is_seen():
    grid = subgrids.SubGrid({"weights": ["uniform", "distance"]}, {"C": C})
    cells = grid.drawn(np.random.default_rng(0))
    assert len(cells) == grid.size == 16
    edges = [C.at(i / subgrids.SLICES) for i in range(subgrids.SLICES + 1)]
    seen = np.histogram([cell["C"] for cell in cells], edges)[0]
    assert seen.tolist() == [2] * subgrids.SLICES


def test_what_is_not_shared_is_left_to_optuna(search):
    result = search({"C": C, "gamma": GAMMA}, algo="svm", trials=5, sharing="off")
    assert result.cells == 5
    assert result.sharing.groups == 0
    assert {trial.equality for trial in result.trials} == {"exact"}


def test_a_space_without_new_candidates_ends_a_search(search):
    params = {"min_samples_leaf": [1, 5], "max_features": [0.5, None]}
    result = search(params, strategy="optuna", trials=40)
    assert len({repr(trial.params) for trial in result.trials}) == len(result.trials)
    assert result.cells == 4


def test_hopeless_trials_are_given_up_and_the_best_has_all_folds(search):
    params = {"alpha": Distribution("loguniform", 1e-4, 1e6)}
    result = search(params, "ridge", "diabetes", "progression", strategy="optuna", trials=20, cv=5)
    assert len(result.trials) < result.cells == 20
    assert all(len(trial.folds) == 5 for trial in result.trials)
    assert result.params == result.trials[0].params


@pytest.mark.parametrize(
    ("candidates", "rows", "least", "found"),
    [
        (27, 2700, 30, [100, 300, 900, 2700]), (9, 900, 20, [100, 300, 900]), (10, 900, 20, [100, 300, 900]),
        (81, 300, 30, [33, 100, 300]), (2, 100, 10, [100]), (1, 100, 10, [100]), (27, 20, 30, [20]),
    ],
)  # fmt: skip
def test_halving_ends_with_all_rows(candidates, rows, least, found):
    assert halving.rungs(candidates, rows, least) == found


def test_halving_compares_its_last_on_all_rows_and_only_those_rank(search):
    data = {"name": "breast_cancer", "target": "diagnosis", "sharing": "off"}
    halved, whole = (search(TREE, strategy=each, **data) for each in ("halving", "grid"))
    assert 1 <= len(halved.trials) < halved.cells == 27
    assert halved.params == halved.trials[0].params
    known = told(whole)
    assert all(trial in known for trial in told(halved))


@pytest.mark.parametrize("strategy", ["random", "halving", "optuna"])
def test_any_strategy_that_is_stopped_keeps_its_best_so_far(tmp_path, strategy):
    context = LocalContext(tmp_path, stop_after=0)
    data = context.save_frame(catalogue.load("iris"))
    spec = TuneSpec(
        data=data, target="species", algo="decision_tree", as_="m", cv=2, params=TREE, strategy=strategy
    )  # fmt: skip
    result = tune.run(spec, context)
    assert result.partial
    assert len(result.trials) == 1


@pytest.mark.parametrize("strategy", ["random", "optuna"])
def test_a_search_ends_with_its_time(search, strategy):
    result = search({"C": C, "gamma": GAMMA}, algo="svm", strategy=strategy, time=1.0)
    assert result.trials
    assert not result.partial


def test_candidates_that_fail_for_one_reason_are_told_once_and_counted(search, context):
    params = {"solver": ["lbfgs"], "l1_ratio": [1.0, 0.5, 0.0], "C": [1, 2, 3]}
    result = search(params, "logistic_regression")
    warned = [
        t.body["text"] for t in context.told if "could not be fitted" in t.body.get("text", "")
    ]
    assert len(result.trials) == 3
    assert len(warned) == 4  # of six: l1 and elastic net are two reasons
    assert warned[0].startswith("C=1, l1_ratio=1.0, solver='lbfgs' could not be fitted: ")
    assert "C=2, l1_ratio=1.0, solver='lbfgs' and 1 more could not be fitted either" in warned[2]


def test_a_grid_that_takes_too_many_fits_is_refused_with_a_thinner_one(search, monkeypatch):
    monkeypatch.setattr(strategies, "MOST_FITS", 5)
    params = {"min_samples_leaf": [1, 2, 3], "max_features": [0.2, 0.3, 0.4]}
    with pytest.raises(errors.SpecError, match="9 models a fold") as caught:
        search(params, strategy="grid")
    assert "would make 9 cells" in caught.value.hint
    assert caught.value.try_ == "--trials 50"


@pytest.mark.parametrize(("rows", "strategy"), [(569, "halving"), (60, "optuna")])
def test_a_large_grid_that_shares_nothing_is_not_compared_whole(
    context, monkeypatch, rows, strategy
):
    monkeypatch.setattr(strategies, "AFFORDABLE", 8)
    frame = catalogue.load("breast_cancer").groupby("diagnosis").head(rows // 2)
    params = {"min_samples_leaf": [1, 2, 3], "max_features": [0.2, 0.3, 0.4]}
    spec = TuneSpec(
        data=context.save_frame(frame), target="diagnosis", algo="decision_tree", as_="m", cv=3, params=params
    )  # fmt: skip
    result = tune.run(spec, context)
    assert result.strategy == strategy
    assert "9 combinations would take 9 models a fold" in result.reason


def test_a_candidate_whose_score_is_undefined_is_named(search, context):
    result = search({"n_neighbors": [500, 3]}, "knn")
    warned = [t.body["text"] for t in context.told if t.type == "warning"]
    assert [trial.params for trial in result.trials] == [{"n_neighbors": 3}]
    assert "n_neighbors=500 could not be scored: accuracy is undefined on a fold" in warned
