"""A request that is here as a whole gets the same answer, byte by byte, as one that went on as ASGI."""

import asyncio
import itertools

import numpy as np
import pytest
import uvicorn
from hypothesis import given, settings
from hypothesis import strategies as st
from uvicorn.server import ServerState

from aiaas_magics.predictors.base import Outcome
from aiaas_magics.serving.app import LONG, App
from aiaas_magics.serving.connections import Bounded
from aiaas_magics.serving.express import Express
from aiaas_magics.serving.router import FEW
from aiaas_magics.specs.records import Signature
from aiaas_magics.specs.serving import ServingLimits
from aiaas_magics.testing import serving
from aiaas_magics.testing.serving import TOKEN, Transport

SIGNATURE = Signature(inputs=(("x", "double"),), output="y", required=("x",))
ROW = b'{"X_test": [[1.5]]}'
NAMES = ("host", "content-type", "authorization")


class Double:
    """A quick predictor that doubles, has no answer to 13, and breaks at 666."""

    tier, inline, signature = "double", True, SIGNATURE

    def __init__(self):
        self.batches = []

    def predict(self, rows, *, proba):
        self.batches.append(rows.n)
        if 666 in rows.matrix:
            raise RuntimeError("a secret of the model")
        return Outcome(np.where(rows.matrix[:, 0] == 13, np.nan, 2 * rows.matrix[:, 0]), None)


class Slow(Double):
    """One that is asked in a thread."""

    inline = False


class Asgi(App):
    """Counts what comes as ASGI."""

    def __init__(self, *words, **told):
        super().__init__(*words, **told)
        self.scopes = 0

    async def __call__(self, scope, receive, send):
        self.scopes += 1
        await super().__call__(scope, receive, send)


class Wire:
    """A connection to an application, and what was said on it."""

    def __init__(self, app, *, express=True):
        config = uvicorn.Config(
            app, interface="asgi3", lifespan="off", log_config=None, access_log=False
        )
        config.load()
        self.state = ServerState()
        told = {"config": config, "server_state": self.state, "app_state": {}}
        self.protocol = Express(app, **told) if express else Bounded(**told)
        self.transport = Transport()
        self.protocol.connection_made(self.transport)

    def receive(self, part):
        if not self.transport.closed:
            self.protocol.data_received(part)

    async def rest(self):
        """Wait until all that was asked is answered."""
        for _ in range(3):
            await asyncio.sleep(0)
        while self.state.tasks:
            await asyncio.wait(self.state.tasks)
            await asyncio.sleep(0)

    @property
    def said(self):
        return self.transport.said


def application(predictor=None, **told):
    limits = ServingLimits(size=1 << 20, **told)
    return Asgi(serving.state(serving.loaded(predictor or Double()), limits=limits), TOKEN)


def request(body=ROW, path=b"/predict", method=b"POST", version=b"1.1", **headers):
    """Return a request; a header given as None is left out, ``_`` in its name stands for ``-``."""
    known = {
        "host": "127.0.0.1",
        "content-type": "application/json",
        "authorization": f"Bearer {TOKEN}",
        "content-length": str(len(body)),
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{name}: {value}".encode() for name, value in known.items() if value is not None]
    return b"\r\n".join((b"%b %b HTTP/%b" % (method, path, version), *lines, b"", body))


def answered(*parts, express=True, app=None):
    """Return what a connection said to some parts, whether it was closed, and how many requests came as ASGI."""

    async def run():
        asked = app or application()
        wire = Wire(asked, express=express)
        for part in parts:
            wire.receive(part)
        await wire.rest()
        return wire.said, wire.transport.closed, asked.scopes

    return asyncio.run(run())


REQUESTS = {
    "a row": request(),
    "two rows": request(b'{"X_test": [[1], [2.5]]}'),
    "columns": request(b'{"columns": {"x": [3]}}'),
    "a request of v2": request(
        b'{"inputs": [{"name": "X_test", "shape": [1, 1], "datatype": "FP64", "data": [2]}]}', b"/v2/models/api/infer"
    ),
    "a request of mlflow's": request(b'{"dataframe_split": {"columns": ["x"], "data": [[1]]}}', b"/invocations"),
    "no token": request(authorization=None),
    "another's token": request(authorization="Bearer wrong"),
    "another host": request(host="example.org"),
    "no host": request(host=None),
    "another origin": request(origin="http://example.org"),
    "no JSON": request(b"{"),
    "no UTF-8": request(b'{"X_test": [["\xfc"]]}'),
    "no UTF-8 in v2": request(b'{"inputs": [{"name": "\xfc", "shape": [1], "datatype": "FP64"}]}', b"/v2/models/api/infer"),
    "no UTF-8 in mlflow's": request(b'{"instances": [["\xfc"]]}', b"/invocations"),
    "no content type": request(content_type=None),
    "a wrong type": request(b'{"X_test": [["a"]]}'),
    "a wrong width": request(b'{"X_test": [[1, 2]]}'),
    "no finite answer": request(b'{"X_test": [[13]]}'),
    "no such path": request(path=b"/nothing"),
    "a path of GET": request(path=b"/v2"),
    "no such version": request(x_aiaas_version="7"),
    "a version": request(x_aiaas_version="1"),
    "a body in chunks": request(b"10\r\n" + ROW[:16] + b"\r\n%x\r\n" % len(ROW[16:]) + ROW[16:] + b"\r\n0\r\n\r\n", content_length=None, transfer_encoding="chunked"),
    "no body": request(b""),
    "no length": request(b"", content_length=None),
}  # fmt: skip


@pytest.mark.parametrize("case", REQUESTS)
def test_both_ways_say_the_same(case):
    said, closed, scopes = answered(REQUESTS[case])
    assert (said, closed) == answered(REQUESTS[case], express=False)[:2]
    assert (scopes, said.count(b"HTTP/1.1 ")) == (0, 1)
    assert b" 500 " not in said
    assert (b"not UTF-8" in said) == case.startswith("no UTF-8")


ODD = [b"//predict", b"//api/predict", b"/predict;x", b"/./predict", b"/predict/", b"/a:b@c/d", b"/[x]", b"/\\", b'/"<>', b"/*", b"/predict|", b"/\x7f"]  # fmt: skip


@pytest.mark.parametrize("path", ODD)
def test_odd_paths_are_understood_alike(path):
    one = request(path=path)
    assert answered(one)[:2] == answered(one, express=False)[:2]


def test_a_body_beyond_a_small_limit_is_too_large():
    def small():
        return Asgi(serving.state(serving.loaded(Double()), limits=ServingLimits(size=10)), TOKEN)

    said, closed, _ = answered(request(), app=small())
    assert b" 413 " in said
    assert (said, closed) == answered(request(), express=False, app=small())[:2]


USUAL = {
    "a body in a second part": (request()[:-4], request()[-4:]),
    "a question": (request(path=b"/predict?x=1"),),
    "an escaped path": (request(path=b"/v2/models/%61pi/infer"),),
    "GET": (request(b"", b"/health/live", b"GET", content_length=None),),
    "HEAD": (request(b"", b"/health/live", b"HEAD", content_length=None),),
    "OPTIONS": (request(b"", method=b"OPTIONS"),),
    "HTTP/1.0": (request(version=b"1.0"),),
    "a last request": (request(connection="close"),),
    "one who waits to be asked": (request(expect="100-continue"),),
    "an upgrade": (request(connection="upgrade", upgrade="h2c"),),
    "a packed body": (request(content_encoding="br"),),
    "a long body": (request(b'{"X_test": [[1.5]]' + b" " * LONG + b"}"),),
    "many rows": (request(b'{"X_test": [' + b"[1]," * FEW + b"[1]]}"),),
    "too large a body": (request(content_length=str(2 << 20)),),
}  # fmt: skip
ENDLESS = ("an upgrade", "too large a body")
"""What is behind them belongs to them, or to nobody."""


@pytest.mark.parametrize("case", USUAL)
def test_what_may_last_goes_on_as_asgi(case):
    said, closed, scopes = answered(*USUAL[case])
    assert (said, closed, scopes) == answered(*USUAL[case], express=False)
    assert scopes == 1


def test_a_model_that_takes_its_time_is_asked_as_asgi():
    assert answered(request(), app=application(Slow()))[2] == 1


def test_an_error_of_the_model_has_a_number_and_tells_nothing(caplog):
    said, _, scopes = answered(request(b'{"X_test": [[666]]}'))
    assert (b" 500 " in said, b"secret" in said, scopes) == (True, False, 0)
    assert "a secret of the model" in caplog.text


def test_what_comes_together_is_asked_together():
    async def run():
        predictor = Double()
        app = application(predictor)
        wires = [Wire(app) for _ in range(5)]
        for number, wire in enumerate(wires):
            wire.receive(request(b'{"X_test": [[%d]]}' % number))
        await wires[0].rest()
        return predictor.batches, [wire.said for wire in wires]

    batches, said = asyncio.run(run())
    assert batches == [5]
    assert all(each.endswith(b"[%d.0]}" % (2 * n)) for n, each in enumerate(said))


ANY = [
    *REQUESTS.values(),
    *(b"".join(parts) for case, parts in USUAL.items() if case not in ENDLESS),
]


@settings(max_examples=60, deadline=None)
@given(
    chosen=st.lists(st.sampled_from(ANY), min_size=1, max_size=5),
    cuts=st.lists(st.integers(0, 4_000), max_size=6),
)  # fmt: skip
def test_any_requests_in_any_parts_are_answered_alike(chosen, cuts):
    sent = b"".join(chosen)
    places = sorted({0, len(sent), *(cut for cut in cuts if cut < len(sent))})
    parts = [sent[a:b] for a, b in itertools.pairwise(places)]
    assert answered(*parts)[:2] == answered(*parts, express=False)[:2]


def test_a_request_behind_one_that_is_due_waits_for_it():
    said, _, scopes = answered(request() + request(b'{"X_test": [[4]]}') + request(b"{"))
    bodies = [each.partition(b"\r\n\r\n")[2] for each in said.split(b"HTTP/1.1 ")[1:]]
    assert (bodies[:2], len(bodies), scopes) == ([b'{"y_pred":[3.0]}', b'{"y_pred":[8.0]}'], 3, 2)


def test_who_goes_before_the_answer_gets_none_and_is_counted():
    async def run():
        app = application()
        seen = []
        app.after = lambda visit, status: seen.append(status)
        wire = Wire(app)
        wire.receive(request())
        wire.protocol.connection_lost(ConnectionResetError())
        await wire.rest()
        return wire.said, seen

    assert asyncio.run(run()) == (b"", [200])


def test_a_connection_that_is_to_end_answers_first():
    async def run():
        wire = Wire(application())
        wire.receive(request())
        wire.protocol.shutdown()
        assert not wire.transport.closed
        await wire.rest()
        return wire

    wire = asyncio.run(run())
    assert (b" 200 " in wire.said, b"connection: close" in wire.said, wire.transport.closed) == (
        True,
        True,
        True,
    )


def test_one_worker_that_drains_tells_its_senders_to_go():
    app = application()
    app.draining = True
    said, closed, scopes = answered(request(), app=app)
    assert (b"connection: close" in said, closed, scopes) == (True, True, 1)


@pytest.mark.parametrize("asked", [request(), request(x_aiaas_version="7"), request(b"{")])
def test_as_many_as_may_be_are_under_way(asked):
    async def run(*, express):
        app = application(concurrency=1)
        slow = asyncio.get_running_loop().create_task(asyncio.sleep(60))
        app.flights.begin(slow, 0.0)
        wire = Wire(app, express=express)
        wire.receive(asked)
        await wire.rest()
        slow.cancel()
        return wire.said

    said = asyncio.run(run(express=True))
    assert b" 429 " in said
    assert said == asyncio.run(run(express=False))
