"""How a fit tells how far it is: nothing changes by listening, and a stop keeps what there is."""

import warnings

import lightgbm  # noqa: F401 - loaded first, so that a limit on threads reaches it
import numpy as np
import pytest
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from aiaas_magics.engines.families import recipe
from aiaas_magics.engines.fits import FITS
from aiaas_magics.specs.algorithms import ALGORITHMS, find
from aiaas_magics.testing.context import LocalContext
from aiaas_magics.testing.family import claims, table

STOPS = {
    "random_forest": "n_estimators",
    "extra_trees": "n_estimators",
    "gradient_boosting": "n_estimators",
    "adaboost": "n_estimators",
    "lightgbm": "n_estimators",
    "hist_gradient_boosting": "max_iter",
    "mlp": "max_iter",
}
"""Algorithms that can stop between two steps -> what counts the steps."""


@pytest.fixture(autouse=True)
def _one_thread():
    """As jobs fit small tables: two threads on a busy machine wait for each other."""
    with threadpool_limits(1):
        yield


def fit(algorithm, task, context, *, weights=None, **params):
    """Return the fitted pipeline, and what its fit told."""
    model = recipe(algorithm).build(task, params, 0)
    pipeline = Pipeline([("prepare", "passthrough"), ("model", model)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        told = FITS[recipe(algorithm).watch](pipeline, *table(task), context, weights)
    return pipeline, told


def bits(pipeline):
    """Return all a model says of the rows it learned from."""
    X, _ = table("regression")
    return getattr(pipeline, "predict_proba", pipeline.predict)(X)


@pytest.mark.parametrize("weighed", [False, True], ids=["alike", "weighed"])
@pytest.mark.parametrize("claim", claims(ALGORITHMS), ids=str)
def test_a_fit_that_is_watched_is_the_fit_in_silence(context, claim, weighed):
    algorithm, task = claim
    weights = np.linspace(0.1, 1, 120) if weighed and algorithm.takes_weights else None
    more = {} if weights is None else {"sample_weight": weights}
    watched, (partial, _) = fit(algorithm, task, context, weights=weights)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        silent = recipe(algorithm).build(task, {}, 0).fit(*table(task), **more)
    assert np.array_equal(bits(watched), bits(silent))
    assert not partial
    assert any(t.type == "progress" for t in context.told)


@pytest.mark.parametrize("claim", claims(map(find, STOPS)), ids=str)
def test_a_fit_that_is_stopped_is_the_fit_of_fewer_steps(tmp_path, claim):
    counts = STOPS[claim.algorithm.name]
    context = LocalContext(tmp_path, stop_after=0 if claim.algorithm.family == "forest" else 4)
    stopped, (partial, _) = fit(*claim, context, **{counts: 60})
    done = [t.body["done"] for t in context.told if t.type == "progress"][-1]
    fewer, _ = fit(*claim, LocalContext(tmp_path), **{counts: done})
    assert partial
    assert 0 < done < 60
    assert np.array_equal(bits(stopped), bits(fewer))


@pytest.mark.parametrize("early", [False, True])
def test_a_neural_network_tells_its_loss(tmp_path, early):
    context = LocalContext(tmp_path)
    params = {"max_iter": 12, "early_stopping": early}
    pipeline, (_, series) = fit(find("mlp"), "classification", context, **params)
    model = pipeline.steps[-1][1]
    assert np.allclose(series, [model.loss_curve_])
    assert [t.body["step"] for t in context.told if t.type == "metric"] == list(range(1, 13))
    assert model.verbose is False


def test_a_neural_network_stopped_early_has_its_best_weights(tmp_path):
    context = LocalContext(tmp_path, stop_after=0)
    params = {"early_stopping": True, "validation_fraction": 0.3}
    pipeline, (partial, series) = fit(find("mlp"), "classification", context, **params)
    assert partial
    assert len(series[0]) == 2
    assert np.isfinite(bits(pipeline)).all()


def test_an_optimiser_that_makes_no_passes_tells_no_loss(context):
    _, told = fit(find("mlp"), "classification", context, solver="lbfgs")
    assert told == (False, [])
