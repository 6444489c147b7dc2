"""LogisticRegression, l2: a path of C from the smallest to the largest, each solved to the optimum.

The objective of C is the sum of the weighted losses plus ``‖w‖² / 2C``; the intercept is not penalised. Columns are
centred and scaled first, which changes the numbers and not the problem: the penalty of each is scaled with it. Newton
steps, from the optimum of the C before, are found by conjugate gradients, preconditioned with the Hessian at an
earlier place: that is made anew only where it no longer leads there fast (Nocedal and Wright, Numerical
Optimization, 2nd edition, chapters 5 and 7; for several classes its blocks of one class each).

The bound. With the Hessian H the optimum is near ``w - H⁻¹ gradient``, and near the optimum the error of that is of
second order. A member is solved when the step that would be next moves no decision value of a training row by more
than `STEP` times the largest: decision values are then within `BOUND` times the largest of the optimum's (and by
strong convexity ``‖w - w*‖ <= C ‖gradient‖`` without an intercept, whatever the Hessian). A member that does not
get there is fitted by itself.

The label is about the converged solution. scikit-learn's own default, ``lbfgs`` with ``tol=1e-4`` and
``max_iter=100``, stops earlier: its answers are farther from the optimum than the shared ones, visibly so for large
C or unscaled columns, and so is a refitted model, which is scikit-learn's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.utils import column_or_1d, compute_class_weight
from sklearn.utils.extmath import softmax

from aiaas_magics.engines.sharing.base import Array, Data, Group, Params, Rows
from aiaas_magics.engines.sharing.linear import (
    BySolving,
    Problem,
    Solution,
    Solved,
    classified,
    features,
    is_penalty,
    weights_of,
)

BOUND = 1e-6
"""Decision values of the training rows are this near those of the optimum, times the largest (at least 1)."""
STEP = 1e-8
"""The preconditioner may misjudge the step that is left by a factor of a hundred."""
SOLVERS = frozenset({"lbfgs", "newton-cg", "newton-cholesky"})
"""Solvers of the same objective. liblinear penalises the intercept; sag and saga stop far from the optimum."""
NEWTON = 50
"""Steps of one C; from the optimum of the one before it takes two to five."""
HALVINGS = 30
MOST = 200
"""Products for one step; with a fresh preconditioner it takes three to twenty."""
EXACT = {np.float32: 1e-6, np.float64: 1e-12}
"""The square of what is left of the gradient after a step, at best, by the precision it is found in."""
COLUMNS = 2_000
"""A block of the Hessian is 32 MB then."""


class Logistic(BySolving):
    """Shares C of LogisticRegression with the l2 penalty."""

    name = "logistic"
    unit = "paths"
    classes = (LogisticRegression,)

    def shares(self, estimator: Any) -> frozenset[str]:
        """Return the inverse of the penalty."""
        del estimator
        return frozenset({"C"})

    def suits(self, group: Group, data: Data) -> bool:
        """Take classes; a Hessian has the square of the columns."""
        del group
        return data.target in {"binary", "multiclass"} and data.columns <= COLUMNS

    def takes(self, params: Params) -> bool:
        """Take what has one optimum; who asks for less than the default wants no optimum."""
        penalty = params.get("penalty", "deprecated")
        squares = penalty == "l2" or (penalty == "deprecated" and params["l1_ratio"] == 0)
        patient = params["tol"] <= 1e-4 and params["max_iter"] >= 100
        usual = params["solver"] in SOLVERS and not params["dual"] and patient
        return bool(squares and usual and is_penalty(params["C"]) and params["C"] > 0)

    def problem(self, estimator: Any, members: Mapping[int, Params], rows: Rows) -> Problem:
        """Scale the rows and weigh them by class."""
        X, dtype = features(estimator, rows)
        classes, codes = np.unique(column_or_1d(rows.y), return_inverse=True)
        weights = weights_of(rows)
        weights = np.ones(len(X)) if weights is None else weights
        if estimator.class_weight is not None:
            more = compute_class_weight(
                estimator.class_weight,
                classes=classes,
                y=column_or_1d(rows.y),
                sample_weight=weights,
            )
            weights = weights * more[codes]
        if len(classes) < 2:
            raise ValueError("one class only")
        scaled = _scaled(X, weights, intercept=estimator.fit_intercept)
        loss: _Loss = (_Binomial if len(classes) == 2 else _Multinomial)(codes, scaled.weights)
        respond = classified(classes, proba=True)
        return Problem(_solved(scaled, loss, members), respond, dtype, classes)


class _Scaled(NamedTuple):
    """Rows with columns of mean 0 and deviation 1, and a column of ones if there is an intercept."""

    Z: Array
    """(n, columns [+ 1])"""
    weights: Array
    """(n,), of sum 1"""
    total: float
    """The sum that the weights had."""
    mean: Array
    deviation: Array
    intercept: bool

    def penalty(self, C: float) -> Array:
        """Return the factor of half the square of each coefficient, (columns [+ 1], 1)."""
        penalty = 1 / (C * self.total * self.deviation**2)
        return np.append(penalty, 0.0)[:, None] if self.intercept else penalty[:, None]

    def solution(self, V: Array) -> Solution:
        """Return the model of the rows as they were, from coefficients (columns [+ 1], outputs)."""
        columns = len(self.mean)
        coef = (V[:columns] / self.deviation[:, None]).T
        bias = V[columns] if self.intercept else np.zeros(V.shape[1])
        return Solution(coef, bias - coef @ self.mean)


def _scaled(X: Array, weights: Array, *, intercept: bool) -> _Scaled:
    total = float(weights.sum())
    weights = weights / total
    mean = weights @ X if intercept else np.zeros(X.shape[1])
    Z = X - mean
    deviation = np.sqrt(weights @ Z**2)
    deviation[~(deviation > np.finfo(float).eps * np.abs(mean))] = 1.0  # constant columns
    Z /= deviation
    if intercept:
        Z = np.hstack([Z, np.ones((len(Z), 1))])
    return _Scaled(Z, weights, total, mean, deviation, intercept)


class _Loss(Protocol):
    """The mean weighted loss of decision values (n, outputs)."""

    outputs: int

    def at(self, raw: Array) -> Array:
        """Return probabilities (n, outputs)."""
        ...

    def slope(self, P: Array) -> Array:
        """Return the derivative by the decision values (n, outputs)."""
        ...

    def curved(self, P: Array, kind: Any) -> Callable[[Array], Array]:
        """Return what multiplies a change of decision values (n, outputs) with the second derivative."""
        ...

    def within(self, V: Array) -> Array:
        """Return the part of a change (columns, outputs) that changes probabilities."""
        ...


class _Binomial:
    """Two classes: one output, of the second."""

    outputs = 1

    def __init__(self, codes: Array, weights: Array) -> None:
        self._target, self._weights = codes.astype(float)[:, None], weights[:, None]

    def at(self, raw: Array) -> Array:
        """Return the probability of the second class."""
        found: Array = expit(raw)
        return found

    def slope(self, P: Array) -> Array:
        """Return weighted residuals."""
        return self._weights * (P - self._target)

    def curved(self, P: Array, kind: Any) -> Callable[[Array], Array]:
        """Return what multiplies with weighted variances."""
        variance = (self._weights * P * (1 - P)).astype(kind)
        return lambda R: variance * R

    def within(self, V: Array) -> Array:
        """Return all of it."""
        return V


class _Multinomial:
    """Three classes and more: an output of each, of which the sum means nothing and stays 0."""

    def __init__(self, codes: Array, weights: Array) -> None:
        self.outputs = int(codes.max()) + 1
        self._target, self._weights = np.eye(self.outputs)[codes], weights[:, None]

    def at(self, raw: Array) -> Array:
        """Return the probabilities of all classes."""
        found: Array = softmax(raw, copy=True)
        return found

    def slope(self, P: Array) -> Array:
        """Return weighted residuals."""
        return self._weights * (P - self._target)

    def curved(self, P: Array, kind: Any) -> Callable[[Array], Array]:
        """Return what multiplies with weighted covariances of the classes."""
        weighted, P = (self._weights * P).astype(kind), P.astype(kind)
        return lambda R: weighted * (R - np.einsum("ij,ij->i", P, R)[:, None])

    def within(self, V: Array) -> Array:
        """Return it less the mean of the classes."""
        return V - V.mean(axis=1, keepdims=True)


def _solved(data: _Scaled, loss: _Loss, members: Mapping[int, Params]) -> Iterator[Solved]:
    newton = _Newton(data.Z, data.weights, loss)
    places, optima = [0.0], [np.zeros((data.Z.shape[1], loss.outputs))]
    for member in sorted(members, key=lambda k: members[k]["C"]):
        C = float(members[member]["C"])
        start = _ahead(places[-2:], optima[-2:], np.log(C))
        found = newton.optimum(start, data.penalty(C))
        if found is None:
            yield {}
            continue
        places.append(float(np.log(C)))
        optima.append(found)
        yield {member: data.solution(found)}


def _ahead(places: Sequence[float], optima: Sequence[Array], place: float) -> Array:
    """Return where the optimum may be: on the line through the last two, by the logarithm of C."""
    if len(optima) < 2 or not optima[0].any() or places[1] <= places[0]:
        return optima[-1]
    further = min(1.0, (place - places[1]) / (places[1] - places[0]))
    return optima[1] + further * (optima[1] - optima[0])


class _Newton:
    """Newton's method with conjugate gradients, which remembers a Hessian.

    Steps are found in float32, in half the time, gradients in float64: the next step takes away what the roundings
    of the last one left, and the one that would be next tells how near the optimum is. Where that does not lead to
    the optimum, as with columns that nearly depend on each other, steps are found in float64 too.
    """

    def __init__(self, Z: Array, weights: Array, loss: _Loss) -> None:
        self._Z, self._weights, self._loss = Z, weights[:, None], loss
        self._copies = {kind: Z.astype(kind, copy=False) for kind in EXACT}
        self._blocks: Array | None = None
        self._enough = max(4, Z.shape[1] // (6 if loss.outputs == 1 else 2))
        """Steps of conjugate gradients that take as long as a new Hessian."""

    def optimum(self, start: Array, penalty: Array) -> Array | None:
        """Return coefficients (columns, outputs) at the optimum, begun near it; None if it is not reached."""
        found = (self._reached(start, penalty, kind) for kind in EXACT)
        return next((V for V in found if V is not None), None)

    def _reached(self, start: Array, penalty: Array, kind: Any) -> Array | None:
        """Return the optimum, with steps found in a precision."""
        V, (raw, P, gradient) = start, self._at(start, penalty)
        inverse = self._inverse(P, penalty, anew=self._blocks is None).astype(kind)
        for _ in range(NEWTON):
            first = self._preconditioned(inverse, -gradient.astype(kind))
            R = self._copies[kind] @ first
            if np.abs(R).max() <= STEP * max(1.0, np.abs(raw).max()):
                return V
            step, steps = self._step(P, gradient, penalty, inverse, (first, R))
            before = abs(float((gradient * step).sum()))
            for _ in range(HALVINGS):
                raw, P, gradient = self._at(V + step, penalty)
                if float((gradient * step).sum()) <= 0.5 * before:
                    break  # not beyond the minimum along the step, or not far
                step, before = step / 2, before / 2
            else:
                return None
            V = V + step
            if steps > self._enough:
                inverse = self._inverse(P, penalty, anew=True).astype(kind)
        return None

    def _at(self, V: Array, penalty: Array) -> tuple[Array, Array, Array]:
        """Return decision values and probabilities (n, outputs), and the gradient."""
        raw = self._Z @ V
        P = self._loss.at(raw)
        return raw, P, self._Z.T @ self._loss.slope(P) + penalty * V

    def _inverse(self, P: Array, penalty: Array, *, anew: bool) -> Array:
        """Return the inverse of the remembered blocks (outputs, columns, columns), of this penalty."""
        if anew or self._blocks is None:
            curves = (self._weights * P * (1 - P)).T
            self._blocks = np.stack([(self._Z * curve[:, None]).T @ self._Z for curve in curves])
        return np.linalg.inv(self._blocks + np.diag(penalty[:, 0]))

    def _step(
        self, P: Array, gradient: Array, penalty: Array, inverse: Array, first: tuple[Array, Array]
    ) -> tuple[Array, int]:
        """Return Newton's step, and how many products it took.

        The first direction is known, with how it moves decision values. The smaller the gradient, the more exact,
        for which Newton's method converges fast; no more than the precision can tell.
        """
        kind = first[0].dtype.type
        Z, step, rest, steps = (
            self._copies[kind],
            np.zeros_like(first[0]),
            -gradient.astype(kind),
            0,
        )
        (direction, R), ahead = first, first[0]
        product = begun = float((rest * ahead).sum())
        curved, penalty = self._loss.curved(P, kind), penalty.astype(kind)
        exact = begun * min(0.01, max(begun, EXACT[kind]))
        while product > exact and steps < MOST:
            bent = Z.T @ curved(R) + penalty * direction
            bend = float((direction * bent).sum())
            if not bend > 0:
                break  # flat, as far as the precision can tell
            length = kind(product / bend)
            step, rest = step + length * direction, rest - length * bent
            ahead = self._preconditioned(inverse, rest)
            product, last = float((rest * ahead).sum()), product
            share = kind(product / last)
            direction, steps = ahead + share * direction, steps + 1
            R = Z @ ahead + share * R
        return step.astype(np.float64), steps

    def _preconditioned(self, inverse: Array, rest: Array) -> Array:
        V = np.matmul(inverse, rest.T[..., None])[..., 0].T
        return self._loss.within(V)
