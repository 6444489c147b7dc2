"""``SharedGridSearchCV``: scikit-learn's grid search, for the price of its largest models."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.model_selection import GridSearchCV
from sklearn.utils._param_validation import StrOptions

from aiaas_magics.engines.sharing.base import ORDER, Equality, Scored
from aiaas_magics.engines.sharing.plan import Plan

if TYPE_CHECKING:
    from aiaas_magics.engines.sharing.evaluating import Table

LOG = logging.getLogger(__name__)


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

    Notes
    -----
    With ``auto`` the winner may be another than ``GridSearchCV``'s where the best candidates are closer to each other than
    two fits of different seeds: a score that is equal in distribution is another draw, as valid and not the same. Where the very
    numbers matter (a test, a paper to reproduce), say ``sharing="exact"``.

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
        shared = self._shared(X, y, params)
        if shared is not None:
            return self._labelled(*shared)
        super().fit(X, y, **params)
        count = len(self.cv_results_["params"])
        return self._labelled(Plan(count, self.n_splits_, (), tuple(range(count))), [])

    def _shared(self, X: Any, y: Any, params: Mapping[str, Any]) -> tuple[Plan, Table] | None:
        """Share the work; None where there is none to share, or the parent knows better what is wrong."""
        if self.sharing not in ("auto", "exact"):
            return None
        if type(self)._run_search is not GridSearchCV._run_search:
            return None
        if hasattr(self.cv, "__next__"):  # a generator can be looked at once only
            return None
        try:
            from aiaas_magics.engines.sharing import running

            search = running.planned(self, X, y, params)
        except Exception as error:  # noqa: BLE001 - the parent meets it again, and says it in its words
            LOG.debug("nothing is shared: %s", error)
            return None
        return None if search is None else running.searched(self, search)

    def _labelled(self, plan: Plan, table: Sequence[Sequence[Scored | None]]) -> SharedGridSearchCV:
        """Set the attributes that tell how far a score is what the parent would give."""
        rows = [[each.equality for each in row if each is not None] for row in table]
        labels = [max(row, key=ORDER.index) for row in rows] or [Equality.EXACT] * plan.candidates
        self.equality_ = [str(label) for label in labels]
        self.exact_ = np.array([label is Equality.EXACT for label in labels])
        self.plan_ = plan
        return self
