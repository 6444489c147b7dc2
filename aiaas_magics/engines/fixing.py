"""Text that stands for something else: numbers, dates and truth values as people write them.

How a column is read is decided once, on all of its raw values, and remembered as a `Reading`; a value read
later is read in the same way (:mod:`aiaas_magics.predictors.reading`). What cannot be read is a gap. No scikit-learn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from aiaas_magics.predictors.reading import Reading, date, is_gap, number, value

if TYPE_CHECKING:
    import pandas as pd

    Series = pd.Series[Any]

ENOUGH = 0.9
"""The share of a column's values that must be readable before it is read without being named."""
TRUTHS = (
    ("yes", "no"), ("true", "false"), ("y", "n"), ("t", "f"), ("on", "off"), ("ja", "nein"),
    ("oui", "non"), ("sí", "no"), ("si", "no"), ("sim", "não"),
)  # fmt: skip


class Doubt(NamedTuple):
    """A column that can be read in two ways: an example, what it would be, the option that says which."""

    example: str
    one: str
    other: str
    option: str


# columns -----------------------------------------------------------------------------------------
def recognise(
    counts: Mapping[str, int], *, decimal: str = "", order: str = "", least: float = ENOUGH
) -> Reading | Doubt | None:
    """Return how a column of text is to be read, None if it is text.

    Parameters
    ----------
    counts
        How many rows hold each value, without those that are gaps.
    decimal, order
        What marks the decimals, and the order of day and month, where that is known.
    least
        The share of rows that must be readable.
    """
    words = {value: rows for value, rows in counts.items() if not is_gap(value)}
    needed = least * sum(words.values())
    if not words:
        return None
    small = {value.strip().lower() for value in words}
    for pair in TRUTHS:
        if small == set(pair):
            return Reading("boolean", "/".join(pair))
    dates = _better(words, date, ("dmy", "mdy"), order, needed)
    if dates is not None:
        how, read = dates
        if not how:
            return _doubt(words, date, ("dmy", "mdy"), "--date-order")
        return Reading("date", how, zoned=any(zoned for _, zoned in read))
    numbers = _better(words, number, ("point", "comma"), decimal, needed)
    if numbers is None:
        return None
    how, read = numbers
    if not how:
        return _doubt(words, number, ("point", "comma"), "--decimal")
    return Reading("number", how, whole=all(abs(v) < 2**53 and v == int(v) for v in read))


def _better(
    words: Mapping[str, int],
    read: Callable[[str, str], Any],
    ways: Sequence[str],
    asked: str,
    needed: float,
) -> tuple[str, list[Any]] | None:
    """Return the way that reads more rows, and what it reads; no way if both differ as well."""
    found = {}
    for way in (asked,) if asked else ways:
        values = {word: read(word, way) for word in words}
        found[way] = {word: value for word, value in values.items() if value is not None}
    rows = {way: sum(words[word] for word in values) for way, values in found.items()}
    best = max(found, key=lambda way: rows[way])
    if not found[best] or rows[best] < needed:
        return None
    other = next((way for way in found if way != best), best)
    doubtful = rows[other] == rows[best] and found[other] != found[best]
    return "" if doubtful else best, list(found[best].values())


def _doubt(
    words: Mapping[str, int], read: Callable[[str, str], Any], ways: Sequence[str], option: str
) -> Doubt:
    def both(word: str) -> list[Any]:
        return [read(word, way) for way in ways]

    word = next(word for word in words if None not in both(word) and len(set(both(word))) == 2)
    one, other = (
        str(value[0].date()) if isinstance(value, tuple) else f"{value:g}" for value in both(word)
    )
    return Doubt(word, one, other, option)


def names_things(counts: Mapping[str, int]) -> bool:
    """Tell whether numbers are names: codes with leading zeros, or longer than a number is exact."""
    return any(
        len(bare) > 1 and bare.isdigit() and (bare[0] == "0" or len(bare) > 15)
        for bare in map(str.strip, counts)
    )


def read(column: Series, reading: Reading) -> Series:
    """Return what a column of text stands for; one that holds no text stays as it is.

    Numbers come as float64 (int64 if all are whole and there), truth values as bool (float64 with
    gaps), dates as datetime64[us], on the clock of UTC if they are moments.
    """
    import numpy as np
    import pandas as pd

    dtype = (
        column.dtype.categories.dtype
        if isinstance(column.dtype, pd.CategoricalDtype)
        else column.dtype
    )
    if not pd.api.types.is_string_dtype(dtype):
        return column
    codes, words = pd.factorize(column)
    found = [*(value(str(word), reading) for word in words), None]  # a gap's code is -1: the last
    if reading.kind == "date":
        values = np.array(found, dtype="datetime64[us]")[codes]
        dates = pd.Series(values, index=column.index, name=column.name)
        return dates.dt.tz_localize("UTC") if reading.zoned else dates
    numbers = np.array(found, dtype="float64")[codes]
    whole = not np.isnan(numbers).any()
    if reading.kind == "boolean" and whole:
        numbers = numbers.astype(bool)
    elif reading.whole and whole and (numbers == np.trunc(numbers)).all():
        numbers = numbers.astype("int64")
    return pd.Series(numbers, index=column.index, name=column.name)
