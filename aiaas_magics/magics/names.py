"""What a bare word means: a local variable, else a stored name, else a path."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from aiaas_magics import errors
from aiaas_magics.specs.calls import Call
from aiaas_magics.specs.verbs import Kind

RESOLVED = (
    Kind.DATA,
    Kind.SOURCE,
    Kind.MODEL,
    Kind.MODELS,
    Kind.ENDPOINT,
    Kind.VERSION,
    Kind.STORED,
    Kind.JOB,
)
WORD = " word"
"""After an option's name: the word that a variable was called by, for lines that repeat it."""
Known = Callable[[Kind], list[str]]
Same = Callable[[str, Any], bool]


def resolve(call: Call, variables: Mapping[str, Any], known: Known, same: Same) -> Call:
    """Return the call with variables in place of the words that name them.

    Parameters
    ----------
    known
        Gives the stored names of a kind.
    same
        Tells whether stored data holds the very values of a table: then it does not matter which is
        meant, and it is the stored one.

    Raises
    ------
    UsageError
        If a word is both a variable that holds a table and a stored name.
    """
    values = dict(call.values)
    for option in (*call.table.arguments, *call.table.options):
        word = values.get(option.python)
        if option.kind is Kind.ESTIMATOR and isinstance(word, str):
            values[option.python] = _variable(word.removeprefix("var:"), variables)
        elif option.kind in RESOLVED and word is not None:
            found = _resolve(word, option.kind, variables, known, same)
            values[option.python] = found
            if isinstance(word, str) and not isinstance(found, str):
                values[f"{option.python}{WORD}"] = word
    return call._replace(values=values)


def _resolve(word: Any, kind: Kind, variables: Mapping[str, Any], known: Known, same: Same) -> Any:
    if isinstance(word, tuple):
        return tuple(_resolve(each, kind, variables, known, same) for each in word)
    if not isinstance(word, str):
        return reference(word) or word
    prefix, colon, name = word.partition(":")
    if colon and prefix == "ref":
        return name
    if colon and prefix == "var":
        if name not in variables:
            raise errors.UsageError(
                f"there is no variable {name!r}", errors.did_you_mean(name, _tables(variables))
            )
        return reference(variables[name]) or variables[name]
    if word not in variables or word.startswith("_"):
        return word
    value = variables[word]
    if reference(value) is not None:
        return reference(value)
    if kind not in (Kind.DATA, Kind.SOURCE):
        return word
    stored = word in known(Kind.DATA)
    if stored and is_table(value) and not same(word, value):
        raise errors.UsageError(
            f"{word!r} is both a variable and stored data",
            "say which one is meant",
            f"var:{word} or ref:{word}",
        )
    return word if stored or _foreign(value) else value


def _variable(word: str, variables: Mapping[str, Any]) -> Any:
    if word not in variables:
        known = estimators(variables)
        if not word.isidentifier():
            raise errors.UsageError(
                f"{word!r} is not the name of a variable",
                "what stands in braces is carried out first",
                f"--estimator {{{word}}}",
            )
        raise errors.UsageError(
            f"there is no variable {word!r}",
            errors.did_you_mean(word, known),
            f"{word} = Pipeline(...)",
        )
    return variables[word]


def estimators(variables: Mapping[str, Any]) -> list[str]:
    """Return the names of variables that hold something with ``fit`` and ``predict``."""
    return [
        name
        for name, value in variables.items()
        if not name.startswith("_")
        and not isinstance(value, type)
        and all(callable(getattr(type(value), word, None)) for word in ("fit", "get_params"))
    ]


def reference(value: Any) -> str | None:
    """Return what a handle of ours refers to."""
    if not type(value).__module__.startswith("aiaas_magics.handles."):
        return None
    ref = getattr(value, "ref", None)
    return ref if isinstance(ref, str) else None


def is_table(value: Any) -> bool:
    """Tell whether a value is a DataFrame, without importing pandas."""
    kind = type(value)
    return kind.__name__ == "DataFrame" and kind.__module__.split(".")[0] == "pandas"


def _foreign(value: Any) -> bool:
    """Tell a variable that only happens to have the name: a module, a function, a class."""
    return callable(value) or type(value).__name__ == "module"


def _tables(variables: Mapping[str, Any]) -> list[str]:
    return [
        name for name, value in variables.items() if is_table(value) and not name.startswith("_")
    ]
