"""What training and tuning share: rows, target, split, pipeline, registration."""

from __future__ import annotations

import platform
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import msgspec
import numpy as np
import pandas as pd
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from aiaas_magics import errors, frames
from aiaas_magics.engines import (
    coding,
    data,
    named,
    ownestimators,
    prepare,
    signatures,
    splitting,
    usercode,
    weighing,
)
from aiaas_magics.engines.context import Context
from aiaas_magics.engines.families import recipe
from aiaas_magics.engines.models import artefacts
from aiaas_magics.engines.recipe import fixed, with_target
from aiaas_magics.engines.targets import MOST_CLASSES, are_whole, guess
from aiaas_magics.specs import algorithms
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.estimators import instead
from aiaas_magics.specs.records import Lineage, ModelInfo, NewModel
from aiaas_magics.specs.results import Score
from aiaas_magics.specs.train import TrainSpec
from aiaas_magics.specs.tune import TuneSpec

SCALE_APART = 100.0
"""Columns whose spreads differ by more than this make a linear model learn badly without --scale."""
LARGE = 2_000_000
"""Cells from which one fit is given all cores: below, threads cost more than they gain."""


class Task(NamedTuple):
    """Everything a fit needs; rows of `X` and `y` are split by position."""

    X: pd.DataFrame
    y: pd.Series
    train: np.ndarray
    test: np.ndarray
    task: str
    classes: tuple[JSON, ...]
    roles: dict[str, str]
    table: data.Table
    split: str = "random"
    """How `train` and `test` were told apart, and how folds are: see :mod:`.splitting`."""
    by: pd.Series | None = None
    """The groups, or the order, of all rows."""
    weights: np.ndarray | None = None
    """How much each row of `X` counts in learning; None: all the same."""
    coded: coding.Coded | None = None
    """What code of the user's own makes of `X`, where the recipe holds any."""


def assemble(spec: TrainSpec | TuneSpec, context: Context) -> Task:
    """Load the rows, find out the task, split.

    Raises
    ------
    DataError
        If the target or a feature is absent, holds one class, or the data cannot be learned from.
    """
    table = data.load(spec.data, context)
    return task_of(table, spec, context)


def task_of(table: data.Table, spec: TrainSpec | TuneSpec, context: Context) -> Task:
    """Return the task a spec sets on a table: a function of both alone."""
    raw, table = table, coding.carried(table)
    frame = table.frame
    named.check(frame, spec)
    frame = prepare.rows(frame, table.steps, table.roles, beside=spec.by)
    named.check_kept(frame, spec)
    if table is not raw:
        coding.check_steady(len(table.frame), len(frame))
    frame = with_target(frame, table.steps, spec.target, *spec.weighing)
    frame = _labelled(frame, spec.target, context)
    by = None
    if spec.by is not None:
        by = fixed(frame[[spec.by]], table.steps)[spec.by]
        frame, by = splitting.known(frame, by, str(spec.split), context)
    weights = weighing.of_rows(frame, spec.weights)
    y, X = frame[spec.target], _features(frame, table, spec)
    if not len(X.columns):
        raise errors.DataError(
            "there is no column to learn from", "the target is the only one", "--features a,b"
        )
    task = spec.task or guess(y)
    _check_features(X)
    _check_target(y, task, spec)
    train, test = splitting.split(y, task, spec, by, context)
    weighing.check(spec.weights, None if weights is None else weights[train])
    classes = tuple(sorted(pd.unique(y).tolist())) if task == "classification" else ()
    coded = None
    if table is not raw:
        X, coded = coding.inputs(raw, table, X, spec.target)
    roles = {name: raw.roles[name] for name in X.columns}
    way = splitting.way(spec.split, task)
    return Task(X, y, train, test, task, classes, roles, raw, way, by, weights, coded)


def _features(frame: pd.DataFrame, table: data.Table, spec: TrainSpec | TuneSpec) -> pd.DataFrame:
    """Return the columns to learn from; what tells groups is none unless it is asked for."""
    if spec.features:
        return frame[list(dict.fromkeys(n for n in spec.features if n != spec.target))]
    gone = {spec.target, *spec.weighing, *([spec.by] if spec.split == "group" else [])}
    if spec.by is not None and spec.by not in prepare.rows_kept(table):
        gone.add(spec.by)
    return frame.drop(columns=[name for name in frame.columns if name in gone])


def build(
    task: Task, spec: TrainSpec | TuneSpec, context: Context, params: dict[str, JSON]
) -> Pipeline:
    """Return the unfitted pipeline: the recipe's column steps, then the estimator."""
    if spec.estimator is None:
        algorithms.check_parameters(algorithms.find(spec.algo), params, task.task)
    weighed = weighing.of_classes(params, task.classes)
    found = ownestimators.recipe_of(spec, context)
    model = found.build(task.task, weighed, spec.seed)
    coded = task.coded or coding.Coded(task.X, task.roles, task.table.steps, ())
    transformer = ownestimators.preparation(spec, model, found, coded, task.task)
    scaled = any(step.op == "scale" for step in coded.steps)
    if found.scale and not scaled and _apart(coded.X):
        context.warn(
            f"the columns differ more than {SCALE_APART:g} times in spread; {spec.algo} learns better on a common scale",
            f"%aiaas_prepare {_named(task)} --scale standard --as scaled",
        )
    return Pipeline([("prepare", coded.before(transformer)), ("model", model)])


@contextmanager
def fitting(context: Context, cells: int = 0, *, algo: str = "") -> Iterator[None]:
    """Turn what an estimator says into three lines, and its warnings into ours.

    A single large fit of an algorithm with native threads gets all cores.
    """
    known = any(algo == each.name for each in algorithms.ALGORITHMS)
    wide = cells >= LARGE and known and recipe(algorithms.find(algo)).threads
    with (
        warnings.catch_warnings(record=True) as caught,
        threadpool_limits(context.cores if wide else 1),
    ):
        warnings.simplefilter("always")
        # AdaBoost takes the logarithm of weights, and those of 0 stay 0
        warnings.filterwarnings("ignore", "divide by zero encountered in log", RuntimeWarning)
        try:
            yield
        except (MemoryError, errors.AiaasError):
            raise
        except (Exception, SystemExit) as error:
            if (own := usercode.blame(error)) is not None:
                raise own from error
            if known and not isinstance(error, ValueError | TypeError | FloatingPointError):
                raise
            said = str(error).strip().split("\n")[0] or type(error).__name__
            raise errors.DataError(
                f"{algo or 'the algorithm'} does not take this data",
                said,
                "--algo hist_gradient_boosting",
            ) from error
    for text in dict.fromkeys(_sentence(each) for each in caught):
        context.warn(*text)


def _sentence(caught: warnings.WarningMessage) -> tuple[str, str]:
    if "IterativeImputer" in str(caught.message):
        return "--impute iterative stopped before its guesses had settled", "--impute knn"
    if issubclass(caught.category, ConvergenceWarning):
        return (
            "the optimiser stopped before it had converged",
            "a larger max_iter, or %aiaas_prepare ... --scale standard",
        )
    return str(caught.message).strip().split("\n")[0], ""


def training_rows(task: Task) -> tuple[pd.DataFrame, pd.Series]:
    """Return features and target of the training rows, without a copy where all rows train."""
    if not len(task.test):
        return task.X, task.y
    return task.X.iloc[task.train], task.y.iloc[task.train]


def training_weights(task: Task) -> np.ndarray | None:
    """Return the weights of the training rows, if rows weigh differently."""
    return None if task.weights is None else task.weights[task.train]


def example_of(task: Task) -> dict[str, JSON]:
    """Return the first training row, as JSON."""
    return frames.records(task.X.iloc[[int(task.train[0])]])[0]


def register(
    fitted: Pipeline,
    task: Task,
    spec: TrainSpec | TuneSpec,
    context: Context,
    *,
    partial: bool,
    params: dict[str, JSON],
    scores: Sequence[Score],
    algo: str = "",
) -> ModelInfo:
    """Write, seal and register a fitted pipeline with its lineage; `algo` is who was chosen."""
    signature = signatures.of(
        task.X, task.roles, target=spec.target, classes=task.classes,
        rows=task.train if len(task.test) else None,
    )  # fmt: skip
    info = task.table.info
    lineage = Lineage(
        spec=msgspec.to_builtins(spec), data=task.table.address, data_ref=info.ref if info else None,
        libraries=artefacts.libraries() | artefacts.needed(fitted), python=platform.python_version(),
        seed=spec.seed, steps=tuple(msgspec.to_builtins(step) for step in task.table.steps),
        roles=task.table.roles, job=context.job, user=context.user,
    )  # fmt: skip
    folder = context.scratch / "model"
    artefacts.save(fitted, folder, signature=signature, lineage=lineage, example=example_of(task))
    if spec.estimator is not None and (foreign := artefacts.untrusted(folder)):
        raise ownestimators.untrusted(f"{spec.algo}, fitted,", foreign)
    made = NewModel(
        task=task.task, algo=algo or spec.algo, target=spec.target, signature=signature, lineage=lineage,
        params=params, scores={s.metric: s.value for s in scores if s.value is not None},
        partial=partial,
    )  # fmt: skip
    return context.save_model(spec.as_, folder, made)


def _labelled(frame: pd.DataFrame, target: str, context: Context) -> pd.DataFrame:
    gaps = frame[target].isna()
    count = int(gaps.sum())
    if not count:
        return _used(frame, target)
    if count == len(frame):
        raise errors.DataError(
            f"{target!r} is missing in every row",
            "there is nothing to learn from",
            "%aiaas_data show NAME",
        )
    context.warn(f"{count} rows without a {target!r} were left out")
    return _used(frame[~gaps], target)


def _used(frame: pd.DataFrame, target: str) -> pd.DataFrame:
    """Return the table with a target whose categories all occur: those that do not are no classes."""
    if not isinstance(frame[target].dtype, pd.CategoricalDtype):
        return frame
    return frame.assign(**{target: frame[target].cat.remove_unused_categories()})


def _check_features(X: pd.DataFrame) -> None:
    endless = infinite(X)
    if endless:
        raise errors.DataError(
            f"column {endless[0]!r} holds infinite numbers",
            "replace or drop them",
            f"df = df[np.isfinite(df[{endless[0]!r}])]",
        )


def _check_target(y: pd.Series, task: str, spec: TrainSpec | TuneSpec) -> None:
    numeric = pd.api.types.is_numeric_dtype(y.dtype)
    if pd.api.types.is_datetime64_any_dtype(signatures.values_dtype(y.dtype)):
        raise errors.DataError(
            f"{spec.target!r} holds dates, which are neither classes nor numbers",
            "predict a number made of them, such as days from the first one",
            f"df['days'] = (df['{spec.target}'] - df['{spec.target}'].min()).dt.days",
        )
    if task == "regression":
        if not numeric:
            raise errors.DataError(
                f"{spec.target!r} holds no numbers",
                "regression predicts a number",
                instead("classification", spec.estimator),
            )
        if infinite(y.to_frame()):
            raise errors.DataError(
                f"{spec.target!r} holds infinite numbers",
                "replace or drop them",
                "df = df[np.isfinite(df[target])]",
            )
        return
    counts = y.value_counts()
    if len(counts) < 2:
        raise errors.DataError(
            f"{spec.target!r} holds one class only",
            f"every row is {_value(counts.index[0])}",
            "choose another target",
        )
    if numeric and not are_whole(counts.index.to_numpy(dtype="float64")):
        raise errors.DataError(
            f"{spec.target!r} holds fractions, not classes",
            "classification predicts one of a few values",
            instead("regression", spec.estimator),
        )
    if len(counts) > max(MOST_CLASSES, len(y) / 2):
        raise errors.DataError(
            f"{spec.target!r} holds {len(counts):,} different values in {len(y):,} rows: those are no classes",
            "a class has many rows; numbers are predicted by regression",
            instead("regression", spec.estimator) if numeric else "choose another target",
        )
    if spec.test and int(counts.min()) < 2:
        raise errors.DataError(
            f"the class {_value(counts.idxmin())} has one row",
            "a class needs a row to train on and one to hold out",
            "--test 0",
        )


def _value(value: object) -> str:
    """Return a value of the user's as a message can show it."""
    words = " ".join(str(value).split())
    return f"'{words[:40]}...'" if len(words) > 40 else f"'{words}'"


def _apart(X: pd.DataFrame) -> bool:
    spreads = X.select_dtypes("number").std(numeric_only=True)
    spreads = spreads[spreads > 0]
    return len(spreads) > 1 and bool(spreads.max() / spreads.min() > SCALE_APART)


def infinite(frame: pd.DataFrame) -> list[str]:
    """Return the columns that hold infinite numbers."""
    floats = frame.select_dtypes("float")
    return [str(name) for name in floats.columns if np.isinf(floats[name].to_numpy()).any()]


def _named(task: Task) -> str:
    """Return the name of a task's data as a line takes it; a table without one has a placeholder."""
    return task.table.info.name if task.table.info is not None else "DATA"
