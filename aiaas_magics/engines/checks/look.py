"""What every check looks at: the table, its profile, its target."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from aiaas_magics.engines import profile
from aiaas_magics.engines.checks import lines
from aiaas_magics.specs.quality import Finding
from aiaas_magics.specs.results import Column

if TYPE_CHECKING:
    Series = pd.Series[Any]

Found = Iterator[Finding]
SAMPLE = 5_000
"""Rows that costly checks look at: a share of 0.98 is then known to 0.004 (two standard errors)."""


class Look:
    """A table as the checks see it.

    Parameters
    ----------
    frame
        The rows; no nullable dtypes (see :func:`aiaas_magics.engines.data.simple`).
    roles, columns
        The role and the profile of each column.
    word
        What lines call the table.
    target, task
        The column to be predicted and whether it is a class or a number, where they are known.
    before, were
        An earlier version of the table, and the roles of its columns (default: those they seem to have).
    stored
        Whether `word` names stored data, not a variable.
    """

    def __init__(
        self,
        frame: pd.DataFrame,
        roles: Mapping[str, str],
        columns: Sequence[Column],
        *,
        word: str = "DATA",
        target: str | None = None,
        task: str | None = None,
        before: pd.DataFrame | None = None,
        were: Mapping[str, str] | None = None,
        stored: bool = False,
    ) -> None:
        self.stored = stored
        self.frame, self.roles, self.word = frame, dict(roles), word
        self.columns = {column.name: column for column in columns}
        self.target, self.task, self.before = target, task, before
        if were is None and before is not None:
            were = profile.roles(before)
        self.were = dict(were or {})

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.frame)

    @property
    def features(self) -> list[str]:
        """The columns but the target."""
        return [name for name in self.columns if name != self.target]

    def of(self, *roles: str) -> list[str]:
        """Return the features of these roles that hold anything."""
        return [
            name
            for name in self.features
            if self.roles[name] in roles and self.columns[name].missing < self.rows
        ]

    @functools.cached_property
    def sample(self) -> pd.DataFrame:
        """At most `SAMPLE` rows that have a target, drawn at random, the same ones every time."""
        frame = self.frame
        if self.target is not None:
            frame = frame[frame[self.target].notna()]
        if len(frame) <= SAMPLE:
            return frame
        chosen = np.random.default_rng(0).choice(len(frame), SAMPLE, replace=False)
        return frame.iloc[np.sort(chosen)]

    def prepare(self, *options: str) -> str:
        """Return the line that prepares the table."""
        return lines.prepare(self.word, *options)

    def drop(self, *names: str) -> str:
        """Return the line that drops columns."""
        return self.prepare(f"--drop {lines.columns(list(names))}")

    def only(self, option: str, name: str) -> str:
        """Return the line that does something to one column."""
        return self.prepare(option, f"--columns {lines.columns([name])}")

    def train(self, *words: str, algo: str = "hist_gradient_boosting") -> str:
        """Return the line that trains on the table; without a target, the one that shows it."""
        if self.target is None:
            return f"%aiaas_data show {self.word}"
        return lines.train(self.word, self.target, *words, algo=algo)


def share(part: float, whole: float) -> str:
    """Return a share in words: ``12 %``, ``0.3 %``."""
    value = 100 * part / whole if whole else 0.0
    if 99 <= value < 100:
        return f"{min(value, 99.99):.4g} %"  # nearly all are not all
    return f"{value:.0f} %" if value >= 9.95 else f"{value:.2g} %"


def few(values: Sequence[object], most: int = 3) -> str:
    """Return some values in quotes, short enough for a sentence."""
    shown = [repr(" ".join(str(v).split(" "))[:24]) for v in values[:most]]
    return ", ".join(shown) + (" ..." if len(values) > most else "")
