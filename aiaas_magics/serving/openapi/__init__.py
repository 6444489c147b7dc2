"""The OpenAPI 3.1 description of an endpoint, with the model's own columns, in all protocols that it speaks."""

from __future__ import annotations

from typing import Any

import msgspec

from aiaas_magics.serving.openapi import mlflow, rows, tensors
from aiaas_magics.serving.openapi.parts import Facts
from aiaas_magics.specs.records import Signature
from aiaas_magics.version import __version__


def encode(
    name: str,
    model: str,
    signature: Signature,
    example: dict[str, Any],
    mode: str = "warn",
    **more: Any,
) -> bytes:
    """Return the description as JSON; see `describe`."""
    return msgspec.json.encode(describe(name, model, signature, example, mode, **more))


def describe(
    name: str,
    model: str,
    signature: Signature,
    example: dict[str, Any],
    mode: str = "warn",
    **more: Any,
) -> dict[str, Any]:
    """Return the description of an endpoint that serves `model`; `mode` is that of its schema.

    What a column held in training is told in words, and as bounds where the endpoint refuses what is beyond.

    Parameters
    ----------
    more
        Further fields of :class:`aiaas_magics.serving.openapi.parts.Facts`.
    """
    facts = Facts(name, model, signature, example, mode, **more)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": name,
            "version": model,
            "description": f"{model} served by aiaas_magics {__version__}.",
        },
        "paths": {
            **rows.paths(facts),
            **mlflow.paths(facts),
            **tensors.paths(facts),
            **rows.metrics(),
        },
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "basic": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "Any name; the token is the password.",
                },
            }
        },
    }
