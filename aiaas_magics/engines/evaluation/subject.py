"""The model that is evaluated, the rows it is measured on, and what it makes of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pandas as pd
from sklearn.dummy import DummyClassifier, DummyRegressor

from aiaas_magics import errors, specs
from aiaas_magics.engines import coding, data, expecting, learning, measuring, prepare, recipe
from aiaas_magics.engines.context import Context
from aiaas_magics.engines.models import artefacts
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.records import ModelInfo

BLOCK = 100_000
"""Rows predicted at once: a larger table is told how far it is, and needs no memory for all at once."""
NEEDED = ("target", "test", "data")
"""What a spec holds from which the rows of a training can be made again."""


class Subject(NamedTuple):
    """A model and the rows it is measured on.

    ``known`` is the target of the rows its baseline learns from; ``task`` what the model learned, None
    where nothing is known of that.
    """

    info: ModelInfo
    pipeline: Any
    X: pd.DataFrame
    y: pd.Series
    known: pd.Series
    shown: str
    task: learning.Task | None
    held_out: bool = False
    """Whether the rows are those its own training held out."""
    weights: np.ndarray | None = None
    """How much each row counts where the model's line learns anew from them."""

    def groups(self) -> np.ndarray | None:
        """Return the number of each row's group, where whole groups were held out."""
        if not self.held_out or self.task is None or self.task.split != "group":
            return None
        by = self.task.by
        return None if by is None else pd.factorize(by.loc[self.X.index])[0]

    def roles(self) -> dict[str, str]:
        """Return what kind each feature is: as it was learned, else found out."""
        if self.task is not None:
            return self.task.roles
        return data.roles(self.X, ())


def load(model: str, other: str | None, context: Context, schema: str = "warn") -> Subject:
    """Return a model with its held-out rows, or with other rows.

    Raises
    ------
    DataError
        If there are no held-out rows, or the other rows do not fit the model.
    """
    info, folder = context.model(model)
    task = learned(info, context)
    if other is not None:
        X, y = rows_of(other, info, context, schema)
        known = y if task is None else learning.training_rows(task)[1]
        if task is None:
            context.warn(
                f"the simplest guess knows these very rows: those {info.ref} learned from are not here"
            )
        else:
            _tell_seen(X, y, *learning.training_rows(task), info, context)
        shown = "the given table" if other.startswith("sha256:") else other
        return Subject(info, artefacts.load(folder), X, y, known, shown, task)
    if task is None:
        raise errors.DataError(
            f"{info.ref} was imported: it has no held-out rows",
            "name rows it has not learned from, with the column it predicts",
            f"%aiaas_evaluate {info.name} test_rows",
        )
    if not len(task.test):
        raise errors.DataError(
            f"{info.ref} was trained on all rows",
            "there are no held-out rows to measure it on",
            f"%aiaas_evaluate {info.name} other_data, or --cv 5",
        )
    X, y = task.X.iloc[task.test], task.y.iloc[task.test]
    shown = f"held-out rows of {_table(info)}"
    return Subject(
        info, artefacts.load(folder), X, y, task.y.iloc[task.train], shown, task, held_out=True
    )


def remade(model: str, option: str, context: Context) -> Subject:
    """Return a model with all rows it was made of, for questions that learn anew.

    Raises
    ------
    DataError
        If nothing is known of them.
    """
    info, folder = context.model(model)
    task = learned(info, context)
    if task is None:
        raise errors.DataError(
            f"{info.ref} was imported: {option} cannot learn anew",
            "it needs the rows and the line the model was made of",
            f"%aiaas_evaluate {info.name} test_rows",
        )
    shown = f"all rows of {_table(info)}"
    return Subject(
        info, artefacts.load(folder), task.X, task.y, task.y, shown, task, weights=task.weights
    )


def _table(info: ModelInfo) -> str:
    return info.lineage.data_ref or "its table"


def learned(info: ModelInfo, context: Context) -> learning.Task | None:
    """Return the task the model learned, made again from its lineage; None where that tells none."""
    lineage = info.lineage
    if not lineage.data or any(name not in lineage.spec for name in NEEDED):
        return None
    spec = msgspec.convert(lineage.spec, specs.spec_type(str(lineage.spec["kind"])))
    frame = data.simple(context.frame(lineage.data))
    table = data.Table(frame, recipe.steps_of(lineage.steps), lineage.roles, None, lineage.data)
    return learning.task_of(table, spec, _Silent(context))  # type: ignore[arg-type]


class _Silent:
    """A context whose warnings were told when the model was trained."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def warn(self, text: str, try_: str = "") -> None:
        """Say nothing."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)


def _tell_seen(
    X: pd.DataFrame,
    y: pd.Series,
    known_X: pd.DataFrame,
    known_y: pd.Series,
    info: ModelInfo,
    context: Context,
) -> None:
    """Warn where most of the given rows are among those the model learned from."""
    count = int(seen(X, y, known_X, known_y).sum())
    if count > len(X) / 2:
        context.warn(
            f"{count:,} of {len(X):,} rows are among those {info.ref} learned from: the scores flatter",
            f"%aiaas_evaluate {info.name}",
        )


def seen(X: pd.DataFrame, y: pd.Series, known_X: pd.DataFrame, known_y: pd.Series) -> np.ndarray:
    """Return which rows are among the known ones, value by value in the columns both have."""
    names = [name for name in X.columns if name in known_X.columns]
    target = str(known_y.name)
    given, known = (
        pd.util.hash_pandas_object(frame[names].assign(**{target: truth}), index=False)
        for frame, truth in ((X, y), (known_X, known_y))
    )
    found: np.ndarray = given.isin(known).to_numpy()
    return found


def rows_of(
    ref: str, info: ModelInfo, context: Context, schema: str = "warn"
) -> tuple[pd.DataFrame, pd.Series]:
    """Return features and target of other data, as the model takes them and its schema lets them."""
    table = data.load(ref, context)
    frame = prepare.rows(table.frame, table.steps, table.roles)
    frame = coding.answerable(frame, recipe.steps_of(info.lineage.steps), info.target, context)
    free = {n for n, _ in info.signature.inputs} - {*info.signature.required}
    absent = {n for n in free if schema == "fix" and n not in frame}
    X, y = _features(frame, info, "DATA" if table.info is None else table.info.name, absent)
    X, notes = expecting.kept(X, info, schema)
    shown = table.info.ref if table.info else "DATA"
    against = f" --against {info.lineage.data_ref}" if info.lineage.data_ref else ""
    for note in notes:
        context.warn(note.sentence(), f"%aiaas_data check {shown}{against}")
    return _in_zones(X, info.signature.zones), y


def taken(frame: pd.DataFrame, info: ModelInfo, name: str) -> tuple[pd.DataFrame, pd.Series]:
    """Return features and target of a table as a model takes them; `name` is what the table is called.

    Raises
    ------
    DataError
        If a column is not there, has gaps the model does not take, or holds classes it does not know.
    """
    frame = coding.answerable(frame, recipe.steps_of(info.lineage.steps), info.target)
    X, y = _features(frame, info, name)
    return _in_zones(X, info.signature.zones), y


def _features(
    frame: pd.DataFrame, info: ModelInfo, name: str, absent: Collection[str] = ()
) -> tuple[pd.DataFrame, pd.Series]:
    names = [column for column, _ in info.signature.inputs if column not in absent]
    for column in (*names, info.target):
        if column not in frame.columns:
            raise errors.DataError(
                f"no column {column!r}",
                errors.did_you_mean(column, map(str, frame.columns)),
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
    for column in info.signature.required:
        if X[column].isna().any():
            raise errors.DataError(
                f"column {column!r} has missing values",
                "the model was trained without gaps there",
                f"%aiaas_prepare {name} --dropna --as whole",
            )
    if info.task == "classification":
        y = as_classes(y, info.signature.classes)
    return X, y


def as_classes(y: pd.Series, classes: Sequence[JSON]) -> pd.Series:
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


def outcome(
    model: Any,
    X: pd.DataFrame,
    y: pd.Series,
    info: ModelInfo,
    tell: Callable[[int], None] | None = None,
) -> measuring.Outcome:
    """Return a model's predictions beside the truth, told every `BLOCK` rows.

    Where an estimator does not know all classes (a fold without a rare one) their probability is 0.
    """
    classes = np.array(info.signature.classes) if info.task == "classification" else None
    calls, probas = [], []
    gives = classes is not None and hasattr(model, "predict_proba")
    for start in range(0, max(len(X), 1), BLOCK):
        block = X.iloc[start : start + BLOCK]
        calls.append(np.asarray(model.predict(block)))
        if gives and classes is not None:
            probas.append(_of_all(model.predict_proba(block), model.classes_, classes))
        if tell is not None:
            tell(start + len(block))
    made = np.concatenate(calls)
    if classes is None:
        return measuring.Outcome(y.to_numpy("float64"), made.astype("float64"), None, 0)
    truth = np.searchsorted(classes, y.to_numpy(classes.dtype))
    proba = np.concatenate(probas) if gives else None
    return measuring.Outcome(
        truth, np.searchsorted(classes, made.astype(classes.dtype)), proba, len(classes)
    )


def _of_all(proba: np.ndarray, known: np.ndarray, classes: np.ndarray) -> np.ndarray:
    if proba.shape[1] == len(classes):
        return proba
    whole = np.zeros((len(proba), len(classes)))
    whole[:, np.searchsorted(classes, known.astype(classes.dtype))] = proba
    return whole


def baseline(task: str, known: pd.Series) -> Any:
    """Return the simplest guess, learned from a target: the most frequent class, or the mean."""
    nothing = np.zeros((len(known), 1))
    if task == "regression":
        return DummyRegressor(strategy="mean").fit(nothing, known)
    return DummyClassifier(strategy="prior").fit(nothing, known)
