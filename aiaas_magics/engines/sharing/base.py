"""The seam of sharing: what a sharer is told, and what it answers.

Adding a sharer
---------------
1. A file in ``sharers/`` with a class that has the methods of `Sharer` (derive from `BySharing` for the usual ones),
   and its row in ``sharers.SHARERS``.
2. In ``tests/engines/sharing/`` a class that derives from :class:`aiaas_magics.testing.SharerContract` and names
   estimators, grids and data: every label is checked against real fits there.
3. A parameter may only be shared where the mathematics says so. Where in doubt leave it out of `Sharer.shares`:
   candidates that differ in it are evaluated apart, which is slower and never wrong.
4. A row in tests/benchmarks/tuning.py, with the factor it is worth.
"""

from __future__ import annotations

import enum
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, clone, is_classifier
from sklearn.utils import get_tags

Array = np.ndarray[Any, Any]
Params = Mapping[str, Any]
"""Parameters of an estimator itself, without the prefix of a pipeline's step."""
Item = TypeVar("Item")
Made = TypeVar("Made")


class Equality(enum.StrEnum):
    """How a candidate's shared scores compare with those of a fit of its own."""

    EXACT = "exact"
    """Bit-equal."""
    TOLERANCE = "tolerance"
    """Equal to the converged solution within a bound that the sharer states."""
    DISTRIBUTION = "distribution"
    """Drawn from the same distribution: as far from a real fit as two real fits of different seeds."""


ORDER = (Equality.EXACT, Equality.TOLERANCE, Equality.DISTRIBUTION)
"""A candidate is labelled as its worst fold."""


class Data(NamedTuple):
    """What is known of the rows before any is fitted."""

    rows: int
    columns: int
    sparse: bool
    target: str
    """As ``sklearn.utils.multiclass.type_of_target`` says: binary, multiclass, continuous ..."""
    weighted: bool
    folds: int


class Rows(NamedTuple):
    """The training rows of a fold: features (n, columns), target (n,), weights (n,) or None."""

    X: Any
    y: Any
    weights: Array | None = None


class Fold(NamedTuple):
    """One fold. Its tables are made when asked for, so that not all need to be in memory at once."""

    number: int
    train: Callable[[], Rows]
    tables: Callable[[], tuple[Any, ...]]
    """Features that must be answered for: the test rows; then the training rows, if those are scored too."""


class Group(NamedTuple):
    """Candidates that one fit may answer for."""

    estimator: BaseEstimator
    """Unfitted, with the parameters that all members have in common."""
    members: tuple[Params, ...]
    """The shareable parameters of each candidate; not every member names every parameter."""

    def of(self, member: int) -> Any:
        """Return the unfitted estimator of a member."""
        return clone(self.estimator).set_params(**self.members[member])


class GroupPlan(NamedTuple):
    """What a group costs, and what is certain before anything is fitted."""

    unit: str
    """What is counted, in the plural: trees, decompositions, fits ..."""
    shared: int
    """Units of all folds, shared."""
    alone: int
    """Units of all folds without sharing: what ``GridSearchCV`` would do."""
    labels: tuple[Equality, ...]
    """By member; one that is not EXACT may turn out to be, once fitted."""
    grower: str = ""
    """How models are made, where there is more than one way: direct, public."""


class Answer(NamedTuple):
    """A member's answers in a fold, as the tables of the fold ask for."""

    member: int
    fold: int
    answers: tuple[Answers, ...]
    """One for each of `Fold.tables`."""
    equality: Equality
    seconds: float
    """Of fitting: what was shared is divided among those that share it."""
    grower: str = ""
    """How the model was made, where there is more than one way; a plan tells what is tried first."""


class Scored(NamedTuple):
    """What became of one candidate in one fold. Scores are greater-is-better, by the scorer's name."""

    test: dict[str, float]
    train: dict[str, float] | None
    fit_seconds: float
    score_seconds: float
    rows: int
    """Test rows."""
    equality: Equality = Equality.EXACT
    failure: str = ""
    """What the estimator said, if it could not be fitted; the scores are `error_score` then."""


class Memory(Protocol):
    """What is known of a search from before: a killed one goes on where it was."""

    def recall(self, candidate: Params, fold: int) -> Scored | None:
        """Return what was kept of a candidate in a fold; None if nothing was."""
        ...

    def keep(self, found: Sequence[tuple[Params, int, Scored]]) -> None:
        """Keep what was just found, in one go; called by one thread at a time."""
        ...


class Pool(Protocol):
    """Threads, and the ear of who watches the search. Fits inside must hold one native thread each."""

    cores: int

    def map(self, function: Callable[[Item], Made], items: Iterable[Item]) -> Iterator[Made]:
        """Yield the results in the order of the items, computed by `cores` threads.

        Ends early, without an error, where the user wants the best so far: items not begun then are left out.
        """
        ...

    def progress(self, done: float, text: str = "") -> None:
        """Tell how many units of a group's plan are done, of all its folds; called by any thread."""
        ...

    def stopping(self) -> bool:
        """Whether the user wants the best so far: a sharer yields what is complete and returns."""
        ...


class Sharer(Protocol):
    """Knows for one kind of estimator which candidates one fit answers for. Stateless."""

    name: str

    def matches(self, estimator: BaseEstimator) -> bool:
        """Tell whether estimators of exactly this class are shared; sub-classes may differ and are not."""
        ...

    def shares(self, estimator: BaseEstimator) -> frozenset[str]:
        """Return the parameters in which members of a group may differ."""
        ...

    def plan(self, group: Group, data: Data, *, exact: bool) -> GroupPlan | None:
        """Return what a group costs; None where it cannot be shared: then each is fitted by itself.

        With `exact` every answer will be bit-equal to a fit's, or the group is refused.
        """
        ...

    def evaluate(
        self, group: Group, folds: Sequence[Fold], pool: Pool, *, exact: bool
    ) -> Iterator[Answer]:
        """Yield the answers of every member in every fold, each as soon as it is there.

        Raises whatever goes wrong: the members without an answer are then fitted by themselves.
        """
        ...

    def refit(self, estimator: Any, rows: Rows, pool: Pool) -> Any:
        """Fit the winner: bit-equal to ``estimator.fit``, attributes and all. Returns the estimator."""
        ...


def unseeded(estimator: Any) -> bool:
    """Tell whether an estimator, or one within it, draws without a seed; what is no estimator draws nothing."""
    params = estimator.get_params(deep=True) if isinstance(estimator, BaseEstimator) else {}
    return any(n.rpartition("__")[2] == "random_state" and v is None for n, v in params.items())


class BySharing:
    """What most sharers have in common: they know classes, and refit as scikit-learn does."""

    name = ""
    classes: tuple[type, ...] = ()

    def matches(self, estimator: BaseEstimator) -> bool:
        """Tell whether the estimator is of one of our classes."""
        return type(estimator) in self.classes

    def refit(self, estimator: Any, rows: Rows, pool: Pool) -> Any:
        """Fit as scikit-learn does."""
        del pool
        more = {} if rows.weights is None else {"sample_weight": rows.weights}
        return estimator.fit(rows.X, rows.y, **more)


class Answers(BaseEstimator):
    """What a model would answer for one table: all a scorer asks a fitted estimator for.

    Parameters
    ----------
    like
        The unfitted estimator: tells classifiers from regressors.
    responses
        By method (``predict``, ``predict_proba``, ``decision_function``) what computes its answer for the
        table; computed once, when asked for.
    classes
        ``classes_`` of a classifier.
    """

    def __init__(
        self,
        like: Any,
        responses: Mapping[str, Callable[[], Array]],
        classes: Array | None = None,
    ) -> None:
        self.like = like
        self.responses = {name: functools.cache(make) for name, make in responses.items()}
        if classes is not None:
            self.classes_ = classes

    def __getattr__(self, name: str) -> Callable[[Any], Array]:
        """Return a method that answers for the table, whatever it is given."""
        made: Callable[[], Array] | None = self.__dict__.get("responses", {}).get(name)
        if made is None:
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

        def answer(X: Any) -> Array:
            del X  # the table is known
            return made()

        answer.__name__ = name  # scorers ask again, by this
        return answer

    def __sklearn_tags__(self) -> Any:
        return get_tags(self.like)

    def score(self, X: Any, y: Any, sample_weight: Array | None = None) -> float:
        """Return what all classifiers' or all regressors' ``score`` returns: accuracy, or R²."""
        usual: Any = ClassifierMixin if is_classifier(self.like) else RegressorMixin
        return float(usual.score(self, X, y, sample_weight=sample_weight))
