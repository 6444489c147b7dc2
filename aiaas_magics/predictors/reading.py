"""Text that stands for something else, read: numbers, dates and truth values as people write them.

Training reads whole columns with it (:mod:`aiaas_magics.engines.fixing`), an endpoint the values of a request. Pure functions of
text.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import NamedTuple

from aiaas_magics.specs.base import JSON

GAPS = frozenset(
    ["", "-", "--", "–", "—", ".", "?", "n/a", "#n/a", "na", "n.a.", "nan", "null", "none", "nil", "missing", "k.a."]
)  # fmt: skip
"""What people write where there is nothing, in small letters."""
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


def value(word: str, reading: Reading) -> float | dt.datetime | None:
    """Return what a text stands for in a column that is read so; None where it is a gap, or cannot be read."""
    if is_gap(word):
        return None
    if reading.kind == "number":
        return number(word, reading.how)
    if reading.kind == "date":
        found = date(word, reading.how)
        return None if found is None else found[0]
    yes, no = reading.how.split("/")
    return {yes: 1.0, no: 0.0}.get(word.strip().lower())
