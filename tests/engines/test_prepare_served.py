"""Every step travels in the model: saved, opened with our own list, and asked as an endpoint asks."""

import itertools

import numpy as np
import pandas as pd
import pytest

from aiaas_magics import frames
from aiaas_magics.engines import prepare, train, tune
from aiaas_magics.engines.models import artefacts
from aiaas_magics.predictors.base import Rows
from aiaas_magics.predictors.sklearn import SklearnPredictor
from aiaas_magics.specs.prepare import PrepareSpec
from aiaas_magics.specs.train import TrainSpec
from aiaas_magics.specs.tune import TuneSpec

RNG = np.random.default_rng(0)
ROWS = 120
X = RNG.normal(size=ROWS)
TABLE = pd.DataFrame(
    {
        "price": [f"{v:.2f} €".replace(".", ",") for v in RNG.uniform(1, 9, ROWS)],
        "day": [f"{1 + i % 28}.{1 + i % 12}.2025" for i in range(ROWS)],
        "paid": RNG.choice(["yes", "no"], ROWS),
        "x": np.where(np.arange(ROWS) % 9 == 0, np.nan, X),
        "z": RNG.normal(size=ROWS),
        "city": np.where(np.arange(ROWS) % 40 == 0, "Rome", RNG.choice(["Oslo", "Bonn"], ROWS)),
        "note": [f"order {i} came {'late' if v > 0 else 'soon'} and wet" for i, v in enumerate(X)],
        "y": np.where(X > 0, "up", "down"),
    }
)
TABLE.loc[[3, 5], ["city", "price", "note"]] = None
NUMBERS = {"drop": ("note",), "fix": True, "impute": "median", "dates": True, "encode": "onehot"}
RECIPES = {
    "fix": {"fix": True, "dates": True},
    "clip": {"clip": 0.05},
    "fence": {"fence": 1.0},
    "knn": {"fix": True, "impute": "knn", "dates": True},
    "iterative": {"fix": True, "impute": "iterative"},
    "constant": {"impute": "constant", "fill": "7"},
    "indicator": {"fix": True, "impute": "median", "indicator": True},
    "rare": {"rare": 0.1, "encode": "ordinal"},
    "target": {"fix": True, "encode": "target", "rare": 0.1},
    "robust": {"scale": "robust"},
    "quantile": {"scale": "quantile"},
    "power": {"scale": "power", "fix": True},
    "tfidf": {"tfidf": 5},
    "texts": {"texts": ("city",)},
    "variance": {**NUMBERS, "variance": 0.01},
    "correlated": {**NUMBERS, "correlated": 0.9},
    "select": {**NUMBERS, "select": 4},
}


@pytest.fixture
def ready(context):
    def ready(**steps):
        address = context.save_frame(TABLE)
        prepare.run(PrepareSpec(data=address, as_="p", target="y", **steps), context)
        return "p"

    return ready


ALGOS = itertools.cycle(["logistic_regression", "hist_gradient_boosting"])
"""One takes sparse tables without gaps, the other dense ones with gaps."""


@pytest.mark.parametrize(("name", "algo"), list(zip(RECIPES, ALGOS, strict=False)))
def test_an_endpoint_answers_as_the_notebook_does(ready, context, name, algo):
    params = {"max_iter": 20}
    spec = TrainSpec(data=ready(**RECIPES[name]), target="y", algo=algo, as_="m", params=params)
    info, folder = context.model(train.run(spec, context).ref)
    pipeline = artefacts.load(folder)
    names = [name for name, _ in info.signature.inputs]
    rows = TABLE[names]
    records = frames.records(rows)
    served = SklearnPredictor(pipeline, info.signature)
    columns = {name: [record[name] for record in records] for name in names}
    expected = pipeline.predict_proba(rows)
    np.testing.assert_allclose(
        served.predict(Rows(info.signature, columns), proba=True).proba, expected
    )
    one = {name: values[:1] for name, values in columns.items()}
    np.testing.assert_allclose(
        served.predict(Rows(info.signature, one), proba=True).proba, expected[:1]
    )


@pytest.mark.parametrize("name", RECIPES)
def test_every_fold_learns_for_itself(ready, context, name):
    spec = TuneSpec(
        data=ready(**RECIPES[name]), target="y", algo="random_forest", as_="m", cv=3,
        params={"n_estimators": [5], "max_depth": [3]},
    )  # fmt: skip
    found = tune.run(spec, context).trials[0]
    assert all(0.3 <= score <= 1 for score in found.folds)
