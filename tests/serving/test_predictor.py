"""The served answer is the notebook's, bit for bit, for every kind of column and every algorithm."""

import json

import numpy as np
import pandas as pd
import pytest

from aiaas_magics import frames
from aiaas_magics.engines import sources
from aiaas_magics.predictors.sklearn import SklearnPredictor
from aiaas_magics.serving import openapi
from aiaas_magics.serving.problems import Problem
from aiaas_magics.serving.protocols import predict
from aiaas_magics.specs.algorithms import ALGORITHMS, find
from aiaas_magics.specs.records import Signature

N = 60
RNG = np.random.default_rng(0)
NUMBERS = RNG.normal(size=N) * 10
WHOLE = RNG.integers(-50, 50, N)
LETTERS = np.array(["a", "b", "ü"])[WHOLE % 3]
DAYS = pd.date_range("2026-01-01T08:30", periods=N, freq="100h")
GAPS = np.arange(N) % 7 == 3
WORDS = np.array(
    ["the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog", "again", "and", "again"]
)

COLUMNS = {
    "double": pd.Series(NUMBERS),
    "double gaps": pd.Series(NUMBERS).mask(GAPS),
    "float32": pd.Series(NUMBERS.astype("float32")),
    "Float64 gaps": pd.Series(NUMBERS, dtype="Float64").mask(GAPS),
    "long": pd.Series(WHOLE),
    "int8": pd.Series(WHOLE.astype("int8")),
    "Int64": pd.Series(WHOLE, dtype="Int64"),
    "Int64 gaps": pd.Series(WHOLE, dtype="Int64").mask(GAPS),
    "beyond 53 bits": pd.Series(2**53 + np.arange(N)),
    "boolean": pd.Series(WHOLE > 0),
    "boolean gaps": pd.Series(WHOLE > 0, dtype="boolean").mask(GAPS),
    "string": pd.Series(LETTERS),
    "string gaps": pd.Series(LETTERS).mask(GAPS),
    "text": pd.Series([" ".join(RNG.choice(WORDS, 9)) for _ in range(N)]),
    "categories": pd.Series(LETTERS).astype("category"),
    "categories gaps": pd.Series(LETTERS).astype("category").mask(GAPS),
    "categories of numbers": pd.Series(WHOLE % 3).astype("category"),
    "categories of numbers gaps": pd.Series(WHOLE % 3).astype("category").mask(GAPS),
    "categories of fractions": pd.Series(WHOLE % 3 + 0.5).astype("category"),
    "categories of truth": pd.Series(WHOLE > 0).astype("category"),
    "categories of dates": pd.Series(DAYS[WHOLE % 3]).astype("category"),
    "datetime": pd.Series(DAYS),
    "datetime gaps": pd.Series(DAYS).mask(GAPS),
    "UTC": pd.Series(DAYS.tz_localize("UTC")),
    "Berlin, summer and winter": pd.Series(DAYS.tz_localize("Europe/Berlin")),
    "a fixed offset": pd.Series(DAYS.tz_localize("+05:30")),
    "categories of dates in a zone": pd.Series(DAYS[WHOLE % 3].tz_localize("Asia/Tokyo")).astype(
        "category"
    ),
    "Berlin gaps": pd.Series(DAYS.tz_localize("Europe/Berlin")).mask(GAPS),
}


def target(task):
    score = NUMBERS + WHOLE / 5
    return score if task == "regression" else np.where(score > 0, "up", "down")


def params(algo):
    """Return parameters with which an algorithm is quick."""
    known = {p.name for p in find(algo).parameters}
    if "n_estimators" in known:
        return {"n_estimators": 5}
    return {"max_iter": 5} if algo in ("hist_gradient_boosting", "mlp") else {}


def names(task):
    return [each.name for each in ALGORITHMS if task in each.tasks]


def sent(frame):
    """Return a table's rows as they cross the wire."""
    return json.loads(json.dumps(frames.records(frame), allow_nan=False))


@pytest.mark.parametrize("algo", ["ridge", "hist_gradient_boosting"])
@pytest.mark.parametrize("kind", COLUMNS)
def test_every_kind_of_column_is_answered_as_in_the_notebook(serve, kind, algo):
    frame = pd.DataFrame({"x": COLUMNS[kind], "z": NUMBERS[::-1], "y": target("regression")})
    served = serve(frame, algo, params=params(algo))
    rows = sent(served.raw)
    assert served.ask(X_test=rows)["y_pred"] == served.pipeline.predict(served.X).tolist()
    assert served.ask(X_test=[list(row.values()) for row in rows]) == served.ask(X_test=rows)


@pytest.mark.parametrize("kind", COLUMNS)
def test_every_row_is_answered_on_its_own(serve, kind):
    frame = pd.DataFrame({"x": COLUMNS[kind], "y": target("regression")})
    served = serve(frame, "random_forest", params=params("random_forest"))
    alone = [served.ask(X_test=[row])["y_pred"][0] for row in sent(served.raw.head(12))]
    assert alone == served.ask(X_test=sent(served.raw.head(12)))["y_pred"]


@pytest.mark.parametrize(
    ("zone", "same"),
    [
        ("UTC", ["2026-06-01T08:00:00Z", "2026-06-01T10:00:00+02:00", "2026-06-01T08:00"]),
        ("Europe/Berlin", ["2026-06-01T10:00", "2026-06-01T08:00Z", "2026-06-01T17:00+09:00"]),
        (None, ["2026-06-01T10:00", "2026-06-01T10:00+02:00", "2026-06-01T10:00Z"]),
    ],
)
def test_a_moment_is_answered_in_the_zone_of_its_column(serve, zone, same):
    hours = pd.date_range("2026-06-01", periods=48, freq="h", tz=zone)
    served = serve(pd.DataFrame({"x": hours, "y": hours.hour * 1.0}), "random_forest")
    asked = pd.DataFrame({"x": hours[hours.hour == int(same[0][11:13])][:1]})
    expected = served.pipeline.predict(asked).tolist()
    assert served.ask(X_test=[[moment] for moment in same])["y_pred"] == expected * 3


def test_offsets_in_a_file_are_served_as_they_were_learned(serve, tmp_path):
    moments = [f"2024-06-{1 + i // 24:02}T{i % 24:02}:00:00+02:00" for i in range(72)]
    path = tmp_path / "rows.csv"
    path.write_text("x,y\n" + "".join(f"{m},{int(m[11:13])}.5\n" for m in moments))
    served = serve(sources.read(path, "rows.csv").frame, "random_forest")
    said = served.ask(X_test=[[moment] for moment in moments])["y_pred"]
    assert said == served.pipeline.predict(served.X).tolist()


@pytest.mark.parametrize(
    ("algo", "task"), [(each.name, task) for each in ALGORITHMS for task in each.tasks]
)
def test_every_algorithm_is_answered_as_in_the_notebook(serve, algo, task):
    kinds = ["double gaps", "long", "boolean", "string", "datetime"]
    table = pd.DataFrame({kind: COLUMNS[kind] for kind in kinds} | {"y": target(task)})
    served = serve(table, algo, task=task, params=params(algo))
    said = served.ask(X_test=sent(served.raw), proba=True)
    assert said["y_pred"] == served.pipeline.predict(served.X).tolist()
    assert ("y_proba" in said) == hasattr(served.pipeline, "predict_proba")
    if "y_proba" in said:
        assert said["y_proba"] == served.pipeline.predict_proba(served.X).tolist()
        best = [said["classes"][np.argmax(row)] for row in said["y_proba"]]
        assert best == said["y_pred"]


@pytest.mark.parametrize(
    ("classes", "kind"),
    [
        (WHOLE > 0, bool),
        (np.array([3, 1, 2])[WHOLE % 3], int),
        (LETTERS, str),
        (pd.Series(WHOLE > 0, dtype="boolean"), bool),
        (pd.Series(WHOLE % 3, dtype="Int64"), int),
        (pd.Series(WHOLE % 3).astype("category"), int),
        (pd.Series(LETTERS).astype("category"), str),
    ],
    ids=["bool", "int", "str", "boolean", "Int64", "categories of numbers", "categories"],
)
@pytest.mark.parametrize("algo", names("classification"))
def test_classes_come_back_as_json_of_their_own_type(serve, algo, classes, kind):
    frame = pd.DataFrame({"x": NUMBERS, "z": WHOLE, "y": classes})
    served = serve(frame, algo, task="classification", params=params(algo))
    said = served.ask(X_test=sent(served.raw), proba=True)
    assert {type(label) for label in said["y_pred"]} == {kind}
    assert set(said["y_pred"]) <= set(served.signature.classes)
    assert said.get("classes", list(served.signature.classes)) == sorted(set(classes))


@pytest.mark.parametrize("algo", names("regression"))
@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_values_too_large_for_a_model_are_refused_or_answered(serve, algo):
    frame = pd.DataFrame({"x": NUMBERS, "z": WHOLE / 3, "y": 1e3 * target("regression")})
    served = serve(frame, algo, params=params(algo))
    try:
        said = served.ask(X_test=[[9e307, -9e307]])
    except Problem as refused:
        assert refused.status == 422
        assert refused.hint
    else:
        assert np.isfinite(said["y_pred"]).all()


def test_a_model_without_column_names_gets_a_bare_array():
    from sklearn.linear_model import LinearRegression
    from sklearn.pipeline import make_pipeline

    model = make_pipeline("passthrough", LinearRegression()).fit(np.eye(2), [1.0, 2.0])
    signature = Signature(inputs=(("a", "double"), ("b", "double")), output="y")
    said, _ = predict.answer(b'{"X_test": [[1, 0]]}', SklearnPredictor(model, signature))
    assert json.loads(said)["y_pred"] == model.predict([[1.0, 0.0]]).tolist()


def test_the_description_tells_numbers_in_categories(serve):
    frame = pd.DataFrame({"x": COLUMNS["categories of numbers"], "y": target("regression")})
    served = serve(frame, "ridge")
    assert served.signature.inputs == (("x", "long"),)
    schema = openapi.describe("api", "m@1", served.signature, {})
    assert '"integer"' in json.dumps(schema)
