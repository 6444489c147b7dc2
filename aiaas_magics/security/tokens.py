"""Tokens: who holds one may ask the endpoint it was made for."""

from __future__ import annotations

import hmac
import secrets

BYTES = 32
"""256 bits: not to be guessed (RFC 6750, section 5.1 asks for enough entropy)."""


def new() -> str:
    """Return a fresh token, fit for a header."""
    return secrets.token_urlsafe(BYTES)


def matches(given: str, expected: str) -> bool:
    """Compare in a time that tells nothing about where they differ."""
    return hmac.compare_digest(given.encode(), expected.encode())


def bearer(header: str | None) -> str | None:
    """Return the token in ``Authorization: Bearer ...``, or None."""
    scheme, _, token = (header or "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
