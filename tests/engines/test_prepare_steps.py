"""Each step of preparation: what it makes of a table, and what it learns from training rows alone."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from aiaas_magics import errors
from aiaas_magics.engines import catalogue, learning, prepare, profile, transformers
from aiaas_magics.specs.prepare import PrepareSpec
from aiaas_magics.specs.train import TrainSpec

NAN = float("nan")
RNG = np.random.default_rng(0)
ROWS = 200
A = RNG.normal(size=ROWS)
TABLE = pd.DataFrame(
    {
        "a": A,
        "twin": 2 * A + 1,
        "noise": RNG.normal(size=ROWS),
        "flat": 7.0,
        "city": np.where(np.arange(ROWS) < 3, "Rome", RNG.choice(["Oslo", "Bonn"], ROWS)),
        "prose": [f"order {i} came {w} and wet" for i, w in enumerate(["late", "soon"] * (ROWS // 2))],
        "y": np.where(A > 0, "up", "down"),
    }
)  # fmt: skip


@pytest.fixture
def prepared(context):
    def prepared(frame=TABLE, **steps):
        address = context.save_frame(frame)
        result = prepare.run(PrepareSpec(data=address, as_="p", **steps), context)
        return result, context.frame(result.frame)

    return prepared


@pytest.fixture
def learned(context):
    """The fitted transformer of a model trained on prepared data, and its rows."""

    def learned(frame=TABLE, target="y", algo="logistic_regression", **steps):
        address = context.save_frame(frame)
        prepare.run(PrepareSpec(data=address, as_="p", target=target, **steps), context)
        spec = TrainSpec(data="p", target=target, algo=algo, as_="m")
        task = learning.assemble(spec, context)
        pipeline = learning.build(task, spec, context, {})
        X, y = learning.training_rows(task)
        return pipeline.fit(X, y).steps[0][1], X, y

    return learned


def numbers(*values):
    return pd.DataFrame(
        {"x": np.array(values, dtype="float64"), "y": ["a", "b"] * (len(values) // 2)}
    )


# outliers ----------------------------------------------------------------------------------------
def test_outliers_come_to_the_quantiles(prepared):
    result, frame = prepared(numbers(*range(100)), clip=0.1, target="y")
    assert (frame["x"].min(), frame["x"].max()) == pytest.approx((9.9, 89.1))
    assert result.changes[0].values == 20
    assert result.changes[0].text == "clip: 20 values in 1 column brought to the edge"


def test_outliers_come_to_tukeys_fence(prepared):
    _, frame = prepared(numbers(1, 2, 3, 4, 5, 1000), fence=1.5, target="y")
    assert frame["x"].tolist() == [1, 2, 3, 4, 5, 4.75 + 1.5 * 2.5]


def test_gaps_are_no_outliers(prepared):
    _, frame = prepared(numbers(1, NAN, 3, 4, 5, 100), clip=0.1, target="y")
    assert frame["x"].isna().tolist() == [False, True, False, False, False, False]


def test_the_edges_are_those_of_training_rows(learned):
    transformer, X, _ = learned(TABLE[["a", "y"]], clip=0.05)
    clipper = transformer.transformers_[0][1]
    low, high = np.quantile(X["a"], [0.05, 0.95])
    assert (clipper.low_[0], clipper.high_[0]) == (low, high)
    assert high != np.quantile(TABLE["a"], 0.95)


# gaps --------------------------------------------------------------------------------------------
PAIR = pd.DataFrame({"a": A, "b": 3 * A, "k": 1e6 * RNG.normal(size=ROWS)})
PAIR.loc[:9, "b"] = NAN


@pytest.mark.parametrize("method", ["knn", "iterative"])
def test_gaps_are_filled_from_what_is_alike(prepared, method):
    _, frame = prepared(PAIR, impute=method)
    error = np.abs(frame["b"][:10] - 3 * A[:10]).mean()
    assert error < np.abs(3 * A[:10] - np.nanmedian(PAIR["b"])).mean() / 2
    pd.testing.assert_frame_equal(frame[10:], PAIR[10:])


def test_likeness_is_measured_in_spreads():
    small = PAIR.assign(k=PAIR["k"] / 1e9)
    one, two = (transformers.NearestImputer().fit(X).transform(X)[:, 1] for X in (PAIR, small))
    np.testing.assert_allclose(one, two)


def test_only_so_many_rows_give(monkeypatch):
    monkeypatch.setattr(transformers, "MOST_DONORS", 50)
    assert transformers.NearestImputer().fit(PAIR)._fit_X.shape == (50, 3)


@pytest.mark.parametrize(("fill", "x", "c"), [("7", 7, "7"), ("none", None, "none")])
def test_gaps_take_a_constant(prepared, fill, x, c):
    table = pd.DataFrame({"x": [1.0, NAN], "c": ["a", None]})
    _, frame = prepared(table, impute="constant", fill=fill)
    assert [None if pd.isna(v) else v for v in frame.loc[1]] == [x, c]


def test_columns_say_where_gaps_were(prepared):
    table = pd.DataFrame({"x": [1.0, NAN, 3], "whole": [1.0, 2, 3], "c": ["a", None, "b"]})
    result, frame = prepared(table, impute="most_frequent", indicator=True)
    assert list(frame.columns) == ["x", "x_missing", "whole", "c", "c_missing"]
    assert frame["c_missing"].tolist() == [0, 1, 0]
    assert "2 columns added that say where" in result.changes[0].text
    result, _ = prepared(table[["x", "whole"]], impute="mean", indicator=True)
    assert "1 column added that says where" in result.changes[0].text


def test_a_model_knows_where_gaps_were(learned):
    frame = TABLE[["a", "y"]].mask(RNG.random((ROWS, 2)) < 0.2)
    transformer, X, _ = learned(frame, impute="median", indicator=True)
    np.testing.assert_array_equal(transformer.transform(X)[:, 1], X["a"].isna())


# categories --------------------------------------------------------------------------------------
def test_rare_categories_become_one(prepared):
    result, frame = prepared(TABLE[["city", "y"]], rare=0.1, target="y")
    assert frame["city"].value_counts()["(rare)"] == 3
    assert result.changes[0].examples[0].before == "Rome"


def test_an_example_is_told_once(prepared):
    frame = pd.DataFrame({"day": pd.to_datetime(["2026-11-24"] * 3 + ["2026-11-25"])})
    result, _ = prepared(frame, dates=True)
    examples = result.changes[0].examples
    assert len(examples) == len(set(examples))


def test_a_rare_one_is_one_in_training_rows_and_a_new_one_too(learned):
    transformer, _, _ = learned(TABLE[["city", "y"]], rare=0.1, encode="onehot")
    new = pd.DataFrame({"city": pd.Series(["Rome", "Atlantis"], dtype="str")})
    rows = transformer.transform(new)
    assert (rows[0] != rows[1]).sum() == 0
    assert rows.sum() == 2


def test_numbers_of_a_categorical_are_one_category_whole_or_not():
    rare = transformers.RareCategories(0.2).fit(pd.DataFrame({"c": [1, 1, 2, 2, 3]}))
    again = rare.transform(pd.DataFrame({"c": [1.0, 3.0, 9.0, NAN]}))[:, 0].tolist()
    assert again[:3] == ["1", "3", "(rare)"]
    assert pd.isna(again[3])


@pytest.mark.parametrize("target", ["y", "noise", "city"])
def test_categories_become_what_the_target_is_for_them(prepared, target):
    frame = TABLE.assign(group=np.where(A > 0, "high", "low"))[["group", target]]
    result, made = prepared(frame, encode="target", target=target)
    assert made.drop(columns=target).shape[1] == (3 if target == "city" else 1)
    assert result.changes[0].step == "encode target"


def test_a_training_row_is_encoded_by_others_alone(learned):
    frame = pd.DataFrame({"c": [f"id{i}" for i in range(ROWS)], "y": TABLE["y"]})
    transformer, X, y = learned(frame, encode="target")
    encoder = transformer.transformers_[0][1]
    crossed = encoder.fit_transform(X, y)
    assert np.ptp(crossed) < 0.1  # each is new to the rows it is encoded by
    assert np.ptp(encoder.transform(X)) > 0.5


def test_a_number_is_a_quantity_to_the_encoder_where_it_is_to_the_task(learned):
    frame = TABLE[["city"]].assign(n=np.arange(ROWS) % 50)
    transformer, _, _ = learned(frame, "n", "ridge", encode="target")
    assert transformer.transformers_[0][1].target_type_ == "continuous"


# scales ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("method", "check"),
    [
        ("robust", lambda v: (v.median(), v.quantile(0.75) - v.quantile(0.25)) == pytest.approx((0, 1))),
        ("quantile", lambda v: abs(v.skew()) < 0.2 and 0.8 < v.std() < 1.3),
        ("power", lambda v: abs(v.skew()) < 0.3 and v.std(ddof=0) == pytest.approx(1)),
    ],
)  # fmt: skip
def test_skewed_numbers_come_to_a_scale(prepared, context, method, check):
    frame = pd.DataFrame({"x": np.exp(A)})
    _, made = prepared(frame, scale=method)
    assert check(made["x"])
    assert not [t for t in context.told if t.type == "warning"]


# prose -------------------------------------------------------------------------------------------
def test_prose_becomes_the_weights_of_words(prepared):
    result, frame = prepared(TABLE[["prose", "y"]], tfidf=4, target="y")
    assert [name for name in frame if name.startswith("prose_")] == [
        "prose_and", "prose_came", "prose_order", "prose_wet",
    ]  # fmt: skip
    assert result.changes[0].text == "tfidf: 1 column became 4"


def test_a_column_is_prose_where_that_is_said(prepared, learned):
    frame = pd.DataFrame({"note": ["good", "bad thing"] * 30, "y": ["a", "b"] * 30})
    result, _ = prepared(frame, texts=("note",), target="y")
    assert result.columns[0].role == "text"
    transformer, X, _ = learned(frame, texts=("note",))
    assert transformer.transform(X).shape[1] == 3


# rows --------------------------------------------------------------------------------------------
def test_rows_that_repeat_go(prepared):
    frame = pd.DataFrame({"a": [1, 1, 2, 1], "b": ["x", "x", "x", "y"]})
    result, made = prepared(frame, distinct=True)
    assert made["a"].tolist() == [1, 2, 1]
    assert result.changes[0].text == "distinct: 1 of 4 rows dropped"


def test_texts_of_one_number_repeat_each_other(prepared):
    frame = pd.DataFrame({"a": ["1,50", "1,5", "2,25"]})
    assert prepared(frame, fix=True, distinct=True)[1]["a"].tolist() == [1.5, 2.25]
    assert len(prepared(frame, distinct=True)[1]) == 3


# columns -----------------------------------------------------------------------------------------
CHOSEN = {
    "variance": ({"variance": 0.0}, ["a", "twin", "noise"]),
    "correlated": ({"correlated": 0.9}, ["a", "noise", "flat"]),
    "best": ({"select": 2}, ["a", "twin"]),
    "all": ({"variance": 0.0, "correlated": 0.9, "select": 1}, ["a"]),
}


@pytest.mark.parametrize("name", CHOSEN)
def test_numbers_worth_keeping_stay(prepared, learned, name):
    steps, kept = CHOSEN[name]
    frame = TABLE[["a", "twin", "noise", "flat", "y"]]
    assert list(prepared(frame, target="y", **steps)[1].columns) == [*kept, "y"]
    transformer, X, _ = learned(frame, **steps)
    np.testing.assert_allclose(transformer.transform(X), X[kept])


def test_columns_are_chosen_on_training_rows(learned):
    """A column that tells the target in the held-out rows alone is not chosen."""
    frame = TABLE[["noise", "y"]]
    spec = TrainSpec(data="d", target="y", algo="ridge", as_="m")
    _, test = learning.splitting.split(frame["y"], "classification", spec, None, None)
    liar = np.zeros(ROWS)
    liar[test] = np.where(frame["y"].iloc[test] == "up", 5.0, -5.0)
    transformer, X, _ = learned(frame.assign(liar=liar), select=1)
    np.testing.assert_allclose(transformer.transform(X), X[["noise"]])


def test_words_are_chosen_among_too(learned):
    transformer, X, _ = learned(TABLE[["prose", "y"]], tfidf=20, select=5, variance=0.0)
    assert transformer.transform(X).shape == (len(X), 5)


@pytest.mark.parametrize(
    ("option", "columns"),
    [
        ({"drop": ("*o*",)}, ["a", "twin", "flat", "city", "y"]),
        ({"keep": ("[at]*",)}, ["a", "twin", "y"]),
        ({"scale": "maxabs", "columns": ("t?in",)}, list(TABLE.columns)),
    ],
)
def test_patterns_stand_for_columns(prepared, option, columns):
    frame = TABLE.rename(columns={"prose": "story"})
    columns = ["story" if name == "prose" else name for name in columns]
    assert list(prepared(frame, target="y", **option)[1].columns) == columns


# all of it ---------------------------------------------------------------------------------------
def test_a_recipe_goes_on_with_its_order(prepared, context):
    prepared(TABLE.drop(columns="prose"), impute="median", rare=0.1, target="y")
    spec = PrepareSpec(data="p", as_="q", encode="ordinal", clip=0.1, scale="robust", target="y")
    result = prepare.run(spec, context)
    assert [s["op"] for s in result.steps] == ["impute", "rare", "clip", "encode", "scale"]
    assert len(result.changes) == 5


REFUSED = {
    "no column fits 'q*'": {"drop": ("q*",)},
    "no column 'z'": {"texts": ("z",)},
    "cannot texts column 'a': it holds no text": {"texts": ("a",)},
    "cannot clip column 'city': it holds categories": {"clip": 0.1, "columns": ("city",)},
    "cannot rare column 'a': it holds numbers": {"rare": 0.1, "columns": ("a",)},
    "cannot impute column 'a' (constant): it holds no text": {
        "impute": "constant", "fill": "x", "columns": ("a",),
    },
    "cannot impute column 'city' (knn): it holds categories": {"impute": "knn", "columns": ("city",)},
    "cannot scale column 'prose' (robust): it holds prose": {"scale": "robust", "columns": ("prose",)},
    "--select cannot judge column 'city'": {"select": 2, "target": "y", "drop": ("prose",)},
    "--correlated cannot judge column 'city'": {"correlated": 0.9, "target": "y"},
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_it_is_refused_in_three_lines(prepared, context, what):
    with pytest.raises(errors.DataError) as caught:
        prepared(**REFUSED[what])
    assert caught.value.what.startswith(what)
    assert 2 <= len(caught.value.lines()) <= 3


def test_gaps_cannot_be_judged(prepared):
    frame = TABLE[["a", "y"]].mask(TABLE["noise"] > 2)
    with pytest.raises(errors.DataError) as caught:
        prepared(frame, select=1, target="y")
    assert caught.value.try_ == "--impute median"


def test_a_fold_without_a_value_does_not_lose_the_column():
    frame = catalogue.load("iris").drop(columns="species").assign(hole=[NAN] * 140 + [1.0] * 10)
    for steps in ({"impute": "knn"}, {"impute": "iterative"}, {"clip": 0.1, "impute": "mean"}):
        recipe = PrepareSpec(data="x", as_="x", **steps).steps()
        found = prepare.transformer(recipe, frame, profile.roles(frame), takes_missing=False)
        assert found.fit(frame.head(100)).transform(frame).shape == (150, 5)


def test_choosing_can_be_searched_over():
    """A chooser is a scikit-learn transformer like others: cloned, set, in a pipeline."""
    model = make_pipeline(transformers.ColumnChooser(best=1), LogisticRegression())
    model.set_params(columnchooser__best=2).fit(TABLE[["a", "noise", "flat"]], TABLE["y"])
    assert model[0].get_feature_names_out().tolist() == ["a", "noise"]
