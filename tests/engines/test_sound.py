"""Models with state that would lead native code astray are not opened, wherever in a model it stands."""

import io
import re
import zipfile

import numpy as np
import pytest
import skops.io
from scipy import sparse
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    BaggingClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neighbors import (
    KernelDensity,
    KNeighborsClassifier,
    KNeighborsRegressor,
    RadiusNeighborsClassifier,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR, NuSVC, OneClassSVM
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.tree._tree import Tree
from threadpoolctl import threadpool_limits

from aiaas_magics import errors
from aiaas_magics.engines.families.lightgbm import LightGBMClassifier, LightGBMRegressor
from aiaas_magics.engines.models import artefacts, boosters, sound

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 4))
SCORE = X[:, 0] + 2 * X[:, 1] + RNG.normal(size=120)
Y = np.digitize(SCORE, [-1, 1])
TREE = DecisionTreeClassifier(max_depth=4)

GROVES = {
    "a tree": TREE,
    "a tree of numbers": DecisionTreeRegressor(max_depth=4),
    "a pipeline": make_pipeline(StandardScaler(), TREE),
    "a forest": RandomForestClassifier(3),
    "a forest of numbers": RandomForestRegressor(3),
    "extra trees": ExtraTreesClassifier(3),
    "boosting": GradientBoostingClassifier(n_estimators=3),
    "boosting of numbers": GradientBoostingRegressor(n_estimators=3),
    "boosting from nothing": GradientBoostingClassifier(n_estimators=3, init="zero"),
    "boosting from a model": GradientBoostingClassifier(n_estimators=3, init=LogisticRegression()),
    "adaboost": AdaBoostClassifier(TREE, n_estimators=3),
    "adaboost of numbers": AdaBoostRegressor(n_estimators=3),
    "bagging": BaggingClassifier(TREE, 3, max_features=2),
    "bagged forests": BaggingClassifier(RandomForestClassifier(3), 2),
    "a vote": VotingClassifier([("one", TREE), ("two", LogisticRegression())]),
    "a stack": StackingClassifier([("one", TREE)], LogisticRegression(), cv=2),
    "a calibration": CalibratedClassifierCV(RandomForestClassifier(3), cv=2),
    "one against the rest": OneVsRestClassifier(TREE),
    "an isolation forest": IsolationForest(n_estimators=3, max_features=2),
}
VECTORS = {
    "svc": SVC(), "linear svc": SVC(kernel="linear"), "nu svc": NuSVC(nu=0.1), "svr": SVR(),
    "one class": OneClassSVM(), "a voting svc": VotingClassifier([("one", SVC())]),
}  # fmt: skip
NEAR = {
    "kd tree": KNeighborsClassifier(), "ball tree": KNeighborsClassifier(algorithm="ball_tree", p=1),
    "no tree": KNeighborsClassifier(algorithm="brute"), "of numbers": KNeighborsRegressor(weights="distance"),
    "in a radius": RadiusNeighborsClassifier(radius=9), "bagged": BaggingClassifier(KNeighborsClassifier(), 2),
}  # fmt: skip
BOOSTED = {
    "hist": HistGradientBoostingClassifier(max_iter=3),
    "lightgbm": LightGBMClassifier(n_estimators=3),
    "lightgbm of numbers": LightGBMRegressor(n_estimators=3),
}
ALL = {**GROVES, **VECTORS, **NEAR, **BOOSTED}


def target(model):
    """Return a target the model can learn."""
    kind = getattr(model, "_estimator_type", None) or type(model).__name__
    return SCORE if "Regress" in type(model).__name__ or "SVR" in kind else Y


def fitted(model, table=X):
    with threadpool_limits(1):
        return clone(model).fit(table, target(model))


def parts(model, kind):
    """Return all objects of a kind in a model."""
    return [each for each in sound._parts(model) if isinstance(each, kind)]


def opened(model, folder):
    """Return a model as it comes back from its file."""
    skops.io.dump(Pipeline([("model", model)]), folder / "model.skops")
    return artefacts.load(folder)


def bent(tree, field, value):
    """Return a tree with one of its inner nodes led elsewhere."""
    state = tree.__getstate__()
    at = int(np.flatnonzero(tree.children_left != -1)[-1])
    state["nodes"][field][at] = value
    made = Tree(2**20, np.full(tree.n_outputs, tree.max_n_classes, np.intp), tree.n_outputs)
    made.__setstate__(state)
    return made


def refused(model, folder):
    with pytest.raises(errors.SealError, match="not opened"):
        opened(model, folder)


@pytest.mark.parametrize("name", ALL)
def test_what_scikit_learn_learns_is_opened_and_says_the_same(tmp_path, name):
    model = fitted(ALL[name])
    assert np.array_equal(opened(model, tmp_path).predict(X), model.predict(X))


@pytest.mark.parametrize(
    "name", ["svc", "svr", "kd tree", "of numbers", "a tree", "boosting", "lightgbm"]
)
def test_what_was_learned_from_a_sparse_table_is_opened(tmp_path, name):
    thin = sparse.csr_matrix(X)
    model = fitted(ALL[name], thin)
    assert np.array_equal(opened(model, tmp_path).predict(thin), model.predict(thin))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("left_child", 10**6),
        ("right_child", 0),
        ("feature", 4),
    ],
)
@pytest.mark.parametrize("name", GROVES)
def test_a_tree_that_leads_nowhere_is_not_opened(tmp_path, name, field, value):
    model = fitted(GROVES[name])
    holders = [
        each for each in parts(model, object) if isinstance(vars_of(each).get("tree_"), Tree)
    ]
    grown = [each for each in holders if each.tree_.node_count > 1][-1]
    grown.tree_ = bent(grown.tree_, field, value)
    refused(model, tmp_path)


def vars_of(each):
    return getattr(each, "__dict__", {})


def test_a_tree_that_asks_for_a_column_its_bag_lacks_is_not_opened(tmp_path):
    model = fitted(GROVES["an isolation forest"])
    model.estimators_[0].n_features_in_ = 4  # nobody compares it with the two columns handed over
    model.estimators_[0].tree_ = bent(model.estimators_[0].tree_, "feature", 3)
    refused(model, tmp_path)


def test_a_forest_s_tree_that_claims_to_be_wider_is_not_opened(tmp_path):
    model = fitted(RandomForestClassifier(3))
    model.estimators_[0].n_features_in_ = 40
    model.estimators_[0].tree_ = bent(model.estimators_[0].tree_, "feature", 30)
    refused(model, tmp_path)


def test_a_tree_without_a_width_is_not_opened(tmp_path):
    model = fitted(TREE)
    del model.n_features_in_
    refused(model, tmp_path)


def more_stages(model):
    model.estimators_ = np.repeat(model.estimators_, 2, axis=1)


def fewer_classes(model):
    model.init_.classes_ = np.arange(2)


def wider_start(model):
    model.n_trees_per_iteration_ = 1


@pytest.mark.parametrize(
    ("name", "bend"),
    [("boosting", more_stages), ("boosting", fewer_classes), ("boosting of numbers", more_stages), ("boosting from nothing", wider_start)],
)  # fmt: skip
def test_boosting_that_writes_beside_its_table_is_not_opened(tmp_path, name, bend):
    model = fitted(GROVES[name])
    bend(model)
    refused(model, tmp_path)


def categories(model):
    model._predictors[0][0].nodes["is_categorical"][0] = 1


def too_many_trees(model):
    model._predictors[0] = model._predictors[0] * 2


@pytest.mark.parametrize("bend", [categories, too_many_trees])
def test_binned_boosting_that_leads_astray_is_not_opened(tmp_path, bend):
    model = fitted(BOOSTED["hist"])
    bend(model)
    refused(model, tmp_path)


@pytest.mark.parametrize(
    ("name", "bent_"),
    [
        ("_dual_coef_", lambda a: a[:, :-3]),
        ("_n_support", lambda a: a + np.array([9] + [0] * (len(a) - 1), a.dtype)),
        ("_n_support", lambda a: a - np.array([99] + [0] * (len(a) - 1), a.dtype)),
        ("support_vectors_", lambda a: a[:-2]),
        ("support_vectors_", lambda a: a[:, :-1]),
        ("_intercept_", lambda a: a[:-1]),
        ("_probA", lambda a: np.ones(7)),
    ],
)
@pytest.mark.parametrize("name_", ["svc", "a voting svc"])
def test_support_vectors_that_do_not_fit_are_not_opened(tmp_path, name_, name, bent_):
    model = fitted(VECTORS[name_])
    found = parts(model, SVC)[-1]
    if not hasattr(found, "support_"):
        found = next(each for each in parts(model, SVC) if hasattr(each, "support_"))
    vars(found)[name] = bent_(vars(found)[name])
    refused(model, tmp_path)


@pytest.mark.parametrize("name", ["kd tree", "ball tree"])
def test_the_tree_of_neighbours_is_grown_again(tmp_path, name):
    model = fitted(NEAR[name])
    state = list(model._tree.__getstate__())
    indices = next(i for i, each in enumerate(state) if getattr(each, "dtype", 0) == np.intp)
    expected = model.predict(X)
    state[indices] = state[indices] + 10**9
    model._tree.__setstate__(tuple(state))
    assert np.array_equal(opened(model, tmp_path).predict(X), expected)


def test_a_tree_of_neighbours_that_nobody_grows_again_is_not_opened(tmp_path):
    refused(KernelDensity().fit(X), tmp_path)


@pytest.mark.parametrize("name", ["no tree", "in a radius", "bagged"])
def test_neighbours_of_a_class_there_is_not_are_not_opened(tmp_path, name):
    model = fitted(NEAR[name])
    found = parts(model, KNeighborsClassifier | RadiusNeighborsClassifier)
    next(each for each in found if hasattr(each, "_y"))._y[0] = 10**6
    refused(model, tmp_path)


def test_a_sparse_table_that_leads_out_of_itself_is_not_opened(tmp_path):
    model = fitted(KNeighborsRegressor(), sparse.csr_matrix(X))
    model._fit_X.indices[3] = 10**6
    refused(model, tmp_path)


# LightGBM's text ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "other"),
    [
        (r"split_feature=\d+", "split_feature=4"),
        (r"split_feature=\d+", "split_feature=-1"),
        (r"left_child=-?\d+", "left_child=99999"),
        (r"left_child=-?\d+", "left_child=0"),
        (r"right_child=-?\d+", "right_child=-99999"),
        (r"right_child=-?\d+", "right_child=1_0"),
        (r"decision_type=\d+", "decision_type=1"),
        (r"num_leaves=\d+", "num_leaves=900"),
        (r"num_leaves=\d+", "num_leaves=-1"),
        (r"num_cat=0", "num_cat=1"),
        (r"is_linear=0", "is_linear=1"),
        (r"num_class=3", "num_class=1"),
        (r"num_tree_per_iteration=3", "num_tree_per_iteration=9"),
        (r"max_feature_idx=3", "max_feature_idx=900"),
        (r"feature_names=Column_0 ", "feature_names="),
        (r"feature_infos=", "tree_sizes=1 2 3\nfeature_infos="),
        (r"shrinkage=1\n", "shrinkage=1\nleaf_coeff=3\n"),
        (r"threshold=[^ ]+", "threshold="),
        (r"leaf_value=", "leaf_value=0 "),
        (r"Tree=1\n", "Tree=7\n"),
        (r"objective=multiclass num_class:3", "objective=../../etc/passwd"),
        (r"version=v4", "version=v9"),
        (r"end of trees\n", "end of trees\n\nparameters:\n[device_type: gpu]\n"),
    ],
)
def test_a_text_that_leads_astray_is_not_opened(tmp_path, line, other):
    model = fitted(BOOSTED["lightgbm"])
    changed = re.sub(line, other, model.text_, count=1)
    assert changed != model.text_
    model.text_ = changed
    refused(model, tmp_path)


def test_a_text_is_read_before_the_library_reads_it():
    text = fitted(BOOSTED["lightgbm"]).text_
    boosters.check(text, 4, 3)
    for width, outputs in ((3, 3), (5, 3), (4, 1)):
        with pytest.raises(errors.SealError):
            boosters.check(text, width, outputs)


def test_a_file_whose_bytes_were_changed_is_not_opened(tmp_path):
    skops.io.dump(Pipeline([("model", fitted(TREE))]), tmp_path / "model.skops")
    body = io.BytesIO()
    with zipfile.ZipFile(tmp_path / "model.skops") as old, zipfile.ZipFile(body, "w") as new:
        for name in old.namelist():
            found = old.read(name)
            if name.endswith(".npy") and b"left_child" in found:
                found = found[:-64] + b"\x7f" * 64
            new.writestr(name, found)
    (tmp_path / "model.skops").write_bytes(body.getvalue())
    with pytest.raises(errors.SealError, match="not opened"):
        artefacts.load(tmp_path)
