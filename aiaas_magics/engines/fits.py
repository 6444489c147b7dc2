"""How a fit tells how far it is, one function a way; a stop is obeyed where the algorithm allows it."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any

import pandas as pd
from sklearn.pipeline import Pipeline

from aiaas_magics.engines import learning, watching
from aiaas_magics.engines.context import Context

GROW_SECONDS = 0.5
"""A forest grows in steps of about this long, so that progress shows and a stop is obeyed."""

Fitted = tuple[bool, list[list[float]]]
"""Whether a fit was stopped early, and its curves of losses."""
Weights = Any
"""A weight a row, or None."""


def plain(pipeline: Pipeline, X: pd.DataFrame, y: pd.Series, weights: Weights, **more: Any) -> None:
    """Fit a pipeline; weights and what else there is go to its estimator."""
    if weights is not None:
        more["sample_weight"] = weights
    pipeline.fit(
        X, y, **{f"{pipeline.steps[-1][0]}__{name}": value for name, value in more.items()}
    )


def _fit(
    pipeline: Pipeline, X: pd.DataFrame, y: pd.Series, context: Context, weights: Weights = None
) -> Fitted:
    context.progress(0, 1, "fitting")
    plain(pipeline, X, y, weights)
    return False, []


def _boost(
    pipeline: Pipeline, X: pd.DataFrame, y: pd.Series, context: Context, weights: Weights = None
) -> Fitted:
    with watching.trees(pipeline.steps[-1][1], context) as grown:
        plain(pipeline, X, y, weights)
    return grown.stopped, []


def _monitored(
    pipeline: Pipeline, X: pd.DataFrame, y: pd.Series, context: Context, weights: Weights = None
) -> Fitted:
    seen = watching.Rounds(context, pipeline.steps[-1][1].n_estimators)
    plain(pipeline, X, y, weights, monitor=seen.monitor)
    return seen.stopped, []


def _rounds(
    pipeline: Pipeline, X: pd.DataFrame, y: pd.Series, context: Context, weights: Weights = None
) -> Fitted:
    with watching.rounds(pipeline.steps[-1][1], context) as seen:
        plain(pipeline, X, y, weights)
    return seen.stopped, []


def _descend(
    pipeline: Pipeline, X: pd.DataFrame, y: pd.Series, context: Context, weights: Weights = None
) -> Fitted:
    with watching.epochs(pipeline.steps[-1][1], context) as curve:
        plain(pipeline, X, y, weights)
    return False, curve.series


def _pass(
    pipeline: Pipeline, X: pd.DataFrame, y: pd.Series, context: Context, weights: Weights = None
) -> Fitted:
    if pipeline.steps[-1][1].solver == "lbfgs":  # it makes no passes, and tells nothing
        return _fit(pipeline, X, y, context, weights)
    with watching.passes(pipeline.steps[-1][1], context) as curve:
        plain(pipeline, X, y, weights)
    return curve.stopped, curve.series


def _iterate(
    pipeline: Pipeline, X: pd.DataFrame, y: pd.Series, context: Context, weights: Weights = None
) -> Fitted:
    context.progress(0, 1, "fitting")
    with watching.iterations(pipeline.steps[-1][1], context) as seen:
        plain(pipeline, X, y, weights)
    return seen.stopped, []


def _grow(
    pipeline: Pipeline, X: pd.DataFrame, y: pd.Series, context: Context, weights: Weights = None
) -> Fitted:
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
            model.fit(table, y, sample_weight=weights)
        grown = model.n_estimators
        context.progress(grown, wanted, f"tree {grown} of {wanted}")
        pace = max(time.perf_counter() - begun, 1e-4) / step
        step = max(1, min(wanted, int(GROW_SECONDS / pace)))
        partial = grown < wanted and context.stopping()
    model.set_params(warm_start=False, n_jobs=None)
    return partial, []


FITS: dict[str, Callable[..., Fitted]] = {
    "silent": _fit,
    "forest": _grow,
    "boosting": _boost,
    "monitor": _monitored,
    "rounds": _rounds,
    "epochs": _descend,
    "passes": _pass,
    "iterations": _iterate,
}
"""(pipeline, X, y, context, weights) -> `Fitted`; a recipe's ``watch`` names one."""
