"""Rows of a table as JSON gives them, by row or by column, against a model's schema; whatever names the protocol has for it."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

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
        The word that stands before the columns in the request; none where it goes without saying.
    mode
        As in :mod:`aiaas_magics.specs.schema`.

    Raises
    ------
    Problem
        422 for columns or values that do not fit, 413 for too many rows.
    """
    schema, at = version.schema, _at(where)
    if not given:
        check_names([], schema.names, at)
    lengths = {len(column) for column in given.values()}
    if len(lengths) != 1 or 0 in lengths:
        hint = "each holds one value a row, one row at least"
        raise Problem(422, f"{at}the columns are not equally long", hint)
    rows = lengths.pop()
    check_count(rows)
    mend = _mended(given, rows, schema) if mode == "fix" else NOTHING
    check_names(given, mend.needed(schema.names), at, spare=mode == "fix")
    columns = {n: given[n] if n in given else [None] * rows for n in schema.names}
    found, more = matrix.check_columns(columns, version.predictor.signature, schema, mode)
    return found, [*mend.notes, *more]


def of_records(
    where: str, rows: Sequence[Mapping[str, Any]], version: Loaded, mode: str
) -> tuple[Rows, list[Note]]:
    """Return checked rows, each given by column name, and the notes on them; see :func:`of_columns`."""
    check_count(len(rows))
    schema, at, fix = version.schema, _at(where), mode == "fix"
    mend = _mended(dict.fromkeys(chain.from_iterable(rows)), len(rows), schema) if fix else NOTHING
    needed = mend.needed(schema.names)
    expected = frozenset(needed)
    for i, row in enumerate(rows):
        if row.keys() != expected:
            check_names(row, needed, f"{at}row {i}: ", spare=fix)
    gaps = [None] * len(rows)
    columns = {n: [row[n] for row in rows] if n in expected else gaps for n in schema.names}
    found, more = matrix.check_columns(columns, version.predictor.signature, schema, mode)
    return found, [*mend.notes, *more]


def of_lists(
    where: str, rows: Sequence[Any], names: Sequence[str], version: Loaded, mode: str
) -> tuple[Rows, list[Note]]:
    """Return checked rows, each a list in the order of `names`, and the notes on them; see :func:`of_columns`."""
    check_count(len(rows))
    at = _at(where)
    for i, row in enumerate(rows):
        if not isinstance(row, list):
            hint = "a row is a list of values: write [[...]] for one row"
            raise Problem(422, f"{at}row {i} is {short(row)}", hint)
        if len(row) != len(names):
            told = "; the model takes " if names == version.schema.names else ", not "
            what = f"{at}row {i} has {len(row)} values{told}{len(names)}"
            raise Problem(422, what, "in this order: " + some(names))
    quick = _numbers(rows, names, version)
    if quick is not None:
        return quick, []
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    return of_columns(where, columns, version, mode)


def _at(where: str) -> str:
    return f"{where}: " if where else ""


def _numbers(rows: Sequence[Any], names: Sequence[str], version: Loaded) -> Rows | None:
    """Return rows of nothing but sound numbers at one look; None where they need a second one."""
    signature, expected = version.predictor.signature, version.schema.names
    kinds = {kind for _, kind in signature.inputs}
    if (names != expected and sorted(names) != sorted(expected)) or not kinds <= {"double", "long"}:
        return None
    bite = max(1, matrix.BITE // len(names))
    parts = []
    for start in range(0, len(rows), bite):
        flat = list(chain.from_iterable(rows[start : start + bite]))
        part = matrix.array(flat, matrix.TYPES["double"])
        if part is None:
            return None
        parts.append(part)
    whole = parts[0] if len(parts) == 1 else np.concatenate(parts)
    table = whole.reshape(len(rows), len(names))
    if names != expected:
        table = table[:, [names.index(name) for name in expected]]
    return Rows(signature, matrix=table) if matrix.sound(table, version.schema) else None


def check_count(rows: int) -> None:
    """Raise `Problem` where a request has no rows or too many."""
    if rows < 1:
        raise Problem(422, "there are no rows", "send one at least")
    if rows > MOST_ROWS:
        raise Problem(413, f"{rows:,} rows are too many", f"send at most {MOST_ROWS:,} at once")


def check_names(
    given: Collection[str], names: Sequence[str], at: str, *, spare: bool = False
) -> None:
    """Raise `Problem` where the columns given are not those of the model; `spare` ones do no harm."""
    known = frozenset(names)
    for name in () if spare else given:
        if name not in known:
            what = f"{at}the model has no column {short(name)}"
            raise Problem(422, what, near(name[:80], names))
    missing = [name for name in names if name not in given]
    if missing:
        what = f"{at}{some(missing)} missing"
        raise Problem(422, what, f"the model needs {len(names)} column{'s' * (len(names) != 1)}")


def near(word: str, known: Sequence[str]) -> str:
    """Return a hint at the word that was meant, or at all there are."""
    found = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {found[0]!r}?" if found else "known: " + some(known)


def some(names: Sequence[str]) -> str:
    """Return the first of many names."""
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")


class _Mend(NamedTuple):
    """What is done about columns: those that are read as gaps, and the notes on it."""

    absent: frozenset[str]
    notes: list[Note]

    def needed(self, names: Sequence[str]) -> list[str]:
        """Return the columns that are to be there."""
        return [name for name in names if name not in self.absent]


NOTHING = _Mend(frozenset(), [])


def _mended(given: Collection[str], rows: int, schema: Schema) -> _Mend:
    """Return what is done about columns that nobody needs, and about those not given that may be gaps.

    Rows of which nothing is known mean nothing: then all columns are to be there.
    """
    extra, absent = schema.spare(list(given))
    absent = absent if len(extra) < len(given) else []
    notes = [left_out(name[:80], rows) for name in extra[:MOST_NOTES]]
    return _Mend(frozenset(absent), [*notes, *(all_gaps(name, rows) for name in absent)])
