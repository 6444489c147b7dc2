"""Boosting: trees that correct each other."""

from __future__ import annotations

from typing import Any

from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from aiaas_magics.engines.families import Recipe
from aiaas_magics.specs.base import JSON


def _hist_gradient_boosting(task: str, params: dict[str, JSON], seed: int) -> Any:
    regression = task == "regression"
    kind = HistGradientBoostingRegressor if regression else HistGradientBoostingClassifier
    return kind(**params, random_state=seed)


RECIPES = {
    "hist_gradient_boosting": Recipe(
        _hist_gradient_boosting,
        takes_missing=True,
        takes_sparse=False,
        threads=True,
        watch="boosting",
    )
}
