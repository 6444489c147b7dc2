"""The winner of a search is fitted by who grew the candidates: bit-equal to ``fit``, in half of its time."""

from __future__ import annotations

import copy
from typing import Any

from sklearn.utils import check_random_state

from aiaas_magics.engines.sharing.base import Pool, Rows
from aiaas_magics.engines.sharing.growing import Differs, Direct, Unfit, fit, pieces, pruned
from aiaas_magics.engines.sharing.limits import Limits


def refit(estimator: Any, rows: Rows, pool: Pool) -> Any:
    """Fit a forest: bit-equal to ``estimator.fit``, tree by tree; with all of its trees, stop or not."""
    state = check_random_state(estimator.random_state).get_state()
    try:
        grower = Direct(estimator, rows)
    except (Unfit, Differs):
        check_random_state(estimator.random_state).set_state(state)
        return fit(estimator, rows)
    limits = Limits.of(estimator, {}, grower.rows)
    there, count = len(estimator.estimators_), estimator.n_estimators
    chunks = pieces(range(there, count), count, pool.cores)
    chunked = pool.map(lambda each: grower.grow(limits, each), chunks)
    grown = [tree for some in chunked for tree in some]
    grown += grower.grow(limits, range(there + len(grown), count))
    estimator.estimators_ += [
        _clothed(grower.first, seed, pruned(tree, estimator.ccp_alpha))
        for seed, tree in zip(grower.seeds[there:], grown, strict=True)
    ]
    return estimator


def _clothed(first: Any, seed: int, tree: Any) -> Any:
    """Return the estimator of a tree, like a fitted one of the same forest."""
    made: Any = object.__new__(type(first))
    its = {name: copy.copy(value) for name, value in vars(first).items() if name != "tree_"}
    vars(made).update(its, random_state=seed, tree_=tree)
    return made
