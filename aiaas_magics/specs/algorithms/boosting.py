"""Boosting, as data."""

from __future__ import annotations

from aiaas_magics.specs.algorithms.descriptors import (
    BALANCED,
    BOTH,
    Algorithm,
    among,
    between,
    row,
    strength,
)

ALGORITHMS = (
    Algorithm(
        name="hist_gradient_boosting", tasks=BOTH, family="boosting",
        summary="trees that correct each other, on binned columns; takes missing values",
        parameters=(
            row("learning_rate", "float int", 0.1, "share of each tree that is added", low=0, open_low=True, search=between(0.02, 0.3, log=True)),
            row("max_iter", "int", 100, "number of trees (a class each where there are more than two)", low=1, search=between(50, 500, log=True)),
            row("max_leaf_nodes", "int none", 31, "most leaves of a tree", low=2, search=between(7, 127, log=True)),
            row("max_depth", "int none", None, "deepest level of a tree", low=1),
            row("min_samples_leaf", "int", 20, "fewest rows in a leaf", low=1, search=between(5, 60, log=True)),
            strength("l2_regularization", 0.0, 1e-3, 10.0, "L2 penalty on leaf values"),
            row("max_features", "float", 1.0, "share of columns looked at for a split", low=0, high=1, open_low=True, search=among(1.0, 0.5)),
            row("max_bins", "int", 255, "bins of a column", low=2, high=255),
            row("early_stopping", "bool", "auto", "stop when a held-out share gains nothing", choices=("auto",)),
            BALANCED,
        ),
    ),
)  # fmt: skip
