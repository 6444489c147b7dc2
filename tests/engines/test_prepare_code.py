"""Prepared with code: the same code at preparation, training, evaluation and prediction."""

import numpy as np
import pandas as pd
import pytest

from aiaas_magics import errors
from aiaas_magics.engines import coding, evaluate, prepare, recipe, train, tune, usercode
from aiaas_magics.engines.models import artefacts
from aiaas_magics.predictors.base import Rows
from aiaas_magics.predictors.sklearn import SklearnPredictor
from aiaas_magics.specs.evaluate import EvaluateSpec
from aiaas_magics.specs.prepare import PrepareSpec
from aiaas_magics.specs.train import TrainSpec
from aiaas_magics.specs.tune import TuneSpec

BMI = "df['bmi'] = df['w'] / (df['h'] / 100) ** 2"


@pytest.fixture
def people():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {"id": range(200), "h": rng.normal(170, 10, 200), "w": rng.normal(70, 10, 200), "c": rng.choice(["a", "b"], 200)}
    )  # fmt: skip
    table["y"] = np.where(table["w"] / (table["h"] / 100) ** 2 > 24, "over", "under")
    table["cost"] = 3 * table["w"] + rng.normal(0, 1, 200)
    return table


@pytest.fixture
def ready(context, people):
    """What prepares the table and returns the result."""

    def run(code, data=None, as_="ready", **more):
        address = data or context.save_frame(people)
        return prepare.run(PrepareSpec(data=address, as_=as_, code=code, **more), context)

    return run


def learn(context, target="y", data="ready", algo="ridge", **more):
    return train.run(TrainSpec(data=data, target=target, algo=algo, as_="m", **more), context)


def served(context):
    info, folder = context.model("m")
    return SklearnPredictor(artefacts.load(folder), info.signature, usercode.blame), info


def warned(context):
    return [t.body["text"] for t in context.told if t.type == "warning"]


def test_the_prepared_table_is_what_pandas_makes(context, people, ready):
    result = ready(f"df = df[df['h'] > 165]\n{BMI}\ndf = df.drop(columns='id')", target="y")
    df = people[people["h"] > 165].reset_index(drop=True)
    df["bmi"] = df["w"] / (df["h"] / 100) ** 2
    pd.testing.assert_frame_equal(
        context.frame(result.frame), df.drop(columns="id"), check_dtype=False
    )
    assert (
        str(result.changes[0]) == f"code: made bmi; dropped id; {200 - len(df)} of 200 rows dropped"
    )
    assert not warned(context)


def test_rows_that_are_dropped_are_no_raw_rows_any_more(context, people, ready):
    result = ready("df['w'] = df['w'].where(df['id'] > 4)\ndf = df[df['h'] > 165]", dropna=True)
    keeps = people[(people["h"] > 165) & (people.index > 4)]
    assert context.frame(result.base)["id"].tolist() == keeps["id"].tolist()


def test_options_work_on_the_columns_the_code_made(context, ready):
    result = ready(BMI, target="y", keep=("bmi", "c"), encode="onehot", scale="standard")
    names = [column.name for column in result.columns]
    assert names == ["c_a", "c_b", "y", "bmi"]
    assert [step["op"] for step in result.steps] == ["code", "keep", "encode", "scale"]


def test_a_model_runs_the_code_on_raw_rows(context, people, ready):
    ready(f"{BMI}\ndf = df.drop(columns=['id', 'cost'])", target="y", scale="standard")
    learn(context, algo="random_forest", params={"n_estimators": 20})
    predictor, info = served(context)
    assert [name for name, _ in info.signature.inputs] == ["h", "w", "c"]
    columns = {name: people[name].tolist() for name in ("h", "w", "c")}
    labels = predictor.predict(Rows(info.signature, columns), proba=True).labels
    assert np.mean(labels == people["y"]) > 0.95
    one = Rows(info.signature, {n: v[:1] for n, v in columns.items()})
    assert labels[:1] == predictor.predict(one, proba=False).labels


def test_a_row_the_code_drops_has_no_prediction(context, people, ready):
    ready("df = df[df['h'] > 165]", target="y")
    learn(context, features=("h", "w"))
    predictor, info = served(context)
    rows = Rows(info.signature, {"h": [170.0, 160.0], "w": [70.0, 70.0]})
    with pytest.raises(errors.UserCodeError, match="drops 1 of 2 rows"):
        predictor.predict(rows, proba=False)


@pytest.mark.parametrize(
    ("code", "features", "inputs"),
    [
        (BMI, ("bmi",), ["h", "w"]),
        ("df['x'] = df['id'] * 2", ("x", "h"), ["id", "h"]),
        ("df.pop('id')\ndel df['cost']", (), ["h", "w", "c"]),
        ("df = df.drop(columns='id')\ndf.loc[df['w'] < 0, 'h'] = 0", ("h",), ["h", "w"]),
        ("df.loc[df['id'] == 199, 'h'] = 0\ndf = df.drop(columns='id')", ("h",), ["id", "h"]),
    ],
)
def test_what_no_feature_needs_is_no_input(context, ready, code, features, inputs):
    ready(code, target="y")
    learn(context, features=features)
    names = [name for name, _ in served(context)[1].signature.inputs]
    assert sorted(names) == sorted(inputs)


def test_code_is_repeated_by_evaluation_and_search(context, people, ready):
    ready(f"df = df[df['h'] > 165]\n{BMI}", target="y")
    search = TuneSpec(
        data="ready", target="y", algo="ridge", as_="m", cv=2, params={"alpha": [0.1, 1.0]}
    )
    assert len(tune.run(search, context).trials) == 2
    spec = EvaluateSpec(model="m", repeats=100, shuffles=1)
    assert evaluate.run(spec, context).rows == 0.2 * int((people["h"] > 165).sum())
    other = EvaluateSpec(model="m", data=context.save_frame(people), repeats=100, shuffles=0)
    assert evaluate.run(other, context).rows == int((people["h"] > 165).sum())
    assert any("dropped by the model's code and not measured" in text for text in warned(context))


def test_a_changed_target_is_learned_and_told(context, people, ready):
    ready("if 'cost' in df:\n    df['cost'] = np.log(df['cost'])", target="cost")
    assert "predictions come in its new unit" in warned(context)[0]
    learn(context, target="cost", features=("w",))
    predictor, _ = served(context)
    assert (
        abs(
            predictor.predict(Rows(predictor.signature, {"w": [70.0]}), proba=False).labels[0]
            - np.log(210)
        )
        < 0.1
    )
    other = EvaluateSpec(model="m", data=context.save_frame(people), repeats=100, shuffles=0)
    assert next(s.value for s in evaluate.run(other, context).scores if s.metric == "r2") > 0.9


@pytest.mark.parametrize(
    "code",
    [
        "df['leak'] = df['y'] == 'over'",
        "df['leak'] = df['h'] * (df['y'] == 'over' if 'y' in df else 0)",
        "df['g'] = df.groupby('y')['w'].transform('count')",
        "df = df.rename(columns={'y': 'z'})\ndf['y'] = df.pop('z')",
    ],
)
def test_code_that_needs_the_target_is_refused(context, ready, code):
    with pytest.raises(
        errors.UserCodeError, match="needs 'y', which a row to be predicted does not have"
    ):
        ready(code, target="y")
    ready(code)  # nobody said what the target is
    with pytest.raises(errors.UserCodeError, match="needs 'y'"):
        learn(context)


@pytest.mark.parametrize(
    "code",
    ["df['x'] = df['h'] - df['h'].mean()", "df['x'] = df['h'].shift()", "df['x'] = df['h'].rank()", "df['x'] = pd.qcut(df['h'], 4).cat.codes"],
)  # fmt: skip
def test_values_that_depend_on_other_rows_are_told(context, ready, code):
    ready(code)
    assert "depend on the other rows" in warned(context)[0]


def test_values_that_depend_on_chance_are_told(context, ready):
    ready("df['x'] = np.random.default_rng().random(len(df))")
    assert "other values each time" in warned(context)[0]


def test_columns_that_depend_on_the_rows_are_refused(context, ready):
    with pytest.raises(
        errors.UserCodeError, match="which columns the code makes depends on the rows"
    ):
        ready("df = pd.get_dummies(df, columns=['c'])")


def test_rows_whose_dropping_cannot_be_repeated_are_refused(context, ready):
    with pytest.raises(errors.UserCodeError, match="it kept before"):
        ready("df = df[df['h'] > df['h'].mean()]")


@pytest.mark.parametrize(
    ("code", "what"), [("df = df[:0]", "no row"), ("df = df[[]]", "no column")]
)
def test_code_leaves_something(context, ready, code, what):
    with pytest.raises(errors.DataError, match=what):
        ready(code)


def test_code_follows_code_in_order(context, people, ready):
    ready(BMI, target="y")
    ready("df = df[df['bmi'] < 26]", data="ready", as_="thinner", dropna=True)
    ready("df['bmi2'] = df['bmi'] ** 2", data="thinner", as_="squared", scale="standard")
    learn(context, data="squared", features=("bmi2",))
    predictor, info = served(context)
    assert [step["op"] for step in info.lineage.steps] == [
        "code",
        "code",
        "dropna",
        "code",
        "scale",
    ]
    rows = Rows(info.signature, {"h": [170.0, 180.0], "w": [60.0, 61.0]})
    assert predictor.predict(rows, proba=False).labels.shape == (2,)


def test_code_does_not_come_after_what_is_learned_from_data(context, ready):
    ready("df['x'] = 1", scale="standard", columns=("h",))
    with pytest.raises(errors.DataError, match="code cannot come after scale standard"):
        ready("df['z'] = 2", data="ready", as_="late")


def test_raw_rows_to_be_sent_are_found_without_running_the_code(context, people, ready):
    result = ready("df = df[df['h'] > 165]\ndf['new'] = 1", dropna=True)
    found = recipe.rows(context.frame(result.base), recipe.steps_of(result.steps))
    assert list(found.columns) == list(people.columns)
    assert len(found) == result.rows


@pytest.mark.parametrize(
    ("source", "only"),
    [
        ("df = df.drop(columns='id')", True),
        ("df = df.drop(['id', 'b'], axis=1)", True),
        ("del df['id']", True),
        ("df['x'] = df.id\ndf = df.drop(columns='id')", False),
        ("df['x'] = df['id']", False),
        ("df['x'] = 1", True),
    ],
)
def test_a_column_that_is_only_dropped_is_known(source, only):
    assert coding.only_dropped(source, "id") is only


def test_what_code_prints_is_said_once(context, ready, capsys):
    ready("print('rows', len(df))\ndf['x'] = 1", target="y")
    assert capsys.readouterr().out == "rows 200\n"


def test_a_column_whose_shuffled_rows_the_code_drops_has_no_importance(context, people, ready):
    ready("df = df[(df['h'] > 165) == (df['w'] > 70)]", target="y")
    learn(context, features=("h", "w", "c"))
    result = evaluate.run(EvaluateSpec(model="m", repeats=100, shuffles=1), context)
    assert result.importance == ()
    assert any("shuffled: your code drops" in text for text in warned(context))
