"""Whatever is searched, cells called exact have the scores of scikit-learn, bit for bit."""

import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.base import is_classifier
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import (
    AdaBoostClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.linear_model import Lasso, LogisticRegression, Ridge, RidgeClassifier
from sklearn.model_selection import GridSearchCV, KFold, StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeClassifier

from aiaas_magics.engines.sharing.search import SharedGridSearchCV

CLASSES = load_iris(return_X_y=True)
NUMBERS = tuple(each[:150] for each in load_diabetes(return_X_y=True))
KINDS = {
    "forest": (RandomForestClassifier(n_estimators=3, random_state=0), {"n_estimators": [1, 2, 4], "max_depth": [1, 3, None], "min_samples_split": [2, 30], "max_features": [1, 2], "ccp_alpha": [0.0, 0.02]}),
    "extra trees": (ExtraTreesRegressor(n_estimators=3, random_state=0), {"n_estimators": [1, 3], "max_depth": [2, 6], "min_impurity_decrease": [0.0, 9.0]}),
    "tree": (DecisionTreeClassifier(random_state=0), {"ccp_alpha": [0.0, 0.01, 0.3], "max_depth": [1, 2, 4], "min_samples_leaf": [1, 9]}),
    "boosting": (GradientBoostingClassifier(random_state=0), {"n_estimators": [1, 3], "max_depth": [1, 2], "subsample": [0.5, 1.0]}),
    "histograms": (HistGradientBoostingRegressor(random_state=0), {"max_iter": [1, 3], "max_depth": [2, None]}),
    "adaboost": (AdaBoostClassifier(random_state=0), {"n_estimators": [1, 3], "learning_rate": [0.5, 1.0]}),
    "ridge": (Ridge(), {"alpha": [1e-3, 0.1, 5.0], "fit_intercept": [True, False]}),
    "ridge classifier": (RidgeClassifier(), {"alpha": [1e-3, 1.0, 50.0], "class_weight": [None, "balanced"]}),
    "lasso": (Lasso(), {"alpha": [0.05, 0.3, 2.0], "positive": [True, False]}),
    "logistic": (LogisticRegression(max_iter=500), {"C": [0.01, 1.0, 10.0], "fit_intercept": [True, False]}),
    "neighbours": (KNeighborsClassifier(), {"n_neighbors": [1, 4, 9], "weights": ["uniform", "distance"], "p": [1, 2]}),
    "neighbours' means": (KNeighborsRegressor(), {"n_neighbors": [1, 4, 9], "weights": ["uniform", "distance"]}),
    "svc": (SVC(), {"C": [0.1, 1.0, 10.0], "gamma": [0.1, "scale"], "kernel": ["rbf", "linear"]}),
    "svr": (SVR(), {"C": [0.1, 1.0, 10.0], "epsilon": [0.1, 1.0]}),
}  # fmt: skip
SCORINGS = {
    True: [None, "accuracy", "balanced_accuracy", "f1_macro", ["accuracy", "recall_macro"]],
    False: [
        None,
        "r2",
        "neg_mean_squared_error",
        "neg_median_absolute_error",
        ["r2", "neg_max_error"],
    ],
}


@st.composite
def searches(draw):
    """Draw an estimator, a part of its grid, a scoring, preparation, weights."""
    estimator, whole = KINDS[draw(st.sampled_from(sorted(KINDS)))]
    names = draw(st.lists(st.sampled_from(sorted(whole)), min_size=1, max_size=3, unique=True))
    grid = {n: draw(st.lists(st.sampled_from(whole[n]), min_size=1, unique=True)) for n in names}
    classes = is_classifier(estimator)
    if draw(st.booleans()):
        estimator = Pipeline([("scale", StandardScaler()), ("model", estimator)])
        grid = {f"model__{n}": values for n, values in grid.items()}
        if draw(st.booleans()):
            grid["scale"] = ["passthrough", MinMaxScaler()]
    scoring = draw(st.sampled_from(SCORINGS[classes]))
    kind = StratifiedKFold if classes else KFold
    cv = kind(draw(st.integers(2, 4)), shuffle=True, random_state=draw(st.integers(0, 9)))
    words = {
        "scoring": scoring,
        "cv": cv,
        "refit": False,
        "return_train_score": draw(st.booleans()),
    }
    return estimator, grid, words, CLASSES if classes else NUMBERS


@pytest.fixture(autouse=True)
def _quiet():
    """Scorers and solvers may warn; both searches do alike."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


RARE = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


def check(search, sharing):
    estimator, grid, words, data = search
    ours = SharedGridSearchCV(estimator, grid, sharing=sharing, **words).fit(*data)
    theirs = GridSearchCV(estimator, grid, **words).fit(*data)
    assert ours.cv_results_.keys() == theirs.cv_results_.keys()
    assert ours.cv_results_["params"] == theirs.cv_results_["params"]
    for name, values in theirs.cv_results_.items():
        if name.startswith("split"):
            mine = ours.cv_results_[name]
            np.testing.assert_array_equal(mine[ours.exact_], values[ours.exact_], err_msg=name)
    return ours


@given(searches())
@RARE
def test_exact_sharing_is_grid_search(search):
    assert check(search, "exact").exact_.all()


@given(searches())
@RARE
def test_cells_called_exact_are(search):
    ours = check(search, "auto")
    assert [label == "exact" for label in ours.equality_] == ours.exact_.tolist()
