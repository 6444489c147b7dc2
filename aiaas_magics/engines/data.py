"""Data: a source becomes a named, profiled table; and every other stage reads its rows here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import pandas as pd

from aiaas_magics.cards import style
from aiaas_magics.engines import catalogue, fetched, recipe, sources
from aiaas_magics.engines.profile import duplicates, infinite, profile, roles, warnings
from aiaas_magics.specs.catalogue import is_openml
from aiaas_magics.specs.prepare import Step
from aiaas_magics.specs.records import DataInfo
from aiaas_magics.specs.refs import is_digest
from aiaas_magics.specs.results import Change, DataResult

if TYPE_CHECKING:
    from aiaas_magics.engines.context import Context
    from aiaas_magics.specs.data import DataSpec

    Series = pd.Series[Any]

STAGES, READ = 10, 4
"""Parts of the time that a large CSV file takes, and how many of them are reading; then it is profiled."""

__all__ = ["Table", "describe", "load", "profile", "roles", "run"]


class Table(NamedTuple):
    """Raw rows and what to do with them.

    Of prepared data `frame` is the table it was made from and `steps` the recipe; `roles` are those
    of `frame`'s columns, `address` is where `frame` lies.
    """

    frame: pd.DataFrame
    steps: tuple[Step, ...]
    roles: dict[str, str]
    info: DataInfo | None
    address: str


def run(spec: DataSpec, context: Context) -> DataResult:
    """Read, profile, store and name a table.

    Raises
    ------
    DataError
        If the source is no table; see :func:`aiaas_magics.engines.sources.read`.
    """
    context.progress(0, STAGES, "reading")
    frame, address, source, notes = _source(spec, context)
    found, tell = roles(frame, spec.texts), profiling(READ, frame.shape[1], context)
    result = describe(frame, found, address=address, source=source, tell=tell, cores=context.cores)
    result = msgspec.structs.replace(result, warnings=(*notes, *result.warnings))
    info = context.save_data(spec.as_, result)
    context.progress(STAGES, STAGES, "done")
    return msgspec.structs.replace(result, ref=info.ref)


def _source(spec: DataSpec, context: Context) -> tuple[pd.DataFrame, str, str, tuple[str, ...]]:
    """Return the table, its address, where it came from, and what was found out on the way."""
    notes: tuple[str, ...] = ()
    if spec.frame is not None:
        return context.frame(spec.frame), spec.frame, "DataFrame", notes
    named = spec.entry or spec.catalogue
    source = spec.filename if named is None else f"catalogue:{named}"
    if spec.catalogue is None:
        frame, notes = _file(spec, context)
    elif is_openml(spec.catalogue):
        frame, notes = fetched.openml(spec.catalogue)
    else:
        frame = catalogue.load(spec.catalogue)
    address = context.save_frame(frame)
    return context.frame(address), address, source, notes


def _file(spec: DataSpec, context: Context) -> sources.Source:
    path = context.blob(str(spec.file))
    words = (word.strip() for word in (spec.missing or "").split(","))
    how = sources.Reading(
        sep=spec.sep, encoding=spec.encoding, decimal=spec.decimal, thousands=spec.thousands,
        header=spec.header, missing=None if spec.missing is None else tuple(words), verbatim=spec.verbatim,
    )  # fmt: skip
    tell, scratch = _reading(path.stat().st_size, context), context.scratch
    return sources.read(path, spec.filename or "the file", how, tell=tell, scratch=scratch)


def _reading(size: int, context: Context) -> Callable[[int], None]:
    def tell(count: int) -> None:
        shown = f"reading, {style.size(count)} of {style.size(size)}"
        context.progress(READ * min(1, count / max(1, size)), STAGES, shown)

    return tell


def profiling(before: float, columns: int, context: Context) -> Callable[[int], None]:
    """Return what tells, of `STAGES`, how far a profile is that begins at `before`."""

    def tell(count: int) -> None:
        share = before + (STAGES - before) * count / columns
        context.progress(share, STAGES, f"profiling, {count} of {columns} columns")

    return tell


def describe(
    frame: pd.DataFrame,
    roles: Mapping[str, str],
    *,
    address: str,
    source: str = "",
    base: str | None = None,
    steps: Sequence[Step] = (),
    changes: Sequence[Change] = (),
    tell: Callable[[int], None] | None = None,
    cores: int = 1,
) -> DataResult:
    """Return the record of a table that lies at `address`; ``ref`` is empty until it has a name."""
    columns = profile(frame, roles, tell, cores=cores)
    return DataResult(
        ref="",
        frame=address,
        rows=len(frame),
        columns=columns,
        duplicates=duplicates(frame, columns),
        size=int(frame.memory_usage(index=False).sum()),
        source=source,
        base=base,
        steps=tuple(msgspec.to_builtins(step) for step in steps),
        changes=tuple(changes),
        warnings=(*warnings(columns, len(frame)), *infinite(frame)),
    )


def load(ref: str, context: Context) -> Table:
    """Return the raw rows, the recipe and the roles behind a ref or the address of a table.

    Columns of pandas' nullable dtypes come as numpy's, which every estimator takes.

    Raises
    ------
    NotFound
        If there is no such data.
    """
    if is_digest(ref):
        raw = context.frame(ref)
        return Table(simple(raw), (), roles(raw), None, ref)
    info = context.data(ref)
    address = info.base or info.frame
    raw = context.frame(address)
    found = roles(raw) | {c.name: c.role for c in info.columns if _is_raw(c.name, c.dtype, raw)}
    return Table(simple(raw), recipe.steps_of(info.steps), found, info, address)


def _is_raw(name: str, dtype: str, raw: pd.DataFrame) -> bool:
    """Tell whether a column of the profile is the raw one: its role may have been declared."""
    return name in raw.columns and str(raw[name].dtype) == dtype


def simple(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the table without pandas' nullable and Arrow dtypes; values stay as they are."""
    changed = {name: _simple(frame[name]) for name in frame.columns if _is_nullable(frame[name])}
    return frame.assign(**changed) if changed else frame


def _is_nullable(column: Series) -> bool:
    dtype = column.dtype
    kept = isinstance(dtype, pd.CategoricalDtype | pd.DatetimeTZDtype) or dtype == "str"
    return isinstance(dtype, pd.api.extensions.ExtensionDtype) and not kept


def _simple(column: Series) -> Series:
    dtype, boolean = column.dtype, pd.api.types.is_bool_dtype(column.dtype)
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return pd.to_datetime(column.astype("object"))
    if not boolean and not pd.api.types.is_numeric_dtype(dtype):
        return column.astype("str")
    if column.isna().any():
        return pd.Series(column.to_numpy("float64", na_value=float("nan")), index=column.index)
    kind: Any = "bool" if boolean else f"{dtype}".partition("[")[0].lower()
    return pd.Series(column.to_numpy(kind), index=column.index)
