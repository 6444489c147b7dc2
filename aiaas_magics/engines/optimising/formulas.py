"""Models that are formulas, as ONNX graphs: linear ones, neural networks, naive Bayes, support vectors.

Adding one: a function that adds an estimator's arithmetic to a graph, its row in `FORMULAS`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import (
    ElasticNet,
    HuberRegressor,
    Lars,
    Lasso,
    LinearRegression,
    LogisticRegression,
    LogisticRegressionCV,
    Perceptron,
    PoissonRegressor,
    Ridge,
    RidgeClassifier,
    RidgeClassifierCV,
    SGDClassifier,
    SGDRegressor,
)
from sklearn.naive_bayes import BernoulliNB, ComplementNB, GaussianNB, MultinomialNB
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.svm import SVC, SVR, LinearSVC, LinearSVR, NuSVC, NuSVR

from aiaas_magics.engines.families.naive_bayes import NaiveBayes
from aiaas_magics.engines.optimising.base import Unconvertible, named
from aiaas_magics.engines.optimising.graphs import Graph
from aiaas_magics.predictors.links import Link

Formula = Callable[[Any, Graph], tuple[str, Link]]
TWO = 2


def knows(estimator: Any) -> bool:
    """Tell whether an estimator has a formula here."""
    return any(isinstance(estimator, kind) for kind in FORMULAS)


def of(estimator: Any, graph: Graph) -> tuple[str, Link]:
    """Add an estimator's arithmetic to a graph; return its result's name, and the link behind it.

    Raises
    ------
    Unconvertible
        If it has no formula here.
    """
    for kind, formula in FORMULAS.items():
        if isinstance(estimator, kind):
            return formula(estimator, graph)
    raise Unconvertible(f"{named(estimator)} has no graph")


def cells(estimator: Any, width: int) -> int:
    """Return how many numbers a row takes at most while its formula is computed."""
    model = getattr(estimator, "model_", estimator)
    if hasattr(model, "support_vectors_"):
        vectors = int(model.support_vectors_.shape[0])
        return vectors * width if model.kernel == "rbf" else vectors
    if isinstance(model, GaussianNB):
        return int(model.theta_.size)
    return max((len(bias) for bias in getattr(model, "intercepts_", ())), default=width)


# linear ------------------------------------------------------------------------------------------
def _scores(estimator: Any, graph: Graph) -> str:
    coefficients = np.atleast_2d(estimator.coef_)
    return graph.product("X", coefficients.T, np.broadcast_to(estimator.intercept_, len(coefficients)))  # fmt: skip


def _one(estimator: Any) -> bool:
    """Tell whether one row of scores tells two classes apart."""
    return len(np.atleast_2d(estimator.coef_)) == 1


def _line(estimator: Any, graph: Graph) -> tuple[str, Link]:
    if np.ndim(estimator.coef_) > 1 and len(estimator.coef_) > 1:
        raise Unconvertible(f"{named(estimator)} of several targets")
    return _scores(estimator, graph), Link("value")


def _logistic(estimator: Any, graph: Graph) -> tuple[str, Link]:
    return _scores(estimator, graph), Link("above" if _one(estimator) else "softmax")


def _bounds(estimator: Any, graph: Graph) -> tuple[str, Link]:
    return _scores(estimator, graph), Link("sign" if _one(estimator) else "largest")


def _gradient(estimator: Any, graph: Graph) -> tuple[str, Link]:
    if estimator.loss == "modified_huber":
        raise Unconvertible("SGDClassifier with modified_huber")
    if estimator.loss != "log_loss":
        return _bounds(estimator, graph)
    return _scores(estimator, graph), Link("above" if _one(estimator) else "rest")


# neural networks ---------------------------------------------------------------------------------
ACTIVATIONS = {"relu": "Relu", "tanh": "Tanh", "logistic": "Sigmoid"}


def _layers(estimator: Any, graph: Graph) -> str:
    found = "X"
    for place, (weights, bias) in enumerate(
        zip(estimator.coefs_, estimator.intercepts_, strict=True)
    ):
        if place and estimator.activation != "identity":
            found = graph.op(ACTIVATIONS[estimator.activation], found)
        found = graph.product(found, weights, bias)
    return found


def _network(estimator: Any, graph: Graph) -> tuple[str, Link]:
    found = _layers(estimator, graph)
    if isinstance(estimator, MLPClassifier):
        if estimator.out_activation_ == "softmax":
            return found, Link("softmax")
        if len(estimator.classes_) != TWO:
            raise Unconvertible("MLPClassifier of several labels a row")
        return graph.op("Sigmoid", found), Link("half")
    if estimator.n_outputs_ != 1:
        raise Unconvertible("MLPRegressor of several targets")
    return found, Link("value" if estimator.out_activation_ == "identity" else "exp")


# naive Bayes -------------------------------------------------------------------------------------
def _bayes(estimator: Any, graph: Graph) -> tuple[str, Link]:
    model = estimator.model_ if isinstance(estimator, NaiveBayes) else estimator
    likelihood = _gauss if isinstance(model, GaussianNB) else _counts
    return likelihood(model, graph), Link("softmax")


def _gauss(model: GaussianNB, graph: Graph) -> str:
    deep = graph.op("Unsqueeze", "X", graph.constant([1], "int64"))
    apart = graph.op("Sub", deep, graph.constant(model.theta_))
    squares = graph.op("Div", graph.op("Mul", apart, apart), graph.constant(model.var_))
    summed = graph.op("ReduceSum", squares, graph.constant([2], "int64"), keepdims=0)
    plus = np.log(model.class_prior_) - 0.5 * np.sum(np.log(2.0 * np.pi * model.var_), axis=1)
    return graph.op("Add", graph.op("Mul", summed, graph.constant(-0.5)), graph.constant(plus))


def _counts(model: Any, graph: Graph) -> str:
    known = model.feature_log_prob_
    if isinstance(model, BernoulliNB):
        off = np.log(1 - np.exp(known))
        found = "X"
        if model.binarize is not None:
            there = graph.op("Greater", "X", graph.constant(model.binarize))
            found = graph.cast(there, graph.precision)
        return graph.product(found, (known - off).T, model.class_log_prior_ + off.sum(axis=1))
    plus = model.class_log_prior_
    if isinstance(model, ComplementNB) and len(model.classes_) > 1:
        plus = np.zeros(len(model.classes_))
    return graph.product("X", known.T, plus)


# support vectors ---------------------------------------------------------------------------------
def _kernel(model: Any, graph: Graph) -> str:
    if hasattr(model.support_vectors_, "toarray"):
        vectors = model.support_vectors_.toarray()
    else:
        vectors = model.support_vectors_
    gamma = model._gamma
    if model.kernel == "rbf":
        # differences first: of squares alone the small ones drown in large numbers
        deep = graph.op("Unsqueeze", "X", graph.constant([1], "int64"))
        apart = graph.op("Sub", deep, graph.constant(vectors))
        far = graph.op("ReduceSumSquare", apart, graph.constant([2], "int64"), keepdims=0)
        return graph.op("Exp", graph.op("Mul", far, graph.constant(-gamma)))
    found = graph.op("MatMul", "X", graph.constant(vectors.T))
    if model.kernel == "linear":
        return found
    if model.kernel not in ("poly", "sigmoid"):
        raise Unconvertible(f"{named(model)} with a kernel of its own")
    moved = graph.op("Add", graph.op("Mul", found, graph.constant(gamma)), graph.constant(model.coef0))  # fmt: skip
    if model.kernel == "sigmoid":
        return graph.op("Tanh", moved)
    return graph.op("Pow", moved, graph.constant(float(model.degree)))


def _support_value(model: Any, graph: Graph) -> tuple[str, Link]:
    return graph.product(_kernel(model, graph), _dense(model.dual_coef_).T, model.intercept_), Link("value")  # fmt: skip


def _support_class(model: Any, graph: Graph) -> tuple[str, Link]:
    """Return a distance for each pair of classes (Chang and Lin, LIBSVM, section 4.1.5 and 7)."""
    if getattr(model, "probability", False) is True or model.break_ties:
        raise Unconvertible(f"{named(model)} with probabilities or ties broken")
    dual, classes = _dense(model.dual_coef_), len(model.classes_)
    if classes == TWO:
        return graph.product(_kernel(model, graph), dual.T, model.intercept_), Link("sign")
    ends = np.cumsum([0, *model.n_support_])
    columns = np.zeros((dual.shape[1], classes * (classes - 1) // 2))
    for place, (one, other) in enumerate(itertools.combinations(range(classes), 2)):
        columns[ends[one] : ends[one + 1], place] = dual[other - 1, ends[one] : ends[one + 1]]
        columns[ends[other] : ends[other + 1], place] = dual[one, ends[other] : ends[other + 1]]
    return graph.product(_kernel(model, graph), columns, model.intercept_), Link("duels", classes)


def _dense(found: Any) -> np.ndarray:
    return np.asarray(found.toarray() if hasattr(found, "toarray") else found)


FORMULAS: dict[Any, Formula] = {
    (
        LinearRegression,
        Ridge,
        Lasso,
        ElasticNet,
        Lars,
        SGDRegressor,
        HuberRegressor,
        LinearSVR,
    ): _line,
    PoissonRegressor: lambda estimator, graph: (_scores(estimator, graph), Link("exp")),
    (LogisticRegression, LogisticRegressionCV, LinearDiscriminantAnalysis): _logistic,
    (RidgeClassifier, RidgeClassifierCV, LinearSVC, Perceptron): _bounds,
    SGDClassifier: _gradient,
    (MLPClassifier, MLPRegressor): _network,
    (NaiveBayes, GaussianNB, MultinomialNB, ComplementNB, BernoulliNB): _bayes,
    (SVC, NuSVC): _support_class,
    (SVR, NuSVR): _support_value,
}
"""Estimators -> their formula; a class stands for those derived from it."""
