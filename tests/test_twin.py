"""The Python twin: the same words, the same answers, the same errors."""

import inspect

import pandas as pd
import pytest

import aiaas_magics as aiaas
from aiaas_magics import errors, session, specs
from aiaas_magics.handles import Handle, Note
from aiaas_magics.twin import NAMES


class Recording:
    """A session that writes down what it is asked."""

    def __init__(self):
        self.calls = []

    def run(self, verb, action, values, parameters=None):
        self.calls.append((verb, action, dict(values), dict(parameters or {})))
        return Note("done")


@pytest.fixture
def calls(monkeypatch):
    recording = Recording()
    monkeypatch.setattr(session, "_current", [recording])
    return recording.calls


def test_words_and_parameters(calls):
    aiaas.train("clean", target="y", algo="random_forest", as_="clf", max_depth=10)
    verb, action, values, parameters = calls[0]
    assert (verb, action, parameters) == ("train", "", {"max_depth": 10})
    assert {"data": "clean", "target": "y", "as_": "clf", "test": 0.2}.items() <= values.items()


def test_params_as_a_dict_and_grids(calls):
    aiaas.train("d", target="y", algo="ridge", params={"alpha": 2})
    aiaas.tune("d", target="y", algo="ridge", alpha=range(1, 3))
    assert calls[0][3] == {"alpha": 2}
    assert calls[1][3] == {"alpha": [1, 2]}


def test_actions_are_attributes_and_the_default_is_the_call(calls):
    aiaas.data.load("x.csv", as_="x")
    aiaas.jobs()
    aiaas.models.alias("clf@1", "production")
    assert [call[:2] for call in calls] == [("data", "load"), ("jobs", "list"), ("models", "alias")]


@pytest.mark.parametrize(
    ("call", "what", "hint"),
    [
        (lambda: aiaas.train("d", target="y", algo="ridg"), "unknown algorithm", "ridge"),
        (lambda: aiaas.train("d", algo="ridge"), "needs --target", ""),
        (lambda: aiaas.train("d", "e", target="y", algo="ridge"), "by position", ""),
        (lambda: aiaas.evaluate("clf", shufles=1), "no option --shufles", "--shuffles"),
        (lambda: aiaas.train("d", target="y", algo="ridge", test="x"), "is not a number", ""),
        (lambda: aiaas.train("d", target=3, algo="ridge"), "is not a column", ""),
        (
            lambda: aiaas.train("d", target="y", algo="ridge", seed=True),
            "is not a whole number",
            "",
        ),
        (
            lambda: aiaas.train("d", target="y", algo="ridge", features=[1]),
            "is not a list of columns",
            "",
        ),
        (lambda: aiaas.train("d", target="y", algo="ridge", alpha="x"), "not a value", "alpha"),
    ],
)
def test_mistakes_are_those_of_the_magics(calls, call, what, hint):
    with pytest.raises((errors.UsageError, errors.SpecError)) as caught:
        call()
    assert what in caught.value.what
    assert hint in caught.value.hint
    assert calls == []


def test_signatures_come_from_the_tables():
    signature = inspect.signature(aiaas.train)
    assert list(signature.parameters)[:3] == ["data", "target", "algo"]
    assert signature.parameters["test"].default == 0.2
    assert signature.parameters["as_"].kind is inspect.Parameter.KEYWORD_ONLY
    assert "share of rows held out" in aiaas.train.__doc__
    assert repr(aiaas.data.load).startswith("<aiaas.data.load(source")


TWINS = [
    getattr(twin, action.python) if action.name else twin
    for name in NAMES
    for twin in [getattr(aiaas, name)]
    for action in specs.verb("" if name == "overview" else name).actions
]


@pytest.mark.parametrize("twin", TWINS, ids=repr)
def test_every_twin_documents_its_words_and_its_magic(twin):
    for name in set(inspect.signature(twin).parameters) - {"params", "parameters"}:
        assert f"\n{name} : " in twin.__doc__
    assert "\n    %aiaas" in twin.__doc__
    assert twin.__module__ == "aiaas_magics"


@pytest.mark.parametrize("name", NAMES)
def test_every_verb_is_a_name_of_the_package(name):
    assert name in aiaas.__all__
    assert getattr(aiaas, name) is getattr(aiaas, name)


def test_a_name_nobody_knows_is_no_attribute():
    with pytest.raises(AttributeError, match="trian"):
        aiaas.trian  # noqa: B018


def test_a_word_given_twice_is_refused(calls):
    with pytest.raises(errors.UsageError, match="train is given 'data' twice"):
        aiaas.train("d", data="e", target="y", algo="ridge")
    assert calls == []


def test_handles_stand_for_what_they_refer_to(calls):
    class Held(Handle):
        ref = "clf@3"

    aiaas.evaluate(Held(), data=Held())
    aiaas.deploy(model=Held())
    assert [calls[0][2]["model"], calls[0][2]["data"], calls[1][2]["model"]] == ["clf@3"] * 3


def test_a_table_goes_as_it_is(calls):
    table = pd.DataFrame({"y": [1]})
    aiaas.train(table, target="y", algo="ridge")
    assert calls[0][2]["data"] is table


def test_words_go_before_params_of_the_same_name(calls):
    params = {"alpha": 1.0, "fit_intercept": False}
    aiaas.train("d", target="y", algo="ridge", params=params, alpha=2.0)
    assert calls[0][3] == {"alpha": 2.0, "fit_intercept": False}
    assert params == {"alpha": 1.0, "fit_intercept": False}


def test_what_is_none_is_as_not_given(calls):
    aiaas.tune("d", target="y", algo="ridge", metric=None, alpha=[1])
    assert "metric" not in calls[0][2]


@pytest.mark.parametrize("verb", ["data", "jobs", "models", "endpoints"])
def test_a_verb_of_several_actions_takes_the_words_of_its_default(calls, verb):
    default = specs.verb(verb).default
    assert inspect.signature(getattr(aiaas, verb)) == inspect.signature(
        getattr(getattr(aiaas, verb), default)
    )


@pytest.mark.parametrize("value", ["manhattan", ["manhattan", "euclidean"], ("manhattan",)])
def test_a_distance_to_tune_is_no_metric_of_scores(calls, value):
    aiaas.tune("d", target="y", algo="knn", metric=value, cv=3)
    _, _, values, parameters = calls[-1]
    assert parameters == {"metric": [value] if isinstance(value, str) else list(value)}
    assert "metric" not in values


def test_a_metric_of_scores_is_one_where_a_distance_has_its_name(calls):
    aiaas.tune("d", target="y", algo="knn", metric="f1", params={"metric": ["manhattan"]})
    _, _, values, parameters = calls[-1]
    assert (values["metric"], parameters) == ("f1", {"metric": ["manhattan"]})


def test_what_is_neither_is_refused(calls):
    with pytest.raises(errors.SpecError, match="unknown metric"):
        aiaas.tune("d", target="y", algo="knn", metric="manhatten")
