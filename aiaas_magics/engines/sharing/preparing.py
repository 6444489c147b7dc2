"""Tables of a fold, as the last step of a pipeline sees them; what stands before it is fitted once."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.metaestimators import _safe_split
from sklearn.utils.validation import _check_method_params

from aiaas_magics.engines.sharing.base import Fold, Rows
from aiaas_magics.engines.sharing.plan import Shared

Made = tuple[Rows, tuple[Any, ...]]


class Drawn(Exception):
    """A preparation drew numbers that nobody seeded: every candidate's would be another."""


class Tables:
    """Makes the tables of folds, and keeps those of one preparation until another is asked for.

    Parameters
    ----------
    X, y, weights
        All rows; weights None without.
    terms
        As of an `Evaluator`.
    """

    def __init__(self, X: Any, y: Any, weights: Any, terms: Any) -> None:
        self._X, self._y, self._weights, self._terms = X, y, weights, terms
        self._made: dict[int, tuple[str, Made]] = {}
        self._making = [threading.Lock() for _ in terms.splits]

    def fold(self, shared: Shared, number: int) -> Fold:
        """Return a fold of a group, whose tables are made when asked for."""
        return Fold(
            number, lambda: self._of(shared, number)[0], lambda: self._of(shared, number)[1]
        )

    def clear(self) -> None:
        """Keep none any longer."""
        self._made.clear()

    def _of(self, shared: Shared, number: int) -> Made:
        if not _steps_before(shared.whole):
            return self._split(shared.whole, number)
        with self._making[number]:  # threads that ask for one fold get the same preparation
            if number not in self._made or self._made[number][0] != shared.before:
                self._made.pop(number, None)
                self._made[number] = shared.before, self._prepared(shared.whole, number)
            return self._made[number][1]

    def _split(self, whole: Any, number: int) -> Made:
        train, test = self._terms.splits[number]
        X, y = _safe_split(whole, self._X, self._y, train)
        X_test, _ = _safe_split(whole, self._X, self._y, test, train)
        weights = self._weights
        if weights is not None:
            weights = _check_method_params(self._X, {"w": weights}, indices=train)["w"]
        return Rows(X, y, weights), (X_test, X) if self._terms.return_train_score else (X_test,)

    def _prepared(self, whole: Any, number: int) -> Made:
        (X, y, weights), tables = self._split(whole, number)
        before, watched = clone(whole[:-1]), not _known(whole)
        state = np.random.get_state(legacy=False) if watched else {}  # noqa: NPY002 - what others draw from
        made = Rows(before.fit_transform(X, y), y, weights)
        tables = tuple(before.transform(table) for table in tables)
        if watched and _moved(state):
            raise Drawn("the preparation draws numbers without a seed")
        return made, tables


def _steps_before(whole: Any) -> bool:
    return isinstance(whole, Pipeline) and len(whole.steps) > 1


def _known(whole: Any) -> bool:
    """Tell whether all preparation is scikit-learn's own, which draws from its `random_state` only."""
    inside = whole[:-1].get_params(deep=True).values()
    parts = [part for part in inside if isinstance(part, BaseEstimator)]
    strange = [type(part) for part in parts if not type(part).__module__.startswith("sklearn.")]
    return not strange and not any(isinstance(part, FunctionTransformer) for part in parts)


def _moved(before: Mapping[str, Any]) -> bool:
    """Tell whether somebody drew from numpy's global numbers."""
    now = np.random.get_state(legacy=False)  # noqa: NPY002 - what others draw from
    old, new = before["state"], now["state"]
    return bool(old["pos"] != new["pos"] or not np.array_equal(old["key"], new["key"]))
