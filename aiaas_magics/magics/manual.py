"""Help, manual page and JSON schema: said once, in the tables."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Iterator
from typing import Any

from aiaas_magics import specs
from aiaas_magics.specs.algorithms import ALGORITHMS, CHOICES, Algorithm
from aiaas_magics.specs.calls import magic
from aiaas_magics.specs.metrics import METRICS
from aiaas_magics.specs.verbs import Action, Kind, Option, Verb

WIDTH = 26
"""Characters of the words that are explained."""
WHOLE = 100
"""Characters of a line of help."""


def help_text(verb: Verb) -> str:
    """Return what ``%aiaas_train?`` shows."""
    parts = [f"{verb.summary}\n", textwrap.fill(verb.description, WHOLE) + "\n"]
    for action in verb.actions:
        parts.append(usage(verb, action) + (f"\n    {action.summary}" if action.name else ""))
        told = _PARAMETERS[action.parameters]
        for heading, options in _groups(action):
            parts += [_explained(*told)] if heading and told else []
            told = told if not heading else ()
            parts += [f"\n  {heading}:"] if heading else []
            parts += [_explained(_left(option, action), _right(option)) for option in options]
        parts.append("")
    examples = [example for action in verb.actions for example in action.examples]
    parts += ["Examples:", *(f"  {line}" for each in examples for line in each.splitlines())]
    return "\n".join(parts)


_PARAMETERS: dict[str, tuple[str, ...]] = {
    "": (),
    "fixed": ("name=value", "the algorithm's parameters"),
    "grid": (
        "name=[value,...]",
        "the values to try; or where they are drawn from, as SciPy writes it: loguniform(1e-3,10), uniform(0,1), "
        "randint(1,20); or a list as numpy writes it: logspace(-3,3,7), linspace(0,1,5), range(1,20,2)",
    ),
}


def _explained(word: str, meaning: str) -> str:
    """Return a word and beside it, or below it if it is long, what it means."""
    indent = " " * (WIDTH + 3)
    lines = textwrap.fill(meaning, WHOLE, initial_indent=indent, subsequent_indent=indent)
    head = f"  {word:<{WIDTH}} "
    return head + lines.lstrip() if len(head) == len(indent) else f"{head.rstrip()}\n{lines}"


def usage(verb: Verb, action: Action) -> str:
    """Return the form of a line: ``%aiaas_train DATA --target COLUMN [options] [name=value ...]``."""
    words = [magic(verb, action)]
    words += [_word(option) for option in action.arguments]
    words += [f"--{o.name} {_meta(o)}" for o in action.options if o.required]
    words += ["[options]"] if any(not o.required for o in action.options) else []
    words += {"fixed": ["[name=value ...]"], "grid": ["[name=[value,...] ...]"], "": []}[
        action.parameters
    ]
    return " ".join(words)


def _word(option: Option) -> str:
    name = option.name.upper() + (" ..." if option.many else "")
    return name if option.required else f"[{name}]"


def _left(option: Option, action: Action) -> str:
    if option in action.arguments:
        return option.name.upper()
    return f"--{option.name}" + ("" if option.kind is Kind.FLAG else f" {_meta(option)}")


def _meta(option: Option) -> str:
    return option.metavar or (
        "|".join(option.choices) if option.choices else option.kind.value.upper()
    )


def _right(option: Option) -> str:
    default = option.default
    if default is None or default is False or default == ():
        return option.help
    return f"{option.help} (default: {f'{default:g}' if isinstance(default, float) else default})"


def option_text(option: Option) -> str:
    """Return what ``--schema ?`` shows."""
    return f"--{option.name} {_meta(option)}\n{_right(option)}"


def page() -> str:
    """Return the whole manual in Markdown."""
    return "\n".join(_page())


def _page() -> Iterator[str]:
    yield "# The magics\n"
    for name in specs.VERBS:
        verb = specs.verb(name)
        yield f"## `{magic(verb)}`: {verb.summary}\n\n{verb.description}\n"
        for action in verb.actions:
            yield f"`{usage(verb, action)}`" + (f": {action.summary}" if action.name else "") + "\n"
            groups = list(_groups(action))
            if groups:
                yield "| word | meaning |\n|---|---|"
            for heading, options in groups:
                yield from [f"| *{heading}* | |"] if heading else []
                yield "\n".join(_row(option, action) for option in options)
            if groups:
                yield ""
            shown = [line for each in action.examples for line in each.splitlines()]
            yield "\n".join(f"    {line}" for line in shown) + "\n"
    yield "# The algorithms\n\n| name | for | what it is | tune first |\n|---|---|---|---|"
    yield "\n".join(map(_overview, ALGORITHMS)) + "\n"
    for algorithm in ALGORITHMS:
        yield _algorithm(algorithm)
    yield "# The metrics\n\n| name | for | meaning |\n|---|---|---|"
    yield "\n".join(f"| `{m.name}` | {m.task} | {m.summary} |" for m in METRICS) + "\n"


def _groups(action: Action) -> Iterator[tuple[str, list[Option]]]:
    """Yield the words of an action by their headings, those without one first."""
    words = (*action.arguments, *action.options)
    for heading, group in itertools.groupby(words, key=lambda option: option.group):
        yield heading, list(group)


def _row(option: Option, action: Action) -> str:
    left = _left(option, action).replace("|", "\\|")
    return f"| `{left}` | {_right(option)} |"


def _overview(algorithm: Algorithm) -> str:
    tried = ", ".join(f"`{name}`" for name in algorithm.tried) or "–"
    tasks = " and ".join(algorithm.tasks)
    return f"| `{algorithm.name}` | {tasks} | {algorithm.summary} | {tried} |"


def _algorithm(algorithm: Algorithm) -> str:
    told = (f"| `{p.name}` | {p.help} | {p.allowed()} |" for p in algorithm.parameters)
    rows = "\n".join(dict.fromkeys(told))  # the tasks may differ in the default alone
    head = f"## `{algorithm.name}`\n\n{algorithm.summary} ({' and '.join(algorithm.tasks)})\n"
    weights = "" if algorithm.takes_weights else "\nIt takes no `--weights`.\n"
    return f"{head}{weights}\n| parameter | meaning | values |\n|---|---|---|\n{rows}\n"


_TYPES: dict[Kind, dict[str, Any]] = {
    Kind.FLAG: {"type": "boolean"},
    Kind.INT: {"type": "integer"},
    Kind.FLOAT: {"type": "number"},
    Kind.PERCENT: {"type": ["number", "string"]},
    Kind.DURATION: {"type": ["number", "string"]},
    Kind.WINDOW: {"type": ["integer", "string"]},
    Kind.SIZE: {"type": ["integer", "string"]},
    Kind.COLUMNS: {"type": "array", "items": {"type": "string"}},
    Kind.COSTS: {"type": ["object", "string"]},
    Kind.ALGORITHMS: {"type": "array", "items": {"type": "string"}},
    Kind.MODELS: {"type": "array", "items": {"type": "string"}},
}


def schema(verb: Verb, action: Action) -> dict[str, Any]:
    """Return the JSON schema of an action's words, by Python name: for forms and other clients."""
    options = (*action.arguments, *action.options)
    properties = {option.python: _property(option, action) for option in options}
    if action.parameters:
        properties["parameters"] = {"type": "object", "description": "the algorithm's parameters"}
    needed = [option.python for option in options if option.required]
    alone = [option.python for option in options if option.alone]
    found: dict[str, Any] = {"required": needed}
    pairs = [(o.python, o.beside) for o in options if o.beside]
    if pairs:
        found["dependentRequired"] = {a: [b] for pair in pairs for a, b in (pair, pair[::-1])}
    if alone:
        found = {"anyOf": [found, *({"required": [name]} for name in alone)]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": magic(verb, action),
        "description": action.summary,
        "type": "object",
        "properties": properties,
        **found,
        "additionalProperties": False,
    }


def _choices(action: Action) -> tuple[Algorithm, ...]:
    """Return what an action's ``--algo`` takes: a grid is of one algorithm's parameters."""
    return ALGORITHMS if action.parameters == "grid" else CHOICES


def _property(option: Option, action: Action) -> dict[str, Any]:
    found: dict[str, Any] = {
        **_TYPES.get(option.kind, {"type": "string"}),
        "description": option.help,
    }
    if option.choices:
        found["enum"] = list(option.choices)
    if option.kind is Kind.ALGORITHM:
        found["enum"] = [algorithm.name for algorithm in _choices(action)]
    if option.kind is Kind.METRIC:
        found["enum"] = [metric.name for metric in METRICS]
    if option.default not in (None, ()):
        found["default"] = option.default
    return found
