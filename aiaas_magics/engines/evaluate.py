"""Evaluate: a model on rows it has not seen, beside the simplest guess."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pandas as pd
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.metrics import get_scorer

from aiaas_magics import errors, specs
from aiaas_magics.engines import (
    artefacts,
    curves,
    data,
    expecting,
    importance,
    learning,
    measuring,
    pictures,
    prepare,
    recipe,
)
from aiaas_magics.engines.context import Context
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.evaluate import EvaluateSpec
from aiaas_magics.specs.metrics import DEFAULT, check_metric
from aiaas_magics.specs.records import ModelInfo
from aiaas_magics.specs.results import EvaluationResult, Score


class Rows(NamedTuple):
    """What a model is measured on, what its baseline learned from, and how to call it."""

    X: pd.DataFrame
    y: pd.Series
    known: pd.Series
    """The training rows' target."""
    shown: str


def run(spec: EvaluateSpec, context: Context) -> EvaluationResult:
    """Measure a model."""
    info, folder = context.model(spec.model)
    rows = _rows(spec, info, context)
    pipeline = artefacts.load(folder)
    context.progress(0, 1, "predicting")
    with learning.fitting(context, algo=info.algo):
        outcome = _outcome(pipeline, rows.X, rows.y, info)
        base = _outcome(_baseline(info, rows.known), rows.X, rows.y, info)
    scores = measuring.measure(
        outcome, info.task, repeats=spec.repeats, confidence=spec.confidence, seed=spec.seed
    )
    simple = measuring.measure(
        base, info.task, repeats=0, confidence=spec.confidence, seed=spec.seed
    )
    against = {score.metric: score.value for score in simple}
    charts, grids = _pictures(outcome, info, spec)
    with learning.fitting(context, algo=info.algo):
        found = _importance(pipeline, rows, info, spec, context)
    if found:
        chart, grid = importance.picture(found, DEFAULT[info.task])
        charts.append(chart)
        grids.append(grid)
    return EvaluationResult(
        model=info.ref, data=rows.shown, task=info.task, rows=len(rows.y), confidence=spec.confidence,
        scores=tuple(msgspec.structs.replace(s, baseline=against.get(s.metric)) for s in scores),
        importance=found, grids=tuple(grids), charts=pictures.render(charts, context),
        partial=context.stopping(),
    )  # fmt: skip


def _pictures(
    outcome: measuring.Outcome, info: ModelInfo, spec: EvaluateSpec
) -> tuple[list[Any], list[Any]]:
    if info.task == "regression":
        return curves.of_numbers(outcome, info.target, spec.seed), []
    return curves.of_classes(outcome, [str(name) for name in info.signature.classes])


def _importance(
    pipeline: Any, rows: Rows, info: ModelInfo, spec: EvaluateSpec, context: Context
) -> tuple[Score, ...]:
    if not spec.shuffles:
        return ()
    scorer = get_scorer(check_metric(DEFAULT[info.task]).scorer)
    return importance.importance(
        pipeline,
        rows.X,
        rows.y,
        scorer,
        shuffles=spec.shuffles,
        confidence=spec.confidence,
        seed=spec.seed,
        context=context,
    )


def _rows(spec: EvaluateSpec, info: ModelInfo, context: Context) -> Rows:
    if info.lineage.spec["kind"] == "import_model":
        return _strange(spec, info, context)
    task = _task(info, context)
    known = task.y.iloc[task.train]
    if spec.data is not None:
        X, y = _other(spec.data, info, context, spec.schema)
        _tell_seen(X, y, *learning.training_rows(task), info, context)
        return Rows(
            X, y, known, "the given table" if spec.data.startswith("sha256:") else spec.data
        )
    if not len(task.test):
        raise errors.DataError(
            f"{info.ref} was trained on all rows",
            "there are no held-out rows to measure it on",
            f"%aiaas_evaluate {info.name} other_data",
        )
    shown = f"held-out rows of {info.lineage.data_ref or 'its table'}"
    return Rows(task.X.iloc[task.test], task.y.iloc[task.test], known, shown)


def _strange(spec: EvaluateSpec, info: ModelInfo, context: Context) -> Rows:
    """Return the rows to measure an imported model on: nobody knows those it learned from."""
    if spec.data is None:
        raise errors.DataError(
            f"{info.ref} was imported: it has no held-out rows",
            "name rows it has not learned from, with the column it predicts",
            f"%aiaas_evaluate {info.name} test_rows",
        )
    X, y = _other(spec.data, info, context, spec.schema)
    context.warn(
        f"the simplest guess knows these very rows: those {info.ref} learned from are not here"
    )
    return Rows(X, y, y, "the given table" if spec.data.startswith("sha256:") else spec.data)


def _tell_seen(
    X: pd.DataFrame,
    y: pd.Series,
    known_X: pd.DataFrame,
    known_y: pd.Series,
    info: ModelInfo,
    context: Context,
) -> None:
    """Warn where most of the given rows are among those the model learned from."""
    name = str(known_y.name)
    given, known = (
        pd.util.hash_pandas_object(frame.assign(**{name: target}), index=False)
        for frame, target in ((X, y), (known_X[list(X.columns)], known_y))
    )
    count = int(given.isin(known).sum())
    if count > len(X) / 2:
        context.warn(
            f"{count:,} of {len(X):,} rows are among those {info.ref} learned from: the scores flatter",
            f"%aiaas_evaluate {info.name}",
        )


def _task(info: ModelInfo, context: Context) -> learning.Task:
    """Return the task the model learned, made again from its lineage."""
    lineage = info.lineage
    spec = msgspec.convert(lineage.spec, specs.spec_type(str(lineage.spec["kind"])))
    frame = data.simple(context.frame(lineage.data))
    steps = recipe.steps_of(lineage.steps)
    table = data.Table(frame, steps, lineage.roles, None, lineage.data)
    return learning.task_of(table, spec, _Silent(context))  # type: ignore[arg-type]


class _Silent:
    """A context whose warnings were told when the model was trained."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def warn(self, text: str, try_: str = "") -> None:
        """Say nothing."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)


def _other(
    ref: str, info: ModelInfo, context: Context, mode: str
) -> tuple[pd.DataFrame, pd.Series]:
    table = data.load(ref, context)
    frame = prepare.rows(table.frame, table.steps, table.roles)
    free = {n for n, _ in info.signature.inputs} - {*info.signature.required}
    names = [n for n, _ in info.signature.inputs if mode != "fix" or n in frame or n not in free]
    for name in (*names, info.target):
        if name not in frame.columns:
            raise errors.DataError(
                f"no column {name!r}",
                errors.did_you_mean(name, map(str, frame.columns)),
                f"%aiaas_models show {info.name}",
            )
    frame = recipe.with_target(frame, recipe.steps_of(info.lineage.steps), info.target)
    frame = frame[frame[info.target].notna()]
    if not len(frame):
        raise errors.DataError(
            "no row has a target",
            f"{info.target!r} is missing everywhere",
            "choose rows with a target",
        )
    X, y = frame[names], frame[info.target]
    for name in info.signature.required:
        if X[name].isna().any():
            raise errors.DataError(
                f"column {name!r} has missing values",
                "the model was trained without gaps there",
                f"%aiaas_prepare {'DATA' if table.info is None else table.info.name} --dropna --as whole",
            )
    if info.task == "classification":
        y = _as_classes(y, info.signature.classes)
    shown = table.info.ref if table.info else "DATA"
    against = f" --against {info.lineage.data_ref}" if info.lineage.data_ref else ""
    X, notes = expecting.kept(X, info, mode)
    for note in notes:
        context.warn(note.sentence(), f"%aiaas_data check {shown}{against}")
    return _in_zones(X, info.signature.zones), y


def _as_classes(y: pd.Series, classes: Sequence[JSON]) -> pd.Series:
    """Return a target in the kind of the classes: 0 and 0.0 are one, and so are False and 0.

    Raises
    ------
    DataError
        If it holds a value that is none of them, or cannot be compared.
    """
    known = {each: each for each in classes}  # equal numbers are equal keys
    text = isinstance(classes[0], str)
    values = {v: known.get(str(v) if text else v) for v in pd.unique(y).tolist()}
    strange = sorted(str(value) for value, found in values.items() if found is None)
    if strange:
        raise errors.DataError(
            f"the model does not know the class {strange[0]!r}",
            "known: " + ", ".join(map(str, classes[:8])),
        )
    return y.map(values).astype(np.array(classes).dtype)


def _in_zones(X: pd.DataFrame, zones: Mapping[str, str]) -> pd.DataFrame:
    """Return the features with their dates on the clocks the model learned, as an endpoint does."""
    moved = {
        name: X[name].dt.tz_convert(zone)
        for name, zone in zones.items()
        if isinstance(X[name].dtype, pd.DatetimeTZDtype)
    }
    return X.assign(**moved) if moved else X


def _outcome(model: Any, X: pd.DataFrame, y: pd.Series, info: ModelInfo) -> measuring.Outcome:
    calls = np.asarray(model.predict(X))
    if info.task == "regression":
        return measuring.Outcome(y.to_numpy("float64"), calls.astype("float64"), None, 0)
    classes = np.array(info.signature.classes)
    proba = model.predict_proba(X) if hasattr(model, "predict_proba") else None
    truth = np.searchsorted(classes, y.to_numpy(classes.dtype))
    return measuring.Outcome(
        truth, np.searchsorted(classes, calls.astype(classes.dtype)), proba, len(classes)
    )


def _baseline(info: ModelInfo, known: pd.Series) -> Any:
    nothing = np.zeros((len(known), 1))
    if info.task == "regression":
        return DummyRegressor(strategy="mean").fit(nothing, known)
    return DummyClassifier(strategy="prior").fit(nothing, known)
