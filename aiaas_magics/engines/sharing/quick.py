"""Scores of answers: scikit-learn's own, by a shorter way where the numbers are the same bit for bit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin, is_classifier, is_regressor
from sklearn.metrics import accuracy_score, r2_score
from sklearn.metrics._scorer import _BaseScorer, _PassthroughScorer
from sklearn.model_selection._validation import _score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.utils import _safe_indexing
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import _check_method_params, _num_samples

from aiaas_magics.engines.sharing.base import Answers, Array


class Scoring:
    """Scores answers for some of the rows.

    Parameters
    ----------
    rows
        Positions of the rows.
    params
        What scorers are told besides, of all rows.
    """

    def __init__(
        self, X: Any, y: Any, rows: Any, scorers: Any, params: Mapping[str, Any], error_score: Any
    ) -> None:
        self._scorers, self._error_score = scorers, error_score
        self._X, self._y = _safe_indexing(X, rows), _safe_indexing(y, rows)
        self.rows = _num_samples(self._X)
        self._params = _check_method_params(X, dict(params), indices=rows)
        self._accuracy = _counted(self._y) if _is_accuracy(scorers) and not self._params else None
        self._r2 = R2.of(self._y) if _is_r2(scorers) and not self._params else None

    def of(self, answers: Answers) -> Any:
        """Return what ``GridSearchCV`` would get from its scorers: a number, or one by name."""
        if self._accuracy is not None:
            said = answers.predict(self._X)
            if said.dtype == self._accuracy.dtype and said.shape == self._accuracy.shape:
                return float(np.average(said == self._accuracy))
        if self._r2 is not None:
            score = self._r2.score(answers.predict(self._X))
            if score is not None:
                return score
        return _score(answers, self._X, self._y, self._scorers, self._params, self._error_score)


class R2:
    """``r2_score`` of many predictions of one target: the same sums, in the same order, the target's only once.

    Parameters
    ----------
    target
        True values in float64, (n, 1).
    """

    def __init__(self, target: Array) -> None:
        self._target = target
        self._spread = np.sum((target - np.average(target, axis=0)) ** 2, axis=0)

    @classmethod
    def of(cls, y: Any) -> R2 | None:
        """Return that of a target; None for one that scikit-learn should look at."""
        values = np.asarray(y)
        usual = values.ndim == 1 and len(values) > 1 and values.dtype.kind in "iuf"
        return cls(values.astype(np.float64).reshape(-1, 1)) if usual else None

    def score(self, predicted: Array) -> float | None:
        """Return R² of predictions (n,); None for those that scikit-learn should look at."""
        if predicted.dtype != np.float64 or predicted.shape != (len(self._target),):
            return None
        lost = np.sum((self._target - predicted.reshape(-1, 1)) ** 2, axis=0)
        if not (np.isfinite(lost).all() and lost.all() and self._spread.all()):
            return None
        return float((1 - lost / self._spread)[0])


def usual_score(model: Any) -> bool:
    """Tell whether ``score`` is what all classifiers or all regressors have; neighbours only document it anew."""
    usual: set[Callable[..., Any]] = (
        {ClassifierMixin.score, KNeighborsClassifier.score}
        if is_classifier(model)
        else {RegressorMixin.score}
    )
    return getattr(type(model), "score", None) in usual


def _is_accuracy(scorer: Any) -> bool:
    """Tell whether a scorer is accuracy and nothing else: as named, or a classifier's own."""
    if isinstance(scorer, _PassthroughScorer):
        return is_classifier(scorer._estimator)
    plain = isinstance(scorer, _BaseScorer) and not scorer._kwargs and scorer._sign == 1
    return plain and scorer._score_func is accuracy_score


def _is_r2(scorer: Any) -> bool:
    """Tell whether a scorer is R² and nothing else: as named, or a regressor's own."""
    if isinstance(scorer, _PassthroughScorer):
        return is_regressor(scorer._estimator)
    plain = isinstance(scorer, _BaseScorer) and not scorer._kwargs and scorer._sign == 1
    return plain and scorer._score_func is r2_score


def _counted(y: Any) -> Array | None:
    """Return the true classes as an array that answers may be compared with; None where that may differ."""
    values = np.asarray(y)
    usual = values.ndim == 1 and type_of_target(values) in ("binary", "multiclass")
    return values if usual and values.dtype.kind in "biuU" else None
