"""Ridge and RidgeClassifier: one decomposition of a fold's rows answers for every penalty.

With the centred, weighted rows X = U diag(s) V' the coefficients of the penalty alpha are
V diag(s / (s² + alpha)) U'y: when the decomposition is there, another penalty costs a product of two small matrices
(Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, 2nd edition, equation 3.47).

The bound. Orthogonal decompositions are backward stable: the computed coefficients are those of rows that differ
from X by a few roundings, and predictions then by about eps · k · ``‖y‖``, where k = max(s) / sqrt(min(s)² + alpha)
(Higham, Accuracy and Stability of Numerical Algorithms, chapter 20). Members with k > `STEEPEST` are fitted by
themselves, so that predictions are within `BOUND` · ``‖y‖`` of the optimum; coefficients of scikit-learn's default,
the Cholesky factor of X'X, are off by eps · k², and not bit-equal to those of any other way. Models of float32 rows
are rounded to float32 at the end: nearer the optimum than a fit, which computes in float32 throughout.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.linear_model import Ridge, RidgeClassifier
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import check_array, column_or_1d, compute_sample_weight

from aiaas_magics.engines.sharing.base import Array, Data, Group, Params, Rows
from aiaas_magics.engines.sharing.linear import (
    MILD,
    BySolving,
    Centred,
    Problem,
    Solved,
    centred,
    classified,
    features,
    is_penalty,
    regressed,
    weights_of,
)

BOUND = 1e-8
"""Predictions of the training rows are this near those of the optimum, times the norm of the centred target."""
STEEPEST = 1e7
"""eps times this is a fifth of `BOUND`."""
DIRECT = frozenset({"auto", "svd", "cholesky"})
"""Solvers that solve; who asks for an iterative one wants what that stops at."""


class Ridges(BySolving):
    """Shares the penalty alpha of Ridge and RidgeClassifier."""

    name = "ridge"
    unit = "decompositions"
    classes = (Ridge, RidgeClassifier)

    def shares(self, estimator: Any) -> frozenset[str]:
        """Return the penalty."""
        del estimator
        return frozenset({"alpha"})

    def suits(self, group: Group, data: Data) -> bool:
        """Take several targets, but not several labels."""
        return not (isinstance(group.estimator, RidgeClassifier) and "multilabel" in data.target)

    def takes(self, params: Params) -> bool:
        """Take what scikit-learn solves for too; signed problems not."""
        direct = params["solver"] in DIRECT and not params["positive"]
        return direct and is_penalty(params["alpha"])

    def problem(self, estimator: Any, members: Mapping[int, Params], rows: Rows) -> Problem:
        """Centre and weigh the rows."""
        X, dtype = features(estimator, rows)
        weights, classes = weights_of(rows), None
        if isinstance(estimator, RidgeClassifier):
            y = column_or_1d(rows.y)
            binarizer = LabelBinarizer(pos_label=1, neg_label=-1)
            Y, classes = binarizer.fit_transform(y).astype(np.float64), binarizer.classes_
            if estimator.class_weight:
                more = compute_sample_weight(estimator.class_weight, y)
                weights = more if weights is None else weights * more
            respond = classified(classes, proba=False)
        else:
            Y = check_array(rows.y, dtype=np.float64, ensure_2d=False)
            respond = regressed(Y.shape)
        data = centred(X, Y.reshape(len(X), -1), weights, intercept=estimator.fit_intercept)
        alphas = np.asarray([float(each["alpha"]) for each in members.values()])
        return Problem(_solved(data, list(members), alphas), respond, dtype, classes)


def _solved(data: Centred, members: Sequence[int], alphas: Array) -> Iterator[Solved]:
    basis, s, target = _decomposed(data.X, data.Y)
    square = s**2
    wide = len(s) < data.X.shape[1]  # some direction is not in the rows at all
    least = 0.0 if wide else float(square.min())
    well = square.max() <= STEEPEST**2 * (least + alphas)
    shrunk = (s / (square + alphas[well, None]))[..., None] * target
    coefs = np.swapaxes(shrunk, 1, 2) @ basis
    yield {
        members[k]: data.solution(coef)
        for k, coef in zip(np.flatnonzero(well).tolist(), coefs, strict=True)
    }


def _decomposed(X: Array, Y: Array) -> tuple[Array, Array, Array]:
    """Return V' (rank, columns), s (rank,) and U'Y (rank, outputs) of X = U diag(s) V'.

    From the inner products of the columns, where these are far from being dependent: roundings are eps · k² there.
    Elsewhere a triangular factor comes first, which has as many rows as X has columns, or the other way round: the
    long side is gone through once, and U is not needed.
    """
    rows, columns = X.shape
    if rows < columns:
        wide, factor = np.linalg.qr(X.T)
        U, s, Vt = np.linalg.svd(factor.T)
        return Vt @ wide.T, s, U.T @ Y
    square, basis = np.linalg.eigh(X.T @ X)
    if 0 < square[-1] <= MILD**2 * square[0]:
        return basis.T, np.sqrt(square), (basis.T @ (X.T @ Y)) / np.sqrt(square)[:, None]
    factor = np.asarray(np.linalg.qr(np.hstack([X, Y]), mode="r"))
    U, s, Vt = np.linalg.svd(factor[:columns, :columns])
    return Vt, s, U.T @ factor[:columns, columns:]
