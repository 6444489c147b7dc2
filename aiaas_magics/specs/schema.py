"""The schema a model learned: what each column may hold, and what is done with what it may not.

One check for every door, on columns of plain values: the endpoint's protocol and the evaluation share it.

*Structure* is kept in every mode: a missing column, a value of another type, a gap where there was none is refused.
*Content* is what no type tells: a category that was not there, a number or date far outside what was seen.

========== ============================ ==============================================================
mode       content                      structure
========== ============================ ==============================================================
``warn``   answered, with a note        refused
``fix``    another spelling of a known  repaired where the meaning is sure, with a note: ``"12"`` is 12, ``1``
           category is that category;   is true, 3 is the text ``"3"`` where that is a known category, a column
           the rest as in ``warn``      nobody needs is left out, one that may have gaps is all gaps
``refuse`` refused                      refused
========== ============================ ==============================================================

Nothing is clipped: a number moved into the range would be a measurement that nobody made.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from aiaas_magics import errors
from aiaas_magics.specs.base import JSON

MODES = ("warn", "fix", "refuse")
MOST_VALUES = 200
"""Categories that are remembered; of a column with more, any text is taken."""
MARGIN = 0.5
"""Of the range seen, on each side. The range itself would not do: of n + 1 values the next is the outermost in two
of n + 1 cases, so that a table of 30 columns and 100 rows would be warned of in every second row."""
WORDS = {
    "double": "a number",
    "long": "a whole number",
    "boolean": "true or false",
    "string": "text",
    "datetime": "a date such as 2026-11-24 or 2026-11-24T10:30:00",
}
FIRST, LAST = 1678, 2261
"""Years whose dates are taken: what 64 bits of nanoseconds hold."""
OUTSIDE, UNKNOWN = "out of range", "unknown category"
Values = Sequence[Any]


def check_mode(mode: str) -> None:
    """Check the word for a mode.

    Raises
    ------
    SpecError
        If it is none.
    """
    if mode not in MODES:
        hint = errors.did_you_mean(mode, MODES)
        raise errors.SpecError(f"unknown schema {mode!r}", hint, "--schema warn")


class Expectation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a column held where the model learned: its range (dates as ISO text), or all its categories."""

    low: JSON = None
    high: JSON = None
    values: tuple[JSON, ...] = ()


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was answered all the same: in how many rows, the first of them, what it held."""

    column: str
    problem: str
    rows: int
    first: int
    got: JSON
    expected: str

    def sentence(self) -> str:
        """Return the note in words."""
        many = (
            f"{self.rows:,} rows, the first is {self.first}"
            if self.rows > 1
            else f"row {self.first}"
        )
        return f"column {self.column!r}: {self.problem} ({many}): got {short(self.got)}, {self.expected}"


class Misfit(Exception):
    """A value that is not taken: `what` names row and column, `hint` tells value and expectation."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.what, self.hint = what, hint


class _Odd(NamedTuple):
    """What is done with one odd value: the value taken, and the problem to be noted."""

    value: JSON
    problem: str = ""
    expected: str = ""


class Rule:
    """What one column may hold.

    Parameters
    ----------
    kind
        ``double``, ``long``, ``boolean``, ``string`` or ``datetime``.
    required
        Whether a gap is refused.
    """

    def __init__(self, name: str, kind: str, expectation: Expectation, *, required: bool) -> None:
        self.name, self.kind, self.required = name, kind, required
        self.known = frozenset(expectation.values)
        self.low, self.high = limits(expectation, kind)
        self.seen = seen(expectation, kind)
        self._largest = _largest(kind, self.low, self.high)
        self._sound = _quick(kind, self.low, self.high, self.known)
        self._spelt = {_bare(v): v for v in expectation.values if isinstance(v, str)}

    def check(self, values: Values, mode: str) -> tuple[Values, list[Note]]:
        """Return the values as they are taken, and the notes on them.

        Raises
        ------
        Misfit
            If a value is refused.
        """
        asked = values if self.required else [value for value in values if value is not None]
        if not asked or self._sound(asked):
            return values, []
        taken: list[Any] = []
        notes: dict[tuple[str, str], Note] = {}
        for row, value in enumerate(values):
            done = self._odd(value, row, mode)
            taken.append(done.value)
            if done.problem:
                _count(notes, self.name, row, value, done)
        return taken, list(notes.values())

    def _odd(self, value: Any, row: int, mode: str) -> _Odd:
        if value is None:
            if self.required:
                what = f"row {row}: {self.name} is missing"
                raise Misfit(what, "the model was trained without gaps there")
            return _Odd(None)
        fixed = _Odd(value)
        if not FITS[self.kind](value):
            fixed = self._repair(value) if mode == "fix" else fixed
            if not fixed.problem:
                what = f"row {row}: {self.name} is not {WORDS[self.kind]}"
                raise Misfit(what, f"got {short(value)}")
        self._check_size(fixed.value, f"row {row}: {self.name}", value)
        problem = self._content(fixed.value)
        if not problem:
            return fixed
        if mode == "fix" and isinstance(value, str) and (near := self._spelt.get(_bare(value))):
            return _Odd(near, f"read as {short(near)}", self.seen)
        if mode == "refuse":
            raise Misfit(
                f"row {row}: {self.name} is {_a(problem)}", f"got {short(value)}; {self.seen}"
            )
        return _Odd(fixed.value, problem, self.seen)

    def _check_size(self, taken: Any, where: str, got: Any) -> None:
        """Refuse what is of the kind, and more than every way to compute holds."""
        if self._largest is not None and abs(taken) > self._largest:
            hint = f"got {short(got)}; numbers up to {self._largest:.6g} are taken"
            raise Misfit(f"{where} is too large", hint)
        if self.kind == "datetime" and not FIRST <= dt.datetime.fromisoformat(taken).year <= LAST:
            hint = f"got {short(got)}; dates of the years {FIRST} to {LAST} are taken"
            raise Misfit(f"{where} is too far away", hint)

    def _content(self, value: Any) -> str:
        if self.known:
            return "" if value in self.known else UNKNOWN
        if self.low is None or self.high is None:
            return ""
        number = _moment(value) if self.kind == "datetime" else value
        return "" if self.low <= number <= self.high else OUTSIDE

    def _repair(self, value: Any) -> _Odd:
        """Return the value it surely means, with a problem that says so; without one it means none."""
        found = REPAIRS[self.kind](value)
        if found is None or not FITS[self.kind](found):
            return _Odd(value)
        if self.kind == "string" and self.known and found not in self.known:
            return _Odd(value)
        return _Odd(
            found, f"read as {WORDS[self.kind].partition(' such')[0]}", f"taken as {short(found)}"
        )


class Schema:
    """The rules of all columns of a model, in the order of its inputs.

    Parameters
    ----------
    inputs, required, expects
        As in :class:`aiaas_magics.specs.records.Signature`.
    """

    def __init__(
        self,
        inputs: Sequence[tuple[str, str]],
        required: Sequence[str],
        expects: Mapping[str, Expectation],
    ) -> None:
        needed, nothing = frozenset(required), Expectation()
        self.rules = [
            Rule(name, kind, expects.get(name, nothing), required=name in needed)
            for name, kind in inputs
        ]
        self.names = [name for name, _ in inputs]

    def check(
        self, columns: Mapping[str, Values], mode: str
    ) -> tuple[dict[str, list[JSON]], list[Note]]:
        """Return the columns as the model takes them, and the notes on them; see :meth:`Rule.check`."""
        taken: dict[str, list[JSON]] = {}
        notes: list[Note] = []
        for rule in self.rules:
            values, said = rule.check(columns[rule.name], mode)
            taken[rule.name] = values  # type: ignore[assignment]
            notes += said
        return taken, notes

    def spare(self, given: Sequence[str]) -> tuple[list[str], list[str]]:
        """Return the columns given that nobody needs, and the ones not given that may be all gaps."""
        known, there = frozenset(self.names), frozenset(given)
        extra = [name for name in given if name not in known]
        absent = [r.name for r in self.rules if r.name not in there and not r.required]
        return extra, absent


def left_out(column: str, rows: int) -> Note:
    """Return the note on a column that nobody needs."""
    return Note(
        column=column,
        problem="left out",
        rows=rows,
        first=0,
        got=None,
        expected="the model has no such column",
    )


def all_gaps(column: str, rows: int) -> Note:
    """Return the note on a column that was not given."""
    return Note(
        column=column,
        problem="read as missing",
        rows=rows,
        first=0,
        got=None,
        expected="it was not given",
    )


def limits(expectation: Expectation, kind: str) -> tuple[float | None, float | None]:
    """Return the least and the greatest value that are taken without a word; a sign never seen is none of them."""
    if expectation.low is None or expectation.high is None:
        return None, None
    low, high = expectation.low, expectation.high
    if kind == "datetime":
        low, high = _moment(low), _moment(high)
    margin = MARGIN * (high - low)
    least, most = low - margin, high + margin
    if kind != "datetime":
        least = max(least, 0) if low >= 0 else least
        most = min(most, 0) if high <= 0 else most
    return least, most


def _largest(kind: str, low: float | None, high: float | None) -> float | None:
    """Return up to which size a column's numbers are taken: what every way to compute holds, or what was learned from."""
    if kind not in LARGEST:
        return None
    most = max(LARGEST[kind], abs(low or 0), abs(high or 0))
    return min(most, 2**63 - 1) if kind == "long" else most


def seen(expectation: Expectation, kind: str) -> str:
    """Return in words what the model learned from."""
    if expectation.values:
        shown = ", ".join(short(value) for value in expectation.values[:6])
        more = len(expectation.values) - 6
        return f"the model learned from {shown}" + (f" and {more} more" if more > 0 else "")
    if expectation.low is None:
        return ""
    low, high = (
        str(v)[:19] if kind == "datetime" else f"{v:.6g}" if isinstance(v, float) else str(v)
        for v in (expectation.low, expectation.high)
    )
    return f"the model learned from {low} to {high}"


def _quick(kind: str, low: Any, high: Any, known: frozenset[JSON]) -> Callable[[Values], bool]:
    """Return a test that only sound values pass, without a step of Python a value: every request waits for it.

    It may fail sound values, which are then looked at one by one.
    """
    types = TYPES.get(kind)
    if types is None or (known and kind != "string"):
        return lambda values: False  # noqa: ARG005 - every value is looked at
    if kind == "string" and known:
        return lambda values: types.issuperset(map(type, values)) and known.issuperset(values)
    if kind in ("string", "boolean"):
        return lambda values: types.issuperset(map(type, values))
    least, most = (-LARGEST[kind], LARGEST[kind]) if low is None else (low, high)
    return lambda values: (
        types.issuperset(map(type, values)) and least <= min(values) and max(values) <= most
        and not math.isnan(sum(values))  # of one that is no number, least and greatest do not tell
    )  # fmt: skip


def _count(notes: dict[tuple[str, str], Note], name: str, row: int, got: JSON, done: _Odd) -> None:
    key = done.problem, name
    before = notes.get(key)
    notes[key] = (
        Note(column=name, problem=done.problem, rows=1, first=row, got=got, expected=done.expected)
        if before is None
        else msgspec.structs.replace(before, rows=before.rows + 1)
    )


def joined(parts: Sequence[tuple[int, Sequence[Note]]]) -> list[Note]:
    """Return the notes of several requests as those of one; each part begins at a row."""
    found: dict[tuple[str, str], Note] = {}
    for start, notes in parts:
        for note in notes:
            key = note.problem, note.column
            here = msgspec.structs.replace(note, first=note.first + start)
            before = found.get(key)
            rows = note.rows + (before.rows if before else 0)
            found[key] = msgspec.structs.replace(before or here, rows=rows)
    return list(found.values())


def _a(problem: str) -> str:
    return f"an {problem}" if problem == UNKNOWN else problem


def _bare(text: str) -> str:
    return " ".join(text.split()).casefold()


def short(value: Any) -> str:
    """Return a value as it was sent, if it is short enough."""
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    try:
        text = msgspec.json.encode(value).decode()
    except (TypeError, UnicodeEncodeError):
        text = str(value)
    return text if len(text) <= 40 else text[:37] + "..."


# types ----------------------------------------------------------------------------------------------


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < math.inf


def _whole(value: Any) -> bool:
    return _number(value) and (isinstance(value, int) or value.is_integer())


def _date(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        dt.datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _moment(value: str) -> float:
    """Return the seconds since 1970 that a clock on the wall shows: the zone is no matter of range."""
    return dt.datetime.fromisoformat(value).replace(tzinfo=dt.UTC).timestamp()


TYPES: dict[str, frozenset[type]] = {
    "double": frozenset((float, int)),
    "long": frozenset((int,)),
    "boolean": frozenset((bool,)),
    "string": frozenset((str,)),
}
"""Kind -> the types that need no second look; of dates every one does."""
LARGEST = {"double": 3.4028234663852886e38, "long": 2**53}
"""Numbers up to these are taken: the largest of 32 bits (IEEE 754), in which trees and runtimes compute, and the whole
numbers that 64 bits of a float tell apart. Beyond, one way to compute would answer what another could not."""
FITS: dict[str, Callable[[Any], bool]] = {
    "double": _number,
    "long": _whole,
    "boolean": lambda value: isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "datetime": _date,
}


# repairs --------------------------------------------------------------------------------------------


def _to_number(value: Any) -> float | int | None:
    if isinstance(value, bool):
        return int(value)
    if not isinstance(value, str) or "_" in value:
        return None
    try:
        found = float(value)
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def _to_whole(value: Any) -> float | int | None:
    found = _to_number(value)
    return int(found) if found is not None and float(found).is_integer() else None


def _to_boolean(value: Any) -> bool | None:
    text = str(value).strip().casefold()
    known = {"1": True, "1.0": True, "true": True, "0": False, "0.0": False, "false": False}
    return known.get(text) if isinstance(value, str | int | float) else None


def _to_string(value: Any) -> str | None:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _to_date(value: Any) -> str | None:
    return value.strip().replace("/", "-") if isinstance(value, str) else None


REPAIRS: dict[str, Callable[[Any], JSON]] = {
    "double": _to_number,
    "long": _to_whole,
    "boolean": _to_boolean,
    "string": _to_string,
    "datetime": _to_date,
}
"""Kind -> what a value of another type surely means, or None."""
