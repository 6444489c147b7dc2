"""Evaluate: a model on rows it has not seen, beside the simplest guess or another model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from aiaas_magics import errors
from aiaas_magics.cards.style import one_line
from aiaas_magics.engines import curves, learning, measuring, pictures
from aiaas_magics.engines.context import Context
from aiaas_magics.engines.evaluation import (
    Found,
    columns,
    comparing,
    dependence,
    expected,
    growing,
    mistakes,
    resampling,
    slices,
    subject,
    thresholds,
)
from aiaas_magics.engines.evaluation.subject import Subject
from aiaas_magics.specs.base import Result
from aiaas_magics.specs.evaluate import EvaluateSpec
from aiaas_magics.specs.results import ComparisonResult, EvaluationResult, Score, Threshold


def run(spec: EvaluateSpec, context: Context) -> Result:
    """Measure a model, or compare two."""
    if spec.against is not None:
        return _compared(spec, context)
    if spec.curve:
        return _grown(spec, context)
    if spec.cv:
        return _folded(spec, context)
    return _measured(spec, context)


# on rows the model has not seen -----------------------------------------------------------------
def _measured(spec: EvaluateSpec, context: Context) -> EvaluationResult:
    who = subject.load(spec.model, spec.data, context, spec.schema)
    dependence.check_columns(spec.columns, who.X, who.roles(), who.info.name)
    outcome, scores = _scores(who, spec, context)
    classes = [str(name) for name in who.info.signature.classes]
    if who.info.task == "regression":
        found = Found((), (), tuple(curves.of_numbers(outcome, who.info.target, spec.seed)))
    else:
        drawn, grids = curves.of_classes(outcome, classes)
        found = Found((), tuple(grids), tuple(drawn))
    threshold, cheapest = _threshold(who, outcome, classes, spec, context)
    with learning.fitting(context, algo=who.info.algo):
        ranked, matters, moves = _columns(who, outcome, classes, spec, context)
    names = [score.metric for score in ranked] or [str(name) for name in who.X.columns]
    found = cheapest + found + matters + moves
    if spec.slices:
        found += slices.found(
            who.X,
            who.roles(),
            outcome,
            most=spec.slices,
            confidence=spec.confidence,
            seed=spec.seed,
        )
    if spec.rows:
        found += mistakes.found(who.X, outcome, classes, most=spec.rows, columns=names)
    return _result(
        who, spec, context, scores=scores, rows=len(who.y), found=found, importance=ranked, way=_drawn(who),
        threshold=threshold, partial=context.stopping(),
    )  # fmt: skip


def _columns(
    who: Subject,
    outcome: measuring.Outcome,
    classes: list[str],
    spec: EvaluateSpec,
    context: Context,
) -> tuple[tuple[Score, ...], Found, Found]:
    """Return what columns matter, and how; made-up rows may be some that the user's code drops."""
    ranked: tuple[Score, ...] = ()
    matters = Found()
    try:
        ranked, matters = columns.importance(who, outcome, spec, context)
        return ranked, matters, columns.effects(who, ranked, classes, spec, context)
    except errors.UserCodeError as error:
        context.warn(f"what the columns matter is unknown, shuffled: {error.what}")
        return ranked, matters, Found()


def _drawn(who: Subject) -> str:
    groups = who.groups()
    if groups is None or who.task is None or who.task.by is None:
        return ""
    return f"intervals by a bootstrap of the {groups.max() + 1:,} groups of {one_line(who.task.by.name)}"


def _scores(
    who: Subject, spec: EvaluateSpec, context: Context
) -> tuple[measuring.Outcome, tuple[Score, ...]]:
    rows, info = len(who.X), who.info
    context.progress(0, rows, "predicting")
    with learning.fitting(context, algo=info.algo):
        outcome = subject.outcome(
            who.pipeline, who.X, who.y, info, _telling(context, "predicting", "rows", rows)
        )
        guess = subject.baseline(info.task, who.known)
        base = subject.outcome(guess, who.X, who.y, info)
    tell = _telling(context, "bootstrap", "samples")
    scores = measuring.measure(
        outcome,
        info.task,
        repeats=spec.repeats,
        confidence=spec.confidence,
        seed=spec.seed,
        tell=tell,
        groups=who.groups(),
    )
    simple = measuring.samples(base, info.task, repeats=0, seed=spec.seed)
    against = {name: measuring.plain(values[0]) for name, values in simple.items()}
    return outcome, tuple(
        msgspec.structs.replace(s, baseline=against.get(s.metric)) for s in scores
    )


def _telling(context: Context, what: str, of: str, whole: int = 0) -> Callable[..., None]:
    def tell(done: int, total: int = whole) -> None:
        context.progress(done, total, f"{what}, {done:,} of {total:,} {of}")

    return tell


def _threshold(
    who: Subject,
    outcome: measuring.Outcome,
    classes: list[str],
    spec: EvaluateSpec,
    context: Context,
) -> tuple[Threshold | None, Found]:
    if not spec.cost:
        return None, Found()
    thresholds.check(outcome, who.info.algo, who.info.task)
    costs, positive = thresholds.matrix(spec.cost, classes, spec.positive)
    asked: dict[str, Any] = {
        "confidence": spec.confidence,
        "repeats": spec.repeats,
        "seed": spec.seed,
        "groups": who.groups(),
    }
    if len(classes) > 2:
        return None, expected.found(outcome, costs, classes, **asked)
    found, told = thresholds.found_of_two(
        outcome, costs, positive, classes, tell=_telling(context, "threshold", "samples"), **asked
    )
    return told, found


# by learning anew -------------------------------------------------------------------------------
def _folded(spec: EvaluateSpec, context: Context) -> EvaluationResult:
    who = subject.remade(spec.model, "--cv", context)
    chosen = resampling.folds(_task(who), spec.cv, spec.rounds, spec.seed)
    resampling.tell_tuned(who, context)
    with learning.fitting(context, algo=who.info.algo):
        made = list(resampling.fits([who], chosen, context))
    return _result(
        who, spec, context, scores=resampling.scored(made, spec.confidence), rows=len(who.y),
        found=resampling.pictured(made, who.info.task, spec.cv), way=_way(spec, len(made)),
        partial=len(made) < len(chosen),
    )  # fmt: skip


def _way(spec: EvaluateSpec, made: int) -> str:
    rounds = f", {spec.rounds} rounds" if spec.rounds > 1 else ""
    whole = spec.cv * spec.rounds
    stopped = f", {made} of {whole} fits" if made < whole else ""
    return f"mean of {spec.cv} folds{rounds}{stopped}; interval corrected for folds that share rows (Nadeau and Bengio 2003)"


def _grown(spec: EvaluateSpec, context: Context) -> EvaluationResult:
    who = subject.remade(spec.model, "--curve", context)
    whole = resampling.folds(_task(who), spec.cv or growing.FOLDS, spec.rounds, spec.seed)
    resampling.tell_tuned(who, context)
    with learning.fitting(context, algo=who.info.algo):
        steps, partial = growing.grow(who, whole, spec.seed, context)
    return _result(
        who, spec, context, scores=resampling.scored(steps[-1].fits, spec.confidence), rows=len(who.y),
        found=growing.found(who, steps, spec.confidence), partial=partial,
        way=f"mean of {len(whole)} folds, {steps[-1].rows:,} training rows each",
    )  # fmt: skip


def _task(who: Subject) -> learning.Task:
    if who.task is None:
        raise TypeError("only what was trained here is made again")
    return who.task


def _weighed(*who: Subject) -> tuple[str, ...]:
    """Say that weights shape what is learned, not how it is measured."""
    names = [
        each.info.ref for each in who if each.task is not None and each.task.weights is not None
    ]
    return (
        (
            f"{' and '.join(names)} learned from rows of different weight; scores count every row once",
        )
        if names
        else ()
    )


def _result(
    who: Subject, spec: EvaluateSpec, context: Context, *, found: Found, **more: Any
) -> EvaluationResult:
    return EvaluationResult(
        model=who.info.ref, data=who.shown, task=who.info.task, confidence=spec.confidence,
        findings=(*found.findings, *_weighed(who)), grids=found.grids, charts=pictures.render(found.charts, context), **more,
    )  # fmt: skip


# against another --------------------------------------------------------------------------------
def _compared(spec: EvaluateSpec, context: Context) -> ComparisonResult:
    if spec.cv:
        first, second = comparing.remade(spec, context)
        chosen = resampling.folds(_task(first), spec.cv, spec.rounds, spec.seed)
        with learning.fitting(context, algo=first.info.algo):
            made = list(resampling.fits([first, second], chosen, context))
        for each in (first, second):
            resampling.tell_tuned(each, context)
        said = comparing.by_folds(first, second, made, spec.confidence, spec.cv)
        way, partial = _way(spec, len(made)), len(made) < len(chosen)
    else:
        first, second = comparing.pair(spec, context)
        said = comparing.on_rows(first, second, spec, context)
        way, partial = (
            _drawn(first) or f"paired bootstrap of the rows, {spec.repeats:,} samples",
            False,
        )
    return ComparisonResult(
        model=first.info.ref, against=second.info.ref, data=first.shown, task=first.info.task,
        rows=len(first.y), confidence=spec.confidence, way=way, verdict=said.verdict, better=said.better,
        differences=said.differences, p=said.p, findings=(*said.found.findings, *_weighed(first, second)), grids=said.found.grids,
        charts=pictures.render(said.found.charts, context), partial=partial,
    )  # fmt: skip
