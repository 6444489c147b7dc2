"""LightGBM: an optional library, asked through its own training function.

Its scikit-learn classes are not used: they refuse column names with quotes and braces, and hold the trees
as an object that builds itself from bytes. Here the fitted state is text, and it is read before the
library sees it.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.validation import check_is_fitted, validate_data

from aiaas_magics import errors
from aiaas_magics.engines.families import Recipe
from aiaas_magics.engines.models import boosters
from aiaas_magics.specs.base import JSON

try:
    import lightgbm
except (ImportError, OSError) as error:  # OSError: its own native part lacks a library
    raise errors.MissingLibrary(
        "lightgbm is not installed", "the algorithm lightgbm needs it", "%pip install lightgbm"
    ) from error

NATIVE = threading.RLock()
"""LightGBM keeps its number of threads for the whole process: a prediction that sets it while another thread trains
lets that training write beyond the buffers it made for fewer threads."""
Monitor = Callable[[int, Any, dict[str, Any]], bool]
_COUNT = [Interval(Integral, 1, None, closed="left")]
_SHARE = [Interval(Real, 0, 1, closed="right")]
_NUMBER = [Interval(Real, 0, None, closed="left")]
_NAMES = {
    "learning_rate": "learning_rate", "num_leaves": "num_leaves", "max_depth": "max_depth",
    "min_child_samples": "min_data_in_leaf", "subsample": "bagging_fraction",
    "colsample_bytree": "feature_fraction", "reg_alpha": "lambda_l1", "reg_lambda": "lambda_l2",
    "min_split_gain": "min_gain_to_split", "max_bin": "max_bin", "random_state": "seed",
}  # fmt: skip
"""Parameters as in LightGBM's scikit-learn classes -> as in its training function."""


class _Boosted(BaseEstimator):
    """Trees boosted by LightGBM; parameters are named as in its scikit-learn classes.

    ``text_`` is the model as LightGBM writes it, without what predicting does not need.
    """

    needs = ("lightgbm",)
    """Packages that whoever opens a model needs."""
    _parameter_constraints: dict[str, list[Any]] = {
        "n_estimators": _COUNT, "learning_rate": _NUMBER, "num_leaves": [Interval(Integral, 2, 131072, closed="both")],
        "max_depth": [Interval(Integral, -1, None, closed="left")],
        "min_child_samples": [Interval(Integral, 0, None, closed="left")], "subsample": _SHARE,
        "colsample_bytree": _SHARE, "reg_alpha": _NUMBER, "reg_lambda": _NUMBER,
        "min_split_gain": _NUMBER, "max_bin": [Interval(Integral, 2, 65535, closed="both")],
    }  # fmt: skip

    def __init__(
        self,
        *,
        n_estimators: int = 100,
        learning_rate: float = 0.1,
        num_leaves: int = 31,
        max_depth: int = -1,
        min_child_samples: int = 20,
        subsample: float = 1.0,
        colsample_bytree: float = 1.0,
        reg_alpha: float = 0.0,
        reg_lambda: float = 0.0,
        min_split_gain: float = 0.0,
        max_bin: int = 255,
        random_state: int = 0,
    ) -> None:
        self.n_estimators, self.learning_rate, self.num_leaves = (
            n_estimators,
            learning_rate,
            num_leaves,
        )
        self.max_depth, self.min_child_samples = max_depth, min_child_samples
        self.subsample, self.colsample_bytree = subsample, colsample_bytree
        self.reg_alpha, self.reg_lambda, self.min_split_gain = reg_alpha, reg_lambda, min_split_gain
        self.max_bin, self.random_state = max_bin, random_state

    def _boost(
        self, X: Any, y: Any, weights: Any, objective: dict[str, JSON], monitor: Monitor | None
    ) -> None:
        """Grow the trees; where `monitor` says so, stop and keep those there are."""
        rows = lightgbm.Dataset(X, y, weight=weights, free_raw_data=True)

        def tell(env: Any) -> None:
            if monitor is not None and monitor(env.iteration, self, {}):
                raise lightgbm.callback.EarlyStopException(env.iteration, [])

        asked = {theirs: getattr(self, ours) for ours, theirs in _NAMES.items()}
        fixed = {
            "num_threads": 0,  # as many as the caller allows OpenMP
            "deterministic": True, "force_row_wise": True, "verbose": -1,
            "bagging_freq": int(self.subsample < 1),
        }  # fmt: skip
        try:
            with NATIVE:
                grown = lightgbm.train(
                    {**asked, **fixed, **objective}, rows, self.n_estimators, callbacks=[tell]
                )
        except lightgbm.basic.LightGBMError as error:
            raise ValueError(str(error)) from error  # as scikit-learn says what it does not take
        self.__dict__.pop("_booster", None)  # it was read from what was learned before
        self.text_ = boosters.plain(grown.model_to_string())
        self.n_iter_ = grown.current_iteration()

    def _raw(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        booster = self.__dict__.get("_booster")
        if booster is None:
            booster = self._booster = lightgbm.Booster(model_str=self.text_)
        checked = self._checked(X, reset=False)
        with NATIVE:
            return np.asarray(booster.predict(checked, num_threads=1))

    def _outputs(self) -> int:
        return 1

    def _checked(self, X: Any, *, reset: bool) -> Any:
        return validate_data(
            self,
            X,
            accept_sparse="csr",
            dtype="float64",
            ensure_all_finite="allow-nan",
            reset=reset,
        )

    @classmethod
    def _get_param_names(cls) -> list[str]:
        made = (inspect.signature(each.__init__).parameters for each in (cls, _Boosted))
        return sorted({name for names in made for name in names} - {"self", "params"})

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in super().__getstate__().items() if k != "_booster"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if hasattr(self, "text_"):
            boosters.check(self.text_, self.n_features_in_, self._outputs())

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = tags.input_tags.allow_nan = True
        return tags


class LightGBMClassifier(ClassifierMixin, _Boosted):
    """LightGBM's trees for classes."""

    _parameter_constraints = _Boosted._parameter_constraints | {
        "class_weight": [StrOptions({"balanced"}), dict, None]
    }

    def __init__(self, *, class_weight: Any = None, **params: Any) -> None:
        super().__init__(**params)
        self.class_weight = class_weight

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, monitor: Monitor | None = None
    ) -> LightGBMClassifier:
        """Learn; `monitor` is called after each round as scikit-learn's gradient boosting calls it."""
        self._validate_params()
        X = self._checked(X, reset=True)
        self.classes_, places = np.unique(np.asarray(y), return_inverse=True)
        weights = None if sample_weight is None else np.asarray(sample_weight, dtype="float64")
        if self.class_weight is not None:
            of_classes = compute_sample_weight(self.class_weight, np.asarray(y))
            weights = of_classes if weights is None else weights * of_classes
        many = len(self.classes_) > 2
        objective = {"objective": "multiclass", "num_class": len(self.classes_)}
        self._boost(X, places, weights, objective if many else {"objective": "binary"}, monitor)
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probability of each class: rows x classes."""
        found = self._raw(X)
        return found if found.ndim == 2 else np.column_stack([1 - found, found])

    def predict(self, X: Any) -> np.ndarray:
        """Return the likeliest class of each row."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def _outputs(self) -> int:
        return len(self.classes_) if len(self.classes_) > 2 else 1


class LightGBMRegressor(RegressorMixin, _Boosted):
    """LightGBM's trees for numbers."""

    _parameter_constraints = _Boosted._parameter_constraints | {
        "objective": [StrOptions({"regression", "regression_l1", "huber", "quantile", "poisson"})],
        "alpha": _SHARE,
    }

    def __init__(self, *, objective: str = "regression", alpha: float = 0.9, **params: Any) -> None:
        super().__init__(**params)
        self.objective, self.alpha = objective, alpha

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, monitor: Monitor | None = None
    ) -> LightGBMRegressor:
        """Learn; `monitor` is called after each round as scikit-learn's gradient boosting calls it."""
        self._validate_params()
        X = self._checked(X, reset=True)
        objective = {"objective": self.objective, "alpha": self.alpha}
        self._boost(X, np.asarray(y, dtype="float64"), sample_weight, objective, monitor)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Return a number a row."""
        return self._raw(X)


def _lightgbm(task: str, params: dict[str, JSON], seed: int) -> Any:
    kind = LightGBMClassifier if task == "classification" else LightGBMRegressor
    return kind(**params, random_state=seed)


RECIPES = {"lightgbm": Recipe(_lightgbm, takes_missing=True, threads=True, watch="monitor")}
