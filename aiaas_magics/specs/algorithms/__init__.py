"""The algorithms as data: what the grammar, the completion and the help know of them.

One file a family, as in engines/families/. Adding an algorithm: one row in its family's file here, one
recipe in the file of that name there; the family contract test binds the two.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping

from aiaas_magics import errors
from aiaas_magics.specs.algorithms import (
    boosting,
    forest,
    lightgbm,
    linear,
    naive_bayes,
    neighbors,
    neural,
    svm,
    tree,
)
from aiaas_magics.specs.algorithms.descriptors import BOTH, Algorithm, Parameter, Search
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.spaces import Distribution, compact, in_whole, some

__all__ = [
    "ALGORITHMS",
    "AUTO",
    "CHOICES",
    "Algorithm",
    "Parameter",
    "Search",
    "check_parameters",
    "find",
    "grid",
    "space",
]

ALGORITHMS: tuple[Algorithm, ...] = (
    *linear.ALGORITHMS,
    *tree.ALGORITHMS,
    *forest.ALGORITHMS,
    *boosting.ALGORITHMS,
    *lightgbm.ALGORITHMS,
    *neighbors.ALGORITHMS,
    *svm.ALGORITHMS,
    *naive_bayes.ALGORITHMS,
    *neural.ALGORITHMS,
)

AUTO = Algorithm(
    name="auto",
    tasks=BOTH,
    family="",
    summary="compares algorithms and their parameters by cross-validation and keeps the best",
    parameters=(),
)
"""What may stand in an algorithm's place and is none: see :mod:`aiaas_magics.specs.auto`."""
CHOICES = (AUTO, *ALGORITHMS)
"""What ``--algo`` takes."""


@functools.cache
def _by_name() -> Mapping[str, Algorithm]:
    return {algorithm.name: algorithm for algorithm in CHOICES}


def find(name: str) -> Algorithm:
    """Return the algorithm of that name.

    Raises
    ------
    SpecError
        If there is none; says which was meant.
    """
    found = _by_name().get(name)
    if found is None:
        raise errors.SpecError(
            f"unknown algorithm {name!r}", errors.did_you_mean(name, _by_name()), "--algo ?"
        )
    return found


def check_parameters(
    algorithm: Algorithm, params: Mapping[str, JSON], task: str | None = None
) -> None:
    """Check parameters against an algorithm, and against the task where it is known.

    Raises
    ------
    SpecError
        If the algorithm does not do the task, a parameter is unknown, or a value is not allowed.
    """
    if task is not None and task not in algorithm.tasks:
        others = ", ".join(a.name for a in ALGORITHMS if task in a.tasks)
        raise errors.SpecError(
            f"{algorithm.name} does not do {task}", f"these do: {others}", "--algo ?"
        )
    known = [p for p in algorithm.parameters if task is None or task in p.tasks]
    if params and algorithm is AUTO:
        raise errors.SpecError(
            f"--algo auto takes no {next(iter(params))}=...",
            "it chooses the parameters itself; --algos says among which algorithms",
            "--algos random_forest,hist_gradient_boosting",
        )
    for name, value in params.items():
        rows = [p for p in known if p.name == name]  # one a task, where the tasks differ
        if not rows:
            raise errors.SpecError(
                f"{algorithm.name} has no parameter {name!r}",
                errors.did_you_mean(name, (p.name for p in known)),
                f"{errors.nearest(name, (p.name for p in known)) or known[0].name}=...",
            )
        if not any(p.accepts(value) for p in rows):
            raise errors.SpecError(
                f"{name}={value!r} is not a value {algorithm.name} takes",
                f"{name}: {', '.join(dict.fromkeys(p.allowed() for p in rows))}",
                f"{name}={rows[0].default!r}",
            )


def check_tried(
    algorithm: Algorithm, name: str, values: list[JSON] | Distribution, task: str | None = None
) -> None:
    """Check what is tried of a parameter: all its values, or the two ends of a distribution.

    Raises
    ------
    SpecError
    """
    try:
        for value in some(values):
            check_parameters(algorithm, {name: value}, task)
    except errors.SpecError as error:
        whole = in_whole(values)
        rows = [p for p in algorithm.parameters if p.name == name]
        if whole is None or not any(p.accepts(whole.low) for p in rows):
            raise
        raise errors.SpecError(
            f"{name}={compact(values)} draws numbers that are not whole",
            error.hint,
            f"{name}={compact(whole)}",
        ) from error


def space(algorithm: Algorithm, task: str) -> dict[str, Search]:
    """Return what is worth trying, by parameter, for a task."""
    rows = (p for p in algorithm.parameters if task in p.tasks)
    return {p.name: p.search for p in rows if p.search is not None}


VALUES = {1: (7,), 2: (4, 3), 3: (3, 3, 2)}
"""Values of each parameter in a grid of so many: at most 18 combinations."""


def grid(algorithm: Algorithm, task: str) -> dict[str, tuple[JSON, ...]]:
    """Return the values tuning tries where nothing is asked for."""
    known, names = space(algorithm, task), algorithm.tried[: max(VALUES)]
    counts = VALUES.get(len(names), ())
    return {name: known[name].grid(n) for name, n in zip(names, counts, strict=True)}
