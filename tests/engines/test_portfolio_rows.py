"""Rows of a comparison: samples within samples, with every class in them."""

import numpy as np
import pandas as pd
import pytest

from aiaas_magics.engines import learning
from aiaas_magics.engines.portfolio import rows
from aiaas_magics.specs.train import TrainSpec


@pytest.fixture
def task(context):
    y = np.where(np.arange(20_000) % 1000 == 0, "rare", np.where(np.arange(20_000) % 4, "a", "b"))
    frame = pd.DataFrame({"x": np.arange(20_000.0), "y": y})
    spec = TrainSpec(
        data=context.save_frame(frame), target="y", algo="auto", as_="m", features=("x",)
    )
    return learning.assemble(spec, context)


@pytest.mark.parametrize(
    ("count", "columns", "sizes"),
    [
        (455, 30, (455,)),
        (4_000, 10, (4_000,)),
        (16_000, 20, (2_500, 16_000)),
        (160_000, 30, (2_500, 20_000, 160_000)),
        (10_000_000, 10, (2_500, 20_000, 160_000, 2_000_000)),
    ],
)
def test_levels_rise_to_all_rows_or_the_most_that_are_compared(count, columns, sizes):
    assert rows.sizes(count, columns) == sizes


def test_a_level_s_rows_are_among_the_next_one_s(task):
    ordered = rows.order(task, 5, 0)
    small, large = (rows.level(task, ordered, size, 5, 0, "accuracy") for size in (2_500, 12_000))
    assert set(small.rows) < set(large.rows) < set(task.train)
    assert rows.level(task, ordered, 16_000, 5, 0, "accuracy").rows is task.train


def test_a_rare_class_is_in_every_sample_and_the_others_keep_their_shares(task):
    sample = task.y.iloc[rows.order(task, 5, 0)[:2_500]].value_counts()
    assert sample["rare"] >= 10
    assert sample["b"] / sample["a"] == pytest.approx(1 / 3, abs=0.05)


def test_the_folds_of_a_level_are_a_partition_of_its_rows(task):
    level = rows.level(task, rows.order(task, 4, 0), 2_500, 4, 0, "accuracy")
    tests = np.concatenate([test for _, test in level.folds])
    assert sorted(tests) == list(range(2_500))
    assert all(not set(train) & set(test) for train, test in level.folds)


@pytest.mark.parametrize("size", [300, 800])
@pytest.mark.parametrize(("split", "by"), [("group", "patient"), ("time", "day")])
def test_folds_are_made_as_the_task_was_split(context, split, by, size):
    days = np.random.default_rng(0).permutation(1_000)
    frame = pd.DataFrame({"x": days % 7, "day": days, "patient": days % 50, "y": days % 2 > 0})
    spec = TrainSpec(
        data=context.save_frame(frame), target="y", algo="auto", as_="m", split=split, by=by
    )
    task = learning.assemble(spec, context)
    level = rows.level(task, rows.order(task, 4, 0), size, 4, 0, "accuracy")
    for train, test in level.folds:
        learned, tested = (frame[by].iloc[level.rows[places]] for places in (train, test))
        assert min(len(learned), len(tested)) > 0
        assert not set(learned) & set(tested) if split == "group" else max(learned) < min(tested)


def test_the_order_is_a_function_of_the_seed(task):
    one, two, other = (rows.order(task, 5, seed) for seed in (1, 1, 2))
    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)
