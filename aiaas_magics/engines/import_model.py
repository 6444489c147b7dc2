"""Import: a model in a file of somebody else's becomes one of ours."""

from __future__ import annotations

import math
import platform
import re
import warnings
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pandas as pd
from sklearn.base import is_classifier
from sklearn.compose import ColumnTransformer
from sklearn.metrics import get_scorer
from sklearn.pipeline import Pipeline

from aiaas_magics import errors, frames
from aiaas_magics.engines import data, prepare, signatures
from aiaas_magics.engines.context import Context
from aiaas_magics.engines.models import artefacts, foreign, strangers
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.metrics import DEFAULT, check_metric
from aiaas_magics.specs.models import ImportModelSpec
from aiaas_magics.specs.records import Lineage, NewModel
from aiaas_magics.specs.results import ImportResult, Score

SAMPLE = "--sample X_test"


class Sample(NamedTuple):
    """Rows a model is tried on: given ones, or a row of zeros where there are none."""

    X: pd.DataFrame
    y: pd.Series | None
    roles: dict[str, str]
    ref: str | None
    """What the given rows are stored under."""
    given: bool


def run(spec: ImportModelSpec, context: Context) -> ImportResult:
    """Open, audit, try on the sample, save in our layout, register.

    Raises
    ------
    DataError
        If the file holds no model we open, or the model does not take the sample.
    """
    path = context.blob(spec.file)
    opened = foreign.open_file(path, spec.filename, context, trust_pickle=spec.trust_pickle)
    for note in opened.notes:
        context.warn(*note)
    sample = _sample(spec, opened.model, context)
    pipeline = _pipeline(opened.model, sample.X)
    context.progress(2, 3, "predicting the sample")
    _try(pipeline, sample, spec)
    made = _registered(pipeline, opened.model, sample, spec, context)
    context.progress(3, 3, "done")
    return made


def _registered(
    pipeline: Pipeline, model: Any, sample: Sample, spec: ImportModelSpec, context: Context
) -> ImportResult:
    task = "classification" if is_classifier(model) else "regression"
    classes = tuple(np.asarray(pipeline.classes_).tolist()) if task == "classification" else ()
    scores = _scores(pipeline, task, classes, sample)
    signature = signatures.of(sample.X, sample.roles, target=spec.target, classes=classes)
    table = sample.X if sample.y is None else sample.X.assign(**{spec.target: sample.y})
    final = _final(model)
    params, seed = _params(final), getattr(final, "random_state", None)
    lineage = Lineage(
        spec=msgspec.to_builtins(spec), data=context.save_frame(table.reset_index(drop=True)), data_ref=sample.ref,
        roles=sample.roles, libraries=artefacts.libraries(), python=platform.python_version(),
        seed=seed if isinstance(seed, int) else 0, job=context.job, user=context.user,
    )  # fmt: skip
    folder = context.scratch / "model"
    example = frames.records(sample.X.head(1))[0]
    artefacts.save(pipeline, folder, signature=signature, lineage=lineage, example=example)
    algo = snake(type(final).__name__)
    made = NewModel(
        task=task, algo=algo, target=spec.target, signature=signature, lineage=lineage, params=params,
        scores={s.metric: s.value for s in scores if s.value is not None},
    )  # fmt: skip
    info = context.save_model(spec.as_, folder, made)
    return ImportResult(
        ref=info.ref, algo=algo, task=task, target=spec.target, source=spec.filename, digest=spec.file.partition(":")[2],
        estimator=f"{type(model).__module__}.{type(model).__name__}", classes=classes,
        features=tuple(map(str, sample.X.columns)), params=params, scores=scores,
        rows=len(sample.X) if sample.given else 0,
    )  # fmt: skip


# the sample --------------------------------------------------------------------------------------
def _sample(spec: ImportModelSpec, model: Any, context: Context) -> Sample:
    if spec.sample is None:
        return _guessed(model, context)
    table = data.load(spec.sample, context)
    frame = prepare.rows(table.frame, table.steps, table.roles)
    y = None
    if spec.target in frame.columns:
        frame = frame[frame[spec.target].notna()]
        y, frame = frame[spec.target], frame.drop(columns=spec.target)
    X = _features(frame, model)
    if not len(X):
        raise errors.DataError("the sample holds no row", "one is enough", SAMPLE)
    roles = {str(name): table.roles[str(name)] for name in X.columns}
    return Sample(X, y, roles, table.info.ref if table.info else None, given=True)


def _features(frame: pd.DataFrame, model: Any) -> pd.DataFrame:
    """Return the columns that a model was fitted on, in its order."""
    names, count = strangers.takes(model)
    if names is None:
        if count not in (None, len(frame.columns)):
            raise errors.DataError(
                f"the model takes {count} columns and the sample has {len(frame.columns)}",
                "it was fitted on arrays: their order counts, and the target's name is given by --target",
                SAMPLE,
            )
        return frame
    for name in names:
        if name not in frame.columns:
            hint = errors.did_you_mean(name, map(str, frame.columns))
            raise errors.DataError(f"the sample has no column {name!r}", hint, SAMPLE)
    return frame[names]


def _guessed(model: Any, context: Context) -> Sample:
    """Return a row of zeros: names as the model knows them, and nobody knows the types."""
    names, count = strangers.takes(model)
    if names is None and count is None:
        raise errors.DataError(
            "the model does not tell what columns it takes", "a sample does", SAMPLE
        )
    if names is None:
        names = [f"x{place}" for place in range(count or 0)]
        what = f"it was fitted on arrays: its columns are called {names[0]} to {names[-1]} and taken for numbers"
    else:
        what = "its columns are taken for numbers without gaps"
    context.warn(f"without a sample, {what}", SAMPLE)
    X = pd.DataFrame(0.0, index=[0], columns=names)
    return Sample(X, None, dict.fromkeys(X.columns, "number"), None, given=False)


def _pipeline(model: Any, X: pd.DataFrame) -> Pipeline:
    """Return a pipeline that takes tables: in front of a model that knows arrays only, one that makes them.

    A model that was fitted on arrays has its columns picked by name, in the order of the sample.
    """
    if strangers.takes(model)[0] is not None:
        return model if isinstance(model, Pipeline) else _joined("passthrough", model)
    names = list(map(str, X.columns))
    return _joined(ColumnTransformer([("columns", "passthrough", names)]).fit(X), model)


def _joined(first: Any, model: Any) -> Pipeline:
    return Pipeline([("prepare", first), ("model", model)])


def _try(pipeline: Pipeline, sample: Sample, spec: ImportModelSpec) -> None:
    """Predict the sample once: what fails here would fail in every evaluation and endpoint."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            calls = np.asarray(pipeline.predict(sample.X))
            proba = pipeline.predict_proba(sample.X) if hasattr(pipeline, "predict_proba") else None
    except Exception as error:  # a stranger's model fails as it likes
        said = str(error).strip().partition("\n")[0]
        what = (
            "the model does not take the sample"
            if sample.given
            else "the model does not take numbers"
        )
        hint = said if sample.given else f"nothing tells the types of its columns: {said}"
        raise errors.DataError(what, hint, SAMPLE) from error
    if calls.ndim != 1 or len(calls) != len(sample.X) or isinstance(proba, list):
        raise errors.DataError(
            "the model predicts several targets at once",
            "one is measured and served",
            f"fit it on one target: {spec.target}",
        )


def _scores(
    pipeline: Pipeline, task: str, classes: tuple[JSON, ...], sample: Sample
) -> tuple[Score, ...]:
    if sample.y is None:
        return ()
    y = sample.y
    strange = sorted({str(v) for v in pd.unique(y).tolist()} - set(map(str, classes)))
    if task == "classification" and strange:
        raise errors.DataError(
            f"the model does not know the class {strange[0]!r} of {str(y.name)!r}",
            "known: " + ", ".join(map(str, classes[:8])),
            "--target names the column it predicts",
        )
    if task == "regression" and not pd.api.types.is_numeric_dtype(y.dtype):
        raise errors.DataError(
            f"{str(y.name)!r} holds no numbers", "the model predicts numbers", "--target COLUMN"
        )
    metric = check_metric(DEFAULT[task])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        value = float(get_scorer(metric.scorer)(pipeline, sample.X, y))
    return (Score(metric=metric.name, value=value if math.isfinite(value) else None),)


# what is known of it -----------------------------------------------------------------------------
def _final(model: Any) -> Any:
    """Return the estimator that predicts: the last step of a pipeline."""
    while isinstance(model, Pipeline):
        model = model.steps[-1][1]
    return model


def _params(model: Any) -> dict[str, JSON]:
    """Return the parameters that are not scikit-learn's defaults and that JSON can hold."""
    try:
        usual = type(model)().get_params(deep=False)
    except TypeError:  # a model of models needs its parts
        usual = {}
    plain = (bool, int, float, str, type(None))
    found = {
        name: value.item() if isinstance(value, np.generic) else value
        for name, value in model.get_params(deep=False).items()
    }
    return {
        name: value
        for name, value in found.items()
        if isinstance(value, plain) and (name not in usual or value != usual[name])
    }


def snake(name: str) -> str:
    """Return what we call a class of scikit-learn's: ``RandomForestClassifier`` is random_forest."""
    bare = re.sub(r"(?<=.)(Classifier|Regressor)$", "", name)
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", bare).lower()
