"""An estimator of the user's own, on its way to a worker."""

from __future__ import annotations

import hashlib

import msgspec

from aiaas_magics import errors
from aiaas_magics.specs.base import JSON


class Estimator(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A scikit-learn compatible object of a notebook, unfitted.

    ``body`` is the address of its skops bytes; ``source`` the text of a module with the classes and
    functions in it that were defined in cells, empty where there are none. ``name`` is for people;
    ``task`` is what it does; ``takes_weights`` whether its ``fit`` takes a ``sample_weight``.
    """

    body: str
    name: str
    task: str
    source: str = ""
    takes_weights: bool = False

    @property
    def module(self) -> str:
        """The name of the module `source` is: it holds the digest of its text."""
        return module_name(self.source) if self.source else ""


def module_name(source: str) -> str:
    """Return the name of a module with this text: equal texts are one module, others never are."""
    return f"aiaas_user_{hashlib.sha256(source.encode()).hexdigest()[:12]}"


def check_task(estimator: Estimator, task: JSON) -> None:
    """Check that an estimator does the task that is asked for. Raises `SpecError`."""
    if task is not None and task != estimator.task:
        does = {"classification": "a classifier", "regression": "a regressor"}[estimator.task]
        raise errors.SpecError(
            f"{estimator.name} does not do {task}", f"it is {does}", f"--task {estimator.task}"
        )


def instead(task: str, estimator: Estimator | None) -> str:
    """Return the words that do another task: an algorithm is told, an estimator does its own only."""
    if estimator is None:
        return f"--task {task}"
    other = {"classification": "a classifier", "regression": "a regressor"}[task]
    return f"--estimator with {other} in place of {estimator.name}"
