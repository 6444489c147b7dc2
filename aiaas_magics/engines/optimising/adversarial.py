"""Rows made to find differences: what the training rows do not show and a request may hold.

Of every kind of column its extremes, gaps, values never seen; and around the splits of trees the two neighbouring
float64 numbers between which the branch changes, found by bisection through whatever stands before the tree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from aiaas_magics.engines.optimising import programs, trees
from aiaas_magics.engines.optimising.base import Unconvertible
from aiaas_magics.engines.optimising.nodes import LEAF, Trees, reached
from aiaas_magics.engines.optimising.programs import Part
from aiaas_magics.predictors import fronts
from aiaas_magics.predictors.arithmetic import Check
from aiaas_magics.predictors.base import Rows
from aiaas_magics.predictors.links import Link
from aiaas_magics.predictors.programs import Program, Single, Stack, Vote
from aiaas_magics.predictors.treeloop import Loop
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.records import Signature

Columns = dict[str, list[JSON]]
NUMBERS = (0.0, -0.0, 1e-300, -1e-300, 0.1, 1 / 3, 16777217.0, 1.7e9, 1.7e9 + 0.1, 1.7e12, 1e10, -1e10, 1e30, -1e30, 3.4028234e38, -3.4028234e38)  # fmt: skip
"""0 of both signs, what float32 cannot hold (2**24 + 1), time stamps, and the largest numbers a request may hold."""
WHOLE = (0, 1, -1, 16777217, 1_700_000_000, -1_700_000_001, 2**53, -(2**53))
TEXTS = ("", " ", "a text that was never seen", "ÄÖ ü\u0000\n", "nan", "(1.234,5 %)")
DATES = ("1678-01-01", "1969-12-31T23:59:59", "1970-01-01T00:00:00", "2000-02-29T12:00:00.5", "2024-06-30T23:30:00+02:00", "2038-01-19T03:14:08Z", "2261-12-31")  # fmt: skip
OTHERS: dict[str, tuple[JSON, ...]] = {
    "double": NUMBERS, "long": WHOLE, "boolean": (False, True), "string": TEXTS, "datetime": DATES,
}  # fmt: skip
MOST_COLUMNS = 40
"""Columns whose extremes are tried one by one."""
MOST_SPLITS = 240
"""Splits looked at: of an even choice of trees, an even choice of their nodes."""


def rows(base: Columns, signature: Signature, pipeline: Any, seed: int = 0) -> Columns:
    """Return the rows, by column.

    Parameters
    ----------
    base
        Training rows, a few hundred: the other columns of each row are one of theirs.
    pipeline
        The fitted model; the splits of its trees are looked for.
    """
    made = _Made(base, signature, np.random.default_rng(seed))
    for name, kind in _some(signature.inputs, MOST_COLUMNS):
        column = [value for value in base[name] if value is not None]
        made.each(name, [*OTHERS[kind], *_ends(column, kind)])
        if name not in signature.required:
            made.each(name, [None])
    _together(made, signature)
    try:
        for one in _models(pipeline, signature):
            _around(one, made, signature)
    except Unconvertible:
        pass  # no tier walks these trees either
    return made.columns


class _Made:
    """Rows as they gather: a training row with some values of its own."""

    def __init__(self, base: Columns, signature: Signature, rng: np.random.Generator) -> None:
        self.base, self.names, self.rng = base, [name for name, _ in signature.inputs], rng
        self.count = len(next(iter(base.values())))
        self.columns: Columns = {name: [] for name in self.names}

    def add(self, changes: dict[str, JSON], row: int | None = None) -> None:
        place = int(self.rng.integers(self.count)) if row is None else row
        for name in self.names:
            self.columns[name].append(changes.get(name, self.base[name][place]))

    def each(self, name: str, values: Sequence[JSON]) -> None:
        for value in values:
            self.add({name: value})


def _some(found: Sequence[Any], most: int) -> list[Any]:
    step = max(1, len(found) // most)
    return list(found[::step])[:most]


def _ends(column: list[Any], kind: str) -> Iterator[JSON]:
    """Yield the ends of a column and their neighbours."""
    if kind in ("double", "long") and column:
        low, high = min(column), max(column)
        if kind == "long":
            yield from (int(low) - 1, int(low), int(high), int(high) + 1)
            return
        for end in (float(low), float(high)):
            yield from (float(np.nextafter(end, -np.inf)), end, float(np.nextafter(end, np.inf)))


def _together(made: _Made, signature: Signature) -> None:
    """Add rows whose columns are all extreme at once, or all missing that may be."""
    gaps = {name: None for name in made.names if name not in signature.required}
    if gaps:
        made.add(dict(gaps))
    for _ in range(24):
        made.add({name: OTHERS[kind][int(made.rng.integers(len(OTHERS[kind])))] for name, kind in signature.inputs})  # fmt: skip


# around the splits of trees --------------------------------------------------------------------------
class _Model(NamedTuple):
    """An ensemble of trees and what a request goes through before them."""

    front: Callable[[Any], np.ndarray]
    trees: Trees


def _models(pipeline: Any, signature: Signature) -> Iterator[_Model]:
    """Yield the ensembles of a pipeline that see a request's own numbers."""
    known: list[Any] = []

    def make(estimator: Any, width: int, path: programs.Path) -> Part:
        del width, path
        known.append(estimator)
        return Part(Loop((len(known) - 1,)), Link("value"))

    program = programs.of(pipeline, signature, make)
    for steps, place in _singles(program, ()):
        try:
            found = trees.of(known[place])
        except Unconvertible:
            continue
        before = tuple(step for step in steps if not isinstance(step, Check))
        yield _Model(fronts.opened((*before, *found.before)), found)


def _singles(program: Program, before: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], int]]:
    steps = (*before, *program.front)
    model = program.model
    if isinstance(model, Single) and isinstance(model.engine, Loop):
        yield steps, int(model.engine.path[0])
    elif isinstance(model, Vote | Stack):
        for member in model.members:
            yield from _singles(member, steps)


def _around(model: _Model, made: _Made, signature: Signature) -> None:
    """Add, for some splits, the two rows between which the branch changes."""
    numeric = [name for name, kind in signature.inputs if kind in ("double", "long")]
    base = Rows(signature, made.base)
    X = _seen(model, base)
    drives = _drives(model, made, signature, numeric, X)
    tasks = list(_chosen(model, X, drives, made, dict(signature.inputs)))
    if not tasks:
        return
    found = _Bisection(model, made, signature, tasks)
    for task, low, high in found.ends():
        made.add({task.name: low}, task.row)
        made.add({task.name: high}, task.row)
    for task in tasks:  # the split itself, where the tree sees the number that was sent
        if X[task.row, task.feature] == made.base[task.name][task.row] and task.kind == "double":
            split = float(task.threshold)
            for value in (np.nextafter(split, -np.inf), split, np.nextafter(split, np.inf)):
                if abs(value) < 3e38:
                    made.add({task.name: float(value)}, task.row)


def _seen(model: _Model, asked: Rows) -> np.ndarray:
    """Return the numbers that the trees compare."""
    with np.errstate(all="ignore"):
        X = model.front(asked)
        return X.astype("float32").astype("float64") if model.trees.rounded else X


class _Task(NamedTuple):
    """A split to go around: a row that reaches it, the column that decides it."""

    row: int
    name: str
    kind: str
    feature: int
    threshold: float


def _drives(
    model: _Model, made: _Made, signature: Signature, names: list[str], X: np.ndarray
) -> dict[int, str]:
    """Return the column behind each of the trees' features: the first whose change changes it."""
    kinds, few = dict(signature.inputs), min(8, made.count)
    found: dict[int, str] = {}
    for name in names[:200]:
        column = [value for value in made.base[name] if value is not None] or [0]
        low, high = min(column), max(column)
        moved = {n: list(values[:few]) for n, values in made.base.items()}
        for value in (low, high, (low + high) / 2 if kinds[name] == "double" else (low + high) // 2):  # fmt: skip
            moved[name] = [value] * few
            changed = (_seen(model, Rows(signature, moved)) != X[:few]).any(axis=0)
            for feature in np.flatnonzero(changed):
                found.setdefault(int(feature), name)
    return found


def _chosen(
    model: _Model, X: np.ndarray, drives: dict[int, str], made: _Made, kinds: dict[str, str]
) -> Iterator[_Task]:
    picked = _some(list(range(len(model.trees.trees))), 40)
    most = max(1, MOST_SPLITS // max(1, len(picked)))
    for place in picked:
        tree = model.trees.trees[place]
        splits = np.flatnonzero(tree.left != LEAF)
        levels = reached(tree, X)
        for node in made.rng.permutation(splits)[:most]:
            name = drives.get(int(tree.feature[node]))
            if name is None:
                continue
            there = np.flatnonzero(np.logical_or.reduce([level == node for level in levels]))
            row = int(made.rng.choice(there)) if len(there) else int(made.rng.integers(made.count))
            yield _Task(row, name, kinds[name], int(tree.feature[node]), float(tree.threshold[node]))  # fmt: skip


class _Bisection:
    """All splits at once: a row each, whose deciding column is moved between two values until they are neighbours."""

    def __init__(
        self, model: _Model, made: _Made, signature: Signature, tasks: list[_Task]
    ) -> None:
        self._model, self._signature, self._tasks = model, signature, tasks
        self._columns = {n: [made.base[n][task.row] for task in tasks] for n in made.names}
        self._features = np.array([task.feature for task in tasks])
        self._thresholds = np.array([task.threshold for task in tasks])
        self._whole = np.array([task.kind == "long" for task in tasks])
        ends = {task.name: [v for v in made.base[task.name] if v is not None] for task in tasks}
        spans = {n: (float(min(v)), float(max(v))) for n, v in ends.items()}
        self._low = _ordered(np.array([_out(*spans[t.name], -1) for t in tasks]), self._whole)
        self._high = _ordered(np.array([_out(*spans[t.name], 1) for t in tasks]), self._whole)

    def ends(self) -> Iterator[tuple[_Task, JSON, JSON]]:
        """Yield each split's neighbours on its two sides."""
        low, high = self._low, self._high
        left, right = self._left(low), self._left(high)
        crossed = left != right
        while (live := crossed & ((middle := _between(low, high)) != low)).any():
            same = self._left(middle) == left
            low = np.where(live & same, middle, low)
            high = np.where(live & ~same, middle, high)
        lows, highs = _values(low, self._whole), _values(high, self._whole)
        for place in np.flatnonzero(crossed):
            yield self._tasks[place], lows[place], highs[place]

    def _left(self, codes: np.ndarray) -> np.ndarray:
        columns = {name: list(values) for name, values in self._columns.items()}
        for place, value in enumerate(_values(codes, self._whole)):
            columns[self._tasks[place].name][place] = value
        X = _seen(self._model, Rows(self._signature, columns))
        left: np.ndarray = X[np.arange(len(X)), self._features] <= self._thresholds
        return left


def _between(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return the middle, rounded down; a sum would not fit into 64 bits."""
    return (low & high) + ((low ^ high) >> 1)


def _out(low: float, high: float, side: int) -> float:
    """Return a value a little beyond the range of a column."""
    return (high if side > 0 else low) + side * (0.5 * (high - low) + 1.0)


def _ordered(values: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Return whole numbers in the order of the values: neighbours are 1 apart (IEEE 754, totalOrder)."""
    bits = values.astype("float64").view("int64")
    floats = np.where(bits < 0, np.iinfo("int64").min - bits, bits)
    return np.where(whole, np.round(values).astype("int64"), floats)


def _values(codes: np.ndarray, whole: np.ndarray) -> list[JSON]:
    bits = np.where(codes < 0, np.iinfo("int64").min - codes, codes)
    floats = bits.view("float64")
    return [int(code) if is_whole else float(number) for code, number, is_whole in zip(codes, floats, whole, strict=True)]  # fmt: skip
