"""Estimators of the user's own: opened after an audit, seeded, and treated like an algorithm.

A bare estimator is given what algorithms are given: numbers that our preparation makes of raw columns. One
that prepares by itself (a Pipeline, or anything with one or a ColumnTransformer in it) is given the table as
it is prepared: raw columns by name where no step was asked for.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.utils import get_tags

from aiaas_magics import errors
from aiaas_magics.engines import coding, families, prepare, usermodules
from aiaas_magics.engines.context import Context
from aiaas_magics.engines.families import Recipe
from aiaas_magics.engines.models.trusted import TRUSTED
from aiaas_magics.specs import algorithms
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.estimators import Estimator
from aiaas_magics.specs.train import TrainSpec
from aiaas_magics.specs.tune import TuneSpec


def recipe_of(spec: TrainSpec | TuneSpec, context: Context) -> Recipe:
    """Return how the algorithm, or the user's own estimator, of a spec is made.

    Raises
    ------
    SpecError
        If the estimator holds types that are not built.
    """
    if spec.estimator is None:
        return families.recipe(algorithms.find(spec.algo))
    found = opened(spec.estimator, context)
    tags = get_tags(found).input_tags
    return Recipe(
        build=partial(_build, found), takes_missing=tags.allow_nan, takes_sparse=tags.sparse
    )


def opened(estimator: Estimator, context: Context) -> Any:
    """Return the unfitted object, its bytes audited, its module importable."""
    import skops.io

    folder = code_folder(context)
    if estimator.source:
        usermodules.write(folder, estimator.source)
    own = usermodules.admit(folder) if estimator.source else frozenset()
    body = context.blob(estimator.body).read_bytes()
    foreign = sorted(set(skops.io.get_untrusted_types(data=body)) - TRUSTED - own)
    if foreign:
        raise untrusted(estimator.name, foreign)
    return skops.io.loads(body, trusted=sorted(TRUSTED | own))


def code_folder(context: Context) -> Path:
    """Return the folder of a job's modules."""
    return context.scratch / usermodules.FOLDER


def untrusted(name: str, foreign: list[str]) -> errors.SpecError:
    """Return the error for types that are not on our list."""
    if any(each.startswith("lightgbm.") for each in foreign):
        return errors.SpecError(
            f"{name} holds {foreign[0]}, which is not built here",
            "LightGBM is an algorithm here, its parameters have the same names",
            "--algo lightgbm",
        )
    return errors.SpecError(
        f"{name} holds {foreign[0]}, which is not built here",
        "scikit-learn's estimators and what is defined in cells are; an audit names the rest",
        "define it in a cell, or leave it out",
    )


def prepares(model: Any) -> bool:
    """Tell whether an estimator takes tables as they are: it is or holds a preparation of its own."""
    own = (Pipeline, ColumnTransformer, FeatureUnion)
    return isinstance(model, own) or any(isinstance(part, own) for part in _parts(model))


def preparation(
    spec: TrainSpec | TuneSpec, model: Any, found: Recipe, coded: coding.Coded, task: str
) -> Any:
    """Return what an estimator is given its features through: numbers, or the table as it is prepared."""
    if spec.estimator is not None and prepares(model):
        return prepare.as_prepared(coded.steps, coded.X, coded.roles, task)
    # Forests take gaps in dense tables and sparse tables without gaps; only prose is worth a sparse one.
    both = found.takes_missing and found.takes_sparse
    prose = prepare.holds_prose(coded.steps, coded.X, coded.roles)
    return prepare.transformer(
        coded.steps,
        coded.X,
        coded.roles,
        takes_missing=found.takes_missing and not (both and prose),
        takes_sparse=found.takes_sparse and not ((both or found.dense) and not prose),
        task=task,
    )


def _parts(model: Any) -> Iterator[Any]:
    return (
        part for part in model.get_params(deep=True).values() if isinstance(part, BaseEstimator)
    )


def _build(found: Any, task: str, params: Mapping[str, JSON], seed: int) -> Any:
    del task
    model = with_params(clone(found), params)
    return seeded(model, seed)


def with_params(model: Any, params: Mapping[str, JSON]) -> Any:
    """Return the estimator with parameters, addressed as scikit-learn does: ``model__max_depth``.

    Raises
    ------
    SpecError
        If it has none of that name.
    """
    known = model.get_params(deep=True)
    for name in params:
        if name not in known:
            near = errors.nearest(name, known)
            raise errors.SpecError(
                f"{type(model).__name__} has no parameter {name!r}",
                errors.did_you_mean(name, known),
                f"{near}=..." if near else "",
            )
    return model.set_params(**params) if params else model


def seeded(model: Any, seed: int) -> Any:
    """Return the estimator with every ``random_state`` that is None set: equal lines, equal models.

    numpy's and Python's own generators are seeded too, for code that draws from them.
    """
    np.random.seed(seed % 2**32)  # noqa: NPY002 - what code of the user's own may draw from
    random.seed(seed)
    params = model.get_params(deep=True)
    unset = [n for n, v in params.items() if n.rpartition("__")[2] == "random_state" and v is None]
    return model.set_params(**dict.fromkeys(unset, seed)) if unset else model


def check_predictions(
    model: Any, X: Any, spec: TrainSpec | TuneSpec, classes: tuple[JSON, ...]
) -> None:
    """Check on a few rows that a fitted estimator's answers have the form of answers.

    Raises
    ------
    UserCodeError
        If there is not one answer a row, or not one probability a row and class.
    """
    if spec.estimator is None:
        return
    few = X.iloc[:5]
    found = np.shape(model.predict(few))
    if found != (len(few),):
        raise _shape(
            f"predict returns {found} for {len(few)} rows", f"one answer a row: ({len(few)},)"
        )
    if classes and hasattr(model, "predict_proba"):
        wanted, found = (len(few), len(classes)), np.shape(model.predict_proba(few))
        if found != wanted:
            raise _shape(
                f"predict_proba returns {found}", f"a row a row, a column a class: {wanted}"
            )


def _shape(what: str, hint: str) -> errors.UserCodeError:
    return errors.UserCodeError(what, hint, "return np.asarray(...)")


def params_of(
    spec: TrainSpec | TuneSpec, fitted: Pipeline, asked: dict[str, JSON]
) -> dict[str, JSON]:
    """Return the parameters of a model: those asked for, and of an own estimator those its maker has set."""
    if spec.estimator is None:
        return asked
    found: dict[str, JSON] = {}
    _tell(fitted.steps[-1][1], "", found)
    return found | asked


def _tell(model: Any, prefix: str, found: dict[str, JSON]) -> None:
    fresh = _defaults(model)
    for name, value in model.get_params(deep=False).items():
        plain = value is None or isinstance(value, bool | int | float | str)
        if plain and name != "random_state" and value != fresh.get(name, ...):
            found[f"{prefix}{name}"] = value
    named = getattr(model, "steps", None) or getattr(model, "transformers", None) or ()
    parts = [(each[0], each[1]) for each in named] or list(model.get_params(deep=False).items())
    for name, part in parts:
        if isinstance(part, BaseEstimator):
            _tell(part, f"{prefix}{name}__", found)


def _defaults(model: Any) -> dict[str, Any]:
    import inspect

    rows = inspect.signature(type(model).__init__).parameters.values()
    return {row.name: row.default for row in rows if row.default is not inspect.Parameter.empty}
