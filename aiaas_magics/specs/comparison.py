"""What comparing models answers."""

from __future__ import annotations

import msgspec

from aiaas_magics.specs.base import JSON, Record


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of a comparison: each row is what the fact is called, then its value in every model."""

    title: str
    columns: tuple[str, ...]
    """The models, and perhaps a remark."""
    rows: tuple[tuple[JSON, ...], ...]


class ModelComparison(Record, frozen=True, kw_only=True, tag="model_comparison"):
    """Models side by side: what differs, part by part, and what is the same."""

    models: tuple[str, ...]
    summary: str
    parts: tuple[Part, ...]
    same: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    following: str = ""
