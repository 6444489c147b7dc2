"""Which algorithms enter a comparison, and in which order."""

from __future__ import annotations

from aiaas_magics import errors
from aiaas_magics.engines import learning
from aiaas_magics.engines.context import Context
from aiaas_magics.engines.families import recipe
from aiaas_magics.engines.portfolio import budget, rows
from aiaas_magics.specs import algorithms, auto
from aiaas_magics.specs.algorithms import Algorithm
from aiaas_magics.specs.train import TrainSpec, check_weights

STRONG = (
    "hist_gradient_boosting", "logistic_regression", "ridge", "random_forest", "svm", "lightgbm", "extra_trees",
    "elastic_net", "knn", "gradient_boosting", "naive_bayes", "mlp", "lasso", "sgd",
)  # fmt: skip
"""Who enters first where there is not room for all: different in kind, those that are often best in front
(Fernandez-Delgado et al., Do we need hundreds of classifiers, JMLR 2014; Grinsztajn et al., NeurIPS 2022)."""
EACH = 2.0
"""Seconds of a core that there must be for each algorithm that enters."""
LEAST = 3


def entrants(task: learning.Task, spec: TrainSpec, context: Context) -> tuple[Algorithm, ...]:
    """Return the algorithms to compare, cheap ones first; those whose library is missing are left out.

    Raises
    ------
    SpecError
        If one that is asked for does not do the task.
    """
    there = [
        each for each in _asked(task, spec) if _there(each, task, context, asked=bool(spec.algos))
    ]
    if not there:
        raise errors.MissingLibrary("no algorithm is there to compare", "", "--algo ?")
    room = _room(spec, context)
    if room < len(there):
        there.sort(key=_weakness)
        names = ", ".join(each.name for each in there[room:])
        context.log(f"for want of room these are not compared: {names}")
    return tuple(sorted(there[:room], key=lambda each: budget.cost(each.name)))


def _asked(task: learning.Task, spec: TrainSpec) -> list[Algorithm]:
    """Return those that are asked for, or all that fit the task and the number of rows."""
    if not spec.algos:
        few = min(len(task.train), rows.FIRST)
        return [
            each for each in algorithms.ALGORITHMS
            if task.task in each.tasks and (each.takes_weights or spec.weights is None)
            and budget.allowed(each.name, few)
        ]  # fmt: skip
    found = [algorithms.find(name) for name in spec.algos]
    for each in found:
        algorithms.check_parameters(each, {}, task.task)
        check_weights(each.name, spec.weights, spec.target)
    return found


def _room(spec: TrainSpec, context: Context) -> int:
    """Return how many algorithms may enter."""
    if spec.trials is not None:
        return spec.trials
    if spec.algos:
        return len(spec.algos)
    return max(LEAST, int((spec.time or auto.SECONDS) * context.cores / EACH))


def _weakness(algorithm: Algorithm) -> int:
    return STRONG.index(algorithm.name) if algorithm.name in STRONG else len(STRONG)


def _there(algorithm: Algorithm, task: learning.Task, context: Context, *, asked: bool) -> bool:
    try:
        recipe(algorithm).build(task.task, {}, 0)
    except (ImportError, errors.MissingLibrary) as error:
        said = f"{algorithm.name} is left out: {error}"
        (context.warn if asked else context.log)(said)
        return False
    return True
