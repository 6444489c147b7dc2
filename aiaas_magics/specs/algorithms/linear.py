"""Linear models, as data."""

from __future__ import annotations

from aiaas_magics.specs.algorithms.descriptors import (
    BALANCED,
    BOTH,
    CLASSES,
    INTERCEPT,
    NUMBERS,
    Algorithm,
    Parameter,
    among,
    between,
    row,
    strength,
)

_SOLVERS = ("lbfgs", "liblinear", "newton-cg", "newton-cholesky", "sag", "saga")
_RIDGE_SOLVERS = ("auto", "svd", "cholesky", "lsqr", "sparse_cg", "sag", "saga", "lbfgs")
_CLASS_LOSSES = ("log_loss", "hinge", "modified_huber", "squared_hinge", "perceptron")
_NUMBER_LOSSES = ("squared_error", "huber", "epsilon_insensitive", "squared_epsilon_insensitive")
_TOL = row("tol", "float", 1e-4, "stop when an iteration gains less", low=0)


def _step(default: str, task: str) -> Parameter:
    kinds = ("constant", "optimal", "invscaling", "adaptive")
    return row("learning_rate", "", default, "how the step changes", choices=kinds, tasks=(task,))


_ITERATIONS = row("max_iter", "int", 1000, "most iterations", low=1)
_POSITIVE = row("positive", "bool", False, "no coefficient below zero")
_SELECTION = row(
    "selection", "", "cyclic", "order in which coefficients change", choices=("cyclic", "random")
)

ALGORITHMS = (
    Algorithm(
        name="linear_regression", tasks=NUMBERS, family="linear",
        summary="plain least squares",
        parameters=(INTERCEPT, _POSITIVE),
    ),
    Algorithm(
        name="logistic_regression", tasks=CLASSES, family="linear", tried=("C",),
        summary="a linear model of class probabilities, cross-entropy loss",
        parameters=(
            row("C", "float int", 1.0, "inverse strength of the penalty", low=0, open_low=True, search=between(0.01, 100.0, log=True)),
            row("l1_ratio", "float int", 0.0, "mix of the penalty: 0 is L2, 1 is L1", low=0, high=1, search=among(0.0, 1.0, 0.5)),
            INTERCEPT,
            row("solver", "", "lbfgs", "the optimiser", choices=_SOLVERS),
            row("max_iter", "int", 100, "most iterations", low=1),
            _TOL,
            BALANCED,
        ),
    ),
    Algorithm(
        name="ridge", tasks=BOTH, family="linear", tried=("alpha",),
        summary="linear least squares with an L2 penalty",
        parameters=(
            strength("alpha", 1.0, 1e-3, 1e3, "strength of the penalty"),
            INTERCEPT,
            row("solver", "", "auto", "the optimiser", choices=_RIDGE_SOLVERS),
            row("max_iter", "int none", None, "most iterations of an iterative optimiser", low=1),
            _TOL,
            BALANCED,
        ),
    ),
    Algorithm(
        name="lasso", tasks=NUMBERS, family="linear", tried=("alpha",),
        summary="linear least squares with an L1 penalty, which leaves columns out",
        parameters=(
            strength("alpha", 1.0, 1e-4, 10.0, "strength of the penalty"),
            INTERCEPT, _POSITIVE, _ITERATIONS, _TOL, _SELECTION,
        ),
    ),
    Algorithm(
        name="elastic_net", tasks=NUMBERS, family="linear", tried=("alpha", "l1_ratio"),
        summary="linear least squares with a mix of L1 and L2 penalties",
        parameters=(
            strength("alpha", 1.0, 1e-4, 10.0, "strength of the penalty"),
            row("l1_ratio", "float int", 0.5, "mix of the penalty: 0 is L2, 1 is L1", low=0, high=1, search=among(0.5, 0.1, 0.9)),
            INTERCEPT, _POSITIVE, _ITERATIONS, _TOL, _SELECTION,
        ),
    ),
    Algorithm(
        name="sgd", tasks=BOTH, family="linear", tried=("alpha", "penalty"),
        summary="a linear model by stochastic gradient descent, with its loss curve",
        parameters=(
            row("loss", "", "log_loss", "what is minimised", choices=_CLASS_LOSSES, tasks=CLASSES, search=among("log_loss", "hinge", "modified_huber")),
            row("loss", "", "squared_error", "what is minimised", choices=_NUMBER_LOSSES, tasks=NUMBERS, search=among("squared_error", "huber")),
            row("penalty", "none", "l2", "penalty on the weights", choices=("l2", "l1", "elasticnet"), search=among("l2", "l1", "elasticnet")),
            strength("alpha", 1e-4, 1e-6, 1e-1, "strength of the penalty"),
            row("l1_ratio", "float int", 0.15, "mix of elasticnet: 0 is L2, 1 is L1", low=0, high=1),
            row("max_iter", "int", 1000, "most passes over the rows", low=1),
            row("tol", "float none", 1e-3, "stop when a pass gains less", low=0),
            _step("optimal", "classification"),
            _step("invscaling", "regression"),
            row("eta0", "float int", 0.01, "first step", low=0, open_low=True),
            row("epsilon", "float int", 0.1, "width of the insensitive or quadratic zone of some losses", low=0),
            INTERCEPT,
            row("shuffle", "bool", True, "shuffle the rows before each pass"),
            row("early_stopping", "bool", False, "stop when a held-out share gains nothing"),
            row("average", "bool", False, "keep the mean of the weights over all steps"),
            BALANCED,
        ),
    ),
)  # fmt: skip
