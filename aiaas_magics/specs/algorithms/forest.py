"""Forests, as data."""

from __future__ import annotations

from aiaas_magics.specs.algorithms.descriptors import (
    BOTH,
    CLASSES,
    NUMBERS,
    Algorithm,
    Parameter,
    Search,
    among,
    between,
    count_or_share,
    row,
)
from aiaas_magics.specs.base import JSON


def _features(default: JSON, task: str, search: Search) -> tuple[Parameter, Parameter]:
    what, names = "columns looked at for a split", ("sqrt", "log2")
    return count_or_share(
        "max_features", default, what, types="none", choices=names, tasks=(task,), search=search
    )


_TREES = (
    row("n_estimators", "int", 100, "number of trees", low=1, search=between(50, 500, log=True)),
    row("criterion", "", "gini", "what a split improves", choices=("gini", "entropy", "log_loss"), tasks=CLASSES),
    row("criterion", "", "squared_error", "what a split improves", choices=("squared_error", "absolute_error", "poisson"), tasks=NUMBERS),
    row("max_depth", "int none", None, "deepest level of a tree; None is unlimited", low=1, search=among(None, 10, 5, 20)),
    *count_or_share("min_samples_split", 2, "fewest rows a node needs to be split", least=2),
    *count_or_share("min_samples_leaf", 1, "fewest rows in a leaf", search=between(1, 20, log=True)),
    *_features("sqrt", "classification", among("sqrt", 0.5, None)),
    *_features(1.0, "regression", among(None, "sqrt", 0.5)),
    row("max_leaf_nodes", "int none", None, "most leaves of a tree", low=2),
    row("min_impurity_decrease", "float int", 0.0, "least gain that is worth a split", low=0),
    row("bootstrap", "bool", True, "each tree sees rows drawn with replacement"),
    *count_or_share("max_samples", None, "rows drawn for each tree", types="none"),
    row("ccp_alpha", "float int", 0.0, "cost of a leaf in pruning", low=0),
    row("class_weight", "none", None, "weights of the classes", choices=("balanced", "balanced_subsample"), tasks=CLASSES, search=among(None, "balanced")),
)  # fmt: skip

ALGORITHMS = (
    Algorithm(
        name="random_forest", tasks=BOTH, family="forest",
        summary="the mean of many decision trees, each on rows and columns drawn at random",
        parameters=_TREES,
    ),
)  # fmt: skip
