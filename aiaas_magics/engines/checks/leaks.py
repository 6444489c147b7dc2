"""Leaks: one column alone predicts the target nearly perfectly.

Such a column is too good: the target in other words, derived from it, or known only after the event. A small
tree is cross-validated on each column by itself; a column of categories is read as each category's most
frequent class. Where other columns come close, the task is easy, and it is said more softly.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.metrics import balanced_accuracy_score, r2_score
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from aiaas_magics.engines.checks.look import Found, Look
from aiaas_magics.specs.quality import Finding

if TYPE_CHECKING:
    Array = np.ndarray[Any, Any]
    Series = pd.Series[Any]

PERFECT = 0.98
"""Skill (0: a guess, 1: never wrong) of one column that no honest column has: petal width, the best known
single one of the textbook tables, has 0.94 of iris."""
CLOSE = 0.9
"""Skill of a second column that shows that the task is easy."""
LEAST = 50
"""Rows below which a perfect column may be luck."""
FEWEST = 5
"""Rows a class needs so that each of the folds holds one out."""
FOLDS = 5


class Alone(NamedTuple):
    """How well a column alone predicts the target: skill, and whether each of its values has one answer."""

    name: str
    skill: float
    same: bool


def leaks(look: Look) -> Found:
    """Find columns that predict the target nearly perfectly by themselves."""
    if look.target is None or look.task is None:
        return
    X, y = look.sample.drop(columns=look.target), look.sample[look.target]
    found = sorted(alone(X, y, look.task, look.roles), key=lambda each: -each.skill)
    best = [each for each in found if each.skill >= PERFECT]
    for each in best:
        said = f"predicts '{look.target}' by itself, with skill {each.skill:.3f} (0 is a guess, 1 never wrong)"
        if each.same:
            said = f"tells '{look.target}' in other words: each of its values has one answer"
        easy = len(found) > 1 and not each.same
        why = "others come close: an easy task, or several of its kind"
        why = why if easy else "too good: is it known before the event?"
        yield Finding(
            find="leak", severity="medium" if easy else "high", column=each.name, effect=each.skill,
            text=f"{said}; {why}", fix=look.drop(each.name),
        )  # fmt: skip


def alone(X: pd.DataFrame, y: Series, task: str, roles: Any) -> Iterator[Alone]:
    """Yield the skill of each column of numbers, dates, truth values or categories, where it is high.

    Parameters
    ----------
    X, y
        Features and target, some thousand rows at most.
    """
    X, y = _kept(X, y, task)
    if len(y) < LEAST or y.nunique() < 2:
        return
    answers = pd.factorize(y, sort=True)[0] if task == "classification" else _unit(y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of classes that one fold does not hold
        for name in X.columns:
            values = codes(X[name], roles[str(name)])
            if values is None:
                continue
            skill = _skill(*values, answers, task)
            if skill >= CLOSE:
                yield Alone(str(name), skill, _same(values[0], answers, task))


def _kept(X: pd.DataFrame, y: Series, task: str) -> tuple[pd.DataFrame, Series]:
    """Return the rows that can be asked about: finite numbers, classes that have enough of them."""
    if task != "classification":
        finite = np.isfinite(y.to_numpy("float64"))
        return X[finite], y[finite]
    counts = y.groupby(y, observed=True).transform("size") >= FEWEST
    return X[counts], y[counts]


def _unit(y: Series) -> Array:
    """Return numbers between -1 and 1: sums of their squares are finite, R² stays the same."""
    values = y.to_numpy("float64")
    return values / (np.abs(values).max() or 1.0)


def codes(column: Series, role: str) -> tuple[Array, bool] | None:
    """Return a column as numbers and whether they are names (of categories); None for prose.

    A gap is a value like any other: -1 among categories, NaN among numbers, which trees take.
    """
    if role == "category":
        return pd.factorize(column)[0], True
    if role == "date":
        return _scaled(np.where(column.isna(), np.nan, column.astype("int64"))), False
    if role in ("number", "boolean"):
        return _scaled(column.to_numpy("float64", na_value=np.nan)), False
    return None


def _scaled(values: Array) -> Array:
    """Return numbers around 0, some units apart: a tree's 32 bits would make one of all dates of a week."""
    values = np.where(np.isfinite(values), values, np.nan)
    if np.isnan(values).all():
        return values
    values = values / (np.nanmax(np.abs(values)) or 1.0)
    low, middle, high = np.nanpercentile(values, [25, 50, 75])
    return np.clip((values - middle) / ((high - low) or 1.0), -1e9, 1e9)


def _skill(values: Array, names: bool, y: Array, task: str) -> float:  # noqa: FBT001 - private
    """Return the cross-validated skill; a column that fails in the first fold is not asked again."""
    folds = (StratifiedKFold if task == "classification" else KFold)(
        FOLDS, shuffle=True, random_state=0
    )
    ask = _by_name if names else _by_tree
    told = np.zeros(len(y))
    for place, (train, test) in enumerate(folds.split(values, y)):
        told[test] = ask(values[train], y[train], values[test], task)
        if not place and _score(y[test], told[test], task) < CLOSE - 0.15:
            return 0.0
    skill = _score(y, told, task)
    if task == "regression" and not names:
        skill = max(skill, _monotone(values, y))
    return skill


def _monotone(values: Array, y: Array) -> float:
    """Return the squared rank correlation, where every value is there."""
    if np.isnan(values).any() or len(np.unique(values)) < 3:
        return 0.0
    return float(stats.spearmanr(values, y).statistic ** 2)


def _score(y: Array, told: Array, task: str) -> float:
    if task == "regression":
        return float(r2_score(y, told))
    return float(balanced_accuracy_score(y, told, adjusted=True))


def _by_tree(values: Array, y: Array, asked: Array, task: str) -> Array:
    least = max(2, len(y) // 200)
    if task == "regression":
        tree = DecisionTreeRegressor(min_samples_leaf=least, max_leaf_nodes=256, random_state=0)
    else:
        leaves = 4 * (int(y.max()) + 1)
        tree = DecisionTreeClassifier(
            min_samples_leaf=2, max_leaf_nodes=leaves, class_weight="balanced", random_state=0
        )
    return tree.fit(values[:, None], y).predict(asked[:, None])


def _by_name(values: Array, y: Array, asked: Array, task: str) -> Array:
    """Return each category's most frequent class, or its mean; an unseen one gets the overall one."""
    size = int(max(values.max(), asked.max())) + 2  # -1 is the gap
    if task == "regression":
        sums = np.bincount(values + 1, weights=y, minlength=size)
        counts = np.bincount(values + 1, minlength=size)
        means = np.where(counts > 0, sums / np.maximum(counts, 1), y.mean())
        return means[asked + 1]
    classes = int(y.max()) + 1
    table = np.zeros((size, classes))
    np.add.at(table, (values + 1, y), 1.0)
    table /= np.maximum(np.bincount(y, minlength=classes), 1)
    return table.argmax(axis=1)[asked + 1]


def _same(values: Array, y: Array, task: str) -> bool:
    """Tell whether values and classes are one to one."""
    if task != "classification" or np.isnan(values.astype("float64")).any():
        return False
    pairs = {*zip(values.tolist(), y.tolist(), strict=True)}
    return len(pairs) == len(np.unique(values)) == len(np.unique(y))
