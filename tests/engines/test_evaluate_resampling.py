"""Cross-validation and learning curve: scikit-learn's scores, intervals that cover, stops that keep."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import (
    KFold,
    RepeatedStratifiedKFold,
    StratifiedKFold,
    cross_val_score,
    learning_curve,
)

from aiaas_magics import errors
from aiaas_magics.engines import catalogue, evaluate, train, tune
from aiaas_magics.engines.evaluation import growing, resampling, subject
from aiaas_magics.specs.evaluate import EvaluateSpec
from aiaas_magics.specs.train import TrainSpec
from aiaas_magics.specs.tune import TuneSpec
from aiaas_magics.testing.context import LocalContext


def trained(context, name="breast_cancer", target="diagnosis", algo="ridge", **more):
    frame = catalogue.load(name) if isinstance(name, str) else name
    data = context.save_frame(frame)
    train.run(TrainSpec(data=data, target=target, algo=algo, as_="m", **more), context)
    return subject.remade("m", "--cv", context)


def ask(context, **more):
    return evaluate.run(EvaluateSpec(model="m", **more), context)


def grid(result, name):
    return next(each for each in result.grids if each.name == name)


@pytest.mark.parametrize("cores", [1, 3])
def test_folds_of_classes_are_scikit_learn_s(tmp_path, cores):
    context = LocalContext(tmp_path, cores=cores)
    who = trained(context)
    result = ask(context, cv=3, rounds=2, seed=5)
    folds = [StratifiedKFold(3, shuffle=True, random_state=seed) for seed in (5, 6)]
    oracle = np.concatenate(
        [cross_val_score(clone(who.pipeline), who.X, who.y, cv=cv) for cv in folds]
    )
    rows = grid(result, "folds").rows
    np.testing.assert_allclose([row[3] for row in rows], oracle)
    assert [row[0] for row in rows] == ["1.1", "1.2", "1.3", "2.1", "2.2", "2.3"]
    assert result.scores[0].value == pytest.approx(oracle.mean())
    assert result.scores[0].baseline == pytest.approx(0.627, abs=0.01)
    assert (result.rows, result.partial) == (569, False)


def test_folds_of_numbers_are_scikit_learn_s(context):
    who = trained(context, "diabetes", "progression")
    result = ask(context, cv=4)
    folds = KFold(4, shuffle=True, random_state=0)
    oracle = cross_val_score(clone(who.pipeline), who.X, who.y, cv=folds, scoring="r2")
    np.testing.assert_allclose([row[3] for row in grid(result, "folds").rows], oracle)


def test_the_interval_is_nadeau_and_bengio_s():
    values, ratio = [0.8, 0.9, 0.85, 0.95], 0.25
    mean, low, high = resampling.corrected(values, ratio, 0.9)
    reach = 2.353363 * np.sqrt((1 / 4 + 0.25) * np.var(values, ddof=1))  # t of 3 degrees, 95 %
    assert (mean, low, high) == (
        pytest.approx(0.875), pytest.approx(0.875 - reach, rel=1e-6), pytest.approx(0.875 + reach, rel=1e-6),
    )  # fmt: skip
    assert resampling.corrected([0.5, None], 0.25, 0.9) == (0.5, None, None)
    assert resampling.corrected([None], 0.25, 0.9) == (None, None, None)


def midway(x, y, folds):
    """Accuracy of each fold when classes are told apart midway between their means."""
    for train_, test in folds:
        middle = (x[train_][y[train_]].mean() + x[train_][~y[train_]].mean()) / 2
        yield float(np.mean((x[test] > middle) == y[test]))


def test_corrected_intervals_cover_where_plain_ones_do_not():
    rng, inside, plain = np.random.default_rng(0), 0, 0
    for seed in range(200):
        y = np.arange(100) % 2 == 1
        x = rng.normal(size=100) + 2 * y  # the best line is right in 84.13 %: the normal law at 1
        folds = RepeatedStratifiedKFold(n_splits=5, n_repeats=4, random_state=seed).split(x, y)
        found = list(midway(x, y, folds))
        _, low, high = resampling.corrected(found, 0.25, 0.9)
        _, lower, higher = resampling.corrected(found, 0.0, 0.9)
        inside += low <= 0.8413 <= high
        plain += lower <= 0.8413 <= higher
    assert inside >= 165  # 0.9 within 3.5 standard errors
    assert plain < 140


def visits():
    rng = np.random.default_rng(0)
    who = np.repeat([f"p{i}" for i in range(30)], 6)
    return pd.DataFrame({"patient": who, "day": np.arange(180), "a": rng.normal(size=180), "y": rng.choice(["u", "v"], 180)})  # fmt: skip


def test_folds_keep_groups_together(context):
    who = trained(context, visits(), "y", "ridge", split="group", by="patient")
    for fold in resampling.folds(who.task, 5, 2, 0):
        assert not set(who.task.by.iloc[fold.train]) & set(who.task.by.iloc[fold.test])
    assert ask(context, cv=5, rounds=2).rows == 180


def test_folds_in_time_learn_from_the_past_once(context):
    who = trained(context, visits(), "y", "ridge", split="time", by="day")
    for fold in resampling.folds(who.task, 4, 1, 0):
        assert who.task.by.iloc[fold.train].max() < who.task.by.iloc[fold.test].min()
    with pytest.raises(errors.DataError, match="the same in every round"):
        ask(context, cv=4, rounds=2)


def test_bounds_stay_where_a_metric_can_be(context):
    trained(context, "iris", "species", "logistic_regression")
    for score in ask(context, cv=10, confidence=0.999).scores:
        low, high = resampling.LIMITS.get(score.metric, (0.0, 1.0))
        assert low <= score.low <= score.high <= high


def test_a_stop_keeps_the_folds_so_far(tmp_path):
    context = LocalContext(tmp_path, stop_after=2)
    trained(context)
    result = ask(context, cv=5, rounds=4)
    assert result.partial
    assert 2 <= len(grid(result, "folds").rows) < 20
    assert "of 20 fits" in result.way


def test_every_fit_is_told(context):
    trained(context)
    ask(context, cv=3)
    told = [t.body for t in context.told if t.type == "progress"][-3:]
    assert [(each["done"], each["total"]) for each in told] == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize(("frame", "cv", "hint"), [
    (pd.DataFrame({"a": np.arange(23.0), "y": ["p"] * 20 + ["q"] * 3}), 5, "--cv 3"),
    (pd.DataFrame({"a": np.arange(8.0), "y": np.arange(8) / 7}), 5, "--cv 4"),
])  # fmt: skip
def test_more_folds_than_rows_are_refused(context, frame, cv, hint):
    trained(context, frame, "y", "ridge")
    with pytest.raises(errors.DataError) as caught:
        ask(context, cv=cv)
    assert caught.value.lines()[-1].endswith(hint)


def test_parameters_that_were_searched_are_kept_and_told(context):
    data = context.save_frame(catalogue.load("diabetes"))
    tune.run(TuneSpec(data=data, target="progression", algo="ridge", as_="m", cv=2, params={"alpha": [0.1, 1e6]}), context)  # fmt: skip
    assert ask(context, cv=3).scores[0].value > 0.3
    assert any("m@1 was chosen on" in str(t.body) for t in context.told)


# learning curve -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "target"), [("breast_cancer", "diagnosis"), ("diabetes", "progression")]
)
def test_a_learning_curve_is_scikit_learn_s(context, name, target):
    who = trained(context, name, target)
    result = ask(context, curve=True, cv=3)
    whole = resampling.folds(who.task, 3, 1, 0)
    classes = who.y.to_numpy() if who.info.task == "classification" else None
    cv = [(growing.order(f.train, classes, i), f.test) for i, f in enumerate(whole)]
    rows = [row for row in grid(result, "curve").rows if row[1] < 1]
    sizes = [row[0] for row in rows]
    _, _, oracle = learning_curve(clone(who.pipeline), who.X, who.y, train_sizes=sizes, cv=cv)
    np.testing.assert_allclose([row[2] for row in rows], oracle.mean(axis=1), atol=0.004)
    assert result.charts[0].name == "curve"


def test_every_beginning_holds_the_classes_as_often_as_all():
    classes = np.array(["rare"] * 10 + ["often"] * 90)
    found = growing.order(np.arange(100), classes, 0)
    assert sorted(found) == list(range(100))
    for share in (20, 50, 80):
        assert sum(classes[found[:share]] == "rare") == share / 10


@pytest.mark.parametrize(
    ("noise", "words"), [(0.0, "more rows would likely help"), (30.0, "no gain can be told")]
)
def test_a_curve_says_whether_rows_help(context, noise, words):
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(160, 125)), columns=[f"c{i}" for i in range(125)])
    trained(context, X.assign(y=X.sum(axis=1) + noise * rng.normal(size=160)), "y", "ridge")
    assert words in ask(context, curve=True).findings[0]


def test_a_stopped_curve_keeps_whole_shares(tmp_path):
    context = LocalContext(tmp_path, stop_after=6)
    trained(context)
    result = ask(context, curve=True)
    assert result.partial
    assert [row[1] for row in grid(result, "curve").rows] == [0.1]


def test_a_curve_stops_at_its_time(context, monkeypatch):
    monkeypatch.setattr(growing, "SECONDS", 0.0)
    trained(context)
    result = ask(context, curve=True)
    assert (len(grid(result, "curve").rows), result.partial) == (1, True)
