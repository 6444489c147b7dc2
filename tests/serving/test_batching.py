"""Asked together: what waits is one batch, answers go to who asked, an error meets only its request."""

import asyncio
import threading

import numpy as np
import pytest

from aiaas_magics.predictors.base import Outcome, Rows
from aiaas_magics.serving.batching import Batcher, Lane, together
from aiaas_magics.serving.problems import Problem
from aiaas_magics.specs.records import Signature

SIGNATURE = Signature(inputs=(("x", "double"),), output="y")


class Doubles:
    """Doubles, remembers how it was asked, takes no 13, and waits where told to."""

    tier, inline, signature = "doubles", False, SIGNATURE

    def __init__(self):
        self.asked, self.threads = [], set()
        self.go = threading.Event()
        self.go.set()
        self.begun = threading.Event()

    def predict(self, rows, *, proba):
        self.begun.set()
        self.go.wait(20)
        self.asked.append(rows.n)
        self.threads.add(threading.current_thread().name)
        x = rows.matrix[:, 0]
        if 13 in x:
            raise ValueError("no 13")
        if 99 in x:
            raise SystemExit(1)
        return Outcome(2 * x, np.stack([x, 1 - x], axis=1) if proba else None)


def rows(*values):
    return Rows(SIGNATURE, matrix=np.array(values, dtype=float)[:, None])


async def answers(batcher, *parts, proba=False):
    asked = [batcher.ask(part, proba=proba) for part in parts]
    return await asyncio.gather(*asked, return_exceptions=True)


@pytest.fixture(params=["here", "in a thread"])
def lane(request):
    return Lane() if request.param == "in a thread" else None


def test_what_one_turn_brings_is_asked_at_once_and_told_apart(lane):
    model = Doubles()
    parts = [rows(i, i + 0.5) for i in range(20, 40)]
    found = asyncio.run(answers(Batcher(model, lane, 100), *parts))
    assert model.asked == [40]
    assert [each.labels.tolist() for each in found] == [[2 * i, 2 * i + 1] for i in range(20, 40)]
    assert all(each.proba is None for each in found)


def test_an_error_meets_only_the_request_that_made_it(lane):
    model = Doubles()
    found = asyncio.run(answers(Batcher(model, lane, 100), rows(1), rows(13), rows(2), rows(99)))
    assert [found[0].labels.tolist(), found[2].labels.tolist()] == [[2.0], [4.0]]
    assert (found[1].status, found[1].hint) == (422, "no 13")
    assert isinstance(found[3], RuntimeError)
    assert model.asked == [4, 1, 1, 1, 1]


def test_a_batch_holds_no_more_rows_than_it_may(lane):
    model = Doubles()
    parts = [rows(1, 1), rows(2, 2), rows(3, 3, 3, 3, 3), rows(4)]
    found = asyncio.run(answers(Batcher(model, lane, 4), *parts))
    assert model.asked == [4, 5, 1]
    assert [each.labels[0] for each in found] == [2, 4, 6, 8]


def test_a_model_may_have_to_be_asked_for_each_by_itself(lane):
    model = Doubles()
    asyncio.run(answers(Batcher(model, lane, 1), rows(1), rows(2), rows(3, 3)))
    assert model.asked == [1, 1, 2]


def test_probabilities_are_computed_for_those_who_want_them(lane):
    async def mixed(batcher):
        asked = [batcher.ask(rows(i), proba=i > 1) for i in range(4)]
        return await asyncio.gather(*asked)

    model = Doubles()
    found = asyncio.run(mixed(Batcher(model, lane, 100)))
    assert model.asked == [2, 2]
    assert [each.proba is None for each in found] == [True, True, False, False]
    assert found[3].proba.tolist() == [[3, -2]]


def test_what_comes_while_the_thread_works_waits_and_gathers():
    async def busy(batcher, model):
        first = batcher.ask(rows(1), proba=False)
        await asyncio.to_thread(model.begun.wait, 20)
        later = [batcher.ask(rows(i), proba=False) for i in range(2, 7)]
        await asyncio.sleep(0)
        model.go.set()
        return await asyncio.gather(first, *later)

    model = Doubles()
    model.go.clear()
    found = asyncio.run(busy(Batcher(model, Lane("lane"), 100), model))
    assert model.asked == [1, 5]
    assert [each.labels[0] for each in found] == [2, 4, 6, 8, 10, 12]
    assert model.threads == {"lane"}


def test_who_no_longer_waits_is_not_asked_for():
    async def leaves(batcher, model):
        first = batcher.ask(rows(1), proba=False)
        await asyncio.to_thread(model.begun.wait, 20)
        gone, stays = batcher.ask(rows(2), proba=False), batcher.ask(rows(3), proba=False)
        gone.cancel()
        model.go.set()
        return (await first).labels[0], (await stays).labels[0]

    model = Doubles()
    model.go.clear()
    assert asyncio.run(leaves(Batcher(model, Lane(), 100), model)) == (2, 6)
    assert model.asked == [1, 1]


def test_an_answer_that_is_late_is_thrown_away():
    async def leaves(batcher, model):
        first = batcher.ask(rows(1), proba=False)
        await asyncio.to_thread(model.begun.wait, 20)
        first.cancel()
        model.go.set()
        return (await batcher.ask(rows(5), proba=False)).labels[0]

    model = Doubles()
    model.go.clear()
    assert asyncio.run(leaves(Batcher(model, Lane(), 100), model)) == 10


def test_what_nobody_waits_for_is_done_last():
    lane, done, go = Lane(), [], threading.Event()
    ended = threading.Event()
    lane.do(lambda: go.wait(20))
    assert lane.spare(lambda: (done.append("spare"), ended.set()))
    lane.do(lambda: done.append("first"))
    lane.do(lambda: done.append("second"))
    go.set()
    assert ended.wait(20)
    assert done == ["first", "second", "spare"]


def test_of_what_nobody_waits_for_only_so_much_may_wait():
    lane, go = Lane(), threading.Event()
    begun = threading.Event()
    lane.do(lambda: (begun.set(), go.wait(20)))
    begun.wait(20)
    taken = [lane.spare(lambda: None) for _ in range(300)]
    go.set()
    assert (taken[0], taken[-1], taken.count(True)) == (True, False, 256)


def test_a_work_that_fails_does_not_end_the_thread(caplog):
    lane, done = Lane(), threading.Event()
    lane.do(lambda: 1 / 0)
    lane.do(done.set)
    assert done.wait(20)
    assert "ZeroDivisionError" in caplog.text


class Short(Doubles):
    """Answers with a row less than it was asked."""

    def predict(self, rows, *, proba):
        return Outcome(np.zeros(rows.n - 1), None)


def test_a_model_that_answers_too_few_is_not_believed():
    found = together(Short(), [rows(1, 2), rows(3)], proba=False)
    assert all(isinstance(each, Problem) for each in found)
    assert found[0].what == "the model gave 1 answers to 2 rows"


class Odd(Doubles):
    """Has no finite answer to 7."""

    def predict(self, rows, *, proba):
        return Outcome(np.where(rows.matrix[:, 0] == 7, np.nan, 1.0), None)


def test_an_answer_that_is_no_number_is_no_other_request_s():
    found = together(Odd(), [rows(1), rows(7), rows(2)], proba=False)
    assert [isinstance(each, Outcome) for each in found] == [True, False, True]
    assert found[1].what == "the model's answer is no finite number"
