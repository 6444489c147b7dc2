"""Adversarial rows find what training rows do not show."""

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from aiaas_magics import frames
from aiaas_magics.engines.optimising import adversarial, gate
from aiaas_magics.predictors.base import Rows
from aiaas_magics.specs.schema import Schema
from aiaas_magics.testing import tiers


def made(claim):
    names = [name for name, _ in claim.info.signature.inputs]
    base = {name: list(frames.values(claim.frame[name])) for name in names}
    return base, adversarial.rows(base, claim.info.signature, claim.pipeline)


@pytest.fixture(scope="module")
def mixed():
    return tiers.claim("forest")


def test_every_column_is_driven_to_its_extremes(mixed):
    _, odd = made(mixed)
    assert {1e30, -1e30, 1.7e9, 0.0, 3.4028234e38} <= set(odd["x"])
    assert {2**53, -(2**53)} <= set(odd["n"])
    assert None in odd["gaps"]
    assert None not in odd["x"]
    assert "a text that was never seen" in odd["kind"]


def test_an_endpoint_takes_every_row(mixed):
    signature = mixed.info.signature
    schema = Schema(signature.inputs, signature.required, signature.expects)
    taken, _ = schema.check(made(mixed)[1], "warn")
    assert set(taken) == {name for name, _ in signature.inputs}


def test_the_same_model_gets_the_same_rows(mixed):
    assert made(mixed) == made(mixed)


@pytest.mark.parametrize("kind", ["double", "long"])
@pytest.mark.parametrize(
    "model",
    [
        lambda: DecisionTreeClassifier(max_depth=1),
        lambda: make_pipeline(StandardScaler(), DecisionTreeClassifier(max_depth=1)),
        lambda: make_pipeline(StandardScaler(), RandomForestClassifier(1, max_depth=1, bootstrap=False)),
        lambda: make_pipeline(StandardScaler(), HistGradientBoostingClassifier(max_iter=1, max_leaf_nodes=2)),
    ],
    ids=["bare", "scaled", "forest", "histograms"],
)  # fmt: skip
def test_neighbours_on_both_sides_of_a_split_are_found(model, kind):
    x = np.arange(60) * 7
    frame = pd.DataFrame({"x": x if kind == "long" else x / 3})
    claim = tiers.of(model(), frame, x > 200)
    odd = sorted(set(made(claim)[1]["x"]))
    says = claim.pipeline.predict(pd.DataFrame({"x": odd}))
    pairs = [(a, b) for a, b, one, other in zip(odd, odd[1:], says, says[1:], strict=False) if one != other]  # fmt: skip
    assert len(pairs) == 1
    low, high = pairs[0]
    assert high == (low + 1 if kind == "long" else np.nextafter(low, np.inf))


def test_a_threshold_rounded_to_float32_is_found_out():
    """The usual way to convert a tree behind a scaler: right on every training row, wrong beside a split."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=300), "z": rng.normal(size=300)})
    scaled = make_pipeline(StandardScaler(), DecisionTreeClassifier(max_depth=4, random_state=0))
    claim = tiers.of(scaled, frame, frame["x"] + frame["z"] > 0.2)
    base, odd = made(claim)

    def halves(columns):
        scaler, tree = scaled.steps[0][1], scaled.steps[1][1]
        X = np.column_stack([columns["x"], columns["z"]]).astype("float32")
        with np.errstate(over="ignore"):
            X = (X - scaler.mean_.astype("float32")) / scaler.scale_.astype("float32")
        return tree.predict(np.clip(X, -1e38, 1e38))

    def known(columns):
        return gate.ask(claim.known, Rows(claim.info.signature, columns))

    assert (halves(base) == known(base).labels).all()
    taken = ~known(odd).refused
    assert (halves(odd) != known(odd).labels)[taken].any()


def test_a_model_whose_steps_no_tier_knows_is_asked_extremes_all_the_same():
    frame = tiers.table()[["x", "gaps"]]
    claim = tiers.of(make_pipeline(tiers.Renamed(), HistGradientBoostingClassifier(max_iter=2)), frame, frame["x"] > 0)  # fmt: skip
    odd = made(claim)[1]
    assert 1e30 in odd["x"]
    assert None in odd["gaps"]
