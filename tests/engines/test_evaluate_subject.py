"""Whom an evaluation measures: held-out rows, other rows, models whose training is not known, large tables."""

import msgspec
import numpy as np
import pandas as pd
import pytest

from aiaas_magics import errors
from aiaas_magics.engines import catalogue, evaluate, train
from aiaas_magics.engines.evaluation import subject
from aiaas_magics.specs.evaluate import EvaluateSpec
from aiaas_magics.specs.records import Lineage
from aiaas_magics.specs.train import TrainSpec


def trained(context, frame="iris", target="species", algo="ridge", as_="m", **more):
    data = context.save_frame(catalogue.load(frame) if isinstance(frame, str) else frame)
    train.run(TrainSpec(data=data, target=target, algo=algo, as_=as_, **more), context)
    return data


def imported(context):
    """Make the last model one of which nothing is known but itself."""
    known = context._models["m"]
    known[-1] = msgspec.structs.replace(known[-1], lineage=Lineage(spec={}, data=""))


def ask(context, **more):
    return evaluate.run(EvaluateSpec(model="m", **{"repeats": 100, "shuffles": 1, **more}), context)


def test_a_model_from_elsewhere_is_measured_on_rows_that_are_given(context):
    data = trained(context)
    imported(context)
    result = ask(context, data=data)
    assert result.rows == 150
    assert result.scores[0].baseline == pytest.approx(1 / 3)
    assert {"importance", "dependence"} <= {chart.name for chart in result.charts}


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({}, "it has no held-out rows"),
        ({"cv": 3}, "--cv cannot learn anew"),
        ({"curve": True}, "--curve cannot learn anew"),
        ({"against": "m", "cv": 3}, "--cv cannot learn anew"),
    ],
)
def test_a_model_from_elsewhere_has_no_rows_of_its_own(context, asked, says):
    trained(context)
    imported(context)
    with pytest.raises(errors.DataError) as caught:
        ask(context, **asked)
    assert says in " ".join(caught.value.lines())
    assert caught.value.lines()[-1].endswith("%aiaas_evaluate m test_rows")


def test_a_model_trained_on_all_rows_is_pointed_to_folds(context):
    trained(context, test=0.0)
    with pytest.raises(errors.DataError) as caught:
        ask(context)
    assert caught.value.lines()[-1].endswith("--cv 5")
    assert ask(context, cv=3).rows == 150


def test_a_large_table_is_predicted_block_by_block_and_told(context, monkeypatch):
    data = trained(context)
    whole = ask(context, data=data)
    monkeypatch.setattr(subject, "BLOCK", 40)
    context.told.clear()
    assert ask(context, data=data) == whole
    told = [t.body["text"] for t in context.told if t.type == "progress"]
    assert told[:5] == ["predicting", *(f"predicting, {n} of 150 rows" for n in (40, 80, 120, 150))]
    assert any(text.startswith("bootstrap, ") for text in told)


def test_a_fold_without_a_class_gives_it_no_probability():
    class Model:
        classes_ = np.array(["a", "c"])

        def predict(self, X):
            return np.array(["a"] * len(X))

        def predict_proba(self, X):
            return np.tile([0.75, 0.25], (len(X), 1))

    info = msgspec.convert({"classes": ["a", "b", "c"]}, dict)
    signature = type("S", (), info)
    told = type("I", (), {"task": "classification", "signature": signature})
    made = subject.outcome(Model(), pd.DataFrame({"x": [1, 2]}), pd.Series(["b", "c"]), told)
    assert made.proba.tolist() == [[0.75, 0, 0.25]] * 2
    assert made.truth.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("off", "gone"),
    [
        ("slices", "slices"),
        ("rows", "mistakes"),
        ("effects", "dependence"),
        ("shuffles", "importance"),
    ],
)
def test_every_part_can_be_left_out(context, off, gone):
    trained(context, "breast_cancer", "diagnosis")
    names = [{each.name for each in (*result.grids, *result.charts)} for result in (ask(context), ask(context, **{off: 0}))]  # fmt: skip
    assert gone in names[0]
    assert gone not in names[1]


def test_groups_that_were_held_out_whole_are_drawn_whole(context):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"who": np.repeat(np.arange(20), 10), "a": rng.normal(size=200)})
    frame["y"] = np.where(frame["a"] + rng.normal(size=200) > 0, "u", "v")
    trained(context, frame, "y", split="group", by="who")
    assert "groups of who" in ask(context).way
    assert ask(context, data=context.save_frame(frame)).way == ""
