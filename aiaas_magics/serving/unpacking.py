"""Compressed bodies, as far as an uncompressed one may be large: what would unpack to more is not unpacked."""

from __future__ import annotations

import zlib

from aiaas_magics.serving.problems import Problem

GZIP = 16 + zlib.MAX_WBITS
WINDOWS = {b"gzip": GZIP, b"x-gzip": GZIP, b"deflate": zlib.MAX_WBITS}
"""Content-Encoding in lower case -> zlib's `wbits`; deflate is a zlib stream (RFC 9110, section 8.4.1.2)."""
PLAIN = (b"", b"identity")


def check(encoding: bytes) -> None:
    """Refuse an encoding that is not known.

    Raises
    ------
    Problem
        415.
    """
    if encoding not in PLAIN and encoding not in WINDOWS:
        raise Problem(415, "the body is compressed in another way", "send gzip, deflate or nothing")


def unpacked(body: bytes, encoding: bytes, most: int) -> bytes:
    """Return a body as it was before it was compressed.

    Parameters
    ----------
    most
        Bytes it may have.

    Raises
    ------
    Problem
        400 where the body is not what its encoding says, 413 where it is larger.
    """
    stream = zlib.decompressobj(WINDOWS[encoding])
    try:
        found = stream.decompress(body, most + 1)
    except zlib.error as error:
        raise Problem(400, f"the body is not {encoding.decode()}", str(error)) from error
    if len(found) > most:
        hint = f"send at most {most >> 20} MB at once"
        raise Problem(413, "the body is too large when it is unpacked", hint)
    if not stream.eof or stream.unused_data:
        raise Problem(400, f"the body is not one whole {encoding.decode()} stream")
    return found
