"""Tune: many sets of parameters, compared by cross-validation; the best one refitted."""

from __future__ import annotations

from typing import ClassVar

from aiaas_magics import errors
from aiaas_magics.specs import auto, spaces, strategies
from aiaas_magics.specs.algorithms import check_tried, find
from aiaas_magics.specs.base import JSON, Spec
from aiaas_magics.specs.estimators import Estimator, check_task
from aiaas_magics.specs.metrics import check_metric
from aiaas_magics.specs.refs import check_name
from aiaas_magics.specs.train import (
    LEARNING,
    check_common,
    check_split,
    check_weights,
    check_words,
)
from aiaas_magics.specs.verbs import SUBMISSION, Action, Kind, Option, Verb, grouped


class TuneSpec(Spec, frozen=True, kw_only=True, tag="tune"):
    """Search a grid by cross-validation on the training rows, refit the best, register it.

    ``split`` and ``by`` are those of :class:`TrainSpec`; the folds are made in the same way.
    """

    MAKES: ClassVar[str] = "model"
    RESUMES: ClassVar[bool] = True

    data: str
    target: str
    algo: str
    as_: str
    estimator: Estimator | None = None
    task: str | None = None
    features: tuple[str, ...] = ()
    test: float = 0.2
    split: str | None = None
    by: str | None = None
    seed: int = 0
    weights: str | None = None
    cv: int = 5
    metric: str | None = None
    params: dict[str, list[JSON] | spaces.Distribution] = {}
    """What to try by parameter: values, or where they are drawn from; empty: what is worth trying, as the
    algorithm says."""
    strategy: str = "auto"
    """How candidates are chosen."""
    trials: int | None = None
    """How many are drawn or proposed; one brings along what its model answers for."""
    time: float | None = None
    """Seconds from the beginning of the job until the last model is fitted."""
    sharing: str = "auto"
    """What may be shared: see :mod:`aiaas_magics.engines.sharing`."""
    again: bool = False
    """Nothing that is known from before is used."""
    resume: str | None = None
    """The job this one goes on with."""

    def __post_init__(self) -> None:
        check_name(self.as_)
        auto.check_grid(self.algo)
        check_common(self.task, self.test)
        check_words(self.seed, self.features, self.target)
        check_split(self.split, self.by, self.target)
        check_weights(self.algo, self.weights, self.target, self.features, self.estimator)
        if self.estimator is not None:
            check_task(self.estimator, self.task)
        if self.metric is not None:
            check_metric(self.metric, self.task)
        if self.cv < 2:
            raise errors.SpecError(
                f"--cv {self.cv} is too few folds", "cross-validation needs at least 2", "--cv 5"
            )
        self._check_grid()
        strategies.check(self)

    def check_reproducible(self) -> None:
        """Refuse a search whose end is a matter of time."""
        strategies.check_reproducible(self)

    @property
    def limited(self) -> bool:
        """Whether it is said how many candidates are compared, or for how long."""
        return self.trials is not None or self.time is not None

    def _check_grid(self) -> None:
        if not self.params and (self.estimator is not None or not find(self.algo).tried):
            raise errors.SpecError(
                f"{self.algo} has nothing that is worth tuning",
                "give at least one parameter a list of values, or train it",
                f"%aiaas_train ... --{'algo' if self.estimator is None else 'estimator'} {self.algo}",
            )
        for name, values in self.params.items():
            if values == []:
                raise errors.SpecError(
                    f"{name}=[] holds no value to try",
                    "a grid is a list of values",
                    f"{name}=[...]",
                )
            if self.estimator is None:
                check_tried(find(self.algo), name, values, self.task)
            elif not spaces.finite(values):
                raise errors.SpecError(
                    f"{name} is to try a number without end, or none at all",
                    "inf and nan are no values a search can store",
                    f"{name}=[1.0,1e12]",
                )

    @property
    def weighing(self) -> tuple[str, ...]:
        """The weights column, if there is one."""
        return () if self.weights is None else (self.weights,)

    @property
    def cells(self) -> int:
        """How many sets of parameters the lists hold."""
        return spaces.cells(self.params)


TUNE = Verb(
    "tune",
    "search the best parameters",
    "Compares combinations of parameter values by cross-validation on the training rows, refits the best one and "
    "registers it. Lists are compared whole, distributions such as loguniform(1e-3, 10) are drawn from; without "
    "values it tries those worth trying. Candidates whose model is part of another's are not fitted again. The "
    "first interrupt keeps the best so far.",
    (
        Action(
            "",
            "tune a model",
            makes="TuneSpec",
            arguments=(
                Option("data", Kind.DATA, "a DataFrame variable or stored data", required=True),
            ),
            options=(
                *LEARNING,
                *grouped(
                    "how sets of parameters are compared",
                    Option("cv", Kind.INT, "number of folds", 5),
                    Option("metric", Kind.METRIC, "what to maximise (default: accuracy or r2)"),
                    *strategies.OPTIONS,
                ),
                *grouped(
                    "searches from before",
                    Option(
                        "resume",
                        Kind.SEARCH,
                        "go on with the last search that was to be stored under this name and was stopped, killed or "
                        "lost; all other words are those it was begun with",
                        alone=True,
                        metavar="NAME",
                    ),
                    Option(
                        "again",
                        Kind.FLAG,
                        "search anew; the same search is answered from the first otherwise",
                        False,
                    ),
                ),
                *SUBMISSION,
            ),
            parameters="grid",
            examples=(
                "%aiaas_tune clean --target diagnosis --algo random_forest --cv 5 --as best "
                "max_depth=[None,10] min_samples_split=[2,10]",
                "%aiaas_tune clean --target diagnosis --estimator my_pipeline --as best model__max_depth=[3,5]",
                "%aiaas_tune clean --target diagnosis --algo logistic_regression --trials 30 C=loguniform(1e-3,100)",
                "%aiaas_tune --resume best",
            ),
        ),
    ),
    body="parameters",
)
