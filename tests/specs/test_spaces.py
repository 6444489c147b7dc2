"""What is tried of a parameter: lists, short forms of lists, distributions; read and never evaluated."""

import ast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from aiaas_magics import errors, specs
from aiaas_magics.magics import grammar
from aiaas_magics.magics.completion import Completer
from aiaas_magics.specs import calls, spaces, strategies
from aiaas_magics.specs.base import decode, encode
from aiaas_magics.specs.estimators import Estimator
from aiaas_magics.specs.spaces import Distribution
from aiaas_magics.specs.tune import TuneSpec

OWN = {"estimator": Estimator(body="sha256:0", name="x", task="classification")}


def read(text):
    return spaces.read(ast.parse(text, mode="eval").body)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("[1, None, 'a']", [1, None, "a"]), ("range(3)", [0, 1, 2]), ("range(1, 20, 6)", [1, 7, 13, 19]),
        ("list(range(2))", [0, 1]), ("np.arange(1, 2, 0.5)", [1, 1.5]), ("numpy.linspace(0, 1, 3)", [0, 0.5, 1]),
        ("linspace(0, 1, num=2)", [0, 1]), ("np.array([1, 2])", [1, 2]), ("np.geomspace(1, 100, 3)", [1, 10, 100]),
    ],
)  # fmt: skip
def test_short_forms_of_lists_are_written_out(text, values):
    assert read(text) == pytest.approx(values) if "geom" in text else read(text) == values


@pytest.mark.parametrize("args", ["-3, 3, 7", "0, 2, 5", "-1, 1, 3, base=2", "1, 3, 1"])
@pytest.mark.parametrize("name", ["logspace", "linspace"])
def test_numbers_are_numpy_s(name, args):
    if name == "linspace":
        args = args.partition(", base")[0]
    assert read(f"np.{name}({args})") == pytest.approx(eval(f"np.{name}({args})"))


FROZEN = [
    ("loguniform(1e-3, 10)", stats.loguniform(1e-3, 10)),
    ("uniform(0, 1)", stats.uniform(0, 1)),
    ("uniform(2, 3)", stats.uniform(2, 3)),
    ("uniform()", stats.uniform()),
    ("stats.randint(1, 20)", stats.randint(1, 20)),
    ("scipy.stats.uniform(loc=1, scale=4)", stats.uniform(loc=1, scale=4)),
]


@pytest.mark.parametrize(("text", "frozen"), FROZEN)
def test_distributions_are_scipy_s_bounds_and_all(text, frozen):
    found = read(text)
    assert found == spaces.of_object(frozen)
    low, high = frozen.support()
    assert [found.at(0.0), found.at(1.0)] == pytest.approx([low, high])
    for share in (0.1, 0.25, 0.5, 0.9):
        assert found.at(share) == pytest.approx(frozen.ppf(share))


def test_whole_numbers_end_before_the_upper_bound_and_are_even_by_decades():
    assert set(Distribution("randint", 1, 4).spread(30)) == {1, 2, 3}
    found = Distribution("lograndint", 1, 1000)
    assert [found.at(0.0), found.at(0.5), found.at(1.0)] == [1, 31, 999]
    assert all(isinstance(value, int) for value in found.spread(9))


def test_whole_numbers_below_zero_are_as_likely_as_those_above():
    found = Distribution("randint", -2, 2)
    assert [found.at(share) for share in (0.1, 0.3, 0.6, 0.9)] == [-2, -1, 0, 1]


def test_no_rounding_goes_beyond_the_last_value():
    assert read("linspace(0.1, 0.9, 7)")[-1] == 0.9


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (np.logspace(0, 2, 3), [1.0, 10.0, 100.0]), (range(1, 4), [1, 2, 3]), ((1, 2), [1, 2]),
        ([np.int64(3), None], [3, None]), ("rbf", "rbf"), ({"a": 1}, {"a": 1}),
    ],
)  # fmt: skip
def test_objects_of_the_notebook_s_are_lists(value, found):
    assert spaces.of_object(value) == found


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("loguniform(10, 1e-3)", "the lower bound comes first"),
        ("loguniform(0, 1)", "needs bounds above 0"),
        ("uniform(1, 0)", "is empty"),
        ("randint(1.5, 3)", "draws whole numbers"),
        ("randint(3, 3)", "is empty"),
        ("uniform(0, 1e999)", "has no end"),
    ],
)
def test_distributions_that_make_no_sense_say_why(text, what):
    with pytest.raises(errors.SpecError) as caught:
        read(text)
    assert what in " ".join(caught.value.lines())


@pytest.mark.parametrize(
    "text",
    ["logunifrom(1, 2)", "__import__('os')", "f()", "a", "randint('a', 2)", "range(10**9)", "range(0, 9, 0)",
     "loguniform(1)", "np.linspace(0, 1, 2.5)", "(lambda: 1)()", "[].append(1)", "logspace(0, 999999, 3)"],
)  # fmt: skip
def test_whatever_else_is_written_is_refused_and_not_carried_out(text):
    with pytest.raises((*spaces.REFUSED, errors.SpecError)):
        read(text)


def test_a_name_that_is_nearly_right_is_named():
    with pytest.raises(ValueError, match="did you mean loguniform"):
        read("logunifrom(1, 2)")


@st.composite
def distributions(draw):
    name = draw(st.sampled_from(spaces.NAMES))
    whole = name.endswith("randint")
    numbers = st.integers(1, 10**6) if whole else st.floats(1e-6, 1e6)
    low, high = sorted(draw(st.lists(numbers, min_size=2, max_size=2, unique=True)))
    return Distribution(name, low, high)


@given(distributions(), st.floats(0, 1))
def test_every_value_drawn_lies_in_the_bounds(found, share):
    value = found.at(share)
    assert found.low <= value <= found.high - found.whole
    assert isinstance(value, int) == found.whole


@given(distributions(), st.integers(1, 20))
def test_what_is_spread_rises_without_repeats(found, count):
    values = found.spread(count)
    assert values == sorted(set(values))
    assert 1 <= len(values) <= count


@given(distributions())
def test_a_distribution_survives_json_and_a_line(found):
    spec = TuneSpec(data="d", target="y", algo="x", as_="m", params={"a": found, "b": [1]}, **OWN)
    assert decode(encode(spec), TuneSpec).params == spec.params
    again = read(spaces.compact(found))
    assert (again.dist, again.low, again.high) == pytest.approx((found.dist, found.low, found.high))


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text):
    try:
        node = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError):
        return
    try:
        spaces.read(node)
    except (*spaces.REFUSED, errors.SpecError):
        pass


LINE = "d --target y --algo logistic_regression"


@pytest.mark.parametrize(
    ("words", "body"),
    [
        ("C=loguniform(1e-3,10) tol=[0.1]", None), ("C=stats.loguniform(1e-3, 10) tol=0.1", None),
        ("", "{'C': loguniform(1e-3, 10), 'tol': [0.1]}"), ("tol=[0.1]", "dict(C=stats.loguniform(1e-3, 10))"),
        ("", "param_grid = {\n  'C': scipy.stats.loguniform(0.001, 10),  # strength\n  'tol': np.array([0.1])}"),
    ],
)  # fmt: skip
def test_a_space_is_written_in_a_line_or_pasted_as_a_cell(words, body):
    call = grammar.parse(specs.verb("tune"), f"{LINE} {words}", body)
    assert call.parameters == {"C": Distribution("loguniform", 0.001, 10), "tol": [0.1]}
    again = calls.render(call).removeprefix("%aiaas_tune ")
    assert grammar.parse(specs.verb("tune"), again).parameters == call.parameters


def asked(words):
    """Return the spec a line stands for."""
    call = grammar.parse(specs.verb("tune"), f"{LINE} {words}")
    given = {n: v for n, v in call.values.items() if n in TuneSpec.__struct_fields__}
    return TuneSpec(**given, as_="m", params=call.parameters)


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ("C=logunifrom(1,2)", "did you mean loguniform"), ("C=loguniform(10,1)", "the lower bound comes first"),
        ("C=loguniform(0,1)", "needs bounds above 0"), ("C=uniform(-1,1)", "is not a value"),
        ("CC=uniform(0,1)", "did you mean 'C'"), ("C=[]", "holds no value to try"),
        ("C=[1,1e999]", "is not a value"), ("C=[1,float('inf')]", "not float('inf')"),
        ("max_iter=uniform(1,10)", "max_iter=randint(1,12)"), ("max_iter=loguniform(5,10)", "max_iter=lograndint(5,11)"),
        ("C=loguniform(1,2) --strategy grid", "has no end of values"), ("C=[1] --time 9s --strategy grid", "does not go with"),
        ("C=[1] --time 9s --strategy halving", "does not go with"), ("C=[1] --trials 0", "compares nothing"),
        ("C=[1] --strategy optima", "did you mean 'optuna'"), ("C=range(1,9999) tol=linspace(0.1,1,99)", "989,802 cells"),
    ],
)  # fmt: skip
def test_a_space_that_cannot_be_searched_is_refused_in_three_lines(words, what):
    with pytest.raises(errors.AiaasError) as caught:
        asked(words)
    shown = caught.value.lines()
    assert what in " ".join(shown)
    assert len(shown) <= 3


def test_ten_million_cells_are_refused_with_a_thinner_grid():
    params = {f"p{n}": list(range(10)) for n in range(7)}
    with pytest.raises(errors.SpecError, match="10,000,000 cells") as caught:
        TuneSpec(data="d", target="y", algo="x", as_="m", params=params, **OWN)
    assert "2 values of a parameter at most would make 128 cells" in caught.value.hint
    assert caught.value.try_ == "--trials 50"
    assert TuneSpec(data="d", target="y", algo="x", as_="m", params=params, trials=50, **OWN)


def test_time_is_refused_where_outputs_must_be_the_same():
    spec = TuneSpec(data="d", target="y", algo="x", as_="m", params={"a": [1]}, time=9, **OWN)
    with pytest.raises(errors.SpecError, match="docs_mode"):
        strategies.check_reproducible(spec)


def test_what_is_worth_trying_completes_a_parameter():
    found = Completer(dict, lambda: None).complete(f"%aiaas_tune {LINE} C=log")
    assert found[1][0].startswith("loguniform(")
    assert grammar.parse(specs.verb("tune"), f"{LINE} C={found[1][0]}").parameters["C"].log


@pytest.mark.parametrize("values", [[float("inf"), 1.0], [float("nan")], [[1.0, float("inf")]]])
def test_a_number_that_json_does_not_hold_never_becomes_a_job(values):
    common = {"data": "d", "target": "y", "as_": "m"}
    with pytest.raises(errors.SpecError, match="without end"):
        TuneSpec(algo="x", params={"a": values}, **common, **OWN)
    with pytest.raises(errors.SpecError, match="is not a value"):
        TuneSpec(algo="ridge", params={"alpha": values}, **common)
