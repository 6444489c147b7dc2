"""Prepare: carry out a recipe, and build the transformer that repeats it inside a model.

Adding a step: its operation in ``specs.prepare.Step`` and ``PrepareSpec.steps``; a row operation goes into
`rows`, a column operation into `_OPERATIONS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, StandardScaler

from aiaas_magics import errors, frames
from aiaas_magics.engines import data
from aiaas_magics.engines.context import Context
from aiaas_magics.engines.modalities import modality
from aiaas_magics.specs.prepare import PrepareSpec, Step
from aiaas_magics.specs.results import DataResult

SCALERS: dict[str, Callable[[], Any]] = {
    "standard": StandardScaler,
    "minmax": MinMaxScaler,
    "maxabs": MaxAbsScaler,
}
NUMERIC = ("number", "boolean")
Chain = list[Any]
"""The transformers a column goes through, one after the other."""


def run(spec: PrepareSpec, context: Context) -> DataResult:
    """Prepare data and store the table, the raw rows and the recipe under a name."""
    table = data.load(spec.data, context)
    steps = (*table.steps, *spec.steps())
    check_columns(table.frame, steps, spec.target)
    frame = rows(table.frame, steps)
    protected = [spec.target] if spec.target is not None else []
    prepared = carry_out(frame, steps, table.roles, protected)
    roles = data.roles(prepared, _texts(table.roles, prepared))
    result = DataResult(
        ref=spec.as_, frame=context.save_frame(prepared), rows=len(prepared),
        columns=data.profile(prepared, roles), duplicates=int(prepared.duplicated().sum()),
        size=int(prepared.memory_usage(index=False, deep=False).sum()),
        source=f"prepared from {table.info.ref if table.info else 'a DataFrame'}", base=table.address,
        steps=tuple(msgspec.to_builtins(step) for step in steps),
        changes=tuple(_changes(table.frame, frame, prepared, steps, table.roles, protected)),
    )  # fmt: skip
    info = context.save_data(spec.as_, result)
    return msgspec.structs.replace(result, ref=info.ref)


def check_columns(frame: pd.DataFrame, steps: Iterable[Step], target: str | None) -> None:
    """Refuse a recipe that names columns the table does not have. Raises `DataError`."""
    for name in (*(name for step in steps for name in step.columns), *([target] if target else [])):
        if name not in frame.columns:
            raise errors.DataError(
                f"no column {name!r}",
                errors.did_you_mean(name, map(str, frame.columns)),
                "%aiaas_data show NAME",
            )


def rows(frame: pd.DataFrame, steps: Iterable[Step]) -> pd.DataFrame:
    """Carry out the steps that decide which rows and columns there are.

    Raises
    ------
    DataError
        If nothing is left.
    """
    kept = frames.select(frame, steps)
    if len(frame) and not len(kept):
        raise errors.DataError("no row is left", "every row has a missing value", "--impute median")
    return kept


def carry_out(
    frame: pd.DataFrame, steps: Sequence[Step], roles: Mapping[str, str], protected: Sequence[str]
) -> pd.DataFrame:
    """Return the table after the recipe's column steps, fitted on all its rows: to look at and export."""
    chains = {
        name: [] if name in protected else chain(name, roles[name], steps) for name in frame.columns
    }
    if not any(chains.values()):
        return frame.reset_index(drop=True)
    parts = [
        (name, _one(steps_) if steps_ else "passthrough", [name]) for name, steps_ in chains.items()
    ]
    transformer = ColumnTransformer(parts, verbose_feature_names_out=False, sparse_threshold=0)
    transformer.set_output(transform="pandas")
    for _, part, _ in parts:
        _dense(part)
    found: pd.DataFrame = _guard(transformer, frame)
    return found.reset_index(drop=True)


def transformer(
    steps: Sequence[Step],
    frame: pd.DataFrame,
    roles: Mapping[str, str],
    *,
    takes_missing: bool,
    takes_sparse: bool = True,
) -> Any:
    """Return an unfitted transformer from raw columns to numbers, or ``"passthrough"``.

    The recipe's column steps first; then what is not a number yet is encoded by its modality, and gaps
    are filled with the median where the estimator cannot take them.

    Parameters
    ----------
    frame
        The training rows, features only: their gaps decide what must be filled.
    """
    grouped: dict[str, tuple[Chain, list[str]]] = {}
    for name in frame.columns:
        links = chain(name, roles[name], steps)
        links += _completion(frame[name], roles[name], steps, takes_missing=takes_missing)
        key = name if roles[name] == "text" else repr(links)
        grouped.setdefault(key, (links, []))[1].append(name)
    if not any(links for links, _ in grouped.values()):
        return "passthrough"
    parts = []
    for number, (links, names) in enumerate(grouped.values()):
        columns: Any = names[0] if roles[names[0]] == "text" else names
        parts.append((f"part{number}", _one(links) if links else "passthrough", columns))
    return ColumnTransformer(
        parts, verbose_feature_names_out=False, sparse_threshold=0.3 if takes_sparse else 0
    )


def chain(name: str, role: str, steps: Iterable[Step]) -> Chain:
    """Return what the recipe does to a column. Raises `DataError` for a step that cannot work on it."""
    links: Chain = []
    for step in steps:
        operation = _OPERATIONS.get(step.op)
        if operation is None or (step.columns and name not in step.columns):
            continue
        role, more = operation(name, role, step)
        links += more
    return links


def _impute(name: str, role: str, step: Step) -> tuple[str, Chain]:
    if role in ("date", "text") and step.columns:
        raise errors.DataError(f"{name!r} cannot be imputed", f"it is a {role}", f"--drop {name}")
    if role in ("date", "text"):
        return role, []
    if role == "category":
        if step.columns and step.method in ("mean", "median"):
            raise errors.DataError(
                f"{name!r} has no {step.method}", "it holds categories", "--impute most_frequent"
            )
        return role, [SimpleImputer(strategy="most_frequent")]
    return role, [imputer(step.method)]


def imputer(method: str) -> SimpleImputer:
    """Return the imputer for numbers of that method."""
    if method == "zero":
        return SimpleImputer(strategy="constant", fill_value=0, keep_empty_features=True)
    return SimpleImputer(strategy=method, keep_empty_features=True)


def _dates(name: str, role: str, step: Step) -> tuple[str, Chain]:
    del name, step
    return ("number", [modality("date").encoder()]) if role == "date" else (role, [])


def _encode(name: str, role: str, step: Step) -> tuple[str, Chain]:
    if role == "category":
        return "encoded", [modality("category").encoder(method=step.method)]
    if step.columns and role not in NUMERIC:
        raise errors.DataError(
            f"{name!r} cannot be encoded", f"it is a {role}", "--dates" if role == "date" else ""
        )
    return role, []


def _scale(name: str, role: str, step: Step) -> tuple[str, Chain]:
    if role in NUMERIC:
        return role, [SCALERS[step.method]()]
    if step.columns and role != "encoded":
        raise errors.DataError(f"{name!r} cannot be scaled", f"it is a {role}", f"--drop {name}")
    return role, []


_OPERATIONS: dict[str, Callable[[str, str, Step], tuple[str, Chain]]] = {
    "impute": _impute,
    "dates": _dates,
    "encode": _encode,
    "scale": _scale,
}


def _completion(
    column: pd.Series, role: str, steps: Sequence[Step], *, takes_missing: bool
) -> Chain:
    done = [step for step in steps if not step.columns or column.name in step.columns]
    links: Chain = []
    encoded = any(
        (s.op == "dates" and role == "date") or (s.op == "encode" and role == "category")
        for s in done
    )
    if not encoded and not modality(role).NUMERIC:
        links.append(modality(role).encoder())
    filled = any(step.op == "impute" for step in done) and role != "date"
    if role in (*NUMERIC, "date") and not takes_missing and not filled and column.isna().any():
        links.append(imputer("median"))
    return links


def _one(links: Chain) -> Any:
    return links[0] if len(links) == 1 else make_pipeline(*links)


def _dense(part: Any) -> None:
    for step in [part, *(step for _, step in getattr(part, "steps", []))]:
        if hasattr(step, "sparse_output"):
            step.set_params(sparse_output=False)


def _guard(transformer: ColumnTransformer, frame: pd.DataFrame) -> Any:
    try:
        return transformer.fit_transform(frame)
    except ValueError as error:
        raise errors.DataError(
            "the recipe does not fit the data", str(error), "%aiaas_data show NAME"
        ) from error


def _texts(roles: Mapping[str, str], frame: pd.DataFrame) -> tuple[str, ...]:
    return tuple(name for name in frame.columns if roles.get(name) == "text")


def _changes(
    raw: pd.DataFrame,
    kept: pd.DataFrame,
    prepared: pd.DataFrame,
    steps: Iterable[Step],
    roles: Mapping[str, str],
    protected: Sequence[str],
) -> Iterable[str]:
    names = [name for name in kept.columns if name not in protected]
    for step in steps:
        mine = [name for name in names if not step.columns or name in step.columns]
        if step.op in ("keep", "drop"):
            gone = [str(name) for name in raw.columns if name not in kept.columns]
            yield f"{step.op}: {len(gone)} columns dropped ({_some(gone)})"
        elif step.op == "dropna":
            yield f"dropna: {len(raw) - len(kept)} of {len(raw)} rows dropped, they had missing values"
        elif step.op == "impute":
            gaps = int(kept[mine].isna().sum().sum())
            yield f"impute: {gaps} gaps filled ({step.method})"
        elif step.op == "scale":
            count = sum(roles[name] in NUMERIC for name in mine)
            yield f"scale: {count} columns scaled ({step.method})"
        else:
            role = "date" if step.op == "dates" else "category"
            gone = [name for name in mine if roles[name] == role]
            made = len(prepared.columns) - len(kept.columns) + len(gone)
            yield f"{step.op}: {_some(gone) or 'no column'} turned into {made if gone else 0} columns"


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
