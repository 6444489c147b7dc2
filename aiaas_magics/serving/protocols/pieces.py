"""Long bodies decoded piece by piece: decoding holds the interpreter's lock, and other requests wait for that.

A body ``{"X_test": [...]}`` is cut behind rows. A piece between two cuts with brackets around it is decoded like a document;
where all are arrays with something in them, the whole is the document whose rows are theirs, because so JSON is defined. A cut
that falls into a text makes a piece that is no JSON: then the body is decoded whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

PIECE = 64 << 10
HEAD = re.compile(rb'\s*\{\s*"X_test"\s*:\s*\[\s*(?=([\[{]))')
TAIL = re.compile(rb'\]\s*(?:,\s*"proba"\s*:\s*(true|false)\s*)?\}\s*\Z')
COMMA = re.compile(rb"\s*,\s*")
LAST = 256
"""Bytes from the end in which the tail is looked for."""
CLOSES = {b"[": b"]", b"{": b"}"}


class Cut(NamedTuple):
    """A body in pieces, each an array of rows, and what it says besides them."""

    pieces: list[bytes]
    proba: bool | None


def cut(body: bytes, size: int = PIECE) -> Cut | None:
    """Return a body in pieces of about `size` bytes; None where it is not made of plain rows."""
    head = HEAD.match(body)
    tail = TAIL.search(body, max(0, len(body) - LAST))
    if head is None or tail is None or head.end() >= tail.start():
        return None
    closes, at, end = CLOSES[head[1]], head.end(), tail.start()
    pieces: list[bytes] = []
    while True:
        stop = body.find(closes, at + size, end)
        if stop < 0:
            pieces.append(b"[%b]" % body[at:end])
            break
        comma = COMMA.match(body, stop + 1, end)
        if comma is None:
            pieces.append(b"[%b]" % body[at:end])
            break
        pieces.append(b"[%b]" % body[at : stop + 1])
        at = comma.end()
    return Cut(pieces, None if tail[1] is None else tail[1] == b"true")


def rows(found: Cut, decode: Callable[[bytes], list[Any]]) -> list[Any]:
    """Return the rows of all pieces.

    Raises
    ------
    msgspec.DecodeError
        If a piece is no array with rows in it.
    """
    all_: list[Any] = []
    for piece in found.pieces:
        part = decode(piece)
        if not isinstance(part, list) or not part:
            raise msgspec.DecodeError("a piece without rows")
        all_ += part
    return all_


def decode(body: bytes, long: int = PIECE) -> Any:
    """Return the JSON of a body, a long one piece by piece.

    Raises
    ------
    msgspec.DecodeError, RecursionError
    """
    found = cut(body) if len(body) > long else None
    if found is not None:
        try:
            asked: dict[str, Any] = {"X_test": rows(found, msgspec.json.decode)}
        except (msgspec.DecodeError, RecursionError):
            return msgspec.json.decode(body)
        return asked if found.proba is None else asked | {"proba": found.proba}
    return msgspec.json.decode(body)
