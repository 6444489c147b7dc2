"""From the plan to versions that are ready: opened if their bytes are what was registered, and asked once before others ask.

What two plans have in common is kept, so that a version which changes its role goes on as it is.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import msgspec

from aiaas_magics import errors
from aiaas_magics.predictors import loading as tiers
from aiaas_magics.predictors.base import Predictor, Rows
from aiaas_magics.security import sealing
from aiaas_magics.serving import asking
from aiaas_magics.serving.problems import Problem
from aiaas_magics.serving.protocols.base import Loaded, State
from aiaas_magics.specs.schema import Misfit, Schema
from aiaas_magics.specs.serving import Plan, Served

LOG = logging.getLogger("aiaas.serving")


def state(plan: Plan, before: State | None = None) -> State:
    """Return the versions of a plan; what `before` holds already is not opened again.

    Raises
    ------
    AiaasError, Exception
        If a version cannot be opened.
    """
    found = [_loaded(served, before) for served in plan.versions]
    return State(plan, _by_number(found))


def state_of_what_opens(plan: Plan) -> State:
    """Return the versions of a plan that can be opened, the main one among them, and tell the log of the others.

    A worker that comes back serves what it can: a canary that is gone must not take the main version with it.
    """
    found = []
    for served in plan.versions:
        try:
            found.append(_loaded(served, None))
        except Exception:
            if served.role == "main":
                raise
            LOG.exception("%s is not served", served.model)
    return State(plan, _by_number(found))


def _by_number(found: list[Loaded]) -> dict[str, Loaded]:
    """Return versions by their number; of two models with the same, all but the main one's by their whole name."""
    by: dict[str, Loaded] = {}
    for each in sorted(found, key=lambda each: each.served.role != "main"):
        by[each.served.version if each.served.version not in by else each.served.model] = each
    return by


def _loaded(served: Served, before: State | None) -> Loaded:
    for known in before.versions.values() if before is not None else ():
        if _identity(known.served) == _identity(served):
            return known._replace(served=served)
    signature = served.signature
    schema = Schema(signature.inputs, signature.required, signature.expects)
    version = Loaded(served, opened(served), schema)
    _warm(version)
    return version


def _identity(served: Served) -> Served:
    """Return all of a version but what part it plays."""
    return msgspec.structs.replace(served, role="main", percent=0.0)


def opened(served: Served) -> Predictor:
    """Return the predictor of a version, the digest of the files it is made of checked.

    The model itself, and scikit-learn, are loaded for tiers that run parts of it only.

    Raises
    ------
    SealError
        If a file is not what it was when the version was planned.
    """
    build = Path(served.build) if served.build else Path(served.folder)
    return tiers.load(
        served.tier, served.signature, build, served.build_digest, lambda: _pipeline(served), _blame
    )


def _pipeline(served: Served) -> Any:
    """Return the fitted model, as it was registered."""
    folder = Path(served.folder)
    _check(folder, served.digest, served.model)
    from aiaas_magics.engines.models import artefacts

    return artefacts.load(folder)


def _blame(error: BaseException) -> Exception | None:
    """Return an error of the user's own code, which only models that are loaded whole can hold."""
    from aiaas_magics.engines import usercode

    return usercode.blame(error)


def _check(folder: Path, digest: str, model: str) -> None:
    if sealing.digest_of(sealing.folder_digests(folder)) != digest:
        what = f"{model} is not opened"
        raise errors.SealError(what, "it is not what was registered", "train it again")


def _warm(version: Loaded) -> None:
    """Ask a version for its example, one row and some: the first answer costs what others do not."""
    rows = version.served.example.get("X_test")
    names = [name for name, _ in version.served.signature.inputs]
    if not isinstance(rows, list) or not rows or not isinstance(rows[0], list):
        return
    columns: dict[str, Any] = dict(zip(names, ([value] for value in rows[0]), strict=False))
    try:
        taken, _ = version.schema.check(columns, "warn")
        for many in (1, 16):
            part = {name: list(values) * many for name, values in taken.items()}
            asking.predict(version.predictor, Rows(version.served.signature, part), proba=True)
    except (
        Problem,
        Misfit,
        KeyError,
    ):  # an example that the model does not take is no reason to stop
        LOG.warning("%s does not answer its example", version.served.model)
