"""``SharedGridSearchCV``: scikit-learn's grid search, for the price of its largest models."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from joblib import effective_n_jobs
from sklearn.base import is_classifier
from sklearn.model_selection import GridSearchCV, ParameterGrid, check_cv
from sklearn.model_selection._validation import _warn_or_raise_about_fit_failures
from sklearn.utils import indexable
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metadata_routing import _routing_enabled
from sklearn.utils.parallel import Parallel
from sklearn.utils.validation import _check_method_params

from aiaas_magics.engines.sharing.base import Equality, Scored
from aiaas_magics.engines.sharing.evaluating import ONE, Evaluator, Terms
from aiaas_magics.engines.sharing.plan import Plan


class SharedGridSearchCV(GridSearchCV):
    """A drop-in for ``GridSearchCV`` that fits what candidates have in common once.

    Whatever it does not recognise it leaves to ``GridSearchCV``: never a wrong answer, at worst an ordinary
    speed.

    Parameters
    ----------
    estimator, param_grid, scoring, n_jobs, refit, cv, verbose, pre_dispatch, error_score, return_train_score
        As in ``sklearn.model_selection.GridSearchCV``.
    sharing : {"auto", "exact", "off"}, default="auto"
        ``exact`` shares only where scores are bit-equal to those of fits of their own; ``auto`` also where they
        are equal within a stated tolerance, or have the same distribution; ``off`` is ``GridSearchCV``.

    Attributes
    ----------
    equality_ : list of str
        Of each candidate: ``exact``, ``tolerance`` or ``distribution``.
    exact_ : ndarray of shape (n_candidates,), dtype=bool
        Whether its scores are bit-equal to those ``GridSearchCV`` gives.
    plan_ : Plan
        What was shared, and what that cost: ``str(plan_)`` is a sentence.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from aiaas_magics import SharedGridSearchCV
    >>> X, y = load_iris(return_X_y=True)
    >>> grid = {"n_estimators": [10, 20, 30], "max_depth": [2, None]}
    >>> search = SharedGridSearchCV(RandomForestClassifier(random_state=0), grid).fit(X, y)
    >>> print(search.plan_)
    6 candidates -> 1 group x 5 folds: 150 trees instead of 600; 3 exact for certain, the others once grown
    """

    _parameter_constraints: dict[str, Any] = {
        **GridSearchCV._parameter_constraints,
        "sharing": [StrOptions({"auto", "exact", "off"})],
    }

    def __init__(
        self,
        estimator: Any,
        param_grid: Any,
        *,
        scoring: Any = None,
        n_jobs: int | None = None,
        refit: Any = True,
        cv: Any = None,
        verbose: int = 0,
        pre_dispatch: Any = "2*n_jobs",
        error_score: Any = np.nan,
        return_train_score: bool = False,
        sharing: str = "auto",
    ) -> None:
        super().__init__(
            estimator,
            param_grid,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.sharing = sharing

    def fit(self, X: Any, y: Any = None, **params: Any) -> SharedGridSearchCV:
        """Evaluate every candidate of the grid, and refit the best.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,), default=None
        **params
            As for ``GridSearchCV.fit``: ``groups``, ``sample_weight``, parameters of the estimator's ``fit``.

        Returns
        -------
        self
        """
        search = self._search(X, y, params)
        if search is None:
            super().fit(X, y, **params)
            count = len(self.cv_results_["params"])
            return self._labelled(Plan(count, self.n_splits_, (), tuple(range(count))), [])
        return self._searched(search)

    def _search(self, X: Any, y: Any, params: Mapping[str, Any]) -> _Search | None:
        """Return what is to be shared; None where nothing is, or the parent knows better what is wrong."""
        ours = type(self)._run_search is GridSearchCV._run_search
        if (self.sharing != "auto" and self.sharing != "exact") or not ours or _routing_enabled():
            return None
        if getattr(self, "_skl_callbacks", None) or getattr(self.estimator, "_skl_callbacks", None):
            return None
        if hasattr(self.cv, "__next__"):  # a generator can be looked at once only
            return None
        try:
            return self._planned(X, y, params)
        except Exception:  # noqa: BLE001 - the parent meets it again, and says it in its words
            return None

    def _planned(self, X: Any, y: Any, params: Mapping[str, Any]) -> _Search | None:
        self._validate_params()
        scorers, metric = self._get_scorers()
        X, y = indexable(X, y)
        routed = self._get_routed_params_for_fit(_check_method_params(X, params=dict(params)))
        cv = check_cv(self.cv, y, classifier=is_classifier(self.estimator))
        folds = cv.get_n_splits(X, y, **routed.splitter.split)
        terms = Terms(
            [((), ())] * folds, scorers, routed.estimator.fit, routed.scorer.score, self.error_score, self.return_train_score,
            self.verbose,
        )  # fmt: skip
        candidates = list(ParameterGrid(self.param_grid))
        plan = self._evaluator(X, y, terms).plan(candidates)
        return (
            _Search(X, y, terms, cv, dict(routed.splitter.split), candidates, plan, metric)
            if plan.groups
            else None
        )

    def _evaluator(self, X: Any, y: Any, terms: Terms) -> Evaluator:
        cores = effective_n_jobs(self.n_jobs)
        parallel = Parallel(n_jobs=self.n_jobs, pre_dispatch=self.pre_dispatch)
        return Evaluator(
            self.estimator, X, y, terms, sharing=self.sharing, cores=cores, parallel=parallel
        )

    def _searched(self, search: _Search) -> SharedGridSearchCV:
        splits = list(search.cv.split(search.X, search.y, **search.split))
        self.n_splits_, self._checked_cv_orig = len(splits), search.cv
        if self.verbose > 0:
            print(search.plan)  # noqa: T201 - what `verbose` asks for
        evaluator = self._evaluator(search.X, search.y, search.terms._replace(splits=splits))
        table = evaluator.evaluate(search.candidates, search.plan)
        several = bool(evaluator.multimetric)
        outs = [_told(each, several=several) for row in table for each in row if each is not None]
        _warn_or_raise_about_fit_failures(outs, self.error_score)
        results = self._format_results(search.candidates, self.n_splits_, outs)
        self.multimetric_, self.cv_results_ = several, results
        metric = self.refit if several else "score"
        if self.refit or not several:
            self._best(results, metric)
        if self.refit:
            begun = time.time()
            self.best_estimator_ = evaluator.refit(self.best_params_)
            self.refit_time_ = time.time() - begun
            if hasattr(self.best_estimator_, "feature_names_in_"):
                self.feature_names_in_ = self.best_estimator_.feature_names_in_
        scorers = search.terms.scorers
        self.scorer_ = getattr(scorers, "_scorers", scorers)
        return self._labelled(search.plan.grown(evaluator.growers), table)

    def _best(self, results: Mapping[str, Any], metric: Any) -> None:
        self.best_index_ = self._select_best_index(self.refit, metric, results)
        if not callable(self.refit):
            self.best_score_ = results[f"mean_test_{metric}"][self.best_index_]
        self.best_params_ = results["params"][self.best_index_]

    def _labelled(self, plan: Plan, table: Sequence[Sequence[Scored | None]]) -> SharedGridSearchCV:
        """Set the attributes that tell how far a score is what the parent would give."""
        rows = [[each.equality for each in row if each is not None] for row in table]
        labels = [max(row, key=ORDER.index) for row in rows] or [Equality.EXACT] * plan.candidates
        self.equality_ = [str(label) for label in labels]
        self.exact_ = np.array([label is Equality.EXACT for label in labels])
        self.plan_ = plan
        return self


ORDER = (Equality.EXACT, Equality.TOLERANCE, Equality.DISTRIBUTION)
"""A candidate is labelled as its worst fold."""


class _Search(NamedTuple):
    """A search that shares."""

    X: Any
    y: Any
    terms: Terms
    cv: Any
    split: dict[str, Any]
    candidates: list[dict[str, Any]]
    plan: Plan
    metric: Any


def _told(found: Scored, *, several: bool) -> dict[str, Any]:
    """Return what scikit-learn's own bookkeeping takes."""
    out: dict[str, Any] = {
        "test_scores": found.test if several else found.test[ONE], "fit_time": found.fit_seconds,
        "score_time": found.score_seconds, "n_test_samples": found.rows, "fit_error": found.failure or None,
    }  # fmt: skip
    if found.train is not None:
        out["train_scores"] = found.train if several else found.train[ONE]
    return out
