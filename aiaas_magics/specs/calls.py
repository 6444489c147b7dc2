"""A call: one line of any door, its words checked against the table of its verb.

The notebook's parser and the Python twin both end here, so that they give the same answers and the same
errors.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from aiaas_magics import errors, specs
from aiaas_magics.specs import algorithms, auto, metrics, refs, spaces
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.verbs import SUBMISSION, Action, Kind, Option, Verb

UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}
SIZES = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
NUMBER = re.compile(r"(\d+(?:\.\d+)?)\s*([a-zA-Z]*)\Z")


class Call(NamedTuple):
    """A verb, one of its actions, values by Python name, and the algorithm's parameters."""

    verb: str
    action: str
    values: dict[str, Any]
    parameters: dict[str, JSON]

    @property
    def table(self) -> Action:
        """The action's table."""
        found = specs.verb(self.verb).action(self.action)
        if found is None:
            raise errors.UsageError(f"%aiaas_{self.verb} has no action {self.action!r}")
        return found


def check(
    verb: Verb, action: Action, given: Mapping[str, Any], parameters: Mapping[str, JSON]
) -> Call:
    """Return the call for words by Python name, each converted to its kind.

    Raises
    ------
    UsageError
        If a word is unknown, missing, or no value of its kind.
    SpecError
        If an algorithm, metric or name is not one.
    """
    options = {option.python: option for option in (*action.arguments, *action.options)}
    for name in given:
        if name not in options:
            raise unknown_option(verb, action, name)
    values = {
        name: _convert(options[name], value) for name, value in given.items() if value is not None
    }
    alone = next((o for o in action.options if o.alone and o.python in values), None)
    if alone is not None:
        return _alone(verb, action, alone, values, parameters)
    for name, option in options.items():
        if option.required and name not in values and option.unless not in values:
            raise _missing(verb, action, option)
        if option.unless in values and name in values:
            raise _both(action, option)
        if name not in values and option.default is not None:
            values[name] = option.default
    return Call(verb.name, action.name, values, _parameters(action, values, parameters))


def unknown_option(verb: Verb, action: Action, name: str) -> errors.UsageError:
    """Return the error for a word nobody knows."""
    bare = name.removeprefix("--")
    what = f"{magic(verb, action)} has no option --{bare}"
    if action.parameters and any(
        bare == p.name for a in algorithms.ALGORITHMS for p in a.parameters
    ):
        return errors.UsageError(what, "a parameter of the algorithm has no dashes", f"{bare}=...")
    if bare in {option.name for option in action.arguments}:
        return errors.UsageError(what, f"{bare.upper()} is a word without dashes", _example(action))
    known = [option.name for option in action.options]
    near = errors.nearest(bare.replace("_", "-").rstrip("-"), known)
    if near is None:
        return errors.UsageError(what, errors.did_you_mean(bare, known), _example(action))
    return errors.UsageError(what, f"did you mean '--{near}'?", _example(action))


def magic(verb: Verb, action: Action | None = None) -> str:
    """Return the line's beginning: ``%aiaas_data load``."""
    name = f"%aiaas_{verb.name}" if verb.name else "%aiaas"
    return f"{name} {action.name}" if action is not None and action.name else name


def _missing(verb: Verb, action: Action, option: Option) -> errors.UsageError:
    positional = option in action.arguments
    what = option.name.upper() if positional else f"--{option.name}"
    return errors.UsageError(f"{magic(verb, action)} needs {what}", option.help, _example(action))


def _alone(
    verb: Verb, action: Action, option: Option, values: dict[str, Any], given: Mapping[str, JSON]
) -> Call:
    """Return the call of a line whose one option stands for all words. Raises `UsageError` beside others."""
    allowed = {option.python, *(each.python for each in SUBMISSION)}
    known = {each.python: each for each in (*action.arguments, *action.options)}
    others = [n for n, value in values.items() if n not in allowed and value != known[n].default]
    if others or given:
        word = next(iter(given), "") or f"--{known[others[0]].name}"
        word = (
            known[others[0]].name.upper()
            if others and known[others[0]] in action.arguments
            else word
        )
        raise errors.UsageError(
            f"{word} does not go with --{option.name}",
            option.help,
            f"{magic(verb, action)} --{option.name} {values[option.python]}",
        )
    return Call(verb.name, action.name, {n: values[n] for n in values if n in allowed}, {})


def _both(action: Action, option: Option) -> errors.UsageError:
    return errors.UsageError(
        f"--{option.name} and --{option.unless} are alternatives",
        "one of them says what is trained",
        _example(action),
    )


def _example(action: Action) -> str:
    return action.examples[0] if action.examples else ""


def _convert(option: Option, value: Any) -> Any:
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
    Kind.DURATION: "a duration: 90, 20s, 5m, 1h",
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
    def convert(option: Option, value: Any) -> float:
        del option
        if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
            return value
        found = NUMBER.match(value)
        if found is None or found[2].lower() not in units or float(found[1]) <= 0:
            raise ValueError
        return float(found[1]) * units[found[2].lower()]

    return convert


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


def _parameters(
    action: Action, values: Mapping[str, Any], given: Mapping[str, JSON]
) -> dict[str, JSON]:
    if given and not action.parameters:
        name = next(iter(given))
        raise errors.UsageError(
            f"{name}=... is not a word here",
            "only training and tuning take parameters",
            _example(action),
        )
    grid = action.parameters == "grid"
    found = {n: _plain(spaces.of_object(v) if grid else v) for n, v in given.items()}
    if grid:
        found = {
            name: value if isinstance(value, list | spaces.Distribution) else [value]
            for name, value in found.items()
        }
    algorithm = algorithms.find(values["algo"]) if "algo" in values else None
    if algorithm is not None and action.parameters == "grid":
        auto.check_grid(algorithm.name)
    for name, value in found.items():
        if algorithm is None:
            break
        if grid:
            algorithms.check_tried(algorithm, name, value, values.get("task"))
        else:
            algorithms.check_parameters(algorithm, {name: value}, values.get("task"))
    return found


def _plain(value: Any) -> JSON:
    """Return a value JSON can hold: numpy's numbers and arrays, ranges and tuples become Python's."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple | range):
        return [_plain(each) for each in value]
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    return value


def render(call: Call) -> str:
    """Return a line that parses to the call again. Objects are shown as ``{...}``."""
    table = call.table
    parts = [magic(specs.verb(call.verb), table)]
    for argument in table.arguments:
        value = call.values.get(argument.python, ())
        parts += map(_quoted, value if argument.many else (value,)) if value != () else ()
    for option in table.options:
        value = call.values.get(option.python)
        if value is None or value == option.default:
            continue
        parts.append(
            f"--{option.name}" if option.kind is Kind.FLAG else f"--{option.name} {_quoted(value)}"
        )
    parts += [f"{name}={_compact(value)}" for name, value in call.parameters.items()]
    return " ".join(parts)


def _compact(value: JSON) -> str:
    if isinstance(value, spaces.Distribution):
        return str(value).replace(" ", "")
    return "[" + ",".join(map(_compact, value)) + "]" if isinstance(value, list) else repr(value)


def _quoted(value: Any) -> str:
    if isinstance(value, tuple):
        value = ",".join(value)
    if not isinstance(value, str | int | float):
        return "{...}"
    text = str(value)
    plain = (
        text and not any(c.isspace() or c in "\"'([{}])" for c in text) and not text.startswith("-")
    )
    return text if plain else '"' + text + '"'
