"""Recipes of estimators, one file a family.

Adding an algorithm: its row in ``specs/algorithms/`` and a recipe in its family's ``RECIPES``;
``testing.FamilyContract`` binds the two.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, NamedTuple

from aiaas_magics.specs.algorithms import Algorithm


class Recipe(NamedTuple):
    """How an algorithm becomes an estimator.

    ``build(task, params, seed)`` returns an unfitted scikit-learn estimator. ``takes_missing`` and
    ``takes_sparse`` say which inputs it accepts; ``threads`` whether its fit uses native threads; ``scale``
    whether it learns badly from columns of very different scales. ``complete`` adds the parameters that
    follow from those given. ``dense`` says that sparse tables take it longer than dense ones do, unless they hold
    prose. ``watch`` is how the fit tells how far it is: one of `fits.FITS`.
    """

    build: Callable[[str, dict[str, Any], int], Any]
    takes_missing: bool = False
    takes_sparse: bool = True
    threads: bool = False
    scale: bool = False
    complete: Callable[[dict[str, Any]], dict[str, Any]] = dict
    dense: bool = False
    watch: str = "silent"


def recipe(algorithm: Algorithm) -> Recipe:
    """Return the recipe of an algorithm."""
    family = importlib.import_module(f"{__name__}.{algorithm.family}")
    found: Recipe = family.RECIPES[algorithm.name]
    return found
