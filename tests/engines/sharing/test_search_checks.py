"""SharedGridSearchCV passes scikit-learn's checks of estimators wherever GridSearchCV does."""

import warnings

import pytest
from sklearn.ensemble import ExtraTreesRegressor, RandomForestClassifier
from sklearn.linear_model import Lasso, LogisticRegression, Ridge, RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils.estimator_checks import estimator_checks_generator

from aiaas_magics.engines.sharing.search import SharedGridSearchCV

INNER = {
    "forest": (RandomForestClassifier(random_state=0), {"n_estimators": [2, 3]}),
    "extra trees": (ExtraTreesRegressor(random_state=0), {"n_estimators": [2, 3]}),
    "tree": (DecisionTreeClassifier(random_state=0), {"ccp_alpha": [0.0, 0.01]}),
    "regression tree": (DecisionTreeRegressor(random_state=0), {"max_depth": [2, None]}),
    "ridge": (Ridge(), {"alpha": [0.1, 1.0]}),
    "ridge classifier": (RidgeClassifier(), {"alpha": [0.1, 1.0]}),
    "lasso": (Lasso(), {"alpha": [0.1, 1.0]}),
    "logistic": (LogisticRegression(), {"C": [0.1, 1.0]}),
    "neighbours": (KNeighborsClassifier(), {"n_neighbors": [1, 3]}),
    "neighbours' means": (KNeighborsRegressor(), {"n_neighbors": [1, 3]}),
    "svc": (SVC(), {"C": [0.1, 1.0]}),
    "svr": (SVR(), {"C": [0.1, 1.0]}),
    "pipeline": (
        make_pipeline(StandardScaler(), Ridge()),
        {"ridge__alpha": [0.1, 1.0]},
    ),
}  # fmt: skip


def passes(search):
    """Return which checks an estimator passes, and what the others say."""
    found = {}
    for each, check in estimator_checks_generator(search):
        try:
            check(each)
            found[check.func.__name__] = ""
        except Exception as error:  # noqa: BLE001 - what a check says
            found[check.func.__name__] = f"{type(error).__name__}: {error}"
    return found


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=[] if n in ("ridge", "tree") else pytest.mark.long) for n in INNER],
)
def test_every_check_that_grid_search_passes(name):
    estimator, grid = INNER[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours = passes(SharedGridSearchCV(estimator, grid, cv=2, error_score="raise"))
        theirs = passes(GridSearchCV(estimator, grid, cv=2, error_score="raise"))
    worse = {check: said for check, said in ours.items() if said and not theirs[check]}
    assert worse == {}
    assert sum(not said for said in ours.values()) > 30
