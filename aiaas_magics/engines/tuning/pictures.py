"""Charts of a search: what each parameter does, and any two together."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

from aiaas_magics.cards import charts
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.metrics import Metric
from aiaas_magics.specs.results import Chart, Trial
from aiaas_magics.specs.spaces import Distribution
from aiaas_magics.specs.tune import TuneSpec

MOST_POINTS = 40
"""Values of a parameter that are drawn side by side."""
MOST_MAPS = 3
"""Heat maps: any two of three parameters."""


def shown(value: JSON) -> str:
    """Return a value as an axis shows it."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def pictured(found: Sequence[Trial], spec: TuneSpec, metric: Metric) -> list[Chart]:
    """Return a chart a parameter, and a heat map of the first two."""
    known = {name: _values(found, spec, name) for name in spec.params}
    several = [name for name, values in known.items() if len(values) > 1]
    drawn = [_effect(found, known[name], name, metric) for name in several]
    lists = [n for n in several if not isinstance(spec.params[n], Distribution)]
    pairs = list(itertools.combinations(lists, 2))[:MOST_MAPS]
    return drawn + [_heat(found, known, x, y, metric) for x, y in pairs]


def _values(found: Sequence[Trial], spec: TuneSpec, name: str) -> list[JSON]:
    """Return what was tried of a parameter, in order; of many values some, the best one among them."""
    values = spec.params[name]
    if not isinstance(values, Distribution):
        return values
    drawn = sorted({trial.params[name] for trial in found})
    step = max(1, math.ceil(len(drawn) / MOST_POINTS))
    return sorted({*drawn[::step], found[0].params[name]})


def _effect(found: Sequence[Trial], values: Sequence[JSON], name: str, metric: Metric) -> Chart:
    rows = []
    for value in values:
        mine = [t for t in found if t.params[name] == value and type(t.params[name]) is type(value)]
        if mine:
            best = min(mine, key=lambda t: t.rank)
            rows.append(
                {
                    "x": shown(value),
                    "y": best.mean,
                    "low": best.mean - best.std,
                    "high": best.mean + best.std,
                }
            )
    best_value = shown(found[0].params[name])
    title = f"{metric.name} by {name}"
    text = f"{title}: best at {best_value}, {found[0].mean:.3g}"
    return charts.errorbars(
        f"by_{name}",
        title,
        text,
        rows,
        x=name,
        y=f"best mean {metric.name} ± sd of folds",
        best=best_value,
    )


def _heat(
    found: Sequence[Trial], known: Mapping[str, list[JSON]], x: str, y: str, metric: Metric
) -> Chart:
    best: dict[tuple[str, str], Trial] = {}
    for trial in found:  # best first
        best.setdefault((str(trial.params[x]), str(trial.params[y])), trial)
    means = [trial.mean for trial in best.values()]
    low, high = min(means), max(means)
    places = [(str(a), str(b)) for b in known[y] for a in known[x] if (str(a), str(b)) in best]
    rows = [
        {
            "x": a,
            "y": b,
            "value": best[a, b].mean,
            "share": (best[a, b].mean - low) / (high - low or 1.0),
        }
        for a, b in places
    ]
    title = f"best mean {metric.name} by {x} and {y}"
    text = f"{title}: {low:.3g} to {high:.3g}"
    return charts.matrix("heat", title, text, rows, x=x, y=y, number=metric.name, form=".4~g")
