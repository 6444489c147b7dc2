"""Lines become calls, or three-line errors; never anything else."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiaas_magics import errors, specs
from aiaas_magics.magics import grammar, manual
from aiaas_magics.specs.calls import Call

TRAIN, TUNE, DATA = specs.verb("train"), specs.verb("tune"), specs.verb("data")


def train(line, body=None, **more):
    return grammar.parse(TRAIN, f"clean --target y --algo random_forest {line}", body, **more)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("a b", ["a", "b"]),
        ("  a\tb  ", ["a", "b"]),
        ("x=[None, 10] y", ["x=[None, 10]", "y"]),
        ("--drop 'a b',c", ["--drop", "'a b',c"]),
        ("'a b' \"c d\"", ["'a b'", '"c d"']),
        ("{df.head(3)} x", ["{df.head(3)}", "x"]),
        ("it's fine", ["it's", "fine"]),
        ("x={'a b': [1, 2]}", ["x={'a b': [1, 2]}"]),
        ("", []),
    ],
)
def test_words(line, words):
    assert [word.raw for word in grammar.split(line)] == words


@pytest.mark.parametrize("line", ["x=[1", "'abc", '"', "{df", "([)"])
def test_what_is_opened_must_be_closed(line):
    with pytest.raises(errors.UsageError, match="missing"):
        grammar.split(line)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("max_depth=10", {"max_depth": 10}),
        ("max_depth=None n_estimators=5", {"max_depth": None, "n_estimators": 5}),
        ("criterion=entropy", {"criterion": "entropy"}),
        ("criterion='entropy'", {"criterion": "entropy"}),
        ("bootstrap=False", {"bootstrap": False}),
        ("max_features=0.5", {"max_features": 0.5}),
    ],
)
def test_parameters(line, expected):
    assert train(line).parameters == expected


@pytest.mark.parametrize(
    "body",
    [
        "{'max_depth': 3}",
        "params = {'max_depth': 3}",
        "dict(max_depth=3)",
        "# deep\n{'max_depth': 3}\n",
        "\n{'max_depth':\n 3}",
    ],
)
def test_a_cell_s_body_holds_parameters(body):
    assert train("", body).parameters == {"max_depth": 3}


def test_a_param_grid_pastes_in_as_it_is():
    body = "{'n_estimators': [100, 200],\n 'max_depth': [None, 10], 'criterion': 'gini'}"
    call = grammar.parse(TUNE, "d --target y --algo random_forest", body)
    assert call.parameters == {
        "n_estimators": [100, 200],
        "max_depth": [None, 10],
        "criterion": ["gini"],
    }


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("--test 0.3", "test", 0.3),
        ("--test=0", "test", 0.0),
        ("--seed -1", "seed", -1),
        ("--features a,b", "features", ("a", "b")),
        ("--detach", "detach", True),
        ("--memory 2GB", "memory", 2 * 10**9),
        ("--timeout 5m", "timeout", 300.0),
        ("--as clf", "as_", "clf"),
        ("--target-column x", None, None),
    ],
)
def test_options(line, name, value):
    if name is None:
        with pytest.raises(errors.UsageError):
            train(line)
    else:
        assert train(line).values[name] == value


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("fp=1,fn=5", {"fp": 1.0, "fn": 5.0}),
        ("'fp=1, fn=2.5'", {"fp": 1.0, "fn": 2.5}),
        ("{costs}", {"a": {"1": 5.0}}),
    ],
)
def test_costs_are_pairs_or_a_dict_of_the_notebook_s(word, value):
    line = f"clf --cost {word}"
    call = grammar.parse(specs.verb("evaluate"), line, None, lambda code: {"a": {1: 5}})
    assert call.values["cost"] == value


@pytest.mark.parametrize("word", ["fp", "fp=x", "fp=1=2", "5", "{costs}"])
def test_costs_that_are_none_say_how_to_write_them(word):
    with pytest.raises(errors.UsageError, match="what mistakes cost") as caught:
        grammar.parse(specs.verb("evaluate"), f"clf --cost {word}", None, lambda code: [1])
    assert "fp=1,fn=5" in caught.value.lines()[-1]


@pytest.mark.parametrize(
    ("verb", "line", "what", "hint"),
    [
        ("train", "d --targt y --algo ridge", "no option --targt", "did you mean '--target'"),
        ("train", "d --target y --algo ridg", "unknown algorithm", "did you mean 'ridge'"),
        (
            "train",
            "d --target y --algo ridge alhpa=1",
            "no parameter 'alhpa'",
            "did you mean 'alpha'",
        ),
        ("train", "d --target y --algo ridge alpha=x", "not a value", "alpha:"),
        ("train", "d --target y --algo ridge alpha=1 alpha=2", "twice", ""),
        ("train", "d --target y --target z --algo ridge", "twice", ""),
        (
            "train",
            "d e --target y --algo ridge",
            "one word too many",
            "it takes 1 word; options begin with --",
        ),
        ("train", "--target y --algo ridge", "needs DATA", ""),
        ("train", "d --algo ridge", "needs --target", "column"),
        ("train", "d --target", "needs a value", "column"),
        ("train", "d --target --algo ridge", "needs a value", ""),
        ("train", "d --target y --algo ridge --test x", "is not a number", "held out"),
        ("train", "d --target y --algo ridge --seed 1.5", "is not a whole number", ""),
        ("train", "d --target y --algo ridge --timeout soon", "is not a duration", ""),
        ("train", "d --target y --algo ridge --task cluster", "unknown", "known: classification"),
        ("train", "d --target y --algo ridge --as ../x", "cannot be a name", "letter"),
        ("train", "d --target y --algo ridge alpha=[1", "missing", ""),
        ("tune", "d --target y --algo ridge alpha = [1]", "alpha = stands apart", "no blanks"),
        ("tune", "d --target y --algo ridge alpha =[1]", "stands apart", "no blanks"),
        ("tune", "d --target y --algo knn metric=", "metric= has no value", "--algo NAME ?"),
        ("train", "d --target y --algo ridge alpha=__import__('os')", "no Python literal", ""),
        ("train", "d --target y --algo ridge {1+1}", "cannot be evaluated|too many", ""),
        (
            "tune",
            "d --target y --algo ridge --metric acuracy alpha=[1]",
            "unknown metric",
            "'accuracy'",
        ),
        ("data", "lod x.csv", "one word too many|no action", ""),
        ("jobs", "cancle", "no action 'cancle'", "did you mean 'cancel'"),
        ("evaluate", "clf x=1", "one word too many|not a word", ""),
    ],
)
def test_a_mistake_says_what_was_meant(verb, line, what, hint):
    with pytest.raises((errors.UsageError, errors.SpecError)) as caught:
        grammar.parse(specs.verb(verb), line)
    assert any(part in caught.value.what for part in what.split("|")), caught.value.lines()
    assert hint in caught.value.hint
    assert len(caught.value.lines()) <= 3


@pytest.mark.parametrize(
    "body",
    ["max_depth", "[1]", "{1: 2}", "import os", "{'max_depth': f()}", "{'a': 1}\n{'b': 2}", "{"],
)
def test_a_body_that_is_no_dict_is_refused(body):
    with pytest.raises((errors.UsageError, errors.SpecError)) as caught:
        train("", body)
    assert len(caught.value.lines()) <= 3


def test_only_braces_are_evaluated():
    seen = []
    call = grammar.parse(
        TRAIN,
        "{df} --target {t} --algo ridge",
        None,
        lambda code: seen.append(code) or code.upper(),
    )
    assert seen == ["df", "t"]
    assert (call.values["data"], call.values["target"]) == ("DF", "T")


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ("--help", None),
        ("?", None),
        ("d --algo ?", "algo"),
        ("d --algo ridge ?", "algo"),
        ("--algo=ridge ?", "algo"),
        ("d --target y --algo ridge --help", None),
    ],
)
def test_help_is_asked_for(line, asked):
    with pytest.raises(grammar.Asked) as caught:
        grammar.parse(TRAIN, line)
    assert (caught.value.option.name if caught.value.option else None) == asked


@pytest.mark.parametrize(
    ("verb", "line", "option"),
    [
        ("deploy", "clf --schema ?", "schema"),
        ("deploy", "clf --workers ?", "workers"),
        ("monitor", "api --window ?", "window"),
        ("endpoints", "show ?", None),
    ],
)
def test_help_on_any_word_is_asked_for(verb, line, option):
    with pytest.raises(grammar.Asked) as caught:
        grammar.parse(specs.verb(verb), line)
    assert (caught.value.option.name if caught.value.option else None) == option


def test_the_help_of_a_word_says_what_it_takes():
    schema = next(o for o in specs.verb("deploy").actions[0].options if o.name == "schema")
    assert manual.option_text(schema).startswith("--schema warn|fix|refuse\nrows unlike")


NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(1, 99),
    st.floats(0.01, 0.9),
    st.sampled_from(["sqrt", "log2"]),
)


@given(
    NAMES,
    NAMES,
    st.floats(0, 0.9),
    st.lists(
        st.text("abc xyz-'é", min_size=1, max_size=6).filter(str.strip), max_size=3, unique=True
    ),
)
def test_what_is_rendered_is_read_again(data, target, share, features):
    features = tuple(name.strip() for name in features if not {"'", '"'} & set(name))
    values = {
        "data": data,
        "target": target,
        "algo": "random_forest",
        "test": share,
        "features": features,
        "seed": 0,
        "detach": False,
    }
    call = Call("train", "", values, {"max_depth": 3, "criterion": "gini"})
    assert grammar.parse(TRAIN, grammar.render(call).removeprefix("%aiaas_train")) == call


@settings(max_examples=400)
@given(
    st.sampled_from(sorted(specs.VERBS)),
    st.text(max_size=60),
    st.one_of(st.none(), st.text(max_size=40)),
)
def test_any_line_is_a_call_or_three_lines(name, line, body):
    try:
        assert isinstance(grammar.parse(specs.verb(name), line, body), Call)
    except errors.AiaasError as error:
        assert 1 <= len(error.lines()) <= 3
    except grammar.Asked as asked:
        assert asked.verb.name == name


WORDS = st.sampled_from(
    [
        "--target",
        "--algo",
        "--as",
        "y",
        "ridge",
        "clf",
        "=",
        "[",
        "]",
        "{",
        "}",
        "'",
        '"',
        "alpha=1",
        "alpha=[1,2]",
        "--test",
        "0.5",
        "load",
        "?",
        "--help",
        ",",
        "--",
        "é",
        "\\",
        "\n",
    ]
)


@settings(max_examples=400)
@given(st.sampled_from(sorted(specs.VERBS)), st.lists(WORDS, max_size=10))
def test_any_words_are_a_call_or_three_lines(name, words):
    test_any_line_is_a_call_or_three_lines.hypothesis.inner_test(name, " ".join(words), None)


def test_every_example_of_the_tables_parses():
    for name in specs.VERBS:
        for action in specs.verb(name).actions:
            assert action.examples
            for example in action.examples:
                first, newline, body = example.partition("\n")
                word, _, line = first.partition(" ")
                call = grammar.parse(specs.verb(name), line, body or None)
                magic = f"%aiaas_{name}".rstrip("_")
                assert (word, call.action) == (f"%{magic}" if newline else magic, action.name)
