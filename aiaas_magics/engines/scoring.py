"""Scorers of the metrics: scikit-learn's, greater is always better."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.metrics import get_scorer

from aiaas_magics.specs.metrics import Metric

Scorer = Callable[[Any, Any, Any], float]


def scorer(metric: Metric) -> Scorer:
    """Return the function (estimator, X, y) -> score of a metric."""
    if metric.name == "brier":
        return _brier
    found: Scorer = get_scorer(metric.scorer)
    return found


def _brier(estimator: Any, X: Any, y: Any) -> float:
    """Return minus the Brier score; scikit-learn's own scorer takes no classes with names.

    Half of the sum over classes where there are two, as in ``brier_score_loss``.
    """
    proba = estimator.predict_proba(X)
    own = np.asarray(y)[:, None] == np.asarray(estimator.classes_)
    total = float(((proba - own) ** 2).sum(axis=1).mean())
    return -total / 2 if proba.shape[1] == 2 else -total


_brier.answers_suffice = True  # type: ignore[attr-defined]  # a sharer's answers are enough: see `sharing.evaluating`
