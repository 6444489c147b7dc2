"""What one worker takes on: so many at once, for so long, of such a size; and how it goes."""

import asyncio
import threading

import numpy as np
import pytest

from aiaas_magics.predictors.base import Outcome
from aiaas_magics.serving.app import HELD, App
from aiaas_magics.specs.records import Signature
from aiaas_magics.specs.serving import ServingLimits
from aiaas_magics.testing import serving
from aiaas_magics.testing.serving import asked

SIGNATURE = Signature(inputs=(("x", "double"),), output="y")
ROW = b'{"X_test": [[1.5]]}'


class Waits:
    """A predictor that answers when it is let go."""

    tier, inline, signature = "waits", False, SIGNATURE

    def __init__(self):
        self.go, self.begun = threading.Event(), threading.Event()

    def predict(self, rows, *, proba):
        self.begun.set()
        self.go.wait(20)
        return Outcome(np.ones(rows.n), None)


def waiting(**limits):
    model = Waits()
    return App(
        serving.state(serving.loaded(model), limits=ServingLimits(**limits)), serving.TOKEN
    ), model


async def begun(app, model, count=1):
    """Return tasks whose requests wait for the model."""
    tasks = [asyncio.create_task(asked(app, "/predict", ROW)) for _ in range(count)]
    await asyncio.to_thread(model.begun.wait, 20)
    return tasks


def test_one_too_many_is_told_to_come_back_and_health_is_told_all_the_same():
    async def crowd():
        app, model = waiting(concurrency=2)
        tasks = await begun(app, model, 2)
        refused = await asked(app, "/predict", ROW)
        healthy = await asked(app, "/health/ready", method="GET", authorization=None)
        model.go.set()
        answered = [(await task).status for task in tasks]
        return refused, healthy, answered, await asked(app, "/predict", ROW)

    refused, healthy, answered, after = asyncio.run(crowd())
    assert (refused.status, refused.headers["retry-after"]) == (429, "1")
    assert (healthy.status, answered, after.status) == (200, [200, 200], 200)


def test_a_stranger_takes_no_place():
    app, _ = waiting(concurrency=1)
    assert serving.ask(app, "/predict", ROW, authorization="Bearer wrong").status == 401
    assert len(app.flights) == 0


async def overdue(app, task):
    """Look after what lasts too long until the task has ended."""
    while not task.done():
        app.tick()
        await asyncio.sleep(0.001)
    return task.result()


def test_an_answer_that_is_late_is_given_up_and_the_next_one_is_answered():
    async def late():
        app, model = waiting(timeout=0.05)
        (task,) = await begun(app, model)
        found = await overdue(app, task)
        model.go.set()
        app.flights.timeout = 20.0
        return found, await asked(app, "/predict", ROW), len(app.flights)

    found, after, flying = asyncio.run(late())
    assert (found.status, found.json["detail"]) == (504, "the model has not answered within 0.05 s")
    assert (after.status, flying) == (200, 0)


def test_a_request_that_does_not_come_is_given_up():
    async def silent():
        app, _ = waiting(timeout=0.05)
        said = []

        async def receive():
            await asyncio.Event().wait()

        async def send(message):
            said.append(message)

        headers = [(b"host", b"localhost"), (b"authorization", b"Bearer " + serving.TOKEN.encode())]
        scope = {"type": "http", "method": "POST", "path": "/predict", "headers": headers}
        await overdue(app, asyncio.create_task(app(scope, receive, send)))
        return said[0]

    start = asyncio.run(silent())
    assert start["status"] == 408
    assert (b"connection", b"close") in start["headers"]


def test_a_cancellation_from_outside_stays_one():
    async def ended():
        app, model = waiting()
        (task,) = await begun(app, model)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        model.go.set()
        return len(app.flights)

    assert asyncio.run(ended()) == 0


def test_a_worker_that_goes_answers_asks_for_another_connection_and_is_not_ready():
    app, model = waiting()
    model.go.set()
    app.draining = True
    reply, ready = (
        serving.ask(app, "/predict", ROW),
        serving.ask(app, "/health/ready", method="GET"),
    )
    live = serving.ask(app, "/health/live", method="GET")
    assert (reply.status, reply.headers["connection"]) == (200, "close")
    assert (ready.status, ready.json, live.status) == (503, {"ready": False}, 200)
    app.closed = True
    reply = serving.ask(app, "/predict", ROW)
    assert (reply.status, reply.headers["connection"], reply.headers["retry-after"]) == (
        503,
        "close",
        "1",
    )


def test_a_large_request_is_read_asked_and_written_beside_the_loop():
    class Threads(Waits):
        inline = True

        def predict(self, rows, *, proba):
            self.thread = threading.current_thread().name
            return Outcome(rows.matrix[:, 0], None)

    model = Threads()
    app = App(serving.state(serving.loaded(model)), serving.TOKEN)
    values = np.arange(9_000) / 7
    body = b'{"X_test": [' + b", ".join(b"[%r]" % v for v in values.tolist()) + b"]}"
    assert serving.ask(app, "/predict", body).json["y_pred"] == values.tolist()
    assert model.thread == "predicting"
    serving.ask(app, "/predict", ROW)
    assert model.thread == "MainThread"


def test_long_bodies_are_few_at_once_however_many_requests_may_be():
    async def crowd():
        app, model = waiting(size=40_000)
        body = b'{"X_test": [[1.5]]' + b" " * 39_000 + b"}"
        tasks = [asyncio.create_task(asked(app, "/predict", body)) for _ in range(HELD)]
        await asyncio.to_thread(model.begun.wait, 20)
        refused, short = await asked(app, "/predict", [body[:35_000], body[35_000:]]), ROW
        tasks.append(asyncio.create_task(asked(app, "/predict", short)))
        model.go.set()
        return refused, [(await task).status for task in tasks], await asked(app, "/predict", body)

    refused, answered, after = asyncio.run(crowd())
    assert (refused.status, refused.headers["retry-after"]) == (429, "1")
    assert answered == [200] * (HELD + 1)
    assert after.status == 200


def test_what_a_watch_is_told_of_refusals():
    class Notes:
        def __init__(self):
            self.told = []

        def answered(self, version, status, seconds, rows=None, outcome=None, notes=(), key=b""):
            self.told.append((version, status, None if rows is None else rows.n, key))

    watch, model = Notes(), Waits()
    model.go.set()
    app = App(serving.state(serving.loaded(model)), serving.TOKEN, watch=watch)
    serving.ask(app, "/predict", ROW, x_aiaas_key="anna")
    serving.ask(app, "/predict", b"[]")
    serving.ask(app, "/predict", ROW, authorization=None)
    assert watch.told == [("m@1", 200, 1, b"anna"), ("m@1", 422, None, b""), ("", 401, None, b"")]
