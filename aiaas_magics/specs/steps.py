"""Steps of preparation: what one is, and which values may be asked of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from aiaas_magics import errors
from aiaas_magics.specs.base import JSON

IMPUTERS = ("mean", "median", "most_frequent", "zero", "constant", "knn", "iterative")
SCALERS = ("standard", "minmax", "maxabs", "robust", "quantile", "power")
ENCODERS = ("onehot", "ordinal", "target")
DECIMALS = ("point", "comma")
DATE_ORDERS = ("dmy", "mdy")


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One step: an operation, the columns it works on (empty: all it can), its settings.

    Operations: ``drop``, ``keep`` (columns); ``distinct``, ``dropna`` (rows); ``fix``, ``texts``,
    ``clip``, ``impute``, ``dates``, ``rare``, ``encode``, ``tfidf``, ``scale``, ``select``. Row
    operations change which rows there are and are not repeated when serving; column operations are
    fitted on training rows only and travel inside the model.
    """

    op: str
    columns: tuple[str, ...] = ()
    method: str = ""
    settings: dict[str, JSON] = {}

    @property
    def words(self) -> str:
        """What it is called: ``impute median``."""
        return f"{self.op} {self.method}".strip()


class _Range(NamedTuple):
    """Which numbers an option takes: a test, what such a number is, what it means, one of them."""

    fits: Callable[[float], bool]
    noun: str
    hint: str
    like: str


_METHODS = {
    "impute": IMPUTERS,
    "encode": ENCODERS,
    "scale": SCALERS,
    "decimal": DECIMALS,
    "date_order": DATE_ORDERS,
}
_RANGES = {
    "clip": _Range(
        lambda v: 0 < v < 0.5,
        "share of outliers",
        "the share of rows at each end that count as outliers: between 0 and 0.5",
        "0.01",
    ),
    "fence": _Range(
        lambda v: v > 0,
        "distance",
        "how many interquartile ranges a value may lie outside the quartiles: above 0",
        "1.5",
    ),
    "rare": _Range(
        lambda v: 0 < v < 1,
        "share of the rows",
        "categories that fewer of the rows have become one: between 0 and 1",
        "0.01",
    ),
    "tfidf": _Range(
        lambda v: v > 0,
        "number of words",
        "each column of prose becomes the weights of so many words",
        "300",
    ),
    "variance": _Range(
        lambda v: v >= 0, "variance", "numbers that vary no more than this go: 0 or more", "0"
    ),
    "correlated": _Range(
        lambda v: 0 < v < 1,
        "correlation",
        "of two numbers correlated more than this one goes: between 0 and 1",
        "0.95",
    ),
    "select": _Range(
        lambda v: v > 0, "number of columns", "so many numbers stay: at least 1", "10"
    ),
}


def check_values(spec: object) -> None:
    """Check the methods and numbers that a spec asks for.

    Raises
    ------
    SpecError
        If a method is unknown or a number is out of its range.
    """
    for name, known in _METHODS.items():
        word = getattr(spec, name)
        if word is not None and word not in known:
            raise errors.SpecError(f"unknown method {word!r}", errors.did_you_mean(word, known))
    for name, numbers in _RANGES.items():
        value = getattr(spec, name)
        if value is not None and not numbers.fits(value):
            raise errors.SpecError(
                f"--{name} {value:g} is no {numbers.noun}", numbers.hint, f"--{name} {numbers.like}"
            )


def given(**values: JSON) -> dict[str, JSON]:
    """Return the values that are not None."""
    return {name: value for name, value in values.items() if value is not None}
