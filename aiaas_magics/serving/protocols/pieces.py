"""Long documents decoded piece by piece: decoding holds the interpreter's lock, and other requests wait for that.

Nearly all of a long request is one list (of rows, numbers, tensors) or one object (of columns). It is taken out, with a mark in
its place, and cut behind elements. If what is left is JSON in which the mark is found again as an element, and each piece with
brackets around it is JSON with something in it, then the whole is the document with their elements in the mark's place, because
so JSON is defined. A cut that falls into a text or a nested list makes a piece that is no JSON: then the body is decoded whole.
"""

from __future__ import annotations

import codecs
import contextlib
import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from aiaas_magics.serving.problems import Problem

PIECE = 64 << 10
"""Bytes of a piece, decoded in a fraction of a millisecond; what is not longer than one is decoded whole."""
FIRST = 256 << 10
"""Bytes from the beginning in which the list begins: an index of rows may stand before it."""
LAST = 1 << 10
"""Bytes from the end in which the list ends."""
TRIES = 8
"""Brackets near the end that are taken for the list's own."""
MARK = secrets.token_hex(16)
OPEN = {b"[": (b"]", b'["%b"]' % MARK.encode()), b"{": (b"}", b'{"%b":0}' % MARK.encode())}
"""What opens the list -> what closes it, and the mark as all that it holds."""
ENDS = {
    b"[[": (b"]", re.compile(rb"\]\s*,\s*(?=\[)")),
    b"[{": (b"}", re.compile(rb"\}\s*,\s*(?=\{)")),
    b'["': (b'"', re.compile(rb'"\s*,\s*(?=")')),
    b'{"': (b"]", re.compile(rb'\]\s*,\s*(?=")')),
}
"""What opens the list, and its first element -> how an element ends, and that with what stands before the next."""
NUMBER = b",", re.compile(rb",")
MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
"""How texts begin that some programs of Windows write."""
WRONG = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)
"""What `decode` raises where a body is no JSON."""
Decode = Callable[[bytes], Any]


class Cut(NamedTuple):
    """A document in pieces."""

    shell: Any
    """The document with a mark where the list's elements were."""
    place: list[Any] | dict[str, Any]
    """The list itself, within the shell."""
    parts: list[bytes]
    """Its elements, as JSON."""


def key(*names: str) -> re.Pattern[bytes]:
    """Return where a list or an object begins that has one of these names."""
    known = "|".join(map(re.escape, names)).encode()
    return re.compile(rb'(?<!\\)"(?:%b)"\s*:\s*([\[{])\s*(?=([^\s\]}]))' % known)


def cut(
    body: bytes, begin: re.Pattern[bytes], size: int = PIECE, decode: Decode = msgspec.json.decode
) -> Cut | None:
    """Return a document in pieces of about `size` bytes; None where no list is found that begins so."""
    head = begin.search(body, 0, FIRST)
    if head is None:
        return None
    opens, start, end = head[1], head.end(), len(body)
    closes, marked = OPEN[opens]
    ends = ENDS.get(opens + head[2], NUMBER)
    for _ in range(TRIES):
        end = body.rfind(closes, max(start, len(body) - LAST), end)
        if end < 0:
            return None
        try:
            shell = decode(body[: head.start(1)] + marked + body[end + 1 :])
            parts = [opens + part + closes for part in _parts(body, start, end, size, ends)]
            decode(parts[-1])  # which is none if another list ends here
        except WRONG:
            continue
        place = _place(shell)
        return None if place is None else Cut(shell, place, parts)
    return None


def _place(shell: Any) -> list[Any] | dict[str, Any] | None:
    """Return the list or object that holds the mark and nothing else."""
    todo = [shell]
    while todo:
        one = todo.pop()
        if one == [MARK] or one == {MARK: 0}:
            found: list[Any] | dict[str, Any] = one
            return found
        inner = one.values() if isinstance(one, dict) else one
        todo += [each for each in inner if isinstance(each, list | dict)]
    return None


def _parts(
    body: bytes, start: int, end: int, size: int, ends: tuple[bytes, re.Pattern[bytes]]
) -> Iterator[bytes]:
    sign, between = ends
    at = start + size
    while (at := body.find(sign, at, min(end, start + 16 * size + LAST))) >= 0:
        found = between.match(body, at, end)
        if found is None:
            at += 1
            continue
        yield body[start:at] + (b"" if sign == b"," else sign)
        start = found.end()
        at = start + size
    yield body[start:end]


def filled(found: Cut, decode: Decode = msgspec.json.decode) -> Any:
    """Return the document of which these are the pieces.

    Raises
    ------
    msgspec.DecodeError, RecursionError, UnicodeDecodeError
        If a piece is no JSON, or has nothing in it.
    """
    place = found.place
    place.clear()
    for part in found.parts:
        elements = decode(part)
        if not elements:
            raise msgspec.DecodeError("a piece without elements")
        if isinstance(place, dict):
            place.update(elements)
        else:
            place += elements
    return found.shell


def decode(
    body: bytes,
    begins: Sequence[re.Pattern[bytes]],
    decode: Decode = msgspec.json.decode,
    size: int = PIECE,
) -> Any:
    """Return the JSON of a body, that of a long one piece by piece.

    Parameters
    ----------
    begins
        Where the long list may begin, the likeliest first; see `key`.
    decode
        Decodes a piece.

    Raises
    ------
    msgspec.DecodeError, RecursionError, UnicodeDecodeError
        As `decode` of the whole does; `refusal` turns them into what is answered.
    """
    for begin in begins if len(body) > size else ():
        found = cut(body, begin, size, decode)
        if found is not None:
            with contextlib.suppress(*WRONG):
                return filled(found, decode)
    return decode(body)


def refusal(error: Exception, body: bytes) -> Problem:
    """Return what is answered to a body that is no JSON, given one of `WRONG`."""
    if body.startswith(MARKS):
        hint = "it begins with a byte order mark: send UTF-8 without one"
        return Problem(400, "the body is not plain UTF-8", hint)
    if isinstance(error, UnicodeDecodeError):
        byte = error.object[error.start]
        return Problem(
            400, "the body is not UTF-8", f"a text holds the byte 0x{byte:02x}: send UTF-8"
        )
    return Problem(400, "the body is not JSON", str(error))
