"""Optimise: a model's fastest form that is proven equal, made and kept without serving it."""

from __future__ import annotations

from aiaas_magics.engines import deploy
from aiaas_magics.engines.context import Context
from aiaas_magics.specs.deploy import OptimiseSpec
from aiaas_magics.specs.results import OptimiseResult


def run(spec: OptimiseSpec, context: Context) -> OptimiseResult:
    """Return the verdict on a model, its build made where there is none."""
    info, folder = context.model(spec.model)
    context.progress(0, 1, f"optimising {info.ref}")
    return OptimiseResult(model=info.ref, verdict=deploy.optimised(info, folder, context))
