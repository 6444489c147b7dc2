"""Code of the notebook's own on its way to a worker: read and checked, never run here."""

from __future__ import annotations

import ast
import textwrap
import warnings
from types import FunctionType

from aiaas_magics import errors
from aiaas_magics.capturing.modules import Module


def code_of(word: object) -> str:
    """Return the source of what a table is prepared with: text, or a function from table to table.

    Raises
    ------
    UsageError
        If it is no Python, does nothing with ``df``, or is a function whose source cannot travel.
    """
    if isinstance(word, str):
        return _checked(textwrap.dedent(word).rstrip())  # lines keep their numbers
    if not isinstance(word, FunctionType):
        raise errors.UsageError(
            f"{type(word).__name__} is no code",
            "text that works on df, or a function that takes and returns a table",
            "code=\"df['a'] = df['b'] * 2\"",
        )
    module = Module()
    module.add(word)
    return f"{module.text()}\n\ndf = {word.__name__}(df)\n"


def _checked(source: str) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
            compile(source, "<code>", "exec", dont_inherit=True)  # refuses a lone `return` too
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None)
        said = f"line {line}: {[*source.splitlines(), ''][line - 1].strip()}" if line else ""
        reason = getattr(error, "msg", None) or str(error)
        magic = said.partition(": ")[2][:1] in ("%", "!")
        raise errors.UsageError(
            f"the code is no Python: {reason}",
            said,
            "magics and shell lines go into a cell of their own" if magic else "",
        ) from error
    if not any(isinstance(node, ast.Name) and node.id == "df" for node in ast.walk(tree)):
        raise errors.UsageError(
            "the code does nothing with df",
            "df is the table that is prepared",
            "df['new'] = df['old'] * 2",
        )
    return source
