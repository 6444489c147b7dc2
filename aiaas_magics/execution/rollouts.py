"""Changes of an endpoint that runs: versions come, go and change places, workers become more or fewer.

No connection is touched: a worker loads what is new beside what it serves and then changes over at once. The row, and
with it everything that is told of the endpoint, changes when all workers have; a change that fails leaves nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import msgspec

from aiaas_magics import errors
from aiaas_magics.execution import endpoints, plans
from aiaas_magics.specs import rollout
from aiaas_magics.specs.base import JSON, Command
from aiaas_magics.specs.deploy import DeploySpec
from aiaas_magics.specs.records import EndpointInfo, ModelInfo
from aiaas_magics.store.home import Home

Edit = Callable[[EndpointInfo], EndpointInfo]


def add(home: Home, spec: DeploySpec, model: ModelInfo, who: str) -> EndpointInfo:
    """Put a version beside those of an endpoint, or in the main one's place; return when it answers.

    Raises
    ------
    NotFound, Conflict, SpecError, EndpointError
    """
    asked = {"command": "deploy", "model": model.ref, "shadow": spec.shadow, "canary": spec.canary}
    return _change(home, spec.as_, _added(home, spec, model), {**asked, "who": who})


def check(home: Home, spec: DeploySpec, model: ModelInfo) -> None:
    """Check that a version may be added, as things are now.

    Raises
    ------
    NotFound, Conflict, SpecError
    """
    info = home.endpoints.get(spec.as_)
    if info.state != "STARTING":
        _check_runs(info)
    _added(home, spec, model)(info)


def _added(home: Home, spec: DeploySpec, model: ModelInfo) -> Edit:
    """Return how an endpoint changes that gets a version more."""

    def edit(info: EndpointInfo) -> EndpointInfo:
        main = home.registry.find(info.model)
        rollout.check_fits(main.ref, main.signature, model.ref, model.signature)
        if not spec.shadow and spec.canary is None:
            return rollout.renewed(info, plans.share(home, model))
        role = "shadow" if spec.shadow else "canary"
        percent = 100.0 if spec.canary is None else spec.canary
        return rollout.tried(info, plans.share(home, model, role, percent))

    return edit


def change(home: Home, command: Command, who: str) -> EndpointInfo:
    """Carry out a command on an endpoint and return its record when all its workers have followed.

    Raises
    ------
    NotFound, Conflict, EndpointError
    """
    name = str(getattr(command, "endpoint", ""))
    asked = {"command": str(command.__struct_config__.tag), **_words(command), "who": who}
    return _change(home, name, lambda info: rollout.edited(info, command, time.time()), asked)


def _words(command: Command) -> dict[str, JSON]:
    found: dict[str, JSON] = msgspec.structs.asdict(command)
    return found


def _change(home: Home, name: str, edit: Edit, audit: Mapping[str, JSON]) -> EndpointInfo:
    endpoints.reap(home)
    home.endpoints.get(name)
    with endpoints.alone(home, name):
        endpoints.settle(home, name)
        before = home.endpoints.get(name)
        _check_runs(before)
        after = edit(before)
        if after == before:
            return before
        after = msgspec.structs.replace(after, revision=plans.next_revision(home, before))
        try:
            main = plans.carry_out(home, after).main
        except errors.AiaasError:
            plans.mend(home, before)
            raise
        after = msgspec.structs.replace(after, target=main.target, example=main.example)
        done = {"was": before.model, "now": after.model, "about": rollout.about(before, after)}
        return home.endpoints.change(after, {**audit, **done})


def _check_runs(info: EndpointInfo) -> None:
    if not endpoints.runs(info):
        raise errors.Conflict(
            f"{info.name} does not run",
            f"it is {info.state.lower()}",
            f"%aiaas_deploy {info.model} --as {info.name}",
        )
