"""Forests and trees that share: labels on real tables, and what must not be shared."""

import numpy as np
from scipy import sparse
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier

from aiaas_magics.engines.sharing import growing
from aiaas_magics.engines.sharing.sharers.forest import Forests
from aiaas_magics.testing.sharing import Case, SharerContract

GRID = {"n_estimators": [3, 7], "max_depth": [None, 4], "min_samples_split": [2, 9]}
LIMITS = {
    "max_depth": [None, 3, 30],
    "min_samples_split": [2, 0.1],
    "min_impurity_decrease": [0.0, 0.02],
}


def cells(columns):
    """Two measures of breast cancer's cells told from others: a regression that is not a textbook's."""
    X, _ = load_breast_cancer(return_X_y=True)
    return np.delete(X, columns, axis=1), X[:, columns[0]]


def holes(X):
    """Every seventh value of a column is missing."""
    X = X.copy()
    X[::7, 0] = np.nan
    return X


def case(name, estimator, data, grid=GRID, **more):
    return Case(name, estimator.set_params(random_state=0), grid, *data, **more)


IRIS, WINE, CANCER, DIABETES = (
    load(return_X_y=True) for load in (load_iris, load_wine, load_breast_cancer, load_diabetes)
)
DIGITS = tuple(part[:400] for part in load_digits(return_X_y=True))
WEIGHTS = np.random.default_rng(0).uniform(0.1, 3, 569)
NAMED = load_wine(as_frame=True, return_X_y=True)


def rounded(data):
    """Rows that repeat: whole numbers."""
    return np.round(data[0]), data[1]


class TestForests(SharerContract):
    sharer = Forests()
    cases = (
        case("iris", RandomForestClassifier(), IRIS, GRID | {"ccp_alpha": [0.0, 0.02]}),
        case("wine, named", RandomForestClassifier(class_weight="balanced_subsample"), NAMED),
        case("cancer, weighted", RandomForestClassifier(max_samples=0.6, class_weight="balanced", min_samples_leaf=2), CANCER, weights=WEIGHTS),
        case("digits, words", ExtraTreesClassifier(criterion="entropy"), (DIGITS[0], DIGITS[1].astype(str).astype(object) + "?")),
        case("diabetes", RandomForestRegressor(), DIABETES, GRID | {"ccp_alpha": [0.0, 9.0]}),
        case("radius", ExtraTreesRegressor(bootstrap=True), cells([0, 2, 3]), LIMITS | {"n_estimators": [3, 5]}),
        case("concavity, median", RandomForestRegressor(criterion="absolute_error", max_features=0.3), cells([7, 6])),
        case("texture, weighted", RandomForestRegressor(criterion="poisson", min_weight_fraction_leaf=0.01, bootstrap=False, max_features=3), cells([1]), LIMITS, weights=WEIGHTS),
        case("holes", RandomForestClassifier(oob_score=True, n_jobs=1), (holes(CANCER[0]), CANCER[1])),
        case("monotonic", RandomForestClassifier(monotonic_cst=[1] * 30), CANCER, LIMITS),
        case("sparse", RandomForestClassifier(), (sparse.csr_array(np.round(IRIS[0]) * (IRIS[0] > 2)), IRIS[1])),
        case("one tree", DecisionTreeClassifier(), CANCER, LIMITS | {"ccp_alpha": [0.0, 0.01]}),
        case("one tree, weighted", DecisionTreeRegressor(), cells([4]), {"ccp_alpha": [0.0, 1e-5, 1e-4], "max_depth": [5, 3]}, weights=WEIGHTS),
        case("one random tree", ExtraTreeClassifier(), rounded(IRIS), {"max_depth": [None, 1, 40]}),
    )  # fmt: skip
    refused = (
        case("leaf", RandomForestClassifier(), IRIS, {"min_samples_leaf": [1, 3]}),
        case("features", ExtraTreesRegressor(), DIABETES, {"max_features": [1, 3]}),
        case("best first", RandomForestClassifier(max_leaf_nodes=9), IRIS),
        case("warm", RandomForestClassifier(warm_start=True), IRIS),
        case("two targets", RandomForestRegressor(), (DIABETES[0], DIABETES[0][:, :2])),
        case("an impossible value", RandomForestClassifier(), IRIS, {"max_depth": [0, 3]}),
        case("a value of another kind", RandomForestClassifier(), IRIS, {"n_estimators": ["3", 7]}),
        case("no bags", RandomForestClassifier(bootstrap=False, oob_score=True), IRIS),
    )  # fmt: skip

    def same(self, one, two, case):
        """Tree by tree, and everything else."""
        mine, its = vars(one), vars(two)
        trees = [getattr(each, "estimators_", [each]) for each in (one, two)]
        assert len(trees[0]) == len(trees[1])
        for own, other in zip(*trees, strict=True):
            assert growing.same_tree(own.tree_, other.tree_)
            assert equal(vars(own), vars(other), without={"tree_"})
        return equal(mine, its, without={"tree_", "estimators_", "estimator", "estimator_"})


def equal(mine, its, *, without):
    assert mine.keys() == its.keys()
    for name in mine.keys() - without:
        assert type(mine[name]) is type(its[name]), name
        np.testing.assert_array_equal(mine[name], its[name], err_msg=name)
    return True
