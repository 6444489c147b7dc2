"""Growing trees directly: only where it gives the same bits, and what happens where it does not."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.ensemble import ExtraTreesRegressor, RandomForestClassifier, RandomForestRegressor
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import InvalidParameterError

from aiaas_magics.engines.sharing import growing, refitting
from aiaas_magics.engines.sharing.base import Equality, Rows
from aiaas_magics.engines.sharing.limits import UNLIMITED, Limits
from aiaas_magics.engines.sharing.pool import Threads
from aiaas_magics.engines.sharing.search import SharedGridSearchCV
from aiaas_magics.engines.sharing.sharers.forest import Forests
from aiaas_magics.engines.sharing.sharers.forest_pruning import Nodes
from aiaas_magics.testing.sharing import Case, SharerContract, Stopped, data_of, folds_of, group_of

ROWS = Rows(*load_iris(return_X_y=True))
LOOSE = Limits(UNLIMITED, 2, 0.0)
PRUNED = {"n_estimators": [2, 4], "max_depth": [None, 2], "ccp_alpha": [0.0, 0.02]}


@pytest.fixture
def forgotten():
    """What is known of private names is found out anew, in the test and after it."""
    growing.private.cache_clear()
    yield
    growing.private.cache_clear()


def forest(**params):
    return RandomForestClassifier(**{"n_estimators": 4, "random_state": 0} | params)


def case(estimator, **grid):
    return Case("", estimator, grid, *ROWS[:2])


class Contract(SharerContract):
    sharer = Forests()


def answers(estimator, *, exact=False, watcher=None, cores=1, **grid):
    return Contract().answers(case(estimator, **grid), exact=exact, watcher=watcher, cores=cores)


def grower(estimator):
    return growing.grower_of(estimator, ROWS, checked=True).name


def same(one, two):
    pairs = zip(one.estimators_, two.estimators_, strict=True)
    return all(growing.same_tree(mine.tree_, its.tree_) for mine, its in pairs)


def refitted(estimator, rows=ROWS, watcher=None):
    with Threads(2, watcher) as pool:
        return refitting.refit(estimator, rows, pool)


def test_a_forest_is_grown_directly():
    assert grower(forest()) == growing.grower_name(forest()) == "direct"
    assert {each.grower for each in answers(forest(), n_estimators=[2, 3])} == {"direct"}


@pytest.mark.parametrize("name", growing.NAMES["sklearn.tree._tree"])
def test_without_a_private_name_fits_are_public(monkeypatch, forgotten, name):
    monkeypatch.delattr(f"sklearn.tree._tree.{name}")
    assert grower(forest()) == growing.grower_name(forest()) == "public"
    assert "ccp_alpha" not in Forests().shares(forest())
    broken = Case("", forest(), {"n_estimators": [2, 4], "max_depth": [None, 2]}, *ROWS[:2])
    found = Contract().answers(broken)
    assert {each.grower for each in found} == {"public"}
    Contract().check_labels(broken, found)


def test_an_unknown_version_is_fitted_publicly(monkeypatch, forgotten):
    monkeypatch.setattr(growing, "KNOWN", ("1.0", "1.1"))
    assert grower(forest()) == "public"


def test_trees_that_differ_are_not_used(monkeypatch):
    monkeypatch.setattr(growing.private(), "MAX_INT", 1000)
    with pytest.raises(growing.Differs):
        grower(forest())
    both = case(forest(), n_estimators=[2, 3])
    found = Contract().answers(both)
    assert {each.grower for each in found} == {"public"}
    Contract().check_labels(both, found)
    assert same(refitted(forest()), forest().fit(*ROWS[:2]))


def test_limits_are_exact_without_private_names(monkeypatch, forgotten):
    monkeypatch.delattr("sklearn.tree._tree.Tree")
    limited = case(forest(), max_depth=[None, 2], n_estimators=[2, 4])
    Contract().check_labels(limited, Contract().answers(limited, exact=True))


def test_pruning_is_not_shared_without_private_names(monkeypatch, forgotten):
    monkeypatch.delattr("sklearn.tree._tree.Tree")
    pruned = case(forest(ccp_alpha=0.1), n_estimators=[2, 4])
    assert Forests().plan(group_of(pruned), data_of(pruned), exact=False) is None


@pytest.mark.parametrize(
    "params",
    [
        {"oob_score": True, "n_estimators": 30}, {"warm_start": True}, {"max_leaf_nodes": 5}, {"verbose": 0, "n_jobs": 2},
        {"class_weight": "balanced", "bootstrap": False}, {"max_samples": 20, "ccp_alpha": 0.01}, {"min_samples_split": 0.3},
    ],
)  # fmt: skip
def test_a_refit_is_a_fit_whatever_the_parameters(params):
    mine, its = refitted(forest(**params)), forest(**params).fit(*ROWS[:2])
    assert same(mine, its)
    assert mine.get_params() == its.get_params()
    assert vars(mine).keys() == vars(its).keys()


@pytest.fixture
def chance():
    """NumPy's state of chance is as it was, after a test."""
    state = check_random_state(None)
    before = state.get_state()
    yield state
    state.set_state(before)


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("broken", [False, True])
def test_a_refit_draws_what_a_fit_draws(monkeypatch, chance, own, broken):
    """From the global state, or from one's own; also where the direct growth is given up."""
    fits = []
    if broken:
        monkeypatch.setattr(growing.private(), "MAX_INT", 1000)
    for fit in (refitted, lambda estimator: estimator.fit(*ROWS[:2])):
        chance.seed(5)
        state = np.random.RandomState(3) if own else None
        fits.append((fit(forest(random_state=state)), (state or chance).random_sample()))
    assert same(fits[0][0], fits[1][0])
    assert fits[0][1] == fits[1][1]


def test_a_refit_is_whole_after_a_stop():
    assert same(refitted(forest(n_estimators=80), watcher=Stopped(-1)), forest(n_estimators=80).fit(*ROWS[:2]))  # fmt: skip


def test_several_targets_are_refitted_as_ever():
    targets = np.column_stack([ROWS.X[:, 0], ROWS.X[:, 1]])
    mine = refitted(ExtraTreesRegressor(3, random_state=0), Rows(ROWS.X, targets))
    assert same(mine, ExtraTreesRegressor(3, random_state=0).fit(ROWS.X, targets))


def test_what_scikit_learn_refuses_is_refused():
    with pytest.raises(InvalidParameterError, match="n_estimators"):
        refitted(forest(n_estimators=0))
    with pytest.raises(ValueError, match="negative"):
        refitted(RandomForestRegressor(3, criterion="poisson"), Rows(ROWS.X, -ROWS.X[:, 0]))


def test_a_failed_start_leaves_the_estimator_as_it_was():
    estimator = forest(n_jobs=2)
    with pytest.raises(ValueError, match="NaN"):
        growing.Direct(estimator, Rows(ROWS.X, np.full(len(ROWS.X), np.nan)))
    assert vars(estimator)["n_estimators"] == 4
    assert estimator.n_jobs == 2
    assert "_make_estimator" not in vars(estimator)
    with pytest.raises(NotFittedError):
        estimator.predict(ROWS.X)


def test_without_a_seed_nothing_is_exact():
    loose = case(forest(random_state=None), n_estimators=[2, 4])
    plan = Forests().plan(group_of(loose), data_of(loose), exact=False)
    assert set(plan.labels) == {Equality.DISTRIBUTION}
    assert {each.equality for each in answers(loose.estimator, **loose.grid)} == {Equality.DISTRIBUTION}  # fmt: skip
    assert Forests().plan(group_of(loose), data_of(loose), exact=True) is None


def test_a_random_state_is_copied_for_every_fit():
    state = np.random.RandomState(7)
    own = case(forest(random_state=state), n_estimators=[2, 4], max_depth=[None, 9])
    found = Contract().answers(own)
    assert {each.equality for each in found} == {Equality.EXACT}
    Contract().check_labels(own, found)


def test_limits_that_bind_nowhere_are_exact():
    wide = answers(DecisionTreeClassifier(random_state=0), max_depth=[None, 40, 2])
    assert [each.equality for each in sorted(wide)[:6]] == [Equality.EXACT] * 6
    assert {each.equality for each in wide if each.member == 2} == {Equality.DISTRIBUTION}


def test_a_node_that_cannot_be_split_counts_as_tried():
    """Two rows that differ in the target only: the try draws, so that a limit there changes what comes after."""
    X = np.array([[0.0, 0], [0, 0], [1, 1], [1, 2], [2, 1], [2, 2]])
    y = np.array([0, 1, 0, 1, 1, 0])
    tree = DecisionTreeClassifier(random_state=0).fit(X, y).tree_
    nodes = Nodes([tree], limits=LOOSE)
    split = Limits(UNLIMITED, 3, 0.0)
    alike = np.flatnonzero(nodes.leaf & (nodes.impurity > 0))
    assert nodes.samples[alike].tolist() == [2]
    assert nodes.binding(split)[0]


def test_exactly_only_what_a_limit_changes_is_grown_again(monkeypatch):
    grown = []
    grow = growing.Direct.grow
    monkeypatch.setattr(growing.Direct, "grow", lambda self, limits, trees: grown.extend(trees) or grow(self, limits, trees))  # fmt: skip
    X, y = load_breast_cancer(return_X_y=True)
    deep = Case("", forest(n_estimators=40), {"max_depth": [None, 8], "n_estimators": [20, 40]}, X, y)  # fmt: skip
    found = Contract().answers(deep, exact=True)
    Contract().check_labels(deep, [each for each in found if each.fold == 0])
    assert 3 * 40 < len(grown) < 1.6 * 3 * 40  # a fit of its own for each member: 3 * 120


def test_fewer_trees_may_have_looser_limits():
    """A member that needs no more trees no longer holds the others open."""
    grid = [{"n_estimators": 2, "max_depth": 2}, {"n_estimators": 6, "max_depth": 1}]
    both = case(forest(), n_estimators=[2])
    group = group_of(both)._replace(members=tuple(grid))
    with Threads(1) as pool:
        found = list(Forests().evaluate(group, folds_of(both), pool, exact=True))
    for each in found:
        rows = folds_of(both)[each.fold]
        real = clone(group.of(each.member)).fit(*rows.train()[:2])
        assert np.array_equal(each.answers[0].predict_proba(None), real.predict_proba(rows.tables()[0]))  # fmt: skip


def test_members_with_equal_trees_share_their_answers():
    """So that these are scored once."""
    found = answers(forest(), max_depth=[None, 50, 60])
    assert len({id(each.answers) for each in found if each.fold == 0}) == 1


@pytest.mark.parametrize(("broken", "grower"), [(False, "direct"), (True, "public")])
def test_a_search_tells_who_grew_its_trees(monkeypatch, broken, grower):
    """Not who was expected to: the check comes with the rows."""
    if broken:
        monkeypatch.setattr(growing.private(), "MAX_INT", 1000)
    grid = {"n_estimators": [2, 3], "max_depth": [None, 2]}
    search = SharedGridSearchCV(forest(), grid, cv=3, sharing="exact").fit(*ROWS[:2])
    assert search.plan_.grower == grower
    whole = GridSearchCV(forest(), grid, cv=3).fit(*ROWS[:2]).cv_results_["mean_test_score"]
    assert search.cv_results_["mean_test_score"].tolist() == whole.tolist()


@pytest.mark.parametrize(("trees", "total", "cores"), [(range(300), 1500, 2), (range(2, 30), 30, 2), (range(5, 6), 1, 16), (range(3, 3), 9, 1)])  # fmt: skip
def test_pieces_are_all_trees_in_turn_and_about_as_large(trees, total, cores):
    found = growing.pieces(trees, total, cores)
    assert [each for piece in found for each in piece] == list(trees)
    sizes = [len(piece) for piece in found] or [1]
    assert max(sizes) <= growing.CHUNK
    assert max(sizes) - min(sizes) <= 1
    assert len(found) >= min(len(trees) // 2, growing.TURNS * cores * len(trees) // total)
