"""What each column goes through: the column steps of a recipe as scikit-learn transformers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, StandardScaler

from aiaas_magics import errors
from aiaas_magics.engines import modalities, recipe
from aiaas_magics.engines.modalities.category import onehot, ordinal
from aiaas_magics.engines.modalities.date import DateParts
from aiaas_magics.specs.prepare import Step

SCALERS = {"standard": StandardScaler, "minmax": MinMaxScaler, "maxabs": MaxAbsScaler}
ROW_STEPS = ("keep", "drop", "dropna")
ENCODED = "encoded"
"""What a column is once its values are numbers that count or order categories."""


class Op(NamedTuple):
    """A column step without its columns."""

    op: str
    method: str = ""


class Chain(NamedTuple):
    """The operations a column goes through, and what it is at their end.

    ``kind`` is a role, or `ENCODED`. ``fills`` wait for a date to become numbers. Columns with the
    same chain share one transformer.
    """

    kind: str
    ops: tuple[Op, ...] = ()
    fills: tuple[Op, ...] = ()
    orders: tuple[Any, ...] | None = None
    """The values of an ordered pandas categorical."""

    @property
    def filled(self) -> bool:
        """Whether no gap comes out."""
        return any(op.op in ("impute", "encode") for op in self.ops)

    def then(self, step: Step, kind: str = "") -> Chain:
        """Return the chain with one operation more."""
        return self._replace(kind=kind or self.kind, ops=(*self.ops, Op(step.op, step.method)))

    def as_numbers(self) -> Chain:
        """Return the chain of a date with its date turned into parts, and these filled."""
        ops = (*self.ops, Op("dates"), *self.fills)
        return self._replace(kind="number", ops=ops, fills=())


def chain(column: pd.Series[Any], name: str, role: str, steps: Sequence[Step]) -> Chain:
    """Return what the steps do to a column.

    Raises
    ------
    DataError
        If a step names the column and cannot work on it.
    """
    found = Chain(role, orders=_orders(column))
    gapless = column.dtype == bool  # and scikit-learn's imputer does not take it
    for step in steps:
        if step.op in ROW_STEPS or (gapless and step.op == "impute"):
            continue
        if recipe.touches(step, name, found.kind):
            found = _STEPS[step.op](found, step, name)
    if any(op.op in ("impute", "scale") for op in (*found.ops, *found.fills)):
        _check_values(column, name)
    return found


def _orders(column: pd.Series[Any]) -> tuple[Any, ...] | None:
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype) and dtype.ordered:
        return tuple(dtype.categories)
    return None


def _impute(found: Chain, step: Step, name: str) -> Chain:
    if found.kind == ENCODED:
        return found
    if found.kind == "date":
        return found._replace(fills=(*found.fills, Op(step.op, step.method)))
    if found.kind == "text":
        raise _unable(step, name, "holds prose", "a gap in prose is a text without words")
    if found.kind == "category" and step.method in recipe.ONLY_NUMBERS:
        raise _unable(
            step, name, "holds categories", "only numbers can be averaged", "--impute most_frequent"
        )
    return found.then(step)


def _dates(found: Chain, step: Step, name: str) -> Chain:
    del step, name
    return found.as_numbers() if found.kind == "date" else found


def _encode(found: Chain, step: Step, name: str) -> Chain:
    if found.kind == "text":
        raise _unable(
            step, name, "holds prose", "training turns prose into numbers (TF-IDF) by itself"
        )
    if found.kind == "date":
        raise _unable(step, name, "holds dates", "their parts are numbers", "--dates")
    return found if found.kind == ENCODED else found.then(step, ENCODED)


def _scale(found: Chain, step: Step, name: str) -> Chain:
    if found.kind in ("category", "text", "date"):
        words = {"category": ("categories", "--encode onehot"), "date": ("dates", "--dates")}
        what, try_ = words.get(found.kind, ("prose", ""))
        raise _unable(step, name, f"holds {what}", "only numbers have a scale", try_)
    return found.then(step)


_STEPS = {"impute": _impute, "dates": _dates, "encode": _encode, "scale": _scale}


def _unable(step: Step, name: str, what: str, hint: str, try_: str = "") -> errors.DataError:
    rest = try_ or f"leave {name} out of --columns"
    return errors.DataError(
        f"cannot {step.op} column {name!r} ({step.method}): it {what}", hint, rest
    )


def _check_values(column: pd.Series[Any], name: str) -> None:
    if column.dtype.kind == "f" and np.isinf(column.to_numpy()).any():
        raise errors.DataError(
            f"column {name!r} holds infinite values",
            "they have no mean and no scale",
            f"df[{name!r}] = df[{name!r}].replace([float('inf'), float('-inf')], float('nan'))",
        )
    check_not_empty(column, name)


def check_not_empty(column: pd.Series[Any], name: str) -> None:
    """Refuse a column without a single value. Raises `DataError`."""
    if len(column) and column.isna().all():
        raise errors.DataError(
            f"column {name!r} is missing in every row",
            "nothing can be learned from it",
            f"%aiaas_prepare ... --drop {name} --as ...",
        )


# transformers ------------------------------------------------------------------------------------
def build(found: Chain, frame: pd.DataFrame, *, sparse: bool = False) -> Any:
    """Return the unfitted transformer of columns that share a chain, or ``"passthrough"``."""
    last = len(found.ops) - 1
    parts = [
        _part(op, found, frame, sparse=sparse and place == last)
        for place, op in enumerate(found.ops)
    ]
    return joined(parts)


def joined(parts: Sequence[Any]) -> Any:
    """Return transformers one after the other as one, or ``"passthrough"`` if there is none."""
    parts = [part for part in parts if not isinstance(part, str)]
    if not parts:
        return "passthrough"
    return parts[0] if len(parts) == 1 else make_pipeline(*parts)


def _part(op: Op, found: Chain, frame: pd.DataFrame, *, sparse: bool) -> Any:
    if op.op == "impute":
        return _imputer(
            "most_frequent" if found.kind == "boolean" and op.method != "zero" else op.method
        )
    if op.op == "dates":
        return DateParts()
    if op.op == "scale":
        return SCALERS[op.method]()
    if op.method == "onehot":
        return onehot(sparse=sparse)
    return ordinal(None if found.orders is None else [list(found.orders)] * frame.shape[1])


def _imputer(method: str) -> SimpleImputer:
    # A column without a value in one fold of a cross-validation must not go away in that fold.
    if method == "zero":
        return SimpleImputer(strategy="constant", fill_value=0, keep_empty_features=True)
    return SimpleImputer(strategy=method, keep_empty_features=True)


def finish(found: Chain, frame: pd.DataFrame, *, takes_missing: bool, takes_sparse: bool) -> Any:
    """Return the transformer of columns that share a chain, all of it numbers at its end."""
    if found.kind == "date" and found.fills:  # as the modality does it, but for how gaps are filled
        found = found.as_numbers().then(Step(op="scale", method="standard"))
    done = build(found, frame, sparse=takes_sparse)
    if found.kind == ENCODED:
        return done
    encode = modalities.find(found.kind).encode
    takes_missing = takes_missing or found.filled
    return joined([done, encode(frame, takes_missing=takes_missing, takes_sparse=takes_sparse)])


def grouped(
    frame: pd.DataFrame, roles: Mapping[str, str], steps: Sequence[Step]
) -> dict[Chain, list[str]]:
    """Return the columns by chain, in the order of the table."""
    groups: dict[Chain, list[str]] = {}
    for name in map(str, frame.columns):
        groups.setdefault(chain(frame[name], name, roles[name], steps), []).append(name)
    return groups
