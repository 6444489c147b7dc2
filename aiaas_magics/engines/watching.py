"""Watch a fit from outside: what scikit-learn's estimators tell becomes progress.

With ``verbose``, boosting prints a line per tree, gradient descent and neural networks one per epoch with
its mean loss; logistic regression calls back after each iteration, gradient boosting after each tree.
Listening leaves the fit itself untouched: the model is bit-equal to one fitted in silence. Asked to stop, all
but gradient descent keep what they have.
"""

from __future__ import annotations

import contextlib
import io
import re
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from aiaas_magics.engines.context import Context

TREE = re.compile(r"\[(\d+)/(\d+)\]")
EPOCH = re.compile(r"-- Epoch (\d+)")
PASS = re.compile(r"Iteration (\d+), loss = ([-+.\w]+)")
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


class _Enough(KeyboardInterrupt):
    """What a neural network takes for the user's wish to keep what there is."""


class _Passes(Curve):
    """The loss of each pass of a neural network over the rows."""

    stopped = False

    def take(self, line: str) -> None:
        """Read a line the estimator printed."""
        if found := PASS.search(line):
            done, loss = int(found[1]), float(found[2])
            self.series = self.series or [[]]
            self.series[0].append(loss)
            self._context.metric("loss", loss, done)
            self._context.progress(done, self._epochs, f"epoch {done}, loss {loss:.4g}")
            # after the second, as early stopping has no best weights before
            self.stopped = 1 < done < self._epochs and self._context.stopping()
            if self.stopped:
                raise _Enough


@contextlib.contextmanager
def passes(estimator: Any, context: Context) -> Iterator[_Passes]:
    """Tell a neural network's progress and keep its loss curve; asked to stop, keep its weights."""
    curve = _Passes(context, estimator.max_iter)
    estimator.set_params(verbose=True)
    try:
        with contextlib.redirect_stdout(_Lines(curve.take)), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Training interrupted by user", UserWarning)
            yield curve
    finally:
        estimator.set_params(verbose=False)


class Rounds:
    """Counts the rounds of a boosting fit that can be asked after each."""

    def __init__(self, context: Context, total: int) -> None:
        self._context, self._total, self.stopped = context, total, False

    def monitor(self, place: int, estimator: Any, state: Any) -> bool:
        """Tell a round; return whether it was the last: the ``monitor`` of gradient boosting."""
        del estimator, state
        done = place + 1
        self._context.progress(done, self._total, f"tree {done} of {self._total}")
        self.stopped = done < self._total and self._context.stopping()
        return self.stopped


@contextlib.contextmanager
def rounds(estimator: Any, context: Context) -> Iterator[Rounds]:
    """Tell the progress of AdaBoost; asked to stop, keep the trees there are.

    Its one step a round is a method of its own; a step without weights is how it says that it ends.
    """
    seen, step = Rounds(context, estimator.n_estimators), estimator._boost

    def boost(place: int, *words: Any, **named: Any) -> Any:
        if seen.stopped:
            return None, None, None
        found = step(place, *words, **named)
        seen.monitor(place, estimator, None)
        return found

    estimator._boost = boost
    try:
        yield seen
    finally:
        del estimator._boost


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
