"""Importance: scikit-learn's permutation importance, in time, and told where columns share it."""

import numpy as np
import pandas as pd
import pytest
from sklearn.inspection import permutation_importance

from aiaas_magics.engines import catalogue, evaluate, importance, train
from aiaas_magics.engines.evaluation import alike, subject
from aiaas_magics.engines.threads import shared
from aiaas_magics.specs.evaluate import EvaluateSpec
from aiaas_magics.specs.train import TrainSpec
from aiaas_magics.testing.context import LocalContext


def trained(context, name="iris", target="species", algo="random_forest"):
    frame = catalogue.load(name) if isinstance(name, str) else name
    params = {"n_estimators": 10} if algo == "random_forest" else {}
    spec = TrainSpec(
        data=context.save_frame(frame), target=target, algo=algo, as_="m", params=params
    )
    train.run(spec, context)
    return subject.load("m", None, context)


def ask(context, **more):
    return evaluate.run(EvaluateSpec(model="m", repeats=100, effects=0, **more), context)


@pytest.mark.parametrize(
    ("name", "target", "algo"),
    [("iris", "species", "ridge"), ("diabetes", "progression", "random_forest")],
)
def test_it_is_scikit_learn_s_but_for_the_order_of_the_rows(context, name, target, algo):
    who = trained(context, name, target, algo)
    ours = {s.metric: s for s in ask(context, shuffles=60).importance}
    theirs = permutation_importance(who.pipeline, who.X, who.y, n_repeats=60, random_state=0)
    for column, mean, spread in zip(who.X.columns, theirs.importances_mean, theirs.importances_std, strict=True):  # fmt: skip
        assert abs(ours[column].value - mean) < 5 * spread * np.sqrt(2 / 60) + 1e-9


def test_a_stack_of_shuffles_is_each_shuffle_by_itself():
    frame = pd.DataFrame({"a": [1, 2, 3], "b": pd.Categorical(["x", "y", "x"]), "c": pd.date_range("2026", periods=3)})  # fmt: skip
    orders = [np.array([2, 0, 1]), np.array([1, 2, 0]), np.array([2, 1, 0])]
    stack = [importance.Shuffle(c, order) for c, order in zip((0, 1, 1), orders, strict=True)]
    whole = importance.stacked(frame, stack)
    for number, shuffle in enumerate(stack):
        name = frame.columns[shuffle.column]
        expected = frame.assign(**{name: frame[name].iloc[shuffle.order].array})
        part = whole.iloc[3 * number : 3 * number + 3].reset_index(drop=True)
        pd.testing.assert_frame_equal(part, expected)


@pytest.mark.parametrize("cores", [1, 4])
def test_it_is_the_same_on_any_number_of_cores(tmp_path, cores):
    context = LocalContext(tmp_path, cores=cores)
    trained(context)
    found = ask(context, shuffles=4).importance
    assert found[0].metric.startswith("petal")
    assert found == ask(LocalContextOf(context, 2), shuffles=4).importance


def LocalContextOf(context, cores):
    context.cores = cores
    return context


def test_a_slow_model_gets_fewer_rows_and_shuffles_and_it_is_told(context, monkeypatch):
    monkeypatch.setattr(importance, "SECONDS", 0.0)
    trained(context, "breast_cancer", "diagnosis", "ridge")
    result = ask(context, shuffles=300)
    assert len(result.importance) == 30
    assert "shuffles of each column" in result.findings[0]


def test_a_stop_keeps_the_columns_seen(tmp_path):
    context = LocalContext(tmp_path)
    who = trained(context, "breast_cancer", "diagnosis", "ridge")
    context._stop_after = 0
    found = importance.importance(
        who.pipeline.predict, who.X, lambda rows, calls: float(np.mean(calls == who.y.to_numpy()[rows])),
        shuffles=400, confidence=0.95, seed=0, context=context,
    )  # fmt: skip
    assert 0 < len(found.scores) <= 30
    assert "of 400 shuffles" in found.note


# columns that are alike ---------------------------------------------------------------------------
def test_columns_alike_are_grouped_whatever_their_scale():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"cm": rng.normal(size=100), "other": rng.normal(size=100), "kind": rng.choice(["a", "b"], 100)})  # fmt: skip
    frame = frame.assign(inch=frame["cm"] / 2.54, cube=-(frame["cm"] ** 3), code=frame["kind"].map({"a": "x", "b": "y"}))  # fmt: skip
    roles = {name: "category" if name in ("kind", "code") else "number" for name in frame}
    assert alike.groups(frame, roles) == [["cm", "inch", "cube"], ["kind", "code"]]
    assert "cm, inch, cube; kind, code" in alike.words(alike.groups(frame, roles))


@pytest.mark.parametrize("values", [[1.0] * 50, [np.nan] * 50, []])
def test_a_column_that_says_nothing_is_like_no_other(values):
    frame = pd.DataFrame({"a": values, "b": values}, dtype="float64")
    assert alike.groups(frame, {"a": "number", "b": "number"}) == []
    assert alike.words([]) == ""


def test_many_categories_of_few_rows_are_not_alike_by_chance():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.integers(0, 40, (60, 2)).astype("str"), columns=["a", "b"])
    assert alike.groups(frame, {"a": "category", "b": "category"}) == []


def test_an_evaluation_warns_of_shared_importance(context):
    trained(context, "breast_cancer", "diagnosis", "ridge")
    ask(context, shuffles=1)
    assert any("share their importance: mean_radius" in str(t.body) for t in context.told)


# threads ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("cores", [1, 3])
def test_shared_work_comes_back_in_order(cores):
    assert list(shared(lambda x: x * x, range(20), cores)) == [x * x for x in range(20)]


def test_shared_work_that_is_closed_begins_no_more():
    begun = []
    work = shared(lambda x: begun.append(x) or x, range(1000), 2)
    assert [next(work), next(work)] == [0, 1]
    work.close()
    assert len(begun) < 10
