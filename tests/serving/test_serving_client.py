"""The client: standard library, batches, errors in three lines."""

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from aiaas_magics import errors
from aiaas_magics.serving import client


class Counting(BaseHTTPRequestHandler):
    """Answers each row with its ``x``, keeps what it was asked, and says `said` if there is one."""

    said: tuple[int, bytes] | None = None

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        asked = json.loads(body)
        self.server.asked.append((len(body), asked, dict(self.headers)))
        answer = {"y_pred": [row.get("x") for row in asked["X_test"]]}
        if asked["proba"]:
            answer |= {"y_proba": [[0.5, 0.5]] * len(asked["X_test"]), "classes": ["a", "b"]}
        status, said = self.said or (200, json.dumps(answer).encode())
        self.send_response(status)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *args):
        """Say nothing."""


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), type("Mine", (Counting,), {})) as opened:
        opened.asked, opened.url = [], f"http://127.0.0.1:{opened.server_port}"
        thread = threading.Thread(target=opened.serve_forever)
        thread.start()
        yield opened
        opened.shutdown()
        thread.join()


def test_rows_and_token_are_sent(server):
    assert client.predict(server.url, "t0k", [{"x": 1.5}, {"x": None}]) == {"y_pred": [1.5, None]}
    _, asked, headers = server.asked[0]
    assert asked == {"X_test": [{"x": 1.5}, {"x": None}], "proba": False}
    assert (headers["Authorization"], headers["Content-Type"]) == ("Bearer t0k", "application/json")


def test_rows_of_a_key_go_together_and_come_back_in_the_order_of_the_rows(server):
    rows = [{"x": i} for i in range(5)]
    said = client.predict(
        server.url, "t", rows, keys=["b", "ä", "b", "c", "ä"], proba=True, timeout=9
    )
    assert said["y_pred"] == [0, 1, 2, 3, 4]
    assert len(said["y_proba"]) == len(said["versions"]) == 5
    sent = [(h["x-aiaas-key"].encode("latin-1").decode(), a["X_test"]) for _, a, h in server.asked]
    assert sent == [
        ("b", [{"x": 0}, {"x": 2}]),
        ("ä", [{"x": 1}, {"x": 4}]),
        ("c", [{"x": 3}]),
    ]


def test_a_refusal_names_the_key_whose_rows_it_counts(server):
    server.RequestHandlerClass.said = (422, b'{"detail": "row 0: x is missing"}')
    with pytest.raises(errors.EndpointError) as refused:
        client.predict(server.url, "t", [{"x": 1}], keys=["b"])
    assert refused.value.what == "the endpoint refused the rows of 'b': row 0: x is missing"


def test_notes_of_keys_tell_rows_of_the_table(server):
    note = {"column": "x", "problem": "odd", "rows": 1, "first": 0, "got": 1, "expected": "2"}
    said = json.dumps({"y_pred": [7], "warnings": [note]}).encode()
    server.RequestHandlerClass.said = (200, said)
    found = client.predict(server.url, "t", [{"x": 1}, {"x": 2}], keys=["b", "a"])
    assert [(each.rows, each.first) for each in found["warnings"]] == [(2, 0)]


@pytest.mark.parametrize("key", ["", " a", "a\r\nx: y", "a" * 1025])
def test_a_key_that_a_header_would_not_bear_is_refused_before_anything_is_sent(server, key):
    with pytest.raises(errors.DataError, match=r"row 1: .* cannot be a key"):
        client.predict(server.url, "t", [{"x": 1}, {"x": 2}], keys=["a", key])
    assert not server.asked


@pytest.mark.parametrize(
    ("count", "batches"), [(1, [1]), (10_000, [10_000]), (25_001, [10_000, 10_000, 5_001])]
)
@pytest.mark.parametrize("proba", [True, False])
def test_many_rows_go_in_batches_and_come_back_in_order(server, count, batches, proba):
    said = client.predict(server.url, "t", [{"x": i} for i in range(count)], proba=proba)
    assert said["y_pred"] == list(range(count))
    assert [len(asked["X_test"]) for _, asked, _ in server.asked] == batches
    if proba:
        assert (len(said["y_proba"]), said["classes"]) == (count, ["a", "b"])


def test_wide_rows_go_in_requests_an_endpoint_takes(server, monkeypatch):
    monkeypatch.setattr(client, "MOST_BYTES", 5_000)
    rows = [{"x": i, "text": "ä" * (i % 90)} for i in range(500)]
    assert client.predict(server.url, "t", rows)["y_pred"] == list(range(500))
    assert max(size for size, _, _ in server.asked) <= 5_000
    assert len(server.asked) > 1


def test_a_row_too_large_by_itself_is_the_endpoint_s_to_refuse(server, monkeypatch):
    monkeypatch.setattr(client, "MOST_BYTES", 10)
    assert client.predict(server.url, "t", [{"x": "long enough"}])["y_pred"] == ["long enough"]


def test_no_rows_are_refused_before_anything_is_sent():
    with pytest.raises(errors.DataError, match="no rows"):
        client.predict("http://127.0.0.1:9", "t", [])


@pytest.mark.parametrize("value", [np.inf, np.nan, -np.inf, object(), np.float32(1), b"x"])
def test_values_json_cannot_hold_are_refused_in_three_lines(value):
    with pytest.raises(errors.DataError, match="cannot be sent") as caught:
        client.predict("http://127.0.0.1:9", "t", [{"x": value}])
    assert caught.value.hint


def test_where_nothing_listens_it_says_so():
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(errors.EndpointError, match="nothing answers") as caught:
        client.predict(url, "t", [{"x": 1}])
    assert caught.value.try_ == "%aiaas_endpoints"


def test_a_late_answer_is_given_up():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(errors.EndpointError, match=r"did not answer in 0\.05 s") as caught:
            client.predict(url, "t", [{"x": 1}], timeout=0.05)
    assert caught.value.try_ == "--timeout 0.2"


@pytest.mark.parametrize(
    ("status", "said", "kind", "what"),
    [
        (401, b'{"detail": "a token is needed", "hint": "h"}', errors.AccessDenied, "a token"),
        (422, b'{"detail": "row 0", "hint": "h"}', errors.EndpointError, "refused: row 0"),
        (500, b'{"detail": "no"}', errors.EndpointError, "refused: no"),
        (200, b"<html>", errors.EndpointError, "does not answer as it should"),
        (200, b'{"detail": "hello"}', errors.EndpointError, "does not answer as it should"),
        (404, b'{"error": "no"}', errors.EndpointError, "does not answer as it should"),
        (404, b"[]", errors.EndpointError, "does not answer as it should"),
        (200, b"\xff", errors.EndpointError, "does not answer as it should"),
    ],
)
def test_other_answers_become_errors_of_ours(server, status, said, kind, what):
    server.RequestHandlerClass.said = (status, said)
    with pytest.raises(kind, match=what):
        client.predict(server.url, "t", [{"x": 1}])


@pytest.mark.parametrize(
    ("status", "next_"),
    [(422, "must fit"), (429, "again"), (503, "again"), (504, "%aiaas_endpoints")],
)
def test_what_to_do_next_depends_on_the_refusal(server, status, next_):
    server.RequestHandlerClass.said = (status, b'{"detail": "no"}')
    with pytest.raises(errors.EndpointError) as caught:
        client.predict(server.url, "t", [{"x": 1}])
    assert next_ in caught.value.try_


def test_a_connection_that_breaks_is_an_error_of_ours():
    with socket.create_server(("127.0.0.1", 0)) as rude:
        hang_up = threading.Thread(target=lambda: socket.socket.close(rude.accept()[0]))
        hang_up.start()
        with pytest.raises(errors.EndpointError, match="nothing answers"):
            client.predict(f"http://127.0.0.1:{rude.getsockname()[1]}", "t", [{"x": 1}])
        hang_up.join()
