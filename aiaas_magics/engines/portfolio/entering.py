"""Which algorithms enter a comparison, and in which order."""

from __future__ import annotations

from aiaas_magics import errors
from aiaas_magics.engines import learning
from aiaas_magics.engines.context import Context
from aiaas_magics.engines.families import recipe
from aiaas_magics.engines.portfolio import budget, rows
from aiaas_magics.specs import algorithms
from aiaas_magics.specs.algorithms import Algorithm
from aiaas_magics.specs.train import TrainSpec

FEW = (
    "hist_gradient_boosting", "logistic_regression", "ridge", "random_forest", "svm", "lightgbm", "extra_trees",
    "gradient_boosting", "elastic_net", "knn", "lda", "naive_bayes",
)  # fmt: skip
"""Whose defaults are tried where there are fewer trials than algorithms: different in kind, strong first."""


def entering(task: learning.Task, spec: TrainSpec, context: Context) -> tuple[Algorithm, ...]:
    """Return the algorithms to compare, cheap ones first; those whose library is missing are left out.

    Raises
    ------
    SpecError
        If one that is asked for does not do the task.
    """
    if spec.algos:
        found = [algorithms.find(name) for name in spec.algos]
        for each in found:
            algorithms.check_parameters(each, {}, task.task)
    else:
        found = [each for each in algorithms.ALGORITHMS if task.task in each.tasks]
    first = min(len(task.train), rows.FIRST)
    there = [
        each for each in found if _there(each, task, context, asked=bool(spec.algos))
        and (budget.allowed(each.name, first) or bool(spec.algos))
    ]  # fmt: skip
    if not there:
        raise errors.MissingLibrary("no algorithm is there to compare", "", "--algo ?")
    if spec.trials is not None:
        there = sorted(there, key=_strength)[: spec.trials]
    return tuple(sorted(there, key=lambda a: budget.cost(a.name)))


def _strength(algorithm: Algorithm) -> int:
    return FEW.index(algorithm.name) if algorithm.name in FEW else len(FEW)


def _there(algorithm: Algorithm, task: learning.Task, context: Context, *, asked: bool) -> bool:
    try:
        recipe(algorithm).build(task.task, {}, 0)
    except (ImportError, errors.MissingLibrary) as error:
        said = f"{algorithm.name} is left out: {error}"
        (context.warn if asked else context.log)(said)
        return False
    return True
