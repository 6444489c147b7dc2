"""Every algorithm is measured, explained, learned anew and compared; weights are learned with again."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from aiaas_magics.engines import evaluate, train
from aiaas_magics.engines.evaluation import resampling, subject
from aiaas_magics.specs.algorithms import ALGORITHMS
from aiaas_magics.specs.evaluate import EvaluateSpec
from aiaas_magics.specs.train import TrainSpec

EVERY = [(algorithm.name, task) for algorithm in ALGORITHMS for task in algorithm.tasks]


def table(rows=80):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=rows), "b": rng.choice(["x", "y"], rows)})
    score = frame["a"] + (frame["b"] == "x") + 0.3 * rng.normal(size=rows)
    return frame.assign(
        w=rng.random(rows), classification=np.where(score > 0.5, "up", "down"), regression=score
    )


def trained(context, algo, task, as_="m", **more):
    frame = table().drop(columns={"classification", "regression"} - {task})
    asked = {"features": ("a", "b"), **more}
    train.run(
        TrainSpec(data=context.save_frame(frame), target=task, algo=algo, as_=as_, **asked), context
    )


@pytest.mark.parametrize(("algo", "task"), EVERY)
def test_an_algorithm_is_explained_learned_anew_and_compared(context, monkeypatch, algo, task):
    monkeypatch.setattr("aiaas_magics.engines.pictures.png", lambda chart: b"")
    trained(context, algo, task)
    asked = {"model": "m", "repeats": 100, "shuffles": 2}
    found = evaluate.run(EvaluateSpec(**asked), context)
    assert {score.metric for score in found.importance} == {"a", "b"}
    assert found.charts[-1].name == "dependence"
    folds = evaluate.run(EvaluateSpec(**asked, cv=2, against="m"), context)
    assert folds.differences[0].value == 0


def test_weights_are_learned_with_again(context):
    trained(context, "logistic_regression", "classification", weights="w", features=())
    who = subject.remade("m", "--cv", context)
    assert list(who.X.columns) == ["a", "b"]
    weights = table()["w"].to_numpy()
    expected = [
        clone(who.pipeline).fit(who.X.iloc[f.train], who.y.iloc[f.train], model__sample_weight=weights[f.train]).score(who.X.iloc[f.test], who.y.iloc[f.test])
        for f in resampling.folds(who.task, 4, 1, 0)
    ]  # fmt: skip
    result = evaluate.run(EvaluateSpec(model="m", cv=4), context)
    assert [row[3] for row in result.grids[0].rows] == expected
    assert result.findings == (
        "m@1 learned from rows of different weight; scores count every row once",
    )


def test_a_second_model_learns_with_its_own_weights(context):
    trained(context, "decision_tree", "classification", as_="a")
    trained(context, "decision_tree", "classification", as_="b", weights="w")
    both = evaluate.run(EvaluateSpec(model="a", against="b", cv=4), context)
    alone = evaluate.run(EvaluateSpec(model="b", cv=4), context)
    assert [row[2] for row in both.grids[0].rows] == [row[3] for row in alone.grids[0].rows]
    assert both.findings[-1].startswith("b@1 learned from rows of different weight")
