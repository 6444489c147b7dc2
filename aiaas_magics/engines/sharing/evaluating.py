"""Candidates evaluated fold by fold: together where a sharer knows how, as scikit-learn does where not."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sklearn.base import clone
from sklearn.utils import get_tags
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.parallel import Parallel
from threadpoolctl import threadpool_limits

from aiaas_magics.engines.sharing import grouping, quick
from aiaas_magics.engines.sharing.apart import Apart
from aiaas_magics.engines.sharing.base import (
    Answer,
    Data,
    Equality,
    Memory,
    Params,
    Rows,
    Scored,
    Sharer,
)
from aiaas_magics.engines.sharing.plan import Plan, Shared
from aiaas_magics.engines.sharing.pool import Threads
from aiaas_magics.engines.sharing.preparing import Tables
from aiaas_magics.engines.sharing.scorers import raising, served
from aiaas_magics.engines.sharing.sharers import sharer_of
from aiaas_magics.engines.sharing.telling import Heard, Hearing, Keeping

Pair = tuple[Any, Any]
Table = list[list[Scored | None]]
LOG = logging.getLogger(__name__)
ONE = "score"
"""What the score of a search with one metric is called in a `Scored`."""


class Terms(NamedTuple):
    """Under what terms candidates are compared: what ``GridSearchCV`` knows when it begins."""

    splits: Sequence[Pair]
    scorers: Any
    fit_params: Mapping[str, Any] = {}
    score_params: Mapping[str, Any] = {}
    error_score: Any = math.nan
    return_train_score: bool = False
    verbose: int = 0


class Evaluator:
    """Scores candidates on folds; may be asked again and again.

    Parameters
    ----------
    estimator
        Unfitted: a single estimator, or a pipeline whose last step predicts.
    X, y
        Rows, (n, columns) and (n,).
    terms
        Folds, scorers and the like.
    sharing
        ``auto``, ``exact`` (only what is bit-equal is shared) or ``off``.
    cores
        Threads for what is shared.
    parallel
        Runs what is not shared; None: the same threads.
    watcher, memory
        Who hears of it, and what is known already.
    """

    def __init__(
        self,
        estimator: Any,
        X: Any,
        y: Any,
        terms: Terms,
        *,
        sharing: str = "auto",
        cores: int = 1,
        parallel: Parallel | None = None,
        watcher: Hearing | None = None,
        memory: Memory | None = None,
    ) -> None:
        self._base, self._X, self._y, self._terms = estimator, X, y, terms
        self._exact, self._off = sharing == "exact", sharing == "off"
        self._cores, self._parallel, self._watcher, self._memory = cores, parallel, watcher, memory
        self.multimetric: bool | None = None
        """Whether a scorer gives several scores; known with the first."""
        self.growers: dict[int, str] = {}
        """How a group's models were made, by its number in the plan, where a sharer tells."""
        self.failures: list[str] = []
        """What sharers said that could not do what they had planned; their candidates were fitted apart."""

    def plan(self, candidates: Sequence[Params]) -> Plan:
        """Return who is evaluated together, and who apart."""
        everybody = Plan(
            len(candidates), len(self._terms.splits), (), tuple(range(len(candidates)))
        )
        weights = self._weights()
        off = self._off or get_tags(self._base).input_tags.pairwise or self._y is None
        if off or weights is _STRANGE or not served(self._terms.scorers, self._base):
            return everybody
        data = self._data(weighted=weights is not None)
        if data is None:
            return everybody
        return grouping.plan(self._base, candidates, data, exact=self._exact)

    def evaluate(
        self,
        candidates: Sequence[Params],
        plan: Plan | None = None,
        *,
        folds: Sequence[int] | None = None,
    ) -> Table:
        """Return what became of each candidate in each fold; None where a stop came before it.

        With `folds`, on these only: the others are None too.
        """
        return _Run(self, candidates, plan or self.plan(candidates), folds).done()

    def refit(self, candidate: Params) -> Any:
        """Return the estimator with a candidate's parameters, fitted on all rows."""
        whole = clone(self._base).set_params(**clone(dict(candidate), safe=False))
        model = grouping.last_step(whole)[1]
        sharer = None if self._off else sharer_of(model)
        weights = self._weights()
        cached = getattr(whole, "memory", None) is not None
        if sharer is None or weights is _STRANGE or cached or not grouping.shareable(whole):
            return whole.fit(self._X, self._y, **self._terms.fit_params)
        try:
            model._validate_params()
            return self._refitted(whole, sharer, weights)
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - scikit-learn's own fit knows what is wrong, if anything is
            LOG.debug("%s: %s", sharer.name, error)
            whole = clone(self._base).set_params(**clone(dict(candidate), safe=False))
            return whole.fit(self._X, self._y, **self._terms.fit_params)

    def _refitted(self, whole: Any, sharer: Sharer, weights: Any) -> Any:
        prefix, model = grouping.last_step(whole)
        X = self._X
        with Threads(self._cores) as pool:
            if not prefix:
                return sharer.refit(whole, Rows(X, self._y, weights), pool)
            if len(whole.steps) > 1:
                X = whole[:-1].fit_transform(X, self._y)
            whole.steps[-1] = (prefix[:-2], sharer.refit(model, Rows(X, self._y, weights), pool))
        return whole

    def _weights(self) -> Any:
        """Return the rows' weights, None without; `_STRANGE` where a fit is told something else."""
        prefix, _ = grouping.last_step(self._base)
        names = set(self._terms.fit_params)
        if names - {f"{prefix}sample_weight"}:
            return _STRANGE
        return self._terms.fit_params.get(f"{prefix}sample_weight")

    def _data(self, *, weighted: bool) -> Data | None:
        try:
            kind = type_of_target(self._y)
            rows, columns = self._X.shape
        except (AttributeError, TypeError, ValueError):
            return None  # lists of lists, rows without columns: the ordinary way knows what to do
        return Data(
            rows, columns, hasattr(self._X, "tocsr"), kind, weighted, len(self._terms.splits)
        )


_STRANGE = object()


class _Run:
    """One evaluation of some candidates."""

    def __init__(
        self,
        evaluator: Evaluator,
        candidates: Sequence[Params],
        plan: Plan,
        folds: Sequence[int] | None,
    ) -> None:
        self._folds = range(plan.folds) if folds is None else folds
        self._of, self._candidates, self._plan = evaluator, candidates, plan
        self._terms: Terms = evaluator._terms
        self._table: Table = [[None] * plan.folds for _ in candidates]
        self._heard = Heard(evaluator._watcher)
        weights = evaluator._weights()
        self._tables = Tables(evaluator._X, evaluator._y, weights, self._terms)
        self._scoring: dict[int, list[quick.Scoring]] = {}
        self._keeping = Keeping(evaluator._memory, candidates)

    def done(self) -> Table:
        """Evaluate what is not known yet."""
        self._recall()
        with Threads(self._of._cores, self._heard) as pool:
            for group, shared in enumerate(self._plan.groups):
                if not pool.stopping():
                    self._together(group, shared, pool)
            self._tables.clear()
            left = [n for n in range(len(self._table)) if self._missing(n)]
            if left and not pool.stopping():
                self._apart(left, pool)
        return self._table

    def _missing(self, number: int) -> int:
        """Return how many folds of a candidate are still to be seen."""
        return sum(self._table[number][fold] is None for fold in self._folds)

    def _recall(self) -> None:
        if self._of._memory is None:
            return
        for number, candidate in enumerate(self._candidates):
            for fold in self._folds:
                found = self._of._memory.recall(candidate, fold)
                if found is not None:
                    self._take([(number, fold, found)], keep=False)

    def _together(self, group: int, shared: Shared, pool: Threads) -> None:
        """Let a sharer evaluate its group; what it cannot do is left to be done apart."""
        missing = sum(map(self._missing, shared.members))
        if not missing:
            return
        left = [n for n in self._folds if any(self._table[m][n] is None for m in shared.members)]
        folds = [self._tables.fold(shared, number) for number in left]
        self._heard.begin(max(1, shared.cost.shared * len(left) // self._plan.folds), missing)
        try:
            answers = shared.sharer.evaluate(shared.group, folds, pool, exact=self._of._exact)
            with threadpool_limits(1):
                for answer in answers:
                    number = shared.members[answer.member]
                    if answer.grower and self._of.growers.get(group) != "public":
                        self._of.growers[group] = answer.grower
                    if self._table[number][answer.fold] is None:
                        self._score(number, answer, shared)
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - never a wrong answer: each is fitted by itself
            self._fail(shared, error)
        finally:
            self._keeping.flush()

    # scoring ----------------------------------------------------------------------------------
    def _score(self, number: int, answer: Answer, shared: Shared) -> None:
        """Score an answer; where that fails the candidate is fitted, and the scorer asked again."""
        try:
            scored = self._scored(answer, shared)
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - `error_score` says what becomes of it
            self._fail(shared, error)
            return
        self._take([(number, answer.fold, scored)])

    def _fail(self, shared: Shared, error: Exception) -> None:
        self._of.failures.append(f"{shared.sharer.name}: {error}")
        LOG.debug("%s leaves candidates to be fitted apart", shared.sharer.name, exc_info=error)

    def _scored(self, answer: Answer, shared: Shared) -> Scored:
        begun = time.time()
        scorings = self._scorings(answer.fold)
        found = [
            scoring.of(answers) for scoring, answers in zip(scorings, answer.answers, strict=True)
        ]
        spent = time.time() - begun
        label = answer.equality
        if Equality.DISTRIBUTION in shared.cost.labels and grouping.random_before(shared.whole):
            label = Equality.DISTRIBUTION
        train = self._named(found[1]) if len(found) > 1 else None
        rows = scorings[0].rows
        return Scored(self._named(found[0]), train, answer.seconds, spent, rows, label)

    def _scorings(self, fold: int) -> list[quick.Scoring]:
        """Return what scores the test rows of a fold, and the training rows where they are scored."""
        if fold not in self._scoring:
            train, test = self._terms.splits[fold]
            sides = (test, train) if self._terms.return_train_score else (test,)
            self._scoring[fold] = [self._scoring_of(rows) for rows in sides]
        return self._scoring[fold]

    def _scoring_of(self, rows: Any) -> quick.Scoring:
        of, terms = self._of, self._terms
        return quick.Scoring(
            of._X, of._y, rows, raising(terms.scorers), terms.score_params, "raise"
        )

    def _named(self, found: Any) -> dict[str, float]:
        several = isinstance(found, dict)
        if self._of.multimetric is None:
            self._of.multimetric = several
        return dict(found) if several else {ONE: found}

    # apart ------------------------------------------------------------------------------------
    def _apart(self, left: Sequence[int], pool: Threads) -> None:
        """Fit candidates by themselves, as scikit-learn does."""
        todo = [(n, f) for n in left for f in self._folds if self._table[n][f] is None]
        of = self._of
        apart = Apart(of._base, of._X, of._y, self._terms)
        found = apart.found(self._candidates, todo, pool, of._parallel, self._done)
        for (number, fold), scored in zip(todo, found, strict=False):
            self._take([(number, fold, scored)], keep=False)

    def _done(self, number: int, fold: int, out: Mapping[str, Any]) -> Scored:
        """Keep what became of a candidate in a fold at once: those before it may take long."""
        found = self._of_dict(out)
        self._keeping.add(number, fold, found)
        self._keeping.flush()
        return found

    def _of_dict(self, out: Mapping[str, Any]) -> Scored:
        train = self._named(out["train_scores"]) if self._terms.return_train_score else None
        return Scored(
            self._named(out["test_scores"]), train, out["fit_time"], out["score_time"], out["n_test_samples"],
            Equality.EXACT, out["fit_error"] or "",
        )  # fmt: skip

    # telling ----------------------------------------------------------------------------------
    def _take(self, found: Sequence[tuple[int, int, Scored]], *, keep: bool = True) -> None:
        for number, fold, scored in found:
            self._table[number][fold] = scored
            self._heard.scored(number, fold, scored)
            if keep:
                self._keeping.add(number, fold, scored)
