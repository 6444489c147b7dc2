"""A single decision tree."""

from __future__ import annotations

from typing import Any

from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from aiaas_magics.engines.families import Recipe
from aiaas_magics.specs.base import JSON


def _decision_tree(task: str, params: dict[str, JSON], seed: int) -> Any:
    kind = DecisionTreeClassifier if task == "classification" else DecisionTreeRegressor
    return kind(**params, random_state=seed)


RECIPES = {"decision_tree": Recipe(_decision_tree, takes_missing=True)}
