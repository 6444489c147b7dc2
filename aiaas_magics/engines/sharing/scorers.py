"""Which scorers need no fitted estimator, but what it answers."""

from __future__ import annotations

from typing import Any

from sklearn.metrics._scorer import _BaseScorer, _MultimetricScorer, _PassthroughScorer

from aiaas_magics.engines.sharing import grouping, quick


def served(scorers: Any, estimator: Any) -> bool:
    """Tell whether scorers look at answers only, so that no fitted estimator is needed."""
    if isinstance(scorers, _MultimetricScorer):
        return all(served(each, estimator) for each in scorers._scorers.values())
    if isinstance(scorers, _PassthroughScorer):
        model = grouping.last_step(estimator)[1]
        return quick.usual_score(model)
    return isinstance(scorers, _BaseScorer) or getattr(scorers, "answers_suffice", False)


def raising(scorers: Any) -> Any:
    """Return scorers that raise what goes wrong, as those of several metrics may not."""
    if isinstance(scorers, _MultimetricScorer):
        return _MultimetricScorer(scorers=scorers._scorers, raise_exc=True)
    return scorers
