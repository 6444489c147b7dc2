"""The words that say how candidates are chosen and compared: ``--strategy``, ``--trials``, ``--time``, ``--sharing``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiaas_magics import errors
from aiaas_magics.specs import spaces
from aiaas_magics.specs.auto import LEAST_SECONDS
from aiaas_magics.specs.verbs import Kind, Option

if TYPE_CHECKING:
    from aiaas_magics.specs.tune import TuneSpec

STRATEGIES = ("auto", "grid", "random", "halving", "optuna")
SHARING = ("auto", "exact", "off")
TRIALS = 50
"""Candidates that are drawn or proposed where neither a number nor a time is given."""
DRAWN = 81
"""Candidates that halving draws from distributions: 3 to the 4th, so that each comparison keeps a whole third."""
MOST_FITS = 10_000
"""Models a fold that a grid may take; at 0.1 s a fit and 5 folds they are 80 minutes."""
MOST_CELLS = 20_000
"""Cells that are compared one by one, whatever they share: each takes some milliseconds of its own."""
THIN = 1_000
"""Cells of the thinner grid that is proposed in place of one that is too large."""

OPTIONS = (
    Option("strategy", Kind.CHOICE, "grid: all combinations; random: some of them; halving: all on few rows, the best third "
           "on more; optuna: proposed by what is known; auto chooses, and says why", "auto", choices=STRATEGIES),
    Option("trials", Kind.INT, "draw or propose this many (default: 50, where not all are compared)", metavar="30"),
    Option("time", Kind.DURATION, "draw or propose until the job has taken this long", metavar="30s"),
    Option("sharing", Kind.CHOICE, "auto: one fit answers for all candidates whose model it holds; exact: only where scores "
           "are bit-equal; off: each is fitted by itself", "auto", choices=SHARING),
)  # fmt: skip


def check(spec: TuneSpec) -> None:
    """Check that these words go together, and with what is tried.

    Raises
    ------
    SpecError
    """
    for name, known in (("strategy", STRATEGIES), ("sharing", SHARING)):
        _check_word(name, getattr(spec, name), known)
    if spec.trials is not None and spec.trials < 1:
        raise errors.SpecError(
            f"--trials {spec.trials} compares nothing",
            "at least 1 candidate is",
            f"--trials {TRIALS}",
        )
    if spec.time is not None and spec.time < LEAST_SECONDS:
        raise errors.SpecError(
            f"--time {spec.time:g}s is too short", "a fit takes its time", "--time 20s"
        )
    if spec.strategy == "grid":
        _check_grid(spec)
    if spec.strategy == "halving" and spec.time is not None:
        raise errors.SpecError(
            "--time does not go with --strategy halving",
            "it ends when the best are compared on all rows; --trials says with how many it begins",
            f"--strategy optuna --time {spec.time:g}s",
        )
    enumerated = spec.strategy in ("grid", "halving", "auto") and not spec.limited
    if enumerated and spaces.cells(spec.params) > MOST_CELLS:
        raise too_many(spec.params, f"{spaces.cells(spec.params):,} cells", MOST_CELLS)


def _check_word(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise errors.SpecError(
            f"--{name} {value} is unknown",
            errors.did_you_mean(value, known),
            f"--{name} {errors.nearest(value, known) or known[0]}",
        )


def _check_grid(spec: TuneSpec) -> None:
    for name, values in spec.params.items():
        if isinstance(values, spaces.Distribution):
            raise errors.SpecError(
                f"{name}={spaces.compact(values)} has no end of values",
                "--strategy grid compares all values of lists",
                f"{name}={spaces.compact([float(f'{v:.2g}') for v in values.spread(5)])}",
            )
    if spec.limited:
        word = "trials" if spec.trials is not None else "time"
        shown = spec.trials if spec.trials is not None else f"{spec.time:g}s"
        raise errors.SpecError(
            f"--{word} does not go with --strategy grid",
            "it compares all combinations",
            f"--strategy optuna --{word} {shown}",
        )


def too_many(space: spaces.Space, what: str, most: int) -> errors.SpecError:
    """Return the error for a grid that is too large; proposes a thinner one, and to draw."""
    hint = f"at most {most:,} are compared"
    for each in range(max(len(v) for v in space.values() if isinstance(v, list)), 1, -1):
        thin = {n: v[:each] if isinstance(v, list) else v for n, v in space.items()}
        if spaces.cells(thin) <= THIN:
            hint += (
                f"; {each} values of a parameter at most would make {spaces.cells(thin):,} cells"
            )
            break
    return errors.SpecError(f"the grid has {what}", hint, f"--trials {TRIALS}")


def check_reproducible(spec: TuneSpec) -> None:
    """Refuse a search whose end is a matter of time, where outputs must be the same everywhere.

    Raises
    ------
    SpecError
    """
    if spec.time is not None:
        raise errors.SpecError(
            "--time does not go with docs_mode",
            "how much is compared in a time differs from machine to machine",
            f"--trials {spec.trials or TRIALS}",
        )
