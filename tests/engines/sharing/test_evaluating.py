"""The evaluator: what sharers cannot do is fitted apart, what is found is told and kept."""

import numpy as np
import pytest
from sklearn import config_context, get_config
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.metrics import check_scoring
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils._openmp_helpers import _openmp_effective_n_threads

from aiaas_magics.engines.sharing import evaluating, telling
from aiaas_magics.engines.sharing.base import Scored
from aiaas_magics.engines.sharing.evaluating import ONE, Evaluator, Terms
from aiaas_magics.engines.sharing.pool import Threads
from aiaas_magics.engines.sharing.sharers.forest import Forests

X, Y = load_iris(return_X_y=True)
CV = StratifiedKFold(3, shuffle=True, random_state=0)
TREE = DecisionTreeClassifier(random_state=0)
DEPTHS = [{"ccp_alpha": each} for each in (0.0, 0.01, 0.1)]


class Watching:
    """Hears everything; wants no more after so many scores."""

    def __init__(self, after=1000):
        self.heard, self.after, self.done = [], after, []

    def progress(self, done, text=""):
        self.done.append(done)

    def stopping(self):
        return len(self.heard) >= self.after

    def scored(self, candidate, fold, found):
        self.heard.append((candidate, fold))


class Kept:
    """A memory in memory."""

    def __init__(self, known=()):
        self.known, self.writes = dict(known), 0

    def recall(self, candidate, fold):
        return self.known.get((repr(candidate), fold))

    def keep(self, found):
        self.writes += 1
        self.known.update({(repr(c), f): scored for c, f, scored in found})


class Broken(Forests):
    """A sharer that fails after its first answer."""

    def evaluate(self, *args, **words):
        yield next(iter(super().evaluate(*args, **words)))
        raise RuntimeError("out of luck")

    def refit(self, estimator, rows, pool):
        estimator.fit(rows.X[:10], rows.y[:10])
        raise RuntimeError("out of luck")


def evaluator(estimator=TREE, *, scoring="accuracy", **words):
    terms = Terms(list(CV.split(X, Y)), check_scoring(estimator, scoring))
    return Evaluator(estimator, X, Y, terms, **words)


def scores(table):
    return [[each.test[ONE] for each in row] for row in table]


def real(candidate, estimator=TREE):
    return list(cross_val_score(clone(estimator).set_params(**candidate), X, Y, cv=CV))


@pytest.fixture
def broken(monkeypatch):
    for module in (evaluating, evaluating.grouping):
        monkeypatch.setattr(module, "sharer_of", lambda estimator: Broken())


@pytest.mark.parametrize("cores", [1, 2])
def test_scores_are_those_of_scikit_learn(cores):
    table = evaluator(cores=cores).evaluate(DEPTHS)
    assert scores(table) == [real(each) for each in DEPTHS]


@pytest.mark.usefixtures("broken")
def test_what_a_broken_sharer_leaves_is_fitted_apart():
    asked = evaluator()
    assert scores(asked.evaluate(DEPTHS)) == [real(each) for each in DEPTHS]
    assert asked.failures == ["forest: out of luck"]


@pytest.mark.usefixtures("broken")
def test_a_broken_refit_is_a_fit():
    theirs = clone(TREE).set_params(**DEPTHS[1]).fit(X, Y)
    assert np.array_equal(evaluator().refit(DEPTHS[1]).predict(X), theirs.predict(X))


def test_a_refused_value_is_refused_by_the_refit_too():
    with pytest.raises(ValueError, match="max_depth"):
        evaluator().refit({"max_depth": -1})


def test_a_scorer_that_fails_on_answers_is_asked_with_the_model():
    def depth(estimator, X, y):
        return float(estimator.get_depth())

    depth.answers_suffice = True
    asked = evaluator(scoring=depth)
    assert min(map(min, scores(asked.evaluate(DEPTHS)))) >= 1
    assert asked.failures


def test_everything_is_told_once_and_progress_does_not_fall():
    watcher = Watching()
    evaluator(watcher=watcher).evaluate([*DEPTHS, {"criterion": "entropy"}])
    assert sorted(watcher.heard) == [(n, fold) for n in range(4) for fold in range(3)]
    assert watcher.done == sorted(watcher.done)


def test_a_stop_leaves_the_rest_unknown():
    table = evaluator(watcher=Watching(after=1)).evaluate(DEPTHS)
    known = [each for row in table for each in row if each is not None]
    assert 1 <= len(known) < 9


def test_what_is_known_is_not_evaluated_again():
    known = Scored({ONE: 0.125}, None, 0.0, 0.0, 50)
    memory = Kept({(repr(DEPTHS[0]), fold): known for fold in range(3)})
    assert scores(evaluator(memory=memory).evaluate(DEPTHS))[0] == [0.125] * 3
    assert len(memory.known) == 9


def test_finds_are_kept_many_at_a_time(monkeypatch):
    monkeypatch.setattr(telling, "AT_MOST", 1000)
    memory = Kept()
    evaluator(memory=memory).evaluate(DEPTHS)
    assert memory.writes == 1
    assert len(memory.known) == 9


def test_finds_before_an_error_are_kept():
    memory = Kept()
    asked = evaluator(memory=memory)
    asked._terms = asked._terms._replace(error_score="raise")
    with pytest.raises(ValueError, match="criterion"):
        asked.evaluate([*DEPTHS, {"criterion": "none such"}])
    assert len(memory.known) == 9


def test_preparation_is_fitted_once_a_fold():
    seen = []

    def look(X):
        seen.append(len(X))
        return X

    pipe = make_pipeline(FunctionTransformer(look), StandardScaler(), TREE)
    grid = [{f"decisiontreeclassifier__{n}": v for n, v in each.items()} for each in DEPTHS]
    asked = evaluator(pipe, cores=2)
    assert scores(asked.evaluate(grid)) == [real(each, pipe) for each in grid]
    assert sorted(seen[:6]) == [50, 50, 50, 100, 100, 100]


def test_threads_work_under_the_callers_configuration():
    with config_context(transform_output="pandas"), Threads(2) as pool:
        found = pool.map(lambda _: get_config()["transform_output"], range(3))
        assert list(found) == ["pandas"] * 3


def test_a_preparation_that_draws_unseen_is_done_for_each():
    def blurred(X):
        draws.append(len(X))
        return X + np.random.normal(0, 1e-9, X.shape)  # noqa: NPY002 - the global numbers

    draws = []
    pipe = make_pipeline(FunctionTransformer(blurred), TREE)
    grid = [{f"decisiontreeclassifier__{n}": v for n, v in each.items()} for each in DEPTHS]
    asked = evaluator(pipe)
    asked.evaluate(grid)
    assert "without a seed" in asked.failures[0]
    assert draws.count(100) >= 9


def test_a_thread_has_no_threads_of_its_own():
    with Threads(2) as pool:
        assert list(pool.map(lambda _: _openmp_effective_n_threads(), range(3))) == [1, 1, 1]


@pytest.mark.parametrize("cores", [1, 2])
def test_after_an_error_no_more_is_begun(cores):
    begun = []

    def fail(item):
        begun.append(item)
        raise ValueError(item)

    with Threads(cores) as pool, pytest.raises(ValueError, match="0"):
        list(pool.map(fail, range(100)))
    assert len(begun) <= 2 * cores
