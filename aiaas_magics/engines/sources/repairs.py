"""Columns of text that are something else: numbers as other countries write them, dates, gaps with a name.

A column becomes numbers or dates only if every value of it is one, in one way of writing; which way is
found out from all columns together. Whatever could be meant in two ways stays text, and both are told.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Any

import pandas as pd

from aiaas_magics.engines.sources.asked import Reading

FEW = 20
DIGIT = re.compile(r"\d")
ISO_DATE = r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?"
GERMAN_DATE = r"\s*\d{1,2}\.\d{1,2}\.\d{4}(?:\s+\d{1,2}:\d{2}(?::\d{2})?)?\s*"
SLASH_DATE = r"\s*\d{1,2}/\d{1,2}/\d{4}(?:\s+\d{1,2}:\d{2}(?::\d{2})?)?\s*"
PLAIN = r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*"
COMMA = r"\s*[+-]?(?:\d{1,3}(?:\.\d{3})+|\d+)(?:,\d+)?(?:[eE][+-]?\d+)?\s*"
"""1.234,5 and 1234,5 and 1234."""
THOUSANDS = r"\s*[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?\s*"
"""1,234.5 and 1234.5 and 1234."""
EITHER = r"\s*[+-]?(?:[1-9]\d{0,2},\d{3}|\d+)\s*"
"""1,234: one thousand and more, or one and a bit; a number without a comma proves nothing."""
MONEY = r"\s*[+-]?[$€£¥]?\s*[+-]?\d[\d.,' ]*\s*(?:%|[$€£¥]|USD|EUR|GBP)?\s*"
WORDS = frozenset({
    "?", "-", "--", "---", "–", "—", ".", "..", "*", "missing", "unknown", "none", "n.a.", "na", "n/a",
    "k.a.", "nil", "not available", "#value!", "#div/0!", "#ref!", "#name?", "#null!", "#num!",
})  # fmt: skip
"""Words for a missing value, lower case, in columns whose other values are all numbers."""
MOSTLY = 0.5
"""Part of a column's values from which on the others are worth a word."""


def repair(
    frame: pd.DataFrame, how: Reading, notes: list[str], kept: Collection[str] = ()
) -> tuple[pd.DataFrame, list[str]]:
    """Return the table with its numbers and dates read; add what was done to `notes`.

    Columns in `kept` stay as they are. Also returns the options that would have said what was found out.
    """
    texts = [c for c in frame.columns if c not in kept and _counts(frame[c])]
    bare: dict[Any, Any] = {}
    for name in texts if how.missing is None else ():
        found = _without_words(frame[name])
        bare |= {} if found is None else {name: found}
    words = {name: frame[name] for name in texts} | {n: values for n, (values, _) in bare.items()}
    numbers, said = _numbers(frame, words, how, notes)
    changed: dict[Any, Any] = dict(numbers)
    for name, (values, gaps) in bare.items():
        if name not in changed and all_match(values, PLAIN):
            changed[name] = pd.to_numeric(values.str.strip())
        if name in changed:
            notes.append(
                f"{_listed(gaps)} in {name!r} is read as missing; --verbatim {name} keeps it"
            )
    for name in texts:
        if name not in changed:
            changed |= _dated(frame[name], notes)
    rest = [name for name in texts if name not in changed]
    notes += [line for name in rest for line in _odd(frame[name])]
    return frame.assign(**changed) if changed else frame, said


def is_text(column: pd.Series[Any]) -> bool:
    """Tell a column of text."""
    dtype = column.dtype  # objects are truth values with gaps
    return pd.api.types.is_string_dtype(dtype) and not pd.api.types.is_object_dtype(dtype)


def _counts(column: pd.Series[Any]) -> bool:
    """Tell a column of text with digits among its first values: no other is a number or a date."""
    few = column.dropna().iloc[: 5 * FEW].tolist() if is_text(column) else []
    return any(map(DIGIT.search, few))


def all_match(column: pd.Series[Any], pattern: str) -> bool:
    """Tell whether every value matches; a few are looked at first, most columns end there."""
    values = column.dropna()
    few = values.iloc[:FEW].tolist()
    matches = bool(few) and all(re.fullmatch(pattern, str(value)) for value in few)
    return matches and bool(values.str.fullmatch(pattern).all())


def _listed(words: list[str]) -> str:
    return ", ".join(map(repr, words[:3])) + ", ..." * (len(words) > 3)


# Numbers -------------------------------------------------------------------------------------------
def _without_words(column: pd.Series[Any]) -> tuple[pd.Series[Any], list[str]] | None:
    """Return a column without its words for missing values, and these; None if it has none."""
    few = [str(value) for value in column.dropna().iloc[: 5 * FEW]]
    known = [re.fullmatch(MONEY, v) or v.strip().lower() in WORDS for v in few]
    if not few or not all(known):
        return None
    gaps = column.str.strip().str.lower().isin(WORDS)
    if not gaps.any() or gaps.all():
        return None
    return column.mask(gaps), [str(word) for word in column[gaps].unique()]


def _numbers(
    frame: pd.DataFrame, texts: dict[Any, pd.Series[Any]], how: Reading, notes: list[str]
) -> tuple[dict[Any, pd.Series[Any]], list[str]]:
    """Return the columns of numbers with commas, where all columns agree what a comma is."""
    if how.decimal is not None or how.thousands is not None:
        return {}, []
    comma = [n for n, column in texts.items() if _commas(column, COMMA)]
    thousands = [n for n, column in texts.items() if _commas(column, THOUSANDS)]
    unclear = [n for n in comma if n in thousands and all_match(texts[n], EITHER)]
    decimal = [n for n in comma if n not in unclear]
    grouped = [n for n in thousands if n not in unclear]
    pointed = grouped or [c for c in frame.columns if _fractions(frame[c])]
    if decimal and not pointed:
        taken = {n: _parsed(texts[n], point=".", comma=",") for n in comma}
        return taken, ["--decimal ,"]
    if grouped and not decimal:
        taken = {n: _parsed(texts[n], point=",", comma=".") for n in {*grouped, *unclear}}
        return taken, ["--thousands ,"]
    notes += [
        f"column {name!r} is read as text: its commas may be decimal commas or thousands; "
        "--decimal , or --thousands ,"
        for name in dict.fromkeys([*comma, *thousands])
    ]
    return {}, []


def _commas(column: pd.Series[Any], pattern: str) -> bool:
    return all_match(column, pattern) and bool(column.str.contains(",", regex=False).any())


def _fractions(column: pd.Series[Any]) -> bool:
    if column.dtype.kind != "f":
        return False
    values = column.dropna()
    return bool((values != values.round()).any())


def _parsed(column: pd.Series[Any], *, point: str, comma: str) -> pd.Series[Any]:
    """Return numbers; `point` groups thousands, `comma` begins the fraction."""
    plain = column.str.strip().str.replace(point, "", regex=False)
    return pd.to_numeric(plain.str.replace(comma, ".", regex=False))


# Dates ---------------------------------------------------------------------------------------------
def iso_dates(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return a column of ISO 8601 dates as dates; one that holds others (2024-13-45) stays text."""
    if not all_match(column, ISO_DATE):
        return column
    zoned = bool(column.str.contains(r"[T ].*(?:Z|[+-]\d{2}:?\d{2})$", na=False).any())
    return _or_text(column, lambda c: pd.to_datetime(c, format="ISO8601", utc=zoned))


def _or_text(
    column: pd.Series[Any], read: Callable[[pd.Series[Any]], pd.Series[Any]]
) -> pd.Series[Any]:
    try:
        return read(column)
    except (ValueError, OverflowError):
        return column


def _dated(column: pd.Series[Any], notes: list[str]) -> dict[Any, pd.Series[Any]]:
    """Return the column as dates, under its name; nothing if it holds none."""
    name, found = column.name, iso_dates(column)
    if found is column and all_match(column, GERMAN_DATE):
        found = _dates(column, ".", day_first=True)
    elif found is column and all_match(column, SLASH_DATE):
        order = _order(column)
        if order is None:
            notes.append(
                f"column {name!r} is read as text: its dates may begin with the day or the month; "
                f"write them as 2024-12-31"
            )
            return {}
        found = _dates(column, "/", day_first=order)
        if found is not column:
            first = "day" if order else "month"
            notes.append(f"column {name!r} is read as dates, {first} first; --verbatim {name}")
            return {name: found}
    elif found is not column:
        return {name: found}
    if found is column:
        return {}
    notes.append(f"column {name!r} is read as dates, day first; --verbatim {name} keeps the text")
    return {name: found}


def _order(column: pd.Series[Any]) -> bool | None:
    """Tell whether dates begin with the day (True) or the month; None if either may be."""
    parts = column.dropna().str.extract(r"(\d{1,2})/(\d{1,2})/").astype(int)
    day, month = bool((parts[0] > 12).any()), bool((parts[1] > 12).any())
    return None if day == month else day


def _dates(column: pd.Series[Any], mark: str, *, day_first: bool) -> pd.Series[Any]:
    pattern = f"%d{mark}%m{mark}%Y" if day_first else f"%m{mark}%d{mark}%Y"
    values = column.str.strip().str.replace(r"\s+", " ", regex=True)
    colons = values.dropna().str.count(":")
    if colons.nunique() > 1:
        return column
    timed = ("", " %H:%M", " %H:%M:%S")[int(colons.iloc[0])]
    found = _or_text(values, lambda c: pd.to_datetime(c, format=pattern + timed))
    return column if found is values else found


# What stays text -----------------------------------------------------------------------------------
def _odd(column: pd.Series[Any]) -> list[str]:
    """Return a line for a column of text that is mostly, or but for a sign, numbers."""
    values = column.dropna()
    few = values.iloc[: 5 * FEW]
    if not len(few) or few.str.fullmatch(MONEY).mean() < MOSTLY:
        return []
    name = column.name
    numbers = values.str.fullmatch(PLAIN)
    if numbers.mean() >= MOSTLY and not numbers.all():
        others = [str(v)[:20] for v in values[~numbers].unique()]
        count = int((~numbers).sum())
        return [
            f"column {name!r} is read as text: {count} of its {len(values)} values "
            f"{'is no number' if count == 1 else 'are no numbers'} ({_listed(others)}); "
            f"--missing {_option(others)} reads them as missing"
        ]
    if numbers.all():
        return [f"column {name!r} is read as text: its numbers are too long for a number"]
    if values.str.fullmatch(MONEY).all() and values.str.contains(r"[%$€£¥A-Z]").any():
        return [f"column {name!r} is read as text: its numbers have signs of money or percent"]
    return []


def _option(words: list[str]) -> str:
    plain = all(word.strip() and not re.search(r"[\s,\"']", word) for word in words)
    return ",".join(words[:3]) if plain and len(words) <= 3 else "WORD,WORD"
