"""What SharedGridSearchCV leaves to its parent, and what it prints."""

import re
import sys
import warnings

import numpy as np
import pytest
from sklearn import config_context
from sklearn.callback import ProgressBar
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

from aiaas_magics.engines.sharing.search import SharedGridSearchCV

X, Y = load_iris(return_X_y=True)
TREE = DecisionTreeClassifier(random_state=0)
GRID = {"ccp_alpha": [0.0, 0.1]}
RUNNING = "aiaas_magics.engines.sharing.running"


def shares(search, **fit):
    return bool(search.fit(X, Y, **fit).plan_.groups)


def test_it_works_without_scikit_learns_private_names(monkeypatch):
    monkeypatch.setitem(sys.modules, RUNNING, None)  # its import fails
    monkeypatch.delattr(RUNNING, raising=False)  # and its package has not kept it
    search = SharedGridSearchCV(TREE, GRID)
    assert not shares(search)
    assert search.equality_ == ["exact", "exact"]


def test_routed_metadata_are_the_parents():
    with config_context(enable_metadata_routing=True):
        assert not shares(SharedGridSearchCV(TREE, GRID))


@pytest.mark.parametrize("sharing", ["auto", "exact"])
def test_a_search_with_callbacks_is_the_parents(sharing, capsys):
    model = LogisticRegression()
    search = SharedGridSearchCV(model, {"C": [0.1, 1.0]}, sharing=sharing, refit=False, cv=2)
    assert not shares(search.set_callbacks(_Silent()))


def test_a_callback_deep_in_the_estimator_is_found(capsys):
    pipe = make_pipeline(LogisticRegression().set_callbacks(_Silent()))
    search = SharedGridSearchCV(pipe, {"logisticregression__C": [0.1, 1.0]}, refit=False, cv=2)
    assert not shares(search)


def test_folds_from_a_generator_are_the_parents():
    halves = ((np.arange(0, 150, 2), np.arange(1, 150, 2)) for _ in range(2))
    assert not shares(SharedGridSearchCV(TREE, GRID, cv=halves))


@pytest.mark.parametrize("grid", [GRID, {"max_features": [1, 2]}])
def test_a_complaint_is_heard_once(grid):
    def unweighted(true, said):
        return accuracy_score(true, said)

    scoring = make_scorer(unweighted)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        search = SharedGridSearchCV(TREE, grid, scoring=scoring)
        search.fit(X, Y, sample_weight=np.ones(150))
    assert [str(each.message)[:11] for each in heard] == ["The scoring"]


@pytest.mark.parametrize("scoring", [None, ["accuracy", "recall_macro"]])
@pytest.mark.parametrize("train", [True, False])
@pytest.mark.parametrize("verbose", [2, 3, 10])
def test_the_lines_of_cells_are_scikit_learns(capsys, verbose, train, scoring):
    words = {"verbose": verbose, "cv": 2, "refit": False, "scoring": scoring, "return_train_score": train}  # fmt: skip
    assert shares(SharedGridSearchCV(TREE, GRID, **words))
    ours = _lines(capsys)
    GridSearchCV(TREE, GRID, **words).fit(X, Y)
    assert ours == _lines(capsys)


def _lines(capsys):
    """Return what was printed of ended cells, without the times."""
    said = capsys.readouterr().out.splitlines()
    return sorted(re.sub(r"\.*(\S.*time=) .*", r"\1", line) for line in said if " END " in line)


class _Silent(ProgressBar):
    """A callback that shows nothing."""

    def __init__(self):
        pass

    def setup(self, *args, **words):
        pass

    def on_fit_task_begin(self, *args, **words):
        pass

    def on_fit_task_end(self, *args, **words):
        pass

    def teardown(self, *args, **words):
        pass
