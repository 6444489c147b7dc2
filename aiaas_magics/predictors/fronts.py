"""What stands before a model: the steps of its preparation, computed by numpy bit for bit as scikit-learn does.

A step is a record that is stored (`Step`) and the function it becomes when it is opened (`opened`). A function takes a
block and returns a matrix of float64: the first of a chain takes the request's rows, the others what the one before made.

Adding a step: a record here with `opened`, its place in `Step`, and who makes it of a scikit-learn transformer in
``engines/optimising/fronts.py``; the gate compares it with the original.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Callable, Sequence
from typing import Any, Union

import msgspec
import numpy as np

from aiaas_magics.predictors.arithmetic import (
    Arithmetic,
    Check,
    Fill,
    Gaps,
    Power,
    Product,
    Products,
    Quantiles,
    Take,
    Zero,
)
from aiaas_magics.predictors.base import Rows
from aiaas_magics.predictors.packed import Array
from aiaas_magics.predictors.reading import Reading, value
from aiaas_magics.predictors.words import Words
from aiaas_magics.specs.base import JSON

Block = Any
"""`Rows`, or a matrix of float64."""
Function = Callable[[Block], np.ndarray]
REFUSED = -1
"""In a table of known values: there is no row for it."""


class Numbers(msgspec.Struct, frozen=True, tag="numbers"):
    """Columns of numbers as a matrix; a gap is NaN.

    ``columns`` are places among the inputs of the model, ``whole`` says that they are all of them, in order.
    """

    columns: tuple[int, ...]
    whole: bool = False

    def opened(self) -> Function:
        """Return the function."""
        places = list(self.columns)

        def numbers(rows: Block) -> np.ndarray:
            matrix: np.ndarray | None = rows if isinstance(rows, np.ndarray) else rows.matrix
            if matrix is not None:
                return matrix if self.whole else matrix[:, places]
            columns, names = rows.columns(), [name for name, _ in rows.signature.inputs]
            return np.array([columns[names[i]] for i in places], dtype="float64").T

        return numbers


class Known(msgspec.Struct, frozen=True):
    """What the values of one column become.

    ``places`` are the columns of the result it decides, ``table`` (values, places) holds them; ``missing`` and ``unknown``
    are rows of the table, or `REFUSED`.
    """

    column: int
    values: tuple[JSON, ...]
    places: tuple[int, ...]
    table: Array
    missing: int = REFUSED
    unknown: int = REFUSED


class Lookup(msgspec.Struct, frozen=True, tag="lookup"):
    """Columns of few values, encoded: each value is looked up. What no column decides is the same in every row."""

    rest: Array
    known: tuple[Known, ...]

    def opened(self) -> Function:
        """Return the function."""
        rest = self.rest.read()
        each = [_finder(known) for known in self.known]

        def look(rows: Block) -> np.ndarray:
            found = np.empty((len(rows) if isinstance(rows, np.ndarray) else rows.n, len(rest)))
            found[:] = rest
            for fill in each:
                fill(rows, found)
            return found

        return look


def _finder(known: Known) -> Callable[[Block, np.ndarray], None]:
    table = known.table.read()
    index: dict[JSON, int] = {value: place for place, value in enumerate(known.values)}
    index[None] = known.missing
    first, count = (known.places or (0,))[0], len(known.places)
    straight = known.places == tuple(range(first, first + count))
    where: Any = slice(first, first + count) if straight else list(known.places)

    def fill(rows: Block, found: np.ndarray) -> None:
        values = _values(rows, known.column)
        places = [index.get(value, known.unknown) for value in values]
        if REFUSED in places:
            raise _unknown(values[places.index(REFUSED)], known.column)
        found[:, where] = table[places]

    return fill


def _values(rows: Block, column: int) -> Sequence[Any]:
    if isinstance(rows, np.ndarray):
        return [None if value != value else value for value in rows[:, column].tolist()]
    return _column(rows, column)


def _unknown(value: JSON, column: int) -> ValueError:
    said = "nan" if value is None else repr(value)
    return ValueError(f"Found unknown categories [{said}] in column {column} during transform")


class Dates(msgspec.Struct, frozen=True, tag="dates"):
    """Year, month, day, weekday (Monday is 0) and hour of each column, on the clocks of its zone."""

    columns: tuple[int, ...]
    zones: tuple[str | None, ...]

    def opened(self) -> Function:
        """Return the function."""
        zones = [None if name is None else zone(name) for name in self.zones]

        def dates(rows: Block) -> np.ndarray:
            parts = [
                [_parts(value, where) for value in _column(rows, column)]
                for column, where in zip(self.columns, zones, strict=True)
            ]
            return np.array(
                [sum(row, ()) for row in zip(*parts, strict=True)], dtype="float64"
            ).reshape(-1, 5 * len(parts))

        return dates


def zone(name: str) -> dt.tzinfo:
    """Return a time zone as a column names it: ``Europe/Berlin``, ``UTC+05:30``.

    Raises
    ------
    ValueError
        If there is no such zone.
    """
    if name in ("UTC", "utc"):
        return dt.UTC
    if name[:3] == "UTC" or name[:1] in "+-":
        found = dt.datetime.fromisoformat("2000-01-01T00:00" + name.removeprefix("UTC")).tzinfo
        return found or dt.UTC
    try:
        return zoneinfo.ZoneInfo(name)
    except zoneinfo.ZoneInfoNotFoundError as error:
        raise ValueError(f"there is no time zone {name}") from error


def _column(rows: Rows, place: int) -> Sequence[Any]:
    return rows.columns()[rows.signature.inputs[place][0]]


def _parts(text: str | None, where: dt.tzinfo | None) -> tuple[float, ...]:
    if text is None:
        return (np.nan,) * 5
    moment = dt.datetime.fromisoformat(text)
    if (
        where is not None
    ):  # by way of UTC: an hour that clocks leave out in spring is the one after it
        whole = moment if moment.tzinfo is not None else moment.replace(tzinfo=where)
        moment = whole.astimezone(dt.UTC).astimezone(where)
    return _clock(moment)


def _clock(moment: dt.datetime) -> tuple[float, ...]:
    return moment.year, moment.month, moment.day, moment.weekday(), moment.hour


class Fixed(msgspec.Struct, frozen=True, tag="fixed"):
    """Columns of texts that stand for numbers, truth values or dates; what cannot be read is a gap.

    Dates become year, month, day, weekday and hour, those with an offset on the clock of UTC.
    """

    columns: tuple[int, ...]
    reading: Reading

    def opened(self) -> Function:
        """Return the function."""
        parts = 5 if self.reading.kind == "date" else 1

        def fixed(rows: Block) -> np.ndarray:
            each = [[_fixed(text, self.reading) for text in _column(rows, c)] for c in self.columns]
            found = [sum(row, ()) for row in zip(*each, strict=True)]
            return np.array(found, dtype="float64").reshape(-1, parts * len(self.columns))

        return fixed


def _fixed(text: str | None, reading: Reading) -> tuple[float, ...]:
    found = None if text is None else value(text, reading)
    if reading.kind == "date":
        return _clock(found) if isinstance(found, dt.datetime) else (np.nan,) * 5
    return (np.nan if found is None else float(found),)  # type: ignore[arg-type]


class Prose(msgspec.Struct, frozen=True, tag="prose"):
    """The TF-IDF of texts; a gap is a document without words."""

    columns: tuple[int, ...]
    words: tuple[Words, ...]

    def opened(self) -> Function:
        """Return the function."""
        each = [(column, words.opened()) for column, words in zip(self.columns, self.words, strict=True)]  # fmt: skip
        return lambda rows: np.concatenate(
            [weigh(_column(rows, column)) for column, weigh in each], axis=1
        )


class Fork(msgspec.Struct, frozen=True, tag="fork"):
    """Chains side by side: each takes the same block, what they make stands beside each other."""

    chains: tuple[tuple[Step, ...], ...]

    def opened(self) -> Function:
        """Return the function."""
        chains = [opened(chain) for chain in self.chains]
        if len(chains) == 1:
            return chains[0]
        return lambda block: np.concatenate([chain(block) for chain in chains], axis=1)


Step = Union[  # noqa: UP007 - msgspec resolves the name at run time
    Numbers,
    Take,
    Fill,
    Gaps,
    Zero,
    Arithmetic,
    Product,
    Products,
    Power,
    Quantiles,
    Lookup,
    Dates,
    Fixed,
    Prose,
    Fork,
    Check,
]


def opened(chain: Sequence[Step]) -> Function:
    """Return steps one after the other as one function."""
    functions = [step.opened() for step in chain]
    if len(functions) == 1:
        return functions[0]

    def through(block: Block) -> np.ndarray:
        for function in functions:
            block = function(block)
        found: np.ndarray = block
        return found

    return through
