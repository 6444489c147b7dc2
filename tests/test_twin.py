"""The Python twin: the same words, the same answers, the same errors."""

import inspect

import pytest

import aiaas_magics as aiaas
from aiaas_magics import errors, session
from aiaas_magics.handles import Note


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
