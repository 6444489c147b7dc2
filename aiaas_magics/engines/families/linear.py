"""Linear models: least squares and its penalties, logistic regression, stochastic gradient descent."""

from __future__ import annotations

from typing import Any

from sklearn.linear_model import (
    ElasticNet,
    Lasso,
    LinearRegression,
    LogisticRegression,
    Ridge,
    RidgeClassifier,
    SGDClassifier,
    SGDRegressor,
)

from aiaas_magics.engines.families import Recipe
from aiaas_magics.specs.base import JSON


def _logistic_regression(task: str, params: dict[str, JSON], seed: int) -> Any:
    del task
    return LogisticRegression(**_with_solver(params), random_state=seed)


def _with_solver(params: dict[str, JSON]) -> dict[str, JSON]:
    """Return the parameters with a solver; only saga mixes L1 and L2 for all classes."""
    return {"solver": "saga" if params.get("l1_ratio") else "lbfgs", **params}


def _ridge(task: str, params: dict[str, JSON], seed: int) -> Any:
    kind = RidgeClassifier if task == "classification" else Ridge
    return kind(**params, random_state=seed)


def _linear_regression(task: str, params: dict[str, JSON], seed: int) -> Any:
    del task, seed  # nothing in it is random
    return LinearRegression(**params)


def _lasso(task: str, params: dict[str, JSON], seed: int) -> Any:
    del task
    return Lasso(**params, random_state=seed)


def _elastic_net(task: str, params: dict[str, JSON], seed: int) -> Any:
    del task
    return ElasticNet(**params, random_state=seed)


def _sgd(task: str, params: dict[str, JSON], seed: int) -> Any:
    if task == "classification":
        return SGDClassifier(**{"loss": "log_loss", **params}, random_state=seed)
    return SGDRegressor(**params, random_state=seed)


RECIPES = {
    "logistic_regression": Recipe(
        _logistic_regression, scale=True, complete=_with_solver, watch="iterations"
    ),
    "linear_regression": Recipe(_linear_regression),
    "ridge": Recipe(_ridge),
    "lasso": Recipe(_lasso, scale=True),
    "elastic_net": Recipe(_elastic_net, scale=True),
    "sgd": Recipe(_sgd, scale=True, watch="epochs"),
}
