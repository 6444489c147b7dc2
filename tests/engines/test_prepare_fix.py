"""``--fix`` from the table to the endpoint: decided once, repeated for every later row."""

import pandas as pd
import pytest

from aiaas_magics import errors
from aiaas_magics.engines import data, evaluate, learning, prepare, train
from aiaas_magics.specs.evaluate import EvaluateSpec
from aiaas_magics.specs.prepare import PrepareSpec
from aiaas_magics.specs.train import TrainSpec

N = 60
SALES = pd.DataFrame(
    {
        "price": [f"1.{i:03d},50 €" for i in range(N)],
        "discount": [f"{i % 7} %" for i in range(N)],
        "day": [f"{1 + i % 28}.{1 + i % 12}.2025" for i in range(N)],
        "paid": ["yes", "no", "yes"] * (N // 3),
        "zip": [f"{i:05d}" for i in range(N)],
        "kind": ["new", "used"] * (N // 2),
        "n": range(N),
    }
)


@pytest.fixture
def prepared(context):
    def prepared(frame=SALES, **more):
        spec = PrepareSpec(data=context.save_frame(frame), as_="p", fix=True, **more)
        result = prepare.run(spec, context)
        return result, context.frame(result.frame)

    return prepared


def said(context):
    return [told.body for told in context.told if told.type == "warning"]


def test_texts_become_what_they_stand_for(prepared):
    result, frame = prepared()
    assert frame.dtypes.astype(str).to_dict() == {
        "price": "float64", "discount": "float64", "day": "datetime64[us]", "paid": "bool",
        "zip": "str", "kind": "str", "n": "int64",
    }  # fmt: skip
    assert frame.loc[3, ["price", "discount"]].tolist() == [1003.5, 0.03]
    assert [c.role for c in result.columns][:4] == ["number", "number", "date", "boolean"]
    assert result.steps[0]["settings"]["read"]["price"]["how"] == "comma"


def test_what_cannot_be_read_is_a_gap_and_counted(prepared):
    frame = SALES.assign(price=["free", "n/a", *SALES["price"][2:]])
    result, made = prepared(frame)
    assert made["price"].isna().sum() == 2
    assert result.changes[0].text.endswith("; 2 values could not be read and are gaps now")
    assert "" in [example.after for example in result.changes[0].examples]


def test_codes_stay_texts_unless_they_are_named(prepared):
    assert prepared()[1]["zip"].dtype == "str"
    assert prepared(columns=("zip",))[1]["zip"].tolist() == list(range(N))


def test_a_doubtful_column_stays_and_is_told(prepared, context):
    frame = pd.DataFrame({"x": ["1.234", "5.678"], "d": ["1/2/2026", "3/4/2026"]})
    _, made = prepared(frame)
    pd.testing.assert_frame_equal(made, frame.astype("str"))
    assert [warning["try"] for warning in said(context)][:2] == [
        "--fix --decimal point|comma", "--fix --date-order dmy|mdy",
    ]  # fmt: skip
    _, made = prepared(frame, decimal="comma", date_order="mdy")
    assert made.loc[0].tolist() == [1234, pd.Timestamp("2026-01-02")]


def test_a_categorical_of_numbers_is_fixed(prepared):
    frame = pd.DataFrame({"x": pd.Categorical(["1,5", "2,5", "1,5"])})
    assert prepared(frame)[1]["x"].tolist() == [1.5, 2.5, 1.5]


def test_a_gap_that_was_made_is_dropped(prepared):
    frame = SALES.assign(price=["free", *SALES["price"][1:]])
    result, made = prepared(frame, dropna=True)
    assert len(made) == N - 1
    assert result.changes[1].text == f"dropna: 1 of {N} rows dropped"


def model(context, target, algo, **more):
    return train.run(TrainSpec(data="p", target=target, algo=algo, as_="m", **more), context)


def test_a_model_takes_the_texts(prepared, context):
    prepared(target="kind", impute="median", dates=True, encode="onehot", drop=("zip",))
    trained = model(context, "kind", "logistic_regression")
    inputs = dict(context.model(trained.ref)[0].signature.inputs)
    assert inputs == {"price": "string", "discount": "string", "day": "string", "paid": "string", "n": "long"}  # fmt: skip


def test_a_target_is_a_number_before_the_split(prepared, context):
    prepared(target="price", encode="onehot")
    trained = model(context, "price", "ridge")
    assert trained.task == "regression"
    for data_ref in (None, context.save_frame(SALES)):
        spec = EvaluateSpec(model=trained.ref, data=data_ref, repeats=100, shuffles=0)
        assert evaluate.run(spec, context).scores[0].value > 0.9


def test_words_of_a_target_stay_words(prepared, context):
    _, frame = prepared(target="paid")
    assert frame["paid"].tolist() == SALES["paid"].tolist()
    assert model(context, "paid", "hist_gradient_boosting").classes == ("no", "yes")


def test_dates_in_text_tell_time(prepared, context):
    prepared(target="kind")
    spec = TrainSpec(
        data="p", target="kind", algo="ridge", as_="m", split="time", by="day", test=0.3
    )
    task = learning.assemble(spec, context)
    assert task.by.iloc[task.train].max() < task.by.iloc[task.test].min()
    assert task.X["day"].dtype == "str"


def test_fixed_once_is_fixed_for_good(prepared, context):
    prepared()
    again = prepare.run(PrepareSpec(data="p", as_="q", fix=True, scale="maxabs"), context)
    assert again.changes[1].text == "fix: no column to read"
    assert "fix found no column it works on" in [w["text"] for w in said(context)]
    assert context.frame(again.frame)["price"].max() == 1
    assert data.load("q", context).roles["price"] == "category"


@pytest.mark.parametrize(
    ("column", "more", "what"),
    [
        (["red", "blue"], {}, "column 'x' cannot be read: it holds "),
        (["1.234", "5.678"], {}, "column 'x' can be read in two ways: '1.234' is 1.234 or 1234"),
        ([None, None], {}, "column 'x' cannot be read: it holds nothing"),
    ],
)
def test_a_named_column_must_be_readable(prepared, column, more, what):
    with pytest.raises(errors.DataError) as caught:
        prepared(pd.DataFrame({"x": pd.Series(column, dtype="str")}), columns=("x",), **more)
    assert caught.value.what.startswith(what)
    assert len(caught.value.lines()) == 3


def test_a_preview_stores_nothing(prepared, context):
    spec = PrepareSpec(data=context.save_frame(SALES), fix=True, preview=True)
    before = set(context.blobs.folder.rglob("*"))
    result = prepare.run(spec, context)
    assert (result.ref, result.frame) == ("", "")
    assert result.changes[0].examples[0].after == "1000.5"
    assert before == set(context.blobs.folder.rglob("*"))
    with pytest.raises(errors.NotFound):
        context.data("p")
