"""The recipe as part of a model: fitted, served, saved, searched."""

import warnings

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from aiaas_magics import errors
from aiaas_magics.engines import catalogue, encoders
from aiaas_magics.engines.data import simple
from aiaas_magics.engines.modalities.date import DateParts
from aiaas_magics.engines.prepare import transformer
from aiaas_magics.engines.profile import roles
from aiaas_magics.specs.prepare import PrepareSpec, Step

ESTIMATORS = {
    "linear": (LogisticRegression(max_iter=50), {"takes_missing": False}),
    "forest": (RandomForestClassifier(5, random_state=0), {"takes_missing": False}),
    "boosting": (
        HistGradientBoostingClassifier(max_iter=3, random_state=0),
        {"takes_missing": True, "takes_sparse": False},
    ),
}
RECIPES = {
    "none": {},
    "all": {"impute": "median", "dates": True, "encode": "onehot", "scale": "standard"},
    "ordinal": {"impute": "most_frequent", "encode": "ordinal", "scale": "maxabs"},
    "gaps filled, dates as they are": {"impute": "mean"},
    "named": {"scale": "minmax", "columns": ("gone", "n")},
}


def steps(**options):
    return PrepareSpec(data="x", as_="x", **options).steps() if options else ()


@pytest.fixture(scope="module")
def table():
    """Every kind of column, a tenth of the values missing."""
    frame = catalogue.load("tickets").head(120)
    rng = np.random.default_rng(0)
    frame = frame.assign(n=rng.normal(size=120), urgent=frame["urgent"].astype("boolean"))
    for name in ("received", "channel", "urgent", "message", "n"):
        frame.loc[rng.random(120) < 0.1, name] = None
    found = roles(frame)
    return simple(frame), found


@pytest.fixture
def model(table):
    frame, found = table
    features = frame.drop(columns="topic")

    def model(recipe, kind):
        estimator, takes = ESTIMATORS[kind]
        step = transformer(steps(**RECIPES[recipe]), features, found, **takes)
        return make_pipeline(step, clone(estimator)), features, frame["topic"]

    return model


@pytest.fixture(autouse=True)
def _unconverged():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


@pytest.mark.parametrize("kind", ESTIMATORS)
@pytest.mark.parametrize("recipe", RECIPES)
def test_a_model_takes_raw_rows(recipe, kind, model):
    pipeline, features, target = model(recipe, kind)
    assert pipeline.fit(features, target).score(features, target) > 0.8


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_it_is_fitted_on_each_fold(kind, model):
    scores = cross_val_score(*model("all", kind), cv=3, error_score="raise")
    assert scores.mean() > 0.6


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_rows_that_training_never_saw(kind, model):
    pipeline, features, target = model("all", kind)
    pipeline.fit(features, target)
    strange = pd.DataFrame(
        {
            "received": pd.to_datetime([None, "1890-01-01"]),
            "channel": pd.Series(["pigeon", None], dtype="str"),
            "urgent": [np.nan, 1.0],
            "message": pd.Series([None, "¿qué?"], dtype="str"),
            "n": [np.nan, 1e9],
        }
    )
    assert len(pipeline.predict(strange)) == 2


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("channel", "category"),
        ("channel", object),
        ("n", "float32"),
        ("received", "str"),
        ("urgent", object),
    ],
)
def test_a_column_may_come_with_another_dtype(name, dtype, model):
    pipeline, features, target = model("all", "boosting")
    expected = pipeline.fit(features, target).predict_proba(features)
    found = pipeline.predict_proba(features.astype({name: dtype}))
    np.testing.assert_allclose(found, expected)


def test_columns_may_come_in_another_order(model):
    pipeline, features, target = model("all", "forest")
    expected = pipeline.fit(features, target).predict_proba(features)
    np.testing.assert_array_equal(
        pipeline.predict_proba(features[features.columns[::-1]]), expected
    )


def test_saved_by_skops_it_holds_one_type_of_ours(model):
    pipeline, features, target = model("all", "boosting")
    encoders.plain(pipeline.fit(features, target))
    body = skops.io.dumps(pipeline)
    unknown = skops.io.get_untrusted_types(data=body)
    ours = [name for name in unknown if not name.startswith(("sklearn.", "numpy."))]
    assert ours == ["aiaas_magics.engines.modalities.date.DateParts"]
    again = skops.io.loads(body, trusted=unknown)
    np.testing.assert_array_equal(again.predict(features), pipeline.predict(features))


NUMBERS = pd.DataFrame({"a": [1.0, 2, 3], "b": [1, 2, 3], "c": [True, False, True]})


def test_numbers_pass_untouched():
    assert transformer((), NUMBERS, roles(NUMBERS), takes_missing=False) == "passthrough"
    ignored = (Step(op="dropna"), Step(op="keep", columns=("a",)), Step(op="dates"))
    assert transformer(ignored, NUMBERS, roles(NUMBERS), takes_missing=False) == "passthrough"


@pytest.mark.parametrize(("takes_missing", "nothing"), [(True, True), (False, False)])
def test_gaps_are_filled_for_those_who_cannot_take_them(takes_missing, nothing):
    frame = NUMBERS.assign(a=[1.0, np.nan, 9])
    found = transformer((), frame, roles(frame), takes_missing=takes_missing)
    assert (found == "passthrough") is nothing
    if not nothing:
        assert found.fit_transform(frame)[:, 0].tolist() == [1, 5, 9]


@pytest.mark.parametrize("takes_sparse", [True, False])
def test_prose_is_sparse_where_it_may_be(takes_sparse):
    frame = catalogue.load("tickets")[["message"]].head(50)
    found = transformer((), frame, roles(frame), takes_missing=True, takes_sparse=takes_sparse)
    out = found.fit_transform(frame)
    assert hasattr(out, "toarray") is takes_sparse
    assert np.asarray(out.sum(axis=1)).min() > 0


def test_scaled_dummies_are_dense():
    frame = pd.DataFrame({"c": ["a", "b", "a"]})
    recipe = steps(encode="onehot", scale="standard", columns=("c",))
    found = transformer(recipe, frame, roles(frame), takes_missing=False)
    assert found.fit_transform(frame).mean(axis=0) == pytest.approx([0, 0])


def test_an_empty_column_is_refused():
    frame = pd.DataFrame({"x": [np.nan, np.nan], "y": [1.0, 2]})
    with pytest.raises(errors.DataError) as caught:
        transformer((), frame, roles(frame), takes_missing=True)
    assert caught.value.what == "column 'x' is missing in every row"
    assert "--drop x" in caught.value.try_


def test_dates_alone():
    parts = DateParts().fit(pd.DataFrame({"d": pd.to_datetime(["2020-02-29 13:00"])}))
    assert parts.get_feature_names_out()[0] == "d_year"
    assert parts.transform([["2021-03-01T07:30"]]).tolist() == [[2021, 3, 1, 0, 7]]
    assert np.isnan(parts.transform([["soon"]])).all()
