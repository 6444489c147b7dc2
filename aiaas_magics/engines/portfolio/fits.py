"""Fits in processes of their own: they can be ended at any moment, and die with the job.

The processes are forked from the job's, which is warm and holds the rows: a start takes milliseconds where a fresh
interpreter takes seconds. What a fork must not meet is a pool of native threads in the parent (GNU OpenMP then
waits for threads that are not there); a job's process has none, because its libraries have one thread each.
"""

from __future__ import annotations

import contextlib
import hashlib
import multiprocessing
import os
import pickle
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from aiaas_magics import errors
from aiaas_magics.engines import children, learning
from aiaas_magics.engines.context import Context
from aiaas_magics.engines.families import recipe
from aiaas_magics.engines.fits import plain
from aiaas_magics.engines.measuring import NEED_PROBA
from aiaas_magics.engines.portfolio.base import Outcome, Proposal, hopeless
from aiaas_magics.engines.portfolio.rows import Level
from aiaas_magics.engines.scoring import scorer
from aiaas_magics.specs import algorithms
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.metrics import Metric
from aiaas_magics.specs.prepare import Step
from aiaas_magics.specs.train import TrainSpec

BATCH = 1_000
"""Rows whose prediction is timed: of a few, the call itself takes most of the time."""
WEIGHED = 0.5
"""Seconds of a fit from which the model of a fold is kept until it is known who is best, and its size told: it
stands in for the last fit if that cannot end in time."""


class Bench(NamedTuple):
    """What all candidates have in common."""

    task: learning.Task
    spec: TrainSpec
    metric: Metric
    cores: int
    folder: Path
    """Where fitted models are kept for a while."""


class _Quiet:
    """The part of a context that a fit in a process of its own may use: its warnings are sent home."""

    def __init__(self, cores: int) -> None:
        self.cores = cores
        self.warnings: list[tuple[str, str]] = []

    def warn(self, text: str, try_: str = "") -> None:
        """Keep a warning."""
        self.warnings.append((text, try_))


def prepared(task: learning.Task, algo: str) -> learning.Task:
    """Return the task as an algorithm needs it: on one scale, where it learns badly without.

    The scaler stands in the pipeline like a ``--scale standard`` of the user's: fitted on training rows alone.
    """
    steps = task.table.steps if task.coded is None else task.coded.steps
    if not recipe(algorithms.find(algo)).scale or any(step.op == "scale" for step in steps):
        return task
    steps = (*steps, Step(op="scale", method="standard"))
    if task.coded is not None:
        return task._replace(coded=task.coded._replace(steps=steps))
    return task._replace(table=task.table._replace(steps=steps))


def pipeline_of(bench: Bench, algo: str, params: dict[str, JSON], context: Context) -> Pipeline:
    """Return a candidate's unfitted pipeline.

    Raises
    ------
    SpecError
        If the metric needs probabilities and the algorithm gives none.
    """
    task = prepared(bench.task, algo)
    pipeline = learning.build(task, bench.spec.fixed(algo, params), context, params)
    if bench.metric.name in NEED_PROBA and not hasattr(pipeline.steps[-1][1], "predict_proba"):
        raise errors.SpecError(f"{bench.metric.name} needs probabilities", f"{algo} gives none")
    return pipeline


# cross-validation --------------------------------------------------------------------------------
def validate(bench: Bench, level: Level, proposal: Proposal) -> Iterator[Outcome]:
    """Cross-validate a candidate, one native thread; yields what is known after each fold.

    What goes wrong is part of the last outcome.
    """
    begun = time.monotonic()
    found = (proposal.before or Outcome(proposal))._replace(proposal=proposal, note="")
    try:
        pipeline = pipeline_of(
            bench, proposal.algo, proposal.params, cast("Context", _Quiet(bench.cores))
        )
        first = len(found.scores)
        for done, pair in enumerate(level.folds[first:], start=first + 1):
            found = _fold(found, bench, level, clone(pipeline), pair, done)
            passed = time.monotonic() - begun
            note = _given_up(found, len(level.folds), passed + passed / (done - first))
            if done < len(level.folds) and note:
                yield found._replace(note=note)
                return
            yield found
    except Exception as error:  # noqa: BLE001 - a library may raise whatever it likes: it is told
        yield found._replace(failure=_said(error))


def _fold(
    found: Outcome, bench: Bench, level: Level, pipeline: Pipeline, pair: Any, done: int
) -> Outcome:
    X, y = bench.task.X, bench.task.y
    train, test = level.rows[pair[0]], level.rows[pair[1]]
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")
        begun, worked = time.perf_counter(), time.process_time()
        plain(pipeline, X.iloc[train], y.iloc[train], _weights(bench, train))
        fit = time.perf_counter() - begun
        busy = max(1.0, fit / max(time.process_time() - worked, 1e-3))
        score = scorer(bench.metric)(pipeline, X.iloc[test], y.iloc[test])
        predict = found.predict or _predicting(pipeline, X.iloc[np.resize(test, BATCH)])
    if not np.isfinite(score):
        raise ValueError(f"{bench.metric.name} is undefined on a fold")
    size = found.size or (_keep(pipeline, file_of(bench, found)) if fit > WEIGHED else 0)
    return found._replace(
        scores=(*found.scores, float(score)), size=size, busy=busy,
        fit=found.fit + (fit - found.fit) / done, predict=predict,
    )  # fmt: skip


def _weights(bench: Bench, rows: Any) -> Any:
    """Return the weights of rows (positions in ``task.X``), if rows weigh differently."""
    return None if bench.task.weights is None else bench.task.weights[rows]


def _predicting(pipeline: Pipeline, X: pd.DataFrame) -> float:
    """Return the seconds that predicting a row takes, among as many as `X` has."""
    begun = time.perf_counter()
    pipeline.predict(X)
    return (time.perf_counter() - begun) / len(X)


def _keep(pipeline: Pipeline, file: Path) -> int:
    """Write a fitted pipeline to a file and return its size in bytes."""
    with file.open("wb") as out:
        pickle.dump(pipeline, out, protocol=5)
        return out.tell()


def file_of(bench: Bench, outcome: Outcome) -> Path:
    """Return where the model of a candidate's first fold lies, if its fit took long."""
    algo, level = outcome.proposal.algo, outcome.proposal.level
    name = hashlib.sha256(repr((outcome.proposal.key, level)).encode()).hexdigest()
    return bench.folder / f"{algo}-{name[:12]}.fold"


def tidy(bench: Bench, ended: Iterable[Outcome], best: Outcome | None) -> None:
    """Remove the models of candidates that have ended, but the best one's."""
    kept = None if best is None else file_of(bench, best)
    for file in {file_of(bench, each) for each in ended} - {kept}:
        file.unlink(missing_ok=True)


def _given_up(found: Outcome, folds: int, needed: float) -> str:
    """Return why a candidate does not see its next fold, which it would have at `needed` seconds, if so."""
    done, bar, seconds = len(found.scores), found.proposal.bar, found.proposal.seconds
    if bar is not None and hopeless(found.scores, bar):
        return f"behind after {done} of {folds} folds"
    if seconds is not None and needed > seconds:
        return f"out of time after {done} of {folds} folds"
    return ""


def _said(error: Exception) -> str:
    what = error.what if isinstance(error, errors.AiaasError) else str(error)
    line = " ".join((what.strip() or type(error).__name__).split("\n")[0].split())
    return line if len(line) <= 120 else line[:119] + "…"


# the last fit ------------------------------------------------------------------------------------
class Fitted(NamedTuple):
    """The last fit: the file that holds the pipeline, how long it took, what was said meanwhile."""

    file: Path
    seconds: float
    warnings: list[tuple[str, str]]
    error: errors.AiaasError | None = None


def refit(bench: Bench, algo: str, params: dict[str, JSON], rows: Any) -> Fitted:
    """Fit a candidate on rows (positions in ``task.X``), on all cores, and write it to a file.

    The number of cores changes no bit of the model.
    """
    quiet, file = _Quiet(bench.cores), bench.folder / "last.model"
    X, y = bench.task.X.iloc[rows], bench.task.y.iloc[rows]
    try:
        with learning.fitting(cast("Context", quiet), X.size, algo=algo):
            pipeline = pipeline_of(bench, algo, params, cast("Context", quiet))
            model, begun = pipeline.steps[-1][1], time.perf_counter()
            wide = recipe(algorithms.find(algo)).watch == "forest" and bench.cores > 1
            model.set_params(**({"n_jobs": bench.cores} if wide else {}))
            plain(pipeline, X, y, _weights(bench, rows))
            model.set_params(**({"n_jobs": None} if wide else {}))
            seconds = time.perf_counter() - begun
    except errors.AiaasError as error:
        return Fitted(file, 0.0, quiet.warnings, error)
    _keep(pipeline, file)
    return Fitted(file, seconds, quiet.warnings)


def load(file: Path) -> Pipeline:
    """Return the pipeline that a process of ours wrote, and forget the file."""
    with file.open("rb") as body:
        found: Pipeline = pickle.load(body)  # noqa: S301 - written a moment ago by our own child
    file.unlink()
    return found


# processes ---------------------------------------------------------------------------------------
class Running:
    """A function at work in a process of its own.

    Parameters
    ----------
    work
        The function; what it returns, or each thing that it yields, must be picklable.
    words
        Its arguments; shared, not copied, where processes are forked.
    """

    def __init__(self, work: Callable[..., Any], *words: Any) -> None:
        kind = "fork" if sys.platform == "linux" else "spawn"
        context: Any = multiprocessing.get_context(kind)
        self.pipe, theirs = context.Pipe(duplex=False)
        self._process = context.Process(
            target=_work, args=(theirs, os.getpid(), work, words), daemon=True
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads, 3.12
            self._process.start()
        theirs.close()
        self.begun = time.monotonic()

    def receive(self) -> Any:
        """Return the next thing that the function yielded; None if it ended, or its process died.

        Waits for it; see ``pipe`` for a wait that ends.
        """
        try:
            return self.pipe.recv()
        except (EOFError, OSError):
            return None

    def result(self) -> Any:
        """Return what the function returned, and end its process; None if that died."""
        found = self.receive()
        self.end()
        return found

    def end(self) -> None:
        """End the process, at once; a second time does nothing."""
        if self.pipe.closed:
            return
        self.pipe.close()
        if self._process.is_alive():
            self._process.kill()
        self._process.join()
        self._process.close()


def _work(pipe: Connection, parent: int, work: Callable[..., Any], words: tuple[Any, ...]) -> None:
    children.die_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is the parent's to obey
    found = work(*words)
    with contextlib.suppress(OSError):  # the parent no longer wants it
        for each in found if isinstance(found, Iterator) else (found,):
            pipe.send(each)
    pipe.close()
