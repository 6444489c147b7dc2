"""The ASGI application: who may ask, what is refused, what stands in every answer."""

import importlib.metadata
import json
import logging
import re

import pytest

from aiaas_magics import __version__, errors
from aiaas_magics.predictors.base import Outcome
from aiaas_magics.serving.app import App
from aiaas_magics.serving.log import Log
from aiaas_magics.specs.records import Expectation, Signature
from aiaas_magics.specs.serving import ServingLimits
from aiaas_magics.testing import serving
from aiaas_magics.testing.serving import TOKEN

SIGNATURE = Signature(inputs=(("x", "double"),), output="y", required=("x",))
ROW = b'{"X_test": [[1.5]]}'


class Double:
    """A predictor that doubles, and breaks at 666."""

    tier, inline = "double", True
    signature = SIGNATURE

    def predict(self, rows, *, proba):
        if 666 in rows.columns()["x"]:
            raise RuntimeError("a secret of the model")
        return Outcome(2 * rows.matrix[:, 0], None)


def served(predictor=None, **told):
    example = {"X_test": [[1.5]]}
    return serving.state(serving.loaded(predictor or Double(), example=example), **told)


APP = App(served(), TOKEN)
SMALL = App(served(limits=ServingLimits(size=1 << 10)), TOKEN)


def ask(path="/predict", method="POST", chunks=(ROW,), app=APP, **more):
    return serving.ask(app, path, chunks, method=method, **more)


def test_rows_are_answered():
    reply = ask()
    assert (reply.status, reply.json) == (200, {"y_pred": [3.0]})
    assert reply.headers["content-type"] == "application/json"


@pytest.mark.parametrize("authorization", [None, "", "Basic eA==", "Bearer", "Bearer ", TOKEN])
@pytest.mark.parametrize(("path", "method"), [("/predict", "POST"), ("/openapi.json", "GET")])
def test_without_a_token_nothing_is_told(path, method, authorization):
    reply = ask(path, method, authorization=authorization)
    assert (reply.status, reply.headers["www-authenticate"]) == (401, "Bearer")
    assert "AIAAS_TOKEN" in reply.json["hint"]
    assert b'"x"' not in reply.body


@pytest.mark.parametrize("given", ["wrong", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "tökén"])
def test_a_wrong_token_is_refused(given):
    reply = ask(authorization=f"Bearer {given}")
    assert reply.status == 401
    assert "not this endpoint's" in reply.json["detail"]
    assert TOKEN not in reply.body.decode()


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_is_read_in_any_case(scheme):
    assert ask(authorization=f"{scheme} {TOKEN}").status == 200


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/", "/docs"])
def test_health_and_the_empty_page_are_open(path):
    assert ask(path, "GET", authorization=None).status == 200


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:80", "localhost:8080", "[::1]:9", "[::1]"]
)
def test_this_machine_s_names_are_answered(host):
    assert ask("/health/ready", "GET", host=host).json == {"ready": True}


@pytest.mark.parametrize(
    "host",
    [None, "", "evil.example", "evil.example:80", "127.0.0.1.evil.example", "x@127.0.0.1", "[::1"],
)
@pytest.mark.parametrize("path", ["/predict", "/docs", "/health/live"])
def test_other_host_names_are_not_answered(path, host):
    assert ask(path, host=host).status == 421


@pytest.mark.parametrize(
    "origin", ["null", "", "http://evil.example", "https://evil.example", "http://127.0.0.1:9"]
)
def test_pages_of_another_origin_may_not_ask(origin):
    reply = ask(origin=origin)
    assert reply.status == 403
    assert "access-control-allow-origin" not in reply.headers


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_endpoint_s_own_page_may_ask_behind_a_proxy_too(scheme):
    assert ask(origin=f"{scheme}://127.0.0.1:8080").status == 200


@pytest.mark.parametrize(
    ("path", "method", "allow"),
    [
        ("/predict", "GET", "POST"),
        ("/predict", "HEAD", "POST"),
        ("/predict", "OPTIONS", "POST"),
        ("/openapi.json", "POST", "GET"),
        ("/", "DELETE", "GET"),
        ("/health/ready", "POST", "GET"),
    ],
)
def test_other_methods_are_refused_with_the_right_one(path, method, allow):
    reply = ask(path, method)
    assert (reply.status, reply.headers["allow"]) == (405, allow)


@pytest.mark.parametrize("path", ["/", "/docs", "/openapi.json", "/health/live", "/health/ready"])
def test_head_is_get_without_the_body(path):
    head, get = ask(path, "HEAD"), ask(path, "GET")
    assert head.body == b""
    assert head.headers == get.headers
    assert int(head.headers["content-length"]) == len(get.body) > 0


@pytest.mark.parametrize(
    "path", ["/nothing", "/predict/", "/PREDICT", "//predict", "", "/health/x"]
)
def test_other_places_are_not_found(path):
    reply = ask(path, "GET")
    assert reply.status == 404
    assert "/predict" in reply.json["hint"]


@pytest.mark.parametrize("kind", [None, "", "text/plain", "application/x-www-form-urlencoded"])
def test_other_content_types_are_refused(kind):
    reply = ask(content_type=kind)
    assert reply.status == 415
    assert "application/json" in reply.json["hint"]


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON"])
def test_json_is_json_however_it_is_written(kind):
    assert ask(content_type=kind).status == 200


@pytest.mark.parametrize("cuts", [1, 7, 40])
def test_a_body_may_come_in_pieces(cuts):
    body = json.dumps({"X_test": [[float(i)] for i in range(20)]}).encode()
    chunks = [body[i : i + cuts] for i in range(0, len(body), cuts)]
    assert ask(chunks=[b"", *chunks, b""]).json["y_pred"][-1] == 38.0


@pytest.mark.parametrize(
    ("chunks", "declared"),
    [
        ([], "1025"),
        ([], "9" * 400),
        ([b" " * 1025], None),
        ([b" " * 600, b" " * 600], None),
        ([b" " * 1025], "10"),
        ([b" " * 1025], "-1"),
    ],
    ids=["declared", "declared absurdly", "at once", "in pieces", "declared less", "negative"],
)
def test_a_body_too_large_is_refused_however_it_comes(chunks, declared):
    assert ask(chunks=chunks, content_length=declared, ended=False, app=SMALL).status == 413


def test_a_body_of_just_the_limit_is_read():
    assert ask(chunks=[ROW.ljust(1024)], content_length="1024", app=SMALL).status == 200


def test_a_client_that_hangs_up_is_no_error_of_the_model(caplog):
    assert ask(chunks=[ROW[:5]], ended=False).status == 400
    assert "Traceback" not in caplog.text


class Narrow(Double):
    """A predictor that has learned from x between 0 and 1."""

    signature = Signature(inputs=(("x", "double"),), output="y", expects={"x": Expectation(low=0.0, high=1.0)})  # fmt: skip


def test_strange_rows_are_logged_ever_more_rarely(caplog):
    narrow = App(served(Narrow()), TOKEN)
    with caplog.at_level(logging.INFO, "aiaas.serving"):
        for _ in range(9):
            assert ask(chunks=(b'{"X_test": [[99]]}',), app=narrow).status == 200
    told = [line.split(", ")[1] for line in caplog.messages if "so far" in line]
    assert told == ["1 so far", "2 so far", "4 so far", "8 so far"]


def test_an_error_of_the_model_has_a_number_and_no_traceback(caplog):
    with caplog.at_level(logging.INFO, "aiaas.serving"):
        reply = ask(chunks=[b'{"X_test": [[666]]}'])
    number = re.search(r"error ([0-9a-f]{8}) in", reply.json["hint"])[1]
    assert reply.status == 500
    assert b"secret" not in reply.body
    assert b"Traceback" not in reply.body
    assert f"error {number}" in caplog.text
    assert "RuntimeError: a secret of the model" in caplog.text


class Own(Double):
    """A predictor of the user's own, which raises."""

    def predict(self, rows, *, proba):
        raise errors.UserCodeError(
            "your code raised ValueError: too old", "in predict: if secret(X): raise"
        )


def test_a_line_of_the_user_s_code_stands_in_the_log_only(caplog):
    reply = ask(app=App(served(Own()), TOKEN))
    assert (reply.status, reply.json["detail"]) == (
        422,
        "the model's own code raised ValueError: too old",
    )
    assert b"secret" not in reply.body
    assert "in predict: if secret(X): raise" in caplog.text


def test_the_own_version_is_told_where_the_package_is_not_installed(monkeypatch):
    def none(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", none)
    for path in ("/version", "/v2", "/openapi.json"):
        reply = ask(path, "GET")
        assert (reply.status, __version__.encode() in reply.body) == (200, True)


TWINS = App(serving.state(*(serving.loaded(Double(), m, role=r) for m, r in (("a@1", "main"), ("b@1", "canary")))), TOKEN)  # fmt: skip


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("api/versions/b@1", "b@1"), ("api/versions/1", "1"), ("api/versions/a@1", "a@1"), ("a", "1"),
        ("b", "b@1"), ("b/versions/1", "1"), ("b/versions/b@1", "b@1"),
    ],
)  # fmt: skip
def test_an_answer_names_its_version_as_it_can_be_asked_for(path, told):
    tensor = {"name": "X_test", "shape": [1, 1], "datatype": "FP64", "data": [1]}
    reply = ask(
        f"/v2/models/{path}/infer", chunks=(json.dumps({"inputs": [tensor]}).encode(),), app=TWINS
    )
    assert reply.json["model_version"] == told
    name = path.partition("/")[0]
    again = ask(f"/v2/models/{name}/versions/{told}", "GET", app=TWINS)
    assert again.status == 200
    model = reply.headers["x-aiaas-model"]
    assert model == ("b@1" if path.startswith("b") or "b@1" in path else "a@1")
    assert {"a": ["1"], "b": ["b@1"], "api": ["1", "b@1"]}[name] == again.json["versions"]


@pytest.mark.parametrize("status", [200, 401, 404, 405, 413, 415, 421, 422, 500])
def test_security_headers_stand_in_every_answer(status):
    how = {
        200: {},
        401: {"authorization": None},
        404: {"path": "/no"},
        405: {"method": "PUT"},
        413: {"content_length": "5000"},
        415: {"content_type": None},
        421: {"host": "evil"},
        422: {"chunks": [b"[]"]},
        500: {"chunks": [b'{"X_test": [[666]]}']},
    }
    reply = ask(**how[status], app=SMALL)
    assert reply.status == status
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["cache-control"] == "no-store"
    assert int(reply.headers["content-length"]) == len(reply.body)
    if status != 200:
        assert reply.headers["content-type"] == "application/problem+json"
        assert set(reply.json) == {"status", "title", "detail", "hint"}
        assert reply.json["status"] == status


def test_the_log_has_a_line_a_request_and_no_token(capfd):
    log = Log(None)
    logged = App(served(), TOKEN, log=log)
    ask(app=logged)
    ask("/x\nPOST /forged 200", "GET", app=logged)
    log.flush()
    first, second = capfd.readouterr().err.splitlines()
    assert re.search(r"POST '/predict' 200 \d+\.\d\d ms 1 rows m@1$", first)
    assert "'/x\\nPOST /forged 200' 404" in second
    assert TOKEN not in first + second
