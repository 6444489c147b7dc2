"""Two models on the same rows: which is better, by how much, and whether it can be told.

Of rows neither has learned from: a bootstrap of the rows, both models measured on every sample, so that
what is hard for both falls out of the difference; and McNemar's exact test of the rows only one of them
has right (Psychometrika 12, 1947; for numbers the sign test of who is nearer). With ``--cv``: both learned
anew on the same folds, differences by fold, their variance as :mod:`.resampling` corrects it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from aiaas_magics import errors
from aiaas_magics.cards import panels
from aiaas_magics.engines import learning, measuring
from aiaas_magics.engines.context import Context
from aiaas_magics.engines.evaluation import Found, resampling, subject
from aiaas_magics.engines.evaluation.resampling import Fit
from aiaas_magics.engines.evaluation.subject import Subject
from aiaas_magics.engines.evaluation.words import amount, gain, much
from aiaas_magics.engines.models import artefacts
from aiaas_magics.specs.evaluate import EvaluateSpec
from aiaas_magics.specs.metrics import DEFAULT
from aiaas_magics.specs.records import ModelInfo
from aiaas_magics.specs.results import Chart, Difference, Grid

UNBOUNDED = ("log_loss", "rmse", "mse", "mae", "median_ae")
"""Metrics whose differences are not drawn: beside them those of shares would be points."""
LEAST_ROWS = 20
"""Rows without which no comparison is made."""


class Compared(NamedTuple):
    """What a comparison says: differences by metric, a test's p, who is better, in words too."""

    differences: tuple[Difference, ...]
    p: float | None
    better: str | None
    verdict: str
    found: Found


# the rows ---------------------------------------------------------------------------------------
def pair(spec: EvaluateSpec, context: Context) -> tuple[Subject, Subject]:
    """Return both models on the rows neither has learned from.

    Raises
    ------
    DataError
        If they predict different things, or too few rows are left.
    """
    first = subject.load(spec.model, spec.data, context, spec.schema)
    second = _beside(first, str(spec.against), context)
    fresh = np.ones(len(first.X), dtype=bool)
    for each in (first, second):
        fresh &= ~_learned_from(first, each)
    left = int(fresh.sum())
    names = f"{first.info.ref} or {second.info.ref}"
    if left < min(LEAST_ROWS, len(fresh)) or not left:
        raise errors.DataError(
            f"only {left:,} of {len(fresh):,} rows are new to both models",
            f"the others are among those {names} learned from; folds are new to both",
            f"%aiaas_evaluate {spec.model} --against {spec.against} --cv 5",
        )
    if left < len(fresh):
        context.warn(
            f"{len(fresh) - left:,} of {len(fresh):,} rows were left out: {names} learned from them",
            f"%aiaas_evaluate {spec.model} --against {spec.against} --cv 5",
        )
        first, second = (
            each._replace(X=each.X[fresh], y=each.y[fresh]) for each in (first, second)
        )
    return first, second


def remade(spec: EvaluateSpec, context: Context) -> tuple[Subject, Subject]:
    """Return both models with all rows the first was made of, to be learned anew."""
    first = subject.remade(spec.model, "--cv", context)
    second = _beside(first, str(spec.against), context)
    return first, second._replace(weights=_weights(first, second, context))


def _weights(first: Subject, second: Subject, context: Context) -> np.ndarray | None:
    """Return the weights the second model's line gives the rows of the first."""
    mine, task = first.task, second.task
    if task is None or task.weights is None:
        return None
    index = task.X.index
    if mine is not None and _same_places(mine, task) and first.X.index.isin(index).all():
        return pd.Series(task.weights, index).loc[first.X.index].to_numpy()
    context.warn(f"{second.info.ref} learned with weights of other rows: here it learns without")
    return None


def _beside(first: Subject, against: str, context: Context) -> Subject:
    """Return the second model on the rows of the first."""
    info, folder = context.model(against)
    mine, other = first.info, info
    if (mine.task, mine.target) != (other.task, other.target):
        raise errors.DataError(
            f"{mine.ref} predicts {mine.target} ({mine.task}), {other.ref} {other.target} ({other.task})",
            "only models of the same target can be compared",
            "%aiaas_models",
        )
    if list(map(str, mine.signature.classes)) != list(map(str, other.signature.classes)):
        raise errors.DataError(
            f"{mine.ref} and {other.ref} know different classes",
            "only models of the same classes can be compared",
            f"%aiaas_models show {other.name}",
        )
    frame = _wider(first, info)
    X, y = subject.taken(frame, info, "DATA")
    pipeline = artefacts.load(folder)
    return Subject(info, pipeline, X, y, first.known, first.shown, subject.learned(info, context))


def _wider(first: Subject, info: ModelInfo) -> pd.DataFrame:
    """Return the rows with every column the second model needs, where the first did without."""
    frame = first.X.assign(**{first.info.target: first.y})
    lacking = [name for name, _ in info.signature.inputs if name not in frame.columns]
    if not lacking or first.task is None:
        return frame
    raw, steps = first.task.table.frame, first.task.table.steps
    known = [name for name in lacking if name in raw.columns]
    if not known or any(step.op not in _KEEP_ROWS for step in steps):
        return frame
    return frame.assign(**{name: raw[name].loc[frame.index] for name in known})


_KEEP_ROWS = ("keep", "drop", "impute", "dates", "encode", "scale")
"""Steps that leave every row in its place."""


def _learned_from(rows: Subject, model: Subject) -> np.ndarray:
    """Return which rows a model has learned from: by place in the same table, else by value."""
    task, mine = model.task, rows.task
    if task is None:
        return np.zeros(len(rows.X), dtype=bool)
    if rows.held_out and mine is not None and _same_places(mine, task) and rows.X.index.is_unique:
        return np.asarray(rows.X.index.isin(task.X.index[task.train]))
    return subject.seen(model.X, model.y, *learning.training_rows(task))


def _same_places(one: learning.Task, other: learning.Task) -> bool:
    """Whether a row has the same number in both tables."""
    a, b = one.table, other.table
    steps = (*a.steps, *b.steps)
    return a.address == b.address and (
        a.steps == b.steps or all(step.op in _KEEP_ROWS for step in steps)
    )


# the same rows ----------------------------------------------------------------------------------
def on_rows(first: Subject, second: Subject, spec: EvaluateSpec, context: Context) -> Compared:
    """Return what the rows say of two models."""
    total = len(first.X) * 2
    outcomes = []
    for done, each in ((0, first), (len(first.X), second)):

        def tell(more: int, done: int = done) -> None:
            context.progress(done + more, total, f"predicting, {done + more:,} of {total:,} rows")

        with learning.fitting(context, algo=each.info.algo):
            outcomes.append(subject.outcome(each.pipeline, each.X, each.y, each.info, tell))
    one, other = outcomes
    drawn = [
        measuring.samples(
            made,
            first.info.task,
            repeats=spec.repeats,
            seed=spec.seed,
            tell=_sampling(context),
            groups=first.groups(),
        )
        for made in outcomes
    ]
    differences = _differences(drawn, spec.confidence)
    names = first.info.ref, second.info.ref
    better, verdict = _verdict(
        differences[0], names, f"these {len(first.X):,} rows", spec.confidence
    )
    mine, theirs, agreement = _agreement(one, other, names)
    p = sign_test(mine, theirs)
    found = Found(
        (_tested(mine, theirs, p, names, first.info.task),),
        (agreement,),
        tuple(_drawn(differences, names)),
    )
    return Compared(differences, p, better, verdict, found)


def _differences(
    drawn: Sequence[dict[str, np.ndarray]], confidence: float
) -> tuple[Difference, ...]:
    """Return the difference of each metric that both models have, sample by sample."""
    one, other = drawn
    return tuple(
        Difference(
            metric=name, first=measuring.plain(one[name][0]), second=measuring.plain(other[name][0]),
            value=measuring.plain(gap[0]), low=bounds[0], high=bounds[1],
        )
        for name in one if name in other
        for gap in (one[name] - other[name],)
        for bounds in (measuring.interval(gap[1:], confidence),)
    )  # fmt: skip


def _sampling(context: Context) -> measuring.Tell:
    def tell(done: int, total: int) -> None:
        context.progress(done, total, f"bootstrap, {done:,} of {total:,} samples")

    return tell


def sign_test(mine: int, theirs: int) -> float:
    """Return the two-sided p of McNemar's exact test: a fair coin falls `mine` to `theirs`."""
    return float(binomtest(mine, mine + theirs, 0.5).pvalue) if mine + theirs else 1.0


def _agreement(
    one: measuring.Outcome, other: measuring.Outcome, names: tuple[str, str]
) -> tuple[int, int, Grid]:
    """Return how many rows only the first has right (or nearer), only the second, and all four counts."""
    if one.classes:
        right, rights = one.truth == one.calls, other.truth == other.calls
        mine, theirs = right & ~rights, ~right & rights
        rows: tuple[tuple[str, int], ...] = (
            ("both right", int((right & rights).sum())),
            (f"only {names[0]} right", int(mine.sum())),
            (f"only {names[1]} right", int(theirs.sum())),
            (
                "both wrong, the same call",
                int((~right & ~rights & (one.calls == other.calls)).sum()),
            ),
            (
                "both wrong, different calls",
                int((~right & ~rights & (one.calls != other.calls)).sum()),
            ),
        )
    else:
        gaps = np.abs(one.truth - one.calls), np.abs(other.truth - other.calls)
        mine, theirs = gaps[0] < gaps[1], gaps[1] < gaps[0]
        rows = (
            (f"{names[0]} nearer", int(mine.sum())),
            (f"{names[1]} nearer", int(theirs.sum())),
            ("equally near", int((gaps[0] == gaps[1]).sum())),
        )
    total = len(one.truth)
    told = tuple((words, count, count / total) for words, count in rows)
    grid = Grid(name="agreement", title="Row by row", columns=("", "rows", "share"), rows=told)
    return int(mine.sum()), int(theirs.sum()), grid


def _tested(mine: int, theirs: int, p: float, names: tuple[str, str], task: str) -> str:
    what, test = (
        ("has right what the other has wrong", "McNemar's exact test")
        if task == "classification"
        else ("is nearer", "sign test")
    )
    return f"{names[0]} {what} on {mine:,} rows, {names[1]} on {theirs:,}: {test} p = {p:.3g}"


# by folds ---------------------------------------------------------------------------------------
def by_folds(
    first: Subject, second: Subject, made: Sequence[Fit], confidence: float, cv: int
) -> Compared:
    """Return what the folds say of two models' lines."""
    ratio = resampling.ratio_of([fit.fold for fit in made])
    differences = []
    for name in made[0].scores[0]:
        if name not in made[0].scores[1]:
            continue
        pairs = [(fit.scores[0][name], fit.scores[1].get(name)) for fit in made]
        known = [(a, b) for a, b in pairs if a is not None and b is not None]
        value, low, high = resampling.corrected([a - b for a, b in known], ratio, confidence)
        means = [
            measuring.plain(float(np.mean([pair[k] for pair in known] or [np.nan]))) for k in (0, 1)
        ]
        differences.append(
            Difference(
                metric=name, first=means[0], second=means[1], value=value, low=low, high=high
            )
        )
    names = first.info.ref, second.info.ref
    where = f"{len(made)} folds"
    better, verdict = _verdict(differences[0], names, where, confidence)
    metric = DEFAULT[first.info.task]
    rows = tuple(
        (f"{i // cv + 1}.{i % cv + 1}", a, b, None if a is None or b is None else a - b)
        for i, fit in enumerate(made)
        for a, b in ((fit.scores[0][metric], fit.scores[1][metric]),)
    )
    grid = Grid(
        name="folds",
        title=f"{metric} by fold",
        columns=("round.fold", *names, "difference"),
        rows=rows,
    )
    found = Found((), (grid,), tuple(_drawn(tuple(differences), names)))
    return Compared(tuple(differences), None, better, verdict, found)


# in words ---------------------------------------------------------------------------------------
def _verdict(
    found: Difference, names: tuple[str, str], where: str, confidence: float
) -> tuple[str | None, str]:
    """Return the better model, if one can be told, and a sentence."""
    level, metric = f"{100 * confidence:g} % interval", found.metric
    if found.value is None or found.low is None or found.high is None:
        return (
            None,
            f"{names[0]} and {names[1]} cannot be compared: {metric} is undefined on {where}",
        )
    low, high = sorted((gain(found.low, metric), gain(found.high, metric)))
    value = gain(found.value, metric)
    if low > 0 or high < 0:
        mine, other = names if low > 0 else names[::-1]
        low, high = (low, high) if low > 0 else (-high, -low)
        much_ = much(abs(value), metric)
        return mine, (
            f"{mine} is better than {other} by {much_}, {level} {amount(low, metric)} to {amount(high, metric)}"
        )
    return None, (
        f"{names[0]} and {names[1]} are not distinguishable on {where}: a difference of {much(value, metric)}, "
        f"{level} {amount(low, metric)} to {amount(high, metric)}"
    )


def _drawn(differences: tuple[Difference, ...], names: tuple[str, str]) -> list[Chart]:
    """Draw the differences of those metrics that share a scale: 0 to 1."""
    rows = [
        {"label": each.metric, "value": turned[1], "low": turned[0], "high": turned[2]}
        for each in differences
        if each.value is not None and each.low is not None and each.high is not None
        and each.metric not in UNBOUNDED
        for turned in (sorted(gain(v, each.metric) for v in (each.low, each.value, each.high)),)
    ]  # fmt: skip
    if not rows:
        return []
    title = f"{names[0]} against {names[1]}"
    text = f"{title}: right of 0 {names[0]} is better, left {names[1]}"
    return [panels.whiskers("differences", title, text, rows, axis="difference, more is better")]
