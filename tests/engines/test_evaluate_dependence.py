"""Partial dependence is scikit-learn's, of raw columns of any kind."""

import numpy as np
import pandas as pd
import pytest
from sklearn.inspection import partial_dependence

from aiaas_magics import errors
from aiaas_magics.engines import catalogue, evaluate, train
from aiaas_magics.engines.evaluation import dependence, subject
from aiaas_magics.specs.evaluate import EvaluateSpec
from aiaas_magics.specs.train import TrainSpec


def trained(context, frame, target, algo="random_forest", **more):
    params = {"n_estimators": 10} if algo == "random_forest" else {}
    data = context.save_frame(frame)
    train.run(
        TrainSpec(data=data, target=target, algo=algo, as_="m", params=params, **more), context
    )
    return subject.load("m", None, context)


def mixed(rows=200):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({
        "n": rng.normal(size=rows), "whole": rng.integers(0, 4, rows),
        "kind": pd.Categorical(rng.choice(["a", "b", "c"], rows)), "on": rng.random(rows) < 0.5,
        "when": pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(rng.integers(0, 90, rows), "D"),
    })  # fmt: skip
    return frame.assign(y=frame["n"] * 2 + (frame["kind"] == "a") + frame["when"].dt.month)


@pytest.mark.parametrize("column", ["bmi", "sex"])
def test_of_numbers_it_is_scikit_learn_s(context, column, monkeypatch):
    who = trained(context, catalogue.load("diabetes"), "progression")
    (effect,) = dependence.effects(
        lambda X: who.pipeline.predict(X)[:, None], who.X, who.roles(), [column], 0
    )
    values = effect.values.to_numpy()
    oracle = partial_dependence(who.pipeline, who.X, [column], custom_values={column: values}, method="brute", kind="both")  # fmt: skip
    np.testing.assert_allclose(effect.means[:, 0], oracle["average"][0])
    np.testing.assert_allclose(effect.answers[:, :, 0].T, oracle["individual"][0])


def test_of_classes_it_is_scikit_learn_s(context):
    who = trained(context, catalogue.load("iris"), "species")
    (effect,) = dependence.effects(
        who.pipeline.predict_proba, who.X, who.roles(), ["petal_width_cm"], 0
    )
    oracle = partial_dependence(
        who.pipeline, who.X, ["petal_width_cm"], custom_values={"petal_width_cm": effect.values.to_numpy()}, method="brute"
    )  # fmt: skip
    np.testing.assert_allclose(effect.means.T, oracle["average"])


@pytest.mark.parametrize("algo", ["random_forest", "ridge", "hist_gradient_boosting"])
def test_every_kind_of_column_has_an_effect(context, algo):
    who = trained(context, mixed(), "y", algo)
    names = ["n", "whole", "kind", "on", "when"]
    found = dependence.effects(
        lambda X: who.pipeline.predict(X)[:, None], who.X, who.roles(), names, 0
    )
    assert [each.name for each in found] == names
    moves = {each.name: np.ptp(each.means) for each in found}
    assert moves["n"] > moves["on"]
    assert sorted(found[2].values) == ["a", "b", "c"]
    assert found[4].values.is_monotonic_increasing
    chart = dependence.found(found, ["y"], "predicted y", lines=True).charts[0]
    assert len(chart.spec["concat"]) == 5


def test_a_gap_and_a_rare_value_are_not_on_the_grid():
    column = pd.Series([3.0, np.nan, 1.0, 2.0, 2.0])
    assert column.iloc[dependence.grid(column, "number")].tolist() == [1.0, 2.0, 3.0]
    names = pd.Series([f"k{i}" for i in range(20)] * 2 + ["k3"])
    places = dependence.grid(names, "category")
    assert len(places) == dependence.VALUES
    assert names.iloc[places[0]] == "k3"


def test_many_numbers_are_quantiles_that_occur():
    column = pd.Series(np.random.default_rng(0).exponential(size=500))
    values = column.iloc[dependence.grid(column, "number")]
    assert len(values) == dependence.GRID
    assert values.is_monotonic_increasing
    assert (values.iloc[0], values.iloc[-1]) == (column.min(), column.max())


def test_single_rows_are_drawn_unless_no_row_may_be_shown(context):
    trained(context, catalogue.load("breast_cancer"), "diagnosis")

    def parts(rows):
        asked = EvaluateSpec(model="m", repeats=100, shuffles=1, rows=rows)
        chart = next(c for c in evaluate.run(asked, context).charts if c.name == "dependence")
        return {row["part"] for panel in chart.spec["concat"] for row in panel["data"]["values"]}

    assert parts(5) == {"mean", "row", "tick"}
    assert parts(0) == {"mean", "tick"}


@pytest.mark.parametrize(
    ("columns", "says"),
    [(("petal",), "does not look at a column 'petal'"), (tuple("abcdefghi"), "does not look")],
)
def test_a_column_that_is_not_there_is_refused(context, columns, says):
    trained(context, catalogue.load("iris"), "species")
    with pytest.raises(errors.DataError, match=says):
        evaluate.run(EvaluateSpec(model="m", columns=columns), context)


def test_prose_has_no_axis(context):
    trained(context, catalogue.load("tickets"), "topic", "logistic_regression")
    texts = [
        name for name, role in subject.load("m", None, context).roles().items() if role == "text"
    ]
    with pytest.raises(errors.DataError, match="prose"):
        evaluate.run(EvaluateSpec(model="m", columns=(texts[0],)), context)


def test_columns_asked_for_need_no_importance(context):
    trained(context, catalogue.load("iris"), "species", "ridge")
    asked = EvaluateSpec(model="m", columns=("sepal_width_cm",), shuffles=0, repeats=100)
    chart = evaluate.run(asked, context).charts[-1]
    assert (chart.name, len(chart.spec["concat"])) == ("dependence", 1)
    assert "share called so" in chart.text
