"""The algorithms as data: what the grammar, the completion and the help know of them.

Adding an algorithm: one row here, one recipe in a file of engines/families/; the family contract
test binds the two.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping

import msgspec

from aiaas_magics import errors
from aiaas_magics.specs.base import JSON, Record

BOTH = ("classification", "regression")


class Parameter(msgspec.Struct, frozen=True):
    """A parameter of an algorithm, named as in scikit-learn.

    A value is right if it is one of `choices`, or of a type in `types` within [low, high]
    (``open_low``: low itself is not allowed). ``tasks`` says where it exists.
    """

    name: str
    help: str
    types: tuple[str, ...] = ()
    """Of ``int``, ``float``, ``bool``, ``none``."""
    choices: tuple[JSON, ...] = ()
    default: JSON = None
    low: float | None = None
    high: float | None = None
    open_low: bool = False
    tasks: tuple[str, ...] = BOTH

    def accepts(self, value: JSON) -> bool:
        """Tell whether `value` is one the algorithm takes."""
        if any(value == choice and type(value) is type(choice) for choice in self.choices):
            return True
        if value is None:
            return "none" in self.types
        if isinstance(value, bool):
            return "bool" in self.types
        if isinstance(value, int) and "int" in self.types:
            return self._within(value)
        return isinstance(value, int | float) and "float" in self.types and self._within(value)

    def _within(self, value: float) -> bool:
        if value != value:  # NaN
            return False
        above = self.low is None or (value > self.low if self.open_low else value >= self.low)
        return above and (self.high is None or value <= self.high)

    def allowed(self) -> str:
        """Say in words which values are right."""
        words = [repr(choice) for choice in self.choices]
        numbers = " or ".join(t for t in self.types if t in ("int", "float"))
        if numbers:
            low = "" if self.low is None else f" {'>' if self.open_low else '>='} {self.low:g}"
            high = "" if self.high is None else f" <= {self.high:g}"
            words.append(numbers + low + (" and" if low and high else "") + high)
        words += ["True or False"] if "bool" in self.types else []
        words += ["None"] if "none" in self.types else []
        return ", ".join(words)


class Algorithm(Record, frozen=True, kw_only=True, tag="algorithm"):
    """What everybody may know of an algorithm without importing it."""

    name: str
    tasks: tuple[str, ...]
    summary: str
    family: str
    """The module in engines/families/ that holds its recipe."""
    parameters: tuple[Parameter, ...]


def _p(
    name: str,
    types: str,
    default: JSON,
    help: str,  # noqa: A002 - the field's name
    *,
    choices: tuple[JSON, ...] = (),
    low: float | None = None,
    high: float | None = None,
    open_low: bool = False,
    tasks: tuple[str, ...] = BOTH,
) -> Parameter:
    return Parameter(name, help, tuple(types.split()), choices, default, low, high, open_low, tasks)


def _count_or_share(
    name: str,
    default: JSON,
    what: str,
    *,
    least: int = 1,
    types: str = "",
    choices: tuple[JSON, ...] = (),
    tasks: tuple[str, ...] = BOTH,
) -> tuple[Parameter, Parameter]:
    """Return the two rows of a parameter that takes a number (int) or a share (float) of something."""
    words, share = f"int {types}".strip(), f"{what}, as a share"
    return (
        _p(name, words, default, what, low=least, choices=choices, tasks=tasks),
        _p(name, "float", default, share, low=0, high=1, open_low=True, tasks=tasks),
    )


def _features(default: JSON, task: str) -> tuple[Parameter, Parameter]:
    return _count_or_share(
        "max_features",
        default,
        "columns looked at for a split",
        types="none",
        choices=("sqrt", "log2"),
        tasks=(task,),
    )


def _step(default: str, task: str) -> Parameter:
    kinds = ("constant", "optimal", "invscaling", "adaptive")
    return _p("learning_rate", "", default, "how the step changes", choices=kinds, tasks=(task,))


_TREES = (
    _p("n_estimators", "int", 100, "number of trees", low=1),
    _p(
        "criterion",
        "",
        "gini",
        "what a split improves",
        choices=("gini", "entropy", "log_loss"),
        tasks=("classification",),
    ),
    _p(
        "criterion",
        "",
        "squared_error",
        "what a split improves",
        choices=("squared_error", "absolute_error", "poisson"),
        tasks=("regression",),
    ),
    _p("max_depth", "int none", None, "deepest level of a tree; None is unlimited", low=1),
    *_count_or_share("min_samples_split", 2, "fewest rows a node needs to be split", least=2),
    *_count_or_share("min_samples_leaf", 1, "fewest rows in a leaf"),
    *_features("sqrt", "classification"),
    *_features(1.0, "regression"),
    _p("max_leaf_nodes", "int none", None, "most leaves of a tree", low=2),
    _p("min_impurity_decrease", "float int", 0.0, "least gain that is worth a split", low=0),
    _p("bootstrap", "bool", True, "each tree sees rows drawn with replacement"),
    *_count_or_share("max_samples", None, "rows drawn for each tree", types="none"),
    _p("ccp_alpha", "float int", 0.0, "cost of a leaf in pruning", low=0),
    _p(
        "class_weight",
        "none",
        None,
        "weights of the classes",
        choices=("balanced", "balanced_subsample"),
        tasks=("classification",),
    ),
)
_BALANCED = _p(
    "class_weight",
    "none",
    None,
    "weights of the classes",
    choices=("balanced",),
    tasks=("classification",),
)
_TOL = _p("tol", "float", 1e-4, "stop when an iteration gains less", low=0)
_MAX_ITER = _p("max_iter", "int", 100, "most iterations", low=1)

ALGORITHMS: tuple[Algorithm, ...] = (
    Algorithm(
        name="logistic_regression",
        tasks=("classification",),
        family="linear",
        summary="a linear model of class probabilities, cross-entropy loss",
        parameters=(
            _p("C", "float int", 1.0, "inverse strength of the penalty", low=0, open_low=True),
            _p("l1_ratio", "float int", 0.0, "mix of the penalty: 0 is L2, 1 is L1", low=0, high=1),
            _p("fit_intercept", "bool", True, "learn a constant term"),
            _p(
                "solver",
                "",
                "lbfgs",
                "the optimiser",
                choices=("lbfgs", "liblinear", "newton-cg", "newton-cholesky", "sag", "saga"),
            ),
            _MAX_ITER,
            _TOL,
            _BALANCED,
        ),
    ),
    Algorithm(
        name="ridge",
        tasks=BOTH,
        family="linear",
        summary="linear least squares with an L2 penalty",
        parameters=(
            _p("alpha", "float int", 1.0, "strength of the penalty", low=0),
            _p("fit_intercept", "bool", True, "learn a constant term"),
            _p(
                "solver",
                "",
                "auto",
                "the optimiser",
                choices=("auto", "svd", "cholesky", "lsqr", "sparse_cg", "sag", "saga", "lbfgs"),
            ),
            _p("max_iter", "int none", None, "most iterations of an iterative optimiser", low=1),
            _TOL,
            _BALANCED,
        ),
    ),
    Algorithm(
        name="sgd",
        tasks=BOTH,
        family="linear",
        summary="a linear model by stochastic gradient descent, with its loss curve",
        parameters=(
            _p(
                "loss",
                "",
                "log_loss",
                "what is minimised",
                choices=("log_loss", "hinge", "modified_huber", "squared_hinge", "perceptron"),
                tasks=("classification",),
            ),
            _p(
                "loss",
                "",
                "squared_error",
                "what is minimised",
                choices=(
                    "squared_error",
                    "huber",
                    "epsilon_insensitive",
                    "squared_epsilon_insensitive",
                ),
                tasks=("regression",),
            ),
            _p(
                "penalty",
                "none",
                "l2",
                "penalty on the weights",
                choices=("l2", "l1", "elasticnet"),
            ),
            _p("alpha", "float int", 1e-4, "strength of the penalty", low=0),
            _p("l1_ratio", "float int", 0.15, "mix of elasticnet: 0 is L2, 1 is L1", low=0, high=1),
            _p("max_iter", "int", 1000, "most passes over the rows", low=1),
            _p("tol", "float none", 1e-3, "stop when a pass gains less", low=0),
            _step("optimal", "classification"),
            _step("invscaling", "regression"),
            _p("eta0", "float int", 0.01, "first step", low=0, open_low=True),
            _p(
                "epsilon",
                "float int",
                0.1,
                "width of the insensitive or quadratic zone of some losses",
                low=0,
            ),
            _p("fit_intercept", "bool", True, "learn a constant term"),
            _p("shuffle", "bool", True, "shuffle the rows before each pass"),
            _BALANCED,
        ),
    ),
    Algorithm(
        name="random_forest",
        tasks=BOTH,
        family="forest",
        summary="the mean of many decision trees, each on rows and columns drawn at random",
        parameters=_TREES,
    ),
    Algorithm(
        name="hist_gradient_boosting",
        tasks=BOTH,
        family="boosting",
        summary="trees that correct each other, on binned columns; takes missing values",
        parameters=(
            _p(
                "learning_rate",
                "float int",
                0.1,
                "share of each tree that is added",
                low=0,
                open_low=True,
            ),
            _p(
                "max_iter",
                "int",
                100,
                "number of trees (a class each where there are more than two)",
                low=1,
            ),
            _p("max_leaf_nodes", "int none", 31, "most leaves of a tree", low=2),
            _p("max_depth", "int none", None, "deepest level of a tree", low=1),
            _p("min_samples_leaf", "int", 20, "fewest rows in a leaf", low=1),
            _p("l2_regularization", "float int", 0.0, "L2 penalty on leaf values", low=0),
            _p(
                "max_features",
                "float",
                1.0,
                "share of columns looked at for a split",
                low=0,
                high=1,
                open_low=True,
            ),
            _p("max_bins", "int", 255, "bins of a column", low=2, high=255),
            _p(
                "early_stopping",
                "bool",
                "auto",
                "stop when a held-out share gains nothing",
                choices=("auto",),
            ),
            _p(
                "class_weight",
                "none",
                None,
                "weights of the classes",
                choices=("balanced",),
                tasks=("classification",),
            ),
        ),
    ),
)


@functools.cache
def _by_name() -> Mapping[str, Algorithm]:
    return {algorithm.name: algorithm for algorithm in ALGORITHMS}


def find(name: str) -> Algorithm:
    """Return the algorithm of that name.

    Raises
    ------
    SpecError
        If there is none; says which was meant.
    """
    found = _by_name().get(name)
    if found is None:
        raise errors.SpecError(
            f"unknown algorithm {name!r}", errors.did_you_mean(name, _by_name()), "--algo ?"
        )
    return found


def check_parameters(
    algorithm: Algorithm, params: Mapping[str, JSON], task: str | None = None
) -> None:
    """Check parameters against an algorithm, and against the task where it is known.

    Raises
    ------
    SpecError
        If the algorithm does not do the task, a parameter is unknown, or a value is not allowed.
    """
    if task is not None and task not in algorithm.tasks:
        others = ", ".join(a.name for a in ALGORITHMS if task in a.tasks)
        raise errors.SpecError(
            f"{algorithm.name} does not do {task}", f"these do: {others}", "--algo ?"
        )
    known = [p for p in algorithm.parameters if task is None or task in p.tasks]
    for name, value in params.items():
        rows = [p for p in known if p.name == name]  # one a task, where the tasks differ
        if not rows:
            raise errors.SpecError(
                f"{algorithm.name} has no parameter {name!r}",
                errors.did_you_mean(name, (p.name for p in known)),
                f"{errors.nearest(name, (p.name for p in known)) or known[0].name}=...",
            )
        if not any(p.accepts(value) for p in rows):
            raise errors.SpecError(
                f"{name}={value!r} is not a value {algorithm.name} takes",
                f"{name}: {', '.join(dict.fromkeys(p.allowed() for p in rows))}",
                f"{name}={rows[0].default!r}",
            )
