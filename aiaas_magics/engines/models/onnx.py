"""ONNX: a pipeline in the language of other runtimes, and the gate it must pass.

A conversion can be silently wrong: with a column of time stamps (1.7e9) float32 changes the labels of a fifth of the
rows. So what was written is run at once, on the rows the model knows, and compared with scikit-learn's own answers.
"""

from __future__ import annotations

import copy
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import FeatureUnion, Pipeline

from aiaas_magics import errors
from aiaas_magics.engines import prepare, recipe
from aiaas_magics.predictors.onnx import runtime

if TYPE_CHECKING:
    from aiaas_magics.engines.context import Context
    from aiaas_magics.specs.records import ModelInfo

ROWS = 10_000
"""Rows compared at most: evenly spaced ones, and those with the ends of every column."""
CLOSE = 1e-4
"""How far a probability, or a value in units of the values' spread, may be off. A float32 holds 24 bits (6e-8);
sums over hundreds of trees or columns lose up to three digits of that, and wrong conversions are far beyond."""
PRECISIONS = ("float32", "float64")
"""Tried in this order: runtimes expect float32; float64 is right where numbers are large."""


MOST_SAID = 120
"""Characters of what a library says that are told: it lists whole trees."""


class Asked(NamedTuple):
    """Rows, and what scikit-learn answers to them."""

    X: pd.DataFrame
    calls: np.ndarray
    proba: np.ndarray | None


class Written(NamedTuple):
    """A converted model, and where it answers otherwise."""

    body: bytes
    precision: str
    wrong: int
    off: float
    """The largest difference of a probability or value."""


def write(info: ModelInfo, pipeline: Pipeline, path: Path, context: Context) -> str:
    """Write a pipeline as ONNX and return what was compared, in words.

    Raises
    ------
    MissingLibrary
        If skl2onnx or onnxruntime is not installed.
    DataError
        If a step cannot be converted, or the result answers otherwise in every precision.
    """
    _check_installed()
    simple = _simplified(pipeline)
    _check_steps(simple, info)
    asked = _asked(pipeline, info, context)
    tried, failed = [], []
    for precision in PRECISIONS:
        try:
            found = _tried(simple, info, asked, precision)
        except Exception as error:  # noqa: BLE001 - both libraries fail in many ways
            failed.append(error)
            continue
        tried.append(found)
        if not found.wrong:
            path.write_bytes(found.body)
            return _said(found, asked, info.task)
    if not tried:
        said = " ".join(str(failed[0]).split())[:MOST_SAID]
        raise _unable(info, _culprit(simple), said) from failed[0]
    raise _differs(min(tried, key=lambda each: each.wrong), asked, info)


def _check_installed() -> None:
    for name in ("skl2onnx", "onnxruntime"):
        try:
            __import__(name)
        except ImportError as error:
            raise errors.MissingLibrary(
                f"{name} is not installed", "ONNX needs it", f"%pip install {name}"
            ) from error


# what is converted -------------------------------------------------------------------------------
def _simplified(pipeline: Pipeline) -> Pipeline:
    """Return the pipeline without what does nothing there, and what the converter does not know.

    Steps that pass through, and those that fill gaps in texts: ONNX has no text that is missing.
    """
    found = _simple(copy.deepcopy(pipeline))
    return found if isinstance(found, Pipeline) else Pipeline([("model", found)])


def _simple(found: Any) -> Any:
    if isinstance(found, Pipeline):
        steps = [(name, _simple(step)) for name, step in found.steps]
        steps = [step for step in steps if step[1] not in (None, "passthrough")]
        if len(steps) < 2:
            return steps[0][1] if steps else "passthrough"
        found.steps = steps
    elif isinstance(found, ColumnTransformer):
        parts = [(name, _simple(part), columns) for name, part, columns in found.transformers_]
        found.transformers_ = parts
    elif isinstance(found, SimpleImputer) and found.statistics_.dtype == object:
        return "passthrough"
    return found


def _check_steps(pipeline: Pipeline, info: ModelInfo) -> None:
    """Refuse a part that has no converter, by its name."""
    from skl2onnx._supported_operators import sklearn_operator_name_map as known

    for name, part in _parts("", pipeline):
        if type(part) not in known and not isinstance(
            part, Pipeline | FeatureUnion | ColumnTransformer
        ):
            raise _unable(
                info, f"step {name!r} is a {type(part).__name__}", "ONNX has no such operation"
            )


def _parts(name: str, found: Any) -> Iterator[tuple[str, Any]]:
    """Yield the estimators a pipeline consists of, and what each is called."""
    inner: list[tuple[str, Any]] = []
    if isinstance(found, Pipeline):
        inner = list(found.steps)
    elif isinstance(found, ColumnTransformer):
        inner = [(each[0], each[1]) for each in found.transformers_]
    elif isinstance(found, FeatureUnion):
        inner = list(found.transformer_list)
    if isinstance(found, BaseEstimator):
        yield name, found
    for each, part in inner:
        yield from _parts(each, part)


def _converted(pipeline: Pipeline, info: ModelInfo, precision: str) -> bytes:
    from skl2onnx import convert_sklearn
    from skl2onnx.common import data_types as types

    number = types.FloatTensorType if precision == "float32" else types.DoubleTensorType
    inputs = info.signature.inputs
    if _by_column(pipeline):
        known = {"string": types.StringTensorType}
        wanted = [(name, known.get(kind, number)([None, 1])) for name, kind in inputs]
    else:
        wanted = [("X", number([None, len(inputs)]))]
    options = {"zipmap": False} if info.task == "classification" else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.getLogger("skl2onnx").setLevel(logging.ERROR)
        made = convert_sklearn(pipeline, info.name, wanted, options=options, doc_string=info.ref)
    return bytes(made.SerializeToString())


def _by_column(pipeline: Pipeline) -> bool:
    """Tell whether the model picks columns by name: then each is an input, else all are one."""
    return isinstance(pipeline.steps[0][1], ColumnTransformer)


# the gate ----------------------------------------------------------------------------------------
def _asked(pipeline: Pipeline, info: ModelInfo, context: Context) -> Asked:
    frame = context.frame(info.lineage.data)
    frame = prepare.rows(frame, recipe.steps_of(info.lineage.steps), info.lineage.roles)
    X = frame[[name for name, _ in info.signature.inputs]]
    X = _few(X[X[list(info.signature.required)].notna().all(axis=1)].reset_index(drop=True))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        calls = np.asarray(pipeline.predict(X))
        proba = pipeline.predict_proba(X) if hasattr(pipeline, "predict_proba") else None
    return Asked(X, calls, proba)


def _few(X: pd.DataFrame) -> pd.DataFrame:
    """Return rows that stand for all: evenly spaced ones, and the ends of each column of numbers."""
    if len(X) <= ROWS:
        return X
    numbers = X.select_dtypes("number")
    ends = {
        int(place) for name in numbers for place in (numbers[name].argmin(), numbers[name].argmax())
    }
    even = set(np.linspace(0, len(X) - 1, ROWS).astype(int).tolist())
    return X.iloc[sorted(ends | even)].reset_index(drop=True)


def _tried(pipeline: Pipeline, info: ModelInfo, asked: Asked, precision: str) -> Written:
    """Convert and compare."""
    body = _converted(pipeline, info, precision)
    answer = _run(body, pipeline, info, asked.X, precision)
    return Written(body, precision, *_differences(answer, asked, info))


def _culprit(pipeline: Pipeline) -> str:
    """Name the step that cannot be converted: the last one if it cannot alone, else one before it."""
    from skl2onnx import to_onnx

    *before, (name, model) = pipeline.steps
    alone = f"step {name!r} is a {type(model).__name__}"
    if not before:
        return alone
    try:
        to_onnx(model, np.zeros((1, model.n_features_in_), "float32"))
    except Exception:  # noqa: BLE001 - it fails in many ways
        return alone
    return f"step {before[-1][0]!r} has a part that skl2onnx does not convert"


def _run(
    body: bytes, pipeline: Pipeline, info: ModelInfo, X: pd.DataFrame, precision: str
) -> list[Any]:
    session = runtime().InferenceSession(body, providers=["CPUExecutionProvider"])
    if not _by_column(pipeline):
        return list(session.run(None, {"X": X.to_numpy(precision)}))
    feed = {
        name: X[[name]].to_numpy(object if kind == "string" else precision)
        for name, kind in info.signature.inputs
    }
    return list(session.run(None, feed))


def _differences(answer: list[Any], asked: Asked, info: ModelInfo) -> tuple[int, float]:
    """Return on how many rows the answers differ, and the largest difference of a number."""
    calls = np.asarray(answer[0]).ravel()
    if info.task == "regression":
        spread = float(np.std(asked.calls)) or float(np.abs(asked.calls).max()) or 1.0
        gaps = np.abs(calls.astype("float64") - asked.calls) / spread
        return _count(~(gaps <= CLOSE)), float(np.max(gaps, initial=0.0))
    differs = calls.astype(str) != asked.calls.astype(str)
    if asked.proba is None:
        return _count(differs), 0.0
    gaps = np.abs(np.asarray(answer[1], "float64") - asked.proba).max(axis=1)
    return _count(differs | ~(gaps <= CLOSE)), float(np.max(gaps, initial=0.0))


def _count(rows: np.ndarray) -> int:
    return int(np.count_nonzero(rows))


# what is said ------------------------------------------------------------------------------------
def _said(found: Written, asked: Asked, task: str) -> str:
    what = f"values within {CLOSE:g} of their spread"
    if task == "classification":
        what = "labels equal" + (
            f" and probabilities within {CLOSE:g}" if asked.proba is not None else ""
        )
    return f"run by onnxruntime on {len(asked.X):,} rows, in {found.precision}: {what}"


def _differs(found: Written, asked: Asked, info: ModelInfo) -> errors.DataError:
    return errors.DataError(
        f"{info.ref} is not written as ONNX: it answers otherwise on {found.wrong:,} of {len(asked.X):,} rows",
        f"in {found.precision} its numbers are off by up to {found.off:.2g}, {CLOSE:g} is allowed"
        if found.off > CLOSE
        else f"in {found.precision} its labels differ although its probabilities do not",
        f"%aiaas_models export {info.name} {info.name}.skops",
    )


def _unable(info: ModelInfo, what: str, hint: str) -> errors.DataError:
    return errors.DataError(
        f"{info.ref} cannot be written as ONNX: {what}",
        hint,
        f"%aiaas_models export {info.name} {info.name}.skops",
    )
