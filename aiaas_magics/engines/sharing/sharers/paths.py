"""Lasso and ElasticNet: a path of penalties, from the largest to the smallest, each begun where the last one ended.

A fold's centred, weighted rows are replaced by the triangular factor of their QR decomposition, which has the same
inner products: whatever comes after does not depend on the number of rows. Coordinate descent (scikit-learn's)
finds which coefficients are not zero; with these and their signs known, the optimum is the solution of linear
equations, which are solved (Friedman, Hastie and Tibshirani, Regularization Paths for Generalized Linear Models via
Coordinate Descent, 2010; Osborne, Presnell and Turlach, A new approach to variable selection, 2000).

The bound. The objective is strongly convex in the predictions: those of coefficients whose duality gap is g are
within sqrt(2 g) of the optimum's, in the norm of the training rows. The gap of every member is computed, and must be
so small that this is at most `BOUND` · ``‖y‖``; a member that does not get there is fitted by itself.
scikit-learn's default, a gap of at most 1e-4 · ``‖y‖²``, only promises 1.4e-2 · ``‖y‖``: its own answers may be
farther from the optimum than the shared ones.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import linalg
from scipy.linalg import lapack
from sklearn.linear_model import ElasticNet, Lasso, enet_path
from sklearn.utils import check_array

from aiaas_magics.engines.sharing.base import Array, Data, Group, Params, Rows
from aiaas_magics.engines.sharing.linear import (
    BySolving,
    Centred,
    Problem,
    Solved,
    centred,
    features,
    is_penalty,
    regressed,
    triangular,
    weights_of,
)

BOUND = 1e-6
"""Predictions of the training rows are this near those of the optimum (root of the sum of squares), times the norm
of the centred target."""
ROUGH = (1e-4, 1e-6, 1e-9, 1e-12)
"""Tolerances of coordinate descent, of which the next is tried where the equations do not lead to the optimum."""
SWEEPS = 5_000
CHANGES = 10
"""Corrections of what is not zero, before coordinate descent goes on."""
BUNCH = 10
"""Penalties of one call of scikit-learn's path; a stop is heeded in between."""


class Paths(BySolving):
    """Shares the penalty alpha of Lasso, and alpha and l1_ratio of ElasticNet: one path for each ratio."""

    name = "paths"
    unit = "paths"
    classes = (Lasso, ElasticNet)

    def shares(self, estimator: Any) -> frozenset[str]:
        """Return the penalty, and how it is mixed."""
        return frozenset({"alpha"} if isinstance(estimator, Lasso) else {"alpha", "l1_ratio"})

    def suits(self, group: Group, data: Data) -> bool:
        """Take one target."""
        del group
        return not ("multioutput" in data.target or "multilabel" in data.target)

    def takes(self, params: Params) -> bool:
        """Take penalties of which some is absolute; who asks for less than the default wants no optimum."""
        mixed = is_penalty(params["alpha"]) and is_penalty(_ratio(params))
        patient = params["tol"] <= 1e-4 and params["max_iter"] >= 1000
        return (
            mixed
            and params["alpha"] > 0
            and 0 < _ratio(params) <= 1
            and patient
            and isinstance(params["precompute"], bool)
        )

    def paths(self, members: Sequence[Params]) -> int:
        """Return how many ratios there are."""
        return len({_ratio(each) for each in members})

    def problem(self, estimator: Any, members: Mapping[int, Params], rows: Rows) -> Problem:
        """Centre, weigh and condense the rows."""
        X, dtype = features(estimator, rows)
        y = check_array(rows.y, dtype=np.float64, ensure_2d=False).reshape(len(X), -1)
        weights = weights_of(rows)
        if weights is not None:
            weights = weights * (len(X) / weights.sum())
        data = centred(X, y, weights, intercept=estimator.fit_intercept)
        net = _condensed(data, len(X), positive=estimator.positive)
        return Problem(_solved(data, net, members), regressed(y.shape), dtype)


def _ratio(params: Params) -> Any:
    return params.get("l1_ratio", 1.0)


def _solved(data: Centred, net: _Net, members: Mapping[int, Params]) -> Iterator[Solved]:
    ordered = sorted(members, key=lambda k: (-_ratio(members[k]), -members[k]["alpha"]))
    for ratio, path in itertools.groupby(ordered, key=lambda k: float(_ratio(members[k]))):
        start = np.zeros(net.X.shape[1])
        while bunch := list(itertools.islice(path, BUNCH)):
            alphas = [float(members[k]["alpha"]) for k in bunch]
            optima = [
                net.optimum(alpha, ratio, rough)
                for alpha, rough in zip(alphas, net.descended(alphas, ratio, start), strict=True)
            ]
            found = {k: each for k, each in zip(bunch, optima, strict=True) if each is not None}
            start = next(reversed(found.values()), start)
            yield {k: data.solution(each[None]) for k, each in found.items()}


class _Net(NamedTuple):
    """An elastic net without intercept and weights: ½‖y - Xw‖² + l1 ‖w‖₁ + ½ l2 ‖w‖²."""

    X: Array
    """(rows, columns), in columns."""
    y: Array
    """(rows,)"""
    Xy: Array
    """X'y (columns,)"""
    gram: Array | None
    """X'X; None where there are more columns than rows, and few of them are not zero."""
    size: int
    """By how many rows the penalty is multiplied: those there were before they were condensed."""
    positive: bool

    def descended(
        self, alphas: Sequence[float], ratio: float, start: Array, tolerance: float = ROUGH[0]
    ) -> Array:
        """Return coefficients (penalties, columns) by coordinate descent, penalties from large to small."""
        scale = self.size / len(self.X)  # enet_path multiplies by the rows that it sees
        _, coefs, _ = enet_path(
            self.X, self.y, l1_ratio=ratio, alphas=np.asarray(alphas) * scale, coef_init=start.copy(), tol=tolerance,
            precompute=False if self.gram is None else self.gram, Xy=None if self.gram is None else self.Xy,
            max_iter=SWEEPS, positive=self.positive, check_input=False, copy_X=False,
        )  # fmt: skip
        found: Array = coefs.T
        return found

    def optimum(self, alpha: float, ratio: float, rough: Array) -> Array | None:
        """Return the optimum, begun near it; None if it is not reached within the bound."""
        l1, l2 = alpha * ratio * self.size, alpha * (1 - ratio) * self.size
        allowed = 0.5 * BOUND**2 * float(self.y @ self.y)
        for finer in (*ROUGH[1:], None):
            for tried in (self.solved(rough, l1, l2), rough):
                if tried is not None and self.gap(tried, l1, l2) <= allowed:
                    return tried
            if finer is not None:
                rough = self.descended([alpha], ratio, rough, finer)[0]
        return None

    def gap(self, w: Array, l1: float, l2: float) -> float:
        """Return the duality gap: how far the objective is above the optimum's at most.

        From the residuals, not the Gram matrix, whose roundings are as large as the gap (formulation A of
        scikit-learn's ``_cd_fast.pyx``: the L2 penalty seen as more rows).
        """
        left = self.y - self.X @ w
        slope = self.X.T @ left - l2 * w
        steepest = float(slope.max() if self.positive else np.abs(slope).max())
        scale = 1.0 if steepest <= l1 else l1 / steepest
        square = float(left @ left + l2 * (w @ w))
        gap = (
            0.5 * square * (1 + scale**2)
            + l1 * float(np.abs(w).sum())
            - scale * float(left @ self.y)
        )
        return abs(gap)

    def solved(self, rough: Array, l1: float, l2: float) -> Array | None:
        """Return the optimum from its signs; None where they are not found.

        Where they are, X'(y - Xw) is l1 times them, plus l2 w. The solution is corrected once by what the rows
        themselves leave of this, which takes away the roundings of X'X (the corrected seminormal equations:
        Björck, Linear Algebra and its Applications 88-89, 1987).
        """
        signs = np.sign(rough)
        for _ in range(CHANGES):
            active = np.flatnonzero(signs)
            if len(active) > len(self.X):
                return None  # more unknowns than rows
            pull, w = l1 * signs[active], np.zeros_like(rough)
            solve = _solver(self.products(active, l2))
            w[active] = solve(self.Xy[active] - pull)
            slope = self.X.T @ (self.y - self.X @ w) - l2 * w
            w[active] += solve(slope[active] - pull)
            crossed = np.sign(w) * signs < 0
            steep = slope if self.positive else np.abs(slope)
            missing = (signs == 0) & (steep > l1 * (1 + 1e-9))
            if not (crossed.any() or missing.any()):
                return w
            signs[missing] = np.sign(slope[missing])
            signs[crossed] = 0
        return None

    def products(self, active: Array, l2: float) -> Array:
        """Return X'X + l2 I of columns that are not zero."""
        if self.gram is None:
            columns = self.X[:, active]
            square = columns.T @ columns
        else:
            square = self.gram[np.ix_(active, active)]
        square.flat[:: len(active) + 1] += l2
        return square


def _solver(square: Array) -> Callable[[Array], Array]:
    """Return what solves equations of a symmetric matrix, which may be singular; LAPACK without the checks."""
    if not len(square):
        return lambda right: right
    factor, failed = lapack.dpotrf(square, clean=False)
    if failed:
        return functools.partial(np.matmul, linalg.pinvh(square))
    return lambda right: np.asarray(lapack.dpotrs(factor, right)[0])


def _condensed(data: Centred, size: int, *, positive: bool) -> _Net:
    X, y = data.X, data.Y[:, 0]
    if len(X) <= X.shape[1]:
        return _Net(np.asfortranarray(X), y, X.T @ y, None, size, positive)
    factor = triangular(X, data.Y)
    X, y = np.asfortranarray(factor[:, :-1]), np.ascontiguousarray(factor[:, -1])
    return _Net(X, y, X.T @ y, np.ascontiguousarray(X.T @ X), size, positive)
