"""Treelite as an engine: trees walked by its own interpreter, without a compiler."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec
import numpy as np

if TYPE_CHECKING:
    from aiaas_magics.predictors.programs import Opening


class Treelite(msgspec.Struct, frozen=True, tag="treelite"):
    """A model in Treelite's own format.

    ``rounded`` says that a value is rounded to float32 before it is compared, as scikit-learn's trees do.
    """

    file: str
    outputs: int
    rounded: bool = False

    def opened(self, opening: Opening) -> Callable[[np.ndarray], np.ndarray]:
        """Return the function from a matrix to the outputs."""
        import treelite

        model = treelite.Model.deserialize(opening.folder / self.file)

        def trees(x: np.ndarray) -> np.ndarray:
            seen = x.astype("float32").astype("float64") if self.rounded else x
            found = treelite.gtil.predict(
                model, np.ascontiguousarray(seen), nthread=1, pred_margin=True
            )
            return np.asarray(found, dtype="float64").reshape(len(x), self.outputs)

        return trees
