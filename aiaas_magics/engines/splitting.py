"""Which rows are held out, and which folds a cross-validation has: one answer for every stage.

Four ways: ``random``; ``stratified`` by class; ``group``, where no group stands on both sides; ``time``,
where the newest rows are held out and a fold learns from what is older than its test.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    train_test_split,
)

from aiaas_magics import errors

if TYPE_CHECKING:
    from aiaas_magics.engines.context import Context
    from aiaas_magics.engines.learning import Task
    from aiaas_magics.specs.train import TrainSpec
    from aiaas_magics.specs.tune import TuneSpec

    Array = np.ndarray[Any, Any]
    Pair = tuple[Array, Array]

DRAWS = 20
"""Ways to hold groups out that are drawn; the one nearest to the share and to the classes is taken."""


class Folds:
    """A scikit-learn splitter of folds that are made already: pairs of positions."""

    def __init__(self, pairs: Sequence[Pair]) -> None:
        self.pairs = tuple(pairs)

    def split(self, X: Any = None, y: Any = None, groups: Any = None) -> Iterator[Pair]:
        """Yield (training, test) positions; the arguments are scikit-learn's and not looked at."""
        del X, y, groups
        yield from self.pairs

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return how many folds there are."""
        del X, y, groups
        return len(self.pairs)


def way(asked: str | None, task: str) -> str:
    """Return how rows are split: as asked, else by class where there are classes."""
    return asked or ("stratified" if task == "classification" else "random")


def known(
    frame: pd.DataFrame, column: pd.Series, split: str, context: Context
) -> tuple[pd.DataFrame, pd.Series]:
    """Return the rows whose group or time, told by a column beside them, is known; and these.

    Rows without one belong to neither side: they are left out, which is told.

    Raises
    ------
    DataError
        If there is no such row, or the column of ``time`` has no order.
    """
    by = str(column.name)
    gaps = column.isna()
    if gaps.all():
        raise errors.DataError(
            f"{by!r} is missing in every row", "rows are split by its values", "--split random"
        )
    if split == "time":
        column = _order(column, by)
    if not gaps.any():
        return frame, column
    context.warn(f"{int(gaps.sum()):,} rows without a {by!r} were left out")
    return frame[~gaps], column[~gaps]


def _order(column: pd.Series, by: str) -> pd.Series:
    """Return a column as what can be sorted."""
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype) and dtype.ordered:
        return column.cat.codes
    number = pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype)
    if number or pd.api.types.is_datetime64_any_dtype(dtype):
        return column
    raise errors.DataError(
        f"{by!r} tells no order in time",
        "dates and numbers do; texts that stand for dates become dates by --fix",
        f"%aiaas_prepare ... --fix --columns {by}",
    )


def split(
    y: pd.Series, task: str, spec: TrainSpec | TuneSpec, by: pd.Series | None, context: Context
) -> tuple[Array, Array]:
    """Return the positions of training and held-out rows, both in order.

    Raises
    ------
    DataError
        If there are too few rows, groups or moments to hold any out, or a class would have no
        training row.
    """
    everything = np.arange(len(y))
    chosen = way(spec.split, task)
    if chosen == "stratified" and task != "classification":
        raise errors.DataError(
            f"{spec.target!r} has no classes to stratify by",
            "a number is predicted",
            "--split random",
        )
    if spec.test == 0:
        return everything, everything[:0]
    if by is None:
        test = _at_random(y, spec.test, spec.seed, stratify=chosen == "stratified")
    elif chosen == "group":
        test = _groups(by, y if task == "classification" else None, spec)
    else:
        test = _newest(by, spec, context)
    train = np.flatnonzero(np.bincount(test, minlength=len(y)) == 0)
    if task == "classification":
        _check_classes(y, train, chosen, by)
    return train, test


def _at_random(y: pd.Series, share: float, seed: int, *, stratify: bool) -> Array:
    try:
        _, test = train_test_split(
            np.arange(len(y)), test_size=share, random_state=seed, stratify=y if stratify else None
        )
    except ValueError as error:
        raise errors.DataError(
            f"{share:.0%} of {len(y)} rows cannot be held out", str(error), "--test 0"
        ) from error
    return np.sort(test)


def _groups(by: pd.Series, y: pd.Series | None, spec: TrainSpec | TuneSpec) -> Array:
    """Return the rows of groups that together come nearest to the share, and to the classes' shares."""
    codes, names = pd.factorize(by)
    if len(names) < 2:
        raise errors.DataError(
            f"{spec.by!r} holds one group only",
            "whole groups are held out: it takes two",
            "--split random",
        )
    labels = np.zeros(len(codes), "int64") if y is None else pd.factorize(y)[0]
    table = np.zeros((len(names), int(labels.max()) + 1))
    np.add.at(table, (codes, labels), 1)
    rng = np.random.default_rng(spec.seed)
    drawn = [_draw(table, spec.test, rng) for _ in range(DRAWS)]
    _, held = min(drawn, key=lambda pair: pair[0])
    return np.flatnonzero(np.isin(codes, held))


def _draw(table: Array, share: float, rng: np.random.Generator) -> tuple[float, Array]:
    """Return shuffled groups up to the share of rows, and how far they are from what is wanted.

    `table` holds rows by (group, class). That a class has no training row counts as farthest.
    """
    order = rng.permutation(len(table))
    sums = table[order].cumsum(axis=0)
    wanted = share * table.sum()
    count = 1 + int(np.argmin(np.abs(sums[:-1].sum(axis=1) - wanted)))
    held, whole = sums[count - 1], table.sum(axis=0)
    off = float(np.abs(held / whole - share).max() + abs(held.sum() - wanted) / table.sum())
    return off + 10.0 * bool((held == whole).any()), order[:count]


def _newest(by: pd.Series, spec: TrainSpec | TuneSpec, context: Context) -> Array:
    """Return the newest rows; those of one moment stay together."""
    values = by.to_numpy()
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    start = len(ordered) - max(1, math.ceil(spec.test * len(ordered)))
    edge = _edge(ordered, start)
    if edge is None:
        raise errors.DataError(
            f"{spec.by!r} is the same in every row", "it tells no order in time", "--split random"
        )
    share = 1 - edge / len(ordered)
    if abs(share - spec.test) > 0.05:
        context.warn(
            f"{share:.0%} of the rows are held out, not {spec.test:.0%}: "
            f"rows of one {spec.by!r} stay on one side"
        )
    return np.sort(order[edge:])


def _edge(ordered: Array, start: int) -> int | None:
    """Return the place nearest to `start` where a new moment begins; None if there is but one."""
    start = min(max(start, 0), len(ordered) - 1)
    left = int(np.searchsorted(ordered, ordered[start], "left"))
    right = int(np.searchsorted(ordered, ordered[start], "right"))
    places = [place for place in (left, right) if 0 < place < len(ordered)]
    return min(places, key=lambda place: abs(place - start), default=None)


def _check_classes(y: pd.Series, train: Array, chosen: str, by: pd.Series | None) -> None:
    learned = set(pd.unique(y.iloc[train]).tolist())
    missing = sorted(str(v) for v in set(pd.unique(y).tolist()) - learned)
    if not missing:
        return
    name = "" if by is None else f" of {by.name!r}"
    where = {"group": f"in held-out groups{name}", "time": f"in the newest rows{name}"}
    raise errors.DataError(
        f"no training row is of class {missing[0]!r}",
        f"all of its rows are {where.get(chosen, 'held out')}",
        "a smaller --test, or --split stratified",
    )


# folds -------------------------------------------------------------------------------------------
def folds(task: Task, cv: int, seed: int, *, rows: Array | None = None, metric: str = "") -> Folds:
    """Return the folds of a cross-validation, made in the way the task was split.

    Parameters
    ----------
    task
        The rows, their split and what they are split by.
    cv
        The number of folds, at least 2.
    seed
        Decides what is drawn.
    rows
        Positions in ``task.X`` of the rows to validate on; the folds' positions count in these.
        Default: the training rows.
    metric
        The metric to be computed in each fold: ``r2`` needs two rows.

    Raises
    ------
    DataError
        If a class, the groups, the moments or the rows are too few for so many folds.
    """
    rows = task.train if rows is None else rows
    y = task.y.iloc[rows]
    by = None if task.by is None else task.by.iloc[rows]
    if task.split == "time" and by is not None:
        return Folds(_over_time(by, cv))
    if task.task == "classification" and task.split != "random":
        _check_count(y, cv)
    elif len(y) < cv:
        raise errors.DataError(
            f"--cv {cv} is more than there are training rows", f"there are {len(y)}", "--cv 2"
        )
    elif metric == "r2" and len(y) < 2 * cv:
        raise errors.DataError(
            f"--cv {cv} leaves folds of one row",
            f"r2 needs two in each; there are {len(y)} training rows",
            f"--cv {len(y) // 2}" if len(y) > 3 else "--metric mae",
        )
    if by is not None:
        _check_groups(by, cv)
    splitter = _splitter(task, cv, seed)
    return Folds(list(splitter.split(np.zeros((len(y), 1)), y, by)))


def _splitter(task: Task, cv: int, seed: int) -> Any:
    classes = task.task == "classification"
    kinds: dict[str, Any] = {
        "random": KFold,
        "stratified": StratifiedKFold,
        "group": StratifiedGroupKFold if classes else GroupKFold,
    }
    return kinds[task.split](cv, shuffle=True, random_state=seed)


def _check_count(y: pd.Series, cv: int) -> None:
    counts = y.value_counts()
    fewest = int(counts.min())
    if fewest < cv:
        raise errors.DataError(
            f"--cv {cv} is more than the class {counts.idxmin()!r} has training rows",
            f"it has {fewest}",
            f"--cv {max(2, fewest)}",
        )


def _check_groups(by: pd.Series, cv: int) -> None:
    count = by.nunique()
    if count < cv:
        raise errors.DataError(
            f"--cv {cv} is more than {by.name!r} has groups in the training rows",
            f"there are {count}",
            f"--cv {count}" if count > 1 else "--split random",
        )


def ratio(way: str, cv: int) -> float:
    """Return the test rows of a fold by its training rows, on average over the folds of one kind."""
    if way != "time":
        return 1 / (cv - 1)
    return sum(1 / place for place in range(1, cv + 1)) / cv  # see `_over_time`


def _over_time(by: pd.Series, cv: int) -> list[Pair]:
    """Return folds that learn from the past: like TimeSeriesSplit, but for rows of one moment.

    Each test is the stretch after its training rows, 1/(cv + 1) of all; its edges are moved so that
    rows of one moment stay together.
    """
    values = by.to_numpy()
    order = np.argsort(values, kind="stable")
    ordered, size = values[order], len(values) // (cv + 1)
    starts = [_edge(ordered, len(values) - place * size) for place in range(cv, 0, -1)]
    edges = [*dict.fromkeys(edge for edge in starts if edge is not None), len(values)]
    if size == 0 or len(edges) <= cv:
        count = by.nunique()
        raise errors.DataError(
            f"--cv {cv} is more than {by.name!r} tells moments apart in the training rows",
            f"there are {count}; rows of one moment stay together",
            "--cv 2" if cv > 2 and count > 2 else "--split random",
        )
    return [
        (np.sort(order[:start]), np.sort(order[start:end]))
        for start, end in itertools.pairwise(edges)
    ]
