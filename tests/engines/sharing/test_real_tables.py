"""Cells that are called exact are, on real tables: bit-equal to GridSearchCV's, and so is the refitted forest."""

import numpy as np
import pytest
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    load_linnerud,
    load_wine,
)
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.model_selection import GridSearchCV

from aiaas_magics.engines.sharing.search import SharedGridSearchCV

CLASSES = {
    load.__name__.removeprefix("load_"): load(return_X_y=True)
    for load in (load_iris, load_wine, load_breast_cancer, load_digits)
}
BODIES = load_linnerud(as_frame=True)
NUMBERS = {"diabetes": load_diabetes(return_X_y=True)} | {
    name: (BODIES.data.to_numpy(), BODIES.target[name].to_numpy()) for name in BODIES.target
}
TABLES = CLASSES | NUMBERS
GRID = {"n_estimators": [4, 9], "max_depth": [None, 2, 60], "ccp_alpha": [0.0, 0.01]}


@pytest.mark.parametrize("name", TABLES)
def test_what_is_called_exact_is_bit_equal(name):
    X, y = TABLES[name]
    kind = RandomForestClassifier if name in CLASSES else RandomForestRegressor
    forest = kind(random_state=0)
    shared = SharedGridSearchCV(forest, GRID, cv=3).fit(X, y)
    plain = GridSearchCV(forest, GRID, cv=3).fit(X, y)
    exact = shared.exact_
    assert exact.sum() >= 8  # no limit, and one that no tree reaches
    for fold in range(3):
        mine, its = (s.cv_results_[f"split{fold}_test_score"] for s in (shared, plain))
        np.testing.assert_array_equal(mine[exact], its[exact])
    real = kind(random_state=0, **shared.best_params_).fit(X, y)
    for one, two in zip(shared.best_estimator_.estimators_, real.estimators_, strict=True):
        assert (
            one.tree_.__getstate__()["nodes"].tobytes()
            == two.tree_.__getstate__()["nodes"].tobytes()
        )
