"""What is tried of a parameter: a list of values, or a distribution that values are drawn from.

Both are written as scikit-learn's users write them: ``[1, 2]``, ``loguniform(1e-3, 10)``, ``randint(1, 20)``,
``range(1, 20, 2)``, ``logspace(-3, 3, 7)``, with or without ``stats.`` or ``np.`` before. Nothing of it is evaluated:
a few names are known, and their arguments are numbers.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from aiaas_magics import errors
from aiaas_magics.specs.base import JSON

MOST_VALUES = 100_000
"""Values that ``range`` and the like may write out."""


class Distribution(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where values are drawn from.

    ``uniform`` and ``loguniform`` are numbers from ``low`` to ``high``, which may occur; ``randint`` are whole numbers from ``low``
    to ``high - 1``, and ``lograndint`` the same with an even chance for every decade.
    """

    dist: str
    low: float
    high: float

    def __post_init__(self) -> None:
        said = str(self)
        if self.dist not in NAMES:
            raise errors.SpecError(
                f"{self.dist!r} is no distribution that is known",
                errors.did_you_mean(self.dist, NAMES),
                "loguniform(1e-3, 10)",
            )
        if not (math.isfinite(self.low) and math.isfinite(self.high)):
            raise errors.SpecError(
                f"{said} has no end", "both bounds are numbers", f"{self.dist}(1, 10)"
            )
        if self.whole and not (float(self.low).is_integer() and float(self.high).is_integer()):
            raise errors.SpecError(
                f"{said} draws whole numbers", "its bounds are whole too", f"{self.dist}(1, 10)"
            )
        if self.low >= self.high:
            raise errors.SpecError(
                f"{said} is empty",
                "the lower bound comes first",
                _said(self.dist, self.high, self.low),
            )
        if self.log and self.low <= 0:
            raise errors.SpecError(
                f"{said} needs bounds above 0",
                "it is even on a logarithmic scale",
                f"{self.dist}(1e-3, {_number(self.high)})",
            )

    def __str__(self) -> str:
        return _said(self.dist, self.low, self.high)

    @property
    def whole(self) -> bool:
        """Whether it draws whole numbers."""
        return self.dist in ("randint", "lograndint")

    @property
    def log(self) -> bool:
        """Whether it is even on a logarithmic scale."""
        return self.dist in ("loguniform", "lograndint")

    def at(self, share: float) -> JSON:
        """Return the value at a share, from 0 to 1, of the way: the quantile."""
        low, high = self.low, self.high
        if self.log:
            value = math.exp(math.log(low) + share * (math.log(high) - math.log(low)))
        else:
            value = low + share * (high - low)
        value = min(max(value, low), high)
        return min(math.floor(value), int(high) - 1) if self.whole else float(value)

    def spread(self, count: int) -> list[JSON]:
        """Return so many values evenly over all of it, without repeats."""
        shares = [(i + 0.5) / count for i in range(count)]
        return list(dict.fromkeys(self.at(share) for share in shares))


Space = Mapping[str, "list[JSON] | Distribution"]
NAMES = ("loguniform", "uniform", "randint", "lograndint")


def _number(value: float) -> str:
    whole = math.isfinite(value) and float(value).is_integer() and abs(value) < 1e15
    return str(int(value)) if whole else repr(value)


def _said(name: str, low: float, high: float) -> str:
    """Return a distribution as it is written: SciPy's ``uniform`` has a width in place of its upper bound."""
    return f"{name}({_number(low)}, {_number(high - low if name == 'uniform' else high)})"


def compact(value: JSON) -> str:
    """Return a value as a line holds it: without blanks, numbers no longer than they need be."""
    if isinstance(value, Distribution):
        return str(value).replace(" ", "")
    if isinstance(value, list):
        return "[" + ",".join(map(compact, value)) + "]"
    return _number(value) if type(value) is float and math.isfinite(value) else repr(value)


def cells(space: Space) -> int:
    """Return how many combinations the lists of a space have."""
    return math.prod(len(each) for each in space.values() if not isinstance(each, Distribution))


def continuous(space: Space) -> bool:
    """Tell whether any parameter is drawn from a distribution."""
    return any(isinstance(each, Distribution) for each in space.values())


def some(values: list[JSON] | Distribution) -> list[JSON]:
    """Return what of a parameter can be checked before any is drawn: all its values, or the two ends."""
    return [values.at(0.0), values.at(1.0)] if isinstance(values, Distribution) else values


def finite(value: JSON) -> bool:
    """Tell whether all numbers in a value can be stored: JSON knows neither inf nor nan."""
    if isinstance(value, list | tuple):
        return all(map(finite, value))
    if isinstance(value, dict):
        return all(map(finite, value.values()))
    return not isinstance(value, float) or math.isfinite(value)


def in_whole(values: list[JSON] | Distribution) -> Distribution | None:
    """Return the whole numbers in a distribution of others, if there are two."""
    if not isinstance(values, Distribution) or values.whole:
        return None
    low, high = math.ceil(values.low), math.floor(values.high)
    name = "lograndint" if values.log and low > 0 else "randint"
    return Distribution(name, low, high + 1) if low < high else None


REFUSED = (
    ValueError, SyntaxError, TypeError, MemoryError, RecursionError, ZeroDivisionError, OverflowError,
)  # fmt: skip
"""What reading raises where something else is written."""


# reading ------------------------------------------------------------------------------------------
def read(node: ast.expr) -> Any:
    """Return what an expression stands for: a literal, a `Distribution`, or a list that is written shortly.

    Raises
    ------
    ValueError
        If it is none of these; says what is known.
    SpecError
        If a distribution makes no sense.
    """
    if not isinstance(node, ast.Call):
        _check_plain(node)
        return ast.literal_eval(node)
    name = _name(node.func)
    if name in ("list", "array", "tuple") and len(node.args) == 1 and not node.keywords:
        return list(read(node.args[0]))
    args = [ast.literal_eval(each) for each in node.args]
    words = {str(each.arg): ast.literal_eval(each.value) for each in node.keywords}
    if name not in KNOWN:
        near = errors.nearest(name, KNOWN)
        raise ValueError(f"{name} is not known here" + (f", did you mean {near}?" if near else ""))
    if not all(isinstance(each, int | float) for each in (*args, *words.values())):
        raise ValueError(f"{name} takes numbers")
    return KNOWN[name](*args, **words)


def _check_plain(node: ast.expr) -> None:
    """Check that nothing is called inside a value: the values of a list are written out."""
    for each in ast.walk(node):
        if isinstance(each, ast.Call):
            raise ValueError(f"a list holds numbers, 'text', True or None, not {ast.unparse(each)}")  # noqa: TRY004


def _name(node: ast.expr) -> str:
    """Return the last word of ``np.logspace``, ``scipy.stats.loguniform``."""
    if isinstance(node, ast.Attribute):
        _name(node.value)
        return node.attr
    if isinstance(node, ast.Name):
        return node.id
    raise ValueError("only names can be called")


def _uniform(loc: float = 0.0, scale: float = 1.0) -> Distribution:
    """Return SciPy's ``uniform(loc, scale)``: from ``loc`` to ``loc + scale``."""
    return Distribution("uniform", loc, loc + scale)


def _range(*args: int) -> list[JSON]:
    found = range(*args)
    _few(len(found))
    return list(found)


def _arange(start: float, stop: float | None = None, step: float = 1) -> list[JSON]:
    low, high = (0, start) if stop is None else (start, stop)
    count = max(0, math.ceil((high - low) / step))
    _few(count)
    return [low + i * step for i in range(count)]


def _linspace(start: float, stop: float, num: int = 50) -> list[JSON]:
    _few(num)
    if num < 2:
        return [float(start)][:num]
    inner = [start + i * (stop - start) / (num - 1) for i in range(num - 1)]
    return [*inner, stop]  # a rounding beyond it may be no value of the parameter


def _logspace(start: float, stop: float, num: int = 50, base: float = 10.0) -> list[JSON]:
    return [base**each for each in _linspace(start, stop, num)]


def _geomspace(start: float, stop: float, num: int = 50) -> list[JSON]:
    if start <= 0 or stop <= 0:
        raise ValueError("geomspace is of numbers above 0")
    return _logspace(math.log10(start), math.log10(stop), num)


def _few(count: int) -> None:
    if count > MOST_VALUES:
        raise ValueError(f"{count:,} values are too many")


KNOWN: dict[str, Callable[..., Any]] = {
    "loguniform": lambda a, b: Distribution("loguniform", a, b),
    "reciprocal": lambda a, b: Distribution("loguniform", a, b),
    "uniform": _uniform,
    "randint": lambda low, high: Distribution("randint", low, high),
    "lograndint": lambda low, high: Distribution("lograndint", low, high),
    "range": _range, "arange": _arange, "linspace": _linspace, "logspace": _logspace, "geomspace": _geomspace,
}  # fmt: skip
"""SciPy's and numpy's names, with their arguments."""


def of_object(value: Any) -> Any:
    """Return what an object of Python stands for: SciPy's frozen distributions, ranges and arrays as well.

    Raises
    ------
    SpecError
        If a distribution is none that is known.
    """
    if isinstance(value, Distribution | str | dict):
        return value
    if isinstance(value, range):
        return list(value)
    if hasattr(value, "tolist"):
        return value.tolist()
    if hasattr(value, "dist") and hasattr(value, "kwds"):
        return _frozen(value)
    if isinstance(value, Sequence):
        return [each.item() if hasattr(each, "item") else each for each in value]
    return value


def _frozen(value: Any) -> Distribution:
    name = str(value.dist.name)
    try:
        found = KNOWN[name](*value.args, **value.kwds)
    except (KeyError, TypeError) as error:
        raise errors.SpecError(
            f"{name} is no distribution that is known",
            "known are " + ", ".join(NAMES),
            "loguniform(1e-3, 10)",
        ) from error
    if not isinstance(found, Distribution):
        raise errors.SpecError(f"{name} is no distribution", "", "loguniform(1e-3, 10)")
    return found
