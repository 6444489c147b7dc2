"""DataFrames as people have them, stored and learned from: fine, said, or refused."""

import datetime as dt
import decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

N = 60
BASE = pd.DataFrame({
    "a": np.arange(N) % 7 + 0.5, "b": np.arange(N) % 4, "c": np.where(np.arange(N) % 3, "u", "v"),
    "y": np.where(np.arange(N) % 7 > 3, "yes", "no"),
})  # fmt: skip
NUMBERS = BASE.assign(y=BASE["a"] * 2.0)


def with_(**columns):
    return BASE.assign(**columns)


# what is stored: the table, what comes of it, a word that is said
STORED = {
    "good": (BASE, "fine", ""),
    "no rows": (BASE.head(0), "refused", "no rows"),
    "no columns": (pd.DataFrame(index=range(3)), "refused", "no columns"),
    "nothing": (pd.DataFrame(), "refused", "no rows"),
    "one row": (BASE.head(1), "fine", ""),
    "levels of columns": (pd.concat({"u": BASE, "v": BASE}, axis=1), "refused", "df.columns = "),
    "levels of rows": (BASE.set_index(["a", "b"]), "fine", ""),
    "names twice": (pd.concat([BASE, BASE], axis=1), "refused", "two columns are named 'a'"),
    "names of numbers": (pd.DataFrame(np.eye(4), columns=range(4)), "fine", ""),
    "names 1 and '1'": (pd.DataFrame([[1, 2]], columns=[1, "1"]), "refused", "two columns"),
    "blank name": (BASE.rename(columns={"a": " "}), "refused", "has no name"),
    "no name": (BASE.rename(columns={"a": None}), "fine", ""),
    "mixed": (with_(a=[1, "x"] * (N // 2)), "refused", ".astype(str)"),
    "complex": (with_(a=np.ones(N) * 1j), "refused", ".abs()"),
    "lists": (with_(a=[[1]] * N), "refused", "do not go together"),
    "dicts": (with_(a=[{"x": 1}] * N), "refused", "do not go together"),
    "bytes": (with_(a=[b"x"] * N), "refused", "do not go together"),
    "durations": (with_(a=pd.to_timedelta(np.arange(N), unit="s")), "refused", "total_seconds"),
    "huge whole numbers": (with_(a=[2**70] * N), "refused", "do not go together"),
    "decimals": (with_(a=[decimal.Decimal(i) for i in range(N)]), "fine", ""),
    "days": (with_(a=[dt.date(2024, 1, 1 + i % 28) for i in range(N)]), "fine", ""),
    "times": (with_(a=[dt.time(1)] * N), "refused", "do not go together"),
    "zones": (with_(a=pd.date_range("2024", periods=N, tz="Asia/Tokyo")), "fine", ""),
    "mixed zones": (with_(a=[pd.Timestamp("2024", tz=z) for z in ("UTC", "Asia/Tokyo")] * (N // 2)), "refused", "a"),
    "periods": (with_(a=pd.period_range("2024", periods=N, freq="D")), "fine", ""),
    "intervals": (with_(a=pd.cut(BASE["a"], 3)), "fine", ""),
    "categories": (with_(c=BASE["c"].astype("category")), "fine", ""),
    "categories of lists": (with_(c=pd.Categorical([(1, 2)] * N)), "said", "same value"),
    "sparse": (with_(a=pd.arrays.SparseArray(BASE["a"])), "fine", ""),
    "nullable": (BASE.convert_dtypes(), "fine", ""),
    "Arrow's": (BASE.convert_dtypes(dtype_backend="pyarrow"), "fine", ""),
    "nested Arrow": (with_(a=pd.Series([[1]] * N, dtype=pd.ArrowDtype(pa.list_(pa.int64())))), "refused", "a"),
    "all missing": (with_(a=np.nan), "said", "missing in every row"),
    "all None": (with_(a=None), "said", "missing in every row"),
    "constant": (with_(a=1), "said", "same value"),
    "infinite": (with_(a=np.inf), "said", "same value"),
    "50,000 categories": (pd.DataFrame({"a": [f"k{i}" for i in range(50_000)]}), "fine", ""),
    "markup": (with_(c="<script>alert(1)</script>").rename(columns={"a": "<b>&lt;"}), "said", "same value"),
    "control": (with_(c=["\x1b[31m\u202e"] * 30 + ["\n"] * 30).rename(columns={"a": "a\nb\x1b[0m"}), "fine", ""),
    "lone surrogate": (with_(c=pd.Series(["\ud800"] * N, dtype=object)), "refused", "c"),
    "odd name": (pd.DataFrame([[1]], columns=pd.Index(["\ud800"], dtype=object)), "refused", "column"),
    "records": (BASE.to_dict("records"), "fine", ""),
    "columns": (BASE.to_dict("list"), "fine", ""),
    "Arrow table": (pa.Table.from_pandas(BASE), "fine", ""),
    "series": (BASE["a"], "fine", ""),
    "array": (BASE.to_numpy(), "refused", "columns=[...]"),
    "number": (3, "refused", "is no table"),
    "read only": (pd.DataFrame(np.eye(4)[:, :2], columns=["a", "b"]).copy(), "fine", ""),
}  # fmt: skip


@pytest.mark.parametrize("case", STORED)
def test_a_table_comes_to_what_is_expected(desk, case):
    table, expected, word = STORED[case]
    desk.names["df"] = table
    found, said = desk.outcome("%aiaas_data load df --as t")
    assert (found, word in said) == (expected, True), said


NOISE = np.random.default_rng(0).normal(size=200)
LEAKING = pd.DataFrame({
    "a": np.random.default_rng(1).normal(size=200), "late": (NOISE > 0) * 1, "y": np.where(NOISE > 0, "yes", "no"),
})  # fmt: skip
LEARN = "%aiaas_train df --target y --algo logistic_regression --as m "
FOREST = "%aiaas_train df --target y --algo random_forest --as m n_estimators=3 "

# what is learned from: the table, the line, what comes of it, a word that is said
LEARNED = {
    "good": (BASE, LEARN, "fine", ""),
    "no target": (BASE, LEARN.replace(" y ", " z "), "refused", "no column 'z'"),
    "target of another case": (BASE, LEARN.replace(" y ", " Y "), "refused", "did you mean 'y'"),
    "target all missing": (with_(y=None), LEARN, "refused", "nothing to learn"),
    "target some missing": (with_(y=BASE["y"].where(BASE.index > 4)), LEARN, "said", "5 rows without a 'y'"),
    "one class": (with_(y="yes"), LEARN, "refused", "'yes'"),
    "one row of a class": (with_(y=["rare"] + ["yes", "no"] * 29 + ["yes"]), LEARN, "refused", "--test 0"),
    "one to a thousand": (pd.DataFrame({"a": np.arange(3003) % 90, "y": [1] * 3 + [0] * 3000}), FOREST, "said", "always guessing"),
    "id": (with_(person=range(100, 100 + N)), LEARN, "said", "'person' may be an id"),
    "id of letters": (with_(person=[f"P-{i:05}" for i in range(N)]), LEARN, "said", "'person' may be an id"),
    "leak": (LEAKING, LEARN, "said", "'late' alone predicts 'y' perfectly"),
    "leak of words": (LEAKING.replace({"late": {1: "paid", 0: "owed"}}), LEARN, "said", "'late' alone predicts 'y' perfectly"),
    "leak of a number": (LEAKING.assign(y=NOISE, late=NOISE * 1.8 + 32), LEARN.replace("logistic_regression", "ridge"), "said", "'late' alone predicts 'y' perfectly"),
    "numbers as text": (with_(a=[f"{i}.25 €" for i in range(N)]), LEARN, "said", "its texts are numbers"),
    "dates as text": (with_(a=[f"{i % 28 + 1:02}.{i % 12 + 1:02}.2024" for i in range(N)]), LEARN, "said", "its texts are dates"),
    "thousands of categories": (pd.DataFrame({"a": [f"k{i % 1500}" for i in range(3000)], "y": ["u", "v", "w"] * 1000}), FOREST, "said", "1,500 categories"),
    "text for regression": (BASE, LEARN.replace("logistic_regression", "ridge") + "--task regression", "refused", "classification"),
    "only the target": (BASE[["y"]], LEARN, "refused", "column"),
    "one row": (BASE.head(1), LEARN, "refused", ""),
    "two rows": (BASE.iloc[[0, 5]], LEARN, "refused", ""),
    "no rows": (BASE.head(0), LEARN, "refused", "no rows"),
    "infinite feature": (with_(a=[np.inf] + [1.0] * (N - 1)), LEARN, "refused", "isfinite"),
    "infinite target": (NUMBERS.assign(y=[np.inf] + [1.5] * (N - 1)), LEARN.replace("logistic_regression", "ridge"), "refused", "y"),
    "missing features": (with_(a=BASE["a"].where(BASE.index > 9)), LEARN, "fine", ""),
    "features all missing": (BASE.assign(a=np.nan, b=np.nan, c=None), LEARN, "refused", ""),
    "huge values": (with_(a=BASE["a"] * 1e300), FOREST, "refused", "too large"),
    "spaces in classes": (with_(y=["yes", " yes", "YES", "no"] * (N // 4)), FOREST, "fine", ""),
    "truth values": (with_(y=BASE["a"] > 3), LEARN, "fine", ""),
    "target in features": (BASE, LEARN + "--features a,y", "refused", "among the features"),
    "unknown feature": (BASE, LEARN + "--features a,q", "refused", "'q'"),
    "feature twice": (BASE, LEARN + "--features a,a", "fine", ""),
    "a column named prediction": (BASE.rename(columns={"a": "prediction"}), LEARN, "fine", ""),
    "markup": (BASE.rename(columns={"a": "<script>"}).assign(y=np.where(BASE["b"] > 1, "<b>", "</style>")), LEARN, "fine", ""),
    "names of pipelines": (BASE.rename(columns={"a": "remainder__x", "b": "__class__"}), LEARN, "fine", ""),
}  # fmt: skip


@pytest.mark.parametrize("case", LEARNED)
def test_learning_comes_to_what_is_expected(desk, case):
    table, line, expected, word = LEARNED[case]
    desk.names["df"] = table
    found, said = desk.outcome(line)
    assert (found, word in said) == (expected, True), said


@pytest.mark.parametrize(
    ("table", "column"),
    [(with_(person=range(100, 100 + N)), "person"), (LEAKING, "late")], ids=["id", "leak"],
)  # fmt: skip
def test_a_check_finds_it_before_anything_is_learned(desk, table, column):
    desk.names["df"] = table
    found = desk.shell.run_cell("%aiaas_data check df --target y").result.result
    assert column in [each.column for each in found.findings if each.severity == "high"]
