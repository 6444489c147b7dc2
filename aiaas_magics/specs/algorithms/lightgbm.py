"""LightGBM, as data."""

from __future__ import annotations

from aiaas_magics.specs.algorithms.descriptors import (
    BALANCED,
    BOTH,
    NUMBERS,
    Algorithm,
    among,
    between,
    learning_rate,
    row,
    strength,
)

_OBJECTIVES = ("regression", "regression_l1", "huber", "quantile", "poisson")

ALGORITHMS = (
    Algorithm(
        name="lightgbm", tasks=BOTH, family="lightgbm", tried=("learning_rate", "num_leaves"),
        summary="LightGBM's boosted trees, leaf by leaf; takes missing values; needs the package lightgbm",
        parameters=(
            row("objective", "", "regression", "what is minimised", choices=_OBJECTIVES, tasks=NUMBERS),
            row("alpha", "float", 0.9, "of the objectives quantile (the quantile) and huber", low=0, high=1, open_low=True, tasks=NUMBERS),
            learning_rate(0.1, 0.02, 0.3),
            row("n_estimators", "int", 100, "number of trees (a class each where there are more than two)", low=1, search=between(50, 500, log=True)),
            row("num_leaves", "int", 31, "most leaves of a tree", low=2, high=131072, search=between(7, 127, log=True)),
            row("max_depth", "int", -1, "deepest level of a tree; -1 is unlimited", low=-1),
            row("min_child_samples", "int", 20, "fewest rows in a leaf", low=0, search=between(5, 60, log=True)),
            row("subsample", "float", 1.0, "share of the rows each tree sees", low=0, high=1, open_low=True, search=among(1.0, 0.7)),
            row("colsample_bytree", "float", 1.0, "share of the columns each tree sees", low=0, high=1, open_low=True, search=among(1.0, 0.7)),
            row("reg_alpha", "float int", 0.0, "L1 penalty on leaf values", low=0),
            strength("reg_lambda", 0.0, 1e-3, 10.0, "L2 penalty on leaf values"),
            row("min_split_gain", "float int", 0.0, "least gain that is worth a split", low=0),
            row("max_bin", "int", 255, "bins of a column", low=2, high=65535),
            BALANCED,
        ),
    ),
)  # fmt: skip
