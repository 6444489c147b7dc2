"""Text that stands for something else: numbers, dates and truth values as people write them.

How a column is read is decided once, on all of its raw values, and remembered as a `Reading`; a value read
later is read in the same way. What cannot be read is a gap. Pure functions of text; no scikit-learn.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from aiaas_magics.specs.base import JSON

if TYPE_CHECKING:
    import pandas as pd

    Series = pd.Series[Any]

ENOUGH = 0.9
"""The share of a column's values that must be readable before it is read without being named."""
GAPS = frozenset(
    ["", "-", "--", "–", "—", ".", "?", "n/a", "#n/a", "na", "n.a.", "nan", "null", "none", "nil", "missing", "k.a."]
)  # fmt: skip
"""What people write where there is nothing, in small letters."""
TRUTHS = (
    ("yes", "no"), ("true", "false"), ("y", "n"), ("t", "f"), ("on", "off"), ("ja", "nein"),
    ("oui", "non"), ("sí", "no"), ("si", "no"), ("sim", "não"),
)  # fmt: skip
_MONEY = r"(?:[$€£¥₹₽₺₩₴₪฿₫]|(?:USD|EUR|GBP|JPY|CHF|CAD|AUD|CNY|INR|SEK|NOK|DKK|PLN|CZK|HUF|BRL|R\$|US\$|kr\.?|zł|Kč|Ft|Fr\.?)(?![A-Za-z]))"
_NUMBER = r"""
    (?P<open>\()? \s* (?P<sign>[-+−])? \s* (?:{money})? \s* (?P<inner>[-+−])? \s*
    (?P<digits>
        (?:[1-9][0-9]{{0,2}}(?P<group>[{group}\u0020\u00a0\u202f\u2009'’])[0-9]{{3}}(?:(?P=group)[0-9]{{3}})*{lakh}|[0-9]+)
        (?:[{mark}][0-9]*)? | [{mark}][0-9]+
    )
    (?P<power>[eE][-+]?[0-9]{{1,3}})? \s* (?:(?P<percent>%)|{money})? \s* (?P<close>\))?
"""
_LAKH = r"|[1-9][0-9]?(?:,[0-9]{2})*,[0-9]{3}"
"""Groups as they are written in India: 12,34,567."""
_NUMBERS = {
    name: re.compile(_NUMBER.format(money=_MONEY, mark=mark, group=group, lakh=lakh), re.VERBOSE)
    for name, mark, group, lakh in (("point", ".", ",", _LAKH), ("comma", ",", ".", ""))
}
_DAY = re.compile(r"([0-9]{1,4})([./-])([0-9]{1,2})\2([0-9]{1,4})(?![0-9])")
_NAMED = re.compile(
    r"(?:(?P<d>[0-9]{1,2})\.?[ -]+(?P<m>[A-Za-z]{3,9})\.?,?[ -]+|(?P<m2>[A-Za-z]{3,9})\.? +(?P<d2>[0-9]{1,2})(?:st|nd|rd|th)?,? +)(?P<y>[0-9]{4})(?![0-9])"
)
_CLOCK = re.compile(
    r"(?:[T ]|, ?) *([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?(?: ?([AaPp])\.?[Mm]\.?)?(?: ?(Z|[-+][0-9]{2}(?::?[0-9]{2})?))?"
)
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
    "november", "december",
)  # fmt: skip


class Reading(NamedTuple):
    """How a column is read.

    ``kind`` is the role of what comes out: ``number`` (``how``: what marks the decimals, ``point`` or
    ``comma``), ``date`` (the order of day and month, ``dmy`` or ``mdy``) or ``boolean`` (the two
    words). ``whole``: all numbers were whole. ``zoned``: dates are moments, on the clock of UTC.
    """

    kind: str
    how: str
    whole: bool = False
    zoned: bool = False

    def record(self) -> dict[str, JSON]:
        """Return it as JSON."""
        return dict(self._asdict())


class Doubt(NamedTuple):
    """A column that can be read in two ways: an example, what it would be, the option that says which."""

    example: str
    one: str
    other: str
    option: str


def number(text: str, mark: str) -> float | None:
    """Return the number a text stands for, or None.

    Takes a sign or the parentheses of accounting, thousands in groups (by the other mark, a space or an
    apostrophe), a currency before or after, and a percent sign, which divides by 100.

    Parameters
    ----------
    text
        As a person wrote it.
    mark
        What marks the decimals: ``point`` or ``comma``.
    """
    found = _NUMBERS[mark].fullmatch(text.strip())
    if found is None or bool(found["open"]) != bool(found["close"]):
        return None
    if found["sign"] and found["inner"]:
        return None
    digits = found["digits"]
    if found["group"]:
        digits = digits.replace(found["group"], "")
    digits = digits.replace(",", "") if mark == "point" else digits.replace(",", ".")
    power = int((found["power"] or "e0")[1:]) - (2 if found["percent"] else 0)
    value = float(f"{digits}e{power}")
    if value in (float("inf"), float("-inf")):
        return None
    less = bool(found["open"]) != ((found["sign"] or found["inner"] or "+") in "-−")
    return -value if less else value


def date(text: str, order: str) -> tuple[dt.datetime, bool] | None:
    """Return the moment a text stands for, and whether it names its offset from UTC; or None.

    With an offset the moment is on the clock of UTC. Takes ISO 8601, ``24.11.2026``, ``11/24/2026``,
    ``24 Nov 2026``, ``Nov 24, 2026``, each with or without a time. A dot means day, month, year.

    Parameters
    ----------
    text
        As a person wrote it.
    order
        ``dmy`` or ``mdy``: what ``1/2/2026`` is. A year that comes first is followed by its month.
    """
    text = text.strip()
    found = _day(text, order)
    if found is None:
        return None
    year, month, day, end = found
    clock = _CLOCK.fullmatch(text, end) if end < len(text) else None
    if end < len(text) and clock is None:
        return None
    try:
        moment = dt.datetime(year, month, day)  # noqa: DTZ001 - dates of tables have no zone
        return _on_clock(moment, clock)
    except (ValueError, OverflowError):
        return None


def _day(text: str, order: str) -> tuple[int, int, int, int] | None:
    """Return year, month, day, and where the text goes on."""
    if found := _DAY.match(text):
        first, mark, second, third = found.groups()
        if len(first) == 4 and len(third) <= 2 and mark != ".":
            return int(first), int(second), int(third), found.end()
        if len(third) != 4 or len(first) > 2 or (mark == "." and order == "mdy"):
            return None
        day, month = (first, second) if order == "dmy" else (second, first)
        return int(third), int(month), int(day), found.end()
    if found := _NAMED.match(text):
        word = (found["m"] or found["m2"]).lower()
        places = [i for i, name in enumerate(_MONTHS, 1) if word in (name, name[:3], name[:4])]
        day = found["d"] or found["d2"]
        return (int(found["y"]), places[0], int(day), found.end()) if places else None
    return None


def _on_clock(moment: dt.datetime, clock: re.Match[str] | None) -> tuple[dt.datetime, bool]:
    if clock is None:
        return moment, False
    hour, minute, second, part, half, zone = clock.groups()
    hours = int(hour)
    if half:
        if not 1 <= hours <= 12:
            raise ValueError
        hours = hours % 12 + (12 if half in "pP" else 0)
    micro = int(((part or "0") + "000000")[:6])
    moment = moment.replace(
        hour=hours, minute=int(minute), second=int(second or 0), microsecond=micro
    )
    if not zone:
        return moment, False
    sign = -1 if zone[0] == "-" else 1
    digits = zone[1:].replace(":", "").ljust(4, "0") if zone != "Z" else "0000"
    return moment - sign * dt.timedelta(hours=int(digits[:2]), minutes=int(digits[2:])), True


def is_gap(text: str) -> bool:
    """Tell whether a text says that there is nothing."""
    return text.strip().lower() in GAPS


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
    found = [*(_value(str(word), reading) for word in words), None]  # a gap's code is -1: the last
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


def _value(word: str, reading: Reading) -> Any:
    if is_gap(word):
        return None
    if reading.kind == "number":
        return number(word, reading.how)
    if reading.kind == "date":
        found = date(word, reading.how)
        return None if found is None else found[0]
    yes, no = reading.how.split("/")
    return {yes: 1.0, no: 0.0}.get(word.strip().lower())
