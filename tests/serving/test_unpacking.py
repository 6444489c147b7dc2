"""Compressed bodies are unpacked, up to what a body may have."""

import gzip
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiaas_magics.predictors.base import Outcome
from aiaas_magics.serving import unpacking
from aiaas_magics.serving.app import App
from aiaas_magics.serving.problems import Problem
from aiaas_magics.specs.records import Signature
from aiaas_magics.specs.serving import ServingLimits
from aiaas_magics.testing import serving

PACK = {b"gzip": gzip.compress, b"deflate": zlib.compress}


@settings(deadline=None)
@given(body=st.binary(), encoding=st.sampled_from(sorted(PACK)))
def test_what_was_packed_is_unpacked(body, encoding):
    assert unpacking.unpacked(PACK[encoding](body), encoding, len(body)) == body


@pytest.mark.parametrize("encoding", PACK)
def test_what_is_larger_than_allowed_is_not_unpacked(encoding):
    with pytest.raises(Problem, match="too large") as caught:
        unpacking.unpacked(PACK[encoding](bytes(1 << 20)), encoding, (1 << 20) - 1)
    assert caught.value.status == 413


@pytest.mark.parametrize("encoding", PACK)
@pytest.mark.parametrize(
    "spoil", [lambda b: b[:-1], lambda b: b"x" + b, lambda b: b + b"x", lambda b: b""]
)
def test_what_is_spoilt_is_refused(encoding, spoil):
    with pytest.raises(Problem) as caught:
        unpacking.unpacked(spoil(PACK[encoding](b"{}")), encoding, 100)
    assert caught.value.status == 400


class Sum:
    """Answers with a row's sum."""

    inline, tier = True, "onnx"
    signature = Signature(inputs=(("a", "double"), ("b", "double")), output="y")

    def predict(self, rows, *, proba):
        return Outcome(rows.matrix.sum(axis=1), None)


@pytest.mark.parametrize("encoding", ["gzip", "GZip", "x-gzip", "deflate", "identity", "br"])
def test_an_endpoint_takes_what_it_can_unpack(encoding):
    app = App(serving.state(serving.loaded(Sum())), serving.TOKEN)
    body = PACK.get(encoding.lower().removeprefix("x-").encode(), bytes)(b'{"X_test": [[1, 2]]}')
    said = serving.ask(app, "/predict", body, content_encoding=encoding)
    assert (said.status, said.json.get("y_pred")) == (
        (415, None) if encoding == "br" else (200, [3.0])
    )


def test_the_limit_of_an_endpoint_holds_for_what_is_unpacked():
    app = App(serving.state(serving.loaded(Sum()), limits=ServingLimits(size=1000)), serving.TOKEN)
    body = gzip.compress(b" " * 10_000)
    assert serving.ask(app, "/predict", body, content_encoding="gzip").status == 413
    assert len(body) < 1000
