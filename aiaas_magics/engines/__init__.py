"""HOW it is done: one file a stage, ``run(spec, context) -> Result``.

Adding a stage: a spec and a table in specs/<stage>.py, and a file here named after the spec's tag.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import cast

from aiaas_magics.engines.context import Context
from aiaas_magics.specs.base import Result, Spec

Engine = Callable[[Spec, Context], Result]


def find(tag: str) -> Engine:
    """Return the engine of a spec's tag; tags of tests stand in ``testing.stages``."""
    module = "aiaas_magics.testing.stages" if tag.startswith("test_") else f"{__name__}.{tag}"
    return cast("Engine", importlib.import_module(module).run)
