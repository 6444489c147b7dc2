"""Calls of least expected cost, of more than two classes: each row is called what costs least on average.

The rule of Elkan (2001), section 1: the class j with the smallest ``sum(p(i) * cost[i, j])``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aiaas_magics.cards.style import number, one_line
from aiaas_magics.engines.evaluation import Found
from aiaas_magics.engines.measuring import Outcome, counts_of, interval
from aiaas_magics.specs.results import Grid


def found(
    outcome: Outcome,
    costs: np.ndarray,
    classes: Sequence[str],
    *,
    confidence: float,
    repeats: int,
    seed: int,
    groups: np.ndarray | None = None,
) -> Found:
    """Return what calling the class of least expected cost saves, with a sentence and tables.

    Where rows stand in groups (numbers of shape (n,)) the intervals are of whole groups drawn.
    """
    proba = outcome.proba if outcome.proba is not None else np.zeros((0, 0))
    calls = (proba @ costs).argmin(axis=1)
    paid = {
        "least expected cost": costs[outcome.truth, calls],
        "the model's own calls": costs[outcome.truth, outcome.calls],
    }
    drawn: dict[str, list[np.ndarray]] = {name: [] for name in paid}
    for counts in counts_of(len(calls), repeats, seed, groups):
        for name, each in paid.items():
            drawn[name].append(counts @ each / counts.sum(axis=1))
    values = {name: np.concatenate(each) for name, each in drawn.items()}
    cheap, usual = values.values()
    saved = usual - cheap
    low, high = interval(saved[1:], confidence)
    rows = tuple(
        (name, float(each[0]), *interval(each[1:], confidence)) for name, each in values.items()
    )
    sentence = (
        f"calling the class of least expected cost costs {cheap[0]:.4g} a row, the model's own calls {usual[0]:.4g}: "
        f"it saves {saved[0]:.4g} ({100 * confidence:g} % interval {number(low)} to {number(high)})"
    )
    use = "a row's expected costs are y_proba @ costs; an endpoint gives y_proba and calls the likeliest class"
    grids = (
        Grid(name="threshold", title="Cost of the calls", columns=("calls", "cost a row", "low", "high"), rows=rows),
        _calls(outcome, calls, [one_line(name, 40) for name in classes]),
    )  # fmt: skip
    return Found((sentence, use), grids)


def _calls(outcome: Outcome, calls: np.ndarray, names: Sequence[str]) -> Grid:
    rows = tuple(
        (name, *(int(((outcome.truth == k) & (calls == j)).sum()) for j in range(len(names))))
        for k, name in enumerate(names)
    )
    columns = ("true", *(f"called {name}" for name in names))
    title = "Calls of least expected cost (rows: true class)"
    return Grid(name="threshold_calls", title=title, columns=columns, rows=rows)
