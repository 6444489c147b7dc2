"""Deploy: hand a sealed model to an endpoint of its own."""

from __future__ import annotations

from aiaas_magics import frames
from aiaas_magics.engines.context import Context
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.deploy import DeploySpec
from aiaas_magics.specs.records import ModelInfo
from aiaas_magics.specs.results import EndpointResult


def run(spec: DeploySpec, context: Context) -> EndpointResult:
    """Start the endpoint, or find that it runs already."""
    info, _ = context.model(spec.model)
    example: dict[str, JSON] = {"X_test": [list(_row(info, context).values())]}
    context.progress(0, 1, f"starting {spec.as_}")
    started = context.start_endpoint(spec, info, example)
    return EndpointResult(
        name=started.name, model=started.model, url=started.url, workers=started.workers,
        example=started.example, target=started.target,
    )  # fmt: skip


def _row(info: ModelInfo, context: Context) -> dict[str, JSON]:
    """Return the first row of the model's data that it can answer."""
    names = [name for name, _ in info.signature.inputs]
    frame = context.frame(info.lineage.data, columns=names)
    whole = frame[list(info.signature.required)].notna().all(axis=1)
    return frames.records(frame[whole].head(1))[0]
