"""The table that a recipe makes of raw rows, for people to look at, and what each step did to it.

Steps are fitted on all rows here: for looking and export, never for a model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.preprocessing import OneHotEncoder

from aiaas_magics import errors, frames
from aiaas_magics.engines import building, chains, profile, recipe
from aiaas_magics.engines.chains import Chain, Op
from aiaas_magics.engines.transformers import ColumnChooser
from aiaas_magics.specs.prepare import Step
from aiaas_magics.specs.results import Example

EXAMPLES = 3
LONGEST = 40
"""Characters of a value that an example shows."""


class Touch(NamedTuple):
    """What a step did to a column: how many columns it was and became, its values, examples."""

    column: str
    before: int
    after: int
    values: int
    """Cells that hold another value than before."""
    lost: int
    """Cells that became gaps."""
    examples: tuple[Example, ...]
    low: float = float("nan")
    high: float = float("nan")


class Made(NamedTuple):
    """A prepared table: the roles of its columns, which of them each raw column became, and how.

    ``touched`` gives what each step did, by its place in the recipe.
    """

    frame: pd.DataFrame
    roles: dict[str, str]
    became: dict[str, list[str]]
    touched: dict[int, list[Touch]]


class Target(NamedTuple):
    """The column that some steps learn from, and whether it has classes."""

    values: pd.Series
    task: str


def materialise(
    raw: pd.DataFrame,
    steps: Sequence[Step],
    roles: Mapping[str, str],
    target: Target | None = None,
) -> Made:
    """Return the table that the column steps make of raw rows.

    What no step touches stays as it is.

    Parameters
    ----------
    raw
        Rows and columns that the recipe keeps, with the target if there is one.
    steps
        The recipe; its row steps are ignored.
    roles
        The role of each column of `raw`.
    target
        What ``--encode target`` and ``--select`` learn from.

    Raises
    ------
    DataError
        If a step cannot work on a column, or two columns get the same name.
    """
    pieces: dict[str, pd.DataFrame] = {}
    touched: dict[int, list[Touch]] = {}
    kinds: dict[str, str] = {}
    groups = chains.grouped(raw, roles, steps)
    judged = {
        chain: [n for n in names if target is None or n != target.values.name]
        for chain, names in groups.items()
    }
    check_choosable(recipe.fixed(raw, steps), judged, steps)
    for chain, names in groups.items():
        made = _Carrying(raw[names], chain, target, touched).through()
        for name in names:
            pieces[name] = _as_it_was(made[name], raw[name], chain, roles[name])
            if chain.kind in (roles[name], "text"):
                kinds[name] = chain.kind
    pieces = {name: pieces[name] for name in map(str, raw.columns)}
    names = [str(name) for piece in pieces.values() for name in piece.columns]
    frames.check_names(names, "drop or rename one of them before the step that makes the other")
    frame = pd.concat(pieces.values(), axis=1) if pieces else raw
    frame = _chosen(frame, steps, target, touched)
    kinds = {name: kind for name, kind in kinds.items() if name in frame.columns}
    left = set(map(str, frame.columns))
    became = {n: [c for c in map(str, p.columns) if c in left] for n, p in pieces.items()}
    return Made(frame, profile.roles(frame) | kinds, became, touched)


class _Carrying:
    """Columns of one chain on their way through it, one table a column."""

    def __init__(
        self,
        raw: pd.DataFrame,
        chain: Chain,
        target: Target | None,
        touched: dict[int, list[Touch]],
    ) -> None:
        self._raw, self._chain, self._target, self._touched = raw, chain, target, touched
        self._now = {str(name): raw[[name]] for name in raw.columns}

    def through(self) -> dict[str, pd.DataFrame]:
        """Return what each column became."""
        for op in self._chain.ops:
            after = self._joint(op) if op.method in building.JOINT else self._alone(op)
            for name, made in after.items():
                self._touched.setdefault(op.place, []).append(touch(name, self._now[name], made))
            self._now = after
        if self._chain.flagged is not None:
            self._flag(self._chain.flagged)
        return self._now

    def _alone(self, op: Op) -> dict[str, pd.DataFrame]:
        return {name: self._made(op, [name], table) for name, table in self._now.items()}

    def _joint(self, op: Op) -> dict[str, pd.DataFrame]:
        made = self._made(op, list(self._now), pd.concat(self._now.values(), axis=1))
        ends = np.cumsum([table.shape[1] for table in self._now.values()])
        return {
            name: made.iloc[:, end - self._now[name].shape[1] : end]
            for name, end in zip(self._now, ends, strict=True)
        }

    def _made(self, op: Op, names: list[str], table: pd.DataFrame) -> pd.DataFrame:
        task = self._target.task if self._target is not None else "classification"
        transformer = building.part(op, self._chain, self._raw[names], task=task)
        if op.op == "tfidf":
            return _weighted(transformer, table)
        transformer.set_output(transform="pandas")
        if op.method == "target":
            return _crossed(transformer, table, self._target)
        if op.op == "encode":
            return _by_value(transformer, table)
        made: pd.DataFrame = transformer.fit_transform(table)
        return made

    def _flag(self, op: Op) -> None:
        for name, table in self._now.items():
            flag = building.flags(self._chain).set_output(transform="pandas")
            found = flag.fit_transform(self._raw[[name]])
            if found.to_numpy().any():
                self._now[name] = pd.concat([table, found], axis=1)
                added = Touch(name, 0, 1, 0, 0, ())
                self._touched.setdefault(op.place, []).append(added)


def _by_value(transformer: Any, table: pd.DataFrame) -> pd.DataFrame:
    """Return one column encoded value by value: a million rows have few of them.

    Dummies come as int8, a byte each: they are many.
    """
    column = table.iloc[:, 0]
    codes, values = pd.factorize(column, use_na_sentinel=False)
    few = pd.Series(values, name=column.name).astype(column.dtype).to_frame()
    most = getattr(transformer, "max_categories", None)
    transformer.fit(few if most is None or len(few) < most else table)
    encoded = transformer.transform(few)
    dummies = isinstance(transformer, OneHotEncoder)
    found = encoded.to_numpy("int8" if dummies else "float64")[codes]
    return pd.DataFrame(found, columns=encoded.columns, index=table.index)


def _crossed(transformer: Any, table: pd.DataFrame, target: Target | None) -> pd.DataFrame:
    """Return categories encoded by the target, as a model's training rows are: by other rows."""
    if target is None:
        raise errors.DataError(
            "the target that categories are encoded by is gone",
            "an earlier step dropped it",
            "--target COLUMN",
        )
    there = target.values.notna().to_numpy()
    made: pd.DataFrame = transformer.fit_transform(table[there], target.values[there])
    if there.all():
        return made
    rest = transformer.transform(table[~there])
    return pd.concat([made, rest]).loc[table.index]


def _weighted(transformer: Any, table: pd.DataFrame) -> pd.DataFrame:
    try:
        values = transformer.fit_transform(table)
    except ValueError as error:
        raise errors.DataError(
            f"{table.columns[0]!r} has no words to weigh", str(error), f"--drop {table.columns[0]}"
        ) from error
    fitted = transformer.steps[-1][1]
    words = [
        f"{name}_{word}"
        for name, vectorizer, _ in fitted.transformers_
        for word in vectorizer.get_feature_names_out()
    ]
    return pd.DataFrame(values, columns=words, index=table.index)


def _as_it_was(made: pd.DataFrame, raw: pd.Series, chain: Chain, role: str) -> pd.DataFrame:
    """Return what became of a column, with the dtype it had where it is still of its kind."""
    if chain.asks("scale") or chain.asks("clip"):
        return made
    name, ops = str(made.columns[0]), {op.op for op in chain.ops}
    if chain.kind == "boolean":  # with gaps it came as 0, 1 and NaN
        dtype: Any = "boolean" if made[name].isna().any() else bool
        return made.assign(**{name: made[name].astype(dtype)})
    if chain.kind == role == "category" and made[name].dtype != raw.dtype:
        return made.assign(**{name: made[name].astype("str" if "rare" in ops else raw.dtype)})
    whole = any(op.op == "fix" and op.get("whole") for op in chain.ops)
    if whole and ops == {"fix"} and not made[name].isna().any():
        return made.assign(**{name: made[name].astype("int64")})
    return made


# choosing ----------------------------------------------------------------------------------------
def chooser(step: Step, task: str) -> ColumnChooser:
    """Return the unfitted transformer of a step ``select``."""
    asked: dict[str, Any] = {step.method: step.settings[step.method]}
    return ColumnChooser(task=task, **asked)


def check_choosable(
    frame: pd.DataFrame, found: Mapping[Chain, Sequence[str]], steps: Sequence[Step]
) -> None:
    """Refuse columns that ``--select`` and its kin cannot judge: they judge numbers.

    `frame` has its types fixed. Raises `DataError`.
    """
    methods = [step.method for step in steps if step.op == "select"]
    words = {"category": "--encode onehot", "date": "--dates", "text": "--tfidf 300"}
    option = "--select" if "best" in methods else f"--{methods[0]}" if methods else ""
    for chain, names in found.items() if methods else ():
        if names and chain.kind in words:
            raise errors.DataError(
                f"{option} cannot judge column {names[0]!r}", f"it holds no numbers: {chain.kind}", words[chain.kind]
            )  # fmt: skip
        gaps = next((name for name in names if frame[name].isna().any()), None)
        if gaps is not None and "best" in methods and not chain.filled:
            raise errors.DataError(
                f"{option} cannot judge column {gaps!r}", "it has gaps", "--impute median"
            )


def _chosen(
    frame: pd.DataFrame,
    steps: Sequence[Step],
    target: Target | None,
    touched: dict[int, list[Touch]],
) -> pd.DataFrame:
    """Return the table without the columns that are not chosen; the target stays."""
    for place, step in enumerate(steps):
        if step.op != "select":
            continue
        y, task = (None, "classification") if target is None else target
        names = [str(name) for name in frame.columns if y is None or name != y.name]
        there = slice(None) if y is None else y.notna().to_numpy()
        fitted = chooser(step, task).fit(frame.loc[there, names], None if y is None else y[there])
        kept = {names[i] for i in fitted.kept_}
        gone = [name for name in names if name not in kept]
        touched[place] = [Touch(name, 1, 0, 0, 0, ()) for name in gone]
        touched[place] += [Touch(name, 1, 1, 0, 0, ()) for name in kept]
        frame = frame.drop(columns=gone)
    return frame


# what changed ------------------------------------------------------------------------------------
def touch(name: str, before: pd.DataFrame, after: pd.DataFrame) -> Touch:
    """Return what a step did to a column, given what it was and what it became."""
    low, high = _range(after)
    if before.shape[1] != after.shape[1]:
        shown = tuple(_example(name, before, after, i) for i in range(min(EXAMPLES, len(before))))
        return Touch(name, before.shape[1], after.shape[1], 0, 0, shown, low, high)
    changed = np.column_stack(
        [_differ(before.iloc[:, i], after.iloc[:, i]) for i in range(before.shape[1])]
    ).any(axis=1)
    places = np.flatnonzero(changed)
    gone = changed & after.isna().any(axis=1).to_numpy() & before.notna().all(axis=1).to_numpy()
    rows = [*_unlike(before, places), *_unlike(before, np.flatnonzero(gone))[:1]]
    rows = list(dict.fromkeys([*rows[: EXAMPLES - 1], *rows[EXAMPLES - 1 :][-1:]]))
    shown = tuple(_example(name, before, after, row) for row in rows)
    width = before.shape[1]
    return Touch(name, width, width, len(places), int(gone.sum()), shown, low, high)


def _differ(before: pd.Series, after: pd.Series) -> np.ndarray[Any, Any]:
    gaps, later = before.isna().to_numpy(), after.isna().to_numpy()
    numbers = all(pd.api.types.is_numeric_dtype(each.dtype) for each in (before, after))
    kind: Any = "float64" if numbers else object
    one, other = (
        each.to_numpy(kind, na_value=np.nan) if numbers else np.asarray(each, dtype=kind)
        for each in (before, after)
    )
    return np.asarray((one != other) & ~(gaps & later), dtype=bool)


def _unlike(before: pd.DataFrame, places: np.ndarray[Any, Any]) -> list[int]:
    """Return the first places whose values differ, at most `EXAMPLES`."""
    few = before.iloc[places[:1000], 0]
    return [int(places[i]) for i in np.flatnonzero(~few.duplicated().to_numpy())[:EXAMPLES]]


def _example(name: str, before: pd.DataFrame, after: pd.DataFrame, row: int) -> Example:
    return Example(column=name, before=_shown(before, row), after=_shown(after, row))


def _shown(table: pd.DataFrame, row: int) -> str:
    """Return a row's values as text; of many columns those that are not 0."""
    values = {str(name): table.iat[row, i] for i, name in enumerate(table.columns[:500])}
    if len(values) == 1:
        return _word(next(iter(values.values())))
    words = {
        name: word for name, value in values.items() if (word := _word(value)) not in ("", "0")
    }
    return ", ".join(f"{name}={word}" for name, word in list(words.items())[:3])[:LONGEST]


def _word(value: Any) -> str:
    if pd.isna(value):
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    text = str(value).removesuffix(" 00:00:00")
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _range(table: pd.DataFrame) -> tuple[float, float]:
    if not len(table) or not all(map(pd.api.types.is_numeric_dtype, table.dtypes)):
        return float("nan"), float("nan")
    return float(table.min().min()), float(table.max().max())
