"""Charts of a search: what each parameter does, any two together, and how the best was found."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Mapping, Sequence

from aiaas_magics.cards import charts, tuned
from aiaas_magics.cards.searching import shown
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.metrics import Metric
from aiaas_magics.specs.results import Chart, Trial
from aiaas_magics.specs.spaces import Distribution
from aiaas_magics.specs.tune import TuneSpec

MOST_POINTS = 200
"""Candidates in one chart: thinner is not read, more weighs a notebook down."""
MOST_VALUES = 20
"""Values that stand side by side as words; of more the axis is of numbers."""
MOST_MAPS = 3
"""Heat maps: any two of three parameters, those first that matter most."""
DECADES = 30.0
"""Values whose largest is so many times the smallest are drawn on a logarithmic axis."""


def pictured(
    found: Sequence[Trial], spec: TuneSpec, metric: Metric, *, drawn_one_by_one: bool = False
) -> list[Chart]:
    """Return a chart a parameter, heat maps of any two lists, and the best so far.

    Parameters
    ----------
    found
        Candidates, best first.
    drawn_one_by_one
        Whether their order tells something: they were drawn or proposed.
    """
    several = [n for n in spec.params if len({repr(t.params[n]) for t in found}) > 1]
    drawn = [_effect(found, spec.params[name], name, metric) for name in several]
    lists = [n for n in several if not _is_scale(found, spec.params[n], n)]
    lists.sort(key=lambda name: -_matters(found, name))
    pairs = list(itertools.combinations(lists, 2))[:MOST_MAPS]
    drawn += [_heat(found, spec.params, x, y, metric) for x, y in pairs]
    if drawn_one_by_one and len(found) > 1:
        drawn.append(_history(found, metric))
    return drawn


def _is_scale(found: Sequence[Trial], values: list[JSON] | Distribution, name: str) -> bool:
    """Tell whether a parameter is drawn on an axis of numbers."""
    numbers = all(
        isinstance(t.params[name], int | float) and not isinstance(t.params[name], bool)
        for t in found
    )
    return numbers and (isinstance(values, Distribution) or len(values) > MOST_VALUES)


def _matters(found: Sequence[Trial], name: str) -> float:
    """Return how much of the scores' variance the means of a parameter's values have."""
    means: dict[str, list[float]] = {}
    for trial in found:
        means.setdefault(repr(trial.params[name]), []).append(trial.mean)
    return statistics.pvariance([statistics.fmean(each) for each in means.values()])


def _effect(
    found: Sequence[Trial], values: list[JSON] | Distribution, name: str, metric: Metric
) -> Chart:
    best = found[0].params[name]
    title = f"{metric.name} by {name}"
    text = f"{title}: best at {shown(best)}, {found[0].mean:.3g}"
    if isinstance(values, Distribution) or _is_scale(found, values, name):
        return _along(found, values, name, metric, title, text)
    rows = []
    for value in values:
        mine = [t for t in found if _same(t.params[name], value)]
        if mine:
            top = mine[0]
            rows.append(
                {
                    "x": shown(value),
                    "y": top.mean,
                    "low": top.mean - top.std,
                    "high": top.mean + top.std,
                }
            )
    y = f"best mean {metric.name} ± sd of folds"
    return charts.errorbars(f"by_{name}", title, text, rows, x=name, y=y, best=shown(best))


def _same(one: JSON, two: JSON) -> bool:
    return bool(one == two) and type(one) is type(two)


def _along(
    found: Sequence[Trial],
    values: list[JSON] | Distribution,
    name: str,
    metric: Metric,
    title: str,
    text: str,
) -> Chart:
    """Return every candidate along a parameter that is a number."""
    few = [found[0], *found[1 :: max(1, math.ceil(len(found) / MOST_POINTS))]]
    rows = [
        {
            "x": t.params[name],
            "y": t.mean,
            "low": t.mean - t.std,
            "high": t.mean + t.std,
            "best": t is found[0],
        }
        for t in few
    ]
    low, high = min(t.params[name] for t in few), max(t.params[name] for t in few)
    log = values.log if isinstance(values, Distribution) else low > 0 and high / low >= DECADES
    y = f"mean {metric.name} ± sd of folds"
    return tuned.along(f"by_{name}", title, text, rows, x=name, y=y, log=log)


def _heat(
    found: Sequence[Trial],
    space: Mapping[str, list[JSON] | Distribution],
    x: str,
    y: str,
    metric: Metric,
) -> Chart:
    best: dict[tuple[str, str], Trial] = {}
    for trial in found:  # best first
        best.setdefault((shown(trial.params[x]), shown(trial.params[y])), trial)
    means = [trial.mean for trial in best.values()]
    low, high = min(means), max(means)
    across, up = ([shown(v) for v in _listed(space[n])] for n in (x, y))
    places = [(a, b) for b in up for a in across if (a, b) in best]
    rows = [
        {
            "x": a, "y": b, "value": best[a, b].mean, "exact": best[a, b].equality == "exact",
            "share": (best[a, b].mean - low) / (high - low or 1.0),
        }
        for a, b in places
    ]  # fmt: skip
    title = f"best mean {metric.name} by {x} and {y}"
    text = f"{title}: {low:.3g} to {high:.3g}"
    exact = sum(bool(row["exact"]) for row in rows)
    if exact < len(rows):
        title = f"{title} (outlined: exact)"
        text += f", {exact} of {len(rows)} cells exact"
    drawn = charts.matrix("heat", title, text, rows, x=x, y=y, number=metric.name, form=".4~g")
    return tuned.outlined(drawn, rows) if exact < len(rows) else drawn


def _listed(values: list[JSON] | Distribution) -> list[JSON]:
    return [] if isinstance(values, Distribution) else values


def _history(found: Sequence[Trial], metric: Metric) -> Chart:
    rows, best = [], math.nan
    better = max if metric.greater_is_better else min
    ordered = sorted(found, key=lambda trial: trial.number)
    for trial in ordered[: MOST_POINTS * 5]:
        best = trial.mean if math.isnan(best) else better(best, trial.mean)
        rows.append({"x": trial.number + 1, "y": trial.mean, "best": best})
    first = next(row["x"] for row in rows if row["best"] == rows[-1]["best"])
    last = ordered[-1].number + 1
    title = f"best {metric.name} so far"
    text = f"{title}: {rows[-1]['best']:.3g}, found with candidate {first} of {last}"
    return tuned.history("history", title, text, rows, y=f"mean {metric.name}")
