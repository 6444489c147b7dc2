"""What each column goes through: the column steps of a recipe, one chain of operations a column."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from aiaas_magics import errors
from aiaas_magics.engines import recipe
from aiaas_magics.predictors.reading import Reading
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.prepare import Step

ENCODED = "encoded"
"""What a column is once its values are numbers that count or order categories."""
NEED_VALUES = ("impute", "scale", "clip")
"""Operations that compute with all values of a column: an infinite one spoils them."""


class Op(NamedTuple):
    """A column step without its columns; ``place`` is its place in the recipe."""

    op: str
    method: str = ""
    settings: tuple[tuple[str, JSON], ...] = ()
    place: int = -1

    def get(self, name: str) -> Any:
        """Return a setting."""
        return dict(self.settings).get(name)


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
    flagged: Op | None = None
    """What adds a column that says where values were missing."""

    @property
    def filled(self) -> bool:
        """Whether no gap comes out."""
        return any(op.op in ("impute", "encode", "tfidf") for op in self.ops)

    def then(self, op: Op, kind: str = "") -> Chain:
        """Return the chain with one operation more."""
        return self._replace(kind=kind or self.kind, ops=(*self.ops, op))

    def as_numbers(self, op: Op) -> Chain:
        """Return the chain of a date that `op` turns into its parts, and these filled."""
        return self._replace(kind="number", ops=(*self.ops, op, *self.fills), fills=())

    def asks(self, op: str, method: str = "") -> bool:
        """Tell whether the column goes through an operation."""
        return any(each.op == op and method in ("", each.method) for each in self.ops)


def chain(column: pd.Series[Any], name: str, role: str, steps: Sequence[Step]) -> Chain:
    """Return what the steps do to a column.

    Raises
    ------
    DataError
        If a step names the column and cannot work on it.
    """
    found = Chain(role, orders=_orders(column))
    gapless = column.dtype == bool  # and scikit-learn's imputer does not take it
    for place, step in enumerate(steps):
        if step.op not in _STEPS or (gapless and step.op == "impute"):
            continue
        if recipe.touches(step, name, found.kind):
            settings = () if step.op in ("fix", "texts") else tuple(sorted(step.settings.items()))
            kept = tuple(pair for pair in settings if pair[0] != recipe.EXCEPT)
            found = _STEPS[step.op](found, step, Op(step.op, step.method, kept, place), name)
    if any(op.op in NEED_VALUES for op in (*found.ops, *found.fills)):
        _check_values(column, name)
    return found


def _orders(column: pd.Series[Any]) -> tuple[Any, ...] | None:
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype) and dtype.ordered:
        return tuple(dtype.categories)
    return None


def _fix(found: Chain, step: Step, op: Op, name: str) -> Chain:
    reading: Any = step.settings[recipe.READ]
    if found.kind not in ("category", "text"):
        return found
    settings = tuple(sorted(reading[name].items()))
    return found._replace(orders=None).then(op._replace(settings=settings), reading[name]["kind"])


def _texts(found: Chain, step: Step, op: Op, name: str) -> Chain:
    del op
    if found.kind not in ("category", "text") or found.ops or found.orders is not None:
        raise _unable(step, name, f"holds {_HOLDS.get(found.kind, 'no text')}", "prose is text", "")
    return found._replace(kind="text")


def _impute(found: Chain, step: Step, op: Op, name: str) -> Chain:
    if found.kind == ENCODED:
        return found
    if op.get("indicator"):
        found = found._replace(flagged=op)
    if found.kind == "text":
        raise _unable(step, name, "holds prose", "a gap in prose is a text without words")
    if found.kind == "category" and step.method in recipe.ONLY_NUMBERS:
        raise _unable(
            step, name, "holds categories", "only numbers can be averaged", "--impute most_frequent"
        )
    if step.method == "constant" and found.kind != "category":
        if name not in step.columns and not _is_number(step.settings["fill"]):
            return found  # a word is for categories
        op = op._replace(settings=(("fill", _fill(step, name)),))
    if found.kind == "date":
        return found._replace(fills=(*found.fills, op))
    if found.kind == "boolean" and step.method in ("mean", "median", "knn", "iterative"):
        op = op._replace(method="most_frequent")  # what lies between true and false is neither
    return found.then(op)


def _is_number(value: JSON) -> bool:
    try:
        return bool(np.isfinite(float(str(value))))
    except ValueError:
        return False


def _fill(step: Step, name: str) -> float:
    value = step.settings["fill"]
    if not _is_number(value):
        what, try_ = f"{value!r} is no number", "--impute constant --fill 0"
        raise _unable(step, name, "holds no text", what, try_)
    return float(str(value))


def _dates(found: Chain, step: Step, op: Op, name: str) -> Chain:
    del step, name
    return found.as_numbers(op) if found.kind == "date" else found


def _rare(found: Chain, step: Step, op: Op, name: str) -> Chain:
    if found.kind == "category" and found.orders is not None:
        if name not in step.columns:
            return found
        raise _unable(step, name, "holds categories with an order", "those have neighbours")
    if found.kind != "category":
        raise _unable(
            step, name, f"holds {_HOLDS.get(found.kind, 'numbers')}", "categories can be rare"
        )
    return found.then(op)


def _encode(found: Chain, step: Step, op: Op, name: str) -> Chain:
    if found.kind == "text":
        raise _unable(
            step, name, "holds prose", "training turns prose into numbers (TF-IDF) by itself"
        )
    if found.kind == "date":
        raise _unable(step, name, "holds dates", "their parts are numbers", "--dates")
    return found if found.kind == ENCODED else found.then(op, ENCODED)


def _tfidf(found: Chain, step: Step, op: Op, name: str) -> Chain:
    del step, name
    return found.then(op, ENCODED)


def _numbers_only(found: Chain, step: Step, op: Op, name: str) -> Chain:
    if found.kind in ("category", "text", "date"):
        words = {"category": "--encode onehot", "date": "--dates", "text": ""}
        hint = "only numbers have " + ("a scale" if step.op == "scale" else "outliers")
        raise _unable(step, name, f"holds {_HOLDS[found.kind]}", hint, words[found.kind])
    return found.then(op)


_HOLDS = {"category": "categories", "date": "dates", "text": "prose", "boolean": "truth values"}
_STEPS: Mapping[str, Callable[[Chain, Step, Op, str], Chain]] = {
    "fix": _fix,
    "texts": _texts,
    "clip": _numbers_only,
    "impute": _impute,
    "dates": _dates,
    "rare": _rare,
    "encode": _encode,
    "tfidf": _tfidf,
    "scale": _numbers_only,
}


def _unable(step: Step, name: str, what: str, hint: str, try_: str = "") -> errors.DataError:
    rest = try_ or f"leave {name} out of --columns"
    if step.op == "texts":
        rest = f"leave {name} out of --texts"
    method = f" ({step.method})" if step.method else ""
    return errors.DataError(f"cannot {step.op} column {name!r}{method}: it {what}", hint, rest)


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


def grouped(
    frame: pd.DataFrame, roles: Mapping[str, str], steps: Sequence[Step]
) -> dict[Chain, list[str]]:
    """Return the columns by chain, in the order of the table."""
    groups: dict[Chain, list[str]] = {}
    for name in map(str, frame.columns):
        groups.setdefault(chain(frame[name], name, roles[name], steps), []).append(name)
    return groups


def reading_of(op: Op) -> Reading:
    """Return how a column is read by the operation ``fix``."""
    return Reading(**dict(op.settings))
