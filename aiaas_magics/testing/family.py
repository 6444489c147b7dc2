"""The contract every algorithm keeps: what its descriptor says is what its estimator does.

Make a sub-class with an ``algorithm`` fixture, or use ``specs.algorithms.ALGORITHMS`` as the tests do.
"""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import Pipeline

from aiaas_magics import errors
from aiaas_magics.engines import artefacts
from aiaas_magics.engines.families import recipe
from aiaas_magics.specs.algorithms import Algorithm, Parameter, check_parameters, space
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.records import Lineage, Signature

ROWS = 120


def table(task: str, classes: int = 3) -> tuple[pd.DataFrame, pd.Series[Any]]:
    """Return a small table that can be learned: two columns that matter and one that does not."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(ROWS, 3)), columns=["a", "b", "c"])
    score = X["a"] + 2 * X["b"]
    if task == "regression":
        return X, score
    names = np.array(["x", "y", "z"])[:classes]
    return X, pd.Series(names[pd.qcut(score, classes, labels=False)], name="label")


def values_of(parameter: Parameter) -> list[JSON]:
    """Return values the descriptor allows: its default, every choice, the ends of its range."""
    found = [*parameter.choices, parameter.default]
    low = parameter.low if parameter.low is not None else 0.5
    found += [max(1, int(low) + parameter.open_low)] if "int" in parameter.types else []
    found += [min(low + 0.1, parameter.high or 1.0)] if "float" in parameter.types else []
    found += [None] if "none" in parameter.types else []
    return [value for value in found if parameter.accepts(value)]


class FamilyContract:
    """What an algorithm promises, for each task it claims."""

    @pytest.fixture
    def algorithm(self) -> Algorithm:
        """Give the algorithm; sub-classes say which."""
        pytest.fail("a sub-class gives the algorithm")

    @pytest.fixture(params=["classification", "regression"])
    def task(self, request: pytest.FixtureRequest, algorithm: Algorithm) -> str:
        """Give each task the algorithm claims."""
        if request.param not in algorithm.tasks:
            pytest.skip(f"{algorithm.name} does not do {request.param}")
        return str(request.param)

    def fitted(
        self, algorithm: Algorithm, task: str, params: dict[str, JSON] | None = None, seed: int = 0
    ) -> Any:
        """Return a fitted pipeline."""
        model = recipe(algorithm).build(task, params or {}, seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about convergence on ten rows
            return Pipeline([("prepare", "passthrough"), ("model", model)]).fit(*table(task))

    def test_it_learns(self, algorithm: Algorithm, task: str) -> None:
        """Better than half of what there is to learn."""
        X, y = table(task)
        assert self.fitted(algorithm, task).score(X, y) > 0.5

    def test_the_same_seed_gives_the_same_model(self, algorithm: Algorithm, task: str) -> None:
        """Bit by bit."""
        X, _ = table(task)
        one, two = (self.fitted(algorithm, task, seed=3).predict(X) for _ in range(2))
        assert np.array_equal(one, two)

    def test_it_survives_being_saved(self, algorithm: Algorithm, task: str) -> None:
        """The opened model predicts the same bits."""
        X, _ = table(task)
        pipeline = self.fitted(algorithm, task)
        signature = Signature(inputs=tuple((name, "double") for name in X.columns), output="label")
        lineage = Lineage(spec={"kind": "train"}, data="sha256:" + "0" * 64)
        with tempfile.TemporaryDirectory() as folder:
            artefacts.save(
                pipeline, Path(folder), signature=signature, lineage=lineage, example={"a": 0.0}
            )
            opened = artefacts.load(Path(folder))
        assert np.array_equal(opened.predict(X), pipeline.predict(X))

    def test_it_takes_missing_values_as_it_says(self, algorithm: Algorithm, task: str) -> None:
        """`takes_missing` is the truth."""
        X, y = table(task)
        X = X.mask(X > 1.5)
        model = recipe(algorithm).build(task, {}, 0)
        if recipe(algorithm).takes_missing:
            assert len(model.fit(X, y).predict(X)) == ROWS
        else:
            with pytest.raises(ValueError, match="NaN"):
                model.fit(X, y)

    def test_every_parameter_is_real(self, algorithm: Algorithm, task: str) -> None:
        """Named as scikit-learn names it, with the default of what is fitted."""
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

    def test_unknown_parameters_are_refused(self, algorithm: Algorithm, task: str) -> None:
        """Before anything is fitted."""
        with pytest.raises(errors.SpecError):
            check_parameters(algorithm, {"no_such_parameter": 1}, task)
