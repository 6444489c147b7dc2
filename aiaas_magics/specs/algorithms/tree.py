"""A single decision tree, as data; forests take its rows."""

from __future__ import annotations

from aiaas_magics.specs.algorithms.descriptors import (
    BALANCED,
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

_GAINS = ("squared_error", "absolute_error", "poisson")

CRITERION = (
    row("criterion", "", "gini", "what a split improves", choices=("gini", "entropy", "log_loss"), tasks=CLASSES),
    row("criterion", "", "squared_error", "what a split improves", choices=_GAINS, tasks=NUMBERS),
)  # fmt: skip
MAX_LEAF_NODES = row("max_leaf_nodes", "int none", None, "most leaves of a tree", low=2)
LEAST_GAIN = row("min_impurity_decrease", "float int", 0.0, "least gain that is worth a split", low=0)  # fmt: skip
SPLIT = count_or_share("min_samples_split", 2, "fewest rows a node needs to be split", least=2)
LEAF = count_or_share("min_samples_leaf", 1, "fewest rows in a leaf", search=between(1, 20, log=True))  # fmt: skip
PRUNING = row("ccp_alpha", "float int", 0.0, "cost of a leaf in pruning", low=0)


def depth(default: int | None, *tried: int | None) -> Parameter:
    """Return the depth of a tree."""
    what = "deepest level of a tree; None is unlimited"
    return row("max_depth", "int none", default, what, low=1, search=among(*tried))


def features(
    default: JSON, tasks: tuple[str, ...] = BOTH, search: Search | None = None
) -> tuple[Parameter, Parameter]:
    """Return how many columns are looked at for a split."""
    what, names = "columns looked at for a split", ("sqrt", "log2")
    return count_or_share(
        "max_features", default, what, types="none", choices=names, tasks=tasks, search=search
    )


ALGORITHMS = (
    Algorithm(
        name="decision_tree", tasks=BOTH, family="tree", tried=("max_depth", "min_samples_leaf"),
        summary="a tree of yes-or-no questions, one column each",
        parameters=(
            *CRITERION,
            row("splitter", "", "best", "how a split is chosen", choices=("best", "random")),
            depth(None, None, 3, 5, 10),
            *SPLIT, *LEAF, *features(None),
            MAX_LEAF_NODES, LEAST_GAIN,
            row("ccp_alpha", "float int", 0.0, "cost of a leaf in pruning", low=0, search=among(0.0, 0.001, 0.01)),
            BALANCED,
        ),
    ),
)  # fmt: skip
