"""Naive Bayes: each column speaks for itself, given the class."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.naive_bayes import BernoulliNB, ComplementNB, GaussianNB, MultinomialNB
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from aiaas_magics import errors
from aiaas_magics.engines.families import Recipe
from aiaas_magics.specs.base import JSON

_COUNTS = {"multinomial": MultinomialNB, "complement": ComplementNB}
_POSITIVE = Interval(Real, 0, None, closed="left")


class NaiveBayes(ClassifierMixin, BaseEstimator):
    """One of scikit-learn's naive Bayes classifiers; which one is a parameter, so that it can be searched.

    The parameters are scikit-learn's; those of another variant change nothing.
    """

    _parameter_constraints = {
        "variant": [StrOptions({"gaussian", "bernoulli", *_COUNTS})],
        "var_smoothing": [_POSITIVE], "alpha": [_POSITIVE],
        "fit_prior": ["boolean"], "binarize": [None, Interval(Real, None, None, closed="neither")],
    }  # fmt: skip

    def __init__(
        self,
        variant: str = "gaussian",
        *,
        var_smoothing: float = 1e-9,
        alpha: float = 1.0,
        fit_prior: bool = True,
        binarize: float | None = 0.0,
    ) -> None:
        self.variant, self.var_smoothing, self.alpha = variant, var_smoothing, alpha
        self.fit_prior, self.binarize = fit_prior, binarize

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> NaiveBayes:
        """Learn from rows, dense or sparse."""
        self._validate_params()
        X = self._checked(X, reset=True)
        if self.variant in _COUNTS and X.min() < 0:
            raise errors.DataError(
                f"{self.variant} naive Bayes counts, and a column has numbers below 0",
                "%aiaas_prepare ... --scale minmax lifts them, the other variants take them",
                "variant='gaussian'",
            )
        self.model_ = self._made().fit(X, np.asarray(y), sample_weight=sample_weight)
        self.classes_ = self.model_.classes_
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Return the likeliest class of each row."""
        check_is_fitted(self)
        return self.model_.predict(self._checked(X, reset=False))

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probability of each class: rows x classes."""
        check_is_fitted(self)
        return self.model_.predict_proba(self._checked(X, reset=False))

    def _made(self) -> Any:
        if self.variant == "gaussian":
            return GaussianNB(var_smoothing=self.var_smoothing)
        prior = {"alpha": self.alpha, "fit_prior": self.fit_prior}
        if self.variant == "bernoulli":
            return BernoulliNB(**prior, binarize=self.binarize)
        return _COUNTS[self.variant](**prior)

    def _checked(self, X: Any, *, reset: bool) -> Any:
        table = validate_data(self, X, accept_sparse="csr", reset=reset)
        dense = self.variant == "gaussian" and sparse.issparse(table)
        return table.toarray() if dense else table  # scikit-learn's gaussian takes no sparse table

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _naive_bayes(task: str, params: dict[str, JSON], seed: int) -> Any:
    del task, seed  # it only classifies, and nothing in it is random
    return NaiveBayes(**params)


RECIPES = {"naive_bayes": Recipe(_naive_bayes)}
