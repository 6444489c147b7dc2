"""--algo auto on real tables: what is chosen, kept, told, and stopped."""

import sys

import msgspec
import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import StandardScaler

from aiaas_magics import errors
from aiaas_magics.engines import (
    artefacts,
    catalogue,
    evaluate,
    learning,
    pictures,
    portfolio,
    train,
)
from aiaas_magics.engines.portfolio import entering, fits
from aiaas_magics.specs.evaluate import EvaluateSpec
from aiaas_magics.specs.train import TrainSpec
from aiaas_magics.testing.context import LocalContext

QUICK = ("logistic_regression", "ridge")


def asked(context, data="iris", target="species", **more):
    frame = catalogue.load(data) if isinstance(data, str) else data
    words = {"trials": 4, "cv": 3, "algos": QUICK, **more}
    return TrainSpec(
        data=context.save_frame(frame), target=target, algo="auto", as_="best", **words
    )


@pytest.fixture
def chosen(context):
    """A result and the pipeline that was registered."""

    def choose(**more):
        result = train.run(asked(context, **more), context)
        return result, artefacts.load(context.model(result.ref)[1])

    return choose


def untimed(result):
    return [
        msgspec.structs.replace(each, fit_seconds=0.0, predict_seconds=0.0)
        for each in result.leaderboard
    ]


def test_the_best_is_registered_under_its_own_name(context, chosen):
    result, _ = chosen()
    info = context.model("best")[0]
    assert info.algo == result.algo == result.leaderboard[0].algo
    assert info.params == result.params == result.leaderboard[0].params
    assert (info.lineage.spec["algo"], info.lineage.spec["trials"]) == ("auto", 4)
    assert info.lineage.spec["seed"] == info.lineage.seed == 0


def test_as_many_candidates_are_compared_as_were_asked_for(context, chosen):
    result, _ = chosen(trials=6)
    assert len(result.leaderboard) == 6
    assert {entrant.algo for entrant in result.leaderboard} == set(QUICK)
    whole = [entrant for entrant in result.leaderboard if entrant.low is not None]
    assert [t.type for t in context.told].count("trial") == len(whole)
    assert result.leaderboard[0].mean == max(e.mean for e in result.leaderboard if e.low)


def test_the_same_seed_chooses_the_same_on_any_number_of_cores(tmp_path):
    found = []
    for cores in (1, 3):
        context = LocalContext(tmp_path / str(cores), cores=cores)
        result = train.run(asked(context, trials=10, algos=(*QUICK, "sgd")), context)
        pipeline = artefacts.load(context.model(result.ref)[1])
        found.append((untimed(result), pipeline.predict(catalogue.load("iris").iloc[:, :4])))
    assert found[0][0] == found[1][0]
    assert np.array_equal(found[0][1], found[1][1])


def test_the_model_is_bit_by_bit_the_one_that_training_gives(context, chosen):
    result, pipeline = chosen(algos=("random_forest",), trials=2)
    plain = TrainSpec(
        data=asked(context).data, target="species", algo="random_forest", as_="m", params=result.params
    )  # fmt: skip
    other = artefacts.load(context.model(train.run(plain, context).ref)[1])
    for one, two in zip(
        pipeline.steps[-1][1].estimators_, other.steps[-1][1].estimators_, strict=True
    ):
        assert np.array_equal(one.tree_.threshold, two.tree_.threshold)
    assert pipeline.steps[-1][1].n_jobs is None


def test_what_needs_one_scale_gets_it_from_training_rows_alone(context, chosen):
    result, pipeline = chosen(data="wine", target="cultivar", algos=("sgd",), trials=1)
    scalers = [t for _, t, _ in pipeline.steps[0][1].transformers_]
    scaler = getattr(scalers[0], "steps", [("", scalers[0])])[-1][1]
    assert isinstance(scaler, StandardScaler)
    task = learning.assemble(asked(context, data="wine", target="cultivar"), context)
    assert scaler.mean_[0] == pytest.approx(task.X.iloc[task.train, 0].mean())
    assert result.leaderboard[0].mean > 0.9
    assert context.model("best")[0].lineage.steps[-1]["op"] == "scale"


def test_what_cannot_be_fitted_stands_in_the_leaderboard(chosen):
    result, _ = chosen(metric="log_loss", trials=2)
    assert result.algo == "logistic_regression"
    failed = result.leaderboard[-1]
    assert (failed.algo, failed.mean, failed.low) == ("ridge", None, None)
    assert failed.note == "log_loss needs probabilities"


@pytest.mark.parametrize(("metric", "rising"), [("rmse", True), ("r2", False)])
def test_numbers_are_predicted_too_in_a_metric_s_own_direction(chosen, metric, rising):
    result, _ = chosen(
        data="diabetes", target="progression", metric=metric, algos=("ridge",), trials=4
    )
    means = [entrant.mean for entrant in result.leaderboard if entrant.low is not None]
    assert means == sorted(means, reverse=not rising)
    assert result.scores[0].value > 0.1


def test_an_evaluation_finds_the_rows_that_were_held_out(context, chosen):
    result, _ = chosen()
    found = evaluate.run(EvaluateSpec(model="best", repeats=100, shuffles=0), context)
    assert found.rows == result.held_out == 30
    assert found.scores[0].value == result.scores[0].value


def test_the_leaderboard_is_pictured(chosen):
    result, _ = chosen()
    (chart,) = result.charts
    assert chart.name == "leaderboard"
    assert chart.png


@pytest.mark.parametrize(
    ("more", "error", "what"),
    [
        ({"cv": 50}, errors.DataError, "more than the class"),
        ({"metric": "r2"}, errors.SpecError, "regression metric"),
        ({"algos": ("ridge",), "metric": "log_loss"}, errors.DataError, "no algorithm could be"),
    ],
)
def test_a_comparison_that_cannot_be_is_refused(context, more, error, what):
    with pytest.raises(error, match=what) as caught:
        train.run(asked(context, **more), context)
    assert len(caught.value.lines()) == 3


def test_an_algorithm_whose_library_is_missing_is_left_out(context, chosen, monkeypatch):
    known = entering.recipe

    def without(algorithm):
        if algorithm.name == "ridge":
            raise errors.MissingLibrary("ridge needs a library", "", "%pip install it")
        return known(algorithm)

    monkeypatch.setattr(entering, "recipe", without)
    result, _ = chosen(trials=2)
    assert {entrant.algo for entrant in result.leaderboard} == {"logistic_regression"}
    assert any("ridge is left out" in t.body.get("text", "") for t in context.told)


# time ----------------------------------------------------------------------------------------------
def test_time_is_told_as_progress_towards_its_end(context, chosen):
    result, _ = chosen(trials=None, time=2.5)
    told = [t.body for t in context.told if t.type == "progress"][:-1]
    assert {body["total"] for body in told} == {2.5}
    assert all(body["done"] <= 2.5 for body in told)
    assert result.leaderboard
    assert not result.partial


def test_a_fit_that_would_take_minutes_does_not_keep_the_others(context, monkeypatch):
    fold = fits._fold

    def slow(found, *words):
        if found.proposal.algo == "ridge":
            signal_pause()
        return fold(found, *words)

    monkeypatch.setattr(fits, "_fold", slow)
    result = train.run(asked(context, trials=None, time=4.0), context)
    assert result.algo == "logistic_regression"
    assert any(e.algo == "ridge" and e.note == "out of time" for e in result.leaderboard)


def signal_pause():
    import signal

    while True:
        signal.pause()


class Stopped(LocalContext):
    """Wants the best so far once so many candidates were told."""

    after = 1

    def stopping(self):
        return sum(told.type == "trial" for told in self.told) >= self.after


def test_stopped_it_keeps_the_best_so_far(tmp_path):
    context = Stopped(tmp_path)
    result = train.run(asked(context, trials=500), context)
    assert result.partial
    assert context.model("best")[0].partial
    assert 0 < len(result.leaderboard) < 500
    assert (
        artefacts.load(context.model("best")[1]).predict(catalogue.load("iris").iloc[:3, :4]).size
    )


def test_stopped_at_once_the_first_candidate_may_be_told(tmp_path):
    context = Stopped(tmp_path)
    context.after = 0
    result = train.run(asked(context), context)
    assert (result.algo, result.partial) == ("logistic_regression", True)
    assert result.leaderboard[0].folds


def test_stopped_where_nothing_can_be_told_there_is_nothing_to_keep(tmp_path, monkeypatch):
    context = Stopped(tmp_path)
    context.after = 0
    monkeypatch.setattr(fits, "_fold", lambda *_: signal_pause())
    with pytest.raises(errors.DataError, match="stopped before a candidate was compared"):
        train.run(asked(context), context)


def test_stopped_before_a_fold_a_few_rows_must_do(tmp_path, monkeypatch):
    context, fold = Stopped(tmp_path), fits._fold
    context.after = 0
    monkeypatch.setattr(portfolio, "FEW", 60)

    def slow(found, bench, level, *rest):
        return fold(found, bench, level, *rest) if len(level.rows) <= 60 else signal_pause()

    monkeypatch.setattr(fits, "_fold", slow)
    result = train.run(asked(context), context)
    assert (result.partial, result.leaderboard[0].rows) == (True, 60)
    assert result.scores[0].value > 0.6


def hanging(algo):
    """Return a fold of cross-validation that never ends once an algorithm has seen one."""
    fold = fits._fold

    def hang(found, *rest):
        if found.scores and found.proposal.algo == algo:
            signal_pause()
        return fold(found, *rest)

    return hang


def test_the_folds_of_a_candidate_that_is_ended_are_kept(context, monkeypatch):
    monkeypatch.setattr(fits, "_fold", hanging("ridge"))
    result = train.run(asked(context, trials=None, time=4.0), context)
    ridge = next(e for e in result.leaderboard if e.algo == "ridge")
    assert (len(ridge.folds), ridge.note) == (1, "out of time after 1 of 3 folds")


def test_stopped_the_folds_there_are_decide(tmp_path, monkeypatch):
    context = Stopped(tmp_path)
    context.after = 0
    monkeypatch.setattr(fits, "_fold", hanging("logistic_regression"))
    result = train.run(asked(context, algos=("logistic_regression",)), context)
    assert result.leaderboard[0].note == "stopped after 1 of 3 folds"
    assert len(result.leaderboard[0].folds) == 1


def test_a_last_fit_that_does_not_end_is_replaced_by_one_on_fewer_rows(tmp_path, monkeypatch):
    refit, context = fits.refit, Stopped(tmp_path)

    def slow(bench, algo, params, rows):
        if len(rows) > 100:
            signal_pause()
        return refit(bench, algo, params, rows)

    monkeypatch.setattr(fits, "refit", slow)
    result = train.run(asked(context, trials=500), context)
    assert result.rows == 80  # what a fold of 120 rows in three learns from
    assert any("learned from 80 of 120" in t.body.get("text", "") for t in context.told)


def test_a_picture_that_is_not_drawn_in_time_is_left_out(tmp_path, monkeypatch):
    monkeypatch.delitem(sys.modules, "vl_convert", raising=False)
    monkeypatch.setattr(pictures, "draw", lambda _: signal_pause())
    context = Stopped(tmp_path)
    result = train.run(asked(context, trials=500), context)
    assert [chart.png for chart in result.charts] == [None]
    assert any("no picture of leaderboard" in t.body.get("text", "") for t in context.told)


def test_the_model_of_a_fold_that_took_long_is_kept_until_a_better_one(tmp_path, monkeypatch):
    monkeypatch.setattr(fits, "WEIGHED", 0.0)
    context = Stopped(tmp_path)
    context.after = 3
    monkeypatch.setattr(fits, "refit", lambda *_: signal_pause())
    result = train.run(asked(context, trials=500, algos=("logistic_regression",)), context)
    pipeline = artefacts.load(context.model("best")[1])
    iris = catalogue.load("iris")
    assert result.rows == 80
    assert pipeline.score(iris.drop(columns="species"), iris["species"]) > 0.8
    assert not list(context.scratch.glob("*.fold"))


def test_classes_with_gaps_and_words_are_learned_from(context, chosen):
    frame = pd.DataFrame(
        {"a": [1.0, None, 3.0] * 30, "b": ["u", "v", None] * 30, "y": ["p", "q", "p"] * 30}
    )
    result, _ = chosen(data=frame, target="y", algos=("hist_gradient_boosting", "ridge"), trials=2)
    assert all(entrant.note == "" for entrant in result.leaderboard)
