"""The rows and tables of folds, as the steps before the last one of a pipeline leave them."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from sklearn.base import clone
from sklearn.utils.metaestimators import _safe_split
from sklearn.utils.validation import _check_method_params

from aiaas_magics.engines.sharing import grouping
from aiaas_magics.engines.sharing.base import Fold, Rows
from aiaas_magics.engines.sharing.plan import Shared


class Tables:
    """Prepares folds, once for all groups that have the same preparation.

    Parameters
    ----------
    X, y, weights
        All rows, (n, columns), (n,) and (n,) or None.
    splits
        Training and test rows of each fold.
    train_too
        Whether training rows are scored as well.
    """

    def __init__(
        self, X: Any, y: Any, weights: Any, splits: Sequence[tuple[Any, Any]], *, train_too: bool
    ) -> None:
        self._X, self._y, self._weights = X, y, weights
        self._splits, self._train_too = splits, train_too
        self._kept: dict[int, tuple[str, Rows, tuple[Any, ...]]] = {}
        self._making = [threading.Lock() for _ in splits]

    def clear(self) -> None:
        """Forget what was prepared."""
        self._kept.clear()

    def fold(self, shared: Shared, number: int) -> Fold:
        """Return a fold, whose rows and tables are made when asked for."""
        return Fold(
            number,
            lambda: self._made(shared, number)[1],
            lambda: self._made(shared, number)[2],
        )

    def _made(self, shared: Shared, number: int) -> tuple[str, Rows, tuple[Any, ...]]:
        """Return a fold's tables, prepared; those of one preparation are kept until the next begins."""
        with self._making[number]:  # threads that ask for one fold get the same preparation
            found = self._kept.get(number)
            if found is None or found[0] != shared.before:
                found = self._prepared(shared, number)
                prepared = grouping.last_step(shared.whole)[0] and len(shared.whole.steps) > 1
                if prepared:
                    self._kept[number] = found
            return found

    def _prepared(self, shared: Shared, number: int) -> tuple[str, Rows, tuple[Any, ...]]:
        whole = shared.whole
        train, test = self._splits[number]
        X, y = _safe_split(whole, self._X, self._y, train)
        X_test, _ = _safe_split(whole, self._X, self._y, test, train)
        tables = (X_test, X) if self._train_too else (X_test,)
        weights = self._weights
        if weights is not None:
            weights = _check_method_params(self._X, {"w": weights}, indices=train)["w"]
        if grouping.last_step(whole)[0] and len(whole.steps) > 1:
            before = clone(whole[:-1])
            X = before.fit_transform(X, y)
            tables = tuple(before.transform(table) for table in tables)
        return shared.before, Rows(X, y, weights), tables
