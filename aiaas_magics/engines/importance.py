"""Permutation importance: what a metric loses when a column is shuffled.

Breiman, Random Forests (2001), section 10, on rows the model has not seen, of the raw columns as the
user knows them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from aiaas_magics.cards import charts
from aiaas_magics.engines.context import Context
from aiaas_magics.specs.results import Chart, Grid, Score

MOST_ROWS = 2_000
SHOWN = 12
WIDTH = 1.96
"""Standard errors to either side: 95 % of a normal distribution."""

Scorer = Callable[[Any, pd.DataFrame, pd.Series], float]


def importance(
    pipeline: Any,
    X: pd.DataFrame,
    y: pd.Series,
    scorer: Scorer,
    *,
    shuffles: int,
    seed: int,
    context: Context,
) -> tuple[Score, ...]:
    """Return the mean drop of a score for each column, largest first, with its 95 % interval.

    The interval tells how far another set of shuffles could move the mean.
    """
    rng = np.random.default_rng(seed)
    if len(X) > MOST_ROWS:
        chosen = np.sort(rng.choice(len(X), MOST_ROWS, replace=False))
        X, y = X.iloc[chosen], y.iloc[chosen]
    whole = scorer(pipeline, X, y)
    found = []
    for number, name in enumerate(X.columns):
        drops = []
        for _ in range(shuffles):
            shuffled = X.assign(**{str(name): X[name].to_numpy()[rng.permutation(len(X))]})
            drops.append(whole - scorer(pipeline, shuffled, y))
        mean = float(np.mean(drops))
        reach = WIDTH * float(np.std(drops, ddof=1)) / shuffles**0.5 if shuffles > 1 else 0.0
        found.append(Score(metric=str(name), value=mean, low=mean - reach, high=mean + reach))
        context.progress(number + 1, len(X.columns), f"importance of {name}")
        if context.stopping():
            break
    return tuple(sorted(found, key=lambda score: (-score.value, score.metric)))


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
