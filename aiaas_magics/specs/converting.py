"""Words of a line as values: what each kind of option takes, and what is said of anything else.

Adding a kind: a member of `Kind`, what it is called in `_A`, and a function in `_CONVERT`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from aiaas_magics import errors
from aiaas_magics.specs import algorithms, metrics, refs
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.verbs import Kind, Option

UNITS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
SIZES = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
NUMBER = re.compile(r"(\d+(?:\.\d+)?)\s*([a-zA-Z]*)\Z")


def convert(option: Option, value: Any) -> Any:
    """Return a word's value as its kind has it.

    Raises
    ------
    UsageError
        If it is no value of its kind.
    SpecError
        If an algorithm, metric or name is not one.
    """
    try:
        return _CONVERT.get(option.kind, _as_is)(option, value)
    except (ValueError, TypeError, OverflowError) as error:
        shown = (
            f"--{option.name} {value}" if isinstance(value, str) else f"{option.python}={value!r}"
        )
        try_ = f"--{option.name} {option.metavar or option.default or '...'}"
        raise errors.UsageError(f"{shown} is not {_A[option.kind]}", option.help, try_) from error


_A = {
    Kind.FLAG: "true or false",
    Kind.INT: "a whole number",
    Kind.FLOAT: "a number",
    Kind.PERCENT: "a percentage: 10%",
    Kind.VERSION: "a version: clf@4, or 4",
    Kind.DURATION: "a duration: 90, 500ms, 20s, 5m, 1h",
    Kind.WINDOW: "a window: 15m, 1h, 7d, or 1000 rows",
    Kind.SIZE: "a size: 500MB, 2GB",
    Kind.COLUMNS: "a list of columns: a,b,c",
    Kind.COSTS: "what mistakes cost: fp=1,fn=5, or a dict {true: {predicted: cost}}",
    Kind.TEXT: "text",
    Kind.NAME: "a name",
    Kind.PATH: "a path",
    Kind.FILE: "a path",
    Kind.MODELS: "a list of models",
    Kind.COLUMN: "a column",
    Kind.ALGORITHM: "an algorithm",
    Kind.ALGORITHMS: "a list of algorithms: a,b,c",
    Kind.METRIC: "a metric",
    Kind.CHOICE: "one of its choices",
    Kind.JOB: "a job",
    Kind.SEARCH: "a name",
    Kind.ESTIMATOR: "an estimator",
    Kind.CODE: "Python code, or a function that takes and returns df",
}


def _as_is(option: Option, value: Any) -> Any:
    del option
    return value


def _flag(option: Option, value: Any) -> bool:
    del option
    if not isinstance(value, bool):
        raise TypeError
    return value


def _int(option: Option, value: Any) -> int:
    del option
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise TypeError
    return int(value)


def _float(option: Option, value: Any) -> float:
    del option
    number = float(value)
    if isinstance(value, bool) or number != number or number in (float("inf"), float("-inf")):
        raise TypeError
    return number


def _percent(option: Option, value: Any) -> float:
    signed = isinstance(value, str) and value.strip().endswith("%")
    number = _float(option, value.strip().removesuffix("%") if isinstance(value, str) else value)
    if 0 < number < 1 and not signed:
        shown = f"{value:g}" if isinstance(value, float) else value
        raise errors.UsageError(
            f"--{option.name} {shown} may mean {number:g} % or {100 * number:g} %",
            "below 1 the sign says which is meant",
            f"--{option.name} {100 * number:g}% or --{option.name} {number:g}%",
        )
    return number


def _version(option: Option, value: Any) -> str:
    return _text(option, str(value) if type(value) is int else value)


def _window(option: Option, value: Any) -> str:
    return _text(option, str(_int(option, value)) if isinstance(value, int | float) else value)


def _data(option: Option, value: Any) -> Any:
    """Return what names data, or is a table; Python that stands there without braces is told from a name."""
    if isinstance(value, str) and any(c in value for c in "[]()"):
        raise errors.UsageError(
            f"{value} is not the name of a variable, or of stored data",
            "what stands in braces is carried out first",
            f"--{option.name} {{{value}}}" if not option.required else f"{{{value}}}",
        )
    return value


def _text(option: Option, value: Any) -> str:
    del option
    if not isinstance(value, str) or not value:
        raise TypeError
    return value


def _path(option: Option, value: Any) -> str:
    del option
    return (
        str(value.__fspath__())
        if hasattr(value, "__fspath__")
        else _text(Option("", Kind.TEXT, ""), value)
    )


def _name(option: Option, value: Any) -> str:
    return refs.check_name(_text(option, value))


def _code(option: Option, value: Any) -> Any:
    return value if callable(value) else _text(option, value)


def _choice(option: Option, value: Any) -> str:
    if value not in option.choices:
        raise errors.UsageError(
            f"--{option.name} {value} is unknown",
            errors.did_you_mean(str(value), option.choices),
            f"--{option.name} {errors.nearest(str(value), option.choices) or option.choices[0]}",
        )
    return str(value)


def _quantity(units: Mapping[str, float]) -> Callable[[Option, Any], float]:
    def number(option: Option, value: Any) -> float:
        del option
        if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
            return value
        found = NUMBER.match(value)
        if found is None or found[2].lower() not in units or float(found[1]) <= 0:
            raise ValueError
        return float(found[1]) * units[found[2].lower()]

    return number


def _size(option: Option, value: Any) -> int:
    return int(_quantity(SIZES)(option, value))


def _columns(option: Option, value: Any) -> tuple[str, ...]:
    del option
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    if not all(isinstance(part, str) for part in value):
        raise TypeError
    return tuple(value)


def _costs(option: Option, value: Any) -> dict[str, JSON]:
    del option
    if isinstance(value, str):
        pairs = [part.split("=") for part in value.replace(" ", ",").split(",") if part]
        value = {name: float(number) for name, number in pairs}
    if not isinstance(value, Mapping) or not value:
        raise TypeError
    return {
        str(name): _costs(_COSTS, cost) if isinstance(cost, Mapping) else float(cost)
        for name, cost in value.items()
    }


_COSTS = Option("cost", Kind.COSTS, "")


def _several(option: Option, value: Any) -> tuple[Any, ...]:
    del option
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def _algorithm(option: Option, value: Any) -> str:
    return algorithms.find(_text(option, value)).name


def _algorithms(option: Option, value: Any) -> tuple[str, ...]:
    names = dict.fromkeys(_columns(option, value))
    return tuple(algorithms.find(name).name for name in names)


def _metric(option: Option, value: Any) -> str:
    return metrics.check_metric(_text(option, value)).name


_CONVERT: dict[Kind, Callable[[Option, Any], Any]] = {
    Kind.FLAG: _flag,
    Kind.INT: _int,
    Kind.FLOAT: _float,
    Kind.PERCENT: _percent,
    Kind.VERSION: _version,
    Kind.WINDOW: _window,
    Kind.DATA: _data,
    Kind.TEXT: _text,
    Kind.CHOICE: _choice,
    Kind.DURATION: _quantity(UNITS),
    Kind.SIZE: _size,
    Kind.NAME: _name,
    Kind.PATH: _path,
    Kind.FILE: _path,
    Kind.MODELS: _several,
    Kind.COLUMN: _text,
    Kind.COLUMNS: _columns,
    Kind.COSTS: _costs,
    Kind.ALGORITHM: _algorithm,
    Kind.ALGORITHMS: _algorithms,
    Kind.METRIC: _metric,
    Kind.JOB: _text,
    Kind.SEARCH: _name,
    Kind.CODE: _code,
}
