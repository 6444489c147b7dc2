"""What became of a model on its way to an endpoint: the tiers that were tried, and the proof of the one that serves."""

from __future__ import annotations

from aiaas_magics.specs.base import Record

FILE = "build.json"
"""A verdict's name in the folder of its model's builds."""
LABELS = 0
"""Rows whose label may differ."""
PROBABILITY = 1e-6
"""How far a probability may be off."""
RELATIVE = 1e-5
"""How far a regression's value may be off, as a part of the value."""


class Trial(Record, frozen=True, kw_only=True, tag="trial"):
    """How one tier fared.

    ``outcome`` is ``serves``, ``passed`` (but another is faster), ``differs``, ``unconvertible``, ``left out`` (it was not
    tried) or ``absent`` (its library is not installed). ``off`` is the largest difference: of a probability, or relative, of a value. ``micros`` is the
    median time of one row, in microseconds.
    """

    tier: str
    outcome: str
    rows: int = 0
    differing: int = 0
    off: float = 0.0
    micros: float | None = None
    why: str = ""


class Verdict(Record, frozen=True, kw_only=True, tag="verdict"):
    """The parity gate's: which tier serves a model, and on how many rows it answered as scikit-learn does.

    ``rows`` counts rows of the model's data, those held out in training among them, ``adversarial`` those made to find differences. ``build`` is the address of
    the files the tier needs (sha256 over their digests), empty where it needs none.
    """

    model: str
    digest: str
    tier: str
    rows: int
    adversarial: int
    trials: tuple[Trial, ...] = ()
    libraries: dict[str, str] = {}
    created: float = 0.0
    build: str = ""

    def sentence(self) -> str:
        """Return the verdict in a line: what serves, and how it was proven."""
        if self.tier == "sklearn":
            return (
                "scikit-learn itself: no faster tier takes all of this model and gives its answers"
            )
        proven = f"{self.rows:,} rows of its data and {self.adversarial:,} made to find differences"
        return f"{self.tier}, the same answers as scikit-learn on {proven}"

    @property
    def folder(self) -> str:
        """The name of the folder, beside the verdict, in which the build lies: its address, or its tier."""
        return self.build.rpartition(":")[2] or self.tier

    @property
    def served(self) -> Trial | None:
        """The trial of the tier that serves."""
        return next((trial for trial in self.trials if trial.tier == self.tier), None)
