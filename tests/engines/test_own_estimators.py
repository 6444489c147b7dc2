"""Estimators of the user's own: audited, trained, kept with their code, opened again."""

import msgspec
import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    GradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import SVC

from aiaas_magics import errors
from aiaas_magics.capturing import estimators as capturing
from aiaas_magics.engines import catalogue, evaluate, ownestimators, prepare, train, tune, usercode
from aiaas_magics.engines.models import artefacts
from aiaas_magics.predictors.base import Rows
from aiaas_magics.predictors.sklearn import SklearnPredictor
from aiaas_magics.specs.estimators import Estimator
from aiaas_magics.specs.evaluate import EvaluateSpec
from aiaas_magics.specs.prepare import PrepareSpec
from aiaas_magics.specs.train import TrainSpec
from aiaas_magics.specs.tune import TuneSpec

NEAREST = '''
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.pipeline import make_pipeline

def farness(a, b):
    return ((a[:, None, :] - b[None]) ** 2).sum(axis=2)

class Nearest(ClassifierMixin, BaseEstimator):
    """The class whose mean is nearest."""
    def __init__(self, power=1, noise=0.0, random_state=None):
        self.power = power
        self.noise = noise
        self.random_state = random_state
    def fit(self, X, y):
        X, rng = np.asarray(X, dtype=float), np.random.RandomState(self.random_state)
        self.classes_ = np.unique(y)
        self.means_ = np.array([X[np.asarray(y) == c].mean(axis=0) for c in self.classes_])
        self.means_ += self.noise * rng.normal(size=self.means_.shape)
        return self
    def predict(self, X):
        return self.classes_[farness(np.asarray(X, dtype=float), self.means_).argmin(axis=1)]
'''


@pytest.fixture
def cell():
    """What runs a cell and returns what it calls ``it``."""
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell()

    def run(code):
        shell.run_cell(code).raise_error()
        return shell.user_ns["it"]

    return run


@pytest.fixture
def sent(context):
    """What captures an estimator and stores its bytes, as a notebook does."""

    def send(value):
        found = capturing.capture(value)
        rest = found._asdict() | {"body": context.save_blob(found.body)}
        return Estimator(**rest)

    return send


@pytest.fixture
def spec(context, sent):
    def make(value, data="iris", target="species", kind=TrainSpec, **more):
        address = context.save_frame(catalogue.load(data) if isinstance(data, str) else data)
        found = sent(value)
        return kind(data=address, target=target, algo=found.name, as_="m", estimator=found, **more)

    return make


def reopened(context):
    info, folder = context.model("m")
    return SklearnPredictor(artefacts.load(folder), info.signature, usercode.blame), info, folder


@pytest.mark.parametrize(
    "value",
    [
        RandomForestClassifier(12),
        make_pipeline(StandardScaler(), SVC()),
        Pipeline([("prep", ColumnTransformer([("n", StandardScaler(), [2, 3])])),
                  ("model", LogisticRegression())]),
        make_pipeline(FunctionTransformer(np.log1p), LogisticRegression()),
        VotingClassifier([("a", GradientBoostingClassifier(n_estimators=5)), ("b", KNeighborsClassifier())]),
        StackingClassifier([("a", SVC()), ("b", KNeighborsClassifier())], cv=2),
        GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=2),
    ],
    ids=capturing.name_of,
)  # fmt: skip
def test_estimators_of_the_library_are_trained_and_opened_again(context, spec, value):
    result = train.run(spec(value), context)
    assert result.scores[0].value > 0.8
    predictor, info, _ = reopened(context)
    row = Rows(info.signature, {name: [1.5] for name, _ in info.signature.inputs})
    assert predictor.predict(row, proba=False).labels[0] in result.classes
    spec = EvaluateSpec(model="m", repeats=100, shuffles=1)
    assert evaluate.run(spec, context).scores[0].value == result.scores[0].value


def test_a_pipeline_of_its_own_gets_columns_by_name_and_anything_else_numbers(context, spec):
    frame = pd.DataFrame({"n": range(40), "c": ["a", "b"] * 20, "y": ["u", "v"] * 20})
    own = make_pipeline(ColumnTransformer([("c", OneHotEncoder(), ["c"])]), LogisticRegression())
    assert train.run(spec(own, frame, "y"), context).scores[0].value == 1
    assert train.run(spec(LogisticRegression(), frame, "y"), context).scores[0].value == 1


def test_a_pipeline_of_its_own_gets_the_table_as_it_is_prepared(context, sent):
    frame = pd.DataFrame({"n": [0.0, 10.0] * 20, "c": ["a", "b"] * 20, "y": ["u", "v"] * 20})
    prepare.run(
        PrepareSpec(data=context.save_frame(frame), as_="ready", target="y", scale="minmax", code="df['k'] = df['n'] * 2"),
        context,
    )  # fmt: skip
    seen = ColumnTransformer([("n", "passthrough", ["n", "k"]), ("c", OneHotEncoder(), ["c"])])
    found = sent(make_pipeline(seen, LogisticRegression()))
    train.run(TrainSpec(data="ready", target="y", algo="x", as_="m", estimator=found), context)
    info, folder = context.model("m")
    model = artefacts.load(folder)
    assert model[:1].transform(frame[["n", "c"]])["k"].max() == 1
    assert [name for name, _ in info.signature.inputs] == ["n", "c"]


def test_a_class_of_a_cell_is_trained_and_lives_in_the_model(context, spec, cell):
    value = cell(NEAREST + "it = Nearest()")
    result = train.run(spec(value), context)
    assert (result.algo, result.scores[0].value > 0.85) == ("Nearest", True)
    predictor, info, folder = reopened(context)
    module = info.lineage.spec["estimator"]["source"]
    assert [path.read_text() for path in (folder / "code").iterdir()] == [module]
    assert type(predictor._pipeline.steps[-1][1]).__module__.startswith("aiaas_user_")
    assert '"code": "code"' in (folder / "MLmodel").read_text()


def test_a_search_addresses_parameters_as_scikit_learn_does(context, spec, cell):
    value = cell(NEAREST + "it = make_pipeline(Nearest())")
    asked = spec(value, kind=TuneSpec, cv=2, params={"nearest__noise": [0.0, 100.0]})
    result = tune.run(asked, context)
    assert result.params["nearest__noise"] == 0.0
    assert [trial.params for trial in result.trials] == [
        {"nearest__noise": 0.0},
        {"nearest__noise": 100.0},
    ]


def test_parameters_are_given_and_told(context, spec):
    value = make_pipeline(StandardScaler(), RandomForestClassifier(7))
    result = train.run(spec(value, params={"randomforestclassifier__max_depth": 2}), context)
    assert result.params == {
        "randomforestclassifier__n_estimators": 7,
        "randomforestclassifier__max_depth": 2,
    }
    with pytest.raises(errors.SpecError) as caught:
        train.run(spec(value, params={"randomforestclassifier__max_dept": 2}), context)
    assert caught.value.hint == "did you mean 'randomforestclassifier__max_depth'?"


@pytest.mark.parametrize("value", ["SGDClassifier()", "make_pipeline(Nearest(noise=1.0))"])
def test_equal_lines_give_equal_models(context, spec, cell, value):
    made = cell(NEAREST + "from sklearn.linear_model import SGDClassifier\nit = " + value)
    scores = [train.run(spec(made, seed=seed), context).scores[0].value for seed in (1, 1, 2, 3, 4)]
    assert scores[0] == scores[1]
    assert len(set(scores)) > 1


def test_a_seed_of_its_own_is_kept():
    assert ownestimators.seeded(SGDClassifier(random_state=5), 1).random_state == 5
    assert ownestimators.seeded(make_pipeline(SGDClassifier()), 1)[0].random_state == 1


def test_an_estimator_does_its_own_task(context, spec):
    with pytest.raises(errors.SpecError, match="Ridge does not do classification"):
        spec(Ridge(), task="classification")
    digits = pd.DataFrame({"a": range(40), "y": [0, 1] * 20})
    assert train.run(spec(Ridge(), digits, "y", task="regression"), context).task == "regression"


@pytest.mark.parametrize(
    ("value", "target", "task", "other"),
    [
        (Ridge(), "species", "regression", "a classifier in place of Ridge"),
        (
            SGDClassifier(),
            "sepal_length_cm",
            "classification",
            "a regressor in place of SGDClassifier",
        ),
    ],
)
def test_a_target_of_the_other_task_asks_for_another_estimator(
    context, spec, value, target, task, other
):
    with pytest.raises(errors.DataError) as caught:
        train.run(spec(value, target=target, task=task), context)
    assert other in caught.value.lines()[-1]


@pytest.mark.parametrize("value", ["LogisticRegression()", "Counting()"])
def test_rows_weigh_in_estimators_that_take_weights(context, spec, cell, value):
    code = NEAREST.replace("class Nearest", "class Counting").replace(
        "fit(self, X, y)", "fit(self, X, y, sample_weight=None)"
    )
    code = code.replace("return self\n", "self.weighed_ = sample_weight\n        return self\n", 1)
    made = cell(code + "from sklearn.linear_model import LogisticRegression\nit = " + value)
    frame = pd.DataFrame({"a": [0.0, 1.0] * 20, "y": ["u", "v"] * 20, "k": [1.0, 2.0] * 20})
    result = train.run(spec(made, frame, "y", weights="k"), context)
    assert result.features == ("a",)
    with pytest.raises(errors.SpecError, match="takes no weights of rows"):
        spec(make_pipeline(LogisticRegression()), frame, "y", weights="k")


# what is refused ---------------------------------------------------------------------------------
class Foreign(BaseEstimator):
    """A class that is neither scikit-learn's nor came with its text."""


def test_lightgbm_s_own_classes_are_told_to_be_an_algorithm(context, spec):
    from lightgbm import LGBMClassifier

    with pytest.raises(errors.SpecError) as caught:
        train.run(spec(LGBMClassifier(n_estimators=2)), context)
    assert caught.value.lines()[-1] == "  try:  --algo lightgbm"


@pytest.mark.parametrize("change", [{"source": ""}, {"source": "class Other:\n    pass\n"}])
def test_types_that_did_not_come_with_their_text_are_not_built(context, spec, cell, change):
    asked = spec(cell(NEAREST + "it = Nearest()"))
    changed = msgspec.structs.replace(asked.estimator, **change)
    with pytest.raises(
        errors.SpecError, match=r"holds aiaas_user_\w+\.\w+, which is not built here"
    ):
        train.run(msgspec.structs.replace(asked, estimator=changed), context)


def test_bytes_that_name_other_types_are_not_built(context):
    body = context.save_blob(skops.io.dumps(make_pipeline(Foreign(), Ridge())))
    estimator = Estimator(body=body, name="Pipeline(Ridge)", task="regression")
    with pytest.raises(errors.SpecError, match=r"Foreign, which is not built here"):
        ownestimators.opened(estimator, context)


def test_a_model_with_another_file_in_its_code_is_not_opened(context, spec, cell):
    train.run(spec(cell(NEAREST + "it = Nearest()")), context)
    _, _, folder = reopened(context)
    path = next((folder / "code").iterdir())
    path.write_text(path.read_text() + "\nimport os\n")
    with pytest.raises(errors.SealError, match="is not imported"):
        artefacts.load(folder)
    path.unlink()
    with pytest.raises(errors.SealError, match="is not opened"):
        artefacts.load(folder)


@pytest.mark.parametrize(
    ("line", "what", "hint"),
    [
        ("return X['nope']", "your code raised IndexError", "in predict: return X['nope']"),
        ("return self.classes_[:1]", r"predict returns \(1,\) for 5 rows", "one answer a row"),
        ("raise SystemExit", "your code raised SystemExit", "in predict: raise SystemExit"),
    ],
)
def test_what_the_user_s_own_code_raises_is_told_as_theirs(context, spec, cell, line, what, hint):
    code = NEAREST.replace(
        "return self.classes_[farness", f"{line}\n        return self.classes_[farness"
    )
    frame = pd.DataFrame({"n": range(40), "c": ["a", "b"] * 20, "y": ["u", "v"] * 20})
    with pytest.raises(errors.UserCodeError, match=what) as caught:
        train.run(spec(cell(code + "it = Nearest()"), frame, "y"), context)
    assert caught.value.hint.startswith(hint)


def test_what_a_library_s_estimator_refuses_is_told_as_the_data_s(context, spec):
    own = make_pipeline(
        ColumnTransformer([("n", StandardScaler(), ["nope"])]), LogisticRegression()
    )
    with pytest.raises(
        errors.DataError, match=r"Pipeline\(LogisticRegression\) does not take this data"
    ):
        train.run(spec(own), context)
