"""A last word that takes all that follow: several models in one line."""

import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st

import aiaas_magics
from aiaas_magics import errors
from aiaas_magics.magics import grammar, manual
from aiaas_magics.magics.completion import Completer
from aiaas_magics.magics.names import resolve
from aiaas_magics.specs.models import MODELS

REFS = st.from_regex(r"[a-z][a-z0-9_]{0,8}(@([1-9]|production))?", fullmatch=True)


def parsed(line, evaluate=None):
    return grammar.parse(MODELS, line, evaluate=evaluate)


@given(st.lists(REFS, min_size=1, max_size=6))
def test_every_word_is_taken_and_said_again(refs):
    call = parsed("compare " + " ".join(refs))
    assert call.values == {"models": tuple(refs)}
    assert grammar.render(call) == "%aiaas_models compare " + " ".join(refs)


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("compare", "needs MODELS"),
        ("compare a b --all", "no option --all"),
        ("compare a b x=1", "one word too many"),
        ("show a b", "one word too many"),
    ],
)
def test_what_is_no_model_is_refused(line, what):
    with pytest.raises(errors.UsageError, match=what):
        parsed(line)


def test_variables_stand_for_what_they_hold():
    handle = type("H", (), {"__module__": "aiaas_magics.handles.made", "ref": "clf@3"})()
    call = parsed("compare m {m} ref:other", lambda expression: handle)
    found = resolve(call, {"m": handle}, lambda kind: [], lambda name, table: False)
    assert found.values["models"] == ("clf@3", "clf@3", "other")


class Stored:
    def names(self, kind):
        return ["clf", "rf"]


@pytest.mark.parametrize("before", ["", "clf ", "clf rf ", "clf rf clf "])
def test_models_are_completed_at_every_place(before):
    completer = Completer(dict, Stored)
    assert completer.complete(f"%aiaas_models compare {before}r") == ("r", ["rf"])


def test_files_are_completed_where_one_is_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.skops").write_text("")
    completer = Completer(dict, Stored)
    assert completer.complete("%aiaas_models import mo") == ("mo", ["model.skops"])
    assert "--trust-pickle" in completer.complete("%aiaas_models import model.skops --t")[1]


def test_help_schema_and_twin_say_that_several_are_taken():
    assert "%aiaas_models compare MODELS ..." in manual.help_text(MODELS)
    schema = manual.schema(MODELS, MODELS.action("compare"))
    assert schema["properties"]["models"]["type"] == "array"
    assert str(inspect.signature(aiaas_magics.models.compare)).startswith("(*models: str)")
    assert str(inspect.signature(aiaas_magics.models.import_)).startswith("(file: str, *, as_")


def test_a_word_by_position_and_by_name_is_given_twice():
    with pytest.raises(errors.UsageError, match="twice"):
        aiaas_magics.models.compare("a", models=("b",))
