"""How each kind of column becomes numbers, one file a modality.

Adding a modality: a file with ``ROLE``, ``matches``, ``describe`` and ``encoder``, and a name here. The
first modality that matches a column has it; ``testing.ModalityContract`` holds each to its word.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Protocol, cast

if TYPE_CHECKING:
    import pandas as pd

NAMES = ("text", "date", "boolean", "number", "category")
"""In the order they are asked; the last one takes everything."""


class Modality(Protocol):
    """What a file here offers."""

    ROLE: str
    NUMERIC: bool
    """Whether its columns are numbers already, so that nothing must be encoded."""

    def matches(self, column: pd.Series) -> bool:
        """Tell whether a column is of this kind."""
        ...

    def describe(self, column: pd.Series) -> dict[str, Any]:
        """Return the fields of a profile that depend on the kind: low, high, mean, std, counts."""
        ...

    def encoder(self, *, method: str = "") -> Any:
        """Return an unfitted scikit-learn transformer from columns of this kind to numbers."""
        ...


def modality(role: str) -> Modality:
    """Return the modality of a role."""
    return cast("Modality", importlib.import_module(f"{__name__}.{role}"))


def role_of(column: pd.Series) -> str:
    """Return the role of a column."""
    return next(name for name in NAMES if modality(name).matches(column))
