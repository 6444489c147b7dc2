"""Pictures of charts: the same pixels in fewer bytes, and none is no error."""

import zlib

import pytest

from aiaas_magics.cards import charts
from aiaas_magics.engines import pictures


@pytest.fixture
def chart():
    rows = [{"x": x, "y": x * x} for x in range(9)]
    return charts.scatter("s", "Squares", "nine squares", rows, x="x", y="y")


def pixels(image):
    found = [body for kind, body in pictures._chunks(image) if kind == b"IDAT"]
    return zlib.decompress(b"".join(found))


def test_a_packed_picture_has_the_same_pixels_in_fewer_bytes(chart):
    import vl_convert

    loose = vl_convert.vegalite_to_png(chart.spec, vl_version="5.21")
    packed = pictures.packed(loose)
    assert pixels(packed) == pixels(loose)
    assert len(packed) < len(loose) / 2
    assert pictures.packed(packed) == packed


def test_a_picture_is_stored_with_its_chart(context, chart):
    (drawn,) = pictures.render([chart], context)
    assert context.blob(drawn.png).read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


def test_a_chart_that_cannot_be_drawn_goes_without(context, chart, monkeypatch):
    monkeypatch.setattr(pictures, "png", lambda chart: fail())
    assert pictures.render([chart], context) == (chart,)
    assert [told.type for told in context.told] == ["log"]


def fail():
    raise ValueError("no such mark")
