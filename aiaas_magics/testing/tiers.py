"""The contract every tier keeps: what it takes it answers as scikit-learn does, and what it cannot do it says.

Make a sub-class with a ``tier`` fixture, and one ``claim`` for each model of `MODELS` that the tier takes.
"""

from __future__ import annotations

import functools
import shutil
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    BaggingClassifier,
    BaggingRegressor,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier, SGDClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from threadpoolctl import threadpool_limits

from aiaas_magics import frames
from aiaas_magics.engines import profile, signatures
from aiaas_magics.engines.optimising import adversarial, building, gate
from aiaas_magics.engines.optimising.base import Tier, Unconvertible
from aiaas_magics.predictors.base import Predictor, Rows
from aiaas_magics.predictors.sklearn import SklearnPredictor
from aiaas_magics.specs.records import Lineage, ModelInfo

ROWS = 160


class Claim(NamedTuple):
    """A fitted model, its record, the table it learned from, and scikit-learn's own predictor of it."""

    pipeline: Any
    info: ModelInfo
    frame: pd.DataFrame
    known: Predictor

    def rows(self) -> Rows:
        """Return the training rows and those made to find differences."""
        names = [name for name, _ in self.info.signature.inputs]
        base = {name: list(frames.values(self.frame[name])) for name in names}
        odd = adversarial.rows(base, self.info.signature, self.pipeline)
        return Rows(self.info.signature, {name: [*base[name], *odd[name]] for name in names})


def table() -> pd.DataFrame:
    """Return numbers with and without gaps, whole ones, time stamps, and categories."""
    rng = np.random.default_rng(0)
    gaps = np.arange(ROWS) % 9 == 4
    return pd.DataFrame(
        {
            "x": rng.normal(size=ROWS) * 10,
            "n": rng.integers(-9, 9, ROWS),
            "gaps": pd.Series(rng.normal(size=ROWS)).mask(gaps),
            "when": 1.7e9 + 1e5 * rng.normal(size=ROWS),
            "kind": rng.choice(["a", "b", "ü"], ROWS),
        }
    )


def mixed(model: Any) -> Pipeline:
    """Return a model behind the usual preparation of mixed columns."""
    steps = [
        ("numbers", StandardScaler(), ["x", "n", "when"]),
        ("filled", SimpleImputer(strategy="median"), ["gaps"]),
        ("kinds", OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["kind"]),
    ]
    return Pipeline([("prepare", ColumnTransformer(steps)), ("model", model)])


def _forest(**more: Any) -> RandomForestClassifier:
    return RandomForestClassifier(8, random_state=0, **more)


MODELS: dict[str, Callable[[], Any]] = {
    "tree": lambda: DecisionTreeClassifier(random_state=0),
    "tree regression": lambda: DecisionTreeRegressor(random_state=0),
    "forest": _forest,
    "shallow forest": lambda: _forest(max_depth=3),
    "forest regression": lambda: RandomForestRegressor(8, random_state=0),
    "extra trees regression": lambda: ExtraTreesRegressor(8, random_state=0),
    "boosting": lambda: GradientBoostingClassifier(n_estimators=8, random_state=0),
    "boosting regression": lambda: GradientBoostingRegressor(n_estimators=8, random_state=0),
    "histograms": lambda: HistGradientBoostingClassifier(max_iter=8, random_state=0),
    "histograms regression": lambda: HistGradientBoostingRegressor(max_iter=8, random_state=0),
    "adaboost": lambda: AdaBoostClassifier(n_estimators=8, random_state=0),
    "adaboost regression": lambda: AdaBoostRegressor(n_estimators=8, random_state=0),
    "bagged trees": lambda: BaggingClassifier(n_estimators=4, max_features=0.7, random_state=0),
    "bagged trees regression": lambda: BaggingRegressor(n_estimators=4, random_state=0),
    "logistic": lambda: LogisticRegression(max_iter=500),
    "ridge": RidgeClassifier,
    "ridge regression": Ridge,
    "gradient descent": lambda: SGDClassifier(loss="log_loss", random_state=0),
    "network": lambda: MLPClassifier(hidden_layer_sizes=(8,), max_iter=40, random_state=0),
    "network regression": lambda: MLPRegressor(hidden_layer_sizes=(8,), max_iter=40, random_state=0),
    "vectors": SVC,
    "vectors regression": SVR,
    "votes": lambda: VotingClassifier([("f", _forest()), ("v", SVC()), ("r", RidgeClassifier())]),
    "shares": lambda: VotingClassifier(
        [("f", _forest()), ("l", LogisticRegression(max_iter=500))], voting="soft", weights=[2, 1]
    ),
    "mean regression": lambda: VotingRegressor([("t", DecisionTreeRegressor()), ("r", Ridge())]),
    "stack": lambda: StackingClassifier(
        [("f", _forest()), ("r", RidgeClassifier())], LogisticRegression(), cv=2, passthrough=True
    ),
    "stack regression": lambda: StackingRegressor([("t", DecisionTreeRegressor()), ("r", Ridge())], Ridge(), cv=2),
}  # fmt: skip
"""Models by name; one with "regression" in its name predicts a number, the others one of three classes."""
TREES = tuple(name for name in MODELS if any(word in name for word in ("tree", "forest", "boost", "histograms")))  # fmt: skip


@functools.cache
def claim(name: str) -> Claim:
    """Return a model of `MODELS`, fitted behind the usual preparation."""
    frame = table()
    score = frame["x"] / 10 + frame["n"] / 5 + (frame["kind"] == "a")
    task = "regression" if "regression" in name else "classification"
    y = score if task == "regression" else pd.qcut(score, 3, labels=["low", "mid", "top"]).astype("str")  # fmt: skip
    return of(mixed(MODELS[name]()), frame, y)


def of(model: Any, frame: pd.DataFrame, y: Any) -> Claim:
    """Return an unfitted model, fitted, with what a gate needs to know of it."""
    regression = pd.api.types.is_float_dtype(np.asarray(y).dtype)
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about convergence on few rows
        model.fit(frame, y)
    classes = () if regression else tuple(np.unique(y).tolist())
    signature = signatures.of(frame, profile.roles(frame), target="y", classes=classes)
    info = ModelInfo(
        name="m", version=1, task="regression" if regression else "classification", algo="any", target="y",
        created=0.0, signature=signature, lineage=Lineage(spec={}, data=""), digest="sha256:" + "0" * 64,
    )  # fmt: skip
    return Claim(model, info, frame, SklearnPredictor(model, signature))


class Renamed(TransformerMixin, BaseEstimator):
    """A transformer that no tier knows."""

    def fit(self, X: Any, y: Any = None) -> Renamed:  # noqa: N803
        """Learn nothing."""
        del X, y
        self.fitted_ = True
        return self

    def transform(self, X: Any) -> Any:  # noqa: N803
        """Return what comes."""
        return X


class TierContract:
    """What a tier promises of each model it takes."""

    @pytest.fixture
    def tier(self) -> Tier:
        """Give the tier; sub-classes say which."""
        pytest.fail("a sub-class gives the tier")

    @pytest.fixture
    def claim(self) -> Claim:
        """Give a model that the tier takes; sub-classes say which."""
        pytest.fail("a sub-class gives the claim")

    @pytest.fixture
    def predictor(self, tier: Tier, claim: Claim, tmp_path: Path) -> Iterator[Predictor]:
        """Give the tier's predictor, opened from its files, asked by one thread as a worker asks it."""
        with threadpool_limits(1):
            yield building.built(tier, claim.pipeline, claim.info, tmp_path, lambda: claim.pipeline)

    def test_its_answers_pass_the_gate(self, claim: Claim, predictor: Predictor) -> None:
        """On training rows and on those made to find differences."""
        rows = claim.rows()
        answers = gate.ask(claim.known, rows), gate.ask(predictor, rows)
        found = gate.compare(*answers, claim.info.task, 1.0)
        assert found.equal, found

    def test_a_row_is_answered_alone_as_among_others(
        self, claim: Claim, predictor: Predictor
    ) -> None:
        """Batches are made of whatever waits."""
        names = [name for name, _ in claim.info.signature.inputs]
        columns = {name: list(frames.values(claim.frame[name].head(5))) for name in names}
        whole = predictor.predict(Rows(claim.info.signature, columns), proba=True)
        for i in range(5):
            row = Rows(claim.info.signature, {name: [columns[name][i]] for name in names})
            alone = predictor.predict(row, proba=True)
            close = np.allclose if claim.info.task == "regression" else np.array_equal
            assert close(alone.labels, whole.labels[i : i + 1])
            assert (alone.proba is None) == (whole.proba is None)

    def test_its_files_may_lie_anywhere(self, tier: Tier, claim: Claim, tmp_path: Path) -> None:
        """A build is moved to its place, and exported."""
        first = tmp_path / "first"
        first.mkdir()
        building.built(tier, claim.pipeline, claim.info, first, lambda: claim.pipeline)
        shutil.move(first, tmp_path / "second")
        again = building.opened(tier.name, claim.info, tmp_path / "second", lambda: claim.pipeline)
        names = [name for name, _ in claim.info.signature.inputs]
        rows = Rows(claim.info.signature, {n: list(frames.values(claim.frame[n])) for n in names})
        assert len(again.predict(rows, proba=False).labels) == ROWS

    def test_what_it_does_not_know_it_says(self, tier: Tier, tmp_path: Path) -> None:
        """A class of somebody else's is not taken for what it resembles."""
        frame = table()[["x", "n"]]
        strange = of(make_pipeline(Renamed(), DecisionTreeClassifier()), frame, frame["n"] > 0)
        with pytest.raises(Unconvertible, match="Renamed"):
            tier.build(strange.pipeline, strange.info, tmp_path)
