"""The words of --algo auto: what they become, where they stand, and what refuses them."""

import pytest

from aiaas_magics import errors, specs
from aiaas_magics.cards import style
from aiaas_magics.magics import grammar, manual
from aiaas_magics.magics.completion import Completer
from aiaas_magics.specs.train import TrainSpec
from aiaas_magics.specs.tune import TuneSpec

TRAIN, TUNE = specs.verb("train"), specs.verb("tune")


def asked(**more):
    return TrainSpec(**{"data": "d", "target": "y", "algo": "auto", "as_": "m", **more})


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("--time 20s", {"time": 20.0}),
        ("--time 2m --trials 5", {"time": 120.0, "trials": 5}),
        ("--algos ridge,random_forest", {"algos": ("ridge", "random_forest")}),
        ("--algos ridge,ridge", {"algos": ("ridge",)}),
        ("--metric roc_auc --cv 3", {"metric": "roc_auc", "cv": 3}),
    ],
)
def test_words_become_values(line, values):
    call = grammar.parse(TRAIN, f"d --target y --algo auto {line}")
    assert values.items() <= call.values.items()
    assert grammar.parse(TRAIN, grammar.render(call).removeprefix("%aiaas_train")) == call


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("--algo auto max_depth=10", "takes no max_depth"),
        ("--algo auto --algos ridge,nobody", "unknown algorithm 'nobody'"),
        ("--algo auto --time soon", "is not a duration"),
        ("--algo auto --trials many", "is not a whole number"),
        ("--algo auto --metric good", "unknown metric"),
    ],
)
def test_lines_that_cannot_be_are_refused(line, what):
    with pytest.raises(errors.AiaasError, match=what) as caught:
        grammar.parse(TRAIN, f"d --target y {line}")
    assert len(caught.value.lines()) == 3


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ({"algo": "ridge", "time": 20.0}, "--time goes with --algo auto"),
        ({"algo": "ridge", "trials": 2}, "--trials goes with --algo auto"),
        ({"algo": "ridge", "algos": ("sgd",)}, "--algos goes with --algo auto"),
        ({"time": 0.1}, "too short"),
        ({"trials": 0}, "compares nothing"),
        ({"cv": 1}, "too few folds"),
        ({"algos": ("auto",)}, "cannot be compared"),
        ({"task": "regression", "metric": "accuracy"}, "classification metric"),
        ({"task": "regression", "algos": ("logistic_regression",)}, "does not do regression"),
        ({"params": {"alpha": 1}}, "takes no alpha"),
    ],
)
def test_specs_that_cannot_be_are_refused(more, what):
    with pytest.raises(errors.SpecError, match=what) as caught:
        asked(**more)
    assert len(caught.value.lines()) == 3


def test_a_grid_is_of_one_algorithm():
    with pytest.raises(errors.SpecError, match="one algorithm's parameters"):
        grammar.parse(TUNE, "d --target y --algo auto alpha=[1]")
    with pytest.raises(errors.SpecError, match="one algorithm's parameters"):
        TuneSpec(data="d", target="y", algo="auto", as_="m", params={})


def test_the_training_of_one_algorithm_is_a_spec_again():
    found = asked(time=5.0, trials=3, cv=3, algos=("ridge",)).fixed("ridge", {"alpha": 2})
    assert found == asked(algo="ridge", params={"alpha": 2})


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("%aiaas_train d --target y --algo au", ["auto"]),
        ("%aiaas_train d --target y --algo auto --algos ridge,rand", ["random_forest"]),
        ("%aiaas_train d --target y --algo auto --tri", ["--trials"]),
        ("%aiaas_tune d --target y --algo au", []),
    ],
)
def test_words_are_proposed(line, words):
    assert Completer(dict, None).complete(line)[1] == words


def test_the_schema_of_a_grid_has_no_auto():
    algos = [manual.schema(v, v.action(""))["properties"]["algo"]["enum"] for v in (TRAIN, TUNE)]
    assert ["auto" in each for each in algos] == [True, False]
    assert manual.schema(TRAIN, TRAIN.action(""))["properties"]["algos"]["type"] == "array"


@pytest.mark.parametrize(("more", "refused"), [({}, True), ({"time": 9.0}, True), ({"trials": 2}, False)])  # fmt: skip
def test_docs_mode_counts_trials(made, monkeypatch, more, refused):
    monkeypatch.setattr(style._State, "docs_mode", True)
    session, submitted = made
    line = {"data": "d", "target": "y", "algo": "auto", "as_": "m", "detach": True, **more}
    if refused:
        with pytest.raises(errors.SpecError, match="needs --trials in docs_mode"):
            session.run("train", "", line)
    else:
        session.run("train", "", line)
    assert len(submitted) == (not refused)


@pytest.fixture
def made(monkeypatch):
    """A session whose jobs are only written down, and these."""
    import pandas as pd

    from aiaas_magics.session import Session
    from aiaas_magics.testing.fake import FakeBackend

    session, submitted = Session(FakeBackend()), []
    session.run("data", "load", {"source": pd.DataFrame({"a": [1, 2], "y": [1, 2]}), "as_": "d"})
    plain = session.backend.submit(specs.spec_type("test_noop")())
    monkeypatch.setattr(session.backend, "submit", lambda spec, **_: submitted.append(spec) or plain)  # fmt: skip
    yield session, submitted
    session.backend.close()
