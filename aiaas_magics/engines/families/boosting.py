"""Boosting: trees that correct each other."""

from __future__ import annotations

from typing import Any

from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from aiaas_magics.engines.families import Recipe
from aiaas_magics.specs.base import JSON


class NamedWeightsBoosting(HistGradientBoostingClassifier):
    """HistGradientBoostingClassifier with a weight for each class, by the class as it is documented.

    scikit-learn 1.9 looks for the weight of a class under its place among the sorted ones.
    """

    def _finalize_sample_weight(self, sample_weight: Any, y: Any) -> Any:
        return super()._finalize_sample_weight(sample_weight, self.classes_[y.astype(int)])


def _gradient_boosting(task: str, params: dict[str, JSON], seed: int) -> Any:
    kind = GradientBoostingRegressor if task == "regression" else GradientBoostingClassifier
    return kind(**params, random_state=seed)


def _hist_gradient_boosting(task: str, params: dict[str, JSON], seed: int) -> Any:
    if task == "regression":
        return HistGradientBoostingRegressor(**params, random_state=seed)
    named = isinstance(params.get("class_weight"), dict)
    kind = NamedWeightsBoosting if named else HistGradientBoostingClassifier
    return kind(**params, random_state=seed)


def _adaboost(task: str, params: dict[str, JSON], seed: int) -> Any:
    """Return AdaBoost over trees as deep as scikit-learn's own default, which has no name to set."""
    if task == "regression":
        model = AdaBoostRegressor(DecisionTreeRegressor(max_depth=3), random_state=seed)
    else:
        model = AdaBoostClassifier(DecisionTreeClassifier(max_depth=1), random_state=seed)
    return model.set_params(**params)


RECIPES = {
    "gradient_boosting": Recipe(_gradient_boosting, watch="monitor"),
    "hist_gradient_boosting": Recipe(
        _hist_gradient_boosting,
        takes_missing=True,
        takes_sparse=False,
        threads=True,
        watch="boosting",
    ),
    "adaboost": Recipe(_adaboost, watch="rounds"),
}
