"""Watch a fit from outside: what scikit-learn's estimators tell becomes progress.

With ``verbose``, boosting prints a line per tree and gradient descent one per epoch with its mean loss;
logistic regression calls back after each iteration. Listening leaves the fit itself untouched: the model is
bit-equal to one fitted in silence. Asked to stop, boosting and logistic regression keep what they have.
"""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from aiaas_magics.engines.context import Context

TREE = re.compile(r"\[(\d+)/(\d+)\]")
EPOCH = re.compile(r"-- Epoch (\d+)")
LOSS = re.compile(r"Avg\. loss: ([-+.\w]+)")


class _Lines(io.TextIOBase):
    """Hands whole lines to a function."""

    def __init__(self, take: Callable[[str], None]) -> None:
        self._take, self._rest = take, ""

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._take(line)
        return len(text)


class Curve:
    """The loss of each epoch, a list a class where there are several."""

    def __init__(self, context: Context, epochs: int) -> None:
        self._context, self._epochs = context, epochs
        self._epoch = 0
        self.series: list[list[float]] = []

    def take(self, line: str) -> None:
        """Read a line the estimator printed."""
        if found := EPOCH.search(line):
            self._epoch = int(found[1])
            if self._epoch == 1:
                self.series.append([])
        elif (found := LOSS.search(line)) and self.series:
            loss = float(found[1])
            self.series[-1].append(loss)
            self._context.metric("loss", loss, self._epoch)
            self._context.progress(
                self._epoch, self._epochs, f"epoch {self._epoch}, loss {loss:.4g}"
            )


class _Leave(Exception):
    """Leaves a fit between two trees."""


class _Trees:
    """Counts the trees of a boosting fit."""

    def __init__(self, context: Context) -> None:
        self._context, self.stopped = context, False

    def take(self, line: str) -> None:
        """Read a line the estimator printed."""
        if found := TREE.search(line):
            done, total = int(found[1]), int(found[2])
            self._context.progress(done, total, f"tree {done} of {total}")
            self.stopped = done < total and self._context.stopping()
            if self.stopped:
                raise _Leave


@contextlib.contextmanager
def trees(estimator: Any, context: Context) -> Iterator[_Trees]:
    """Tell a boosting fit's progress, tree by tree; asked to stop, keep the trees there are."""
    seen = _Trees(context)
    estimator.set_params(verbose=2)
    try:
        with contextlib.redirect_stdout(_Lines(seen.take)), contextlib.suppress(_Leave):
            yield seen
    finally:
        estimator.set_params(verbose=0)
    if vars(estimator).pop(
        "_in_fit", None
    ):  # left half-way: what the end of a fit does is done here
        for name in ("train_score_", "validation_score_"):
            setattr(estimator, name, np.asarray(getattr(estimator, name)))


@contextlib.contextmanager
def epochs(estimator: Any, context: Context) -> Iterator[Curve]:
    """Tell a gradient descent's progress and keep its loss curve."""
    curve = Curve(context, estimator.max_iter)
    estimator.set_params(verbose=1)
    try:
        with contextlib.redirect_stdout(_Lines(curve.take)):
            yield curve
    finally:
        estimator.set_params(verbose=0)


class _Iterations:
    """Counts the iterations of an optimiser: a ``sklearn.callback.FitCallback``."""

    def __init__(self, context: Context, most: int) -> None:
        self._context, self._most, self._done = context, most, 0
        self.stopped = False

    def setup(self, estimator: Any, context: Any) -> None:
        """Nothing is needed."""

    def teardown(self, estimator: Any, context: Any) -> None:
        """Nothing is left."""

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Nothing is known yet."""

    def on_fit_task_end(self, estimator: Any, context: Any, *, X: Any = None) -> bool:
        """Tell an iteration; without data it is the empty one that closes the fit."""
        del estimator
        if context.task_name == "lbfgs-iter" and X is not None:
            self._done += 1
            text = f"iteration {self._done} of at most {self._most}"
            self._context.progress(self._done, self._most, text)
            self.stopped = self._done < self._most and self._context.stopping()
            if self.stopped:
                raise StopIteration  # what scipy.optimize.minimize takes for an end
        return False


@contextlib.contextmanager
def iterations(estimator: Any, context: Context) -> Iterator[_Iterations]:
    """Tell the progress of a logistic regression whose solver calls back, and stop it when asked."""
    seen = _Iterations(context, estimator.max_iter)
    calls_back = estimator.solver == "lbfgs"
    if calls_back:
        estimator.set_callbacks(seen)
    try:
        yield seen
    finally:
        if calls_back:
            estimator.set_callbacks()
