"""A model of somebody else's: what is found out about it, tried, told and kept."""

import hashlib

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from aiaas_magics import errors
from aiaas_magics.engines import catalogue, deploy, evaluate, import_model
from aiaas_magics.engines.models import artefacts
from aiaas_magics.specs.deploy import DeploySpec
from aiaas_magics.specs.evaluate import EvaluateSpec
from aiaas_magics.specs.models import ImportModelSpec

IRIS = catalogue.load("iris")
X, Y = IRIS.drop(columns="species"), IRIS["species"]
FOREST = RandomForestClassifier(5, random_state=3).fit(X, Y)


@pytest.fixture
def brought(context):
    """Import a model from skops bytes; the result, and how it is stored."""

    def bring(model, sample=None, **more):
        body = skops.io.dumps(model)
        address = None if sample is None else context.save_frame(sample)
        spec = ImportModelSpec(
            as_="m", file=context.save_blob(body), filename="their.skops", sample=address, **more
        )
        result = import_model.run(spec, context)
        return result, *context.model(result.ref), hashlib.sha256(body).hexdigest()

    return bring


def warned(context):
    return [told.body["text"] for told in context.told if told.type == "warning"]


# what is found out ---------------------------------------------------------------------------------
def test_a_sample_gives_names_types_example_and_a_score(brought, context):
    result, info, folder, digest = brought(FOREST, IRIS, target="species")
    assert dict(info.signature.inputs) == dict.fromkeys(X.columns, "double")
    assert info.signature.classes == ("setosa", "versicolor", "virginica")
    assert artefacts.example(folder) == [X.iloc[0].tolist()]
    assert info.scores["accuracy"] == pytest.approx(FOREST.score(X, Y))
    assert (result.rows, result.task, result.algo) == (150, "classification", "random_forest")
    assert (result.digest, info.lineage.spec["filename"]) == (digest, "their.skops")
    assert info.params == {"n_estimators": 5, "random_state": 3}
    assert warned(context) == []


def test_without_a_sample_types_are_guessed_and_said_to_be(brought, context):
    result, info, folder, _ = brought(FOREST)
    assert [name for name, _ in info.signature.inputs] == list(X.columns)
    assert (result.rows, result.scores, info.scores) == (0, (), {})
    assert artefacts.example(folder) == [[0.0] * 4]
    assert "taken for numbers" in warned(context)[0]


def test_a_model_of_arrays_takes_tables_and_answers_the_same(brought, context):
    bare = RandomForestClassifier(5, random_state=3).fit(X.to_numpy(), Y)
    _, info, folder, _ = brought(bare)
    assert [name for name, _ in info.signature.inputs] == ["x0", "x1", "x2", "x3"]
    assert "called x0 to x3" in warned(context)[0]
    table = pd.DataFrame(X.to_numpy(), columns=["x0", "x1", "x2", "x3"])
    found = artefacts.load(folder)
    assert np.array_equal(
        found.predict_proba(table[table.columns[::-1]]), bare.predict_proba(X.to_numpy())
    )


def test_a_sample_names_the_columns_of_a_model_of_arrays(brought):
    bare = LogisticRegression(max_iter=500).fit(X.to_numpy(), Y)
    _, info, folder, _ = brought(bare, X)
    assert [name for name, _ in info.signature.inputs] == list(X.columns)
    assert np.array_equal(artefacts.load(folder).predict(X), bare.predict(X.to_numpy()))


MIXED = pd.DataFrame(
    {"size": np.arange(20.0), "kind": ["a", "b"] * 10, "big": [True, False] * 10, "n": range(20)}
)


def test_a_pipeline_keeps_its_types(brought):
    ways = ColumnTransformer(
        [("k", OneHotEncoder(), ["kind"]), ("s", StandardScaler(), ["size", "n"])]
    )
    model = make_pipeline(ways, Ridge(alpha=2.0)).fit(MIXED[["kind", "n", "size"]], MIXED["size"])
    result, info, folder, _ = brought(model, MIXED)
    assert info.signature.inputs == (("kind", "string"), ("n", "long"), ("size", "double"))
    assert (result.algo, result.params, result.task) == ("ridge", {"alpha": 2.0}, "regression")
    assert np.array_equal(artefacts.load(folder).predict(MIXED), model.predict(MIXED))


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("RandomForestClassifier", "random_forest"),
        ("HistGradientBoostingRegressor", "hist_gradient_boosting"),
        ("SVC", "svc"),
        ("Ridge", "ridge"),
        ("RidgeClassifier", "ridge"),
        ("LinearRegression", "linear_regression"),
        ("MLPClassifier", "mlp"),
        ("Classifier", "classifier"),
    ],
)
def test_classes_are_named_as_our_algorithms_are(model, name):
    assert import_model.snake(model) == name


# what is refused -----------------------------------------------------------------------------------
SEVERAL = RandomForestRegressor(2).fit(X, X)
REFUSED = [
    (FOREST, X.rename(columns={"sepal_width_cm": "sepal_width"}), {}, "no column 'sepal_width_cm'", "sepal_width"),
    (FOREST, X.iloc[:0], {}, "holds no row", ""),
    (LogisticRegression(max_iter=500).fit(X.to_numpy()[:, :2], Y), X, {}, "takes 2 columns and the sample has 4", "--target"),
    (FOREST, IRIS.replace("setosa", "rose"), {"target": "species"}, "does not know the class 'rose'", "setosa"),
    (LinearRegression().fit(X, X["sepal_width_cm"]), IRIS, {"target": "species"}, "holds no numbers", ""),
    (LogisticRegression(max_iter=500).fit(X, Y), X.assign(sepal_width_cm=np.nan), {}, "does not take the sample", "NaN"),
    (SEVERAL, X, {}, "several targets", ""),
]  # fmt: skip


@pytest.mark.parametrize(("model", "sample", "more", "what", "hint"), REFUSED)
@pytest.mark.filterwarnings("ignore")
def test_a_sample_that_does_not_fit_is_refused(brought, context, model, sample, more, what, hint):
    with pytest.raises(errors.DataError) as caught:
        brought(model, sample, **more)
    assert what in caught.value.what
    assert hint in caught.value.hint
    with pytest.raises(errors.NotFound):
        context.model("m")


def test_a_model_of_texts_needs_a_sample(brought):
    model = make_pipeline(OneHotEncoder(), Ridge()).fit(MIXED[["kind"]], MIXED["size"])
    with pytest.raises(errors.DataError, match="does not take numbers") as caught:
        brought(model)
    assert caught.value.try_ == "--sample X_test"


# what can be done with it ----------------------------------------------------------------------------
def test_it_is_measured_on_given_rows_only(brought, context):
    brought(FOREST, target="species")
    with pytest.raises(errors.DataError, match="m@1 was") as caught:
        evaluate.run(EvaluateSpec(model="m"), context)
    assert caught.value.try_.startswith("%aiaas_evaluate m ")
    asked = EvaluateSpec(model="m", data=context.save_frame(IRIS), repeats=100, shuffles=1)
    result = evaluate.run(asked, context)
    assert result.scores[0].value == pytest.approx(FOREST.score(X, Y))
    assert result.scores[0].baseline == pytest.approx(1 / 3)


@pytest.mark.parametrize("sample", [None, X.iloc[5:]])
def test_it_is_served_with_an_example(brought, context, sample):
    brought(FOREST, sample)
    result = deploy.run(DeploySpec(model="m", as_="api"), context)
    assert result.example == {"X_test": [[0.0] * 4 if sample is None else X.iloc[5].tolist()]}


def test_prepared_data_gives_its_raw_rows_as_a_sample(brought, context):
    from aiaas_magics.engines import data, prepare
    from aiaas_magics.specs.data import DataSpec
    from aiaas_magics.specs.prepare import PrepareSpec

    data.run(DataSpec(as_="raw", catalogue="iris"), context)
    prepare.run(PrepareSpec(data="raw", as_="ready", scale="standard", target="species"), context)
    spec = ImportModelSpec(
        as_="m", file=context.save_blob(skops.io.dumps(FOREST)), filename="f.skops", sample="ready", target="species"
    )  # fmt: skip
    assert import_model.run(spec, context).scores[0].value == pytest.approx(FOREST.score(X, Y))
    assert context.model("m")[0].lineage.data_ref == "ready@1"


def test_a_pipeline_with_names_is_kept_as_it_is(brought):
    model = Pipeline([("s", StandardScaler()), ("m", LogisticRegression(max_iter=500))]).fit(X, Y)
    _, _, folder, _ = brought(model, X)
    assert [name for name, _ in artefacts.load(folder).steps] == ["s", "m"]
