"""Code and estimators as words of a line: cells, variables, alternatives, completion."""

import pytest
from sklearn.linear_model import Ridge

from aiaas_magics import errors, specs
from aiaas_magics.magics import grammar, names
from aiaas_magics.magics.completion import Completer

PREPARE, TRAIN = specs.verb("prepare"), specs.verb("train")
LINE = " df --target y "


def resolved(call, **variables):
    return names.resolve(
        call, variables, known=lambda kind: [], same=lambda word, table: False
    ).values


def test_the_body_of_a_cell_is_its_code():
    call = grammar.parse(PREPARE, "df --as ready", "df['a'] = {1: 2}\n")
    assert call.values["code"] == "df['a'] = {1: 2}\n"
    assert call.parameters == {}


def test_code_is_given_once():
    with pytest.raises(errors.UsageError, match="the code is given twice"):
        grammar.parse(PREPARE, "df --as ready --code df.pop('a')", "df.pop('a')")


def test_an_empty_body_is_no_code():
    with pytest.raises(errors.SpecError, match="nothing to prepare"):
        specs.spec_type("prepare")(
            data="a", as_="b", code=grammar.parse(PREPARE, "df --as b", " \n").values.get("code")
        )


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (LINE, "%aiaas_train needs --algo"),
        (LINE + "--algo ridge --estimator pipe", "--algo and --estimator are alternatives"),
    ],
)
def test_one_of_algorithm_and_estimator_is_given(line, what):
    with pytest.raises(errors.UsageError, match=what):
        grammar.parse(TRAIN, line)


@pytest.mark.parametrize("word", ["pipe", "var:pipe"])
def test_an_estimator_is_a_variable(word):
    pipe = Ridge()
    call = grammar.parse(TRAIN, LINE + f"--estimator {word} pipe__alpha=2")
    assert resolved(call, pipe=pipe)["estimator"] is pipe
    assert call.parameters == {"pipe__alpha": 2}


def test_an_estimator_may_be_an_expression():
    pipe = Ridge()
    call = grammar.parse(TRAIN, LINE + "--estimator {made()}", evaluate=lambda text: pipe)
    assert resolved(call)["estimator"] is pipe


def test_a_variable_that_is_not_there_is_told_with_those_that_are():
    call = grammar.parse(TRAIN, LINE + "--estimator pip")
    with pytest.raises(errors.UsageError) as caught:
        resolved(call, pipe=Ridge(), number=3, kind=Ridge)
    assert caught.value.lines()[:2] == [
        "UsageError: there is no variable 'pip'",
        "  hint: did you mean 'pipe'?",
    ]


def test_an_expression_without_braces_is_told_to_get_them():
    call = grammar.parse(TRAIN, LINE + "--estimator 'Ridge(alpha=2)'")
    with pytest.raises(errors.UsageError) as caught:
        resolved(call, pipe=Ridge())
    assert caught.value.lines()[-1] == "  try:  --estimator {Ridge(alpha=2)}"


def test_estimators_of_the_notebook_are_proposed():
    variables = {"pipe": Ridge(), "number": 3, "kind": Ridge, "_hidden": Ridge()}
    completer = Completer(lambda: variables, lambda: None)
    assert completer.complete("%aiaas_train df --target y --estimator p") == ("p", ["pipe"])
