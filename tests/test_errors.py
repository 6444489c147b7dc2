"""The error tree: three short lines, and the same class on the other side of any border."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiaas_magics import errors


@pytest.mark.parametrize("name", sorted(errors.tree()))
def test_every_class_is_drawn_in_the_docstring(name):
    assert name in errors.__doc__


@pytest.mark.parametrize("cls", errors.tree().values())
def test_every_class_crosses_a_border(cls):
    there = errors.from_record(errors.to_record(cls("what", "hint", "try")))
    assert type(there) is cls
    assert (there.what, there.hint, there.try_) == ("what", "hint", "try")


def test_foreign_errors_become_ours_and_name_themselves():
    record = errors.to_record(ZeroDivisionError("division by zero"))
    assert record["error"] == "InternalError"
    assert "ZeroDivisionError" in record["what"]


def test_unknown_class_on_the_wire_is_still_an_error_of_ours():
    assert type(errors.from_record({"error": "FromTheFuture", "what": "x"})) is errors.AiaasError


@given(st.text(), st.text(), st.text())
def test_never_more_than_three_lines(what, hint, try_):
    lines = errors.DataError(what, hint, try_).lines()
    assert 1 <= len(lines) <= 3
    assert not any("\n" in line or "\r" in line for line in lines)


def test_ipython_shows_the_lines():
    assert errors.NotFound("no model 'clg'", "did you mean 'clf'?")._render_traceback_() == [
        "NotFound: no model 'clg'",
        "  hint: did you mean 'clf'?",
    ]


@pytest.mark.parametrize(
    ("word", "known", "says"),
    [
        ("ridg", ["ridge", "sgd"], "did you mean 'ridge'?"),
        ("Ridge", ["ridge", "sgd"], "did you mean 'ridge'?"),
        ("xyz", ["b", "a"], "known: a, b"),
        ("xyz", [], "there is none yet"),
    ],
)
def test_did_you_mean(word, known, says):
    assert errors.did_you_mean(word, known) == says


def test_did_you_mean_lists_at_most_twelve():
    says = errors.did_you_mean("zzz", [f"name{i}" for i in range(40)])
    assert says.endswith(", ...")
    assert says.count(",") == 12
