"""What the sharers of linear models have in common: rows made ready, and answers by one product of matrices."""

from __future__ import annotations

import functools
import numbers
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import lapack
from scipy.special import expit
from sklearn.base import clone
from sklearn.utils.extmath import softmax
from sklearn.utils.validation import validate_data

from aiaas_magics.engines.sharing.base import (
    Answer,
    Answers,
    Array,
    BySharing,
    Data,
    Equality,
    Fold,
    Group,
    GroupPlan,
    Params,
    Pool,
    Rows,
)

FLOATS = (np.float64, np.float32)
"""What scikit-learn's linear models compute in; anything else becomes the first."""
CELLS = 1 << 22
"""Decision values kept at once for a table: 32 MiB of float64."""

MILD = 1e3
"""eps times the square of this is 2e-10."""


class Unsolved(ValueError):
    """Members whose optimum is not unique, or was not reached within the bound: they are fitted by themselves."""


class Solution(NamedTuple):
    """A linear model: coefficients (outputs, columns), intercepts (outputs,)."""

    coef: Array
    intercept: Array


Solved = Mapping[int, Solution]
"""By member."""
Respond = Callable[[Array], Mapping[str, Callable[[], Array]]]
"""From the decision values of a table (rows, outputs) to the methods that answer for it."""


class Problem(NamedTuple):
    """A fold's training rows as a solver wants them, and how its solutions answer."""

    solve: Iterator[Solved]
    """Solutions, as soon as they are there."""
    respond: Respond
    dtype: Any
    """Of the coefficients."""
    classes: Array | None = None


class BySolving(BySharing, ABC):
    """A sharer that finds the coefficients of all members in a fold, by solving one problem after the other.

    Work is done in float64; coefficients of a model of float32 rows are rounded at the end.
    """

    unit = ""

    @abstractmethod
    def takes(self, params: Params) -> bool:
        """Tell whether a member, all of its parameters given, is solved; others are fitted by themselves."""

    @abstractmethod
    def suits(self, group: Group, data: Data) -> bool:
        """Tell whether rows of this kind are solved for."""

    @abstractmethod
    def problem(self, estimator: Any, members: Mapping[int, Params], rows: Rows) -> Problem:
        """Make the rows of a fold ready.

        Parameters
        ----------
        estimator
            What the members have in common, unfitted; takes note of the features.
        members
            All parameters of each member to be solved.
        rows
            Training rows.
        """

    def paths(self, members: Sequence[Params]) -> int:
        """Return how many units it takes to solve all of these members in a fold."""
        del members
        return 1

    def plan(self, group: Group, data: Data, *, exact: bool) -> GroupPlan | None:
        """Return what a group costs; nothing is bit-equal, so with `exact` there is nothing to share."""
        if exact or data.sparse or not self.suits(group, data):
            return None
        every = params_of(group)
        taken = [self.takes(params) for params in every]
        shared = self.paths([each for each, ours in zip(every, taken, strict=True) if ours])
        if sum(taken) <= shared:
            return None
        labels = tuple(Equality.TOLERANCE if ours else Equality.EXACT for ours in taken)
        alone = len(every)
        shared += alone - sum(taken)
        return GroupPlan(self.unit, shared * data.folds, alone * data.folds, labels)

    def evaluate(
        self, group: Group, folds: Sequence[Fold], pool: Pool, *, exact: bool
    ) -> Iterator[Answer]:
        """Yield the answers of a fold when all of its members are solved."""
        del exact
        done: dict[int, float] = {}
        complete = True
        for found in pool.map(functools.partial(self._fold, group, pool, done), folds):
            yield from found
            complete &= len(found) == len(group.members)
        if not (complete or pool.stopping()):
            raise Unsolved("some members have no unique optimum, or one that is too hard to reach")

    def _fold(self, group: Group, pool: Pool, done: dict[int, float], fold: Fold) -> list[Answer]:
        if pool.stopping():
            return []
        begun, estimator = time.perf_counter(), clone(group.estimator)
        members = {k: each for k, each in enumerate(params_of(group)) if self.takes(each)}
        problem = self.problem(estimator, members, fold.train())
        solved: dict[int, Solution] = {}
        units = self.paths(list(members.values()))
        for found in problem.solve:
            solved.update(found)
            done[fold.number] = units * len(solved) / len(members)
            pool.progress(sum(done.copy().values()), f"fold {fold.number + 1}")
            if pool.stopping():
                break
        seconds = (time.perf_counter() - begun) / max(len(solved), 1)
        return _answers(estimator, fold, solved, problem, seconds)


def params_of(group: Group) -> list[dict[str, Any]]:
    """Return all parameters of every member."""
    common = group.estimator.get_params(deep=False)
    return [{**common, **member} for member in group.members]


def is_penalty(value: Any) -> bool:
    """Tell whether a value is one finite penalty, not one of each target, and not negative."""
    number = isinstance(value, numbers.Real) and not isinstance(value, bool | np.bool_)
    return number and 0 <= float(value) < np.inf


def features(estimator: Any, rows: Rows) -> tuple[Array, Any]:
    """Return the features in float64 (n, columns), and the dtype that scikit-learn would compute in.

    The estimator, unfitted and ours, takes note of their number and names, as ``fit`` does.
    """
    X = validate_data(estimator, rows.X, dtype=list(FLOATS))
    return X.astype(np.float64, copy=False), X.dtype


def weights_of(rows: Rows) -> Array | None:
    """Return the weights in float64 (n,).

    Raises
    ------
    ValueError
        For what is no weight; scikit-learn is asked then, and says so in its own words.
    """
    if rows.weights is None:
        return None
    weights: Array = np.asarray(rows.weights, dtype=np.float64)
    if (
        weights.ndim != 1
        or not np.isfinite(weights).all()
        or weights.min() < 0
        or not weights.any()
    ):
        raise ValueError("weights must be finite, not negative, and not all zero")
    return weights


class Centred(NamedTuple):
    """Least squares without intercept and weights: both are in the rows."""

    X: Array
    """(n, columns), less its weighted mean, times the root of the weights."""
    Y: Array
    """(n, outputs), likewise."""
    x_mean: Array
    y_mean: Array

    def solution(self, coef: Array) -> Solution:
        """Return the model of the rows as they were, from coefficients (outputs, columns)."""
        return Solution(coef, self.y_mean - coef @ self.x_mean)


def centred(X: Array, Y: Array, weights: Array | None, *, intercept: bool) -> Centred:
    """Take the intercept and the weights out of a least-squares problem, as scikit-learn does."""
    x_mean, y_mean = np.zeros(X.shape[1]), np.zeros(Y.shape[1])
    if intercept:
        x_mean, y_mean = (np.average(each, axis=0, weights=weights) for each in (X, Y))
        X, Y = X - x_mean, Y - y_mean
    if weights is not None:
        root = np.sqrt(weights)[:, None]
        X, Y = X * root, Y * root
    return Centred(X, Y, x_mean, y_mean)


def triangular(X: Array, Y: Array) -> Array:
    """Return R, upper triangular, of [X Y] = QR: all that least squares need of rows that outnumber the columns.

    By the Cholesky factor of the inner products, which takes a fifth of the time, where it is accurate: it is off by
    eps · k², k the ratio of the singular values of X. Elsewhere by orthogonal transformations.

    Returns
    -------
    ndarray of shape (columns + outputs, columns + outputs)
        Fewer rows only if there are fewer.
    """
    both, columns = np.hstack([X, Y]), X.shape[1]
    try:
        factor = np.linalg.cholesky(both.T @ both).T
    except np.linalg.LinAlgError:
        return np.asarray(np.linalg.qr(both, mode="r"))  # not of full rank
    flatness, _ = lapack.dtrcon(factor[:columns, :columns])
    if flatness * MILD >= 1:
        return factor
    return np.asarray(np.linalg.qr(both, mode="r"))


def regressed(shape: tuple[int, ...]) -> Respond:
    """Return how a regressor answers whose target has this shape: (n,), (n, 1) or (n, targets)."""
    many = len(shape) > 1 and shape[1] > 1
    return lambda raw: {"predict": lambda: raw if many else raw[:, 0]}


def classified(classes: Array, *, proba: bool) -> Respond:
    """Return how a linear classifier answers: one column of decision values if there are two classes."""

    def respond(raw: Array) -> dict[str, Callable[[], Array]]:
        scores = raw[:, 0] if raw.shape[1] == 1 else raw

        def predict() -> Array:
            found: Array = classes[
                scores.argmax(1) if scores.ndim > 1 else (scores > 0).astype(int)
            ]
            return found

        found = {"decision_function": lambda: scores, "predict": predict}
        if not proba:
            return found
        found["predict_proba"] = functools.partial(_probabilities, scores)
        found["predict_log_proba"] = lambda: np.log(_probabilities(scores))
        return found

    return respond


def _probabilities(scores: Array) -> Array:
    if scores.ndim > 1:
        made: Array = softmax(scores, copy=True)
        return made
    positive = expit(scores)
    return np.stack([1 - positive, positive], axis=1)


class _Table:
    """The decision values of all models for one table, a block of models at a time."""

    def __init__(self, estimator: Any, table: Any, models: Sequence[Solution], dtype: Any) -> None:
        self._X = validate_data(estimator, table, dtype=list(FLOATS), reset=False)
        self._models, self._dtype = models, dtype
        self._block = max(1, CELLS // (len(self._X) * len(models[0].intercept)))
        self._raw = functools.lru_cache(2)(self._product)

    def _product(self, block: int) -> Array:
        models = self._models[block * self._block :][: self._block]
        coef = np.stack([each.coef for each in models]).astype(self._dtype)
        intercept = np.stack([each.intercept for each in models]).astype(self._dtype)
        raw = (coef.reshape(-1, coef.shape[-1]) @ self._X.T).reshape(*intercept.shape, -1)
        found: Array = raw + intercept[..., None]
        return found

    def raw(self, position: int) -> Array:
        """Return the decision values (rows, outputs) of one model."""
        block, place = divmod(position, self._block)
        found: Array = self._raw(block)[place].T
        return found


def _answers(
    estimator: Any, fold: Fold, solved: Solved, problem: Problem, seconds: float
) -> list[Answer]:
    if not solved:
        return []
    models = list(solved.values())
    tables = [_Table(estimator, each, models, problem.dtype) for each in fold.tables()]
    names = list(problem.respond(np.zeros((1, len(models[0].intercept)))))

    def told(position: int, table: _Table) -> Answers:
        made = functools.cache(lambda: problem.respond(table.raw(position)))
        responses = {name: functools.partial(_asked, made, name) for name in names}
        return Answers(estimator, responses, problem.classes)

    return [
        Answer(member, fold.number, tuple(told(k, each) for each in tables), Equality.TOLERANCE, seconds)
        for k, member in enumerate(solved)
    ]  # fmt: skip


def _asked(made: Callable[[], Mapping[str, Callable[[], Array]]], name: str) -> Array:
    return made()[name]()
