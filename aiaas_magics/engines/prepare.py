"""Prepare: carry out a recipe, keep its result and the recipe itself.

Prepared data is its raw rows and a recipe; the table made here is for people to look at and to
export. A model takes the raw rows and carries the recipe's column steps (`transformer`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import pandas as pd
from sklearn.compose import ColumnTransformer

from aiaas_magics import errors, frames
from aiaas_magics.engines import chains, codetrial, data, profile
from aiaas_magics.engines.recipe import EXCEPT, rows, steps_of
from aiaas_magics.specs.prepare import Step
from aiaas_magics.specs.results import DataResult

if TYPE_CHECKING:
    from aiaas_magics.engines.context import Context
    from aiaas_magics.specs.prepare import PrepareSpec

__all__ = ["rows", "run", "steps_of", "transformer"]


def run(spec: PrepareSpec, context: Context) -> DataResult:
    """Carry out the steps on stored data and store the result, its raw rows and the recipe.

    Data that is prepared already keeps its raw rows; the steps are added to its recipe.

    Raises
    ------
    DataError
        If a step names a column that is not there or that it cannot work on, or no row is left.
    UserCodeError
        If code of the user's own raises, or cannot be repeated by a model.
    """
    whole = data.load(spec.data, context)
    context.progress(0, data.STAGES, "preparing")
    begun = codetrial.begin(whole, _without_target(spec.steps(), spec.target), spec.target, context)
    table, new = begun.table, begun.new
    _check_columns(spec, table)
    steps = (*table.steps, *new)
    raw = rows(table.frame, steps, table.roles)
    made = materialise(raw, steps, table.roles)
    address = context.save_frame(made.frame)
    result = data.describe(
        made.frame,
        made.roles,
        address=address,
        source=table.info.ref if table.info else "DataFrame",
        base=codetrial.base(begun, context),
        steps=(*begun.head, *steps),
        changes=(*begun.changes, *_changes(table, steps, raw, made)),
        tell=data.profiling(data.READ, made.frame.shape[1], context),
    )
    for place in range(len(table.steps), len(steps)):
        if steps[place].op not in chains.ROW_STEPS and not _touched(table, steps, place, raw, made):
            idle = f"{steps[place].op} {steps[place].method}".strip()
            context.warn(f"{idle} found no column it works on", "%aiaas_data show " + spec.data)
    info = context.save_data(spec.as_, result)
    context.progress(data.STAGES, data.STAGES, "done")
    return msgspec.structs.replace(result, ref=info.ref)


def _without_target(steps: Sequence[Step], target: str | None) -> tuple[Step, ...]:
    """Return the steps, none of which touches the target; it is kept with the kept columns."""
    if target is None:
        return tuple(steps)
    return tuple(
        msgspec.structs.replace(step, columns=tuple(dict.fromkeys((*step.columns, target))))
        if step.op == "keep"
        else step
        if step.op in chains.ROW_STEPS
        else msgspec.structs.replace(step, settings=step.settings | {EXCEPT: target})
        for step in steps
    )


def _check_columns(spec: PrepareSpec, table: data.Table) -> None:
    known = [str(name) for name in rows_kept(table)]
    made = {column.name for column in table.info.columns} if table.info else set()
    target = () if spec.target is None else (spec.target,)
    for name in (*spec.keep, *spec.drop, *spec.columns, *target):
        if name in known:
            continue
        hint = errors.did_you_mean(name, known)
        if name in made:
            hint = "an earlier step made it; steps name columns of the raw data"
        raise errors.DataError(f"no column {name!r} to prepare", hint)
    if spec.target is not None and spec.target in (*spec.drop, *spec.columns):
        raise errors.DataError(
            f"column {spec.target!r} is the target", "no step touches it", "leave out --target"
        )


def rows_kept(table: data.Table) -> pd.Index[Any]:
    """Return the raw columns that the recipe so far has kept."""
    chosen = [step for step in table.steps if step.op in ("keep", "drop")]
    return rows(table.frame.iloc[:0], chosen).columns


def transformer(
    steps: Sequence[Step],
    frame: pd.DataFrame,
    roles: Mapping[str, str],
    *,
    takes_missing: bool,
    takes_sparse: bool = True,
) -> Any:
    """Return the unfitted transformer from raw features to numbers.

    The recipe's column steps, then what its columns need to be numbers: categories one-hot, prose
    as TF-IDF, dates as their parts, and gaps filled where the estimator cannot take them.

    Parameters
    ----------
    steps
        The recipe; its row steps are ignored (see :func:`rows`), and columns that are not here too.
    frame
        The features of all rows, before they are split, without the target. Nothing is learned
        from them here but which columns have gaps.
    roles
        The role of each column, at least those of `frame`.
    takes_missing, takes_sparse
        What the estimator can be given.

    Returns
    -------
    ColumnTransformer or ``"passthrough"``
        The latter if there is nothing to do: the estimator takes `frame` itself.

    Raises
    ------
    DataError
        If a column has no value at all, or a step cannot work on it.
    """
    for name in frame.columns:
        chains.check_not_empty(frame[name], str(name))
    sparse = {"takes_missing": takes_missing, "takes_sparse": takes_sparse}
    parts = [
        (f"{chain.kind}_{place}", chains.finish(chain, frame[names], **sparse), names)
        for place, (chain, names) in enumerate(chains.grouped(frame, roles, steps).items())
    ]
    if all(isinstance(part, str) for _, part, _ in parts):
        return "passthrough"
    return ColumnTransformer(parts, sparse_threshold=0.3 if takes_sparse else 0.0)


def as_prepared(
    steps: Sequence[Step], frame: pd.DataFrame, roles: Mapping[str, str]
) -> ColumnTransformer | str:
    """Return the unfitted transformer from raw features to the table as it is prepared, columns by name.

    For estimators that make their own numbers: what no step touches comes as it is. ``"passthrough"`` if
    that is everything.
    """
    parts = [
        (f"{chain.kind}_{place}", chains.build(chain, frame[names]), names)
        for place, (chain, names) in enumerate(chains.grouped(frame, roles, steps).items())
    ]
    if all(isinstance(part, str) for _, part, _ in parts):
        return "passthrough"
    made: ColumnTransformer = ColumnTransformer(
        parts, sparse_threshold=0.0, verbose_feature_names_out=False
    ).set_output(transform="pandas")
    return made


class Made(msgspec.Struct):
    """A prepared table: the roles of its columns, and which of them each raw column became."""

    frame: pd.DataFrame
    roles: dict[str, str]
    became: dict[str, list[str]]


def materialise(raw: pd.DataFrame, steps: Sequence[Step], roles: Mapping[str, str]) -> Made:
    """Return the table that the column steps make of raw rows.

    Fitted on all rows: for looking and export, never for a model. What no step touches stays as
    it is.
    """
    found = {
        name: chains.chain(raw[name], name, roles[name], steps) for name in map(str, raw.columns)
    }
    pieces = [_piece(raw[[name]], chain, roles[name]) for name, chain in found.items()]
    names = [str(name) for piece in pieces for name in piece.columns]
    frames.check_names(names, "drop or rename one of them before the step that makes the other")
    frame = pd.concat(pieces, axis=1) if pieces else raw
    became = {n: list(map(str, p.columns)) for n, p in zip(found, pieces, strict=True)}
    kept = {name: roles[name] for name, chain in found.items() if chain.kind == roles[name]}
    return Made(frame, profile.roles(frame) | kept, became)


def _piece(column: pd.DataFrame, chain: chains.Chain, role: str) -> pd.DataFrame:
    """Return what became of one column, with the dtype it had where it is still of its kind."""
    transformer = chains.build(chain, column)
    if transformer != "passthrough":
        made: pd.DataFrame = transformer.set_output(transform="pandas").fit_transform(column)
    else:
        made = column
    if chain.kind != role or any(op.op == "scale" for op in chain.ops):
        return made
    if role == "boolean":  # with gaps it came as 0, 1 and NaN
        return made.astype("boolean" if made.isna().to_numpy().any() else bool)
    return made.astype(column.dtypes.iloc[0]) if role == "category" else made


def _changes(
    table: data.Table, steps: Sequence[Step], raw: pd.DataFrame, made: Made
) -> tuple[str, ...]:
    """Return a line for each step: what it changed."""
    return tuple(
        _row_change(table, steps, place)
        if step.op in chains.ROW_STEPS
        else _column_change(step, raw, made, _touched(table, steps, place, raw, made))
        for place, step in enumerate(steps)
    )


def _row_change(table: data.Table, steps: Sequence[Step], place: int) -> str:
    step = steps[place]
    if step.op == "drop":
        return f"drop: {_count(len(step.columns), 'column')} ({', '.join(step.columns)})"
    if step.op == "keep":
        return f"keep: {_count(len(step.columns), 'column')} of {table.frame.shape[1]}"
    before = len(rows(table.frame, steps[:place], table.roles))
    after = len(rows(table.frame, steps[: place + 1], table.roles))
    return f"dropna: {before - after:,} of {_count(before, 'row')} dropped"


def _touched(
    table: data.Table, steps: Sequence[Step], place: int, raw: pd.DataFrame, made: Made
) -> list[str]:
    """Return the columns whose chain grows by a step; a date is filled only as its parts."""

    def chain(name: str, count: int) -> chains.Chain:
        return chains.chain(raw[name], name, table.roles[name], steps[:count])

    return [
        name
        for name in map(str, raw.columns)
        if chain(name, place) != (after := chain(name, place + 1))
        and (not after.fills or made.became[name] != [name])
    ]


def _column_change(step: Step, raw: pd.DataFrame, made: Made, touched: Sequence[str]) -> str:
    count = _count(len(touched), "column")
    if step.op == "impute":
        gaps = int(raw[list(touched)].isna().to_numpy().sum())
        return f"impute {step.method}: {_count(gaps, 'gap')} in {count} filled"
    if step.op == "scale":
        return f"scale {step.method}: {count}{_range(made, touched)}"
    into = sum(len(made.became[name]) for name in touched)
    return f"{f'{step.op} {step.method}'.strip()}: {count} became {into:,}"


def _range(made: Made, touched: Sequence[str]) -> str:
    values = [made.frame[new] for name in touched for new in made.became[name]]
    if not values or not len(made.frame):
        return ""
    low, high = min(v.min() for v in values), max(v.max() for v in values)
    return f", now from {low:.3g} to {high:.3g}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
