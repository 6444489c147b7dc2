"""Tuning where nothing is asked for tries what the algorithm says is worth trying."""

import pytest

from aiaas_magics.engines import catalogue, tune
from aiaas_magics.specs import algorithms
from aiaas_magics.specs.tune import TuneSpec


def asked(context, name, target, algo):
    return TuneSpec(
        data=context.save_frame(catalogue.load(name)), target=target, algo=algo, as_="m", cv=2
    )


@pytest.mark.parametrize(
    ("algo", "name", "target"),
    [("decision_tree", "iris", "species"), ("elastic_net", "diabetes", "progression")],
)
def test_what_is_worth_trying_is_tried_and_told(context, algo, name, target):
    result = tune.run(asked(context, name, target, algo), context)
    tried = algorithms.grid(algorithms.find(algo), result.task)
    assert result.cells == len(result.trials) > 6
    assert set(result.params) == set(tried)
    warned = [t.body for t in context.told if t.type == "warning" and "no values" in t.body["text"]]
    assert f"{result.cells} combinations of {', '.join(tried)}" in warned[0]["text"]
    assert warned[0]["try"].startswith(next(iter(tried)))


def test_the_lineage_says_what_was_tried(context):
    result = tune.run(asked(context, "iris", "species", "knn"), context)
    spec = context.model(result.ref)[0].lineage.spec
    assert spec["params"] == {"n_neighbors": [1, 3, 10, 30], "weights": ["uniform", "distance"]}
