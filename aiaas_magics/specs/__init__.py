"""WHAT is asked: frozen, JSON-able, self-checking records, and the tables of the grammar.

``VERBS`` names every verb and where its table stands; nothing is imported before it is needed.
"""

from __future__ import annotations

import functools
import importlib
import types
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiaas_magics.specs.base import Command, Result, Spec
    from aiaas_magics.specs.verbs import Verb

VERBS: dict[str, tuple[str, str]] = {
    "": ("manage", "OVERVIEW"),
    "connect": ("manage", "CONNECT"),
    "data": ("data", "DATA"),
    "prepare": ("prepare", "PREPARE"),
    "train": ("train", "TRAIN"),
    "tune": ("tune", "TUNE"),
    "evaluate": ("evaluate", "EVALUATE"),
    "deploy": ("deploy", "DEPLOY"),
    "predict": ("predict", "PREDICT"),
    "monitor": ("monitor", "MONITOR"),
    "jobs": ("manage", "JOBS"),
    "models": ("models", "MODELS"),
    "endpoints": ("manage", "ENDPOINTS"),
}
"""Verb -> (module in specs/, name of its table)."""


def _stages() -> list[types.ModuleType]:
    names = dict.fromkeys(module for module, _ in VERBS.values())
    return [importlib.import_module(f"{__name__}.{name}") for name in names]


@functools.cache
def verb(name: str) -> Verb:
    """Return the table of a verb (``""`` is ``%aiaas``). Raises KeyError if there is none."""
    module, table = VERBS[name]
    found: Verb = getattr(importlib.import_module(f"{__name__}.{module}"), table)
    return found


def _tagged(base: type, modules: list[types.ModuleType]) -> dict[str, type]:
    classes = (obj for module in modules for obj in vars(module).values() if isinstance(obj, type))
    return {
        cls.__struct_config__.tag: cls  # type: ignore[attr-defined]
        for cls in classes
        if issubclass(cls, base) and cls is not base
    }


@functools.cache
def spec_types() -> dict[str, type[Spec]]:
    """Return every spec class by its tag."""
    from aiaas_magics.specs.base import Spec

    return _tagged(Spec, _stages())


@functools.cache
def command_types() -> dict[str, type[Command]]:
    """Return every command class by its tag."""
    from aiaas_magics.specs.base import Command

    return _tagged(Command, _stages())


@functools.cache
def result_types() -> dict[str, type[Result]]:
    """Return every result class by its tag."""
    from aiaas_magics.specs import monitor, quality, results
    from aiaas_magics.specs.base import Result

    return _tagged(Result, [results, quality, monitor])


def spec_type(tag: str) -> type[Spec]:
    """Return the spec class of a tag.

    Raises
    ------
    SpecError
        If no stage of that name exists.
    """
    from aiaas_magics import errors

    if tag.startswith("test_"):  # stages for tests of what carries stages
        from aiaas_magics.specs.base import Spec

        stages = importlib.import_module("aiaas_magics.testing.stages")
        return _tagged(Spec, [stages])[tag]
    try:
        return spec_types()[tag]
    except KeyError:
        known = errors.did_you_mean(tag, spec_types())
        raise errors.SpecError(f"no stage {tag!r}", known) from None
