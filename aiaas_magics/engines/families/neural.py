"""Neural networks of dense layers."""

from __future__ import annotations

from typing import Any

from sklearn.neural_network import MLPClassifier, MLPRegressor

from aiaas_magics.engines.families import Recipe
from aiaas_magics.specs.base import JSON


def _mlp(task: str, params: dict[str, JSON], seed: int) -> Any:
    kind = MLPClassifier if task == "classification" else MLPRegressor
    return kind(**params, random_state=seed)


RECIPES = {"mlp": Recipe(_mlp, scale=True, watch="passes")}
