"""Train: fit one pipeline, measure it on the held-out rows, register it."""

from __future__ import annotations

import math
import time
import warnings
from typing import Any

import pandas as pd
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import get_scorer
from sklearn.pipeline import Pipeline

from aiaas_magics.cards import charts
from aiaas_magics.engines import learning, pictures, watching
from aiaas_magics.engines.context import Context
from aiaas_magics.engines.families import recipe
from aiaas_magics.specs import algorithms
from aiaas_magics.specs.metrics import DEFAULT, check_metric
from aiaas_magics.specs.results import Chart, ModelResult, Score
from aiaas_magics.specs.train import TrainSpec

GROW_SECONDS = 0.5
"""A forest grows in steps of about this long, so that progress shows and a stop is obeyed."""


def run(spec: TrainSpec, context: Context) -> ModelResult:
    """Fit, measure, register."""
    task = learning.assemble(spec, context)
    pipeline = learning.build(task, spec, context, spec.params)
    X, y = learning.training_rows(task)
    watch = recipe(algorithms.find(spec.algo)).watch
    with learning.fitting(context, X.size, algo=spec.algo):
        begun = time.perf_counter()
        partial, losses = FITS[watch](pipeline, X, y, context)
        seconds = time.perf_counter() - begun
    drawn = [_loss_chart(losses, pipeline.steps[-1][1])] if losses else []
    scores = held_out_scores(pipeline, task)
    info = learning.register(
        pipeline,
        task,
        spec,
        context,
        partial=partial,
        params=dict(spec.params),
        scores=scores,
    )
    return ModelResult(
        ref=info.ref, algo=spec.algo, task=task.task, target=spec.target, classes=task.classes,
        features=tuple(map(str, task.X.columns)), params=dict(spec.params), rows=len(X),
        held_out=len(task.test), seconds=seconds, scores=scores, charts=pictures.render(drawn, context),
        partial=partial,
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


Fitted = tuple[bool, list[list[float]]]
"""Whether a fit was stopped early, and its curves of losses."""


def _boost(pipeline: Pipeline, X: pd.DataFrame, y: pd.Series, context: Context) -> Fitted:
    with watching.trees(pipeline.steps[-1][1], context) as grown:
        pipeline.fit(X, y)
    return grown.stopped, []


def _descend(pipeline: Pipeline, X: pd.DataFrame, y: pd.Series, context: Context) -> Fitted:
    with watching.epochs(pipeline.steps[-1][1], context) as curve:
        pipeline.fit(X, y)
    return False, curve.series


def _iterate(pipeline: Pipeline, X: pd.DataFrame, y: pd.Series, context: Context) -> Fitted:
    context.progress(0, 1, "fitting")
    with watching.iterations(pipeline.steps[-1][1], context) as seen:
        pipeline.fit(X, y)
    return seen.stopped, []


def _fit(pipeline: Pipeline, X: pd.DataFrame, y: pd.Series, context: Context) -> Fitted:
    context.progress(0, 1, "fitting")
    pipeline.fit(X, y)
    return False, []


def _grow(pipeline: Pipeline, X: pd.DataFrame, y: pd.Series, context: Context) -> Fitted:
    """Grow a forest step by step; the trees are those of one fit, bit by bit.

    scikit-learn's warm start draws the seeds of the trees it has before those it adds.
    """
    transformer, model = pipeline.steps[0][1], pipeline.steps[-1][1]
    wanted, cores = model.n_estimators, context.cores
    table = X if transformer == "passthrough" else transformer.fit_transform(X, y)
    model.set_params(warm_start=True, n_jobs=cores if X.size > learning.LARGE // 20 else None)
    grown, step, partial = 0, max(1, min(10, wanted)), False
    while grown < wanted and not partial:
        begun = time.perf_counter()
        model.set_params(n_estimators=min(wanted, grown + step))
        with warnings.catch_warnings():
            # the weights are those of all rows in every step, which is what this one warns of
            warnings.filterwarnings("ignore", "class_weight presets", UserWarning)
            model.fit(table, y)
        grown = model.n_estimators
        context.progress(grown, wanted, f"tree {grown} of {wanted}")
        pace = max(time.perf_counter() - begun, 1e-4) / step
        step = max(1, min(wanted, int(GROW_SECONDS / pace)))
        partial = grown < wanted and context.stopping()
    model.set_params(warm_start=False, n_jobs=None)
    return partial, []


FITS = {
    "silent": _fit,
    "forest": _grow,
    "boosting": _boost,
    "epochs": _descend,
    "iterations": _iterate,
}
"""How a fit tells how far it is; a recipe's ``watch`` names one."""


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
