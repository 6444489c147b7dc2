"""What came out of somebody's file: is it a model, which one, and what has to be said about it."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

import sklearn
from sklearn.base import BaseEstimator, is_classifier, is_regressor
from sklearn.exceptions import InconsistentVersionWarning, NotFittedError
from sklearn.model_selection._search import BaseSearchCV
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from aiaas_magics import errors

AGAIN = "where it was made: joblib.dump(model, 'model.joblib')"
OWN = "%aiaas_train DATA --target COLUMN --estimator MyEstimator"
Note = tuple[str, str]
"""A warning: what, and what to try."""


def model_of(found: Any) -> tuple[Any, list[Note]]:
    """Return the fitted classifier or regressor in what a file held, and what to tell about it.

    Of a finished search it is the best estimator: what the search predicts with.

    Raises
    ------
    DataError
        If it is something else: a table, a dict with a model in it, a class, an estimator that was not fitted.
    """
    if not isinstance(found, BaseEstimator):
        raise _no_model(found)
    told: list[Note] = []
    if isinstance(found, BaseSearchCV):
        found, told = _best(found)
    name = type(found).__name__
    if not (is_classifier(found) or is_regressor(found)):
        what = "only classifiers and regressors predict what can be measured and served"
        raise errors.DataError(f"it holds a {name}, which predicts no target", what, AGAIN)
    try:
        check_is_fitted(found)
    except (NotFittedError, TypeError) as error:
        raise _not_fitted(name) from error
    return found, told


def takes(model: Any) -> tuple[list[str] | None, int | None]:
    """Return the names of the columns a model was fitted on, and how many: None where it does not know.

    Of a pipeline the first step that does something knows; scikit-learn asks the first one, whatever it is.
    """
    while isinstance(model, Pipeline):
        model = next(step for _, step in model.steps if step not in (None, "passthrough"))
    names, count = (getattr(model, name, None) for name in ("feature_names_in_", "n_features_in_"))
    return None if names is None else list(map(str, names)), None if count is None else int(count)


def _best(search: Any) -> tuple[Any, list[Note]]:
    best = getattr(search, "best_estimator_", None)
    name = type(search).__name__
    if best is None:
        fitted = hasattr(search, "cv_results_")
        why = "it has no best estimator: refit was off" if fitted else "it was not fitted"
        raise errors.DataError(
            f"it holds a {name} without a model", why, f"{name}(..., refit=True)"
        )
    chosen = ", ".join(f"{key}={value!r}" for key, value in search.best_params_.items())
    return best, [(f"it holds a {name}: its best estimator was taken ({chosen})", "")]


def _no_model(found: Any) -> errors.DataError:
    if isinstance(found, type):
        what = f"it holds the class {found.__name__}"
        return errors.DataError(
            what, "a model is a fitted object of it", f"{found.__name__}().fit(X, y)"
        )
    kind = f"{type(found).__module__}.{type(found).__qualname__}".removeprefix("builtins.")
    places = dict(_inside(found))
    if places:
        place, name = next(iter(places.items()))
        rest = f" and {len(places) - 1} more" if len(places) > 1 else ""
        return errors.DataError(
            f"it holds a {kind} with a {name} in it{rest}",
            "a file of one model is imported: save the model alone",
            f"joblib.dump(found{place}, 'model.joblib')",
        )
    return errors.DataError(
        f"it holds a {kind}, which is no scikit-learn estimator",
        "fitted classifiers and regressors with scikit-learn's interface are imported",
        "joblib.dump(model, 'model.joblib')",
    )


def _inside(found: Any) -> Iterable[tuple[str, str]]:
    items: Iterable[tuple[Any, Any]] = ()
    if isinstance(found, dict):
        items = found.items()
    elif isinstance(found, list | tuple):
        items = enumerate(found)
    return [(f"[{k!r}]", type(v).__name__) for k, v in items if isinstance(v, BaseEstimator)]


def _not_fitted(name: str) -> errors.DataError:
    return errors.DataError(
        f"it holds a {name} that was not fitted",
        "it has learned nothing yet",
        f"%aiaas_train DATA --target COLUMN, or {name}.fit(X, y) before it is saved",
    )


def notes(caught: Iterable[warnings.WarningMessage]) -> list[Note]:
    """Return what the warnings of an opened file tell: that another version of scikit-learn made it."""
    made_by = {
        str(each.message.original_sklearn_version)
        for each in caught
        if isinstance(each.message, InconsistentVersionWarning)
    }
    if not made_by:
        return []
    shown = ", ".join(sorted(made_by))
    text = f"it was fitted with scikit-learn {shown}, and this is {sklearn.__version__}"
    return [(text, "compare its predictions with those of there, or fit it again")]


def not_there(name: str) -> errors.DataError:
    """Return the error for a class or module that a file needs and that is not here."""
    if name.partition(".")[0] == "sklearn":
        return errors.DataError(
            f"it was made by another version of scikit-learn: there is no {name}",
            f"this is scikit-learn {sklearn.__version__}, and pickles do not last from version to version",
            f"with that version, {AGAIN.partition(': ')[2]} after a fit with this one",
        )
    return errors.DataError(
        f"it needs {name}, which cannot be imported",
        "a pickle holds the names of its classes, not their code",
        OWN,
    )


def raised(error: BaseException) -> errors.AiaasError:
    """Return the error for a pickle that ran and failed."""
    said = f"{type(error).__name__}: {error}".strip()
    if "incompatible dtype" in said or "sklearn" in said:
        what = f"it was made by another version of scikit-learn; this is {sklearn.__version__}"
        return errors.DataError(what, said, AGAIN)
    return errors.UserCodeError(
        f"opening it raised {said}", "a pickle is a program, and this one failed", AGAIN
    )


def too_large() -> errors.OutOfMemory:
    """Return the error for a pickle that wanted more memory than it may have."""
    return errors.OutOfMemory(
        "opening it needs more memory than it may have",
        "that is 4 GB and eight times the file: is it a model?",
        AGAIN,
    )


def no_pickle(error: BaseException) -> errors.DataError:
    """Return the error for bytes that are no pickle, or not a whole one."""
    return errors.DataError("it is no pickle", str(error) or type(error).__name__, AGAIN)


def unwritable(error: BaseException) -> errors.DataError:
    """Return the error for a model that consists of what cannot be written without code."""
    said = str(error).strip().partition("\n")[0]
    what = "it holds something that cannot be kept without running code again"
    return errors.DataError(what, f"{type(error).__name__}: {said}", OWN)


def foreign(name: str) -> errors.DataError:
    """Return the error for a type that is not on our list."""
    return errors.DataError(
        f"it holds a {name}, which is not on the list of types that are opened",
        "scikit-learn's own are; a class of your own is built where it runs: --estimator",
        OWN,
    )
