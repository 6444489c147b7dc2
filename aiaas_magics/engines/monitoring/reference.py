"""The reference of a version: how its features and answers were distributed before anybody asked the endpoint.

Features come from all rows the model was made of. Answers come from the rows it did not learn from: of those it learned
from it is too sure, and an endpoint would be said to drift from the first request on.
"""

from __future__ import annotations

import contextlib
import os
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import numpy as np
import pandas as pd

from aiaas_magics import errors
from aiaas_magics.engines import learning, measuring
from aiaas_magics.engines.evaluation import subject
from aiaas_magics.engines.models import artefacts
from aiaas_magics.gauges.binning import Binning
from aiaas_magics.specs.base import decode, encode
from aiaas_magics.specs.records import ModelInfo
from aiaas_magics.specs.reference import FILE, HASHES, Reference, Series
from aiaas_magics.specs.schema import MOST_VALUES, Rule, Schema

if TYPE_CHECKING:
    from aiaas_magics.engines.context import Context

Array = np.ndarray[Any, Any]
MOST_ROWS = 50_000
"""Rows the features' reference is made of: the test's power grows no more beyond."""
MOST_ANSWERED = 5_000
"""Held-out rows the answers' reference is made of: the model is asked about them."""
MOST_CELLS, FEWEST_CELLS, CELLS = 64, 8, 20_000
"""Cells of a number: `CELLS` shared by all columns, within bounds. With 64 the KS distance is at most 1/64 too small."""
SURE = tuple(i / 20 for i in range(1, 20))
"""Edges of probabilities where nothing is known of them."""


def ensure(build: Path, info: ModelInfo, folder: Path, context: Context) -> None:
    """Make a model's reference if its build has none; where that cannot be, warn: the endpoint serves without.

    Parameters
    ----------
    build, folder
        Of the build, and of the model, its seal checked.
    """
    with contextlib.suppress(OSError, errors.SpecError):
        decode((build / FILE).read_bytes(), Reference)
        return
    try:
        write(build, info, artefacts.load(folder), context)
    except (errors.AiaasError, KeyError, ValueError) as error:
        said = error.what if isinstance(error, errors.AiaasError) else str(error)
        context.warn(
            f"nothing is known of the rows {info.ref} was made of, so drift is not told: {said}"
        )


def write(folder: Path, info: ModelInfo, pipeline: Any, context: Context) -> Reference:
    """Make a version's reference and write it into its build's folder, whole or not at all."""
    made = make(info, pipeline, context)
    draft = folder / f".{FILE}.{os.getpid()}"
    draft.write_bytes(encode(made))
    draft.replace(folder / FILE)
    return made


def make(info: ModelInfo, pipeline: Any, context: Context) -> Reference:
    """Return a version's reference.

    Parameters
    ----------
    pipeline
        The fitted model, asked about rows it did not learn from where there are any.
    """
    task = subject.learned(info, context)
    names = [name for name, _ in info.signature.inputs]
    X = context.frame(info.lineage.data)[names] if task is None else task.X[names]
    signature = info.signature
    rules = Schema(signature.inputs, signature.required, signature.expects).rules
    few = _some(X, MOST_ROWS)
    features = tuple(_series(few[rule.name], rule, len(names)) for rule in rules)
    codes = np.column_stack(
        [coded(few[series.name], series) for series in features] or [np.zeros((len(few), 0))]
    )
    answers, answered, basis, scores = _answers(info, pipeline, task)
    bare = Reference(
        model=info.ref, task=info.task, rows=len(few), features=features, answers=answers, basis=basis, scores=scores,
    )  # fmt: skip
    return _counted(bare, codes, answered)


def _some(frame: pd.DataFrame, most: int) -> pd.DataFrame:
    return frame if len(frame) <= most else frame.sample(most, random_state=0)


def _counted(bare: Reference, features: Array, answers: Array | None) -> Reference:
    """Return a reference with the counts of coded rows; of answers none where there are none."""
    nothing = np.full((len(features), len(bare.answers)), np.nan)
    binning = Binning(bare)
    told = binning.count(np.concatenate([features, nothing], axis=1))
    found = [_with(binning, told, i) for i in range(len(bare.features))]
    if answers is None:
        return msgspec.structs.replace(bare, features=tuple(found))
    nothing = np.full((len(answers), len(bare.features)), np.nan)
    told = binning.count(np.concatenate([nothing, answers], axis=1))
    first = len(bare.features)
    made = [_with(binning, told, first + i) for i in range(len(bare.answers))]
    return msgspec.structs.replace(bare, features=tuple(found), answers=tuple(made))


def _with(binning: Binning, told: Array, number: int) -> Series:
    counts, extras = binning.part(told, number)
    series = binning.reference.series[number]
    return msgspec.structs.replace(series, counts=tuple(counts.tolist()), missing=extras["missing"])


# features -----------------------------------------------------------------------------------------
def _series(column: pd.Series, rule: Rule, columns: int) -> Series:
    if rule.kind == "boolean":
        return Series(name=rule.name, kind="category", values=(False, True))
    if rule.kind == "string":
        counts = column.dropna().astype("str").value_counts()
        if len(counts) > min(MOST_VALUES, max(2, len(column) // 2)):
            return Series(name=rule.name, kind="text")
        return Series(name=rule.name, kind="category", values=tuple(sorted(counts.index)))
    kind: Literal["date", "number"] = "date" if rule.kind == "datetime" else "number"
    most = max(FEWEST_CELLS, min(MOST_CELLS, CELLS // max(columns, 1)))
    edges = edges_of(as_numbers(column), most)
    return Series(name=rule.name, kind=kind, edges=edges, low=rule.low, high=rule.high)


def edges_of(values: Array, most: int) -> tuple[float, ...]:
    """Return the edges of at most `most` cells: all values where they are few, else quantiles that are values."""
    known = values[np.isfinite(values)]
    if not len(known):
        return ()
    distinct = np.unique(known)
    if len(distinct) > most:
        shares = np.linspace(0, 1, most + 1)[1:]
        distinct = np.unique(np.quantile(known, shares, method="inverted_cdf"))
    return tuple(distinct.tolist())


def as_numbers(column: pd.Series) -> Array:
    """Return a column of numbers or dates as float64; a date is the seconds its clock shows since 1970."""
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        plain = column.dt.tz_localize(None) if column.dt.tz is not None else column
        seconds = plain.to_numpy().astype("datetime64[us]").astype("float64") / 1e6
        return np.where(plain.isna().to_numpy(), np.nan, seconds)
    return column.to_numpy("float64", na_value=np.nan)


def coded(column: pd.Series, series: Series) -> Array:
    """Return a column's codes: what :class:`aiaas_magics.gauges.binning.Binning` makes of the same values in a request."""
    if series.kind in ("number", "date"):
        return as_numbers(column)
    gaps = column.isna().to_numpy()
    if series.kind == "text":
        codes, texts = pd.factorize(column.astype("str"))
        known = np.array([zlib.crc32(t.encode(errors="surrogatepass")) % HASHES for t in texts])
        found = known[codes].astype("float64") if len(known) else np.zeros(len(column))
    else:
        places = {value: float(i) for i, value in enumerate(series.values)}
        plain = column.astype("str") if isinstance(series.values[0], str) else column
        found = plain.map(places).fillna(float(len(places))).to_numpy("float64")
    return np.where(gaps, np.nan, found)


# answers ------------------------------------------------------------------------------------------
def _answers(
    info: ModelInfo, pipeline: Any, task: learning.Task | None
) -> tuple[tuple[Series, ...], Array | None, str, dict[str, float]]:
    """Return the answers' series, the codes of those to held-out rows, which rows these are, and the scores on them."""
    held = task is not None and len(task.test) > 0
    if task is None or not held:
        return _shapes(info, None if task is None else task.y, None), None, "", {}
    places = task.test
    if len(places) > MOST_ANSWERED:
        places = np.random.default_rng(0).choice(places, MOST_ANSWERED, replace=False)
    X, y = task.X.iloc[places], task.y.iloc[places]
    outcome = subject.outcome(pipeline, X[[name for name, _ in info.signature.inputs]], y, info)
    scores = {
        s.metric: s.value
        for s in measuring.measure(outcome, info.task, repeats=1, confidence=0.95, seed=0)
    }
    known = {name: value for name, value in scores.items() if value is not None}
    codes = answered(outcome)
    return _shapes(info, y, codes), codes, f"{len(places):,} held-out rows", known


def answered(outcome: measuring.Outcome) -> Array:
    """Return the codes of answers whose classes are numbered already."""
    calls = outcome.calls.astype("float64")
    if not outcome.classes:
        return calls.reshape(-1, 1)
    proba = outcome.proba
    if proba is None:
        sure = np.full(len(calls), np.nan)
    else:
        sure = proba[:, 1] if proba.shape[1] == 2 else proba.max(axis=1)
    return np.column_stack([calls, sure])


def _shapes(info: ModelInfo, y: pd.Series | None, codes: Array | None) -> tuple[Series, ...]:
    """Return the answers' series, without counts; their edges are made of the answers, else of the target."""
    if info.task == "classification":
        sure = SURE if codes is None else edges_of(codes[:, 1], MOST_CELLS) or SURE
        labels = Series(name="prediction", kind="category", values=info.signature.classes)
        return labels, Series(name="probability", kind="number", edges=sure)
    if codes is not None:
        edges = edges_of(codes[:, 0], MOST_CELLS)
    else:
        edges = () if y is None else edges_of(y.to_numpy("float64"), MOST_CELLS)
    return (Series(name="prediction", kind="number", edges=edges),)
