"""Prepare: carry out a recipe, keep its result and the recipe itself.

Prepared data is its raw rows and a recipe; the table made here is for people to look at and to
export. A model takes the raw rows and carries the recipe's column steps (`transformer`).
"""

from __future__ import annotations

import contextlib
import fnmatch
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import pandas as pd
from sklearn.compose import ColumnTransformer

from aiaas_magics import errors
from aiaas_magics.engines import (
    building,
    chains,
    changes,
    codetrial,
    coding,
    data,
    deciding,
    targets,
)
from aiaas_magics.engines import materialise as materialising
from aiaas_magics.engines.encoders import Columns
from aiaas_magics.engines.materialise import materialise
from aiaas_magics.engines.recipe import EXCEPT, ROW_STEPS, fixed, rows, steps_of
from aiaas_magics.specs.prepare import Step
from aiaas_magics.specs.refs import is_digest
from aiaas_magics.specs.results import DataResult

if TYPE_CHECKING:
    from aiaas_magics.engines.context import Context
    from aiaas_magics.specs.prepare import PrepareSpec

__all__ = ["rows", "run", "steps_of", "transformer"]


def run(spec: PrepareSpec, context: Context) -> DataResult:
    """Carry out the steps on stored data and store the result, its raw rows and the recipe.

    Data that is prepared already keeps its raw rows; the steps are added to its recipe. A preview
    stores nothing.

    Raises
    ------
    DataError
        If a step names a column that is not there or that it cannot work on, or no row is left.
    UserCodeError
        If code of the user's own raises, or cannot be repeated by a model.
    """
    context.progress(0, data.STAGES, "preparing")
    begun = codetrial.begin(data.load(spec.data, context), spec.code, spec.target, context)
    table = begun.table
    spec = _spelled_out(spec, table)
    _check_columns(spec, table)
    asked = _without_target(coding.divided(spec.steps())[1], spec.target)
    there = rows_kept(table, asked)
    new = deciding.decided(
        asked, table.steps, table.frame[there], table.roles, spec.target, context
    )
    steps = (*table.steps, *new)
    raw = rows(table.frame, steps, table.roles)
    with _telling(context):
        made = materialise(raw, steps, table.roles, _target(raw, steps, spec.target))
    if not made.frame.shape[1]:
        raise errors.DataError("the steps leave no column", "a table has columns", "--keep COLUMN")
    result = data.describe(
        made.frame,
        made.roles,
        address="" if spec.preview else context.save_frame(made.frame),
        source=table.info.ref if table.info else "DataFrame",
        base=table.address if spec.preview else codetrial.base(begun, new, context),
        steps=(*begun.head, *steps),
        changes=(*begun.changes, *changes.changes(table, steps, made)),
        tell=data.profiling(data.READ, made.frame.shape[1], context),
        cores=context.cores,
    )
    stored = "" if is_digest(spec.data) else f"%aiaas_data show {spec.data}"
    for place in range(len(table.steps), len(steps)):
        idle = steps[place].op not in (*ROW_STEPS, "texts") and not made.touched.get(place)
        if idle:
            context.warn(f"{steps[place].words} found no column it works on", stored)
    if any(step.op == "impute" for step in new):
        _tell_gaps(made.frame, spec, context)
    if not spec.preview:
        info = context.save_data(spec.as_, result)
        result = msgspec.structs.replace(result, ref=info.ref)
    context.progress(data.STAGES, data.STAGES, "done")
    return result


def _tell_gaps(frame: pd.DataFrame, spec: PrepareSpec, context: Context) -> None:
    """Say which columns still have gaps: a mean fills no text, and a word no numbers."""
    asked = spec.columns or [name for name in frame.columns if name != spec.target]
    left = {str(n): int(frame[n].isna().sum()) for n in asked if n in frame.columns}
    left = {name: gaps for name, gaps in left.items() if gaps}
    if left:
        names = ", ".join(map(repr, list(left)[:5])) + ", ..." * (len(left) > 5)
        context.warn(
            f"impute leaves {changes.count(sum(left.values()), 'gap')} in {names}: "
            f"--impute {spec.impute} does not fill such columns"
        )


@contextlib.contextmanager
def _telling(context: Context) -> Iterator[None]:
    """Turn what scikit-learn warns of into our warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for text in dict.fromkeys(str(each.message).strip().split("\n")[0] for each in caught):
        context.warn(text)


def _target(
    raw: pd.DataFrame, steps: Sequence[Step], target: str | None
) -> materialising.Target | None:
    """Return what some steps learn from: the target named now, or when they were asked for."""
    earlier = [step.settings[EXCEPT] for step in steps if EXCEPT in step.settings]
    name = target or next((str(each) for each in reversed(earlier)), None)
    if name is None or name not in raw.columns:
        return None
    values = fixed(raw[[name]], steps)[name]
    return materialising.Target(values, targets.guess(values.dropna()))


def _without_target(steps: Sequence[Step], target: str | None) -> tuple[Step, ...]:
    """Return the steps, none of which touches the target; it is kept with the kept columns."""
    if target is None:
        return tuple(steps)
    return tuple(
        msgspec.structs.replace(step, columns=tuple(dict.fromkeys((*step.columns, target))))
        if step.op == "keep"
        else step
        if step.op in (*ROW_STEPS, "fix")
        else msgspec.structs.replace(step, settings=step.settings | {EXCEPT: target})
        for step in steps
    )


def _spelled_out(spec: PrepareSpec, table: data.Table) -> PrepareSpec:
    """Return the spec with the columns that its patterns stand for: ``x_*``.

    Raises
    ------
    DataError
        If a pattern fits no column.
    """
    known = [str(name) for name in rows_kept(table)]
    chosen = {
        option: tuple(dict.fromkeys(
            name for word in getattr(spec, option) for name in _fitting(word, known, spec.target)
        ))
        for option in ("keep", "drop", "texts", "columns")
    }  # fmt: skip
    return msgspec.structs.replace(spec, **chosen)


def _fitting(word: str, known: Sequence[str], target: str | None) -> list[str]:
    if word in known or not set(word) & set("*?["):
        return [word]
    found = [name for name in known if fnmatch.fnmatchcase(name, word) and name != target]
    if not found:
        raise errors.DataError(
            f"no column fits {word!r}", "there is " + ", ".join(known[:8]), "%aiaas_data show NAME"
        )
    return found


def _check_columns(spec: PrepareSpec, table: data.Table) -> None:
    known = [str(name) for name in rows_kept(table)]
    made = {column.name for column in table.info.columns} if table.info else set()
    target = () if spec.target is None else (spec.target,)
    for name in (*spec.keep, *spec.drop, *spec.columns, *spec.texts, *target):
        if name in known:
            continue
        hint = errors.did_you_mean(name, known)
        if name in made:
            hint = "an earlier step made it; steps name columns of the raw data"
        raise errors.DataError(f"no column {name!r} to prepare", hint)
    if spec.target is not None and spec.target in (*spec.drop, *spec.columns, *spec.texts):
        raise errors.DataError(
            f"column {spec.target!r} is the target", "no step touches it", "leave out --target"
        )


def rows_kept(table: data.Table, more: Sequence[Step] = ()) -> pd.Index[Any]:
    """Return the raw columns that the recipe so far, and more steps, have kept."""
    chosen = [step for step in (*table.steps, *more) if step.op in ("keep", "drop")]
    return rows(table.frame.iloc[:0], chosen).columns


def transformer(
    steps: Sequence[Step],
    frame: pd.DataFrame,
    roles: Mapping[str, str],
    *,
    takes_missing: bool,
    takes_sparse: bool = True,
    task: str = "classification",
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
    task
        ``classification`` or ``regression``: what steps that learn from the target are to expect.

    Returns
    -------
    ColumnTransformer, Pipeline or ``"passthrough"``
        The latter if there is nothing to do: the estimator takes `frame` itself.

    Raises
    ------
    DataError
        If a column has no value at all, or a step cannot work on it.
    """
    for name in frame.columns:
        chains.check_not_empty(frame[name], str(name))
    takes: dict[str, Any] = {"takes_missing": takes_missing, "takes_sparse": takes_sparse}
    found = chains.grouped(frame, roles, steps)
    seen = fixed(frame, steps)
    choosing = [step for step in steps if step.op == "select"]
    materialising.check_choosable(seen, found, choosing)
    parts = [
        (f"{chain.kind}_{place}", building.finish(chain, seen[names], **takes, task=task), names)
        for place, (chain, names) in enumerate(found.items())
    ]
    for chain, names in found.items():
        gaps = [name for name in names if chain.flagged is not None and seen[name].isna().any()]
        if gaps:
            parts.append((f"gaps_{len(parts)}", building.flags(chain), gaps))
    choosers = [materialising.chooser(step, task) for step in choosing]
    if all(isinstance(part, str) for _, part, _ in parts):
        return building.joined(choosers)
    columns = Columns(parts, sparse_threshold=0.3 if takes_sparse else 0.0)
    return building.joined([columns, *choosers])


def as_prepared(
    steps: Sequence[Step], frame: pd.DataFrame, roles: Mapping[str, str], task: str
) -> Any:
    """Return the unfitted transformer from raw features to the table as it is prepared, columns by name.

    For estimators that make their own numbers: what no step touches comes as it is. ``"passthrough"`` if
    that is everything.
    """
    found, seen = chains.grouped(frame, roles, steps), fixed(frame, steps)
    parts = [
        (f"{chain.kind}_{place}", building.build(chain, seen[names], task=task), names)
        for place, (chain, names) in enumerate(found.items())
    ]
    for chain, names in found.items():
        gaps = [name for name in names if chain.flagged is not None and seen[name].isna().any()]
        if gaps:
            parts.append((f"gaps_{len(parts)}", building.flags(chain), gaps))
    choosers = [materialising.chooser(step, task) for step in steps if step.op == "select"]
    if all(isinstance(part, str) for _, part, _ in parts):
        return building.joined(choosers)
    columns = ColumnTransformer(parts, sparse_threshold=0.0, verbose_feature_names_out=False)
    return building.joined([columns, *choosers]).set_output(transform="pandas")


def holds_prose(steps: Sequence[Step], frame: pd.DataFrame, roles: Mapping[str, str]) -> bool:
    """Tell whether the estimator is given the words of prose, which are worth a sparse table."""
    found = chains.grouped(frame.iloc[:0], roles, steps)
    return any(chain.kind == "text" or chain.asks("tfidf") for chain in found)
