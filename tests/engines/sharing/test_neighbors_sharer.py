"""Neighbours of every number and weighting from one query."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.spatial.distance import cdist
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, scale

from aiaas_magics.engines.sharing.base import Equality
from aiaas_magics.engines.sharing.search import SharedGridSearchCV
from aiaas_magics.engines.sharing.sharers.neighbors import Neighbours
from aiaas_magics.testing.sharing import Case, SharerContract, folds_of, group_of

GRID = {"n_neighbors": [1, 2, 3, 5, 8, 15, 30], "weights": ["uniform", "distance"]}
IRIS, WINE = load_iris(return_X_y=True), load_wine(return_X_y=True)
CANCER = load_breast_cancer(return_X_y=True)
DIGITS = tuple(each[:400] for each in load_digits(return_X_y=True))
DIABETES = load_diabetes(return_X_y=True)
COARSE = np.round(scale(DIABETES[0])), DIABETES[1]
"""Rows that are often equal, or equally far away."""
ANY = 1.0
"""Of a probability: all neighbours of a row may be as far away as others."""


def _labels(y: Any) -> Any:
    return np.array(["<b>ä</b>", "b", "c"])[y]


class TestNeighbours(SharerContract):
    """The contract, on real data."""

    sharer = Neighbours()
    cases = (
        Case("iris, a tree, ties", KNeighborsClassifier(), GRID, *IRIS),
        Case("wine, words", KNeighborsClassifier(p=1), GRID, scale(WINE[0]), _labels(WINE[1])),
        Case("cancer, brute", KNeighborsClassifier(), GRID, scale(CANCER[0]), CANCER[1]),
        Case("cancer, ball tree", KNeighborsClassifier(algorithm="ball_tree"), GRID, *CANCER),
        Case("digits, brute, ties", KNeighborsClassifier(), GRID, *DIGITS, tolerance=ANY),
        Case("digits, sparse", KNeighborsClassifier(metric="cosine"), GRID,
             sparse.csr_array(DIGITS[0]), DIGITS[1], tolerance=ANY),
        Case("iris, a table, wide", KNeighborsClassifier(n_jobs=2),
             {"n_neighbors": [1, 10, 49, 50, 99, 100], "weights": ["uniform", "distance"]},
             pd.DataFrame(IRIS[0], columns=list("abcd")), IRIS[1]),
        Case("diabetes", KNeighborsRegressor(), GRID, *DIABETES),
        Case("diabetes, brute", KNeighborsRegressor(algorithm="brute", metric="manhattan"), GRID, *DIABETES),
        Case("diabetes, coarse", KNeighborsRegressor(weights="distance"),
             {"n_neighbors": range(1, 12)}, *COARSE),
        Case("iris, whole targets", KNeighborsRegressor(), GRID, *IRIS),
    )  # fmt: skip
    refused = (
        Case("own weights", KNeighborsClassifier(), {"weights": [np.ones_like, "uniform"]}, *IRIS),
        Case("no number", KNeighborsClassifier(), {"n_neighbors": [0, 3]}, *IRIS),
        Case("p", KNeighborsClassifier(), {"p": [1, 2]}, *IRIS),
        Case("distances", KNeighborsRegressor(metric="precomputed"), GRID, cdist(IRIS[0], IRIS[0]), IRIS[1]),
        Case("two targets", KNeighborsRegressor(), GRID, IRIS[0], IRIS[0][:, :2]),
        Case("weights", KNeighborsRegressor(), GRID, *IRIS, weights=np.ones(150)),
        Case("one", KNeighborsRegressor(), {"n_neighbors": [3]}, *IRIS),
    )  # fmt: skip


def _found(case: Case, *, exact: bool = False) -> Any:
    return TestNeighbours().answers(case, exact=exact)


def test_what_a_tree_answers_is_exact_even_with_ties() -> None:
    """Tied rows are asked for again."""
    assert {each.equality for each in _found(TestNeighbours.cases[0])} == {Equality.EXACT}


def test_brute_without_ties_is_exact() -> None:
    """Nothing depends on the number of neighbours then."""
    assert {each.equality for each in _found(TestNeighbours.cases[2])} == {Equality.EXACT}


def test_ties_are_told_and_cost_no_more_than_the_tied_neighbours() -> None:
    """Only rows with a tie at the last neighbour may differ, by the votes of the tied."""
    case = Case("digits", KNeighborsClassifier(), {"n_neighbors": range(1, 31)}, *DIGITS)
    found = [each for each in _found(case) if each.equality is Equality.TOLERANCE]
    assert found
    for each in found:
        fold, k = folds_of(case)[each.fold], group_of(case).members[each.member]["n_neighbors"]
        rows, test = fold.train(), fold.tables()[0]
        away = cdist(test, rows.X, "sqeuclidean")  # whole numbers: no rounding
        last = np.sort(away, axis=1)[:, k - 1 : k]
        inside, there = (away < last).sum(axis=1), (away <= last).sum(axis=1)
        free = np.where(there > k, k - inside, 0)
        real = group_of(case).of(each.member).fit(rows.X, rows.y).predict_proba(test)
        differs = np.abs(each.answers[0].predict_proba(test) - real).max(axis=1)
        assert (differs <= free / k + 1e-12).all()


@pytest.mark.parametrize("k", [101, 150])
def test_more_neighbours_than_rows_are_left_to_a_fit(k: int) -> None:
    """It says what is wrong better."""
    case = Case("iris", KNeighborsClassifier(), {"n_neighbors": [3, k]}, *IRIS)
    assert {each.member for each in _found(case)} == {0}


@pytest.mark.parametrize("model", [KNeighborsClassifier(), KNeighborsRegressor()], ids=str)
def test_a_search_by_the_own_score_is_shared_and_finds_the_same(model: Any) -> None:
    """A classifier's own `score` is what all classifiers have."""
    grid = {"n_neighbors": [1, 2, 3, 10], "weights": ["uniform", "distance"]}
    shared, alone = (
        search(model, grid, return_train_score=True).fit(*IRIS)
        for search in (SharedGridSearchCV, GridSearchCV)
    )
    assert shared.plan_.groups
    for name in ("mean_test_score", "mean_train_score"):
        assert np.array_equal(shared.cv_results_[name], alone.cv_results_[name])


@pytest.mark.parametrize("model", [KNeighborsClassifier(), KNeighborsRegressor()], ids=str)
@pytest.mark.parametrize("weights", [None, np.linspace(1, 2, 50)], ids=["alike", "weighted"])
def test_answers_score_as_the_estimator_does(model: Any, weights: Any) -> None:
    """With weights of test rows or without."""
    case = Case("iris", model, {"n_neighbors": [2, 3]}, *IRIS)
    fold, y = folds_of(case)[0], np.arange(50) % 3
    first = min(_found(case), key=lambda each: (each.fold, each.member))
    real, table = group_of(case).of(0).fit(*fold.train()[:2]), fold.tables()[0]
    assert first.answers[0].score(table, y, weights) == real.score(table, y, weights)


def test_nothing_is_promised_of_columns_that_a_pipeline_makes() -> None:
    """Two columns become eighty, and what looked like a tree compares all rows, many of them tied."""
    rng = np.random.default_rng(0)
    X, y = rng.integers(40, size=(200, 2)).astype(str), rng.integers(2, size=200)
    pipeline = make_pipeline(OneHotEncoder(handle_unknown="ignore"), KNeighborsClassifier())
    grid = {"kneighborsclassifier__n_neighbors": [3, 5, 9]}
    shared = SharedGridSearchCV(pipeline, grid, cv=3).fit(X, y)
    assert shared.plan_.groups
    assert not shared.plan_.certain
    assert not shared.exact_.any()
    exact = SharedGridSearchCV(pipeline, grid, cv=3, sharing="exact").fit(X, y)
    alone = GridSearchCV(pipeline, grid, cv=3).fit(X, y)
    assert exact.exact_.all()
    assert np.array_equal(*(each.cv_results_["mean_test_score"] for each in (exact, alone)))


def test_a_value_that_is_refused_leaves_the_others_shared() -> None:
    """No neighbours at all, and more than there are rows, fail as they do by themselves."""
    grid = {"n_neighbors": [0, 3, 5, 500]}
    search = SharedGridSearchCV(KNeighborsClassifier(), grid, cv=3)
    with pytest.warns((FitFailedWarning, UserWarning)):
        search.fit(*IRIS)
    assert np.isnan(search.cv_results_["mean_test_score"]).tolist() == [True, False, False, True]
    assert search.plan_.groups


@pytest.mark.parametrize("metric", ["neg_log_loss", "roc_auc_ovr", "f1_macro"])
def test_any_metric_hears_shared_answers(metric: str) -> None:
    """Probabilities are answered as well as classes."""
    shared, alone = (
        search(KNeighborsClassifier(), {"n_neighbors": [5, 9, 20]}, scoring=metric).fit(*IRIS)
        for search in (SharedGridSearchCV, GridSearchCV)
    )
    assert shared.plan_.groups
    assert np.array_equal(*(e.cv_results_["mean_test_score"] for e in (shared, alone)))
