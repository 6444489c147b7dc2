"""What a model learned of its columns, and an evaluation that holds a table to it."""

import numpy as np
import pandas as pd
import pytest

from aiaas_magics import errors
from aiaas_magics.engines import evaluate, expecting, learning, train
from aiaas_magics.specs.evaluate import EvaluateSpec
from aiaas_magics.specs.schema import Expectation
from aiaas_magics.specs.train import TrainSpec

N = 200
RNG = np.random.default_rng(0)
ROWS = pd.DataFrame(
    {
        "age": RNG.integers(18, 91, N),
        "size": RNG.normal(size=N),
        "city": RNG.choice(["Basel", "Bern"], N),
        "paid": RNG.random(N) < 0.5,
        "when": pd.Timestamp("2025-01-01") + pd.to_timedelta(RNG.integers(0, 300, N), unit="D"),
        "id": [f"c{i}" for i in range(N)],
        "gap": np.where(RNG.random(N) < 0.2, np.nan, 1.0),
        "y": RNG.choice(["no", "yes"], N),
    }
)
NEW = ROWS.head(60)


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    from aiaas_magics.testing.context import LocalContext

    context = LocalContext(tmp_path_factory.mktemp("learned"))
    spec = TrainSpec(
        data=context.save_frame(ROWS), target="y", algo="hist_gradient_boosting", as_="m", params={"max_iter": 5}
    )  # fmt: skip
    info, _ = context.model(train.run(spec, context).ref)
    return context, info, learning.assemble(spec, context)


def test_expectations_come_from_the_training_rows_alone(learned):
    _, info, task = learned
    known = task.X.iloc[task.train]
    expects = info.signature.expects
    assert expects["age"] == Expectation(low=int(known["age"].min()), high=int(known["age"].max()))
    assert expects["size"].low == known["size"].min() > ROWS["size"].min() - 1e-9
    assert expects["city"].values == ("Basel", "Bern")
    assert expects["when"].low == known["when"].min().isoformat()
    assert expects["id"].values == tuple(sorted(known["id"]))
    assert "paid" not in expects


def test_more_categories_than_are_remembered_are_not_expected():
    from aiaas_magics.engines import signatures

    frame = pd.DataFrame({"id": [f"c{i}" for i in range(201)]})
    found = signatures.of(frame, {"id": "category"}, target="y", classes=())
    assert found.expects == {}


def measure(learned, frame, mode="warn"):
    """Return what an evaluation warned of."""
    context, info, _ = learned
    before = len(context.told)
    spec = EvaluateSpec(
        model=info.ref, data=context.save_frame(frame), schema=mode, repeats=100, shuffles=0
    )
    evaluate.run(spec, context)
    told = [t.body["text"] for t in context.told[before:] if t.type == "warning"]
    return [text for text in told if text.startswith("column ")]


UNKNOWN = [f"new{i}" for i in range(60)]


@pytest.mark.parametrize("mode", ["warn", "fix", "refuse"])
def test_rows_like_those_learned_from_raise_no_word(learned, mode):
    _, _, task = learned
    assert measure(learned, ROWS.iloc[task.train], mode) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"age": 500}, "out of range (60 rows, the first is 0): got 500"),
        ({"city": ["Zug", *NEW["city"][1:]]}, "unknown category (row 0)"),
        ({"when": pd.Timestamp("2035-01-01")}, "out of range (60 rows"),
        ({"age": [500.0, *NEW["age"][1:]]}, "out of range (row 0)"),
    ],
)
def test_odd_content_is_warned_of_or_refused(learned, change, words):
    frame = NEW.assign(id=ROWS["id"][0], **change)
    assert [words in text for text in measure(learned, frame)] == [True]
    with pytest.raises(errors.DataError, match="row 0: ") as caught:
        measure(learned, frame, "refuse")
    assert "the model learned from" in caught.value.hint
    assert "--schema warn" in caught.value.try_


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"age": NEW["age"].astype("str")}, "read as a whole number"),
        ({"size": NEW["size"].astype("str")}, "read as a number"),
        ({"paid": NEW["paid"].astype("int64")}, "read as true or false"),
        ({"city": NEW["city"].str.upper() + " "}, 'read as "Ba'),
        ({"when": NEW["when"].dt.strftime("%Y/%m/%d")}, "read as a date"),
    ],
)
def test_another_type_is_refused_and_can_be_fixed(learned, change, words):
    frame = NEW.assign(id=ROWS["id"][0])
    plain = measured(learned, frame)
    told = measure(learned, frame.assign(**change), "fix")
    assert any(words in text for text in told), told
    assert measured(learned, frame.assign(**change), "fix") == plain
    if "city" not in change:
        with pytest.raises(errors.DataError, match=r"row 0: .* is not "):
            measure(learned, frame.assign(**change))


def measured(learned, frame, mode="warn"):
    context, info, _ = learned
    spec = EvaluateSpec(
        model=info.ref, data=context.save_frame(frame), schema=mode, repeats=100, shuffles=0
    )
    return evaluate.run(spec, context).scores


def test_an_absent_column_is_all_gaps_where_gaps_are_known(learned):
    frame = NEW.assign(id=ROWS["id"][0]).drop(columns="gap")
    assert measured(learned, frame, "fix") == measured(learned, frame.assign(gap=np.nan), "fix")
    with pytest.raises(errors.DataError, match="no column 'gap'"):
        measure(learned, frame)
    with pytest.raises(errors.DataError, match="no column 'age'"):
        measure(learned, frame.drop(columns="age"), "fix")


def test_a_refusal_names_the_row_as_the_user_counts(learned):
    frame = NEW.assign(id=ROWS["id"][0], y=[None, *NEW["y"][1:]], age=[20] * 59 + [999])
    with pytest.raises(errors.DataError, match="row 59: age is out of range"):
        measure(learned, frame, "refuse")


def test_a_sound_table_is_not_copied(learned):
    _, info, task = learned
    frame = ROWS.iloc[task.train].drop(columns="y")
    kept, notes = expecting.kept(frame, info, "refuse")
    assert kept is frame
    assert notes == []


@pytest.mark.parametrize("dtype", ["category", "str"])
def test_categories_of_any_dtype_are_asked_once_each(learned, dtype):
    _, info, _ = learned
    frame = NEW.drop(columns="y").assign(id=ROWS["id"][0])
    frame["city"] = frame["city"].replace("Bern", "Zug").astype(dtype)
    _, notes = expecting.kept(frame, info, "warn")
    assert [(n.column, n.problem) for n in notes] == [("city", "unknown category")]
