"""Train: fit one pipeline, measure it on the held-out rows, register it."""

from __future__ import annotations

import math
import time
import warnings
from typing import Any

from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import get_scorer
from sklearn.pipeline import Pipeline

from aiaas_magics.cards import charts
from aiaas_magics.engines import learning, ownestimators, pictures, portfolio, suspicions
from aiaas_magics.engines.context import Context
from aiaas_magics.engines.fits import FITS
from aiaas_magics.specs import algorithms, auto
from aiaas_magics.specs.metrics import DEFAULT, check_metric
from aiaas_magics.specs.results import Chart, ModelResult, Score
from aiaas_magics.specs.train import TrainSpec


def run(spec: TrainSpec, context: Context) -> ModelResult:
    """Fit, measure, register."""
    if spec.algo == algorithms.AUTO.name:
        return _choose(spec, context)
    task = learning.assemble(spec, context)
    pipeline = learning.build(task, spec, context, spec.params)
    X, y = learning.training_rows(task)
    watch = ownestimators.recipe_of(spec, context).watch
    with learning.fitting(context, X.size, algo=spec.algo):
        begun = time.perf_counter()
        weights = learning.training_weights(task)
        partial, losses = FITS[watch](pipeline, X, y, context, weights)
        seconds = time.perf_counter() - begun
        ownestimators.check_predictions(pipeline, X, spec, task.classes)
        scores = held_out_scores(pipeline, task)
    drawn = [_loss_chart(losses, pipeline.steps[-1][1])] if losses else []
    params = ownestimators.params_of(spec, pipeline, dict(spec.params))
    balanced = spec.params.get("class_weight") is not None
    suspicions.tell(task, spec.target, scores, context, balanced=balanced)
    info = learning.register(
        pipeline,
        task,
        spec,
        context,
        partial=partial,
        params=params,
        scores=scores,
    )
    return ModelResult(
        ref=info.ref, algo=spec.algo, task=task.task, target=spec.target, classes=task.classes,
        features=tuple(map(str, task.X.columns)), params=params, rows=len(X), weights=spec.weights,
        held_out=len(task.test), seconds=seconds, scores=scores, charts=pictures.render(drawn, context),
        partial=partial,
    )  # fmt: skip


def _choose(spec: TrainSpec, context: Context) -> ModelResult:
    """Let the best of many be chosen, measure and register it."""
    task = learning.assemble(spec, context)
    found = portfolio.choose(task, spec, context)
    scores = held_out_scores(found.pipeline, task)
    suspicions.tell(task, spec.target, scores, context)
    info = learning.register(
        found.pipeline, found.task, spec, context,
        partial=found.partial, params=found.params, scores=scores, algo=found.algo,
    )  # fmt: skip
    return ModelResult(
        ref=info.ref, algo=found.algo, task=task.task, target=spec.target, classes=task.classes,
        features=tuple(map(str, task.X.columns)), params=found.params, rows=found.rows, weights=spec.weights,
        held_out=len(task.test), seconds=found.seconds, scores=scores, metric=found.metric.name,
        leaderboard=found.board, budget=auto.budget(spec), charts=found.charts, partial=found.partial,
    )  # fmt: skip


def held_out_scores(pipeline: Pipeline, task: learning.Task) -> tuple[Score, ...]:
    """Return the default metric on the held-out rows, if there are any."""
    if not len(task.test):
        return ()
    metric = check_metric(DEFAULT[task.task])
    X, y = task.X.iloc[task.test], task.y.iloc[task.test]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)  # it is shown as such
        value = float(get_scorer(metric.scorer)(pipeline, X, y))
    return (Score(metric=metric.name, value=value if math.isfinite(value) else None),)


def _loss_chart(series: list[list[float]], model: Any) -> Chart:
    classes = [str(c) for c in getattr(model, "classes_", [])]
    names = classes if len(series) == len(classes) else ["loss"] * len(series)
    rows = [
        {"x": x, "y": y, "line": name}
        for name, losses in zip(names, series, strict=True)
        for x, y in charts.thin(range(1, len(losses) + 1), losses)
    ]
    last = [losses[-1] for losses in series if losses]
    text = f"loss per epoch: {max(map(len, series), default=0)} epochs, last {sum(last) / max(1, len(last)):.4g}"
    return charts.lines(
        "loss",
        "Loss while learning",
        text,
        rows,
        x="epoch",
        y=f"mean {model.loss}",
        points=len(rows) < 30,
    )
