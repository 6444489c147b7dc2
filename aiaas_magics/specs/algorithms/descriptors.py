"""What a descriptor is made of: parameters, the values worth trying, algorithms; and short forms of their rows."""

from __future__ import annotations

import math

import msgspec

from aiaas_magics.specs.base import JSON, Record

BOTH = ("classification", "regression")
CLASSES, NUMBERS = ("classification",), ("regression",)


class Search(msgspec.Struct, frozen=True):
    """Which values of a parameter are worth trying: those of `values`, or a range.

    A range is [low, high]; ``log`` says that the order of magnitude counts, ``whole`` that only whole numbers
    do. It lies inside what the parameter accepts.
    """

    low: float | None = None
    high: float | None = None
    log: bool = False
    whole: bool = False
    values: tuple[JSON, ...] = ()

    def grid(self, count: int) -> tuple[JSON, ...]:
        """Return at most `count` (>= 1) values: the first ones listed, or evenly spread over the range."""
        if self.values:
            return self.values[:count]
        shares = (i / (count - 1) for i in range(count)) if count > 1 else (0.5,)
        return tuple(dict.fromkeys(self.at(share) for share in shares))

    def shown(self) -> str:
        """Say in words what is worth trying."""
        if self.values:
            return ", ".join(map(repr, self.values))
        return f"{self.low:g} to {self.high:g}" + (" by factors" if self.log else "")

    def at(self, share: float) -> JSON:
        """Return the value at a share (0 to 1) of the way: how a sampler draws one."""
        if self.values:
            return self.values[min(int(share * len(self.values)), len(self.values) - 1)]
        low, high = self.low or 0.0, self.high or 0.0
        found = low * (high / low) ** share if self.log else low + (high - low) * share
        if self.whole:
            return min(max(round(found), math.ceil(low)), math.floor(high))
        return min(max(float(f"{found:.3g}"), low), high)


class Parameter(msgspec.Struct, frozen=True):
    """A parameter of an algorithm, named as its library names it.

    A value is right if it is one of `choices`, or of a type in `types` within [low, high]
    (``open_low``: low itself is not allowed). ``tasks`` says where it exists.
    """

    name: str
    help: str
    types: tuple[str, ...] = ()
    """Of ``int``, ``float``, ``bool``, ``none``; ``sizes``, a list of counts; ``weights``, a weight a class."""
    choices: tuple[JSON, ...] = ()
    default: JSON = None
    low: float | None = None
    high: float | None = None
    open_low: bool = False
    tasks: tuple[str, ...] = BOTH
    search: Search | None = None
    """What is worth trying; None: the parameter is rarely worth tuning."""

    def accepts(self, value: JSON) -> bool:
        """Tell whether `value` is one the algorithm takes."""
        if any(value == choice and type(value) is type(choice) for choice in self.choices):
            return True
        if value is None:
            return "none" in self.types
        if isinstance(value, dict):
            return "weights" in self.types and _weights(value)
        if isinstance(value, list | tuple):
            return "sizes" in self.types and bool(value) and all(map(_size, value))
        if isinstance(value, bool):
            return "bool" in self.types
        if isinstance(value, int) and "int" in self.types:
            return self._within(value)
        return isinstance(value, int | float) and "float" in self.types and self._within(value)

    def _within(self, value: float) -> bool:
        if not math.isfinite(value):  # no JSON holds it
            return False
        above = self.low is None or (value > self.low if self.open_low else value >= self.low)
        return above and (self.high is None or value <= self.high)

    def allowed(self) -> str:
        """Say in words which values are right."""
        words = [repr(choice) for choice in self.choices]
        numbers = " or ".join(t for t in self.types if t in ("int", "float"))
        if numbers:
            low = "" if self.low is None else f" {'>' if self.open_low else '>='} {self.low:g}"
            high = "" if self.high is None else f" <= {self.high:g}"
            words.append(numbers + low + (" and" if low and high else "") + high)
        words += ["a list of them"] if "sizes" in self.types else []
        words += ["{class: weight, ...}"] if "weights" in self.types else []
        words += ["True or False"] if "bool" in self.types else []
        words += ["None"] if "none" in self.types else []
        return ", ".join(words)


def _weights(value: dict[JSON, JSON]) -> bool:
    numbers = [w for w in value.values() if isinstance(w, int | float) and not isinstance(w, bool)]
    return len(numbers) == len(value) > 0 and all(0 <= w < math.inf for w in numbers)


def _size(value: JSON) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


class Algorithm(Record, frozen=True, kw_only=True, tag="algorithm"):
    """What everybody may know of an algorithm without importing it."""

    name: str
    tasks: tuple[str, ...]
    summary: str
    family: str
    """The module in engines/families/ that holds its recipe."""
    parameters: tuple[Parameter, ...]
    tried: tuple[str, ...] = ()
    """What tuning tries where nothing is asked for, the parameter that matters most first."""
    takes_weights: bool = True
    """Whether rows may weigh differently in its fit."""


def among(*values: JSON) -> Search:
    """Return a search among listed values, the likeliest first."""
    return Search(values=values)


def between(low: float, high: float, *, log: bool = False) -> Search:
    """Return a search of a range; of whole numbers where both ends are."""
    whole = isinstance(low, int) and isinstance(high, int)
    return Search(low=low, high=high, log=log, whole=whole)


def row(
    name: str,
    types: str,
    default: JSON,
    help: str,  # noqa: A002 - the field's name
    *,
    choices: tuple[JSON, ...] = (),
    low: float | None = None,
    high: float | None = None,
    open_low: bool = False,
    tasks: tuple[str, ...] = BOTH,
    search: Search | None = None,
) -> Parameter:
    """Return a parameter; `types` are words with spaces between."""
    return Parameter(
        name, help, tuple(types.split()), choices, default, low, high, open_low, tasks, search
    )


def count_or_share(
    name: str,
    default: JSON,
    what: str,
    *,
    least: int = 1,
    types: str = "",
    choices: tuple[JSON, ...] = (),
    tasks: tuple[str, ...] = BOTH,
    search: Search | None = None,
) -> tuple[Parameter, Parameter]:
    """Return the two rows of a parameter that takes a number (int) or a share (float) of something."""
    words, share = f"int {types}".strip(), f"{what}, as a share"
    of_share = search is not None and search.values == () and not search.whole
    first, second = (None, search) if of_share else (search, None)
    return (
        row(name, words, default, what, low=least, choices=choices, tasks=tasks, search=first),
        row(name, "float", default, share, low=0, high=1, open_low=True, tasks=tasks, search=second),
    )  # fmt: skip


def strength(name: str, default: float, low: float, high: float, help: str) -> Parameter:  # noqa: A002
    """Return the strength of a penalty, which is searched by its order of magnitude."""
    return row(name, "float int", default, help, low=0, search=between(low, high, log=True))


def learning_rate(default: float, low: float, high: float) -> Parameter:
    """Return the learning rate of boosting."""
    return row(
        "learning_rate",
        "float int",
        default,
        "share of each tree that is added",
        low=0,
        open_low=True,
        search=between(low, high, log=True),
    )


def class_weight(*choices: str, tried: bool = True) -> Parameter:
    """Return the weights of classes: one of the named ways, or a weight a class."""
    search = among(None, "balanced") if tried else None
    what = "how much the rows of each class count"
    return row("class_weight", "none weights", None, what, choices=("balanced", *choices), tasks=CLASSES, search=search)  # fmt: skip


BALANCED = class_weight()
INTERCEPT = row("fit_intercept", "bool", True, "learn a constant term")
