"""A converted model: the numpy front of its preparation, engines for its arithmetic, and how they are put together.

A program is one record, `Program`, in ``program.msgpack`` of a build; the files of its engines lie beside it. Ensembles
are programs of programs, so that each member has the engine and the front that suit it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, Protocol, Union

import msgspec
import numpy as np

from aiaas_magics.predictors import fronts
from aiaas_magics.predictors.base import Outcome, Rows
from aiaas_magics.predictors.links import Answer, Link
from aiaas_magics.predictors.onnx import Onnx
from aiaas_magics.predictors.packed import Array
from aiaas_magics.predictors.treelite import Treelite
from aiaas_magics.predictors.treeloop import Loop
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.records import Signature

FILE = "program.msgpack"
CELLS = 4_000_000
"""Numbers between two steps at most (32 MB): more rows are answered part by part."""
Function = Callable[[Any], Answer]


class Opening(NamedTuple):
    """Where the files of a build lie, and who gives the scikit-learn pipeline to engines that need it."""

    folder: Path
    pipeline: Callable[[], Any]


class Engine(Protocol):
    """Who does a model's arithmetic."""

    def opened(self, opening: Opening) -> Callable[[np.ndarray], np.ndarray]:
        """Return the function from a matrix (rows, columns) to what the link takes, (rows, outputs)."""
        ...


class Single(msgspec.Struct, frozen=True, tag="single"):
    """One estimator."""

    engine: Union[Onnx, Treelite, Loop]  # noqa: UP007 - msgspec resolves the names at run time
    link: Link

    def opened(self, opening: Opening) -> Function:
        """Return the function."""
        engine, link = self.engine.opened(opening), self.link.opened()
        return lambda x: link(engine(x))


class Vote(msgspec.Struct, frozen=True, tag="vote"):
    """Members that are asked all, each with a weight.

    ``how`` is ``mean`` of their values, ``soft`` (mean of their probabilities) or ``hard`` (a vote each);
    ``summed`` adds in their order and divides then, as bagging does; of votes that gives probabilities.
    """

    members: tuple[Program, ...]
    how: str
    weights: Array
    summed: bool = False
    classes: int = 0

    def opened(self, opening: Opening) -> Function:
        """Return the function."""
        members = [member.opened(opening) for member in self.members]
        weights = self.weights.read()

        def vote(block: Any) -> Answer:
            answers = [member(block) for member in members]
            if self.how == "hard":
                found = _counted(answers, weights, self.classes)
                shares = found / len(answers) if self.summed else None
                return Answer(found.argmax(axis=1), shares, found)
            parts = [a.labels[:, None] if self.how == "mean" else sure(a) for a in answers]
            if self.summed:
                found = sum(parts[1:], parts[0]) / len(parts)
            else:
                found = np.average(np.stack(parts), axis=0, weights=weights)
            if self.how == "mean":
                return Answer(found[:, 0], None, found)
            return Answer(found.argmax(axis=1), found, found)

        return vote


class Stack(msgspec.Struct, frozen=True, tag="stack"):
    """Members whose answers are what a last model learns from.

    ``takes`` says of each member what: ``proba``, ``raw`` or ``labels``; of two classes the second's column alone.
    """

    members: tuple[Program, ...]
    takes: tuple[str, ...]
    final: Program
    passthrough: tuple[fronts.Step, ...] = ()

    def opened(self, opening: Opening) -> Function:
        """Return the function."""
        members = [member.opened(opening) for member in self.members]
        final = self.final.opened(opening)
        beside = fronts.opened(self.passthrough) if self.passthrough else None

        def stack(block: Any) -> Answer:
            parts = [
                _told(member(block), how) for member, how in zip(members, self.takes, strict=True)
            ]
            if beside is not None:
                parts.append(beside(block))
            return final(np.concatenate(parts, axis=1))

        return stack


class Program(msgspec.Struct, frozen=True):
    """Steps, then a model. ``width`` is how many numbers a row takes at most on its way."""

    front: tuple[fronts.Step, ...]
    model: Union[Single, Vote, Stack]  # noqa: UP007 - msgspec resolves the names at run time
    width: int = 0

    def opened(self, opening: Opening) -> Function:
        """Return the function from a request's rows, or a matrix, to the answer."""
        model = self.model.opened(opening)
        if not self.front:
            return model
        front = fronts.opened(self.front)
        return lambda block: model(front(block))


class Build(msgspec.Struct, frozen=True):
    """What ``program.msgpack`` holds: the program of a tier, and the classes its labels are places of."""

    tier: str
    program: Program
    classes: tuple[JSON, ...] = ()
    inline: bool = False


class ProgramPredictor:
    """A converted model, ready to answer.

    Parameters
    ----------
    build
        What the file says.
    opening
        Where its files are.
    """

    def __init__(self, build: Build, signature: Signature, opening: Opening) -> None:
        self.tier, self.signature, self.inline = build.tier, signature, build.inline
        self._run = build.program.opened(opening)
        self._classes = np.array(build.classes) if build.classes else None
        self._rows = max(1, CELLS // max(1, build.program.width))

    def predict(self, rows: Rows, *, proba: bool) -> Outcome:
        """Return the predictions for checked rows.

        Raises
        ------
        ValueError
            If the model does not take these values.
        """
        if rows.n > self._rows:
            return self._apart(rows, proba=proba)
        answer = self._run(rows)
        labels = answer.labels if self._classes is None else self._classes.take(answer.labels)
        return Outcome(labels, answer.proba if proba else None)

    def _apart(self, rows: Rows, *, proba: bool) -> Outcome:
        parts = [
            self.predict(_cut(rows, start, start + self._rows), proba=proba)
            for start in range(0, rows.n, self._rows)
        ]
        sure = [part.proba for part in parts if part.proba is not None]
        labels = np.concatenate([part.labels for part in parts])
        return Outcome(labels, np.concatenate(sure) if sure else None)


def _cut(rows: Rows, start: int, stop: int) -> Rows:
    matrix = rows.matrix
    if matrix is not None:
        return Rows(rows.signature, matrix=matrix[start:stop])
    columns = {name: values[start:stop] for name, values in rows.columns().items()}
    return Rows(rows.signature, columns)


def sure(answer: Answer) -> np.ndarray:
    """Return the probabilities of an answer that must have them."""
    if answer.proba is None:
        raise ValueError("a member of the ensemble gives no probabilities")
    return answer.proba


def _told(answer: Answer, how: str) -> np.ndarray:
    if how == "proba":
        found = sure(answer)
        return found[:, 1:] if found.shape[1] == 2 else found
    return answer.raw if how == "raw" else answer.labels[:, None].astype("float64")


def _counted(answers: list[Answer], weights: np.ndarray, classes: int) -> np.ndarray:
    found = np.zeros((len(answers[0].labels), classes))
    for answer, weight in zip(answers, weights, strict=True):
        found[np.arange(len(found)), answer.labels] += weight
    return found


def read(folder: Path) -> Build:
    """Return the build in a folder whose digest was checked."""
    return msgspec.msgpack.decode((folder / FILE).read_bytes(), type=Build)


def write(build: Build, folder: Path) -> None:
    """Write a build's record."""
    (folder / FILE).write_bytes(msgspec.msgpack.encode(build))
