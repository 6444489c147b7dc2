"""Permutation importance: what a metric loses when a column is shuffled.

Breiman, Random Forests (2001), section 10, on rows the model has not seen, of the raw columns as the
user knows them.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.exceptions import UndefinedMetricWarning

from aiaas_magics import errors
from aiaas_magics.cards import charts
from aiaas_magics.engines.context import Context
from aiaas_magics.specs.results import Chart, Grid, Score

MOST_ROWS = 2_000
SHOWN = 12

Scorer = Callable[[Any, pd.DataFrame, pd.Series], float]


def importance(
    pipeline: Any,
    X: pd.DataFrame,
    y: pd.Series,
    scorer: Scorer,
    *,
    shuffles: int,
    confidence: float,
    seed: int,
    context: Context,
) -> tuple[Score, ...]:
    """Return the mean drop of a score for each column, largest first, with its interval.

    The interval tells how far another set of shuffles could move the mean; one shuffle tells
    nothing of that. Nothing is returned where the score itself is undefined (R² of one row).
    """
    rng = np.random.default_rng(seed)
    if len(X) > MOST_ROWS:
        chosen = np.sort(rng.choice(len(X), MOST_ROWS, replace=False))
        X, y = X.iloc[chosen], y.iloc[chosen]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        whole = scorer(pipeline, X, y)
    if not np.isfinite(whole):
        return ()
    found = []
    for number, name in enumerate(X.columns):
        try:
            drops = [whole - scorer(pipeline, _shuffled(X, name, rng), y) for _ in range(shuffles)]
        except errors.UserCodeError as error:  # a shuffled row may be one that the code drops
            context.warn(f"the importance of {name!r} is unknown: {error.what}")
            continue
        found.append((str(name), float(np.mean(drops)), *_interval(drops, confidence)))
        context.progress(number + 1, len(X.columns), f"importance of {name}")
        if context.stopping():
            break
    found.sort(key=lambda each: (-each[1], each[0]))
    return tuple(Score(metric=n, value=mean, low=low, high=high) for n, mean, low, high in found)


def _shuffled(X: pd.DataFrame, name: str, rng: np.random.Generator) -> pd.DataFrame:
    return X.assign(**{str(name): X[name].to_numpy()[rng.permutation(len(X))]})


def _interval(drops: list[float], confidence: float) -> tuple[float | None, float | None]:
    """Return Student's interval of a mean: the spread is estimated from a few values."""
    if len(drops) < 2:
        return None, None
    reach = stats.t.ppf((1 + confidence) / 2, len(drops) - 1) * stats.sem(drops)
    mean = float(np.mean(drops))
    return float(mean - reach), float(mean + reach)


def picture(found: tuple[Score, ...], metric: str) -> tuple[Chart, Grid]:
    """Return the importance as chart and table."""
    top = found[:SHOWN]
    rows = [{"label": s.metric, "value": s.value, "low": s.low, "high": s.high} for s in top]
    text = f"{metric} falls most without " + ", ".join(
        f"{s.metric} ({s.value:.3g})" for s in top[:3]
    )
    title = "Permutation importance"
    drawn = charts.intervals(
        "importance", title, text, rows, axis=f"drop of {metric} when shuffled"
    )
    columns = ("column", f"drop of {metric}", "low", "high")
    grid = Grid(
        name="importance",
        title=title,
        columns=columns,
        rows=tuple((s.metric, s.value, s.low, s.high) for s in top),
    )
    return drawn, grid
