"""Neighbours: what the most similar training rows have."""

from __future__ import annotations

from typing import Any

from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from aiaas_magics.engines.families import Recipe
from aiaas_magics.specs.base import JSON


def _knn(task: str, params: dict[str, JSON], seed: int) -> Any:
    del seed  # nothing in it is random
    return (KNeighborsClassifier if task == "classification" else KNeighborsRegressor)(**params)


# of sparse rows all distances are sorted in part, ten times slower where most are equal, as those of categories are
RECIPES = {"knn": Recipe(_knn, scale=True, dense=True)}
