"""What a search remembers: bit by bit, of the same ground only, and never what nobody seeded."""

import math
import struct

import msgspec
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiaas_magics.engines import data, tune
from aiaas_magics.engines.sharing.base import Equality, Scored
from aiaas_magics.engines.tuning import memory
from aiaas_magics.specs.estimators import Estimator
from aiaas_magics.specs.spaces import Distribution
from aiaas_magics.specs.tune import TuneSpec
from aiaas_magics.testing.context import LocalContext

KEYS = memory.Keys("ground", "choice", "answer")
TABLE = pd.DataFrame({"a": np.arange(60.0) % 7, "b": np.arange(60.0) % 5, "y": ["u", "v"] * 30})


@pytest.fixture
def context(tmp_path):
    return LocalContext(tmp_path)


@pytest.fixture
def spec(context):
    address = context.save_frame(TABLE)
    return TuneSpec(
        data=address, target="y", algo="decision_tree", as_="best", cv=2, params={"max_depth": [1, 2, 3]}
    )  # fmt: skip


def scored(value=0.5, equality=Equality.EXACT, **more):
    return Scored({"score": value}, None, 0.1, 0.2, 7, equality, **more)


def bits(value):
    return struct.pack("<d", value)


# Single scores -----------------------------------------------------------------------------------
@given(value=st.floats(), train=st.none() | st.floats())
def test_numbers_come_back_bit_by_bit(tmp_path_factory, value, train):
    context = LocalContext(tmp_path_factory.getbasetemp() / "bits")
    found = scored(value)._replace(train=None if train is None else {"score": train})
    memory.SearchMemory(context, KEYS).keep([({"C": 1.0}, 0, found)])
    again = memory.SearchMemory(context, KEYS).recall({"C": 1.0}, 0)
    assert bits(again.test["score"]) == bits(value)
    assert again.train is None if train is None else bits(again.train["score"]) == bits(train)
    assert again[2:] == found[2:]


def test_numpy_s_numbers_are_numbers(context):
    kept = memory.SearchMemory(context, KEYS)
    kept.keep([({"C": np.float64(0.1), "n": np.int64(3)}, 1, scored(np.float64(0.25)))])
    assert memory.SearchMemory(context, KEYS).recall({"n": 3, "C": 0.1}, 1).test == {"score": 0.25}


@pytest.mark.parametrize(
    "other", [{"C": 1}, {"C": True}, {"C": None}, {"C": math.nan}, {"C": 1.0, "D": 1}]
)
def test_what_looks_alike_is_not_the_same(context, other):
    kept = memory.SearchMemory(context, KEYS)
    kept.keep([({"C": 1.0}, 0, scored())])
    assert kept.recall({"C": 1.0}, 0) is not None
    assert kept.recall({"C": 1.0}, 1) is None
    assert kept.recall(other, 0) is None


def test_objects_and_failures_are_not_remembered(context):
    kept = memory.SearchMemory(context, KEYS)
    kept.keep(
        [({"model": object()}, 0, scored()), ({"C": -1.0}, 0, scored(failure="must be positive"))]
    )
    assert context.memory == {}
    assert kept.recall({"model": object()}, 0) is None
    assert kept.recall({"C": -1.0}, 0) is None


@pytest.mark.parametrize(
    ("equality", "anywhere"),
    [(Equality.EXACT, True), (Equality.TOLERANCE, False), (Equality.DISTRIBUTION, False)],
)
def test_what_depends_on_who_shared_is_recalled_by_the_same_search_alone(
    context, equality, anywhere
):
    memory.SearchMemory(context, KEYS).keep([({"C": 1}, 0, scored(equality=equality))])
    assert memory.SearchMemory(context, KEYS).recall({"C": 1}, 0) is not None
    larger = memory.SearchMemory(context, KEYS._replace(choice="more"))
    assert (larger.recall({"C": 1}, 0) is not None) == anywhere


# Keys --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"as_": "other"}, (True, True, False)), ({"again": True}, (True, True, True)),
        ({"resume": "j1"}, (True, True, True)), ({"params": {"max_depth": [1]}}, (True, False, False)),
        ({"seed": 1}, (False, False, False)), ({"cv": 3}, (False, False, False)),
        ({"features": ("a",)}, (False, False, False)), ({"sharing": "off"}, (False, False, False)),
        ({"metric": "f1"}, (False, False, False)),
    ],
)  # fmt: skip
def test_a_key_holds_what_decides(context, spec, change, same):
    table = data.load(spec.data, context)
    changed = memory.keys(msgspec.structs.replace(spec, **change), table)
    assert tuple(a == b for a, b in zip(memory.keys(spec, table), changed, strict=True)) == same


@pytest.mark.parametrize("what", ["libraries", "data"])
def test_other_libraries_and_other_rows_are_another_ground(context, spec, what, monkeypatch):
    table = data.load(spec.data, context)
    before = memory.keys(spec, table)
    if what == "libraries":
        monkeypatch.setattr(memory.metadata, "version", lambda name: "99")
    else:
        table = data.load(context.save_frame(TABLE.iloc[::-1]), context)
    assert not set(before) & set(memory.keys(spec, table))


@pytest.mark.parametrize(
    ("source", "seeded"),
    [
        ("rng = np.random.RandomState(self.random_state)", True), ("check_random_state(random_state)", True),
        ("np.random.default_rng(seed).normal()", True), ("np.random.default_rng()", False),
        ("np.random.normal()", False), ("import random\nrandom.random()", False),
        ("from random import gauss", False), ("RandomState( None )", False), ("os.urandom(4)", False),
    ],
)  # fmt: skip
def test_code_that_draws_unseeded_is_told_by_its_text(spec, source, seeded):
    own = Estimator(body="sha256:" + "0" * 64, name="Own", task="classification", source=source)
    asked = msgspec.structs.replace(spec, estimator=own)
    assert (memory.seeded(asked), memory.recalls(asked)) == (seeded, seeded)
    assert memory.recalls(msgspec.structs.replace(asked, resume="j1"))


def test_a_search_that_a_clock_ends_is_no_function_of_its_words(spec):
    assert not memory.seeded(msgspec.structs.replace(spec, time=5.0))


# Whole searches ----------------------------------------------------------------------------------
def ran(spec, context, job):
    context.job = job
    found = tune.run(spec, context)
    context.answers[job] = found
    return found


def test_the_same_search_is_answered_from_the_first(context, spec):
    first = ran(spec, context, "j1")
    second = ran(spec, context, "j2")
    assert second.remembered.text == "answered from job j1: the same search, data and libraries"
    assert msgspec.structs.replace(second, remembered=None) == first


def test_a_name_that_means_another_model_by_now_is_given_the_answer_again(context, spec):
    first = ran(spec, context, "j1")
    ran(msgspec.structs.replace(spec, params={"max_depth": [1]}), context, "j2")
    third = ran(spec, context, "j3")
    assert third.ref == f"{spec.as_}@3"
    assert (third.params, third.trials[0].mean) == (first.params, first.trials[0].mean)


def test_what_the_first_warned_of_is_told_again(context, spec):
    tried = msgspec.structs.replace(spec, params={})
    told = []
    for job in ("j1", "j2"):
        context.told.clear()
        ran(tried, context, job)
        told.append({each.body["text"] for each in context.told if each.type == "warning"})
    assert told[0] == told[1] != set()


@pytest.mark.parametrize("gone", ["model", "answer", "partial"])
def test_an_answer_that_is_gone_is_found_anew_from_its_scores(context, spec, gone):
    first = ran(spec, context, "j1")
    if gone == "model":
        context._models.clear()
    elif gone == "answer":
        context.answers.clear()
    else:
        context.answers["j1"] = msgspec.structs.replace(first, partial=True)
    second = ran(spec, context, "j2")
    assert second.remembered.text == "3 of 3 candidates known from job j1"
    assert second.trials == first.trials


def test_a_larger_grid_costs_its_new_cells_only(context, spec):
    asked = msgspec.structs.replace(spec, sharing="off")
    first = ran(asked, context, "j1")
    larger = msgspec.structs.replace(asked, params={"max_depth": [1, 2, 3, 4]})
    second = ran(larger, context, "j2")
    assert second.remembered.text == "3 of 4 candidates known from job j1"
    assert {t.mean for t in first.trials} <= {t.mean for t in second.trials}
    assert (
        sum(len(msgspec.msgpack.decode(body)) for _, body in context.memory[key(larger, context)])
        == 8
    )


def key(spec, context):
    return memory.keys(
        msgspec.structs.replace(spec, metric="accuracy"), data.load(spec.data, context)
    ).ground


def test_again_asks_nothing_and_keeps_all_the_same(context, spec):
    ran(spec, context, "j1")
    second = ran(msgspec.structs.replace(spec, again=True), context, "j2")
    assert second.remembered is None
    assert second.ref == "best@2"
    assert ran(spec, context, "j3").remembered.job == "j2"


# Going on ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("share", [0.0, 0.3, 0.7])
@pytest.mark.parametrize(
    ("algo", "params", "more"),
    [
        ("random_forest", {"n_estimators": [3, 5], "max_depth": [None, 2]}, {}),
        ("ridge", {"alpha": [0.1, 1.0, 10.0]}, {"sharing": "off"}),
        ("ridge", {"alpha": [0.1, 1.0, 10.0, 100.0]}, {"strategy": "halving"}),
        ("random_forest", {"n_estimators": [3, 5], "max_features": [0.4, 0.6, 1.0]}, {"trials": 3}),
        ("svm", {"C": Distribution("loguniform", 0.01, 10.0)}, {"trials": 12, "sharing": "off"}),
        ("svm", {"C": Distribution("loguniform", 0.01, 10.0)}, {"trials": 6, "strategy": "random"}),
    ],
)  # fmt: skip
def test_whatever_was_kept_the_end_is_the_same(tmp_path, algo, params, more, share):
    whole, broken = LocalContext(tmp_path / "whole"), LocalContext(tmp_path / "broken")
    ends = []
    for context in (whole, broken):
        spec = TuneSpec(
            data=context.save_frame(TABLE),
            target="y",
            algo=algo,
            as_="best",
            cv=3,
            params=params,
            **more,
        )
        ground = key(spec, context)
        if context is broken:
            context.memory[ground] = kept = part(whole.memory[ground], share)
            before = {pair(each) for _, body in kept for each in msgspec.msgpack.decode(body)}
        ends.append(untimed(ran(spec, context, "j2")))
    assert ends[0] == ends[1]
    after = [
        pair(each) for _, body in broken.memory[ground] for each in msgspec.msgpack.decode(body)
    ]
    assert len(after) == len(set(after))
    assert before <= set(after)


def part(found, share):
    """Return the first of the batches, and what was found in them."""
    return found[: int(share * len(found))]


def pair(entry):
    return entry[0], entry[1]


def untimed(result):
    trials = [(t.params, t.mean, t.std, t.folds, t.rank, t.equality) for t in result.trials]
    return trials, result.params, result.scores
