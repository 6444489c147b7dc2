"""The encoding of a file of text: marked, UTF-8, else Windows' Western one; or said by the user."""

from __future__ import annotations

import codecs
import re
import shlex
from pathlib import Path

from aiaas_magics import errors

SAMPLE = 1 << 16
CHUNK = 1 << 20
BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
"""The longer before the shorter that it begins with."""
ENCODINGS = ("utf-8", "latin-1", "cp1252", "utf-16", "cp1250", "shift_jis", "gb18030", "mac-roman")
"""Those proposed where a word is none; whatever Python knows is taken."""


def encoding_of(path: Path, name: str, asked: str | None) -> tuple[str, bool]:
    """Return a file's encoding, and whether it is a guess: UTF-8 else Windows' Western one.

    Raises
    ------
    DataError
        If it is no text, not written as asked, or in an encoding that is not found out.
    """
    with path.open("rb") as file:
        head = file.read(SAMPLE)
    if asked is not None:
        _check_encoding(asked)
        found = "utf-8-sig" if asked.lower().replace("_", "-") in ("utf-8", "utf8") else asked
        _check_decodes(path, name, found)
        return found, False
    marked = next((encoding for bom, encoding in BOMS if head.startswith(bom)), None)
    if marked is None and b"\x00" in head:
        marked = _unmarked(head, name)
    if marked is not None:
        _check_decodes(path, name, marked)
        return marked, not marked.startswith("utf-8") and not head.startswith(b"\xff\xfe")
    try:
        _decode(path, name, "utf-8")
    except UnicodeError:
        _check_western(path, name)
        return "cp1252", True
    return "utf-8", False


def _check_encoding(encoding: str) -> None:
    try:
        "".encode(encoding)
    except (LookupError, ValueError):
        hint = errors.did_you_mean(encoding, ENCODINGS)
        raise errors.DataError(
            f"unknown encoding {encoding!r}", hint, "--encoding latin-1"
        ) from None


def _unmarked(head: bytes, name: str) -> str:
    """Return the UTF-16 that a text without mark is written in: every other byte is zero."""
    for start, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        zeros, others = head[start::2].count(0), head[1 - start :: 2].count(0)
        if not others and zeros > len(head) / 2 * 0.6:
            return encoding
    line = head[: head.index(b"\x00")].count(b"\n") + 1
    raise errors.DataError(
        f"{name} is no text",
        f"line {line} holds a zero byte; CSV, JSON, Parquet and Arrow files are read",
        "save it as CSV",
    )


def _check_decodes(path: Path, name: str, encoding: str) -> None:
    try:
        _decode(path, name, encoding)
    except UnicodeError as error:
        raise wrong_encoding(name, encoding, error) from error


def _decode(path: Path, name: str, encoding: str) -> None:
    """Check that a whole file is text in an encoding. Raises `UnicodeError`, `DataError`."""
    decoder, line = codecs.getincrementaldecoder(encoding)(), 1
    wide = encoding.lower().replace("_", "-").startswith(("utf-16", "utf-32"))
    with path.open("rb") as file:
        while True:
            chunk = file.read(CHUNK)
            decoder.decode(chunk, final=not chunk)
            if not wide and b"\x00" in chunk:
                line += chunk[: chunk.index(b"\x00")].count(b"\n")
                raise errors.DataError(
                    f"{name} line {line} holds a zero byte",
                    "it is damaged, or no text",
                    f"!sed -n {line}p {shlex.quote(name)}",
                )
            if not chunk:
                return
            line += chunk.count(b"\n")


def _check_western(path: Path, name: str) -> None:
    """Refuse what is neither UTF-8 nor a text of Windows-1252."""
    controls = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            if controls.search(chunk):
                raise errors.DataError(
                    f"{name} is no text",
                    "CSV, JSON, Parquet and Arrow files are read",
                    "save it as CSV",
                )
            try:
                chunk.decode("cp1252")
            except UnicodeError as error:
                raise errors.DataError(
                    f"{name} is written neither in UTF-8 nor in Windows-1252",
                    str(error),
                    "--encoding shift_jis, gb18030, cp1251 ...",
                ) from error


def wrong_encoding(name: str, encoding: str, error: UnicodeError) -> errors.DataError:
    """Return the error of a file that is not written as was said."""
    shown = "UTF-8" if encoding.startswith("utf-8") else encoding
    other = "utf-8" if not encoding.startswith("utf-8") else "latin-1"
    return errors.DataError(f"{name} is not written in {shown}", str(error), f"--encoding {other}")
