"""Versions side by side: who answers whom, what a shadow is asked, how places are changed."""

import asyncio
import json

import numpy as np
import pytest

from aiaas_magics.predictors.base import Outcome, Rows
from aiaas_magics.serving import shadows
from aiaas_magics.serving.app import App
from aiaas_magics.serving.batching import Lane
from aiaas_magics.serving.router import Router
from aiaas_magics.serving.shadows import Shadows
from aiaas_magics.specs.records import Signature
from aiaas_magics.specs.serving import ServingLimits
from aiaas_magics.testing import serving

SIGNATURE = Signature(inputs=(("x", "double"), ("z", "double")), output="y", classes=(0, 1, 2))
BODY = b'{"X_test": [[1.5, 2.5], [3, 4]]}'
LANE = Lane()


class Says:
    """Answers always the same number."""

    tier, inline = "says", True

    def __init__(self, number, signature=SIGNATURE):
        self.number, self.signature = number, signature
        self.asked = []

    def predict(self, rows, *, proba):
        self.asked.append(rows)
        return Outcome(np.full(rows.n, self.number), np.ones((rows.n, 3)) if proba else None)


def version(number, role="main", percent=100.0, model=None, signature=SIGNATURE):
    says = Says(number, signature)
    return serving.loaded(says, model or f"m@{number}", role=role, percent=percent)


def router(*versions, endpoint="api"):
    return Router(serving.state(*versions, endpoint=endpoint), LANE)


def chosen(routes, keys):
    return [routes.choose(None, key).model for key in keys]


KEYS = [str(i).encode() for i in range(4_000)]
CANARY = version(1), version(2, "canary", 10.0)


def test_a_canary_has_its_share_of_keys_and_of_requests_without_one():
    routes = router(*CANARY)
    shares = [chosen(routes, KEYS).count("m@2") / 4_000 for KEYS in (KEYS, [b""] * 4_000)]
    assert shares == pytest.approx([0.1, 0.1], abs=0.025)  # five standard deviations


def test_a_key_meets_the_same_version_again_and_at_every_worker():
    assert chosen(router(*CANARY), KEYS) == chosen(router(*CANARY), KEYS)


def test_a_share_that_grows_keeps_whom_it_had():
    before = set(np.flatnonzero(np.array(chosen(router(*CANARY), KEYS)) == "m@2"))
    more = router(version(1), version(2, "canary", 30.0))
    assert before < set(np.flatnonzero(np.array(chosen(more, KEYS)) == "m@2"))


def test_endpoints_draw_their_own_keys():
    assert chosen(router(*CANARY), KEYS) != chosen(router(*CANARY, endpoint="other"), KEYS)


def test_several_canaries_share():
    routes = router(version(1), version(2, "canary", 20.0), version(3, "canary", 30.0))
    found = chosen(routes, KEYS)
    assert [found.count(f"m@{i}") / 4_000 for i in (1, 2, 3)] == pytest.approx(
        [0.5, 0.2, 0.3], abs=0.05
    )


@pytest.mark.parametrize("percent", [0.0, 100.0])
def test_none_and_all_are_none_and_all(percent):
    routes = router(version(1), version(2, "canary", percent))
    assert chosen(routes, KEYS).count("m@2") == 40 * percent


@pytest.mark.parametrize("key", [b"x", b"\xff" * 500, "ключ".encode(), b" "])
def test_any_key_is_one(key):
    assert router(*CANARY).choose(None, key)


def app(*versions, watch=None, **told):
    return App(serving.state(*versions, **told), serving.TOKEN, watch=watch)


TENSOR = (
    b'{"inputs": [{"name": "X_test", "datatype": "FP64", "shape": [1, 2], "data": [1.5, 2.5]}]}'
)
BODIES = {
    "/predict": BODY,
    "/invocations": b'{"instances": [[1.5, 2.5]]}',
    "/v2/models/api/infer": TENSOR,
    "/v2/models/m/infer": TENSOR,
}


@pytest.mark.parametrize(("path", "body"), BODIES.items())
@pytest.mark.parametrize("asked", ["2", "m@2", "m@1", "1"])
def test_a_version_asked_for_answers_and_says_so(asked, path, body):
    reply = serving.ask(app(*CANARY), path, body, x_aiaas_version=asked)
    assert (reply.status, reply.headers["x-aiaas-model"]) == (200, f"m@{asked[-1]}")


@pytest.mark.parametrize(("path", "body"), BODIES.items())
@pytest.mark.parametrize("asked", ["3", "", "n@1", "é", "9"])
def test_a_version_that_is_not_served_or_a_shadow_is_not_found(asked, path, body):
    served = app(*CANARY, version(9, "shadow"))
    reply = serving.ask(served, path, body, x_aiaas_version=asked)
    assert (reply.status, b"served: 1, 2" in reply.body) == (404, True)


def test_path_and_header_do_not_ask_for_two_versions():
    path = "/v2/models/api/versions/1/infer"
    assert serving.ask(app(*CANARY), path, TENSOR, x_aiaas_version="2").status == 400
    assert serving.ask(app(*CANARY), path, TENSOR, x_aiaas_version="m@1").status == 200


def test_a_key_decides_in_the_application_too():
    served = app(version(1), version(2, "canary", 50.0))
    routes = router(version(1), version(2, "canary", 50.0))
    for key in ("a", "b", "c", "d", "e"):
        reply = serving.ask(served, "/predict", BODY, x_aiaas_key=key)
        assert reply.headers["x-aiaas-model"] == routes.choose(None, key.encode()).model


def test_the_next_request_meets_the_versions_turned_to():
    served = app(version(1))
    served.turn(serving.state(version(2)))
    assert serving.ask(served, "/predict", BODY).json["y_pred"] == [2, 2]
    assert (
        json.loads(serving.ask(served, "/openapi.json", method="GET").body)["info"]["version"]
        == "m@2"
    )


# shadows ------------------------------------------------------------------------------------------
class Notes:
    """A watch that remembers."""

    def __init__(self):
        self.compares, self.answers = [], []

    def answered(self, version, status, seconds, rows=None, outcome=None, notes=(), key=b""):
        self.answers.append((version, status))

    def compared(self, main, shadow, rows, ours, theirs, key=b""):
        self.compares.append((main, shadow, rows.n, ours, theirs, key))


def shadowed(monkeypatch, *versions, times=3, **more):
    """Ask an endpoint some times and return what its watch was told when all is done."""
    monkeypatch.setattr(shadows, "GATHER", 0.0)
    watch = Notes()
    served = app(*versions, watch=watch, **more)

    async def ask():
        for i in range(times):
            reply = await serving.asked(served, "/predict", BODY, x_aiaas_key=f"k{i}")
            assert reply.json["y_pred"] == [versions[0].predictor.number] * 2
        while len(watch.compares) < times and not served._shadows.left_out:  # noqa: ASYNC110
            await asyncio.sleep(0.001)

    asyncio.run(asyncio.wait_for(ask(), 20))
    return watch, served


def test_a_shadow_is_asked_the_same_and_never_heard(monkeypatch):
    watch, _ = shadowed(monkeypatch, version(1), version(2, "shadow"))
    assert [each[:3] for each in watch.compares] == [("m@1", "m@2", 2)] * 3
    assert [each[5] for each in watch.compares] == [b"k0", b"k1", b"k2"]
    for *_, ours, theirs, _ in watch.compares:
        assert (ours.labels.tolist(), theirs.labels.tolist()) == ([1, 1], [2, 2])
    assert watch.answers == [("m@1", 200)] * 3


def test_a_shadow_with_its_columns_in_another_order_gets_its_own(monkeypatch):
    other = Signature(inputs=(("z", "double"), ("x", "double")), output="y")
    shadow = version(2, "shadow", signature=other)
    shadowed(monkeypatch, version(1), shadow, times=1)
    assert shadow.predictor.asked[0].matrix.tolist() == [[2.5, 1.5], [4, 3]]


def test_a_shadow_that_fails_is_noted_as_without_an_answer(monkeypatch):
    shadow = version(2, "shadow")
    shadow.predictor.predict = None
    watch, _ = shadowed(monkeypatch, version(1), shadow)
    assert [each[4] for each in watch.compares] == [None] * 3


def test_a_shadow_is_left_out_first_when_there_is_much_to_do(monkeypatch, caplog):
    monkeypatch.setattr(shadows, "WAITING", 0)
    watch, served = shadowed(monkeypatch, version(1), version(2, "shadow"))
    assert (watch.compares, served._shadows.left_out) == ([], 3)
    assert "were not asked of a shadow" in caplog.text


class Waits:
    """A lane that does nothing yet."""

    def __init__(self):
        self.works = []

    def spare(self, work):
        self.works.append(work)


def test_few_rows_wait_for_a_shadow_however_large_the_requests_are(monkeypatch):
    monkeypatch.setattr(shadows, "GATHER", 0.0)
    lane, watch = Waits(), Notes()
    asks, routes = Shadows(lane, watch), router(version(1), version(2, "shadow"))
    rows = Rows(SIGNATURE, matrix=np.ones((10_000, 2)))
    ours = Outcome(np.ones(rows.n), None)

    async def ask(times):
        for _ in range(times):
            asks.ask(routes, rows, ours)
        await asyncio.sleep(0.001)

    asyncio.run(ask(20))
    assert asks.left_out == 20 - 6
    while lane.works:
        lane.works.pop()()
    assert len(watch.compares) == 6
    asyncio.run(ask(1))
    assert asks.left_out == 20 - 6


class Slow(Says):
    """A shadow whose rows take their time, by a clock of its own."""

    now = 0.0

    def predict(self, rows, *, proba):
        Slow.now += 0.02 * rows.n
        return super().predict(rows, proba=proba)


def waiting_for(monkeypatch, shadow, times, rows=4):
    """Return what a shadow is asked when some requests wait for it, and who asked."""
    monkeypatch.setattr(shadows, "GATHER", 0.0)
    monkeypatch.setattr(shadows, "monotonic", lambda: Slow.now)
    lane, watch = Waits(), Notes()
    asks = Shadows(lane, watch)
    routes = Router(serving.state(version(1), shadow), LANE)
    one = Rows(SIGNATURE, matrix=np.ones((rows, 2)))

    async def ask(count, rows=one):
        for _ in range(count):
            asks.ask(routes, rows, Outcome(np.ones(rows.n), None))
        await asyncio.sleep(0.001)

    asyncio.run(ask(times))
    while lane.works:
        lane.works.pop()()
    assert len(watch.compares) == times
    return [each.n for each in shadow.predictor.asked], asks, ask


def test_a_slow_shadow_is_asked_a_moment_at_a_time(monkeypatch):
    shadow = serving.loaded(Slow(2), "m@2", role="shadow")
    asked, asks, ask = waiting_for(monkeypatch, shadow, 40)
    assert asked == [16] + [4] * 36
    asyncio.run(ask(1, Rows(SIGNATURE, matrix=np.ones((101, 2)))))
    assert asks.left_out == 1


def test_a_quick_shadow_is_asked_ever_more_at_a_time(monkeypatch):
    asked, asks, _ = waiting_for(monkeypatch, version(2, "shadow"), 600)
    assert asked[:4] == [16, 32, 64, 128]
    assert (max(asked), asks.left_out) == (1024, 0)


def test_requests_to_a_shadow_of_the_user_s_own_code_are_not_joined(monkeypatch):
    shadow = version(2, "shadow")._replace(alone=True)
    assert waiting_for(monkeypatch, shadow, 5)[0] == [4] * 5


def test_a_watch_that_fails_does_not_stop_the_shadow(monkeypatch):
    monkeypatch.setattr(Notes, "compared", None)
    with pytest.raises(TypeError):
        waiting_for(monkeypatch, version(2, "shadow"), 1)
    monkeypatch.undo()
    assert waiting_for(monkeypatch, version(2, "shadow"), 1)[0] == [4]


def test_a_shadow_that_takes_columns_nobody_gives_is_not_asked():
    other = Signature(inputs=(("x", "double"), ("w", "double")), output="y")
    asks = Shadows(LANE, Notes())
    routes = router(version(1), version(2, "shadow", signature=other))
    asks.ask(routes, Rows(SIGNATURE, matrix=np.ones((1, 2))), Outcome(np.ones(1), None))
    assert asks.left_out == 1


def test_a_busy_worker_asks_no_shadow():
    left = Shadows(LANE, Notes())
    routes = router(version(1), version(2, "shadow"))
    rows = Rows(SIGNATURE, matrix=np.ones((1, 2)))
    left.ask(routes, rows, Outcome(np.ones(1), None), busy=True)
    assert left.left_out == 1


def test_a_canary_s_answer_is_not_compared(monkeypatch):
    watch = Notes()
    served = app(version(1), version(2, "canary", 50.0), version(3, "shadow"), watch=watch)
    serving.ask(served, "/predict", BODY, x_aiaas_version="2")
    assert served._shadows._queues == []


def test_limits_are_those_of_the_plan():
    served = app(version(1), limits=ServingLimits(concurrency=7, timeout=3.0))
    assert (served.flights.most, served.flights.timeout) == (7, 3.0)
