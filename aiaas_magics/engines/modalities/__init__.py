"""Kinds of column: what each looks like, and how it becomes numbers.

Adding one: a file here with the three functions of :class:`Modality` and a row in `ROLES`;
:class:`aiaas_magics.testing.modality.ModalityContract` says what it must keep. The files do not know
each other.
"""

from __future__ import annotations

import functools
import importlib
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast

from aiaas_magics.specs.base import JSON

if TYPE_CHECKING:
    import pandas as pd

    Series = pd.Series[Any]

ROLES = ("date", "boolean", "number", "text", "category")
"""Role of a column = its file here; a column is of the first kind that recognises it."""


class Summary(NamedTuple):
    """What a column holds besides gaps; a field that means nothing to its kind is None or empty."""

    distinct: int
    low: JSON = None
    high: JSON = None
    mean: float | None = None
    std: float | None = None
    counts: tuple[tuple[str, int], ...] = ()
    """At most 20 (label, rows) pairs."""


class Modality(Protocol):
    """What a kind of column can do. The modules of this package are of this protocol."""

    def recognises(self, column: Series) -> bool:
        """Tell whether the column is of this kind, by its dtype and, where needed, its values."""
        ...

    def describe(self, column: Series) -> Summary:
        """Return what the column holds; gaps are left out."""
        ...

    def encode(self, frame: pd.DataFrame, *, takes_missing: bool, takes_sparse: bool) -> Any:
        """Return an unfitted scikit-learn transformer that makes the columns numbers.

        Parameters
        ----------
        frame
            The columns, with all rows a model may meet in training and evaluation: they tell
            whether there are gaps.
        takes_missing
            Whether numbers may come out missing (NaN); otherwise gaps are filled.
        takes_sparse
            Whether a sparse matrix may come out.

        Returns
        -------
        transformer
            Of scikit-learn's own classes, or ``"passthrough"`` if there is nothing to do. It takes
            a DataFrame of these columns and does not fail on values it has never seen.
        """
        ...


@functools.cache
def find(role: str) -> Modality:
    """Return the kind of column a role names."""
    return cast("Modality", importlib.import_module(f"{__name__}.{role}"))
