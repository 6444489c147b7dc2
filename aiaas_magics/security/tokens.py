"""Tokens: who holds one may ask the endpoint it was made for."""

from __future__ import annotations

import base64
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
    """Return the token in ``Authorization: Bearer ...``, or None.

    A client that knows no tokens sends it as the password of ``Basic`` (RFC 7617), whatever the name: MLflow's takes
    ``http://any:TOKEN@127.0.0.1:8080``.
    """
    scheme, _, token = (header or "").partition(" ")
    if scheme.lower() == "basic":
        return _password(token.strip())
    return token.strip() or None if scheme.lower() == "bearer" else None


def _password(credentials: str) -> str | None:
    try:
        return base64.b64decode(credentials, validate=True).decode().partition(":")[2] or None
    except ValueError:
        return None
