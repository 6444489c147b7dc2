"""The prepare stage: what each step makes of a table, what it says, what it refuses."""

import numpy as np
import pandas as pd
import pytest

from aiaas_magics import errors
from aiaas_magics.engines import data, prepare
from aiaas_magics.specs.data import DataSpec
from aiaas_magics.specs.prepare import PrepareSpec
from aiaas_magics.testing.context import LocalContext

NAN = float("nan")
RAW = {
    "n": [1.0, NAN, 3.0, 8.0],
    "k": [10, 20, 30, 40],
    "c": ["red", None, "blue", "red"],
    "b": pd.array([True, None, True, False], dtype="boolean"),
    "d": pd.to_datetime(
        ["2020-02-29 10:00", None, "2021-01-03", "1999-12-31 23:59"], format="ISO8601"
    ),
    "size": pd.Categorical(["S", "L", "M", None], ["S", "M", "L"], ordered=True),
    "prose": [f"order {i} came late and wet" for i in range(4)],
    "y": ["yes", "no", "yes", "no"],
}


@pytest.fixture
def context(tmp_path):
    context = LocalContext(tmp_path)
    address = context.save_frame(pd.DataFrame(RAW))
    data.run(DataSpec(as_="raw", frame=address), context)
    return context


@pytest.fixture
def prepared(context):
    def prepared(source="raw", as_="ready", **steps):
        result = prepare.run(PrepareSpec(data=source, as_=as_, **steps), context)
        return result, context.frame(result.frame)

    return prepared


def texts(result):
    return [change.text for change in result.changes]


def values(column):
    return [None if pd.isna(value) else value for value in column]


@pytest.mark.parametrize(
    ("method", "n", "b", "c"),
    [
        ("mean", 4, True, None),
        ("median", 3, True, None),
        ("zero", 0, False, None),
        ("most_frequent", 1, True, "red"),
    ],
)
def test_gaps_are_filled(method, n, b, c, prepared):
    result, frame = prepared(impute=method)
    assert values(frame.loc[1, ["n", "b", "c"]]) == [n, b, c]
    assert frame["b"].dtype == bool
    assert frame["d"].isna().sum() == 1
    gaps = 4 if c else 2
    assert f"impute {method}: {gaps} gaps" in texts(result)[0]


def test_dates_become_numbers(prepared):
    result, frame = prepared(dates=True)
    parts = frame[[f"d_{part}" for part in ("year", "month", "day", "weekday", "hour")]]
    assert parts.iloc[0].tolist() == [2020, 2, 29, 5, 10]
    assert parts.iloc[1].isna().all()
    assert list(frame.columns[4:9]) == list(parts.columns)
    assert tuple(texts(result)) == ("dates: 1 column became 5",)


def test_dates_are_filled_as_the_numbers_they_become(prepared):
    result, frame = prepared(dates=True, impute="median")
    assert frame["d_year"].tolist() == [2020, 2020, 2021, 1999]
    assert texts(result)[0] == "impute median: 3 gaps in 4 columns filled"


def test_categories_become_columns(prepared):
    result, frame = prepared(encode="onehot", target="y")
    assert frame.filter(like="c_").columns.tolist() == ["c_blue", "c_red", "c_nan"]
    assert frame.filter(like="c_").sum().tolist() == [1, 2, 1]
    assert frame["y"].tolist() == RAW["y"]
    assert tuple(texts(result)) == ("encode onehot: 2 columns became 7",)


def test_categories_become_their_place_in_order(prepared):
    _, frame = prepared(encode="ordinal", target="y")
    assert frame["c"].tolist() == [1, -1, 0, 1]
    assert frame["size"].tolist() == [0, 2, 1, -1]


@pytest.mark.parametrize(
    ("method", "k", "said"),
    [
        ("maxabs", [0.25, 0.5, 0.75, 1], "from 0.125 to 1"),
        ("minmax", [0, 1 / 3, 2 / 3, 1], "from 0 to 1"),
        ("standard", [-1.3416, -0.4472, 0.4472, 1.3416], "from -1.34 to 1.36"),
    ],
)
def test_numbers_come_to_one_scale(method, k, said, prepared):
    result, frame = prepared(scale=method)
    assert frame["k"].tolist() == pytest.approx(k, abs=1e-4)
    assert values(frame["n"])[1] is None
    assert tuple(texts(result)) == (f"scale {method}: 2 columns, now {said}",)


def test_named_columns_only(prepared):
    _, frame = prepared(scale="maxabs", columns=("k",))
    assert frame["n"].tolist()[3] == 8
    assert frame["k"].max() == 1


def test_a_number_can_be_encoded_where_it_is_named(prepared):
    _, frame = prepared(encode="onehot", columns=("k",))
    assert [name for name in frame if name.startswith("k")] == ["k_10", "k_20", "k_30", "k_40"]


def test_rows_with_gaps_go(prepared, context):
    result, frame = prepared(dropna=True, scale="maxabs")
    assert (result.rows, frame["k"].tolist()) == (2, [1 / 3, 1])
    assert texts(result)[0] == "dropna: 2 of 4 rows dropped"
    assert data.load("ready", context).frame.shape == (4, 8)


@pytest.mark.parametrize(
    ("steps", "columns", "said"),
    [
        ({"keep": ("k", "n")}, ["n", "k"], "keep: 2 columns of 8"),
        ({"keep": ("k", "n"), "target": "y"}, ["n", "k", "y"], "keep: 3 columns of 8"),
        (
            {"drop": ("n", "b", "c", "d", "size")},
            ["k", "prose", "y"],
            "drop: 5 columns (n, b, c, d, size)",
        ),
    ],
)
def test_columns_are_chosen(steps, columns, said, prepared):
    result, frame = prepared(**steps)
    assert list(frame.columns) == columns
    assert tuple(texts(result)) == (said,)


def test_untouched_columns_are_the_raw_ones(prepared):
    _, frame = prepared(scale="maxabs", columns=("k",), target="y")
    expected = pd.DataFrame(RAW).drop(columns="k")
    pd.testing.assert_frame_equal(frame.drop(columns="k"), expected)


def test_roles_of_the_result(prepared):
    result, _ = prepared(encode="ordinal", impute="median", target="y")
    roles = {column.name: column.role for column in result.columns}
    assert (roles["b"], roles["c"], roles["prose"], roles["y"]) == (
        "boolean",
        "number",
        "text",
        "category",
    )


def test_the_record_keeps_raw_rows_and_recipe(prepared, context):
    result, _ = prepared(dropna=True, scale="maxabs", target="y")
    raw = context.data("raw")
    assert (result.ref, result.base, result.source) == ("ready@1", raw.frame, "raw@1")
    assert [step["op"] for step in result.steps] == ["dropna", "scale"]
    table = data.load("ready", context)
    assert [step.op for step in table.steps] == ["dropna", "scale"]
    assert table.roles == data.load("raw", context).roles


def test_the_same_preparation_is_the_same_version(prepared):
    assert [prepared(dropna=True)[0].ref for _ in range(2)] == ["ready@1", "ready@1"]
    assert prepared(dropna=True, scale="maxabs")[0].ref == "ready@2"


def test_preparing_prepared_data_adds_to_the_recipe(prepared):
    first, _ = prepared(impute="median", encode="onehot", target="y")
    second, frame = prepared("ready", "again", dates=True, scale="maxabs", target="y")
    assert second.base == first.base
    assert [step["op"] for step in second.steps] == ["impute", "encode", "dates", "scale"]
    assert frame["d_year"].isna().sum() == 0
    assert frame["n"].max() == 1


def test_rows_are_dropped_for_the_gaps_left_by_then(prepared):
    prepared(impute="most_frequent", target="y")
    result, _ = prepared("ready", "again", dropna=True)
    assert texts(result)[1] == "dropna: 1 of 4 rows dropped"  # for its date
    assert result.rows == 3


REFUSED = {
    "no column 'nn'": {"drop": ("nn",)},
    "no column 'KK'": {"keep": ("KK",)},
    "no column 'yy'": {"dropna": True, "target": "yy"},
    "is the target": {"scale": "maxabs", "columns": ("k", "y"), "target": "y"},
    "impute column 'c' (mean): it holds categories": {"impute": "mean", "columns": ("c",)},
    "impute column 'prose' (mean): it holds prose": {"impute": "mean", "columns": ("prose",)},
    "encode column 'prose' (onehot): it holds prose": {"encode": "onehot", "columns": ("prose",)},
    "encode column 'd' (onehot): it holds dates": {"encode": "onehot", "columns": ("d",)},
    "scale column 'c' (maxabs): it holds categories": {"scale": "maxabs", "columns": ("c",)},
    "scale column 'd' (maxabs): it holds dates": {"scale": "maxabs", "columns": ("d",)},
}


@pytest.mark.parametrize("what", REFUSED)
def test_it_is_refused_in_three_lines(what, prepared, context):
    with pytest.raises(errors.DataError) as caught:
        prepared(**REFUSED[what])
    assert what in caught.value.what
    assert 2 <= len(caught.value.lines()) <= 3
    with pytest.raises(errors.NotFound):
        context.data("ready")


def test_a_column_made_by_an_earlier_step_cannot_be_named(prepared):
    prepared(encode="onehot", target="y")
    with pytest.raises(errors.DataError) as caught:
        prepared("ready", "again", drop=("c_red",))
    assert "raw data" in caught.value.hint


@pytest.mark.parametrize(
    ("column", "steps", "what", "try_"),
    [
        ([NAN, NAN, NAN], {"dropna": True}, "leaves no row", "--drop x --dropna"),
        ([NAN, NAN, NAN], {"impute": "mean"}, "missing in every row", "--drop x"),
        ([NAN, NAN, NAN], {"scale": "maxabs"}, "missing in every row", "--drop x"),
        ([1.0, np.inf, 2], {"scale": "standard"}, "infinite values", "replace"),
        ([1.0, NAN, NAN], {"dropna": True}, "leaves no row", "--impute median"),
    ],
)
def test_columns_that_cannot_be_prepared(column, steps, what, try_, context):
    frame = pd.DataFrame({"x": column, "z": [NAN, 1, 2]})
    spec = PrepareSpec(data=context.save_frame(frame), as_="ready", **steps)
    with pytest.raises(errors.DataError) as caught:
        prepare.run(spec, context)
    assert what in caught.value.what
    assert try_ in caught.value.try_


def test_two_columns_of_one_name_are_refused(context):
    frame = pd.DataFrame({"c": ["a", "b"], "c_a": [1, 2]})
    spec = PrepareSpec(data=context.save_frame(frame), as_="ready", encode="onehot")
    with pytest.raises(errors.DataError) as caught:
        prepare.run(spec, context)
    assert caught.value.what == "two columns are named 'c_a'"


def test_a_frame_is_prepared_without_a_name_of_its_own(context):
    address = context.save_frame(pd.DataFrame({"x": [1.0, 2.0]}))
    result = prepare.run(PrepareSpec(data=address, as_="ready", scale="maxabs"), context)
    assert (result.base, result.source) == (address, "DataFrame")


def test_a_step_that_finds_nothing_to_do_says_so(context):
    address = context.save_frame(pd.DataFrame({"word": ["a", "b"]}))
    prepare.run(PrepareSpec(data=address, as_="p", scale="standard"), context)
    (said,) = [t.body for t in context.told if t.type == "warning"]
    assert said["text"] == "scale standard found no column it works on"
    assert not said.get("try"), "a table without a name has no line that shows it"


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ({"impute": "mean"}, ["impute leaves 1 gap in 'c': --impute mean does not fill such columns"]),
        ({"impute": "mean", "columns": ("x",)}, []),
        ({"impute": "most_frequent"}, []),
        ({"impute": "constant", "fill": "none"}, ["impute leaves 2 gaps in 'x': --impute constant"]),
    ],
)  # fmt: skip
def test_gaps_that_a_fill_leaves_are_told(context, steps, said):
    frame = pd.DataFrame({"x": [1.0, None, None], "c": ["a", "b", None]})
    prepare.run(PrepareSpec(data=context.save_frame(frame), as_="p", **steps), context)
    told = [t.body["text"] for t in context.told if t.type == "warning"]
    assert len(told) == len(said)
    assert all(t.startswith(s) for t, s in zip(told, said, strict=True))
