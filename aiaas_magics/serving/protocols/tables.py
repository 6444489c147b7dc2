"""Rows of a table as JSON gives them, by row or by column, against a model's schema; whatever names the protocol has for it."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np

from aiaas_magics.predictors.base import Rows
from aiaas_magics.serving.limits import MOST_ROWS
from aiaas_magics.serving.problems import Problem
from aiaas_magics.serving.protocols import matrix
from aiaas_magics.serving.protocols.base import Loaded
from aiaas_magics.specs.schema import MODES, Note, Schema, all_gaps, left_out, short

MOST_NOTES = 20
"""Columns nobody needs that are named."""
Columns = Mapping[str, Sequence[Any]]


def mode_of(asked: Mapping[str, Any], mode: str) -> str:
    """Return what is done with odd rows: the request's own word, but where the endpoint refuses it refuses.

    Raises
    ------
    Problem
        422 for a word that is none.
    """
    word = asked.get("schema", mode)
    if word not in MODES:
        raise Problem(422, f"unknown schema {short(word)}", near(str(word)[:20], MODES))
    if mode == "refuse" != word:
        what = "this endpoint refuses rows unlike those it learned from"
        raise Problem(422, what, "leave out schema")
    return str(word)


def of_columns(where: str, given: Columns, version: Loaded, mode: str) -> tuple[Rows, list[Note]]:
    """Return checked rows, given by column in any order, and the notes on them.

    Parameters
    ----------
    where
        The word that stands before the columns in the request.
    mode
        As in :mod:`aiaas_magics.specs.schema`.

    Raises
    ------
    Problem
        422 for columns or values that do not fit, 413 for too many rows.
    """
    if not given:
        check_names([], version.schema.names, where)
    lengths = {len(column) for column in given.values()}
    if len(lengths) != 1 or 0 in lengths:
        hint = "each holds one value a row, one row at least"
        raise Problem(422, f"{where}: the columns are not equally long", hint)
    rows = lengths.pop()
    check_count(rows)
    notes: list[Note] = []
    if mode == "fix":
        given, notes = _mended(given, rows, version.schema)
    check_names(list(given), version.schema.names, where)
    columns = {name: list(given[name]) for name in version.schema.names}
    found, more = matrix.check_columns(columns, version.predictor.signature, version.schema, mode)
    return found, [*notes, *more]


def of_records(
    where: str, rows: Sequence[Mapping[str, Any]], version: Loaded, mode: str
) -> tuple[Rows, list[Note]]:
    """Return checked rows, each given by column name, and the notes on them; see :func:`of_columns`."""
    check_count(len(rows))
    names = version.schema.names
    if mode == "fix":
        every = list(dict.fromkeys(name for row in rows for name in row))
        return of_columns(where, {n: [row.get(n) for row in rows] for n in every}, version, mode)
    for i, row in enumerate(rows):
        check_names(row, names, f"{where}: row {i}")
    return of_columns(where, {n: [row[n] for row in rows] for n in names}, version, mode)


def of_lists(
    where: str, rows: Sequence[Any], names: Sequence[str], version: Loaded, mode: str
) -> tuple[Rows, list[Note]]:
    """Return checked rows, each a list in the order of `names`, and the notes on them; see :func:`of_columns`."""
    check_count(len(rows))
    for i, row in enumerate(rows):
        if not isinstance(row, list):
            raise Problem(422, f"{where}: row {i} is {short(row)}", "a list of values")
        if len(row) != len(names):
            what = f"{where}: row {i} has {len(row)} values, not {len(names)}"
            raise Problem(422, what, "in this order: " + some(names))
    quick = _numbers(rows, names, version)
    if quick is not None:
        return quick, []
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    return of_columns(where, columns, version, mode)


def _numbers(rows: Sequence[Any], names: Sequence[str], version: Loaded) -> Rows | None:
    """Return rows of nothing but sound numbers at one look; None where they need a second one."""
    signature, expected = version.predictor.signature, version.schema.names
    kinds = {kind for _, kind in signature.inputs}
    if len(names) != len(expected) or not kinds <= {"double", "long"}:
        return None
    if not PLAIN.issuperset(map(type, chain.from_iterable(rows))):
        return None
    try:
        table = np.array(rows, dtype=np.float64)
        if names != expected:
            table = table[:, [names.index(name) for name in expected]]
    except (OverflowError, ValueError):  # beyond float64; a column that is not there
        return None
    return Rows(signature, matrix=table) if matrix.sound(table, version.schema) else None


PLAIN = frozenset((float, int))
"""Types of values that a matrix holds as they are."""


def check_count(rows: int) -> None:
    """Raise `Problem` where a request has no rows or too many."""
    if rows < 1:
        raise Problem(422, "there are no rows", "send one at least")
    if rows > MOST_ROWS:
        raise Problem(413, f"{rows:,} rows are too many", f"send at most {MOST_ROWS:,} at once")


def check_names(given: Collection[str], names: Sequence[str], where: str) -> None:
    """Raise `Problem` where the columns given are not those of the model."""
    for name in given:
        if name not in names:
            what = f"{where}: the model has no column {short(name)}"
            raise Problem(422, what, near(name[:80], names))
    missing = [name for name in names if name not in given]
    if missing:
        what = f"{where}: {some(missing)} missing"
        raise Problem(422, what, f"the model takes {len(names)} columns")


def near(word: str, known: Sequence[str]) -> str:
    """Return a hint at the word that was meant, or at all there are."""
    found = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {found[0]!r}?" if found else "known: " + some(known)


def some(names: Sequence[str]) -> str:
    """Return the first of many names."""
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")


def _mended(given: Columns, rows: int, schema: Schema) -> tuple[Columns, list[Note]]:
    """Return the model's columns only, those that may be gaps added, and what was done."""
    extra, absent = schema.spare(list(given))
    kept = {name: given[name] for name in given if name not in extra}
    notes = [left_out(name[:80], rows) for name in extra[:MOST_NOTES]]
    notes += [all_gaps(name, rows) for name in absent]
    return kept | {name: [None] * rows for name in absent}, notes
