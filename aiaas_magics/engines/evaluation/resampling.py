"""Cross-validation of a model's own line: the same steps and parameters learned anew on folds of all its rows.

The folds of several rounds overlap, so their scores are no independent sample: intervals take the
variance of Nadeau and Bengio (Inference for the generalization error, Machine Learning 52, 2003),
``(1 / J + n_test / n_train) * s**2`` of J scores, and Student's t with J - 1 degrees of freedom.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import stats
from sklearn.base import clone

from aiaas_magics import errors
from aiaas_magics.cards import panels
from aiaas_magics.engines import fits as fits_
from aiaas_magics.engines import learning, measuring, splitting
from aiaas_magics.engines.context import Context
from aiaas_magics.engines.evaluation import Found
from aiaas_magics.engines.evaluation.subject import Subject, baseline, outcome
from aiaas_magics.engines.threads import shared
from aiaas_magics.specs.metrics import DEFAULT
from aiaas_magics.specs.results import Chart, Grid, Score

LIMITS = {
    "r2": (-math.inf, 1.0), "brier": (0.0, 2.0),
    **dict.fromkeys(("log_loss", "rmse", "mse", "mae", "median_ae"), (0.0, math.inf)),
}  # fmt: skip
"""Between which values a metric lies; those that are not named lie between 0 and 1."""
Scores = dict[str, float | None]
"""Metric -> value; None where it is undefined."""


class Fold(NamedTuple):
    """Rows to learn from and rows to measure on, by place; `share` of the first where it is a part."""

    train: np.ndarray
    test: np.ndarray
    share: float = 1.0


class Fit(NamedTuple):
    """A fold's scores for each model, the simplest guess last."""

    fold: Fold
    scores: tuple[Scores, ...]


def folds(task: learning.Task, cv: int, rounds: int, seed: int) -> list[Fold]:
    """Return the folds of each round over all rows, made in the way the task was split.

    Raises
    ------
    DataError
        If rows, classes, groups or moments are too few for so many folds, or rounds were asked of
        folds that time alone decides.
    """
    if task.split == "time" and rounds > 1:
        raise errors.DataError(
            "folds in time are the same in every round",
            "the model was split by time: each fold learns from what is older",
            f"--cv {cv}",
        )
    everything = np.arange(len(task.y))
    drawn = (
        splitting.folds(
            task,
            cv,
            seed + number,
            rows=everything,
            metric="r2" if task.task == "regression" else "",
        )
        for number in range(rounds)
    )
    return [Fold(train, test) for each in drawn for train, test in each.split()]


def fits(subjects: Sequence[Subject], chosen: Sequence[Fold], context: Context) -> Iterator[Fit]:
    """Yield the scores of each fold as it is done, in order, all models on the same rows.

    Threads are shared over folds, each fit with one native thread. A stop lets begun fits end.
    """
    stopped = False

    def of(fold: Fold) -> Fit | None:
        return None if stopped else _fit(subjects, fold)

    total, name = len(chosen), "fit" if len(subjects) == 1 else "fold"
    context.progress(0, total, f"{name} 1 of {total}")
    for done, fit in enumerate(shared(of, chosen, context.cores), start=1):
        if fit is None:
            return
        yield fit
        context.progress(done, total, f"{name} {done} of {total}")
        stopped = stopped or context.stopping()


def _fit(subjects: Sequence[Subject], fold: Fold) -> Fit:
    found = [_scores(_refitted(each, fold), each, fold) for each in subjects]
    first = subjects[0]
    simple = baseline(first.info.task, first.y.iloc[fold.train])
    return Fit(fold, (*found, _scores(simple, first, fold)))


def _refitted(subject: Subject, fold: Fold) -> Any:
    """Return the model's pipeline, learned anew from the fold's rows."""
    unfitted = clone(subject.pipeline)
    weights = None if subject.weights is None else subject.weights[fold.train]
    fits_.plain(unfitted, subject.X.iloc[fold.train], subject.y.iloc[fold.train], weights)
    return unfitted


def _scores(model: Any, subject: Subject, fold: Fold) -> Scores:
    X, y = subject.X.iloc[fold.test], subject.y.iloc[fold.test]
    made = outcome(model, X, y, subject.info)
    found = measuring.samples(made, subject.info.task, repeats=0, seed=0)
    return {name: measuring.plain(values[0]) for name, values in found.items()}


# intervals --------------------------------------------------------------------------------------
def corrected(
    values: Sequence[float | None], ratio: float, confidence: float
) -> tuple[float | None, float | None, float | None]:
    """Return the mean of fold scores and its corrected interval; undefined scores are left out.

    Parameters
    ----------
    ratio
        Rows measured on by rows learned from, in one fold.
    """
    known = [value for value in values if value is not None]
    if not known:
        return None, None, None
    mean, count = float(np.mean(known)), len(known)
    if count < 2:
        return mean, None, None
    spread = math.sqrt((1 / count + ratio) * float(np.var(known, ddof=1)))
    reach = float(stats.t.ppf((1 + confidence) / 2, count - 1)) * spread
    return mean, mean - reach, mean + reach


def ratio_of(chosen: Sequence[Fold]) -> float:
    """Return the rows measured on by the rows learned from, on average.

    Of a part of a fold's rows the whole fold counts: parts share no more rows than their folds do.
    """
    return float(np.mean([len(fold.test) * fold.share / len(fold.train) for fold in chosen]))


def scored(made: Sequence[Fit], confidence: float) -> tuple[Score, ...]:
    """Return every metric's mean over the folds with its corrected interval and baseline."""
    ratio = ratio_of([fit.fold for fit in made])
    found = []
    for name in made[0].scores[0]:
        mean, low, high = corrected([fit.scores[0][name] for fit in made], ratio, confidence)
        base, *_ = corrected([fit.scores[-1].get(name) for fit in made], ratio, confidence)
        low, high = within(name, low), within(name, high)
        found.append(Score(metric=name, value=mean, low=low, high=high, baseline=base))
    return tuple(found)


def within(metric: str, bound: float | None) -> float | None:
    """Return a bound no further out than a metric can be: Student's interval knows no limits."""
    low, high = LIMITS.get(metric, (0.0, 1.0))
    return None if bound is None else min(max(bound, low), high)


# pictures ---------------------------------------------------------------------------------------
def pictured(made: Sequence[Fit], task: str, cv: int) -> Found:
    """Return the folds as a table and a chart."""
    metric = DEFAULT[task]
    names = tuple(made[0].scores[0])
    rows = tuple(
        (
            f"{i // cv + 1}.{i % cv + 1}",
            len(fit.fold.train),
            len(fit.fold.test),
            *(fit.scores[0][n] for n in names),
        )
        for i, fit in enumerate(made)
    )
    grid = Grid(
        name="folds",
        title="By fold",
        columns=("round.fold", "learned from", "measured on", *names),
        rows=rows,
    )
    return Found((), (grid,), (_chart(made, metric, cv),))


def _chart(made: Sequence[Fit], metric: str, cv: int) -> Chart:
    values = [fit.scores[0][metric] for fit in made]
    known = [value for value in values if value is not None]
    text = f"{metric} by fold: {min(known, default=0.0):.3g} to {max(known, default=0.0):.3g}"
    rows = [
        {"x": f"round {i // cv + 1}", "y": value}
        for i, value in enumerate(values)
        if value is not None
    ]
    return panels.strip("folds", f"{metric} by fold", text, rows, x=metric)


def tell_tuned(subject: Subject, context: Context) -> None:
    """Warn where a search chose on rows that the folds measure on."""
    asked = subject.info.lineage.spec
    if asked.get("kind") != "train" or asked.get("algo") == "auto":
        context.warn(
            f"{subject.info.ref} was chosen on some of these rows: the scores flatter a little",
            f"%aiaas_evaluate {subject.info.name}",
        )
