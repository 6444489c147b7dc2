"""The columns a spec names: whether they are in its table, and stay there."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from aiaas_magics import errors
from aiaas_magics.specs.train import TrainSpec
from aiaas_magics.specs.tune import TuneSpec


def check(frame: pd.DataFrame, spec: TrainSpec | TuneSpec) -> None:
    """Check that a table has the columns a spec names.

    Raises
    ------
    DataError
        If one is absent; says which was meant.
    """
    for option, name in _named(spec):
        if name not in frame.columns:
            names = [str(known) for known in frame.columns]
            near = errors.nearest(name, names)
            raise errors.DataError(
                f"no column {name!r} in {_shown(spec.data)}",
                errors.did_you_mean(name, names),
                f"--{option} {near}" if near else "%aiaas_data show NAME",
            )


def check_kept(frame: pd.DataFrame, spec: TrainSpec | TuneSpec) -> None:
    """Check that a recipe left the target, the weights and the chosen features where they are.

    Raises
    ------
    DataError
        If it dropped one.
    """
    stay = {
        "target": ("the target must stay", f"%aiaas_prepare ... --target {spec.target}"),
        "features": ("it cannot be learned from", "leave it out of --features"),
        "weights": ("the weights must stay", "prepare it without dropping them"),
    }
    for option, name in _named(spec):
        if option in stay and name not in frame.columns:
            raise errors.DataError(f"{name!r} was dropped by the preparation", *stay[option])


def _named(spec: TrainSpec | TuneSpec) -> Iterator[tuple[str, str]]:
    yield "target", spec.target
    yield from (("features", name) for name in spec.features)
    yield from (("weights", name) for name in spec.weighing)
    yield from (("by", name) for name in (spec.by,) if name is not None)


def _shown(ref: str) -> str:
    return "the table" if ref.startswith("sha256:") else ref
