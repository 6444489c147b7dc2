"""Whatever is typed, the answer is a call or an error of three lines, and nothing of it is carried out."""

import string

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from IPython.core.error import UsageError

from aiaas_magics import errors, specs
from aiaas_magics.asking import ask
from aiaas_magics.magics import grammar, manual
from aiaas_magics.magics.completion import Completer
from aiaas_magics.specs.algorithms import ALGORITHMS
from aiaas_magics.specs.calls import magic

LIMITS = {"deadline": None, "suppress_health_check": list(HealthCheck), "derandomize": True}
ACTIONS = [
    (verb, action) for name in specs.VERBS for verb in [specs.verb(name)] for action in verb.actions
]
PARAMETERS = sorted({p.name for a in ALGORITHMS for p in a.parameters})
OPTIONS = sorted({f"--{o.name}" for _, a in ACTIONS for o in a.options})
EXAMPLES = [line for _, action in ACTIONS for line in action.examples]
NASTY = [
    "../../x", "/dev/zero", "~root/x", "~x", "\0", "\x1b[31m", "\u202e", "\ud800", "😀", "é", "None", "nan", "-1", "1e999",
    "9" * 400, "[" * 300, "(" * 300, "{" * 40, "}" * 40, "{1}", "{x", "'", '"', "\\", "a=b=c", "=", "==", "--", "---", "--=", "?",
    "??", "@", "a@", "@1", "a@b@c", "x@99999999999999999999", ":", "var:", "ref:", "var:x", "openml:61", "openml:", "%", "%%", "#",
    "*", "${HOME}", "{{x}}", "__import__('os')", "lambda: 0", "<script>", "&lt;", "a,b,,c", ",", ",,", "flowers", "clf", "iris",
    "species", "random_forest", "ridge", "true", "False", "2GB", "10m", "0x10", "1_000", "1j", "b'x'", "{1,2}", "[1,", "[1,2]",
    "(1,)", "[None,10]", "{'a': 1}", "{'a': {'b': [1]}}", "...", "--as=x", "--seed=", "--help", "--algo", "--target",
]  # fmt: skip
words = st.one_of(
    st.sampled_from(NASTY),
    st.sampled_from(OPTIONS),
    st.sampled_from([a.name for _, a in ACTIONS] + [a.name for a in ALGORITHMS]),
    st.builds("{}={}".format, st.sampled_from(PARAMETERS), st.sampled_from(NASTY)),
    st.builds("{}={}".format, st.sampled_from(OPTIONS), st.sampled_from(NASTY)),
    st.text(max_size=12),
    st.text(string.printable, max_size=8),
)


@st.composite
def lines(draw):
    """Draw words, or a line that is right with words put in, taken out, doubled and cut."""
    if draw(st.booleans()):
        return " ".join(draw(st.lists(words, max_size=8)))
    parts = draw(st.sampled_from(EXAMPLES)).split()[1:]
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(parts)))
        change = draw(st.sampled_from(("put", "take", "double", "swap")))
        if change == "put" or not parts[place:]:
            parts.insert(place, draw(words))
        elif change == "take":
            del parts[place]
        elif change == "double":
            parts.insert(place, parts[place])
        else:
            parts[place] = draw(words)
    line = " ".join(parts)
    return line[: draw(st.integers(0, len(line)))] if draw(st.booleans()) else line


bodies = st.one_of(
    st.none(),
    st.sampled_from(NASTY),
    st.text(max_size=30),
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
        ),
        max_leaves=8,
    ).map(repr),
    st.builds("{{'{}': {}}}".format, st.sampled_from(PARAMETERS), st.sampled_from(NASTY)),
    st.builds("dict({}={})".format, st.sampled_from(PARAMETERS), st.sampled_from(NASTY)),
)
evaluated = []


def evaluate(expression):
    evaluated.append(expression)
    raise NameError(expression)


def answer(desk, verb, line, body):
    """Parse a line and ask for it: what any door does before a job is submitted."""
    evaluated.clear()
    try:
        call = grammar.parse(verb, line, body, evaluate)
        if call.table.makes:
            ask(desk.session, call.verb, call.table, call.values, call.parameters)
    except grammar.Asked:
        return
    except errors.AiaasError as error:
        assert not isinstance(error, errors.InternalError)
        shown = error.lines()
        assert len(shown) <= 3
        assert all(len(each) <= errors.WIDTH and "\n" not in each for each in shown)
    assert all("{" + expression + "}" in line for expression in evaluated)


def any_line(count):
    def check(desk):
        @settings(max_examples=count, **LIMITS)
        @given(verb=st.sampled_from(sorted(specs.VERBS)), line=lines(), body=bodies)
        @example("train", "x" * 100_000, None)
        @example("train", "[" * 100_000, None)
        @example("train", "a " * 20_000, None)
        @example("tune", "x --target y --algo ridge alpha=" + "[" * 200 + "]" * 200, None)
        @example("tune", "x --target y --algo ridge alpha=" + "-" * 50_000 + "1", None)
        @example("train", "x --target y --algo ridge", "(" * 100_000)
        @example("train", "x --target y --algo ridge", "{'alpha': " + "9" * 6_000 + "}")
        @example("train", "x --target y --algo ridge", "{'alpha': " + "-" * 50_000 + "1}")
        def one(verb, line, body):
            answer(desk, specs.verb(verb), line, body)

        one()
        assert not (desk.folder / "executed").exists()

    return check


def test_any_line_is_a_call_or_three_lines(desk):
    any_line(1_500)(desk)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_twenty_thousand_lines_are_calls_or_three_lines(desk):
    any_line(20_000)(desk)


@settings(max_examples=300, **LIMITS)
@given(name=st.sampled_from([magic(verb) for verb in map(specs.verb, specs.VERBS)]), line=lines())
def test_any_beginning_of_a_line_is_completed(desk, name, line):
    found = Completer(lambda: {"df": 1}, lambda: desk.session).complete(f"{name} {line}")
    assert found is None or all(isinstance(word, str) for word in found[1])


@settings(max_examples=150, **LIMITS)
@given(
    name=st.sampled_from(["aiaas", "aiaas_data", "aiaas_models", "aiaas_jobs", "aiaas_prepare", "aiaas_predict"]),
    line=lines(), mark=st.sampled_from(["%", "%%"]), after=st.sampled_from(["", "\n{}", "?"]),
)  # fmt: skip
def test_any_cell_comes_to_a_result_or_three_lines(desk, name, line, mark, after):
    plain = "".join(char for char in line if char.isprintable() and char not in "{}")
    plain = plain.replace("flowers", "gone").replace("clf", "gone")  # others look at these
    result = desk.shell.run_cell(f"{mark}{name} {plain}{after}", store_history=False)
    error = result.error_before_exec or result.error_in_exec
    assert error is None or isinstance(error, errors.AiaasError | UsageError), repr(error)
    assert not isinstance(error, errors.InternalError), error.lines()


def test_the_manual_of_every_verb_is_told():
    for name in specs.VERBS:
        assert manual.help_text(specs.verb(name))
