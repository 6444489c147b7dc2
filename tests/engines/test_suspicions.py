"""What a training warns of by itself: ids, columns that are the answer, classes out of balance."""

import numpy as np
import pandas as pd
import pytest

from aiaas_magics.engines import catalogue, prepare, train, tune
from aiaas_magics.specs.catalogue import BUILT_IN, CATALOGUE
from aiaas_magics.specs.prepare import PrepareSpec
from aiaas_magics.specs.train import TrainSpec
from aiaas_magics.specs.tune import TuneSpec

N = 200
RNG = np.random.default_rng(0)
Y = RNG.choice(["no", "yes"], N)
ROWS = pd.DataFrame({"a": RNG.normal(size=N), "b": RNG.normal(size=N), "y": Y})


def told(context, frame, target="y", algo="hist_gradient_boosting", **params):
    """Return what a training warned of and the lines it gave."""
    before = len(context.told)
    params = {"max_iter": 20} | params if algo == "hist_gradient_boosting" else params
    spec = TrainSpec(
        data=context.save_frame(frame), target=target, algo=algo, as_="m", params=params
    )
    train.run(spec, context)
    return [t.body["text"] for t in context.told[before:] if t.type == "warning"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"id": range(N)}, "column 'id' may be an id"),
        ({"late": np.where(Y == "yes", 7.5, 1.5)}, "column 'late' alone predicts 'y' perfectly"),
        ({"price": [f"{v:.2f} €" for v in RNG.random(N)]}, "'price' is learned as categories: its texts are numbers"),
        ({"size": [f"{v:.3f}" for v in RNG.random(N)]}, "'size' is learned as categories: its texts are numbers"),
        ({"day": [f"{i % 28 + 1:02}.{i % 12 + 1:02}.2024" for i in range(N)]}, "'day' is learned as categories: its texts are dates"),
        ({"y": ["yes"] * 15 + ["no"] * 185}, "always guessing that scores as much"),
    ],
)  # fmt: skip
def test_what_makes_a_result_worthless_is_told(context, change, words):
    assert [words in text for text in told(context, ROWS.assign(**change))] == [True]
    assert context.told[-1].body["try"].endswith("%aiaas_data check DATA --target y")


def test_a_search_tells_it_too(context):
    data = context.save_frame(ROWS.assign(id=range(N)))
    tune.run(
        TuneSpec(data=data, target="y", algo="ridge", as_="m", cv=2, params={"alpha": [1.0, 2.0]}),
        context,
    )
    assert any("may be an id" in t.body["text"] for t in context.told if t.type == "warning")


def test_texts_that_the_recipe_reads_as_numbers_are_no_categories(context):
    frame = ROWS.assign(price=[f"{v:.2f} €" for v in RNG.random(N)])
    data = context.save_frame(frame)
    prepare.run(PrepareSpec(data=data, as_="ready", fix=True, target="y"), context)
    train.run(TrainSpec(data="ready", target="y", algo="ridge", as_="m"), context)
    assert not [t for t in context.told if t.type == "warning" and "categories" in t.body["text"]]


def test_weighted_classes_are_no_news(context):
    frame = ROWS.assign(y=["yes"] * 15 + ["no"] * 185)
    assert not told(context, frame, algo="random_forest", class_weight="balanced", n_estimators=5)


def test_very_many_categories_are_told(context):
    frame = pd.DataFrame({"c": [f"v{i % 1500}" for i in range(3000)], "y": ["u", "v", "w"] * 1000})
    (text,) = told(context, frame, max_iter=2)
    assert text.startswith("column 'c' has 1,500 categories in 3,000 rows: beyond 50 the rarer")


HERE = [table for table in CATALOGUE if table.origin == BUILT_IN and table.target]


@pytest.mark.parametrize("table", HERE, ids=lambda table: table.name)
def test_textbook_tables_raise_no_word(context, table):
    assert told(context, catalogue.load(table.name), table.target, max_iter=5) == []


@pytest.mark.parametrize("seed", range(3))
def test_perfect_irises_are_no_leak(context, seed):
    """Setosa or not is an easy task: both petal measures tell it alone."""
    iris = catalogue.load("iris").sample(frac=1, random_state=seed, ignore_index=True)
    easy = iris.assign(species=np.where(iris["species"] == "setosa", "setosa", "other"))
    found = told(context, easy, "species", "logistic_regression")
    assert not [text for text in found if "alone predicts" in text]
