"""SharedGridSearchCV: scikit-learn's answers, attributes and errors, for less work."""

import pickle

import numpy as np
import pandas as pd
import pytest
from lightgbm import LGBMClassifier
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.model_selection import GridSearchCV, GroupKFold, StratifiedKFold
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

import aiaas_magics as aiaas
from aiaas_magics.engines.sharing.running import planned
from aiaas_magics.engines.sharing.search import SharedGridSearchCV

X, Y = load_iris(return_X_y=True)
FOREST = RandomForestClassifier(random_state=0)
GRID = {"n_estimators": [3, 6], "max_depth": [2, None], "min_samples_split": [2, 20]}
TIMES = ("mean_fit_time", "std_fit_time", "mean_score_time", "std_score_time")


def both(estimator=FOREST, grid=GRID, *, X=X, y=Y, fit=None, **words):
    """Return our search, exact, and scikit-learn's."""
    ours = SharedGridSearchCV(estimator, grid, sharing="exact", **words)
    return ours.fit(X, y, **(fit or {})), GridSearchCV(estimator, grid, **words).fit(
        X, y, **(fit or {})
    )


def check_same(ours, theirs):
    assert ours.cv_results_.keys() == theirs.cv_results_.keys()
    for name, values in theirs.cv_results_.items():
        mine = ours.cv_results_[name]
        assert type(mine) is type(values), name
        if name not in TIMES:
            np.testing.assert_array_equal(mine, values, err_msg=name)
        if isinstance(values, np.ndarray):
            assert mine.dtype == values.dtype
    for name in ("best_index_", "best_params_", "best_score_", "n_splits_", "multimetric_"):
        assert getattr(ours, name, None) == getattr(theirs, name, None), name


class Contrary(RandomForestClassifier):
    """Something else than what it is derived from."""

    def predict(self, X):
        return self.classes_[np.argmin(self.predict_proba(X), axis=1)]


CASES = {
    "plain": {},
    "a list of grids": {"grid": [{"n_estimators": [2, 4]}, {"max_depth": [1, 3], "max_features": [1, 2]}]},
    "train scores": {"return_train_score": True},
    "folds": {"cv": 3},
    "a splitter": {"cv": StratifiedKFold(4, shuffle=True, random_state=3)},
    "folds made already": {"cv": list(StratifiedKFold(3).split(X, Y))},
    "groups": {"cv": GroupKFold(5), "fit": {"groups": np.arange(150) % 7}},
    "weights": {"fit": {"sample_weight": np.linspace(0.1, 1, 150)}, "scoring": "accuracy"},
    "two metrics": {"scoring": ["accuracy", "f1_macro"], "refit": "f1_macro", "return_train_score": True},
    "metrics by name": {"scoring": {"a": "accuracy", "b": make_scorer(accuracy_score)}, "refit": False},
    "probabilities": {"scoring": "neg_log_loss"},
    "callable refit": {"refit": lambda results: int(np.argmin(results["mean_test_score"]))},
    "no refit": {"refit": False},
    "words for classes": {"y": np.array(["u", "v", "w"])[Y]},
    "a table": {"X": pd.DataFrame(X, columns=list("abcd")), "y": pd.Series(Y)},
    "a refused value": {"grid": {"max_depth": [-1, 2], "n_estimators": [2, 3]}, "error_score": -1.0},
    "a pipeline": {
        "estimator": Pipeline([("pca", PCA(random_state=0)), ("rf", FOREST)]),
        "grid": {"pca__n_components": [2, 3], "rf__n_estimators": [2, 4], "rf__max_depth": [1, None]},
    },
    "a step left out": {
        "estimator": Pipeline([("scale", StandardScaler()), ("rf", FOREST)]),
        "grid": {"scale": ["passthrough", StandardScaler()], "rf__n_estimators": [2, 4]},
    },
    "a step replaced": {
        "estimator": Pipeline([("scale", StandardScaler()), ("rf", FOREST)]),
        "grid": [{"rf__n_estimators": [2, 4]}, {"rf": [GaussianNB(), LogisticRegression()]}],
    },
    "other steps": {
        "estimator": Pipeline([("rf", FOREST)]),
        "grid": [
            {"rf__n_estimators": [2, 4]},
            {"steps": [[("rf", Contrary(random_state=0))]], "rf__n_estimators": [2, 4]},
        ],
    },
    "weights of a pipeline": {
        "estimator": make_pipeline(StandardScaler(), FOREST),
        "grid": {"randomforestclassifier__n_estimators": [2, 4]},
        "fit": {"randomforestclassifier__sample_weight": np.linspace(0.1, 1, 150)},
    },
    "LightGBM's own": {
        "estimator": LGBMClassifier(verbose=-1, n_jobs=1),
        "grid": {"n_estimators": [2, 5], "num_leaves": [3, 7]},
    },
    "nobody shares": {"estimator": GaussianNB(), "grid": {"var_smoothing": [1e-9, 1e-3]}},
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")
def test_exact_is_what_scikit_learn_gives(name):
    ours, theirs = both(**CASES[name])
    check_same(ours, theirs)
    assert ours.exact_.all()
    if ours.refit:
        rows = CASES[name].get("X", X)
        assert np.array_equal(ours.predict(rows), theirs.predict(rows))


@pytest.mark.parametrize("name", [n for n in CASES if n != "nobody shares"])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")
def test_work_is_shared_in_every_case(name):
    case = dict(CASES[name])
    words = {n: v for n, v in case.items() if n not in ("estimator", "grid", "X", "y", "fit")}
    search = SharedGridSearchCV(case.get("estimator", FOREST), case.get("grid", GRID), **words)
    search.fit(case.get("X", X), case.get("y", Y), **case.get("fit", {}))
    assert 0 < search.plan_.shared < search.plan_.alone


def test_cells_marked_exact_are_and_the_others_are_named():
    X, y = load_breast_cancer(return_X_y=True)
    grid = {"n_estimators": [5, 10], "max_depth": [2, 30, None]}
    ours = SharedGridSearchCV(FOREST, grid).fit(X, y)
    theirs = GridSearchCV(FOREST, grid).fit(X, y)
    assert ours.equality_ == ["distribution", "distribution", *["exact"] * 4]
    for fold in range(5):
        mine, its = (s.cv_results_[f"split{fold}_test_score"] for s in (ours, theirs))
        np.testing.assert_array_equal(mine[ours.exact_], its[ours.exact_])


def test_the_plan_of_the_textbook_grid_is_a_sentence():
    grid = {
        "n_estimators": [100, 200, 300],
        "max_depth": [None, 10, 20, 30],
        "min_samples_split": [2, 5, 10],
    }
    search = SharedGridSearchCV(FOREST, grid, refit=False)
    found = planned(search, X, Y, {}).plan
    assert str(found) == (
        "36 candidates -> 1 group x 5 folds: 1,500 trees instead of 36,000; "
        "3 exact for certain, the others once grown"
    )


@pytest.mark.parametrize("sharing", ["off", "exact", "auto"])
def test_a_regression_is_searched_alike(sharing):
    X, y = load_diabetes(return_X_y=True)
    forest = RandomForestRegressor(random_state=0)
    ours = SharedGridSearchCV(forest, {"n_estimators": [3, 6]}, sharing=sharing).fit(X, y)
    check_same(ours, GridSearchCV(forest, {"n_estimators": [3, 6]}).fit(X, y))
    assert ours.exact_.all()


def test_a_callable_that_looks_at_the_model_gets_one():
    def trees(estimator, X, y):
        return float(len(estimator.estimators_))

    ours, theirs = both(scoring=trees)
    check_same(ours, theirs)
    assert ours.plan_.groups == ()


def test_errors_are_raised_where_asked():
    search = SharedGridSearchCV(
        FOREST, {"max_depth": [-1, 2], "n_estimators": [2, 3]}, error_score="raise"
    )
    with pytest.raises(ValueError, match="max_depth"):
        search.fit(X, Y)


@pytest.mark.parametrize("words", [{"sharing": "some"}, {"cv": 1}, {"scoring": "nonsense"}])
def test_what_is_wrong_is_said_in_scikit_learns_words(words):
    with pytest.raises(ValueError):
        SharedGridSearchCV(FOREST, GRID, **words).fit(X, Y)


def test_a_search_can_be_cloned_pickled_and_shown():
    search = SharedGridSearchCV(FOREST, {"n_estimators": [2, 3]}, sharing="exact")
    assert clone(search).get_params()["sharing"] == "exact"
    assert "sharing='exact'" in repr(search)
    fitted = pickle.loads(pickle.dumps(search.fit(X, Y)))
    assert np.array_equal(fitted.predict(X), search.predict(X))
    assert "SharedGridSearchCV" in fitted._repr_html_()
    assert str(fitted.plan_) == str(search.plan_)


def test_it_is_public():
    assert aiaas.SharedGridSearchCV is SharedGridSearchCV
    assert "SharedGridSearchCV" in dir(aiaas)
