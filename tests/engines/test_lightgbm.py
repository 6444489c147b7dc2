"""LightGBM: optional, its own library's answers bit by bit, names of any kind, its version kept."""

import builtins
import importlib
import sys
from importlib.metadata import version

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from aiaas_magics import errors
from aiaas_magics.engines import catalogue, families, train
from aiaas_magics.specs.algorithms import find
from aiaas_magics.specs.train import TrainSpec

X, Y = np.random.default_rng(0).normal(size=(150, 3)), np.arange(150) % 3


def test_without_the_library_a_line_says_what_to_install(monkeypatch):
    name = f"{families.__name__}.lightgbm"
    real = builtins.__import__

    def missing(wanted, *more):
        if wanted == "lightgbm":
            raise ModuleNotFoundError(wanted, name=wanted)
        return real(wanted, *more)

    monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(errors.MissingLibrary) as caught:
        families.recipe(find("lightgbm"))
    assert caught.value.try_ == "%pip install lightgbm"
    monkeypatch.undo()
    importlib.import_module(name)


@pytest.mark.parametrize(
    "params", [{}, {"subsample": 0.6, "class_weight": "balanced"}, {"max_depth": 2}]
)
def test_it_answers_as_the_library_s_own_estimator(params):
    import lightgbm

    own = families.recipe(find("lightgbm")).build("classification", params, 5).fit(X, Y)
    more = {"subsample_freq": 1} if "subsample" in params else {}
    theirs = lightgbm.LGBMClassifier(
        **params,
        **more,
        random_state=5,
        n_jobs=1,
        verbose=-1,
        deterministic=True,
        force_row_wise=True,
    ).fit(X, Y)
    assert np.array_equal(own.predict_proba(X), theirs.predict_proba(X))


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_what_is_fitted_again_forgets_what_it_learned(task):
    model = families.recipe(find("lightgbm")).build(task, {}, 0)
    model.fit(X, Y).predict(X)
    again = model.fit(X, Y[::-1]).predict(X)
    assert np.array_equal(again, clone(model).fit(X, Y[::-1]).predict(X))


def test_columns_may_have_any_name():
    frame = pd.DataFrame(X, columns=['a "quoted" {name}', "[1, 2]", "ü:\n"])
    model = families.recipe(find("lightgbm")).build("classification", {}, 0).fit(frame, Y)
    assert model.predict(frame).shape == (150,)
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame.rename(columns={"[1, 2]": "other"}))


def test_what_the_library_does_not_take_is_told_in_three_lines(context):
    frame = pd.DataFrame({"a": np.arange(90.0), "y": np.arange(90) - 45.5})
    spec = TrainSpec(
        data=context.save_frame(frame),
        target="y",
        algo="lightgbm",
        as_="m",
        params={"objective": "poisson"},
    )
    with pytest.raises(errors.DataError, match="does not take this data") as caught:
        train.run(spec, context)
    assert "poisson" in caught.value.hint


def test_a_copy_has_all_parameters():
    model = families.recipe(find("lightgbm")).build("regression", {"objective": "huber"}, 3)
    assert clone(model).get_params() == model.get_params()
    assert model.get_params()["num_leaves"] == 31


def test_who_opens_the_model_needs_the_library(context):
    data = context.save_frame(catalogue.load("iris"))
    spec = TrainSpec(data=data, target="species", algo="lightgbm", as_="m")
    info, folder = context.model(train.run(spec, context).ref)
    assert info.lineage.libraries["lightgbm"] == version("lightgbm")
    lines = (folder / "requirements.txt").read_text().splitlines()
    assert f"lightgbm=={version('lightgbm')}" in lines
    assert any(line.startswith("aiaas_magics") for line in lines)
