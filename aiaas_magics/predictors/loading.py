"""A build, opened: its bytes checked, its tier's engine started."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiaas_magics import errors
from aiaas_magics.predictors import programs
from aiaas_magics.predictors.base import Predictor
from aiaas_magics.predictors.programs import FILE, Opening, ProgramPredictor
from aiaas_magics.predictors.sklearn import SklearnPredictor
from aiaas_magics.security import sealing
from aiaas_magics.specs.records import Signature

SKLEARN = "sklearn"
"""The tier that needs no build."""


def load(
    tier: str,
    signature: Signature,
    build: Path,
    digest: str,
    pipeline: Callable[[], Any],
    blame: Callable[[BaseException], Exception | None] = lambda error: None,  # noqa: ARG005
) -> Predictor:
    """Return a model ready to answer.

    Parameters
    ----------
    tier
        As the verdict names it.
    build, digest
        The build's folder and its address; not looked at for scikit-learn itself.
    pipeline
        Gives the fitted pipeline; asked only by tiers that run parts of it.
    blame
        Tells whether an error is the fault of the user's own code.

    Raises
    ------
    SealError
        If the build is not what was registered.
    """
    if tier == SKLEARN:
        return SklearnPredictor(pipeline(), signature, blame)
    if not (build / FILE).is_file() or address(build) != digest:
        raise errors.SealError(
            f"the build {build.name[:12]} is not opened", "it changed since its gate", "deploy the model again"
        )  # fmt: skip
    found = programs.read(build)
    if found.tier != tier:
        raise errors.SealError(f"the build {build.name[:12]} is of another tier: {found.tier}", "", "deploy the model again")  # fmt: skip
    return ProgramPredictor(found, signature, Opening(build, pipeline))


def address(build: Path) -> str:
    """Return the digest of the files that a build's tier needs."""
    names = sealing.folder_digests(build)
    return sealing.digest_of({name: names[name] for name in names if _answers(name)})


def _answers(name: str) -> bool:
    return name == FILE or name.startswith("model")
