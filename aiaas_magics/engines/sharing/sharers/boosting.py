"""Boosting: models of fewer rounds are the beginnings of the longest one.

Every round is fitted to what the rounds before it left over, with random numbers drawn in the order of the rounds, so
the number of rounds changes none of them. Early stopping keeps that: it looks back, never ahead. Sums over the rounds
are made in the order of scikit-learn's own, so that scores are bit-equal.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from joblib import cpu_count
from sklearn.base import BaseEstimator
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)

from aiaas_magics.engines.sharing.base import Answer, Array, Data, Fold, Pool, unseeded
from aiaas_magics.engines.sharing.staged import RESPONSES, Staged, known, with_sum

STOPS_FROM = 10_000
"""Rows above which ``early_stopping="auto"`` stops early, and draws the rows it looks at."""
SAMPLED_FROM = 200_000
"""Rows above which the bins of histograms are made from rows that are drawn."""
HARMLESS = {"verbose", "verbosity", "deterministic", "force_row_wise", "force_col_wise", "seed"}
"""Words of LightGBM's own that its classes pass on, and that are the same for any number of rounds."""
COMMUTING = 2
"""Threads of LightGBM that add up the same, whichever ends first; two fits by three were seen to differ."""


def _staged_sums(model: Any, table: Any, counts: Sequence[int]) -> Iterator[Any]:
    """Yield views of a model after so many rounds; one that stopped early stays as it was."""
    left, known = list(counts), None
    for number, raw in enumerate(model._staged_raw_predict(table), 1):
        known = raw
        while left and left[0] == number:
            left.pop(0)
            yield with_sum(model, raw)
    for _ in left:
        yield with_sum(model, known if known is not None else model._raw_predict(table))


class GradientBoosting(Staged):
    """``GradientBoostingClassifier`` and its sibling for numbers: ``n_estimators``."""

    name = "gradient boosting"
    classes = (GradientBoostingClassifier, GradientBoostingRegressor)

    def steady(self, estimator: Any, data: Data) -> bool:
        """Tell whether a fit draws from a seed; what it begins with is not given that."""
        return super().steady(estimator, data) and not unseeded(estimator.init)

    def views(self, model: Any, table: Any, counts: Sequence[int]) -> Iterator[Any]:
        """Yield the model after so many rounds."""
        return _staged_sums(model, table, counts)


class HistGradientBoosting(Staged):
    """``HistGradientBoostingClassifier`` and its sibling for numbers: ``max_iter``."""

    name = "histogram gradient boosting"
    classes = (HistGradientBoostingClassifier, HistGradientBoostingRegressor)
    stages, unit = "max_iter", "iterations"

    def steady(self, estimator: Any, data: Data) -> bool:
        """Tell whether a fit draws nothing, or draws from a seed."""
        stops = estimator.early_stopping
        early = data.rows > STOPS_FROM if stops == "auto" else bool(stops)
        draws = early or estimator.max_features < 1.0 or data.rows > SAMPLED_FROM
        return estimator.random_state is not None or not draws

    def views(self, model: Any, table: Any, counts: Sequence[int]) -> Iterator[Any]:
        """Yield the model after so many rounds."""
        return _staged_sums(model, table, counts)


class _Said(BaseEstimator):
    """An estimator that was asked already."""

    def __init__(self, said: Array) -> None:
        self.said = said

    def predict(self, X: Any) -> Array:
        """Return what it said."""
        del X
        return self.said


class AdaBoost(Staged):
    """``AdaBoostClassifier`` and ``AdaBoostRegressor``: ``n_estimators``."""

    name = "adaptive boosting"
    classes = (AdaBoostClassifier, AdaBoostRegressor)
    unit = "estimators"

    def views(self, model: Any, table: Any, counts: Sequence[int]) -> Iterator[Any]:
        """Yield the model of the first estimators; each is asked once."""
        rows = (
            table.to_numpy() if hasattr(table, "to_numpy") else table
        )  # they know no column names
        said = [_Said(each.predict(rows)) for each in model.estimators_]
        for count in counts:
            view = copy.copy(model)
            view.estimators_ = said[:count]
            view.estimator_weights_ = np.array(model.estimator_weights_[:count])
            yield view


class LightGBM(Staged):
    """LightGBM, by our own class and by its: ``n_estimators`` of plain gradient boosting."""

    name = "LightGBM"
    unit = "rounds"

    def matches(self, estimator: BaseEstimator) -> bool:
        """Tell whether it is one of ours or one of LightGBM's; that library is not imported to find out."""
        kind = type(estimator)
        return f"{kind.__module__}.{kind.__name__}" in (
            "aiaas_magics.engines.families.lightgbm.LightGBMClassifier",
            "aiaas_magics.engines.families.lightgbm.LightGBMRegressor",
            "lightgbm.sklearn.LGBMClassifier",
            "lightgbm.sklearn.LGBMRegressor",
        )

    def steady(self, estimator: Any, data: Data) -> bool:
        """Tell whether sums are always made in one order; without a seed LightGBM takes one, always the same."""
        del data
        if not hasattr(estimator, "n_jobs"):  # ours sees to it
            return True
        fixed = bool(getattr(estimator, "_other_params", {}).get("deterministic"))
        return fixed or 1 <= _threads(estimator.n_jobs) <= COMMUTING

    def refused(self, estimator: Any) -> bool:
        """Tell whether trees are dropped or averaged, or words that we do not know may change the rounds."""
        kind = getattr(estimator, "boosting_type", "gbdt")
        known = HARMLESS.union(
            estimator._get_param_names()
        )  # `set_params` notes these among the others too
        return kind != "gbdt" or not known.issuperset(getattr(estimator, "_other_params", ()))

    def spread(
        self, function: Callable[[Fold], list[Answer]], folds: Sequence[Fold], pool: Pool
    ) -> Iterator[list[Answer]]:
        """Fit one fold after the other: LightGBM counts its threads for the whole process, not for a fit."""
        for fold in folds:
            if pool.stopping():
                return
            yield function(fold)

    def views(self, model: Any, table: Any, counts: Sequence[int]) -> Iterator[Any]:
        """Yield the model after so many rounds."""
        for count in counts:
            view = copy.copy(model)
            if hasattr(model, "text_"):
                _ours(view, table, count)
            else:
                _theirs(view, count)
            yield view


def _threads(jobs: int | None) -> int:
    """Return the threads of a fit of LightGBM's own classes; 0: what OpenMP likes, which a search limits."""
    if jobs is None:
        return int(cpu_count(only_physical_cores=True))
    return jobs if jobs >= 0 else max(1, int(cpu_count()) + 1 + jobs)


def _ours(view: Any, table: Any, count: int) -> None:
    view._raw(table)  # reads the model, once
    checked = view._checked(table, reset=False)
    raw = np.asarray(view._booster.predict(checked, num_iteration=count, num_threads=1))
    view._raw = known(raw)


def _theirs(view: Any, count: int) -> None:
    for method in RESPONSES:
        asked = getattr(view, method, None)
        if asked is not None:
            setattr(view, method, _limited(asked, count))


def _limited(asked: Any, count: int) -> Any:
    def answer(X: Any, **words: Any) -> Array:
        return np.asarray(asked(X, **words | {"num_iteration": count}))

    return answer
