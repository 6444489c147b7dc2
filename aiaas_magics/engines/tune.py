"""Tune: candidates compared on folds, work shared where it can be, the best one refitted and registered."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, cast

import msgspec
import numpy as np
from sklearn.pipeline import Pipeline

from aiaas_magics import errors
from aiaas_magics.engines import learning, ownestimators, pictures, suspicions, weighing
from aiaas_magics.engines.context import Context
from aiaas_magics.engines.measuring import NEED_PROBA
from aiaas_magics.engines.sharing.base import ORDER
from aiaas_magics.engines.train import held_out_scores
from aiaas_magics.engines.tuning import memory, strategies
from aiaas_magics.engines.tuning.candidates import combinations, listed, unique
from aiaas_magics.engines.tuning.pictures import pictured
from aiaas_magics.engines.tuning.searching import Searching, Tried
from aiaas_magics.engines.tuning.watching import last_line
from aiaas_magics.specs import algorithms, spaces
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.metrics import DEFAULT, Metric, check_metric
from aiaas_magics.specs.results import ModelResult, Remembered, Score, Trial
from aiaas_magics.specs.tune import TuneSpec

DRAWN = ("random", "optuna")
"""Strategies whose candidates come one after the other."""


def run(spec: TuneSpec, context: Context) -> ModelResult:
    """Search, refit the best, register it."""
    task = learning.assemble(spec, context)
    spec = _asked_or_tried(spec, task.task, context)
    metric = check_metric(spec.metric or DEFAULT[task.task], task.task)
    known = memory.keys(msgspec.structs.replace(spec, metric=metric.name), task.table)
    if memory.seeded(spec) and not spec.again:
        before = memory.answer(context, known)
        if before is not None:
            return before
    return _searched(spec, task, metric, known, context)


def _searched(
    spec: TuneSpec, task: learning.Task, metric: Metric, known: memory.Keys, context: Context
) -> ModelResult:
    """Compare candidates, as far as they are not known, and register the best one."""
    noting = memory.Noting(context)
    context = cast("Context", noting)
    kept = memory.SearchMemory(context, known, fresh=not memory.recalls(spec))
    first = {name: _telling(spaces.some(values)) for name, values in spec.params.items()}
    pipeline = learning.build(task, spec, context, first)
    _check_metric(metric, pipeline)
    searching = Searching(pipeline, task, spec, metric, context, memory=kept)
    if spec.time is not None:
        searching.watch.until = context.begun + spec.time
    choice = strategies.choose(searching, spec.params)
    _tell(choice, context)
    remembered = _remembered(searching, choice, kept, context)
    with learning.fitting(context, algo=spec.algo):
        tried = strategies.search(searching, choice)
        searching.watch.told()
        for said in dict.fromkeys(searching.failures):
            context.log(f"not shared as planned, so fitted apart: {said}")
        best = _best(tried, metric, spec)
        fitted, seconds = _refitted(searching, best)
        ownestimators.check_predictions(fitted, searching.X, spec, task.classes)
        scores = held_out_scores(fitted, task)
    params = _params(best, fitted, task, spec, scores, context)
    found = trials(tried, metric)
    whole = choice.name == "grid" and all(each.seen for each in tried)
    partial = searching.watch.stopped and not whole
    info = learning.register(
        fitted, task, spec, context, partial=partial, params=params, scores=scores
    )  # fmt: skip
    drawn = pictured(found, spec, metric, drawn_one_by_one=choice.name in DRAWN)
    if not partial and memory.seeded(spec):
        memory.finished(context, known, noting.warnings)
    return ModelResult(
        ref=info.ref, algo=spec.algo, task=task.task, target=spec.target, classes=task.classes,
        features=tuple(map(str, task.X.columns)), params=params, rows=len(searching.X), weights=spec.weights,
        held_out=len(task.test), seconds=seconds, scores=scores, metric=metric.name, trials=found,
        cells=len(tried), strategy=choice.name, reason=choice.reason, sharing=searching.planned.record(),
        remembered=remembered,
        charts=pictures.render(drawn, context), partial=partial,
    )  # fmt: skip


def _tell(choice: strategies.Choice, context: Context) -> None:
    """Tell which strategy it is and why, and what it will cost, before it begins."""
    said = f"{choice.name}: {choice.reason}"
    if choice.plan is not None:
        said += f"; {choice.plan.text}"
    context.log(said)
    context.progress(0, 1, said)


def _params(
    best: Tried,
    fitted: Any,
    task: learning.Task,
    spec: TuneSpec,
    scores: tuple[Score, ...],
    context: Context,
) -> dict[str, JSON]:
    """Return the parameters of the winner, and tell what is suspicious about it."""
    asked = {name: weighing.told(value) for name, value in best.asked.items()}
    balanced = asked.get("class_weight") is not None
    suspicions.tell(task, spec.target, scores, context, balanced=balanced)
    return ownestimators.params_of(spec, fitted, asked)


def _refitted(searching: Searching, best: Tried) -> tuple[Any, float]:
    """Return the winner fitted on all training rows, and the seconds it took."""
    begun = time.perf_counter()
    fitted = searching.refit(best)
    return fitted, time.perf_counter() - begun


def _remembered(
    searching: Searching, choice: strategies.Choice, kept: memory.SearchMemory, context: Context
) -> Remembered | None:
    """Tell what is known already, before the search begins."""
    all_ = combinations(listed(choice.space)) if choice.name == "grid" else None
    candidates = None if all_ is None else [searching.candidate(each) for each in all_]
    found = kept.remembered(candidates, searching.spec.cv, searching.spec.resume)
    if found is not None:
        context.log(found.text)
    return found


def _asked_or_tried(spec: TuneSpec, task: str, context: Context) -> TuneSpec:
    """Return a spec with a grid, each value once: where none was asked for, the algorithm's own."""
    if spec.params:
        return msgspec.structs.replace(spec, params=unique(spec.params))
    found = {n: list(v) for n, v in algorithms.grid(algorithms.find(spec.algo), task).items()}
    tried = msgspec.structs.replace(spec, params=found)
    context.warn(
        f"no values to try were given: {tried.cells} combinations of {', '.join(found)} are worth it",
        " ".join(f"{name}={spaces.compact(values)}" for name, values in found.items()),
    )
    return tried


def _telling(values: Sequence[JSON]) -> JSON:
    """Return the value an estimator is made for: one with class weights can do without, not the reverse."""
    return next((value for value in values if isinstance(value, dict)), values[0])


def _best(tried: Sequence[Tried], metric: Metric, spec: TuneSpec) -> Tried:
    """Return the winner: the best mean, of equal ones the first.

    Raises
    ------
    DataError
        If nothing could be fitted, or the metric is undefined for all.
    """
    whole = [each for each in tried if each.complete]
    if whole:
        return max(whole, key=lambda each: each.mean)
    said = [one.failure for each in tried for one in each.folds if one is not None and one.failure]
    if said:
        raise errors.DataError(
            f"{spec.algo} could not be fitted with any of the parameters",
            last_line(said[0]),
            "try fewer values",
        )
    raise errors.DataError(
        f"{metric.name} is undefined for every candidate",
        "on at least one of its folds",
        "another --metric, or fewer folds: --cv 2",
    )


def trials(tried: Sequence[Tried], metric: Metric) -> tuple[Trial, ...]:
    """Return the candidates that were compared on every fold, best first; ranks are shared by equals."""
    numbered = [(number, each) for number, each in enumerate(tried) if each.complete]
    whole = sorted(numbered, key=lambda pair: -pair[1].mean)
    means = [each.mean for _, each in whole]
    return tuple(_trial(each, 1 + means.index(each.mean), number, metric) for number, each in whole)


def _trial(each: Tried, rank: int, number: int, metric: Metric) -> Trial:
    folds = [one for one in each.folds if one is not None]
    label = max((one.equality for one in folds), key=ORDER.index)
    return Trial(
        params={name: weighing.told(value) for name, value in each.asked.items()},
        mean=metric.natural(each.mean), std=float(np.std(each.scores)),
        folds=tuple(map(metric.natural, each.scores)),
        seconds=float(np.mean([one.fit_seconds for one in folds])), rank=rank, equality=str(label),
        number=number,
    )  # fmt: skip


def _check_metric(metric: Metric, pipeline: Pipeline) -> None:
    if metric.name in NEED_PROBA and not hasattr(pipeline.steps[-1][1], "predict_proba"):
        name = type(pipeline.steps[-1][1]).__name__
        raise errors.SpecError(
            f"{metric.name} needs probabilities",
            f"{name} gives none with these parameters",
            "--metric accuracy",
        )
