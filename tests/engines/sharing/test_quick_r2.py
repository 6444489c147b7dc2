"""R² by a shorter way is scikit-learn's, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.metrics import get_scorer, make_scorer, r2_score

from aiaas_magics.engines.sharing.base import Answers
from aiaas_magics.engines.sharing.quick import R2, Scoring

rng = np.random.default_rng(0)
TARGETS = {
    "floats": rng.normal(3e5, 10, 1001),
    "two": np.array([1.0, 2.0]),
    "single": rng.normal(size=77).astype("f4"),
    "whole": rng.integers(-9, 9, 300),
    "every other": rng.normal(size=200)[::2],
}


@pytest.mark.parametrize("y", TARGETS.values(), ids=TARGETS)
def test_it_is_the_same_number(y: np.ndarray) -> None:
    quick = R2.of(y)
    assert quick is not None
    for spread in (1e-9, 0.5, 1e3):
        predicted = y + rng.normal(0, spread, len(y))
        assert quick.score(predicted) == r2_score(y, predicted)
        both = np.asfortranarray(np.stack([predicted, predicted]))  # not contiguous
        assert quick.score(both[0]) == r2_score(y, both[0])


@pytest.mark.parametrize(
    ("y", "predicted"),
    [
        (np.ones(5), np.arange(5.0)),  # no spread
        (np.arange(5.0), np.arange(5.0)),  # nothing lost
        (np.arange(5.0), np.full(5, np.nan)),
        (np.arange(5.0), np.arange(5, dtype="f4")),
        (np.arange(5.0), np.zeros((5, 1))),
    ],
)
def test_odd_ones_are_left_to_scikit_learn(y: np.ndarray, predicted: np.ndarray) -> None:
    quick = R2.of(y)
    assert quick is not None
    assert quick.score(predicted) is None


@pytest.mark.parametrize("y", [np.zeros(1), np.zeros((5, 2)), np.array(["a", "b"])], ids=["one", "two", "words"])  # fmt: skip
def test_odd_targets_are_left_to_scikit_learn(y: np.ndarray) -> None:
    assert R2.of(y) is None


@pytest.mark.parametrize("scorer", [get_scorer("r2"), get_scorer("neg_mean_squared_error"),
                                    make_scorer(r2_score, force_finite=False)], ids=str)  # fmt: skip
def test_scorers_get_what_they_ask_for(scorer: object) -> None:
    X, y = rng.normal(size=(30, 2)), rng.normal(size=30)
    model = Ridge().fit(X, y)
    answers = Answers(Ridge(), {"predict": lambda: model.predict(X)})
    rows = np.arange(30)
    assert Scoring(X, y, rows, scorer, {}, np.nan).of(answers) == scorer(model, X, y)
    assert Scoring(X, y, rows, scorer, {"sample_weight": np.arange(30.0)}, np.nan).of(
        answers
    ) == scorer(model, X, y, sample_weight=np.arange(30.0))
