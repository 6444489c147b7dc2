"""The grammar: one line, perhaps a cell's body, becomes a call or an error of three lines.

Words are separated by white space outside quotes and brackets, so ``max_depth=[None, 10]`` is one word. A
word in braces, ``{df.head(100)}``, is the only thing that is ever evaluated, and by the user's own shell.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from itertools import takewhile
from typing import Any, NamedTuple

from aiaas_magics import errors
from aiaas_magics.specs import spaces
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.calls import Call, check, magic, render, unknown_option
from aiaas_magics.specs.verbs import Action, Kind, Option, Verb

__all__ = ["Asked", "Word", "literal", "parse", "render", "split"]

OPEN, CLOSE = "([{", ")]}"
QUOTES = "\"'"
Evaluate = Callable[[str], object]
FILES = (Kind.SOURCE, Kind.PATH, Kind.FOLDER, Kind.FILE)
"""Words in which = may stand: it is part of a file's name."""


class Word(NamedTuple):
    """A word of a line: as typed, and without the quotes around it."""

    raw: str
    text: str

    @property
    def expression(self) -> str | None:
        """What stands in the braces, where the whole word is in braces."""
        return self.raw[1:-1] if self.raw.startswith("{") and self.raw.endswith("}") else None


class Asked(Exception):
    """The line asks for help, not for work: ``--help``, ``show ?``, ``--schema ?``, ``--algo ?``, ``--algo ridge ?``."""

    def __init__(self, verb: Verb, option: Option | None = None, of: str = "") -> None:
        super().__init__(verb.name)
        self.verb, self.option, self.of = verb, option, of


def split(line: str) -> list[Word]:
    """Return the words of a line.

    Raises
    ------
    UsageError
        If a quote or bracket is not closed.
    """
    return list(_split(line))


def _split(line: str) -> Iterator[Word]:
    start: int | None = None
    inside = _Inside()
    for i, char in enumerate(line):
        inside.take(char, line[i - 1] if i else " ", start is None)
        if char.isspace() and not inside:
            if start is not None:
                yield _word(line[start:i])
            start = None
        elif start is None:
            start = i
    if inside:
        what = inside.quote or inside.stack[-1]
        raise errors.UsageError(
            f"{what} is missing", "a quote or bracket was opened and not closed", ""
        )
    if start is not None:
        yield _word(line[start:])


class _Inside:
    """Which quote and brackets are open."""

    def __init__(self) -> None:
        self.quote = ""
        self.stack: list[str] = []

    def __bool__(self) -> bool:
        return bool(self.quote or self.stack)

    def take(self, char: str, before: str, first: bool) -> None:  # noqa: FBT001 - private
        """Take the next character; a quote inside a word is an apostrophe."""
        if self.quote:
            self.quote = "" if char == self.quote and before != "\\" else self.quote
        elif char in QUOTES and (self.stack or first or before in "=,:"):
            self.quote = char
        elif char in OPEN:
            self.stack.append(CLOSE[OPEN.index(char)])
        elif self.stack and char == self.stack[-1]:
            self.stack.pop()


def _word(raw: str) -> Word:
    quoted = len(raw) > 1 and raw[0] in QUOTES and raw[-1] == raw[0]
    return Word(raw, raw[1:-1] if quoted else raw)


def parse(verb: Verb, line: str, body: str | None = None, evaluate: Evaluate | None = None) -> Call:
    """Return the call a line makes.

    Parameters
    ----------
    body
        What stands below the line in a cell magic: the algorithm's parameters as a Python literal.
    evaluate
        Gives the value of an expression in braces.

    Raises
    ------
    UsageError, SpecError
    Asked
        If the line asks for help.
    """
    words = split(line)
    if any(word.raw == "--help" for word in words) or [word.raw for word in words] == ["?"]:
        raise Asked(verb)
    action, words = _action(verb, words)
    given: dict[str, Any] = {}
    parameters: dict[str, JSON] = {}
    free = iter(action.arguments)
    waiting = iter(words)
    for word in waiting:
        name, equals, raw = word.raw.partition("=")
        if word.raw == "?" and "algo" in given:
            raise Asked(verb, _option(verb, action, "algo"), str(given["algo"]))
        if word.raw.startswith("--"):
            option = _option(verb, action, name[2:])
            value = (
                _value(option, verb, raw, waiting, evaluate)
                if equals or option.kind is not Kind.FLAG
                else True
            )
            _once(given, option.python, value, f"--{option.name}")
        elif equals and name.isidentifier() and action.parameters:
            _once(parameters, name, literal(name, raw, space=action.parameters == "grid"), name)
        elif word.raw == "?":
            raise Asked(verb)
        else:
            argument = next(free, None) or _many(action)
            if argument is None or (equals and argument.kind not in FILES):
                raise _too_many(verb, action, word, given, next(waiting, None))
            _positional(given, argument, _evaluated(word, evaluate))
    if verb.body == "code" and body is not None and body.strip():
        _once(given, verb.body, body, "the code")
        body = None
    for name, value in _body(verb, action, body).items():
        _once(parameters, name, value, name)
    return check(verb, action, given, parameters)


def _action(verb: Verb, words: list[Word]) -> tuple[Action, list[Word]]:
    only = verb.action("")
    if only is not None:
        return only, words
    named = next((a for a in verb.actions if words and a.name == words[0].raw), None)
    if named is not None:
        return named, words[1:]
    default = verb.action(verb.default)
    plain = list(takewhile(lambda word: not word.raw.startswith("--"), words))
    if default is None or len(plain) > len(default.arguments):
        hint = errors.did_you_mean(words[0].text if words else "", [a.name for a in verb.actions])
        raise errors.UsageError(
            f"{magic(verb)} has no action {words[0].text!r}", hint, verb.actions[0].examples[0]
        )
    return default, words


def _option(verb: Verb, action: Action, name: str) -> Option:
    found = next((option for option in action.options if option.name == name), None)
    if found is None:
        raise unknown_option(verb, action, name)
    return found


def _value(
    option: Option, verb: Verb, raw: str, waiting: Iterator[Word], evaluate: Evaluate | None
) -> Any:
    word = _word(raw) if raw else next(waiting, None)
    if word is None or (not raw and word.raw.startswith("--")):
        raise errors.UsageError(
            f"--{option.name} needs a value",
            option.help,
            f"--{option.name} {option.metavar or '...'}",
        )
    if word.raw == "?":
        raise Asked(verb, option)
    if option.kind is Kind.FLAG:
        return {"true": True, "false": False}.get(word.text.lower(), word.text)
    return _evaluated(word, evaluate)


def _evaluated(word: Word, evaluate: Evaluate | None) -> object:
    if word.expression is None:
        return word.text
    if evaluate is None:
        raise errors.UsageError(
            f"{word.raw} cannot be evaluated here", "there is no notebook around this line"
        )
    try:
        return evaluate(word.expression)
    except Exception as error:  # the user's own words, which may raise whatever they like
        raise errors.UserCodeError(
            f"{word.raw} raised {type(error).__name__}: {error}",
            "a cell of its own shows the traceback",
            word.expression,
        ) from error


def _many(action: Action) -> Option | None:
    """Return the last positional word, if it takes all that follow."""
    last = action.arguments[-1] if action.arguments else None
    return last if last is not None and last.many else None


def _positional(given: dict[str, Any], argument: Option, value: object) -> None:
    if argument.many:
        given[argument.python] = (*given.get(argument.python, ()), value)
    else:
        _once(given, argument.python, value, argument.name)


def _once(into: dict[str, Any], name: str, value: Any, shown: str) -> None:
    if name in into:
        raise errors.UsageError(f"{shown} is given twice", "once is enough", "")
    into[name] = value


def _too_many(
    verb: Verb, action: Action, word: Word, given: Mapping[str, Any], after: Word | None
) -> errors.UsageError:
    if action.parameters and after is not None and after.raw.startswith("="):
        return errors.UsageError(
            f"{word.raw} {after.raw} stands apart",
            "no blanks are around the = of a parameter",
            f"{word.raw}=...",
        )
    near = errors.nearest(word.text, [option.name for option in action.options])
    takes = len(action.arguments)
    hint = f"it takes {takes} word{'s' * (takes != 1)}; options begin with --"
    if any(o.kind is Kind.COLUMNS and o.python in given for o in action.options):
        hint = "several columns stand together, with commas: a,b"
    elif near is not None:
        hint = f"did you mean '--{near}'?"
    example = action.examples[0] if action.examples else ""
    return errors.UsageError(
        f"{word.raw!r} is one word too many for {magic(verb, action)}", hint, example
    )


def literal(name: str, raw: str, *, space: bool = False) -> JSON:
    """Return the value of ``name=raw``: a Python literal, or a bare word as text.

    With `space` it may also be a distribution, ``loguniform(1e-3, 10)``, or a list that is written shortly.

    Raises
    ------
    UsageError
        If it is none of these.
    """
    said = ""
    try:
        if not space:
            return _jsonable(ast.literal_eval(raw))
        return _jsonable(spaces.read(ast.parse(raw.strip(), mode="eval").body))
    except spaces.REFUSED as error:
        if raw.replace("-", "_").isidentifier():
            return raw
        said = str(error) if space and "(" in raw else ""
    if not raw:
        raise errors.UsageError(
            f"{name}= has no value", "`--algo NAME ?` tells what a parameter takes", f"{name}=..."
        )
    if said:
        raise errors.UsageError(
            f"{name}={raw} is no list and no distribution",
            said.partition(" at 0x")[0].split("\n")[0],
            f"{name}=loguniform(1e-3, 10)",
        )
    raise errors.UsageError(
        f"{name}={raw} is no Python literal",
        "a number, 'text', True, None, or a [list] of them",
        f"{name}=10",
    )


def _jsonable(value: Any) -> JSON:
    if isinstance(value, tuple | list):
        return [_jsonable(each) for each in value]
    if value is None or isinstance(value, bool | int | float | str | dict | spaces.Distribution):
        return value
    raise ValueError(type(value).__name__)


def _body(verb: Verb, action: Action, body: str | None) -> Mapping[str, JSON]:
    if body is None or not body.strip():
        return {}
    if not verb.body or not action.parameters:
        raise errors.UsageError(
            f"{magic(verb, action)} takes no cell body",
            "write it as one line, with one %",
            action.examples[0],
        )
    try:
        grid = action.parameters == "grid"
        found = _dictionary(ast.parse(body.strip()), spaces.read if grid else ast.literal_eval)
        return {str(name): _jsonable(value) for name, value in found.items()}
    except spaces.REFUSED as error:
        example = (
            "{'max_depth': [None, 10]}" if action.parameters == "grid" else "{'max_depth': 10}"
        )
        raise errors.UsageError(
            "the cell's body is no dict of parameters", str(error).partition("(")[0], example
        ) from error


def _dictionary(tree: ast.Module, read: Callable[[ast.expr], Any]) -> dict[str, Any]:
    """Return the dict a body holds: a literal, ``name = {...}`` or ``dict(a=1)``."""
    if len(tree.body) != 1:
        raise ValueError("one dict is expected")
    statement = tree.body[0]
    node = statement.value if isinstance(statement, ast.Expr | ast.Assign) else None
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "dict"
        and not node.args
    ):
        return {str(k.arg): read(k.value) for k in node.keywords if k.arg is not None}
    if not isinstance(node, ast.Dict):
        raise TypeError("a dict with names as keys is expected")
    keys = [None if key is None else ast.literal_eval(key) for key in node.keys]
    if not all(isinstance(key, str) for key in keys):
        raise ValueError("a dict with names as keys is expected")
    return {str(key): read(value) for key, value in zip(keys, node.values, strict=True)}
