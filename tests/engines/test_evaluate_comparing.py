"""Two models on the same rows: pairs are pairs, nobody is measured on what it learned from, and it is said in words."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from aiaas_magics import errors
from aiaas_magics.engines import catalogue, evaluate, train
from aiaas_magics.engines.evaluation import comparing, resampling, subject
from aiaas_magics.specs.evaluate import EvaluateSpec
from aiaas_magics.specs.train import TrainSpec


def trained(context, as_, frame="breast_cancer", target="diagnosis", algo="ridge", **more):
    frame = catalogue.load(frame) if isinstance(frame, str) else frame
    data = context.save_frame(frame)
    train.run(TrainSpec(data=data, target=target, algo=algo, as_=as_, **more), context)


def compared(context, **more):
    return evaluate.run(EvaluateSpec(model="a", against="b", **{"repeats": 200, **more}), context)


def warned(context):
    return [t.body["text"] for t in context.told if t.type == "warning"]


def noisy(rows=400, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"good": rng.normal(size=rows), "bad": rng.normal(size=rows)})
    return frame.assign(y=np.where(frame["good"] + rng.normal(size=rows) * 0.3 > 0, "up", "down"))


def test_the_better_model_is_named_with_points_and_interval(context):
    trained(context, "a", noisy(), "y", features=("good",))
    trained(context, "b", noisy(), "y", features=("bad",))
    result = compared(context)
    first = result.differences[0]
    assert result.better == "a@1"
    assert result.verdict.startswith(
        f"a@1 is better than b@1 by {100 * first.value:.1f}".removesuffix(".0")
    )
    assert "points of accuracy, 95 % interval" in result.verdict
    assert 0 < first.low < first.value < first.high
    assert first.value == pytest.approx(first.first - first.second)
    assert result.p < 0.001
    turned = evaluate.run(EvaluateSpec(model="b", against="a", repeats=200), context)
    assert turned.better == "a@1"
    assert turned.differences[0].value == pytest.approx(-first.value)


def test_a_model_against_itself_differs_by_nothing(context):
    trained(context, "a")
    trained(context, "b")
    result = compared(context)
    assert {(d.value, d.low, d.high) for d in result.differences} == {(0.0, 0.0, 0.0)}
    assert result.better is None
    assert "not distinguishable on these 114 rows" in result.verdict
    assert result.p == 1.0
    assert result.grids[0].rows[1][1] == result.grids[0].rows[2][1] == 0


def test_pairs_make_a_narrower_interval_than_two_samples(context):
    trained(context, "a")
    trained(context, "b", algo="logistic_regression")
    gap = compared(context, repeats=1000).differences[0]
    alone = [
        evaluate.run(EvaluateSpec(model=m, repeats=1000, shuffles=0), context).scores[0]
        for m in "ab"
    ]
    assert gap.high - gap.low < np.hypot(*(s.high - s.low for s in alone))
    assert [gap.first, gap.second] == [s.value for s in alone]


@pytest.mark.parametrize(("mine", "theirs"), [(0, 0), (3, 3), (10, 2), (0, 7), (40, 61)])
def test_mcnemar_is_the_coin_s(mine, theirs):
    expected = binomtest(min(mine, theirs), mine + theirs).pvalue if mine + theirs else 1.0
    assert comparing.sign_test(mine, theirs) == pytest.approx(expected)


def test_the_table_of_agreement_counts_every_row_once(context):
    trained(context, "a", "iris", "species", algo="logistic_regression")
    trained(context, "b", "iris", "species", "ridge")
    grid = compared(context).grids[0]
    a, b = (subject.load(m, None, context) for m in "ab")
    right = [np.asarray(w.pipeline.predict(w.X)) == w.y.to_numpy() for w in (a, b)]
    assert sum(row[1] for row in grid.rows) == 30
    assert [row[1] for row in grid.rows[:3]] == [
        int((right[0] & right[1]).sum()), int((right[0] & ~right[1]).sum()), int((~right[0] & right[1]).sum()),
    ]  # fmt: skip


def test_of_numbers_less_error_is_better(context):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(300, 2)), columns=["good", "bad"])
    frame["y"] = frame["good"] + 0.1 * rng.normal(size=300)
    trained(context, "a", frame, "y", features=("bad",))
    trained(context, "b", frame, "y", features=("good",))
    result = compared(context)
    assert result.better == "b@1"
    assert " in r2, 95 % interval" in result.verdict
    assert next(d for d in result.differences if d.metric == "rmse").value > 0
    assert "sign test" in result.findings[0]


@pytest.mark.parametrize("same_data", [True, False])
def test_rows_the_other_has_learned_from_are_left_out(context, same_data):
    frame = catalogue.load("breast_cancer")
    trained(context, "a", frame, test=0.4)
    trained(
        context,
        "b",
        frame if same_data else frame.iloc[::-1].reset_index(drop=True),
        test=0.4,
        seed=7,
    )
    result = compared(context)
    a, b = (subject.load(m, None, context) for m in "ab")
    both = a.X.merge(b.X, how="inner")
    assert result.rows == len(both) < len(a.X)
    assert any(
        f"{len(a.X) - len(both)} of {len(a.X)} rows were left out" in text
        for text in warned(context)
    )


def test_too_few_new_rows_are_refused_with_the_line_that_helps(context):
    trained(context, "a")
    trained(context, "b", test=0.0)
    with pytest.raises(errors.DataError, match="only 0 of 114 rows are new") as caught:
        compared(context)
    assert caught.value.lines()[-1].endswith("%aiaas_evaluate a --against b --cv 5")


def test_new_rows_of_ones_own_are_compared(context):
    trained(context, "a", noisy(), "y")
    trained(context, "b", noisy(), "y", features=("bad",), test=0.0)
    result = compared(context, data=context.save_frame(noisy(100, seed=9)))
    assert (result.rows, result.better) == (100, "a@1")


def test_folds_are_the_same_for_both(context):
    trained(context, "a")
    trained(context, "b", algo="logistic_regression", params={"max_iter": 300})
    result = compared(context, cv=3)
    alone = [evaluate.run(EvaluateSpec(model=m, cv=3), context).grids[0].rows for m in "ab"]
    rows = result.grids[0].rows
    assert [row[1:3] for row in rows] == [(a[3], b[3]) for a, b in zip(*alone, strict=True)]
    gaps = [row[3] for row in rows]
    mean, low, high = resampling.corrected(gaps, 190 / 379, 0.95)
    first = result.differences[0]
    assert (first.value, first.low, first.high) == (pytest.approx(mean), pytest.approx(low, rel=0.01), pytest.approx(high, rel=0.01))  # fmt: skip
    assert result.p is None


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"frame": "iris", "target": "species"}, "predicts diagnosis"),
        ({"frame": catalogue.load("breast_cancer").assign(diagnosis=lambda f: f["diagnosis"].str.upper())}, "know different classes"),
    ],
)  # fmt: skip
def test_models_of_different_things_are_not_compared(context, other, says):
    trained(context, "a")
    trained(context, "b", **other)
    with pytest.raises(errors.DataError, match=says):
        compared(context)


def test_a_column_only_the_second_looks_at_is_taken_from_the_same_rows(context):
    trained(context, "a", noisy(), "y", features=("bad",))
    trained(context, "b", noisy(), "y", features=("good", "bad"))
    result = compared(context)
    b = evaluate.run(EvaluateSpec(model="b", repeats=200, shuffles=0), context)
    assert [d.second for d in result.differences] == [s.value for s in b.scores]


def test_ninety_percent_intervals_of_differences_cover_as_often():
    rng, inside = np.random.default_rng(0), 0
    for seed in range(150):
        hard = rng.random(150) < 0.3
        right = [np.where(hard, rng.random(150) < p, rng.random(150) < 0.95) for p in (0.6, 0.4)]
        drawn = [
            comparing.measuring.samples(
                comparing.measuring.Outcome(np.ones(150, int), r.astype(int), None, 2), "classification", repeats=200, seed=seed
            )["accuracy"] for r in right
        ]  # fmt: skip
        low, high = comparing.measuring.interval((drawn[0] - drawn[1])[1:], 0.9)
        inside += low <= 0.3 * 0.2 <= high
    assert 122 <= inside <= 147  # 0.9 within 3.5 standard errors
