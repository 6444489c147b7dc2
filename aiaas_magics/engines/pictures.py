"""Pictures: the PNG of a chart, for pages that draw no Vega-Lite. In workers only."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator

import msgspec

from aiaas_magics.engines.context import Context
from aiaas_magics.specs.results import Chart

SCALE = 1.5


def png(chart: Chart) -> bytes:
    """Return a chart as PNG bytes, on white."""
    import vl_convert

    spec = {**chart.spec, "config": {**chart.spec["config"], "background": "white"}}
    return packed(vl_convert.vegalite_to_png(spec, vl_version="5.21", scale=SCALE))


def packed(image: bytes) -> bytes:
    """Return the same PNG, pixel for pixel, with its data compressed as far as zlib can.

    vl_convert packs fast and loosely: a notebook of its pictures is four times as large. The format
    is that of the PNG specification (W3C, third edition), section 5: chunks of length, type, data, CRC.
    """
    chunks = list(_chunks(image))
    pixels = zlib.decompress(b"".join(body for kind, body in chunks if kind == b"IDAT"))
    kept = [(kind, body) for kind, body in chunks if kind not in (b"IDAT", b"IEND")]
    kept += [(b"IDAT", zlib.compress(pixels, 9)), (b"IEND", b"")]
    return image[:8] + b"".join(_chunk(kind, body) for kind, body in kept)


def _chunks(image: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = 8
    while place < len(image):
        size, kind = struct.unpack_from(">I4s", image, place)
        yield kind, image[place + 8 : place + 8 + size]
        place += size + 12


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def render(charts: Iterable[Chart], context: Context) -> tuple[Chart, ...]:
    """Return the charts with their pictures stored; one that cannot be drawn goes without."""
    charts = tuple(charts)
    return kept(charts, draw(charts), context)


def draw(charts: Iterable[Chart]) -> list[bytes | str]:
    """Return the picture of each chart, or why there is none."""
    drawn: list[bytes | str] = []
    for each in charts:
        try:
            drawn.append(png(each))
        except (ImportError, ValueError) as error:
            drawn.append(str(error))
    return drawn


def kept(
    charts: Iterable[Chart], drawn: Iterable[bytes | str], context: Context
) -> tuple[Chart, ...]:
    """Return the charts with what was drawn of them stored."""
    found = []
    for chart, image in zip(charts, drawn, strict=True):
        if isinstance(image, str):
            context.log(f"no picture of {chart.name}: {image}")
            found.append(chart)
        else:
            found.append(msgspec.structs.replace(chart, png=context.save_blob(image)))
    return tuple(found)
