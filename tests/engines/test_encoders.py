"""The quick encoders, imputer and column transformer: what scikit-learn's give, bit by bit."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from aiaas_magics.engines import encoders
from aiaas_magics.engines.encoders import LARGE, Columns, Medians, OneHot, Ordinal

NAN = float("nan")
QUICK = (Phase.explicit, Phase.generate)
ONEHOT = {"handle_unknown": "infrequent_if_exist"}
ORDINAL = {"handle_unknown": "use_encoded_value", "unknown_value": -1, "encoded_missing_value": -1}
WAYS = [
    (OneHot, ONEHOT | {"max_categories": 4}),
    (OneHot, ONEHOT | {"max_categories": None}),
    (OneHot, ONEHOT | {"max_categories": 3, "sparse_output": False}),
    (OneHot, {"handle_unknown": "ignore", "min_frequency": 0.2}),
    (OneHot, {"handle_unknown": "ignore", "dtype": np.float32}),
    (Ordinal, ORDINAL),
    (Ordinal, ORDINAL | {"encoded_missing_value": NAN}),
    (Ordinal, ORDINAL | {"max_categories": 3}),
]
words = st.sampled_from(["a", "B", "ä", "", "nan", "None", "zz\n", " ", "10", "9", None])


@st.composite
def columns(draw, dtype):
    """Return a table of two columns long enough for the detour, values unevenly often."""
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    found = {}
    for name in "pq":
        values = draw(st.lists(words, min_size=1, max_size=9, unique=True))
        odds = rng.dirichlet(np.ones(len(values)))
        picked = np.array(values, dtype=object)[rng.choice(len(values), LARGE, p=odds)]
        found[name] = pd.Series(picked, dtype=dtype)
    return pd.DataFrame(found)


def same(ours, theirs):
    if sparse.issparse(theirs):
        for part in ("data", "indices", "indptr"):
            one, other = getattr(ours, part), getattr(theirs, part)
            np.testing.assert_array_equal(one, other)
            assert one.dtype == other.dtype
    else:
        np.testing.assert_array_equal(ours, theirs)
    assert type(ours) is type(theirs)
    assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)


def learned(encoder):
    return {name: repr(value) for name, value in vars(encoder).items()}


def check(kind, params, seen, later):
    ours, theirs = kind(**params), kind.__mro__[1](**params)
    same(ours.fit_transform(seen), theirs.fit_transform(seen))
    assert learned(ours) == learned(theirs)
    assert learned(clone(ours).fit(seen)) == learned(theirs)
    same(ours.transform(later), theirs.transform(later))
    assert list(ours.get_feature_names_out()) == list(theirs.get_feature_names_out())


@pytest.mark.parametrize(("kind", "params"), WAYS)
@pytest.mark.parametrize("dtype", ["str", "category"])
@settings(max_examples=5, deadline=None, phases=QUICK)
@given(data=st.data())
def test_texts_are_encoded_as_scikit_learn_does_it(kind, params, dtype, data):
    check(kind, params, data.draw(columns(dtype)), data.draw(columns(dtype)))


@pytest.mark.parametrize(("kind", "params"), WAYS)
@settings(max_examples=3, deadline=None, phases=QUICK)
@given(data=st.data())
def test_texts_of_an_imputer_are_too(kind, params, data):
    seen, later = (data.draw(columns("str")).to_numpy(object) for _ in range(2))
    check(kind, params, seen, later)


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(["a", None, NAN], id="None-beside-NaN"),
        pytest.param([1, 2, 3], id="objects-that-are-numbers"),
        pytest.param(["a", "b"], id="objects"),
    ],
)
def test_what_pandas_and_scikit_learn_see_differently_goes_the_long_way(values):
    column = np.array(values * LARGE, dtype=object)[:, None]
    check(OneHot, ONEHOT | {"max_categories": 2}, column, column)
    check(OneHot, ONEHOT, pd.DataFrame(column), pd.DataFrame(column))


@pytest.mark.parametrize("values", [[3, 1, 2, None], [1.5, -0.5, 2.5], [True, False]])
def test_categories_need_not_be_texts(values):
    frame = pd.DataFrame({"c": pd.Categorical(values * LARGE)})
    check(OneHot, ONEHOT | {"max_categories": 2}, frame, frame.iloc[::-1])
    check(Ordinal, ORDINAL, frame, frame.iloc[::-1])


def test_given_orders_are_kept():
    frame = pd.DataFrame({"size": pd.Series(["S", "XL", None, "M"] * LARGE, dtype="str")})
    check(Ordinal, ORDINAL | {"categories": [["S", "M", "XL"]]}, frame, frame)


def test_a_value_that_must_be_known_is_told_as_scikit_learn_tells_it():
    seen = pd.DataFrame({"c": pd.Series(["a", "b"] * LARGE, dtype="str")})
    for kind in (OneHot, Ordinal):
        with pytest.raises(ValueError, match=r"unknown categories \['c'\] in column 0"):
            kind().fit(seen).transform(seen.replace("b", "c"))


numbers = st.floats(-1e300, 1e300) | st.just(NAN) | st.sampled_from([0.0, -0.0, 1.0])


@settings(max_examples=20, deadline=None, phases=QUICK)
@given(
    values=st.lists(numbers, min_size=1, max_size=40),
    more=st.integers(0, 3),
)
def test_gaps_are_filled_as_scikit_learn_fills_them(values, more):
    column = np.resize(np.array(values), LARGE + more)
    frame = pd.DataFrame({"x": column, "y": np.arange(len(column), dtype="float64")})
    ours = Medians(strategy="median", keep_empty_features=True)
    theirs = SimpleImputer(strategy="median", keep_empty_features=True)
    with np.errstate(all="ignore"):
        expected = theirs.fit(frame).statistics_
        np.testing.assert_array_equal(ours.fit(frame).statistics_, expected)
        assert learned(ours) == learned(theirs)
        np.testing.assert_array_equal(ours.transform(frame), theirs.transform(frame))


@pytest.mark.parametrize("strategy", ["mean", "most_frequent", "constant"])
def test_other_ways_to_fill_gaps_are_scikit_learns(strategy):
    frame = pd.DataFrame({"x": [1.0, NAN, 2.0, 2.0] * LARGE})
    found = [kind(strategy=strategy).fit(frame) for kind in (Medians, SimpleImputer)]
    assert learned(found[0]) == learned(found[1])


def test_infinite_values_have_no_median():
    frame = pd.DataFrame({"x": [1.0, float("inf"), 2.0] * LARGE})
    with pytest.raises(ValueError, match="infinity"):
        Medians(strategy="median").fit(frame)


def mixed(zero=0.5):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(3 * LARGE, 2)), columns=["n", "m"])
    frame.loc[5, "n"], frame.loc[7, "m"] = NAN, zero
    frame["c"] = pd.Series(rng.choice([f"w{i}" for i in range(30)], len(frame)), dtype="str")
    return frame


def columns_of(kind, imputer, encoder):
    numbers = make_pipeline(imputer(strategy="median"), StandardScaler(with_mean=False))
    return kind([("n", numbers, ["n", "m"]), ("c", encoder(**ONEHOT), ["c"])])


@pytest.mark.parametrize("zero", [0.5, 0.0])
def test_sparse_and_dense_columns_stand_side_by_side_as_scikit_learn_puts_them(zero):
    frame = mixed(zero)
    ours = columns_of(Columns, Medians, OneHot)
    theirs = columns_of(ColumnTransformer, SimpleImputer, OneHotEncoder)
    same(ours.fit_transform(frame), theirs.fit_transform(frame))
    same(ours.transform(frame), theirs.transform(frame))


def test_a_plain_pipeline_is_scikit_learns_and_answers_the_same():
    frame = mixed()
    found = make_pipeline(columns_of(Columns, Medians, OneHot)).fit(frame)
    before = found.transform(frame)
    encoders.plain(found)
    same(found.transform(frame), before)
    inside = found.steps[0][1]
    parts = [inside, inside.transformers[1][1], inside.named_transformers_["c"]]
    parts += [part for _, part in inside.named_transformers_["n"].steps]
    assert all(type(part).__module__.startswith("sklearn.") for part in parts)
    assert type(OrdinalEncoder()) is OrdinalEncoder
