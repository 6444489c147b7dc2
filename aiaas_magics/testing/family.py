"""The contracts every algorithm keeps: what its descriptor says is what its estimator does.

Make a sub-class with a ``claim`` fixture, an algorithm and a task it claims; `claims` lists those of a table.
``FamilyContract`` is for every claim, ``ClassifierContract`` for those of classification on top.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from aiaas_magics import errors
from aiaas_magics.engines import weighing
from aiaas_magics.engines.families import recipe
from aiaas_magics.engines.models import artefacts
from aiaas_magics.predictors.base import Outcome, Rows
from aiaas_magics.predictors.sklearn import SklearnPredictor
from aiaas_magics.specs import algorithms
from aiaas_magics.specs.algorithms import Algorithm, Parameter, check_parameters, space
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.records import Lineage, Signature

ROWS = 120
KINDS: dict[str, list[JSON]] = {
    "text": ["x", "y", "z"], "two texts": ["no", "yes"], "truth": [False, True], "whole": [3, 7, 11],
}  # fmt: skip
"""Classes of every kind a target may have."""


class Claim(NamedTuple):
    """An algorithm and a task it claims."""

    algorithm: Algorithm
    task: str

    def __str__(self) -> str:
        return f"{self.algorithm.name}-{self.task}"


def claims(known: Iterable[Algorithm], *, task: str | None = None) -> list[Claim]:
    """Return the claims of algorithms, of one task or of all."""
    found = [Claim(algorithm, claimed) for algorithm in known for claimed in algorithm.tasks]
    return [claim for claim in found if task in (None, claim.task)]


def table(task: str, classes: list[JSON] | None = None) -> tuple[pd.DataFrame, pd.Series[Any]]:
    """Return a small table that can be learned: two columns that matter and one that does not."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(ROWS, 3)), columns=["a", "b", "c"])
    score = X["a"] + 2 * X["b"]
    if task == "regression":
        return X, score
    names = np.array(classes or KINDS["text"])
    return X, pd.Series(names[pd.qcut(score, len(names), labels=False)], name="label")


def contradicted(task: str) -> tuple[pd.DataFrame, pd.Series[Any], np.ndarray]:
    """Return a table, then the same rows with another target, and weights that make the first half count."""
    X, y = table(task)
    other = -y if task == "regression" else y.map({"x": "y", "y": "z", "z": "x"})
    both = pd.concat([X, X], ignore_index=True), pd.concat([y, other], ignore_index=True)
    return *both, np.repeat([1.0, 0.01], ROWS)


def values_of(parameter: Parameter) -> list[JSON]:
    """Return values the descriptor allows: its default, every choice, the ends of its range."""
    found = [*parameter.choices, parameter.default]
    low = parameter.low if parameter.low is not None else 0.5
    found += [max(1, int(low) + parameter.open_low)] if "int" in parameter.types else []
    found += [min(low + 0.1, parameter.high or 1.0)] if "float" in parameter.types else []
    found += [None] if "none" in parameter.types else []
    found += [[10, 5]] if "sizes" in parameter.types else []
    found += [{"x": 2, "y": 0.5}] if "weights" in parameter.types else []
    return [value for value in found if parameter.accepts(value)]


def opened(pipeline: Any, y: pd.Series[Any]) -> tuple[Any, Signature]:
    """Return a pipeline as an endpoint opens it: written, read by our own list, checked."""
    classes = tuple(sorted(pd.unique(y).tolist())) if y.name == "label" else ()
    inputs = tuple((name, "double") for name in ("a", "b", "c"))
    signature = Signature(inputs=inputs, output="label", classes=classes, required=("a", "b", "c"))
    lineage = Lineage(spec={"kind": "train"}, data="sha256:" + "0" * 64)
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder)
        artefacts.save(pipeline, where, signature=signature, lineage=lineage, example={"a": 0.0})
        return artefacts.load(where), signature


def served(pipeline: Any, X: pd.DataFrame, y: pd.Series[Any]) -> Outcome:  # noqa: N803
    """Return what an endpoint answers for a table."""
    columns = {str(name): X[name].tolist() for name in X.columns}
    predictor = SklearnPredictor(*opened(pipeline, y))
    return predictor.predict(Rows(predictor.signature, columns), proba=True)


class Contract:
    """What both contracts share."""

    @pytest.fixture
    def claim(self) -> Claim:
        """Give the algorithm and the task; sub-classes say which."""
        pytest.fail("a sub-class gives the claim")

    @pytest.fixture
    def algorithm(self, claim: Claim) -> Algorithm:
        """Give the algorithm."""
        return claim.algorithm

    @pytest.fixture
    def task(self, claim: Claim) -> str:
        """Give the task."""
        return claim.task

    def fitted(
        self, algorithm: Algorithm, X: Any, y: Any, *, seed: int = 0, threads: int = 1,  # noqa: N803
        params: dict[str, JSON] | None = None, weights: Any = None
    ) -> Any:  # fmt: skip
        """Return a fitted pipeline."""
        task = "classification" if y.name == "label" else "regression"
        model = recipe(algorithm).build(task, params or {}, seed)
        more = {} if weights is None else {"model__sample_weight": weights}
        with warnings.catch_warnings(), threadpool_limits(threads):
            warnings.simplefilter("ignore")  # about convergence on few rows
            return Pipeline([("prepare", "passthrough"), ("model", model)]).fit(X, y, **more)


class FamilyContract(Contract):
    """What an algorithm promises, for each task it claims."""

    def test_it_learns(self, algorithm: Algorithm, task: str) -> None:
        """Better than half of what there is to learn."""
        X, y = table(task)
        assert self.fitted(algorithm, X, y).score(X, y) > 0.5

    def test_the_same_seed_gives_the_same_model(self, algorithm: Algorithm, task: str) -> None:
        """Bit by bit, and on any number of threads where it uses its own."""
        X, y = table(task)
        threads = recipe(algorithm).threads
        few = {p.name: 5 for p in algorithm.parameters if p.name in ("n_estimators", "max_iter")}
        one, two = (
            self.fitted(algorithm, X, y, seed=3, threads=n, params=few if threads else {})
            for n in (1, 2 if threads else 1)
        )
        assert np.array_equal(one.predict(X), two.predict(X))

    def test_it_is_served_as_it_was_learned(self, algorithm: Algorithm, task: str) -> None:
        """Saved, opened and asked by an endpoint, labels and probabilities are the same bits."""
        X, y = table(task)
        pipeline = self.fitted(algorithm, X, y)
        answer = served(pipeline, X, y)
        assert answer.labels.tolist() == pipeline.predict(X).tolist()
        known = hasattr(pipeline, "predict_proba")
        found = None if answer.proba is None else answer.proba.tolist()
        assert found == (pipeline.predict_proba(X).tolist() if known else None)

    def test_it_takes_missing_values_as_it_says(self, algorithm: Algorithm, task: str) -> None:
        """`takes_missing` is the truth."""
        X, y = table(task)
        X = X.mask(X > 1.5)
        if recipe(algorithm).takes_missing:
            assert len(self.fitted(algorithm, X, y).predict(X)) == ROWS
        else:
            with pytest.raises(ValueError, match="NaN"):
                self.fitted(algorithm, X, y)

    def test_it_takes_sparse_tables_as_it_says(self, algorithm: Algorithm, task: str) -> None:
        """`takes_sparse` is the truth."""
        X, y = table(task)
        thin = sparse.csr_matrix(X.to_numpy())
        if recipe(algorithm).takes_sparse:
            assert len(self.fitted(algorithm, thin, y).predict(thin)) == ROWS
        else:
            with pytest.raises(TypeError, match=r"[Ss]parse"):
                self.fitted(algorithm, thin, y)

    def test_it_takes_weights_as_it_says(self, algorithm: Algorithm, task: str) -> None:
        """`takes_weights` is the truth, and rows that weigh more are learned better."""
        X, y, weights = contradicted(task)
        if not algorithm.takes_weights:
            with pytest.raises(TypeError, match="sample_weight"):
                self.fitted(algorithm, X, y, weights=weights)
            return
        heavy, light = X[:ROWS], y[:ROWS]
        alike = self.fitted(algorithm, X, y).score(heavy, light)
        assert self.fitted(algorithm, X, y, weights=weights).score(heavy, light) > alike

    def test_every_parameter_is_real(self, algorithm: Algorithm, task: str) -> None:
        """Named as its library names it, with the default of what is fitted."""
        known = recipe(algorithm).build(task, {}, 0).get_params()
        told = {p.name: p.default for p in algorithm.parameters if task in p.tasks}
        assert {name: known.get(name, "no such parameter") for name in told} == told

    def test_every_allowed_value_is_accepted(self, algorithm: Algorithm, task: str) -> None:
        """By the estimator's own check of its parameters."""
        for parameter in algorithm.parameters:
            for value in values_of(parameter) if task in parameter.tasks else []:
                check_parameters(algorithm, {parameter.name: value}, task)
                recipe(algorithm).build(task, {parameter.name: value}, 0)._validate_params()

    def test_what_is_worth_trying_is_allowed(self, algorithm: Algorithm, task: str) -> None:
        """The search space lies inside what the parameters take, and holds more than one value."""
        for name, search in space(algorithm, task).items():
            tried = search.grid(5)
            assert len(tried) > 1
            for value in tried:
                check_parameters(algorithm, {name: value}, task)
                recipe(algorithm).build(task, {name: value}, 0)._validate_params()

    def test_what_tuning_tries_is_worth_trying(self, algorithm: Algorithm, task: str) -> None:
        """Of parameters that have a search, and few."""
        tried = algorithms.grid(algorithm, task)
        assert set(tried) <= set(space(algorithm, task))
        assert np.prod([len(values) for values in tried.values()]) <= 18

    def test_unknown_parameters_are_refused(self, algorithm: Algorithm, task: str) -> None:
        """Before anything is fitted."""
        with pytest.raises(errors.SpecError):
            check_parameters(algorithm, {"no_such_parameter": 1}, task)


class ClassifierContract(Contract):
    """What an algorithm that tells classes apart promises on top."""

    @pytest.mark.parametrize("kind", KINDS)
    def test_it_tells_classes_of_every_kind_apart(self, algorithm: Algorithm, kind: str) -> None:
        """Two or more, of text, numbers or truth values; served in their own type."""
        X, y = table("classification", KINDS[kind])
        pipeline = self.fitted(algorithm, X, y)
        answer = served(pipeline, X, y)
        assert pipeline.score(X, y) > 0.6
        assert answer.labels.tolist() == pipeline.predict(X).tolist()
        assert {type(label) for label in answer.labels.tolist()} == {type(KINDS[kind][0])}

    def test_probabilities_are_ones_of_the_labels(self, algorithm: Algorithm) -> None:
        """They add up to 1, a column a class in order, and the likeliest class is the label."""
        X, y = table("classification")
        pipeline = self.fitted(algorithm, X, y)
        if not hasattr(pipeline, "predict_proba"):
            assert served(pipeline, X, y).proba is None
            return
        proba = pipeline.predict_proba(X)
        assert proba.shape == (ROWS, 3)
        assert np.allclose(proba.sum(axis=1), 1)
        assert np.array_equal(np.array(["x", "y", "z"])[proba.argmax(axis=1)], pipeline.predict(X))

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_class_that_weighs_more_is_found_more_often(
        self, algorithm: Algorithm, kind: str
    ) -> None:
        """Where it has class weights; they are asked for by the classes' names."""
        if not any(p.name == "class_weight" for p in algorithm.parameters):
            return
        names = KINDS[kind]
        X, y = table("classification", names)
        y = y.sample(frac=1, random_state=0).reset_index(
            drop=True
        )  # nothing to learn but the weights
        asked = weighing.of_classes({"class_weight": {str(names[-1]): 50}}, names)
        heavy = self.fitted(algorithm, X, y, params=_shallow(algorithm) | asked).predict(X)
        alike = self.fitted(algorithm, X, y, params=_shallow(algorithm)).predict(X)
        assert (heavy == names[-1]).sum() > (alike == names[-1]).sum()


def _shallow(algorithm: Algorithm) -> dict[str, JSON]:
    """Return parameters with which a tree cannot learn every row by heart."""
    limits = {"max_depth": 2, "n_estimators": 10, "max_iter": 10, "min_samples_leaf": 20}
    grows = any(p.name == "max_depth" for p in algorithm.parameters)
    known = {p.name for p in algorithm.parameters}
    return {name: limit for name, limit in limits.items() if grows and name in known}
