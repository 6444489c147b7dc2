"""Support vector machines.

They give no probabilities: scikit-learn 1.9 deprecates ``probability=True``, whose five extra fits may
disagree with the labels.
"""

from __future__ import annotations

from typing import Any

from sklearn.svm import SVC, SVR

from aiaas_magics.engines.families import Recipe
from aiaas_magics.specs.base import JSON


def _svm(task: str, params: dict[str, JSON], seed: int) -> Any:
    del seed  # only probabilities would be random
    return (SVC if task == "classification" else SVR)(**params)


RECIPES = {"svm": Recipe(_svm, scale=True)}
