"""Evaluation: on rows not seen, against the baseline, with pictures."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from aiaas_magics import errors
from aiaas_magics.engines import catalogue, evaluate, train
from aiaas_magics.specs.evaluate import EvaluateSpec
from aiaas_magics.specs.train import TrainSpec


def model(context, name="iris", target="species", algo="random_forest", **more):
    data = context.save_frame(catalogue.load(name) if isinstance(name, str) else name)
    params = {"n_estimators": 20} if algo == "random_forest" else {}
    return train.run(
        TrainSpec(data=data, target=target, algo=algo, as_="m", params=params, **more), context
    )


def ask(context, **more):
    return evaluate.run(EvaluateSpec(model="m", repeats=200, **{"shuffles": 3, **more}), context)


@pytest.mark.parametrize(
    ("name", "target", "algo", "charts"),
    [
        (
            "iris",
            "species",
            "random_forest",
            ["confusion", "roc", "precision_recall", "calibration", "importance", "dependence"],
        ),
        (
            "breast_cancer",
            "diagnosis",
            "logistic_regression",
            ["confusion", "roc", "precision_recall", "calibration", "importance", "dependence"],
        ),
        ("iris", "species", "ridge", ["confusion", "importance", "dependence"]),
        (
            "diabetes",
            "progression",
            "ridge",
            ["residuals", "predicted", "importance", "dependence"],
        ),
        (
            "tickets",
            "topic",
            "logistic_regression",
            ["confusion", "roc", "precision_recall", "calibration", "importance", "dependence"],
        ),
    ],
)
def test_every_kind_of_model_is_measured(context, name, target, algo, charts):
    trained = model(context, name, target, algo)
    result = ask(context)
    assert [chart.name for chart in result.charts] == charts
    assert all(
        chart.png and chart.text and chart.spec["$schema"].endswith("v5.json")
        for chart in result.charts
    )
    first = result.scores[0]
    assert first.low <= first.value <= first.high
    assert first.value == pytest.approx(trained.scores[0].value)
    assert first.baseline < first.value
    assert result.rows == trained.held_out
    json.dumps([chart.spec for chart in result.charts], allow_nan=False)


def test_the_column_that_matters_is_found(context):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(300, 3)), columns=["noise", "signal", "more"])
    frame["y"] = np.where(frame["signal"] > 0, "up", "down")
    model(context, frame, "y")
    found = ask(context).importance
    assert found[0].metric == "signal"
    assert found[0].low > 0.2
    assert all(abs(score.value) < 0.1 for score in found[1:])


def test_other_rows_are_measured(context):
    model(context)
    other = context.save_frame(catalogue.load("iris").head(60))
    result = ask(context, data=other, shuffles=0)
    assert (result.rows, result.data) == (60, "the given table")
    assert result.importance == ()


IRIS = catalogue.load("iris")


@pytest.mark.parametrize(
    ("frame", "what"),
    [
        (IRIS.drop(columns="petal_width_cm"), "no column 'petal_width_cm'"),
        (IRIS.drop(columns="species"), "no column 'species'"),
        (IRIS.assign(species=None), "no row has a target"),
        (IRIS.assign(species="rosa"), "does not know the class 'rosa'"),
        (IRIS.assign(petal_width_cm=np.nan), "missing values"),
    ],
)
def test_rows_that_do_not_fit_are_refused(context, frame, what):
    model(context)
    with pytest.raises(errors.DataError, match=what):
        ask(context, data=context.save_frame(frame))


@pytest.mark.parametrize(
    ("learned", "asked"),
    [
        ([0.0, 1.0], [0, 1]), ([0, 1], [0.0, 1.0]), ([0, 1], [False, True]), ([False, True], [0, 1]),
        (["0", "1"], [0, 1]), (["p", "q"], pd.Categorical(["p", "q"], ["q", "p", "r"])),
    ],
    ids=["float int", "int float", "int bool", "bool int", "text int", "text category"],
)  # fmt: skip
@pytest.mark.parametrize("algo", ["random_forest", "ridge"])
def test_classes_are_the_same_in_another_kind(context, learned, asked, algo):
    rows = pd.DataFrame({"a": np.arange(40.0), "b": np.arange(40.0) % 3})
    train_rows = rows.assign(y=np.array(learned)[(rows["a"] > 19).astype(int)])
    model(context, train_rows, "y", algo)
    other = rows.assign(y=pd.Series(asked)[(rows["a"] > 19).astype(int)].to_numpy())
    result = ask(context, data=context.save_frame(other), shuffles=1)
    assert result.scores[0].value > 0.8
    assert result.importance[0].value > 0.2


@pytest.mark.parametrize("strange", [2, "0", 0.5])
def test_a_class_of_another_value_is_unknown(context, strange):
    rows = pd.DataFrame({"a": np.arange(40.0), "y": [0, 1] * 20})
    model(context, rows, "y")
    other = context.save_frame(rows.assign(y=strange))
    with pytest.raises(errors.DataError, match=f"does not know the class '{strange}'"):
        ask(context, data=other)


def test_dates_are_measured_on_the_clock_they_were_learned_on(context):
    hours = pd.Series(pd.date_range("2026-06-01", periods=96, freq="h", tz="UTC"))
    rows = pd.DataFrame({"when": hours, "y": hours.dt.hour * 1.5})
    model(context, rows, "y", test=0.0)
    moved = rows.assign(when=hours.dt.tz_convert("Asia/Tokyo"))
    here, there = (ask(context, data=context.save_frame(f), shuffles=0) for f in (rows, moved))
    assert here.scores == there.scores


def test_constant_predictions_are_measured_without_a_word_of_numpy(context):
    params = {"min_samples_leaf": 300, "n_estimators": 2}
    data = context.save_frame(catalogue.load("diabetes"))
    spec = TrainSpec(data=data, target="progression", algo="random_forest", as_="m", params=params)
    train.run(spec, context)
    texts = [chart.text for chart in ask(context).charts]
    assert any("undefined, as one of them is constant" in text for text in texts)
    assert not any("nan" in text for text in texts)
    assert not [t for t in context.told if t.type == "warning"]


@pytest.mark.parametrize("ours", ["measuring.measure", "curves.of_classes"])
def test_a_mistake_of_ours_is_not_blamed_on_the_data(context, monkeypatch, ours):
    def broken(*args, **more):
        raise TypeError("a bug")

    model(context)
    monkeypatch.setattr(f"aiaas_magics.engines.{ours}", broken)
    with pytest.raises(TypeError, match="a bug"):
        ask(context)


def test_rows_of_one_class_have_no_roc_curve(context):
    model(context, "breast_cancer", "diagnosis")
    rows = catalogue.load("breast_cancer").query("diagnosis == 'benign'")
    result = ask(context, data=context.save_frame(rows), shuffles=0)
    assert next(s for s in result.scores if s.metric == "roc_auc").value is None
    assert next(c for c in result.charts if c.name == "roc").text.endswith("of one class")


def test_one_held_out_row_has_no_r2(context):
    frame = pd.DataFrame({"a": np.arange(12.0), "y": np.arange(12) / 7})
    trained = model(context, frame, "y", "ridge", test=0.05)
    result = ask(context)
    assert (trained.scores[0].value, result.scores[0].value, result.rows) == (None, None, 1)
    assert result.importance == ()
    assert context.model("m")[0].scores == {}


@pytest.mark.parametrize("shuffles", [1, 2, 7])
def test_an_importance_s_interval_is_student_s(context, shuffles):
    model(context)
    wide = ask(context, shuffles=shuffles, confidence=0.99).importance[0]
    narrow = ask(context, shuffles=shuffles, confidence=0.9).importance[0]
    if shuffles == 1:
        assert (wide.low, wide.high) == (None, None)
    else:
        ratio = stats.t.ppf(0.995, shuffles - 1) / stats.t.ppf(0.95, shuffles - 1)
        assert wide.high - wide.low == pytest.approx(ratio * (narrow.high - narrow.low))
        assert wide.high - wide.value == pytest.approx(wide.value - wide.low)


def test_without_held_out_rows_other_data_is_needed(context):
    model(context, test=0.0)
    with pytest.raises(errors.DataError, match="trained on all rows"):
        ask(context)


def test_an_evaluation_is_a_function_of_its_seed(context):
    model(context)
    assert ask(context) == ask(context)
    assert ask(context).scores != ask(context, seed=1).scores


@pytest.mark.parametrize(("rows", "told"), [(slice(None), True), (slice(0, 0), False)])
def test_rows_that_were_learned_from_are_told(context, rows, told):
    frame = catalogue.load("breast_cancer")
    data = context.save_frame(frame)
    spec = TrainSpec(data=data, target="diagnosis", algo="ridge", as_="m")
    train.run(spec, context)
    fresh = frame.assign(mean_radius=frame["mean_radius"] + 1)
    given = context.save_frame(pd.concat([frame[rows], fresh.head(50)], ignore_index=True))
    evaluate.run(EvaluateSpec(model="m", data=given, shuffles=0), context)
    said = [t.body["text"] for t in context.told if t.type == "warning"]
    assert any("learned from: the scores flatter" in text for text in said) == told
