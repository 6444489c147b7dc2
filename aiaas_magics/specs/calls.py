"""A call: one line of any door, its words checked against the table of its verb.

The notebook's parser and the Python twin both end here, so that they give the same answers and the same
errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from aiaas_magics import errors, specs
from aiaas_magics.specs import algorithms, auto, spaces
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.converting import convert
from aiaas_magics.specs.verbs import SUBMISSION, Action, Kind, Option, Verb


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
        name: convert(options[name], value) for name, value in given.items() if value is not None
    }
    alone = next((o for o in action.options if o.alone and o.python in values), None)
    if alone is not None:
        return _alone(verb, action, alone, values, parameters)
    _check_company(verb, action, options, values)
    for name, option in options.items():
        if option.required and name not in values and option.unless not in values:
            raise _missing(verb, action, option)
        if option.unless in values and name in values:
            raise _both(action, option)
        if name not in values and option.default is not None:
            values[name] = option.default
    return Call(verb.name, action.name, values, _parameters(action, values, parameters))


def _check_company(
    verb: Verb, action: Action, options: Mapping[str, Option], values: Mapping[str, Any]
) -> None:
    """Check that every word means something beside the others. Raises `UsageError`."""
    chosen = next((o for o in action.options if o.makes and o.python in values), None)
    beside = chosen.name if chosen is not None else ""
    known = {cls.__name__: cls for cls in specs.spec_types().values()} if chosen is not None else {}
    fields = known[chosen.makes].__struct_fields__ if chosen is not None else ()
    for name, option in options.items():
        if option.beside and option.beside == beside and name not in values:
            raise _missing(verb, action, option)
        value = values.get(name)
        if value is None or (isinstance(value, str | int | float) and value == option.default):
            continue
        if option.beside and option.beside != beside:
            raise _apart(action, option, f"goes with --{option.beside} only", option.help)
        if chosen not in (None, option) and not option.beside and name not in (*fields, *CARRIED):
            raise _apart(action, option, f"does not go with --{beside}", chosen.help)


CARRIED = ("replace", "detach", "memory", "timeout")
"""Words that a session carries out, whatever the spec."""


def _apart(action: Action, option: Option, what: str, hint: str) -> errors.UsageError:
    word = option.name.upper() if option in action.arguments else f"--{option.name}"
    example = next((each for each in action.examples if word in each), _example(action))
    return errors.UsageError(f"{word} {what}", hint, example)


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
    if not known:
        return errors.UsageError(what, "it takes no options", _example(action))
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
        "give one of them",
        _example(action),
    )


def _example(action: Action) -> str:
    return action.examples[0] if action.examples else ""


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
