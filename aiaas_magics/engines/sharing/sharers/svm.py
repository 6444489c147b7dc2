"""Support vector machines: one kernel matrix a fold for every C, epsilon and nu.

libsvm is given the matrix (``kernel="precomputed"``) instead of computing each row of it again. What it computes
itself differs in the last bits, and its solver stops where the optimality conditions hold up to ``tol``, so that it
may stop one step earlier or later: every label is TOLERANCE. Decision values of one against one (all there are with
two classes), and predictions of a regressor, are within 10 ``tol`` of a fit's; a class, and the votes in
``decision_function_shape="ovr"``, differ only where such a value changes its sign.

A solution none of whose coefficients is at its limit C is the solution for every larger C too, and is not sought
again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.metrics.pairwise import pairwise_kernels
from sklearn.svm import SVC, SVR, NuSVC, NuSVR
from sklearn.utils import check_array

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
    Pool,
    Rows,
)

SHARED = {SVC: {"C"}, SVR: {"C", "epsilon"}, NuSVC: {"nu"}, NuSVR: {"C", "nu"}}
"""By class: the parameters of the problem that are not the kernel's."""
KERNELS = ("linear", "poly", "rbf", "sigmoid")
MOST_ROWS = 8_000
"""Of all folds: a matrix of 8,000 rows squared takes 512 MB; libsvm's own cache takes 200 MB whatever comes."""
TOLERANCE = 10
"""Decision values are within so many ``tol``: up to one was measured, C from 0.01 to 100,000."""
LIMIT = 1 - 1e-9
"""A coefficient below this part of its limit is not at it."""


class Kernels(BySharing):
    """Support vector machines of one kernel: any strength of the penalty, any width of the tube."""

    name = "svm"
    classes = tuple(SHARED)

    def shares(self, estimator: BaseEstimator) -> frozenset[str]:
        """Return the parameters that leave the kernel as it is."""
        return frozenset(SHARED[type(estimator)])

    def plan(self, group: Group, data: Data, *, exact: bool) -> GroupPlan | None:
        """Count kernel matrices; nothing is exact for certain."""
        estimator: Any = group.estimator
        members, known = len(group.members), isinstance(estimator.kernel, str)
        if exact or members < 2 or data.rows > MOST_ROWS or not known:
            return None
        if estimator.kernel not in KERNELS or estimator.max_iter != -1:
            return None  # stopped early, it is nowhere near its solution
        if getattr(estimator, "probability", False) not in (False, "deprecated"):
            return None
        labels = (Equality.TOLERANCE,) * members
        return GroupPlan("kernel matrices", data.folds, data.folds * members, labels)

    def evaluate(
        self, group: Group, folds: Sequence[Fold], pool: Pool, *, exact: bool
    ) -> Iterator[Answer]:
        """Solve every member in every fold, in threads; a fold's matrices live until it is answered."""
        del exact
        problems = _problems(group)
        order = sorted(range(len(problems)), key=lambda member: problems[member].C)
        matrices = {fold.number: _Matrices(group.estimator, fold) for fold in folds}
        known: dict[int, dict[int, Solved]] = {fold.number: {} for fold in folds}

        def solved(job: tuple[int, int]) -> tuple[int, int]:
            fold, member = job
            if not any(each.covers(problems[member]) for each in list(known[fold].values())):
                found = _solved(problems[member], matrices[fold])
                if found is not None:
                    known[fold][member] = found
            if member == order[-1]:
                pool.progress(1)
            return job

        for fold, member in pool.map(solved, [(f.number, m) for f in folds for m in order]):
            if member == order[-1]:
                yield from _answered(
                    [problems[m] for m in order], known.pop(fold), matrices.pop(fold)
                )


class Problem(NamedTuple):
    """What a member asks for."""

    member: int
    estimator: Any
    C: float
    """0 where there is none."""
    rest: Mapping[str, Any]
    """All parameters but C."""


class Solved(NamedTuple):
    """The solution of a problem in a fold."""

    problem: Problem
    model: Any
    free: bool
    """Whether no coefficient is at its limit."""
    seconds: float

    def covers(self, other: Problem) -> bool:
        """Tell whether it is also the solution of another problem: one with a larger C."""
        its, own = self.problem, other
        return self.free and its.C <= own.C and its.rest == own.rest


def _problems(group: Group) -> list[Problem]:
    estimators = [group.of(member) for member in range(len(group.members))]
    params = [each.get_params() for each in estimators]
    strengths = [each.pop("C", 0.0) for each in params]
    rows = zip(estimators, strengths, params, strict=True)
    return [Problem(member, *row) for member, row in enumerate(rows)]


class _Matrices:
    """The kernel of a fold's rows, computed once, by the first thread that asks."""

    def __init__(self, estimator: Any, fold: Fold) -> None:
        self.fold, self._estimator, self._lock = fold.number, estimator, threading.Lock()
        self._fold = fold

    @cached_property
    def _train(self) -> tuple[Rows, Mapping[str, Any], Array]:
        rows, estimator = self._fold.train(), self._estimator
        rows = rows._replace(X=_checked(rows.X))
        how: dict[str, Any] = {"metric": estimator.kernel}
        if estimator.kernel != "linear":
            how["gamma"] = _gamma(estimator.gamma, rows.X)
        if estimator.kernel in ("poly", "sigmoid"):
            how["coef0"] = estimator.coef0
        if estimator.kernel == "poly":
            how["degree"] = estimator.degree
        return rows, how, np.ascontiguousarray(pairwise_kernels(rows.X, **how))

    @property
    def train(self) -> tuple[Rows, Array]:
        """Return the training rows and their kernel, (rows, rows)."""
        with self._lock:
            return self._train[0], self._train[2]

    def tables(self) -> list[Array]:
        """Return the kernel of the fold's tables with the training rows, each (rows, training rows)."""
        (rows, how, kernel), tables = self._train, self._fold.tables()
        test = pairwise_kernels(_checked(tables[0]), rows.X, **how)
        return [test, kernel][: len(tables)]  # the second table has the training rows


def _checked(X: Any) -> Any:
    return check_array(X, accept_sparse="csr", dtype=np.float64, order="C")


def _gamma(gamma: Any, X: Any) -> float:
    """Return the width in numbers, as ``BaseLibSVM.fit`` does."""
    if gamma == "auto":
        return float(1.0 / X.shape[1])
    if gamma != "scale":
        return float(gamma)
    variance = X.var() if isinstance(X, np.ndarray) else X.multiply(X).mean() - X.mean() ** 2
    return float(1.0 / (X.shape[1] * variance)) if variance else 1.0


def _solved(problem: Problem, matrices: _Matrices) -> Solved | None:
    """Solve a problem; None where libsvm refuses it: a fit says why."""
    rows, kernel = matrices.train
    start, model = time.perf_counter(), clone(problem.estimator).set_params(kernel="precomputed")
    try:
        model.fit(kernel, rows.y, sample_weight=rows.weights)
    except ValueError:
        return None
    return Solved(problem, model, _free(model, rows.weights), time.perf_counter() - start)


def _free(model: Any, weights: Array | None) -> bool:
    """Tell whether no coefficient is at its limit: C times the weights of its row and its class."""
    if type(model) not in (SVC, SVR):
        return False  # nu sets what coefficients add up to
    least = 1.0 if weights is None else float(np.min(weights))
    least *= float(np.min(getattr(model, "class_weight_", 1.0)))
    return bool(np.abs(model.dual_coef_).max(initial=0.0) < LIMIT * least * model.C)


def _answered(
    problems: Sequence[Problem], solved: Mapping[int, Solved], matrices: _Matrices
) -> Iterator[Answer]:
    """Answer for all members of a fold by the solution of the smallest C that covers it, whoever was first."""
    start = time.perf_counter()
    tables = matrices.tables()
    share = (time.perf_counter() - start) / len(problems)
    ascending = [solved[each.member] for each in problems if each.member in solved]
    for problem in problems:
        member = problem.member
        covering = (each for each in ascending if each.covers(problem))
        found = next(covering, solved.get(member))
        if found is not None:
            answers = tuple(_answers(problem.estimator, found.model, each) for each in tables)
            seconds = share + (found.seconds if found.problem.member == member else 0.0)
            yield Answer(member, matrices.fold, answers, Equality.TOLERANCE, seconds)


def _answers(like: Any, model: Any, kernel: Array) -> Answers:
    names = ("predict", "decision_function") if is_classifier(like) else ("predict",)
    responses = {name: partial(getattr(model, name), kernel) for name in names}
    return Answers(like, responses, getattr(model, "classes_", None))
