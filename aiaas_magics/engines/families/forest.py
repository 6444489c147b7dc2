"""Forests: the mean of many trees."""

from __future__ import annotations

from typing import Any

from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)

from aiaas_magics.engines.families import Recipe
from aiaas_magics.specs.base import JSON


def _random_forest(task: str, params: dict[str, JSON], seed: int) -> Any:
    kind = RandomForestClassifier if task == "classification" else RandomForestRegressor
    return kind(**params, random_state=seed)


def _extra_trees(task: str, params: dict[str, JSON], seed: int) -> Any:
    kind = ExtraTreesClassifier if task == "classification" else ExtraTreesRegressor
    return kind(**params, random_state=seed)


RECIPES = {
    "random_forest": Recipe(_random_forest, takes_missing=True, watch="forest"),
    "extra_trees": Recipe(_extra_trees, takes_missing=True, watch="forest"),
}
