"""The sharers, one file each; see the recipe in :mod:`..base`."""

from __future__ import annotations

import functools
import importlib

from aiaas_magics.engines.sharing.base import Sharer

SHARERS: tuple[str, ...] = (
    "forest:Forests",
    "ridge:Ridges",
    "paths:Paths",
    "logistic:Logistic",
    "neighbors:Neighbours",
    "svm:Kernels",
    "boosting:GradientBoosting",
    "boosting:HistGradientBoosting",
    "boosting:AdaBoost",
    "boosting:LightGBM",
)
"""Module and class of every sharer, ``forest:Forests``; the first that matches an estimator is asked."""


@functools.cache
def _made(path: str) -> Sharer:
    module, _, name = path.partition(":")
    found: Sharer = getattr(importlib.import_module(f"{__name__}.{module}"), name)()
    return found


def sharer_of(estimator: object) -> Sharer | None:
    """Return who shares the work of an estimator's candidates, if anybody does."""
    return next((each for each in map(_made, SHARERS) if each.matches(estimator)), None)
