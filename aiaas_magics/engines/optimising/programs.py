"""A pipeline taken apart: its steps, its ensembles and their members, down to the estimators that a tier computes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from sklearn.ensemble import (
    BaggingClassifier,
    BaggingRegressor,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.model_selection._search import BaseSearchCV
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags

from aiaas_magics.engines.optimising import fronts, trees
from aiaas_magics.engines.optimising.base import Unconvertible, named
from aiaas_magics.engines.optimising.nodes import Trees
from aiaas_magics.predictors.arithmetic import Check, Take, Zero
from aiaas_magics.predictors.fronts import Numbers, Step
from aiaas_magics.predictors.links import Link
from aiaas_magics.predictors.packed import Array
from aiaas_magics.predictors.programs import Engine, Program, Single, Stack, Vote
from aiaas_magics.specs.records import Signature

Source = Signature | int
"""What an estimator is given: a table of a model's inputs, or a matrix so many numbers wide."""
Path = tuple[str | int, ...]
"""Where an estimator stands, from the pipeline on: attributes and places."""


class Part(NamedTuple):
    """An estimator's arithmetic, as a tier does it.

    ``rounded`` where numbers must fit into float32; ``before`` are steps of the estimator's own; ``cells`` is how many
    numbers a row takes while it computes.
    """

    engine: Engine
    link: Link
    rounded: bool = False
    before: tuple[Step, ...] = ()
    cells: int = 0


def walked(engine: Engine, found: Trees) -> Part:
    """Return the part of an ensemble of trees."""
    before = (Zero(found.zero),) if found.zero else found.before
    return Part(engine, found.link, found.rounded, before, found.extra + len(found.trees))


class Maker(Protocol):
    """How a tier does the arithmetic of one estimator."""

    def __call__(self, estimator: Any, width: int, path: Path) -> Part:
        """Return its part, files written. Raises `Unconvertible`."""
        ...


def of(estimator: Any, source: Source, make: Maker, path: Path = ()) -> Program:
    """Return an estimator, a pipeline or an ensemble as a program.

    Raises
    ------
    Unconvertible
        If some part has no such form.
    """
    parts: list[Any] = []
    while isinstance(estimator, Pipeline | BaseSearchCV):
        if isinstance(estimator, BaseSearchCV):
            estimator, path = estimator.best_estimator_, (*path, "best_estimator_")
            continue
        parts += [step for _, step in estimator.steps[:-1]]
        estimator, path = estimator.steps[-1][1], (*path, "steps", len(estimator.steps) - 1, 1)
    for kinds, convert in ENSEMBLES:
        if isinstance(estimator, kinds):
            bare = all(isinstance(part, str) or part is None for part in parts)
            if bare:
                return convert(estimator, source, make, path)
            front = _front(parts, source)
            inner = convert(estimator, front.width, make, path)
            return Program((*front.steps, *inner.front), inner.model, max(front.width, inner.width))
    if (own := trees.preparation(estimator)) is not None:
        parts.append(own)
    front = _front(parts, source)
    part = make(estimator, front.width, path)
    steps = (*front.steps, *_check(estimator, front.steps, source, part), *part.before)
    width = max(front.width, part.cells)
    return Program(steps, Single(part.engine, part.link), width)  # type: ignore[arg-type]


def _front(parts: Sequence[Any], source: Source) -> fronts.Made:
    if isinstance(source, int):
        return fronts.on_numbers(parts, source)
    return fronts.of(parts, source)


def _check(estimator: Any, steps: Sequence[Step], source: Source, part: Part) -> tuple[Step, ...]:
    """Return the check of what comes to an estimator, where the door has not made it already."""
    gaps = bool(get_tags(estimator).input_tags.allow_nan)
    if type(estimator).__name__.startswith("HistGradientBoosting"):  # it takes whatever comes
        return ()
    whole = isinstance(source, Signature) and len(source.required) == len(source.inputs)
    if whole and len(steps) == 1 and isinstance(steps[0], Numbers):
        return ()
    most = np.finfo("float32" if part.rounded else "float64").max
    return (Check(float(most), gaps),)


# ensembles ---------------------------------------------------------------------------------------
def _voting(estimator: Any, source: Source, make: Maker, path: Path) -> Program:
    kept = [each for _, each in estimator.estimators if each != "drop"]
    members = _members(estimator.estimators_, source, make, (*path, "estimators_"))
    given = estimator.weights
    weights = np.ones(len(kept)) if given is None else [
        w for (_, each), w in zip(estimator.estimators, given, strict=True) if each != "drop"
    ]  # fmt: skip
    how = estimator.voting if isinstance(estimator, VotingClassifier) else "mean"
    classes = len(getattr(estimator, "classes_", ()))
    return Program((), Vote(members, how, Array.of(weights), False, classes), _widest(members))


def _bagging(estimator: Any, source: Source, make: Maker, path: Path) -> Program:
    if not isinstance(source, int):
        made = fronts.of([], source)
        inner = _bagging(estimator, made.width, make, path)
        return Program((*made.steps, *inner.front), inner.model, inner.width)
    classes = getattr(estimator, "classes_", ())
    members = []
    for place, (each, columns) in enumerate(
        zip(estimator.estimators_, estimator.estimators_features_, strict=True)
    ):
        if len(getattr(each, "classes_", classes)) != len(classes):
            raise Unconvertible("bagging whose members know some of the classes only")
        inner = of(each, len(columns), make, (*path, "estimators_", place))
        taken = () if list(columns) == list(range(source)) else (Take(tuple(map(int, columns))),)
        members.append(Program((*taken, *inner.front), inner.model, inner.width))
    how = "mean" if not len(classes) else "soft" if hasattr(estimator.estimators_[0], "predict_proba") else "hard"  # fmt: skip
    vote = Vote(tuple(members), how, Array.of(np.ones(len(members))), True, len(classes))
    return Program((), vote, max(source, _widest(members)))


def _stacking(estimator: Any, source: Source, make: Maker, path: Path) -> Program:
    members = _members(estimator.estimators_, source, make, (*path, "estimators_"))
    takes = tuple(_TAKES[name] for name in estimator.stack_method_)
    beside: tuple[Step, ...] = ()
    if estimator.passthrough:
        made = _front([], source)
        beside = made.steps or (Take(tuple(range(made.width))),)
    final = of(
        estimator.final_estimator_, _last_width(estimator), make, (*path, "final_estimator_")
    )
    return Program((), Stack(members, takes, final, beside), _widest([*members, final]))


_TAKES = {"predict_proba": "proba", "decision_function": "raw", "predict": "labels"}


def _last_width(estimator: Any) -> int:
    last = estimator.final_estimator_
    return int(last.n_features_in_)


def _members(found: Sequence[Any], source: Source, make: Maker, path: Path) -> tuple[Program, ...]:
    return tuple(of(each, source, make, (*path, i)) for i, each in enumerate(found))


def _widest(members: Sequence[Program]) -> int:
    return max((each.width for each in members), default=0)


ENSEMBLES: tuple[tuple[Any, Any], ...] = (
    ((VotingClassifier, VotingRegressor), _voting),
    ((BaggingClassifier, BaggingRegressor), _bagging),
    ((StackingClassifier, StackingRegressor), _stacking),
)


def unknown(estimator: Any, tier: str) -> Unconvertible:
    """Return the reason for an estimator that a tier does not know."""
    return Unconvertible(f"{named(estimator)} has no form in {tier}")
