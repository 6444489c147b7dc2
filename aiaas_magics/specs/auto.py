"""The words of ``--algo auto``: what is compared, and for how long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiaas_magics import errors
from aiaas_magics.specs.algorithms import ALGORITHMS, AUTO
from aiaas_magics.specs.metrics import check_metric
from aiaas_magics.specs.verbs import Kind, Option

if TYPE_CHECKING:
    from aiaas_magics.specs.train import TrainSpec

SECONDS = 60.0
"""How long algorithms are compared where neither a time nor a number of trials is given."""
LEAST_SECONDS = 1.0
FOLDS = 5
"""Kohavi, A study of cross-validation and bootstrap for accuracy estimation (1995): 5 to 10."""

OPTIONS = (
    Option("time", Kind.DURATION, "with --algo auto: compare for this long (default: 60s)", metavar="20s"),
    Option("trials", Kind.INT, "with --algo auto: compare this many candidates", metavar="12"),
    Option("metric", Kind.METRIC, "with --algo auto: what to maximise (default: accuracy or r2)"),
    Option("cv", Kind.INT, "with --algo auto: number of folds (default: 5)", metavar="5"),
    Option("algos", Kind.ALGORITHMS, "with --algo auto: compare these only (default: all that fit)", metavar="a,b"),
)  # fmt: skip


def budget(spec: TrainSpec) -> float | None:
    """Return for how many seconds algorithms are compared; None where trials are counted instead."""
    return spec.time or (None if spec.trials else SECONDS)


def check(spec: TrainSpec) -> None:
    """Check that the words of ``--algo auto`` stand with it, and what they say.

    Raises
    ------
    SpecError
    """
    if spec.algo != AUTO.name:
        _check_alone(spec)
        return
    if spec.metric is not None:
        check_metric(spec.metric, spec.task)
    if spec.time is not None and spec.time < LEAST_SECONDS:
        raise errors.SpecError(
            f"--time {spec.time:g}s is too short", "a fit takes its time", "--time 20s"
        )
    if spec.trials is not None and spec.trials < 1:
        raise errors.SpecError(
            f"--trials {spec.trials} compares nothing", "at least 1 candidate is", "--trials 12"
        )
    if spec.cv is not None and spec.cv < 2:
        raise errors.SpecError(
            f"--cv {spec.cv} is too few folds", "cross-validation needs at least 2", "--cv 5"
        )
    _check_algos(spec)


def _check_alone(spec: TrainSpec) -> None:
    for option in OPTIONS:
        if getattr(spec, option.python) not in (None, ()):
            raise errors.SpecError(
                f"--{option.name} goes with --algo auto",
                f"{spec.algo} is fitted once, as it is",
                f"--algo auto --{option.name} {option.metavar or '...'}",
            )


def _check_algos(spec: TrainSpec) -> None:
    known = {algorithm.name: algorithm for algorithm in ALGORITHMS}
    for name in spec.algos:
        if name not in known:
            raise errors.SpecError(
                f"{name!r} cannot be compared", errors.did_you_mean(name, known), "--algo ?"
            )
        if spec.task is not None and spec.task not in known[name].tasks:
            raise errors.SpecError(
                f"{name} does not do {spec.task}", "leave it out of --algos", "--algo ?"
            )


def check_grid(algo: str) -> None:
    """Refuse to tune what is no algorithm.

    Raises
    ------
    SpecError
    """
    if algo == AUTO.name:
        raise errors.SpecError(
            "a grid is of one algorithm's parameters",
            "auto compares algorithms and chooses their parameters",
            "%aiaas_train ... --algo auto --time 20s",
        )


def check_reproducible(spec: TrainSpec) -> None:
    """Refuse a comparison whose end is a matter of time, where outputs must be the same everywhere.

    Raises
    ------
    SpecError
    """
    if spec.algo == AUTO.name and (spec.trials is None or spec.time is not None):
        raise errors.SpecError(
            "--algo auto needs --trials in docs_mode, and no --time",
            "how much is compared in a time differs from machine to machine",
            "--trials 12",
        )
