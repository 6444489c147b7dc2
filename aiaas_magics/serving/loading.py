"""From the plan to versions that are ready: opened if their bytes are what was registered, and asked once before others ask.

What two plans have in common is kept, so that a version which changes its role goes on as it is.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from aiaas_magics import errors
from aiaas_magics.predictors import loading as predictors
from aiaas_magics.predictors.base import Predictor, Rows
from aiaas_magics.security import sealing
from aiaas_magics.serving import asking
from aiaas_magics.serving.problems import Problem
from aiaas_magics.serving.protocols import described
from aiaas_magics.serving.protocols.base import Loaded, State
from aiaas_magics.specs.schema import Misfit, Schema
from aiaas_magics.specs.serving import Plan, Served

LOG = logging.getLogger("aiaas.serving")


class Opened(NamedTuple):
    """A predictor, and whether its requests must not be joined."""

    predictor: Predictor
    alone: bool


def state(plan: Plan, before: State | None = None) -> State:
    """Return the versions of a plan; what `before` holds already is not opened again.

    Raises
    ------
    AiaasError, Exception
        If a version cannot be opened.
    """
    found = [_loaded(served, before) for served in plan.versions]
    return State(plan, by_key(found))


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
    return State(plan, by_key(found))


def by_key(found: Iterable[Loaded]) -> dict[str, Loaded]:
    """Return versions by their number; of two models with the same, all but the main one's by their whole name."""
    by: dict[str, Loaded] = {}
    for each in sorted(found, key=lambda each: each.served.role != "main"):
        key = each.served.version if each.served.version not in by else each.served.model
        by[key] = each._replace(key=key)
    return by


def _loaded(served: Served, before: State | None) -> Loaded:
    for known in before.versions.values() if before is not None else ():
        if _identity(known.served) == _identity(served):
            return known._replace(served=served)
    signature = served.signature
    schema = Schema(signature.inputs, signature.required, signature.expects)
    predictor, alone = opened(served)
    version = Loaded(served, predictor, schema, alone)
    _warm(version)
    described.gives_proba(version)  # which no request is to wait for, nor the event loop
    return version


def _identity(served: Served) -> Served:
    """Return all of a version but what part it plays."""
    return msgspec.structs.replace(served, role="main", percent=0.0)


def opened(served: Served) -> Opened:
    """Return the predictor of a version, the digests of the files it needs checked.

    scikit-learn is imported only where the tier runs parts of it.

    Raises
    ------
    SealError
        If a file is not what it was when the version was planned.
    """
    folder = Path(served.folder)
    alone = False

    def pipeline() -> Any:
        nonlocal alone
        _check(folder, served.digest, served.model)
        from aiaas_magics.engines.models import artefacts

        found = artefacts.load(folder)
        alone = _is_user_s(found)
        return found

    build = Path(served.build)
    predictor = predictors.load(
        served.tier, served.signature, build, served.build_digest, pipeline, _blame
    )
    return Opened(predictor, alone)


def _blame(error: BaseException) -> Exception | None:
    """Return an error as the fault of the user's own code, if it is."""
    from aiaas_magics.engines import usercode

    return usercode.blame(error)


def _is_user_s(pipeline: Any) -> bool:
    """Tell whether code of the user's own is in a pipeline: it may compute a row from the rows beside."""
    from aiaas_magics.engines import usercode

    parts = [pipeline, *pipeline.get_params(deep=True).values()]
    return any(
        isinstance(part, usercode.UserCode) or type(part).__module__.startswith(usercode.USER)
        for part in parts
    )


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
