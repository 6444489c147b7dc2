"""How things are named: ``churn``, ``churn@3``, ``churn@production``, ``sha256:...``.

A name alone means its newest version. Names are one namespace in a home: a word means the same
thing in every magic.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from aiaas_magics import errors

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,62}\Z")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")


class Ref(NamedTuple):
    """A parsed reference: exactly one of `version` and `alias` may be set."""

    name: str
    version: int | None = None
    alias: str | None = None

    def __str__(self) -> str:
        tail = self.version if self.version is not None else self.alias
        return self.name if tail is None else f"{self.name}@{tail}"


def is_digest(text: str) -> bool:
    """Tell whether `text` is an address by content, ``sha256:`` and 64 hex digits."""
    return DIGEST.match(text) is not None


def check_name(text: str) -> str:
    """Return `text` if it can be a name.

    Raises
    ------
    SpecError
        If it is empty, too long (63), or has a character that file systems or URLs mind.
    """
    if NAME.match(text) is None or ".." in text or text.endswith("."):
        raise errors.SpecError(
            f"{text!r} cannot be a name",
            "a name starts with a letter a-z or A-Z; then these, digits, '-', '_' and '.', 63 at most",
            "--as my-model",
        )
    return text


def parse(text: str) -> Ref:
    """Return the parts of ``name``, ``name@3`` or ``name@alias``.

    Raises
    ------
    SpecError
        If a part is not a name, or the version is not 1 or more.
    """
    name, at, tail = text.partition("@")
    check_name(name)
    if not at:
        return Ref(name)
    if tail.isascii() and tail.isdigit():
        if int(tail) < 1:
            raise errors.SpecError(f"{text!r}: versions count from 1", "", f"{name}@1")
        return Ref(name, version=int(tail))
    return Ref(name, alias=check_name(tail))
