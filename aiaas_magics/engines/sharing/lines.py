"""What ``verbose`` prints of a search that shares: the plan, then a line for each candidate and fold."""

from __future__ import annotations

from collections.abc import Sequence

from joblib.logger import short_format_time

from aiaas_magics.engines.sharing.base import Params, Scored
from aiaas_magics.engines.sharing.evaluating import ONE
from aiaas_magics.engines.sharing.plan import Plan
from aiaas_magics.engines.sharing.pool import Unwatched

WIDTH = 80
"""Characters of a line, as scikit-learn's."""


class Lines(Unwatched):
    """Prints what scikit-learn prints of a candidate in a fold, of those that are shared too.

    Parameters
    ----------
    verbose
        1: the plan; 2: a line for each as well; 3: with the fold and its score; 10: with the candidate.
    """

    def __init__(self, candidates: Sequence[Params], plan: Plan, verbose: int) -> None:
        self._candidates, self._plan, self._verbose = candidates, plan, verbose
        self._shared = {number for each in plan.groups for number in each.members}

    def begin(self) -> None:
        """Print the plan."""
        if self._verbose > 0:
            print(self._plan)  # noqa: T201 - what `verbose` asks for

    def scored(self, candidate: int, fold: int, found: Scored) -> None:
        """Print what became of a candidate; scikit-learn printed it itself where it was fitted apart."""
        if self._verbose > 1 and candidate in self._shared:
            print(self._line(candidate, fold, found))  # noqa: T201 - what `verbose` asks for

    def _line(self, candidate: int, fold: int, found: Scored) -> str:
        at = f" {fold + 1}/{self._plan.folds}" if self._verbose > 2 else ""
        if self._verbose > 9:
            at += f"; {candidate + 1}/{self._plan.candidates}"
        params = self._candidates[candidate]
        said = ", ".join(f"{name}={params[name]}" for name in sorted(params))
        said += ";" if said else ""
        if self._verbose > 2:
            said += _scores(found)
        said += f" total time={short_format_time(found.fit_seconds + found.score_seconds)}"
        head = f"[CV{at}] END "
        return head + "." * (WIDTH - len(head) - len(said)) + said


def _scores(found: Scored) -> str:
    """Return the scores, written as scikit-learn writes them."""
    train = found.train
    if ONE in found.test:
        test = found.test[ONE]
        return f", score=(train={train[ONE]:.3f}, test={test:.3f})" if train else f", score={test:.3f}"  # fmt: skip
    return "".join(
        f" {name}: ({f'train={train[name]:.3f}, ' if train else ''}test={found.test[name]:.3f})"
        for name in sorted(found.test)
    )
