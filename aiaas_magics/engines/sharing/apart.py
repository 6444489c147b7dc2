"""Candidates that nobody shares: fitted and scored by scikit-learn's own function."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sklearn.base import clone
from sklearn.model_selection._validation import _fit_and_score
from sklearn.utils.parallel import Parallel, delayed

from aiaas_magics.engines.sharing.base import Made, Params, Pool

Call = tuple[tuple[Any, ...], dict[str, Any]]


class Apart:
    """Fits candidates by themselves, on folds.

    Parameters
    ----------
    base
        The unfitted estimator.
    X, y
        All rows.
    terms
        As of an `Evaluator`.
    """

    def __init__(self, base: Any, X: Any, y: Any, terms: Any) -> None:
        self._base, self._X, self._y, self._terms = base, X, y, terms

    def found(
        self,
        candidates: Sequence[Params],
        pairs: Sequence[tuple[int, int]],
        pool: Pool,
        parallel: Parallel | None,
        done: Callable[[int, int, Mapping[str, Any]], Made],
    ) -> Iterator[Made]:
        """Yield what `done` makes of scikit-learn's findings, in the order of the pairs.

        They are found by `parallel`, whose backend is the caller's choice, else by the threads of the pool,
        each of which calls `done` at once.
        """

        def fitted(pair: tuple[int, int]) -> Made:
            args, words = self._call(candidates, *pair)
            return done(*pair, _fit_and_score(*args, **words))

        if parallel is None:
            return pool.map(fitted, pairs)
        calls = (self._call(candidates, *pair) for pair in pairs)
        outs = parallel(delayed(_fit_and_score)(*args, **words) for args, words in calls)
        return (done(*pair, out) for pair, out in zip(pairs, outs, strict=True))

    def _call(self, candidates: Sequence[Params], number: int, fold: int) -> Call:
        terms, (train, test) = self._terms, self._terms.splits[fold]
        words = {
            "scorer": terms.scorers, "train": train, "test": test, "verbose": terms.verbose, "parameters": dict(candidates[number]),
            "fit_params": dict(terms.fit_params), "score_params": dict(terms.score_params), "return_train_score": terms.return_train_score,
            "return_n_test_samples": True, "return_times": True, "error_score": terms.error_score,
            "split_progress": (fold, len(terms.splits)), "candidate_progress": (number, len(candidates)),
        }  # fmt: skip
        return (clone(self._base), self._X, self._y), words
