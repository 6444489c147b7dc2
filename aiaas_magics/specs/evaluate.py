"""Evaluate: how good a model is, on rows it has not seen, against the simplest baseline."""

from __future__ import annotations

from aiaas_magics import errors
from aiaas_magics.specs.base import Spec
from aiaas_magics.specs.schema import MODES, check_mode
from aiaas_magics.specs.verbs import SUBMISSION, Action, Kind, Option, Verb


class EvaluateSpec(Spec, frozen=True, kw_only=True, tag="evaluate"):
    """Measure a model on its held-out rows, or on other data with the same columns.

    ``confidence`` is the level of the intervals, ``repeats`` the number of bootstrap samples and
    ``shuffles`` the number of permutations of each column for its importance.
    """

    model: str
    data: str | None = None
    confidence: float = 0.95
    repeats: int = 1000
    shuffles: int = 10
    seed: int = 0
    schema: str = "warn"
    """What is done with rows unlike those the model learned from; see :mod:`aiaas_magics.specs.schema`."""

    def __post_init__(self) -> None:
        check_mode(self.schema)
        if not 0.5 <= self.confidence < 1:
            raise errors.SpecError(
                f"--confidence {self.confidence:g} is no level",
                "between 0.5 and 1",
                "--confidence 0.95",
            )
        if self.repeats < 100:
            raise errors.SpecError(
                f"--repeats {self.repeats} is too few",
                "an interval needs at least 100 bootstrap samples",
                "--repeats 1000",
            )
        if self.shuffles < 0:
            raise errors.SpecError(
                "--shuffles cannot be negative", "0 leaves out the importance", "--shuffles 10"
            )


EVALUATE = Verb(
    "evaluate",
    "measure a model on rows it has not seen",
    "Metrics with confidence intervals beside those of a dummy baseline, confusion matrix, ROC and "
    "precision-recall curves or residuals, calibration, and which columns matter (permutation "
    "importance). Uses the rows held out in training unless other data is named.",
    (
        Action(
            "",
            "evaluate a model",
            makes="EvaluateSpec",
            arguments=(
                Option("model", Kind.MODEL, "the model", required=True),
                Option(
                    "data",
                    Kind.DATA,
                    "other data with the same columns (default: the held-out rows)",
                ),
            ),
            options=(
                Option("confidence", Kind.FLOAT, "level of the intervals", 0.95),
                Option("repeats", Kind.INT, "bootstrap samples behind the intervals", 1000),
                Option(
                    "shuffles",
                    Kind.INT,
                    "permutations of each column for its importance; 0 leaves it out",
                    10,
                ),
                Option("seed", Kind.INT, "seed of the bootstrap and the permutations", 0),
                Option(
                    "schema",
                    Kind.CHOICE,
                    "rows unlike those learned from: warn, fix what is sure, or refuse",
                    "warn",
                    choices=MODES,
                ),
                *SUBMISSION,
            ),
            examples=("%aiaas_evaluate clf", "%aiaas_evaluate clf new_rows"),
        ),
    ),
)
