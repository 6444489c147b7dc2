"""Texts: numbers and dates that came as text, one category in several spellings, too many categories."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from aiaas_magics.engines.checks import lines
from aiaas_magics.engines.checks.look import Found, Look, few, share
from aiaas_magics.engines.modalities.category import MOST_COLUMNS
from aiaas_magics.predictors import reading
from aiaas_magics.specs.quality import Finding

NEARLY = 0.95
"""Share of the values from which a column is meant to be of a type; the rest are words for gaps, or errors."""
LEAST = 5
"""Different values below which digits may well be codes: 1, 2, 3 of a questionnaire."""
NUMBER = re.compile(
    r"\s*[-+]?(?:[$€£¥]\s*)?(?:\d{1,3}(?:,\d{3})+|\d{1,3}(?:\.\d{3})+|\d+)(?:[.,]\d+)?(?:[eE][-+]?\d+)?"
    r"\s*(?:%|[$€£¥]|USD|EUR|GBP)?\s*|\s*[-+]?\.\d+\s*"
)
COMMA = re.compile(r",(?:\d{1,2}|\d{4,})(?!\d)(?!,)")
"""A comma that marks no thousands."""
SIGN = re.compile(r"[^\d\s.,+\-−]")
"""What no code of digits has: a percent sign, a currency."""
CODE = re.compile(r"0\d+")
"""Digits after a nought are codes: postcodes, telephone numbers."""
DATE = re.compile(
    r"\s*(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2}))(?:[T ]\d{1,2}:\d{2}.*)?\s*"
)


class Typed(NamedTuple):
    """What a column of text holds: numbers or dates, how many of its rows, and what else."""

    kind: str
    rows: int
    total: int
    good: list[str]
    others: list[str]


def typed(column: pd.Series) -> Typed | None:
    """Return what a column of text holds if that is numbers or dates nearly everywhere."""
    values = _values(column)
    total = int(values.sum())
    for kind, reads in (("dates", DATE.fullmatch), ("numbers", _number)):
        good = np.array([bool(reads(text)) for text in values.index], dtype=bool)
        rows = int(values[good].sum())
        if rows < NEARLY * total or not good.any():
            continue
        found = Typed(kind, rows, total, list(values.index[good]), list(values.index[~good]))
        if kind == "dates" or not _coded(found.good):
            return found
    return None


def types(look: Look) -> Found:
    """Find columns of text that hold numbers or dates."""
    for name in look.of("category", "text"):
        found = typed(look.frame[name])
        if found is None:
            continue
        kind, rows, total, good, others = found
        but = f"; {total - rows:,} of {total:,} not: {few(others)}" if others else ""
        yield Finding(
            find=f"{kind} as text", severity="medium", column=name, effect=rows / total,
            text=f"{share(rows, total)} of the texts are {kind} such as {few(good, 1)}{but}",
            fix=look.only(_fixing(good, kind), name),
        )  # fmt: skip


def _fixing(texts: Sequence[str], kind: str) -> str:
    commas = kind == "numbers" and any(COMMA.search(text) for text in texts)
    return "--fix --decimal comma" if commas else "--fix"


def _number(text: str) -> bool:
    """Tell a number, also with thousands, a percent sign or a currency."""
    if NUMBER.fullmatch(text):
        return True
    return any(reading.number(text, mark) is not None for mark in ("point", "comma"))


def _coded(texts: Sequence[str]) -> bool:
    """Tell digits that name things; signs of money or percent make numbers of the fewest."""
    few_digits = len(texts) < LEAST and not all(SIGN.search(text) for text in texts)
    return few_digits or any(CODE.fullmatch(text.strip()) for text in texts)


def _values(column: pd.Series) -> pd.Series:
    """Return the different texts of a column and how many rows have each."""
    counts = column.value_counts()
    counts = counts[counts > 0]
    return pd.Series(
        counts.to_numpy(), index=pd.Index([str(v) for v in counts.index], dtype=object)
    )


def spellings(look: Look) -> Found:
    """Find categories that are written in several ways."""
    for name in [*look.of("category"), *_target(look)]:
        values = _values(look.frame[name])
        groups: dict[str, list[str]] = {}
        for text in values.index:
            groups.setdefault(" ".join(text.split()).casefold(), []).append(text)
        several = [sorted(group) for group in groups.values() if len(group) > 1]
        # among as many texts as rows, some that differ by case only are no mistake but names
        if not several or len(values) > 0.5 * look.rows:
            continue
        rows = int(sum(values[text] for group in several for text in group))
        yield Finding(
            find="spellings", severity="medium", column=name, effect=rows / look.rows,
            text=f"{len(several)} categor{'y is' if len(several) == 1 else 'ies are'} written in several ways: "
            f"{' and '.join(repr(text[:24]) for text in several[0][:3])} ({rows:,} rows)",
            fix=lines.respell(look.word, name, stored=look.stored),
        )  # fmt: skip


def _target(look: Look) -> list[str]:
    return [look.target] if look.target and look.roles[look.target] == "category" else []


def cardinality(look: Look) -> Found:
    """Find columns with more categories than get a column of their own."""
    typed = {each.column for each in types(look)}
    for name in look.of("category"):
        column = look.columns[name]
        if name not in typed and MOST_COLUMNS < column.distinct < 0.95 * look.rows:
            yield Finding(
                find="many categories", severity="low", column=name, effect=float(column.distinct),
                text=f"{column.distinct:,} categories, {look.rows / column.distinct:.3g} rows each on average: "
                f"beyond {MOST_COLUMNS} they are learned together",
                fix=look.only("--rare 0.01", name),
            )  # fmt: skip
