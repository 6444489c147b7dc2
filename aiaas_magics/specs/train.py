"""Train: one algorithm, one set of parameters, one model."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from aiaas_magics import errors
from aiaas_magics.specs import auto
from aiaas_magics.specs.algorithms import ALGORITHMS, check_parameters, find
from aiaas_magics.specs.base import JSON, Spec
from aiaas_magics.specs.estimators import Estimator, check_task
from aiaas_magics.specs.refs import check_name
from aiaas_magics.specs.verbs import SUBMISSION, Action, Kind, Option, Verb, grouped

TASKS = ("classification", "regression")
SPLITS = ("random", "stratified", "group", "time")


class TrainSpec(Spec, frozen=True, kw_only=True, tag="train"):
    """Fit an algorithm on stored data and register the model.

    ``test`` is the share of rows held out (0 <= test < 1); evaluation uses them. ``split`` says
    which: ``stratified`` by class (the default for classification), ``random`` (for regression),
    ``group`` (no value of the column ``by`` on both sides), ``time`` (those newest by it). The split
    is a function of the data and the seed alone. ``task`` is found out from the target where it is
    not given: text, boolean or at most 20 whole numbers, in two rows each on average, is classification.
    """

    MAKES: ClassVar[str] = "model"

    data: str
    target: str
    algo: str
    as_: str
    estimator: Estimator | None = None
    """An object of the user's own; then `algo` is what people call it, and `params` are its."""
    task: str | None = None
    features: tuple[str, ...] = ()
    """Columns to learn from; empty: all but the target."""
    test: float = 0.2
    split: str | None = None
    by: str | None = None
    seed: int = 0
    weights: str | None = None
    """Column that says how much each row counts in learning; it is no feature."""
    params: dict[str, JSON] = {}
    time: float | None = None
    """Seconds to compare algorithms; this and what follows goes with ``algo="auto"`` alone."""
    trials: int | None = None
    metric: str | None = None
    cv: int | None = None
    algos: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_name(self.as_)
        check_common(self.task, self.test)
        check_words(self.seed, self.features, self.target)
        check_split(self.split, self.by, self.target)
        check_weights(self.algo, self.weights, self.target, self.features, self.estimator)
        if self.estimator is not None:
            check_task(self.estimator, self.task)
        else:
            check_parameters(find(self.algo), self.params, self.task)
        auto.check(self)

    def check_reproducible(self) -> None:
        """Refuse a comparison whose end is a matter of time."""
        auto.check_reproducible(self)

    def fixed(self, algo: str, params: dict[str, JSON]) -> TrainSpec:
        """Return the training of one algorithm on the same rows."""
        return msgspec.structs.replace(
            self, algo=algo, params=params, time=None, trials=None, metric=None, cv=None, algos=()
        )

    @property
    def weighing(self) -> tuple[str, ...]:
        """The weights column, if there is one."""
        return () if self.weights is None else (self.weights,)


def check_weights(
    algo: str,
    weights: str | None,
    target: str,
    features: tuple[str, ...] = (),
    estimator: Estimator | None = None,
) -> None:
    """Check that a column may weigh the rows.

    Raises
    ------
    SpecError
        If it is the target or a feature, or the algorithm (or `estimator`, in its place) takes all
        rows alike.
    """
    if weights is None:
        return
    if weights == target or weights in features:
        raise errors.SpecError(
            f"{weights!r} is {'the target' if weights == target else 'a feature'} and the weights",
            "weights say how much a row counts, nothing is learned from them",
            "--weights ANOTHER_COLUMN",
        )
    if estimator is not None:
        if not estimator.takes_weights:
            raise errors.SpecError(
                f"{algo} takes no weights of rows",
                "a bare estimator whose fit has a parameter sample_weight does",
                "leave out --weights",
            )
        return
    algorithm = find(algo)
    if not algorithm.takes_weights:
        if any(p.name == "weights" and p.accepts(weights) for p in algorithm.parameters):
            raise errors.SpecError(
                f"--weights is a column; {algo} has a parameter of that name",
                "it has no dashes, and in Python stands among the parameters",
                f"weights={weights!r}, or params={{'weights': {weights!r}}}",
            )
        without = ", ".join(a.name for a in ALGORITHMS if not a.takes_weights)
        raise errors.SpecError(
            f"{algo} takes no weights of rows", f"all but {without} do", "--algo random_forest"
        )


def check_common(task: str | None, test: float) -> None:
    """Check what training and tuning share.

    Raises
    ------
    SpecError
        If the task is unknown or the held-out share is not in [0, 1).
    """
    if task is not None and task not in TASKS:
        raise errors.SpecError(f"unknown task {task!r}", errors.did_you_mean(task, TASKS))
    if not 0 <= test < 1:
        raise errors.SpecError(
            f"--test {test:g} is no share of the rows",
            "0 keeps all rows for training, 0.2 holds out a fifth",
            "--test 0.2",
        )


def check_words(seed: int, features: tuple[str, ...], target: str) -> None:
    """Check the seed, which numpy bounds, and that the target is not learned from.

    Raises
    ------
    SpecError
        If the seed is no whole number of 32 bits, or the target is among the features.
    """
    if not 0 <= seed < 2**32:
        raise errors.SpecError(f"--seed {str(seed)[:20]} is no seed", "0 to 4294967295", "--seed 0")
    if target in features:
        raise errors.SpecError(
            f"{target!r} is the target and among the features",
            "a model that learns from what it predicts has learned nothing",
            "leave it out of --features",
        )


def check_split(split: str | None, by: str | None, target: str) -> None:
    """Check how rows are to be held out.

    Raises
    ------
    SpecError
        If the strategy is unknown, lacks the column it goes by, or is given one it does not use.
    """
    if split is not None and split not in SPLITS:
        raise errors.SpecError(f"unknown split {split!r}", errors.did_you_mean(split, SPLITS))
    if split in ("group", "time") and by is None:
        raise errors.SpecError(
            f"--split {split} needs --by",
            "the column that tells " + ("the groups" if split == "group" else "the order"),
            f"--split {split} --by COLUMN",
        )
    if by is not None and split not in ("group", "time"):
        raise errors.SpecError(
            "--by goes with --split group or time",
            "the other ways to split look at no column",
            f"--split group --by {by}",
        )
    if by is not None and by == target:
        raise errors.SpecError(
            f"--by {by} is the target", "rows are split by another column", "--split stratified"
        )


LEARNING = (
    Option("target", Kind.COLUMN, "the column to predict", required=True),
    Option(
        "algo",
        Kind.ALGORITHM,
        "the algorithm (`--algo ?` lists them)",
        required=True,
        unless="estimator",
    ),
    Option(
        "estimator",
        Kind.ESTIMATOR,
        "instead of --algo: a variable with a scikit-learn compatible estimator or Pipeline; a Pipeline "
        "gets the table by column names, anything else gets numbers",
        unless="algo",
        metavar="VARIABLE",
    ),
    Option("as", Kind.NAME, "the model's name (default: the algorithm's)"),
    Option(
        "task",
        Kind.CHOICE,
        "classification or regression (default: from the target)",
        choices=TASKS,
    ),
    Option("features", Kind.COLUMNS, "columns to learn from (default: all others)", ()),
    Option("seed", Kind.INT, "seed of everything random", 0),
    Option(
        "weights",
        Kind.COLUMN,
        "column of how much each row counts in learning; scores count all alike",
    ),
    *grouped(
        "which rows are held out",
        Option("test", Kind.FLOAT, "share of rows held out for evaluation", 0.2),
        Option(
            "split",
            Kind.CHOICE,
            "which rows are held out (default: stratified by class, random for numbers); group: whole "
            "groups of --by, time: those newest by --by",
            choices=SPLITS,
        ),
        Option("by", Kind.COLUMN, "the column of --split group or time"),
    ),
)

TRAIN = Verb(
    "train",
    "fit one model",
    "Fits an algorithm on data and registers the model with its lineage. Words like max_depth=10 "
    "are the algorithm's parameters; in the cell form the body is a Python dict of them. "
    "--estimator trains an object of the notebook's instead: a Pipeline, or a class defined in a cell, "
    "which travels as text, runs in workers only and stays in the model; what of it is random and not "
    "seeded gets --seed. `--algo auto` "
    "compares algorithms and parameters by cross-validation on the training rows and registers the best.",
    (
        Action(
            "",
            "train a model",
            makes="TrainSpec",
            arguments=(
                Option("data", Kind.DATA, "a DataFrame variable or stored data", required=True),
            ),
            options=(*LEARNING, *grouped("with --algo auto", *auto.OPTIONS), *SUBMISSION),
            parameters="fixed",
            examples=(
                "%aiaas_train clean --target diagnosis --algo random_forest --as clf n_estimators=100 max_depth=10",
                "%aiaas_train clean --target diagnosis --estimator my_pipeline --as mine model__max_depth=10",
                "%aiaas_train visits --target result --algo random_forest --split group --by patient",
                "%aiaas_train clean --target diagnosis --algo auto --time 20s --as best",
            ),
        ),
    ),
    body="parameters",
)
