"""What mistakes cost, and the calls that cost least.

Of two classes: the probability from which calling the positive one costs least on these rows (every
threshold is tried), its bounds by a bootstrap of the rows, and what to expect of new rows by those that
a sample left out. Probabilities that are right need no search: there it is
``(fp - tn) / (fp - tn + fn - tp)`` (Elkan, The foundations of cost-sensitive learning, 2001).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from aiaas_magics import errors
from aiaas_magics.cards import bands, charts
from aiaas_magics.cards.style import one_line
from aiaas_magics.engines.evaluation import Found
from aiaas_magics.engines.measuring import Outcome, Tell, counts_of, drawn_of, interval
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.results import Chart, Grid, Score, Threshold

MOST_THRESHOLDS = 1_000
"""Thresholds that are tried; of more probabilities these many quantiles."""
USUAL = 0.5


class Best(NamedTuple):
    """Thresholds, their mean cost a row, and what a bootstrap says of the best one's choice."""

    thresholds: np.ndarray
    costs: np.ndarray
    chosen: int
    drawn: np.ndarray
    """The threshold each sample would have chosen."""
    of_chosen: np.ndarray
    of_usual: np.ndarray
    fresh: float | None


# what a mistake costs ---------------------------------------------------------------------------
def matrix(
    cost: dict[str, JSON], classes: Sequence[str], positive: str | None
) -> tuple[np.ndarray, int]:
    """Return the costs by (true, predicted) class, and the positive class.

    A mistake that is not named costs 1, a right call nothing.

    Raises
    ------
    DataError
        If a class is none of the model's, or costs by fp and fn are asked of more than two classes.
    """
    place = place_of(positive, classes)
    found = 1.0 - np.eye(len(classes))
    if all(isinstance(row, dict) for row in cost.values()):
        for true, row in cost.items():
            for called, value in row.items():
                found[_class(true, classes), _class(called, classes)] = value
        return found, place
    if len(classes) != 2:
        names = ", ".join(one_line(name, 20) for name in classes[:4])
        raise errors.DataError(
            f"fp and fn are costs of two classes; the model knows {len(classes)}",
            f"name the cost of each pair of classes ({names})",
            "--cost {costs} with costs = {true: {predicted: cost}}",
        )
    other = 1 - place
    found[other, place], found[place, other] = cost.get("fp", 1.0), cost.get("fn", 1.0)
    found[place, place], found[other, other] = cost.get("tp", 0.0), cost.get("tn", 0.0)
    return found, place


def place_of(positive: str | None, classes: Sequence[str]) -> int:
    """Return the positive class: the last, unless one is named. Raises `DataError` if there is none."""
    return len(classes) - 1 if positive is None else _class(positive, classes)


def _class(name: str, classes: Sequence[str]) -> int:
    if name not in classes:
        raise errors.DataError(
            f"the model does not know the class {one_line(name)!r}",
            errors.did_you_mean(name, classes),
            f"--positive {one_line(classes[-1])}",
        )
    return classes.index(name)


def check(outcome: Outcome, algo: str, task: str) -> None:
    """Refuse a model without probabilities. Raises `DataError`."""
    if task != "classification":
        raise errors.DataError(
            "--cost is about calls of classes", "this model predicts a number", "leave out --cost"
        )
    if outcome.proba is None:
        raise errors.DataError(
            "a threshold needs probabilities",
            f"{algo} gives none: it only calls a class",
            "--algo logistic_regression, or another that gives probabilities",
        )


# two classes ------------------------------------------------------------------------------------
def best(
    outcome: Outcome,
    costs: np.ndarray,
    positive: int,
    *,
    repeats: int,
    seed: int,
    tell: Tell | None = None,
    groups: np.ndarray | None = None,
) -> Best:
    """Return the threshold that costs least, and what bootstrap samples say of it.

    Rows are called positive from the threshold on; of equally cheap ones the nearest to 0.5 counts. Where
    rows stand in groups (numbers of shape (n,)) whole groups are drawn, and left out.
    """
    proba = outcome.proba[:, positive] if outcome.proba is not None else np.zeros(0)
    yes, no = costs[outcome.truth, positive], costs[outcome.truth, 1 - positive]
    thresholds = candidates(proba)
    group = np.searchsorted(thresholds, proba, side="right") - 1  # the last threshold that calls it
    usual = int(np.flatnonzero(thresholds == USUAL)[0])
    order, starts = _groups(group, len(thresholds))
    samples = counts_of(len(proba), repeats, seed, groups)
    whole = _costs(next(samples), yes, no, order, starts)
    chosen = int(_cheapest(whole, thresholds)[0])
    picked: list[np.ndarray] = []
    sums: list[np.ndarray] = []
    left_out: list[float] = []
    for counts in samples:
        paid = _costs(counts, yes, no, order, starts)
        picked.append(_cheapest(paid, thresholds))
        sums.append(paid[:, [chosen, usual]])
        left_out += _fresh(counts, picked[-1], yes, no, order, starts)
        if tell is not None:
            tell(sum(map(len, picked)), drawn_of(len(proba), repeats))
    drawn = np.concatenate(sums)
    return Best(
        thresholds, whole[0], chosen, thresholds[np.concatenate(picked)], drawn[:, 0], drawn[:, 1],
        float(np.mean(left_out)) if left_out else None,
    )  # fmt: skip


def candidates(proba: np.ndarray) -> np.ndarray:
    """Return thresholds between the probabilities, one below all, one above all, and 0.5."""
    values = np.unique(proba)
    if len(values) > MOST_THRESHOLDS:
        places = np.linspace(0, len(values) - 1, MOST_THRESHOLDS).round().astype(int)
        values = values[places]
    between = (values[1:] + values[:-1]) / 2
    return np.unique(np.r_[0.0, between, USUAL, np.nextafter(max(1.0, values[-1]), 2)])


def _groups(group: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows in the order of their group, and where each of `count` groups begins."""
    order = np.argsort(group, kind="stable")
    return order, np.searchsorted(group[order], np.arange(count))


def _costs(
    counts: np.ndarray, yes: np.ndarray, no: np.ndarray, order: np.ndarray, starts: np.ndarray
) -> np.ndarray:
    """Return the mean cost a row at each threshold in each sample, shape (B, thresholds)."""
    ahead = np.zeros((len(counts), len(order) + 1))
    np.cumsum(counts[:, order] * (yes - no)[order], axis=1, out=ahead[:, 1:])
    called = (
        ahead[:, -1:] - ahead[:, starts]
    )  # rows from the threshold's group on are called positive
    found: np.ndarray = (counts @ no)[:, None] + called
    return found / counts.sum(axis=1, keepdims=True)


def _cheapest(paid: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    near = np.abs(thresholds - USUAL)
    cheap = paid <= paid.min(axis=1, keepdims=True) + 1e-12 * np.abs(paid).max()
    found: np.ndarray = np.where(cheap, near, np.inf).argmin(axis=1)
    return found


def _fresh(
    counts: np.ndarray,
    picked: np.ndarray,
    yes: np.ndarray,
    no: np.ndarray,
    order: np.ndarray,
    starts: np.ndarray,
) -> list[float]:
    """Return, of each sample, what its threshold costs on the rows it left out."""
    left_out = (counts == 0).astype("float64")
    some = left_out.sum(axis=1) > 0
    paid = _costs(left_out[some], yes, no, order, starts)
    return list(paid[np.arange(len(paid)), picked[some]])


def found_of_two(
    outcome: Outcome,
    costs: np.ndarray,
    positive: int,
    classes: Sequence[str],
    *,
    confidence: float,
    repeats: int,
    seed: int,
    tell: Tell | None = None,
    groups: np.ndarray | None = None,
) -> tuple[Found, Threshold]:
    """Return the threshold of two classes, with a sentence, a table and a chart."""
    result = best(outcome, costs, positive, repeats=repeats, seed=seed, tell=tell, groups=groups)
    name, value = one_line(classes[positive], 40), float(result.thresholds[result.chosen])
    low, high = interval(result.drawn, confidence)
    usual = int(np.flatnonzero(result.thresholds == USUAL)[0])
    of_best, of_usual = (
        Score(metric=words, value=float(result.costs[place]), low=bounds[0], high=bounds[1])
        for words, place, drawn in (
            ("cost", result.chosen, result.of_chosen),
            ("usual", usual, result.of_usual),
        )
        for bounds in (interval(drawn, confidence),)
    )
    told = Threshold(
        positive=str(classes[positive]), value=value, low=value if low is None else low,
        high=value if high is None else high, cost=of_best, usual=of_usual, fresh=result.fresh,
    )  # fmt: skip
    findings = _sentences(told, name, costs, positive, confidence)
    grids = (_table(told), _confusion(outcome, positive, classes, value))
    return Found(findings, grids, (_chart(result, told, name),)), told


def _sentences(
    told: Threshold, name: str, costs: np.ndarray, positive: int, confidence: float
) -> tuple[str, ...]:
    level = f"{100 * confidence:g} % interval"
    first = (
        f"calling {name} from a probability of {told.value:.3g} on costs least: {told.cost.value:.4g} a row, "
        f"{told.usual.value:.4g} from 0.5 on ({level} of the threshold {told.low:.3g} to {told.high:.3g})"
    )
    usual = told.usual.value or 0.0
    fresh = "" if told.fresh is None else f": on new rows expect about {told.fresh:.4g} a row"
    if told.fresh is not None and told.fresh >= usual > (told.cost.value or 0.0):
        fresh += ", no less than from 0.5 on, as these rows are too few to choose by"
    other = 1 - positive
    wrong, missed = (
        costs[other, positive] - costs[other, other],
        costs[positive, other] - costs[positive, positive],
    )
    right = (
        f"; with probabilities that are exactly right it would be {wrong / (wrong + missed):.3g}"
        if wrong > 0 and missed > 0
        else ""
    )
    use = f"an endpoint calls classes from 0.5 on and gives y_proba: compare its column of {name} with {told.value:.3g}"
    return first, f"the threshold was chosen on these rows{fresh}{right}", use


def _table(told: Threshold) -> Grid:
    rows = tuple(
        (words, value, score.value, score.low, score.high)
        for words, value, score in (
            ("costs least", told.value, told.cost), ("usual", USUAL, told.usual),
        )
    )  # fmt: skip
    columns = ("threshold", "probability from", "cost a row", "low", "high")
    return Grid(name="threshold", title="Cost by threshold", columns=columns, rows=rows)


def _confusion(outcome: Outcome, positive: int, classes: Sequence[str], value: float) -> Grid:
    proba = outcome.proba[:, positive] if outcome.proba is not None else np.zeros(0)
    names = [one_line(name, 40) for name in classes]
    rows = tuple(
        (
            names[true],
            *(
                int(((outcome.truth == true) & ((proba >= bound) == (called == positive))).sum())
                for bound in (value, USUAL)
                for called in (0, 1)
            ),
        )
        for true in (0, 1)
    )
    columns = (
        "true",
        *(f"{name} (from {bound:.3g})" for bound in (value, USUAL) for name in names),
    )
    return Grid(
        name="threshold_calls",
        title="Calls with it and without",
        columns=_unique(columns),
        rows=rows,
    )


def _unique(columns: Sequence[str]) -> tuple[str, ...]:
    return tuple(
        name if name not in columns[:i] else f"{name} (usual)" for i, name in enumerate(columns)
    )


def _chart(result: Best, told: Threshold, name: str) -> Chart:
    inside = result.thresholds <= 1
    rows = [
        {"x": x, "y": y}
        for x, y in charts.thin(result.thresholds[inside].tolist(), result.costs[inside].tolist())
    ]
    text = f"cost a row by threshold: least {told.cost.value:.4g} from {told.value:.3g} on, {told.usual.value:.4g} from 0.5 on"
    return bands.marked(
        "cost", "Cost by threshold", text, rows, x=f"{name} is called from this probability on",
        y="cost a row", at=told.value, low=told.low, high=min(told.high, 1.0),
    )  # fmt: skip
