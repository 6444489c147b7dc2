"""An estimator of the notebook's as skops bytes, and the module its own classes live in."""

from __future__ import annotations

import contextlib
import functools
import inspect
import re
from collections.abc import Iterator
from types import FunctionType, MethodType
from typing import Any, NamedTuple

from aiaas_magics import errors
from aiaas_magics.capturing.definitions import Defined, is_own
from aiaas_magics.capturing.modules import Module
from aiaas_magics.specs.estimators import module_name

NEEDED = ("fit", "predict", "get_params", "set_params", "__sklearn_tags__")
"""What makes an object an estimator: the last is what `sklearn.base.BaseEstimator` adds."""


class Captured(NamedTuple):
    """An estimator as it travels: see :class:`aiaas_magics.specs.estimators.Estimator`."""

    body: bytes
    name: str
    task: str
    source: str
    takes_weights: bool


def capture(value: Any) -> Captured:
    """Return an estimator as bytes: unfitted, with the text of what was defined in cells.

    Nothing is imported but skops, whose part of scikit-learn the notebook has loaded already.

    Raises
    ------
    UsageError
        If it is no estimator, does neither classification nor regression, or cannot be sent.
    """
    check(value)
    task = task_of(value)
    unfitted = _clone(value)
    module = Module()
    for each in _own(unfitted):
        module.add(each)
    source = module.text() if module.members else ""
    with _living_in(module, module_name(source)):
        body = _dumped(unfitted)
    return Captured(body, name_of(value), task, source, _takes_weights(value))


def check(value: Any) -> None:
    """Check that something is an estimator. Raises `UsageError`."""
    if isinstance(value, str):
        raise errors.UsageError(
            f"{value!r} is text, not an estimator",
            "an object with fit and predict",
            "estimator=my_pipeline",
        )
    if isinstance(value, type):
        raise errors.UsageError(
            f"{value.__name__} is a class, not an estimator",
            "an estimator is made of it",
            f"--estimator {{{value.__name__}()}}",
        )
    # asked of the class: a stack has no predict before it is fitted where its last estimator is the default
    missing = [n for n in NEEDED if not (hasattr(type(value), n) or hasattr(value, n))]
    if missing:
        raise errors.UsageError(
            f"{type(value).__name__} is no scikit-learn estimator: it has no {', '.join(missing)}",
            "sklearn.base.BaseEstimator brings all but fit and predict",
            "class Mine(ClassifierMixin, BaseEstimator): ...",
        )


def task_of(value: Any) -> str:
    """Return what an estimator does. Raises `UsageError` if it is neither of our tasks."""
    from sklearn.base import is_classifier, is_regressor

    if is_classifier(value):
        return "classification"
    if is_regressor(value):
        return "regression"
    raise errors.UsageError(
        f"{type(value).__name__} is neither a classifier nor a regressor",
        "its tags say what it is; a mixin of scikit-learn's sets them",
        "class Mine(ClassifierMixin, BaseEstimator): ...",
    )


def name_of(value: Any) -> str:
    """Return what people call an estimator: ``Pipeline(RandomForestClassifier)``."""
    name, last = type(value).__name__, _last(value)
    return name if last is value else f"{name}({name_of(last)})"


def default_name(value: Any) -> str:
    """Return the name a model gets of its estimator's class: ``random_forest_classifier``."""
    while _last(value) is not value:
        value = _last(value)
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(value).__name__).lower()
    return snake.strip("_") or "estimator"


def _takes_weights(value: Any) -> bool:
    """Tell whether a fit takes the weights of rows; a Pipeline would have to be told whose they are."""
    return (
        not hasattr(value, "steps") and "sample_weight" in inspect.signature(value.fit).parameters
    )


def _last(value: Any) -> Any:
    steps = getattr(value, "steps", None)
    if isinstance(steps, list) and steps and not isinstance(steps[-1][-1], str | type(None)):
        return steps[-1][-1]
    return value


def _clone(value: Any) -> Any:
    from sklearn.base import clone

    try:
        return clone(value)
    except Exception as error:  # a constructor of the user's own may do whatever it likes
        raise errors.UsageError(
            f"{type(value).__name__} cannot be made anew from its parameters",
            str(error).partition("\n")[0],
            "__init__ stores its parameters as they are, under their names, and does nothing else",
        ) from error


def _own(value: Any) -> Iterator[Defined]:
    """Yield the classes and functions of the user's own in an object."""
    seen: dict[int, Any] = {}
    todo = [value]
    while todo:
        each = todo.pop(0)
        if id(each) in seen:
            continue
        seen[id(each)] = each
        if isinstance(each, MethodType):
            raise errors.UsageError(
                f"the method {each.__qualname__} cannot be sent",
                "it belongs to an object of the notebook",
                "a function with a name can be",
            )
        if isinstance(each, type | FunctionType) or hasattr(each, "__wrapped__"):
            if is_own(each):
                yield each
            continue
        if is_own(type(each)):
            yield type(each)
        todo += _inside(each)


def _inside(value: Any) -> list[Any]:
    if isinstance(value, list | tuple | set | frozenset):
        return list(value)
    if isinstance(value, dict):
        return [*value.keys(), *value.values()]
    if isinstance(value, functools.partial):
        return [value.func, *value.args, *value.keywords.values()]
    if type(value).__module__.partition(".")[0] in ("builtins", "numpy", "pandas", "scipy"):
        return []
    return [*getattr(value, "__dict__", {}).values()]


@contextlib.contextmanager
def _living_in(module: Module, name: str) -> Iterator[None]:
    """Let classes and functions say that they are of the module they will be in, while they are written."""
    before = {key: value.__module__ for key, value in module.members.items()}
    try:
        for value in module.members.values():
            value.__module__ = name
        yield
    finally:
        for key, value in module.members.items():
            value.__module__ = before[key]


def _dumped(value: Any) -> bytes:
    import skops.io

    try:
        body: bytes = skops.io.dumps(value)
    except Exception as error:  # skops has no error of its own for what it cannot write
        raise errors.UsageError(
            f"{type(value).__name__} cannot be sent",
            str(error).partition("\n")[0],
            "parameters are numbers, text, arrays, estimators and named functions",
        ) from error
    return body
