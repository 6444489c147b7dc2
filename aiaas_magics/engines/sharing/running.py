"""What ``SharedGridSearchCV`` does where it shares; needs private names of scikit-learn, and is imported when used."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple

from joblib import effective_n_jobs
from sklearn.base import is_classifier
from sklearn.model_selection import ParameterGrid, check_cv
from sklearn.model_selection._validation import _warn_or_raise_about_fit_failures
from sklearn.utils import indexable
from sklearn.utils.metadata_routing import _routing_enabled
from sklearn.utils.parallel import Parallel
from sklearn.utils.validation import _check_method_params

from aiaas_magics.engines.sharing.base import Scored
from aiaas_magics.engines.sharing.evaluating import ONE, Evaluator, Table, Terms
from aiaas_magics.engines.sharing.lines import Lines
from aiaas_magics.engines.sharing.plan import Plan


class Search(NamedTuple):
    """A search that shares."""

    X: Any
    y: Any
    terms: Terms
    cv: Any
    split: dict[str, Any]
    candidates: list[dict[str, Any]]
    plan: Plan
    warned: list[warnings.WarningMessage]
    """What was complained of meanwhile; said again if the search goes on."""


def planned(of: Any, X: Any, y: Any, params: Mapping[str, Any]) -> Search | None:
    """Return what a ``SharedGridSearchCV`` shares; None where that is nothing."""
    if _routing_enabled() or _called_back(of):
        return None
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        found = _planned(of, X, y, params)
    return found and found._replace(warned=warned)


def _called_back(of: Any) -> bool:
    """Tell whether somebody registered a callback, with the search or any part of its estimator."""
    parts = [of, of.estimator, *of.estimator.get_params(deep=True).values()]
    return any(getattr(part, "_skl_callbacks", None) for part in parts)


def _planned(of: Any, X: Any, y: Any, params: Mapping[str, Any]) -> Search | None:
    of._validate_params()
    scorers, _ = of._get_scorers()
    X, y = indexable(X, y)
    routed = of._get_routed_params_for_fit(_check_method_params(X, params=dict(params)))
    cv = check_cv(of.cv, y, classifier=is_classifier(of.estimator))
    folds = cv.get_n_splits(X, y, **routed.splitter.split)
    terms = Terms(
        [((), ())] * folds, scorers, routed.estimator.fit, routed.scorer.score, of.error_score, of.return_train_score,
        of.verbose,
    )  # fmt: skip
    candidates = list(ParameterGrid(of.param_grid))
    plan = Evaluator(of.estimator, X, y, terms, sharing=of.sharing).plan(candidates)
    split = dict(routed.splitter.split)
    return Search(X, y, terms, cv, split, candidates, plan, []) if plan.groups else None


def searched(of: Any, search: Search) -> tuple[Plan, Table]:
    """Do a search, and set what ``GridSearchCV.fit`` sets; return what became of the plan and the candidates."""
    for each in search.warned:
        warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)
    splits = list(search.cv.split(search.X, search.y, **search.split))
    if len(splits) != search.plan.folds:
        raise ValueError(
            "cv.split and cv.get_n_splits return inconsistent results. "
            f"Expected {search.plan.folds} splits, got {len(splits)}"
        )
    of.n_splits_, of._checked_cv_orig = len(splits), search.cv
    evaluator = _evaluator(of, search, splits)
    table = evaluator.evaluate(search.candidates, search.plan)
    _results(of, search, table, several=bool(evaluator.multimetric))
    if of.refit:
        _refit(of, evaluator)
    scorers = search.terms.scorers
    of.scorer_ = getattr(scorers, "_scorers", scorers)
    return search.plan.grown(evaluator.growers), table


def _evaluator(of: Any, search: Search, splits: list[Any]) -> Evaluator:
    lines = Lines(search.candidates, search.plan, of.verbose)
    lines.begin()
    terms = search.terms._replace(splits=splits)
    parallel = Parallel(n_jobs=of.n_jobs, pre_dispatch=of.pre_dispatch)
    return Evaluator(
        of.estimator, search.X, search.y, terms, sharing=of.sharing, cores=effective_n_jobs(of.n_jobs), parallel=parallel,
        watcher=lines,
    )  # fmt: skip


def _results(of: Any, search: Search, table: Table, *, several: bool) -> None:
    outs = [_told(each, several=several) for row in table for each in row if each is not None]
    _warn_or_raise_about_fit_failures(outs, of.error_score)
    results = of._format_results(search.candidates, of.n_splits_, outs)
    of.multimetric_, of.cv_results_ = several, results
    metric = of.refit if several else "score"
    if not of.refit and several:
        return
    of.best_index_ = of._select_best_index(of.refit, metric, results)
    if not callable(of.refit):
        of.best_score_ = results[f"mean_test_{metric}"][of.best_index_]
    of.best_params_ = results["params"][of.best_index_]


def _refit(of: Any, evaluator: Evaluator) -> None:
    begun = time.time()
    of.best_estimator_ = evaluator.refit(of.best_params_)
    of.refit_time_ = time.time() - begun
    if hasattr(of.best_estimator_, "feature_names_in_"):
        of.feature_names_in_ = of.best_estimator_.feature_names_in_


def _told(found: Scored, *, several: bool) -> dict[str, Any]:
    """Return what scikit-learn's own bookkeeping takes."""
    out: dict[str, Any] = {
        "test_scores": found.test if several else found.test[ONE], "fit_time": found.fit_seconds,
        "score_time": found.score_seconds, "n_test_samples": found.rows, "fit_error": found.failure or None,
    }  # fmt: skip
    if found.train is not None:
        out["train_scores"] = found.train if several else found.train[ONE]
    return out
