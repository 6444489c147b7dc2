"""What a training cannot help noticing: results too good to be true, and data that makes them so.

Each costs milliseconds, or is asked only where a score is suspicious; ``%aiaas_data check`` looks thoroughly.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import numpy as np

from aiaas_magics.engines import profile, recipe
from aiaas_magics.engines.checks import identity, leaks, lines, look, targets, texts
from aiaas_magics.engines.context import Context
from aiaas_magics.engines.learning import Task
from aiaas_magics.engines.modalities import category
from aiaas_magics.specs.results import Score

TOO_GOOD = 0.999
MANY = 1_000
"""Categories from which on those that are learned together are most of them."""
FEWEST = 10
"""Held-out rows below which a perfect score may be luck."""


def tell(
    task: Task, target: str, scores: Sequence[Score], context: Context, *, balanced: bool = False
) -> None:
    """Warn of names of rows among the features, a column that is the answer, and classes out of balance.

    Parameters
    ----------
    scores
        On the held-out rows.
    balanced
        Whether the classes are weighted already.
    """
    word = task.table.info.name if task.table.info else "DATA"
    line = f"%aiaas_data check {word} --target {lines.column(target)}"
    task = _as_read(task)
    typed = _typed(task)
    for name, found in typed.items():
        context.warn(
            f"column {name!r} is learned as categories: its texts are {found.kind} such as {look.few(found.good, 1)}",
            f"{lines.prepare(word, '--fix', f'--target {lines.column(target)}')}, or {line}",
        )
    for text in (*_ids(task, typed), *_many(task, typed), *_leaks(task, target, scores)):
        context.warn(text, line)
    if not balanced:
        for text in _weights(task, scores):
            context.warn(text, f"{targets.BALANCED}, or {line}")


def _as_read(task: Task) -> Task:
    """Return the task with its columns as the recipe reads them: a price in a text is a number."""
    ways = {name for step in task.table.steps for name in recipe.readings(step)}
    names = [name for name in task.X.columns if name in ways]
    if not names:
        return task
    X = recipe.fixed(task.X, task.table.steps)
    return task._replace(X=X, roles=task.roles | profile.roles(X[names]))


def _typed(task: Task) -> dict[str, texts.Typed]:
    """Return the columns learned as categories whose texts are numbers or dates."""
    rows = task.X.iloc[task.train[: look.SAMPLE]]
    names = [name for name in rows.columns if task.roles[name] == "category"]
    found = {str(name): texts.typed(rows[name]) for name in names}
    return {name: typed for name, typed in found.items() if typed is not None}


def _ids(task: Task, typed: Collection[str]) -> Iterator[str]:
    for name in task.X.columns:
        if str(name) in typed:  # what it is has been said
            continue
        why = identity.names_rows(task.X[name], task.roles[name], str(name))
        if why:
            yield f"column {str(name)!r} may be an id ({why}): a model learns rows by heart"


def _many(task: Task, typed: Collection[str]) -> Iterator[str]:
    for name in task.X.columns:
        if task.roles[name] != "category" or str(name) in typed:
            continue
        distinct = task.X[name].nunique()
        if MANY < distinct < 0.95 * len(task.X):
            yield (
                f"column {str(name)!r} has {distinct:,} categories in {len(task.X):,} rows: beyond "
                f"{category.MOST_COLUMNS} the rarer ones are learned together"
            )


def _leaks(task: Task, target: str, scores: Sequence[Score]) -> Iterator[str]:
    perfect = any((score.value or 0.0) >= TOO_GOOD for score in scores)
    if not perfect or len(task.test) < FEWEST:
        return
    rows = task.train
    if len(rows) > look.SAMPLE:
        rows = np.random.default_rng(0).choice(rows, look.SAMPLE, replace=False)
    found = list(leaks.alone(task.X.iloc[rows], task.y.iloc[rows], task.task, task.roles))
    if (
        len(found) == 1 and found[0].skill >= leaks.PERFECT
    ):  # where others come close, the task is easy
        yield f"column {found[0].name!r} alone predicts {target!r} perfectly: is it known before the event?"


def _weights(task: Task, scores: Sequence[Score]) -> Iterator[str]:
    if task.task != "classification" or not any(score.metric == "accuracy" for score in scores):
        return
    shares = task.y.value_counts(normalize=True)
    if float(shares.iloc[0]) >= targets.MOSTLY:
        yield (
            f"{look.few([shares.index[0]])} are {look.share(float(shares.iloc[0]), 1)} of the rows: always guessing "
            "that scores as much, and accuracy says little"
        )
