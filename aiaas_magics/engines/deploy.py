"""Deploy: hand a sealed model to an endpoint of its own."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from aiaas_magics import frames
from aiaas_magics.engines import prepare, recipe
from aiaas_magics.engines.context import Context
from aiaas_magics.engines.monitoring import reference
from aiaas_magics.engines.optimising import building
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.builds import Verdict
from aiaas_magics.specs.deploy import DeploySpec
from aiaas_magics.specs.records import ModelInfo
from aiaas_magics.specs.results import EndpointResult


def run(spec: DeploySpec, context: Context) -> EndpointResult:
    """Start the endpoint, or find that it runs already."""
    info, folder = context.model(spec.model)
    context.check_endpoint(spec, info)
    context.progress(0, 2, f"optimising {info.ref}")
    verdict = optimised(info, folder, context)
    context.progress(1, 2, f"starting {spec.as_}")
    started = context.start_endpoint(spec, info, example(info, context))
    return EndpointResult(
        name=started.name, model=started.model, url=started.url, workers=started.workers,
        example=started.example, target=started.target, verdict=verdict,
        added=info.ref if spec.to else "", kept=tuple(spec.kept(started)),
    )  # fmt: skip


def optimised(info: ModelInfo, folder: Path, context: Context) -> Verdict:
    """Return the verdict on a model; its build, and what monitoring compares with, are made where they are not there."""
    build = context.build(info)
    verdict = building.verdict(info, folder, _rows(info, context), build)
    reference.ensure(build / verdict.folder, info, folder, context)
    return verdict


def example(info: ModelInfo, context: Context) -> dict[str, JSON]:
    """Return a request that the model answers."""
    return {"X_test": [list(_row(info, context).values())]}


def _rows(info: ModelInfo, context: Context) -> pd.DataFrame:
    """Return the rows a model learned from, raw, as its recipe keeps them."""
    names = [name for name, _ in info.signature.inputs]
    frame = context.frame(info.lineage.data)
    return prepare.rows(frame, recipe.steps_of(info.lineage.steps), info.lineage.roles)[names]


def _row(info: ModelInfo, context: Context) -> dict[str, JSON]:
    """Return the first row of the model's data that it can answer."""
    names = [name for name, _ in info.signature.inputs]
    frame = context.frame(info.lineage.data, columns=names)
    whole = frame[list(info.signature.required)].notna().all(axis=1)
    return frames.records(frame[whole].head(1))[0]
