"""Boosting, as data."""

from __future__ import annotations

from aiaas_magics.specs.algorithms.descriptors import (
    BALANCED,
    BOTH,
    CLASSES,
    NUMBERS,
    Algorithm,
    among,
    between,
    count_or_share,
    learning_rate,
    row,
    strength,
)
from aiaas_magics.specs.algorithms.tree import (
    LEAST_GAIN,
    MAX_LEAF_NODES,
    PRUNING,
    SPLIT,
    depth,
    features,
)

_PATIENCE = "iterations without a gain on a held-out share before it stops"
_HELD_OUT = row("validation_fraction", "float", 0.1, "share held out to stop early", low=0, high=0.5, open_low=True)  # fmt: skip
_HIST_LOSSES = ("squared_error", "absolute_error", "gamma", "poisson", "quantile")
_LOSSES = ("squared_error", "absolute_error", "huber", "quantile")

ALGORITHMS = (
    Algorithm(
        name="gradient_boosting", tasks=BOTH, family="boosting", tried=("learning_rate", "max_depth", "n_estimators"),
        summary="trees that correct each other, exact splits: for small tables",
        parameters=(
            row("loss", "", "log_loss", "what is minimised", choices=("log_loss", "exponential"), tasks=CLASSES),
            row("loss", "", "squared_error", "what is minimised", choices=_LOSSES, tasks=NUMBERS),
            learning_rate(0.1, 0.02, 0.3),
            row("n_estimators", "int", 100, "number of trees (a class each where there are more than two)", low=1, search=between(50, 300, log=True)),
            row("subsample", "float", 1.0, "share of the rows each tree sees", low=0, high=1, open_low=True, search=among(1.0, 0.7)),
            depth(3, 3, 5, 2),
            *SPLIT,
            *count_or_share("min_samples_leaf", 1, "fewest rows in a leaf", search=between(1, 20, log=True)),
            *features(None),
            MAX_LEAF_NODES, LEAST_GAIN, PRUNING,
            row("alpha", "float", 0.9, "the quantile, of the losses huber and quantile", low=1e-6, high=0.999999, tasks=NUMBERS),
            row("n_iter_no_change", "int none", None, _PATIENCE, low=1),
            _HELD_OUT,
        ),
    ),
    Algorithm(
        name="hist_gradient_boosting", tasks=BOTH, family="boosting", tried=("learning_rate", "max_leaf_nodes"),
        summary="trees that correct each other, on binned columns; takes missing values",
        parameters=(
            row("loss", "", "squared_error", "what is minimised", choices=_HIST_LOSSES, tasks=NUMBERS),
            row("quantile", "float none", None, "the quantile, of the loss quantile", low=0, high=1, tasks=NUMBERS),
            learning_rate(0.1, 0.02, 0.3),
            row("max_iter", "int", 100, "number of trees (a class each where there are more than two)", low=1, search=between(50, 500, log=True)),
            row("max_leaf_nodes", "int none", 31, "most leaves of a tree", low=2, search=between(7, 127, log=True)),
            row("max_depth", "int none", None, "deepest level of a tree", low=1),
            row("min_samples_leaf", "int", 20, "fewest rows in a leaf", low=1, search=between(5, 60, log=True)),
            strength("l2_regularization", 0.0, 1e-3, 10.0, "L2 penalty on leaf values"),
            row("max_features", "float", 1.0, "share of columns looked at for a split", low=0, high=1, open_low=True, search=among(1.0, 0.5)),
            row("max_bins", "int", 255, "bins of a column", low=2, high=255),
            row("early_stopping", "bool", "auto", "stop when a held-out share gains nothing", choices=("auto",)),
            row("n_iter_no_change", "int", 10, _PATIENCE, low=1),
            _HELD_OUT,
            BALANCED,
        ),
    ),
    Algorithm(
        name="adaboost", tasks=BOTH, family="boosting", tried=("learning_rate", "estimator__max_depth"),
        summary="small trees in a row, each on the rows the ones before got wrong",
        parameters=(
            row("n_estimators", "int", 50, "number of trees", low=1, search=between(25, 200, log=True)),
            row("learning_rate", "float int", 1.0, "share of each tree that is added", low=0, open_low=True, search=between(0.05, 1.5, log=True)),
            row("estimator__max_depth", "int none", 1, "deepest level of a tree", low=1, tasks=CLASSES, search=between(1, 4)),
            row("estimator__max_depth", "int none", 3, "deepest level of a tree", low=1, tasks=NUMBERS, search=between(2, 8)),
            row("loss", "", "linear", "how an error moves a row's weight", choices=("linear", "square", "exponential"), tasks=NUMBERS),
        ),
    ),
)  # fmt: skip
