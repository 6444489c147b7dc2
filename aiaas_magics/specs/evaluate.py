"""Evaluate: how good a model is, on rows it has not seen, against the simplest guess or another model."""

from __future__ import annotations

import math

from aiaas_magics import errors
from aiaas_magics.specs.base import JSON, Spec
from aiaas_magics.specs.schema import MODES, check_mode
from aiaas_magics.specs.verbs import SUBMISSION, Action, Kind, Option, Verb, grouped

CELLS = ("fp", "fn", "tp", "tn")
"""What a prediction of two classes can be: a false or true, positive or negative one."""


class EvaluateSpec(Spec, frozen=True, kw_only=True, tag="evaluate"):
    """Measure a model on its held-out rows, or on other data with the same columns.

    ``confidence`` is the level of the intervals, ``repeats`` the number of bootstrap samples and
    ``shuffles`` the number of permutations of each column for its importance. ``cv`` measures the
    model's line on folds of all its rows instead, ``curve`` on growing shares of them, ``against``
    compares it with a second model. ``cost`` holds what mistakes cost: ``{"fp": 1, "fn": 5}``, or
    ``{true class: {predicted class: cost}}``.
    """

    model: str
    data: str | None = None
    against: str | None = None
    cv: int = 0
    """Folds; 0: no cross-validation."""
    rounds: int = 1
    """How often the folds are drawn."""
    curve: bool = False
    cost: dict[str, JSON] = {}
    positive: str | None = None
    """The class that is called positive, as text; None: the last."""
    columns: tuple[str, ...] = ()
    """Columns whose effect is drawn; empty: the `effects` most important ones."""
    effects: int = 3
    slices: int = 5
    rows: int = 5
    """Rows of the table of mistakes; 0 shows no row of the data."""
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
        for name in ("shuffles", "effects", "slices", "rows"):
            if getattr(self, name) < 0:
                raise errors.SpecError(
                    f"--{name} cannot be negative", "0 leaves it out", f"--{name} 5"
                )
        _check_resampling(self)
        check_cost(self.cost)


def _check_resampling(spec: EvaluateSpec) -> None:
    if spec.cv < 0 or spec.cv == 1:
        raise errors.SpecError(
            f"--cv {spec.cv} are no folds", "2 or more; 5 and 10 are usual", "--cv 5"
        )
    if spec.rounds < 1 or (spec.rounds > 1 and not spec.cv):
        raise errors.SpecError(
            f"--rounds {spec.rounds} says how often the folds of --cv are drawn",
            "it is 1 or more, and needs --cv",
            "--cv 5 --rounds 3",
        )
    refits = "--curve" if spec.curve else "--cv" if spec.cv else ""
    if refits and spec.data is not None:
        raise errors.SpecError(
            f"{refits} learns anew from the rows the model was made of",
            "it takes no other data",
            f"%aiaas_evaluate {spec.model} {refits}{' 5' if refits == '--cv' else ''}",
        )
    ways = [
        name
        for name, given in (
            ("--against", spec.against is not None),
            ("--curve", spec.curve),
            ("--cost", bool(spec.cost)),
        )
        if given
    ]
    ways += ["--cv"] if spec.cv and spec.cost else []
    if len(ways) > 1:
        raise errors.SpecError(
            f"{ways[0]} and {ways[1]} are two questions",
            "one line answers one of them",
            f"%aiaas_evaluate {spec.model} {ways[0]} ...",
        )


def check_cost(cost: dict[str, JSON]) -> None:
    """Check what mistakes cost: ``fp``, ``fn``, ``tp``, ``tn``, or a cost for pairs of classes.

    Raises
    ------
    SpecError
        If a name or a cost is none, or no call costs more than another.
    """
    flat = all(not isinstance(value, dict) for value in cost.values())
    values = list(cost.values()) if flat else []
    for row in () if flat else cost.values():
        if not isinstance(row, dict):
            raise _no_cost("some costs stand alone and some by class")
        values += row.values()
    strange = next((name for name in cost if flat and name not in CELLS), None)
    if strange is not None:
        raise _no_cost(f"{strange!r} is none of {', '.join(CELLS)}")
    for value in values:
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not math.isfinite(value)
        ):
            raise _no_cost(f"{value!r} is no number")
    if cost and not any(values):
        raise _no_cost("nothing costs anything")


def _no_cost(why: str) -> errors.SpecError:
    return errors.SpecError(
        f"--cost does not say what mistakes cost: {why}",
        "of two classes: fp=1,fn=5; else a dict {true: {predicted: cost}} in braces",
        "--cost fp=1,fn=5",
    )


EVALUATE = Verb(
    "evaluate",
    "measure a model on rows it has not seen",
    "Metrics with confidence intervals beside those of a dummy baseline, confusion matrix, ROC and "
    "precision-recall curves or residuals, calibration, which columns matter (permutation importance) "
    "and how (partial dependence), where the model is worst (slices) and its worst mistakes. Uses the "
    "rows held out in training unless other data is named. Three lines ask more: --cv learns anew on "
    "folds of all rows, --curve on growing shares of them, --against compares with a second model on "
    "the same rows.",
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
                Option("seed", Kind.INT, "seed of everything random", 0),
                Option(
                    "schema",
                    Kind.CHOICE,
                    "rows unlike those learned from: warn, fix what is sure, or refuse",
                    "warn",
                    choices=MODES,
                ),
                *grouped(
                    "other questions",
                    Option("against", Kind.MODEL, "a second model, compared on the same rows"),
                    Option(
                        "cv",
                        Kind.INT,
                        "folds of a cross-validation of the model's own line; 0: none",
                        0,
                    ),
                    Option("rounds", Kind.INT, "how often the folds of --cv are drawn", 1),
                    Option(
                        "curve",
                        Kind.FLAG,
                        "learning curve: scores by number of training rows",
                        False,
                    ),
                    Option(
                        "cost",
                        Kind.COSTS,
                        "what mistakes cost (those not named: 1): finds the threshold that costs least",
                        metavar="fp=1,fn=5",
                    ),
                ),
                *grouped(
                    "what is shown",
                    Option("positive", Kind.TEXT, "the class called positive (default: the last)"),
                    Option(
                        "columns",
                        Kind.COLUMNS,
                        "columns whose effect is drawn (default: the most important)",
                        (),
                    ),
                    Option("effects", Kind.INT, "how many columns' effects are drawn; 0: none", 3),
                    Option(
                        "slices", Kind.INT, "how many of the worst slices are shown; 0: none", 5
                    ),
                    Option(
                        "rows",
                        Kind.INT,
                        "how many of the worst mistakes are shown; 0 shows no row of the data",
                        5,
                    ),
                ),
                *grouped(
                    "intervals and importance",
                    Option("confidence", Kind.FLOAT, "level of the intervals", 0.95),
                    Option("repeats", Kind.INT, "bootstrap samples behind the intervals", 1000),
                    Option(
                        "shuffles",
                        Kind.INT,
                        "permutations of each column for its importance; 0 leaves it out",
                        10,
                    ),
                ),
                *SUBMISSION,
            ),
            examples=(
                "%aiaas_evaluate clf",
                "%aiaas_evaluate clf new_rows",
                "%aiaas_evaluate clf --cv 5 --rounds 3",
                "%aiaas_evaluate clf --against forest",
                "%aiaas_evaluate clf --curve",
                "%aiaas_evaluate clf --cost fp=1,fn=5",
            ),
        ),
    ),
)
