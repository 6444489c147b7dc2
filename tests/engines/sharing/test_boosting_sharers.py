"""Boosting: fewer rounds are the beginning of more."""

import numpy as np
import pytest
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_wine
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)

from aiaas_magics import SharedGridSearchCV
from aiaas_magics.engines.families.lightgbm import LightGBMClassifier, LightGBMRegressor
from aiaas_magics.engines.sharing.base import Equality
from aiaas_magics.engines.sharing.sharers import boosting
from aiaas_magics.testing.sharing import Case, SharerContract, data_of, group_of

IRIS, WINE = load_iris(return_X_y=True), load_wine(return_X_y=True)
CANCER = tuple(each[:200] for each in load_breast_cancer(return_X_y=True))
DIABETES = tuple(each[:200] for each in load_diabetes(return_X_y=True))
ROUNDS = {"n_estimators": [1, 12, 4, 7]}
ITERATIONS = {"max_iter": [1, 12, 4, 7]}


def weights(rows):
    return np.linspace(0.2, 2, rows)


def gaps(X):
    X = X.copy()
    X[::7, 1] = np.nan
    return X


class TestGradientBoosting(SharerContract):
    sharer = boosting.GradientBoosting()
    classifier = GradientBoostingClassifier(random_state=0, max_depth=2)
    cases = (
        Case("three classes", classifier, ROUNDS, *IRIS),
        Case("two classes, weighted", classifier, ROUNDS, *CANCER, weights(200)),
        Case("numbers", GradientBoostingRegressor(random_state=1), ROUNDS, *DIABETES),
        Case("parts of rows and columns", GradientBoostingClassifier(random_state=0, subsample=0.5, max_features=2), ROUNDS, *WINE),
        Case("stops early", GradientBoostingClassifier(random_state=0, n_iter_no_change=2, tol=0.05), ROUNDS, *CANCER),
        Case("starts from zero", GradientBoostingClassifier(random_state=0, init="zero", loss="exponential"), ROUNDS, *CANCER),
        Case("absolute", GradientBoostingRegressor(random_state=0, loss="huber"), ROUNDS, *DIABETES),
    )  # fmt: skip
    refused = (
        Case("goes on", GradientBoostingClassifier(random_state=0, warm_start=True), ROUNDS, *IRIS),
        Case("another parameter", classifier, {"learning_rate": [0.1, 0.2]}, *IRIS),
    )


class TestHistGradientBoosting(SharerContract):
    sharer = boosting.HistGradientBoosting()
    cases = (
        Case("three classes", HistGradientBoostingClassifier(min_samples_leaf=5), ITERATIONS, *IRIS),
        Case("two classes, weighted", HistGradientBoostingClassifier(), ITERATIONS, *CANCER, weights(200)),
        Case("gaps", HistGradientBoostingClassifier(class_weight="balanced"), ITERATIONS, gaps(CANCER[0]), CANCER[1]),
        Case("numbers", HistGradientBoostingRegressor(), ITERATIONS, *DIABETES),
        Case("counts", HistGradientBoostingRegressor(loss="poisson"), ITERATIONS, *DIABETES),
        Case("stops early", HistGradientBoostingClassifier(early_stopping=True, n_iter_no_change=2, tol=0.1, random_state=0), ITERATIONS, *CANCER),
        Case("parts of columns", HistGradientBoostingClassifier(max_features=0.5, random_state=3), ITERATIONS, *WINE),
    )  # fmt: skip
    refused = (Case("goes on", HistGradientBoostingClassifier(warm_start=True), ITERATIONS, *IRIS),)


class TestAdaBoost(SharerContract):
    sharer = boosting.AdaBoost()
    cases = (
        Case("three classes", AdaBoostClassifier(random_state=0), ROUNDS, *IRIS),
        Case("two classes, weighted", AdaBoostClassifier(random_state=0), ROUNDS, *CANCER, weights(200)),
        Case("perfect at once", AdaBoostClassifier(random_state=0), ROUNDS, IRIS[0][:100], IRIS[1][:100]),
        Case("numbers", AdaBoostRegressor(random_state=0), ROUNDS, *DIABETES),
    )  # fmt: skip


class TestLightGBM(SharerContract):
    sharer = boosting.LightGBM()
    cases = (
        Case("ours, three classes", LightGBMClassifier(), ROUNDS, *IRIS),
        Case("ours, two classes", LightGBMClassifier(subsample=0.7), ROUNDS, *CANCER, weights(200)),
        Case("ours, numbers", LightGBMRegressor(objective="quantile"), ROUNDS, *DIABETES),
        Case("its own classes", LGBMClassifier(verbose=-1, n_jobs=1), ROUNDS, *CANCER),
        Case("its own numbers", LGBMRegressor(verbose=-1, n_jobs=1), ROUNDS, *DIABETES),
        Case("two threads", LGBMRegressor(verbose=-1, n_jobs=2), ROUNDS, *load_diabetes(return_X_y=True), weights(442)),
    )  # fmt: skip
    refused = (
        Case("drops trees", LGBMClassifier(boosting_type="dart"), ROUNDS, *IRIS),
        Case("no number of rounds", LGBMClassifier(), {"n_estimators": [0, 2.5]}, *IRIS),
        Case("another name of rounds", LGBMClassifier(num_iterations=7), ROUNDS, *IRIS),
    )


UNSTEADY = (
    (boosting.GradientBoosting(), GradientBoostingClassifier(), ROUNDS, Equality.DISTRIBUTION),
    (
        boosting.GradientBoosting(),
        GradientBoostingClassifier(init=RandomForestClassifier(2), random_state=0),
        ROUNDS,
        Equality.DISTRIBUTION,
    ),
    (boosting.AdaBoost(), AdaBoostClassifier(), ROUNDS, Equality.DISTRIBUTION),
    (boosting.HistGradientBoosting(), HistGradientBoostingClassifier(), ITERATIONS, Equality.EXACT),
    (
        boosting.HistGradientBoosting(),
        HistGradientBoostingClassifier(early_stopping=True),
        ITERATIONS,
        Equality.DISTRIBUTION,
    ),
    (boosting.LightGBM(), LGBMClassifier(n_jobs=2), ROUNDS, Equality.EXACT),
    (boosting.LightGBM(), LGBMClassifier(n_jobs=3), ROUNDS, Equality.DISTRIBUTION),
    (boosting.LightGBM(), LGBMClassifier(n_jobs=0), ROUNDS, Equality.DISTRIBUTION),
    (boosting.LightGBM(), LGBMClassifier(n_jobs=8, deterministic=True), ROUNDS, Equality.EXACT),
)


@pytest.mark.parametrize(("sharer", "estimator", "grid", "label"), UNSTEADY)
def test_what_two_fits_disagree_about_is_not_called_exact(sharer, estimator, grid, label):
    case = Case("", estimator, grid, *IRIS)
    plan = sharer.plan(group_of(case), data_of(case), exact=False)
    assert set(plan.labels) == {label}
    strict = sharer.plan(group_of(case), data_of(case), exact=True)
    assert (strict is None) == (label is Equality.DISTRIBUTION)


def test_adaptive_boosting_on_named_columns_warns_of_nothing(recwarn):
    X, y = load_iris(return_X_y=True, as_frame=True)
    search = SharedGridSearchCV(AdaBoostClassifier(random_state=0), {"n_estimators": [2, 5]}, cv=3)
    assert search.fit(X, y).exact_.all()
    assert not [each for each in recwarn if "feature names" in str(each.message)]
