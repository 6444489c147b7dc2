"""What a tier is to the one who deploys: a way to write a pipeline so that it answers without scikit-learn's tables.

Adding a tier: an engine in ``predictors/`` (a record with `opened`), a file here with a class that has `name`, `needs` and
`build`, its row in `TIERS` of :mod:`.building`, and a sub-class of :class:`aiaas_magics.testing.tiers.TierContract`.
Nothing has to be proved here: the gate compares every answer.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from aiaas_magics.predictors.programs import Program
from aiaas_magics.specs.records import ModelInfo


class Unconvertible(Exception):
    """A part of a pipeline that a tier cannot compute, by its name, and why."""


class LeftOut(Unconvertible):
    """A tier is not tried, and why: it could compute the model, but nothing would be won, or it is not known to."""


class Tier(Protocol):
    """A way to write a pipeline."""

    @property
    def name(self) -> str:
        """How a verdict calls it."""
        ...

    @property
    def needs(self) -> tuple[str, ...]:
        """Packages it is run by, besides numpy."""
        ...

    def build(self, pipeline: Any, info: ModelInfo, folder: Path) -> Program:
        """Return the pipeline as a program, the files of its engines written into a folder.

        Raises
        ------
        Unconvertible
            If a part has no such form.
        """
        ...


def named(estimator: Any) -> str:
    """Return what a part of a pipeline is called in a reason."""
    return type(estimator).__name__
