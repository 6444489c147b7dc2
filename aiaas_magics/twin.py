"""The Python twin: ``aiaas.train(df, target="y")`` is ``%aiaas_train df --target y``.

Made from the tables: one function a verb, with its signature and its documentation; a verb with several
actions is called for its default one and has the others as attributes, ``aiaas.data.load("x.csv")``.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from aiaas_magics import errors, session, specs
from aiaas_magics.handles import Handle
from aiaas_magics.specs import auto, calls
from aiaas_magics.specs.algorithms import ALGORITHMS, Parameter
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.metrics import METRICS
from aiaas_magics.specs.verbs import Action, Kind, Option, Verb

TYPES: dict[Kind, object] = {
    Kind.FLAG: bool,
    Kind.INT: int,
    Kind.FLOAT: float,
    Kind.COLUMNS: "list[str]",
    Kind.COSTS: "dict[str, float] | str",
    Kind.ALGORITHMS: "list[str]",
    Kind.MODELS: "str",
    Kind.DATA: "DataFrame | str",
    Kind.SOURCE: "DataFrame | str",
    Kind.PERCENT: "float | str",
    Kind.DURATION: "float | str",
    Kind.WINDOW: "int | str",
    Kind.SIZE: "int | str",
    Kind.ESTIMATOR: "Estimator",
    Kind.CODE: "str | Callable[[DataFrame], DataFrame]",
}


class Twin:
    """One action of a verb as a function."""

    def __init__(self, verb: Verb, action: Action) -> None:
        self._verb, self._action = verb, action
        self.__name__ = action.python or verb.name or "overview"
        self.__qualname__ = (
            f"{verb.name}.{action.python}" if verb.name and action.name else self.__name__
        )
        self.__module__ = "aiaas_magics"
        self.__signature__ = signature(action)
        self.__doc__ = document(verb, action)

    def __call__(
        self, *args: Any, params: Mapping[str, JSON] | None = None, **words: Any
    ) -> Handle:
        """Carry out the action and return its handle."""
        names = [option.python for option in self._action.arguments]
        if names and self._action.arguments[-1].many and len(args) >= len(names):
            last = len(names) - 1
            args = (*args[:last], tuple(map(_reference, args[last:])))
        if len(args) > len(names):
            raise errors.UsageError(
                f"{self.__qualname__} takes {len(names)} words by position",
                f"{len(args)} were given",
                "",
            )
        options = {option.python for option in (*self._action.arguments, *self._action.options)}
        options -= _parameters(self._action, words)
        given = dict(zip(names, map(_reference, args), strict=False))
        for name in given:
            if name in words:
                raise errors.UsageError(f"{self.__qualname__} is given {name!r} twice")
        given |= {name: _reference(value) for name, value in words.items() if name in options}
        rest = {name: value for name, value in words.items() if name not in options}
        if rest and not self._action.parameters:
            raise calls.unknown_option(self._verb, self._action, next(iter(rest)))
        call = calls.check(self._verb, self._action, given, {**(params or {}), **rest})
        return session.current().run(call.verb, call.action, call.values, call.parameters)

    def __repr__(self) -> str:
        return f"<aiaas.{self.__qualname__}{self.__signature__}>"


class Group(Twin):
    """A verb with several actions; called, it is the default one."""

    def __init__(self, verb: Verb) -> None:
        default = verb.action(verb.default)
        super().__init__(verb, default or verb.actions[0])
        self.__name__ = self.__qualname__ = verb.name
        for action in verb.actions:
            setattr(self, action.python, Twin(verb, action))


def twin(name: str) -> Twin:
    """Return the twin of a verb. Raises KeyError if there is none."""
    verb = specs.verb("" if name == "overview" else name)
    only = verb.action("")
    return Twin(verb, only) if only is not None else Group(verb)


NAMES = tuple(name or "overview" for name in specs.VERBS if name != "connect")


def signature(action: Action) -> inspect.Signature:
    """Return the signature of an action's function."""
    free = any(option.alone for option in action.options)
    found = [
        inspect.Parameter(option.python, inspect.Parameter.VAR_POSITIONAL, annotation=str)
        if option.many
        else _parameter(option, inspect.Parameter.POSITIONAL_OR_KEYWORD, free=free)
        for option in action.arguments
    ]
    keyword = inspect.Parameter.KEYWORD_ONLY
    found += [_parameter(option, keyword, free=free) for option in action.options]
    if action.parameters:
        found.append(inspect.Parameter("params", keyword, default=None, annotation="dict | None"))
        found.append(inspect.Parameter("parameters", inspect.Parameter.VAR_KEYWORD))
    return inspect.Signature(found, return_annotation="Handle")


def _parameter(option: Option, kind: Any, *, free: bool) -> inspect.Parameter:
    needed = option.required and not option.unless and not free
    default = inspect.Parameter.empty if needed else option.default
    return inspect.Parameter(
        option.python, kind, default=default, annotation=TYPES.get(option.kind, str)
    )


def document(verb: Verb, action: Action) -> str:
    """Return a numpydoc text made of the tables."""
    lines = [
        f"{(action.summary or verb.summary).capitalize()}.",
        "",
        verb.description,
        "",
        "Parameters",
        "----------",
    ]
    for option in (*action.arguments, *action.options):
        kind = TYPES.get(option.kind, str)
        shown = kind if isinstance(kind, str) else getattr(kind, "__name__", "")
        lines += [f"{option.python} : {shown}", f"    {option.help}"]
    if action.parameters:
        text = (
            "the algorithm's parameters"
            if action.parameters == "fixed"
            else "lists of values to try, ranges, arrays, or SciPy's distributions"
        )
        lines += ["**parameters", f"    {text}; `params` takes them as a dict."]
    shown = [f"    {line}" for each in action.examples for line in each.splitlines()]
    return "\n".join([*lines, "", "The magic:", "", *shown])


def _parameters(action: Action, words: Mapping[str, Any]) -> set[str]:
    """Return the words that are options elsewhere, and here parameters of the algorithm that is named.

    Those of ``--algo auto`` where an algorithm is trained; where it is tuned lists, for options are none, and
    a distance that is no metric of scores.
    """
    known = {each.name: each for each in ALGORITHMS}
    algorithm = known.get(str(words.get("algo"))) if action.parameters else None
    parameters = algorithm.parameters if algorithm is not None else ()
    if action.parameters == "fixed":
        return {p.name for p in parameters} & {option.python for option in auto.OPTIONS}
    scores = {metric.name for metric in METRICS}

    def meant(parameter: Parameter) -> bool:
        value = words.get(parameter.name)
        distance = parameter.name == "metric" and isinstance(value, str) and value not in scores
        return isinstance(value, list | tuple) or (distance and parameter.accepts(value))

    return {parameter.name for parameter in parameters if meant(parameter)}


def _reference(value: Any) -> Any:
    """Return what a handle of ours refers to; anything else as it is."""
    ref = getattr(value, "ref", None) if isinstance(value, Handle) else None
    return ref if isinstance(ref, str) else value
