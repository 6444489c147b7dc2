"""Forests, as data."""

from __future__ import annotations

from aiaas_magics.specs.algorithms.descriptors import (
    BOTH,
    CLASSES,
    NUMBERS,
    Algorithm,
    Parameter,
    among,
    between,
    class_weight,
    count_or_share,
    row,
)
from aiaas_magics.specs.algorithms.tree import (
    CRITERION,
    LEAF,
    LEAST_GAIN,
    MAX_LEAF_NODES,
    PRUNING,
    SPLIT,
    depth,
    features,
)


def _trees(*, bootstrap: bool) -> tuple[Parameter, ...]:
    return (
        row("n_estimators", "int", 100, "number of trees", low=1, search=between(50, 500, log=True)),
        *CRITERION,
        depth(None, None, 10, 5, 20),
        *SPLIT,
        *LEAF,
        *features("sqrt", CLASSES, among("sqrt", 0.5, None)),
        *features(1.0, NUMBERS, among(None, "sqrt", 0.5)),
        MAX_LEAF_NODES,
        LEAST_GAIN,
        row("bootstrap", "bool", bootstrap, "each tree sees rows drawn with replacement"),
        *count_or_share("max_samples", None, "rows drawn for each tree", types="none"),
        PRUNING,
        class_weight("balanced_subsample"),
    )  # fmt: skip


ALGORITHMS = (
    Algorithm(
        name="random_forest", tasks=BOTH, family="forest", tried=("max_features", "min_samples_leaf"),
        summary="the mean of many decision trees, each on rows and columns drawn at random",
        parameters=_trees(bootstrap=True),
    ),
    Algorithm(
        name="extra_trees", tasks=BOTH, family="forest", tried=("max_features", "min_samples_leaf"),
        summary="the mean of many decision trees whose splits are drawn at random; faster than a random forest",
        parameters=_trees(bootstrap=False),
    ),
)  # fmt: skip
