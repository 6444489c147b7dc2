"""What each step of a recipe changed, told in records."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from aiaas_magics.engines import recipe
from aiaas_magics.engines.materialise import EXAMPLES, Made, Touch
from aiaas_magics.specs.prepare import Step
from aiaas_magics.specs.results import Change, Example

if TYPE_CHECKING:
    from aiaas_magics.engines.data import Table


def changes(table: Table, steps: Sequence[Step], made: Made) -> tuple[Change, ...]:
    """Return a record for each step.

    Parameters
    ----------
    table
        The raw rows.
    steps
        The recipe.
    made
        What it made of them.
    """
    rows, columns = table.frame.shape
    now = table.frame
    found = []
    for place, step in enumerate(steps):
        before = (rows, columns)
        touched = made.touched.get(place, [])
        if step.op in recipe.ROW_STEPS:
            now = recipe.rows(table.frame, steps[: place + 1], table.roles)
            rows, columns = len(now), columns + _fewer(step, now, before[1])
        else:
            columns += sum(t.after - t.before for t in touched)
        examples = () if step.op in recipe.ROW_STEPS else _examples(touched)
        text = _text(step, (before, (rows, columns)), touched)
        found.append(
            Change(
                step=step.words, text=text, rows=(before[0], rows), columns=(before[1], columns),
                values=sum(t.values for t in touched), examples=examples,
            )
        )  # fmt: skip
    return tuple(found)


def _fewer(step: Step, now: pd.DataFrame, before: int) -> int:
    return now.shape[1] - before if step.op in ("keep", "drop") else 0


def _examples(touched: Sequence[Touch]) -> tuple[Example, ...]:
    """Return the first example of each column, then the second of each, and so on; none twice."""
    rounds = itertools.zip_longest(*(t.examples for t in touched))
    several = dict.fromkeys(e for each in rounds for e in each if e is not None)
    return tuple(several)[:EXAMPLES]


def _text(
    step: Step, shapes: tuple[tuple[int, int], tuple[int, int]], touched: Sequence[Touch]
) -> str:
    (rows, columns), (rows_after, _) = shapes
    if step.op == "drop":
        return f"drop: {count(len(step.columns), 'column')} ({', '.join(step.columns)})"
    if step.op == "keep":
        return f"keep: {count(len(step.columns), 'column')} of {columns}"
    if step.op in ("dropna", "distinct"):
        return f"{step.op}: {rows - rows_after:,} of {count(rows, 'row')} dropped"
    return f"{step.words}: {_said(step, touched)}"


def _said(step: Step, touched: Sequence[Touch]) -> str:
    there = [t for t in touched if t.before]
    columns, values = count(len(there), "column"), sum(t.values for t in there)
    if step.op == "impute":
        flags = len(touched) - len(there)
        return f"{count(values, 'gap')} in {columns} filled" + (
            f", {count(flags, 'column')} added that say{'s' * (flags == 1)} where" if flags else ""
        )
    if step.op == "fix":
        kinds = recipe.readings(step)
        lost = sum(t.lost for t in there)
        read = ", ".join(f"{t.column} as {kinds[t.column].kind}" for t in there)
        gaps = f"; {count(lost, 'value')} could not be read and are gaps now" if lost else ""
        return f"{columns} read ({read}){gaps}" if there else "no column to read"
    if step.op == "clip":
        return f"{count(values, 'value')} in {columns} brought to the edge"
    if step.op == "rare":
        return f"{count(values, 'value')} in {columns} put together"
    if step.op == "scale":
        return f"{columns}{_range(there)}"
    if step.op == "texts":
        return f"{count(len(step.columns), 'column')} of prose ({', '.join(step.columns)})"
    gone = [t.column for t in there if not t.after]
    if step.op == "select":
        more = f" and {len(gone) - 8} more" if len(gone) > 8 else ""
        names = f" ({', '.join(gone[:8])}{more} went)" if gone else ""
        return f"{columns} became {len(there) - len(gone):,}{names}"
    return f"{columns} became {sum(t.after for t in there):,}"


def _range(touched: Sequence[Touch]) -> str:
    lows, highs = [[getattr(t, side) for t in touched] for side in ("low", "high")]
    known = [low for low in lows if low == low]
    return f", now from {min(known):.3g} to {max(h for h in highs if h == h):.3g}" if known else ""


def count(number: int, noun: str) -> str:
    """Return ``1 column``, ``2 columns``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
