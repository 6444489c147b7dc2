"""A session on a backend in memory that holds data, models, an evaluation and an endpoint."""

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from aiaas_magics import session
from aiaas_magics.cards import style
from aiaas_magics.session import Session
from aiaas_magics.specs.records import EndpointInfo
from aiaas_magics.testing.fake import FakeBackend


@contextlib.contextmanager
def on_a_fake():
    backend = FakeBackend()
    try:
        yield Session(backend)
    finally:
        backend.close()


@pytest.fixture(scope="session")
def opened():
    """What opens a session that is closed again."""
    return on_a_fake


@pytest.fixture
def empty(opened):
    """A session with nothing in it."""
    with opened() as found:
        yield found


@pytest.fixture(scope="module")
def made(opened):
    """A session and the handles of what was made in it, by name; tests change nothing in it."""
    with opened() as found:
        say = found.run
        handles = {
            "iris": say("data", "load", {"source": "iris"}),
            "clean": say("prepare", "", {"data": "iris", "as_": "clean", "scale": "standard"}),
            "clf": say("train", "", {"data": "clean", "target": "species", "algo": "ridge", "as_": "clf"}),
            "best": say(
                "tune", "", {"data": "iris", "target": "species", "algo": "ridge", "as_": "best", "cv": 2},
                {"alpha": [0.1, 1.0]},
            ),
            "evaluation": say("evaluate", "", {"model": "clf", "repeats": 100, "shuffles": 1}),
            "api": say("deploy", "", {"model": "clf", "as_": "api"}),
        }  # fmt: skip
        yield found, handles


@pytest.fixture
def docs_mode():
    style.set_docs_mode(True)
    yield
    style.set_docs_mode(False)


class Answering(BaseHTTPRequestHandler):
    """Answers every row with its number; keeps what it was asked."""

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(asked)
        rows = len(asked["X_test"])
        body = json.dumps({
            "y_pred": [f"class {i}" for i in range(rows)], "y_proba": [[0.25, 0.75]] * rows, "classes": ["a", "b"],
        }).encode()  # fmt: skip
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


@pytest.fixture
def asked(made, monkeypatch):
    """Let the endpoint ``api`` answer over a socket; gives the bodies it was sent."""
    server = HTTPServer(("127.0.0.1", 0), Answering)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    info = made[0].endpoint("api")
    port = server.server_address[1]
    known = [info_at(info, port)]
    monkeypatch.setattr(made[0].backend, "endpoints", known)
    yield server.asked
    server.shutdown()
    thread.join()
    server.server_close()


def info_at(info: EndpointInfo, port: int) -> EndpointInfo:
    import msgspec

    return msgspec.structs.replace(info, url=f"http://127.0.0.1:{port}", port=port, token="secret")


@pytest.fixture(autouse=True)
def _nobody_s_session(monkeypatch):
    """Keep the process's session and watcher as they were."""
    monkeypatch.setattr(session, "_current", [])
    monkeypatch.setattr(session, "_watch", [])
