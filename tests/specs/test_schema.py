"""The schema a model learned: what is taken, noted, repaired or refused."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiaas_magics import errors
from aiaas_magics.specs import schema
from aiaas_magics.specs.deploy import DeploySpec
from aiaas_magics.specs.evaluate import EvaluateSpec
from aiaas_magics.specs.schema import FITS, MODES, Expectation, Misfit, Note, Rule, Schema, joined

AGE = Expectation(low=18, high=90)
CITY = Expectation(values=("Basel", "Bern"))
WHEN = Expectation(low="2025-01-01T00:00:00", high="2025-12-31T00:00:00")
NOTHING = Expectation()


def rule(kind, expectation=NOTHING, *, required=True):
    return Rule("x", kind, expectation, required=required)


def ask(of, value, mode="warn"):
    """Return what is taken for a value, and the problem noted."""
    (taken,), notes = of.check([value], mode)
    return taken, "".join(note.problem for note in notes)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("of", "value"),
    [
        (rule("double", AGE), 18), (rule("double", AGE), 90.0), (rule("long", AGE), 30), (rule("long", AGE), 30.0),
        (rule("double", AGE), 126), (rule("double", AGE), 0), (rule("string", CITY), "Bern"), (rule("string"), "any"),
        (rule("boolean"), False), (rule("datetime", WHEN), "2026-05-01"), (rule("datetime"), "1999-01-01"),
        (rule("double", AGE, required=False), None), (rule("long", Expectation(values=(1, 2))), 2),
    ],
)  # fmt: skip
def test_what_was_seen_is_taken_without_a_word(mode, of, value):
    assert ask(of, value, mode) == (value, "")


ODD = [
    (rule("double", AGE), 126.5, "out of range"),
    (rule("double", AGE), -1, "out of range"),
    (rule("long", AGE), 1000, "out of range"),
    (rule("double", Expectation(low=-9.0, high=-1.0)), 1, "out of range"),
    (rule("double", Expectation(low=5, high=5)), 6, "out of range"),
    (rule("string", CITY), "Zug", "unknown category"),
    (rule("long", Expectation(values=(1, 2))), 3, "unknown category"),
    (rule("datetime", WHEN), "2027-01-01", "out of range"),
    (rule("datetime", WHEN), "2020-01-01T00:00:00+02:00", "out of range"),
]


@pytest.mark.parametrize(("of", "value", "problem"), ODD)
@pytest.mark.parametrize("mode", ["warn", "fix"])
def test_odd_content_is_answered_as_it_is_with_a_note(mode, of, value, problem):
    assert ask(of, value, mode) == (value, problem)


@pytest.mark.parametrize(("of", "value", "problem"), ODD)
def test_odd_content_can_be_refused(of, value, problem):
    with pytest.raises(Misfit, match=f"row 0: x is (an )?{problem}") as caught:
        of.check([value], "refuse")
    assert "the model learned from" in caught.value.hint


REPAIRED = [
    ("double", NOTHING, "12", 12.0), ("double", NOTHING, " 1e3 ", 1000.0), ("double", NOTHING, True, 1),
    ("long", NOTHING, "12", 12), ("long", NOTHING, "12.0", 12), ("boolean", NOTHING, 1, True),
    ("boolean", NOTHING, 0.0, False), ("boolean", NOTHING, "True", True),
    ("string", Expectation(values=("1", "2")), 1, "1"), ("string", Expectation(values=("1", "2")), 2.0, "2"),
    ("string", NOTHING, 5, "5"), ("datetime", NOTHING, " 2025/03/01 ", "2025-03-01"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "expectation", "value", "meant"), REPAIRED)
def test_another_type_is_refused_or_repaired_with_a_note(kind, expectation, value, meant):
    of = rule(kind, expectation)
    taken, problem = ask(of, value, "fix")
    assert (taken, type(taken)) == (meant, type(meant))
    assert problem.startswith("read as ")
    for mode in ("warn", "refuse"):
        with pytest.raises(Misfit, match="row 0: x is not"):
            of.check([value], mode)


@pytest.mark.parametrize("text", ["bern", " Bern", "BERN  "])
def test_another_spelling_is_the_category_it_means(text):
    assert ask(rule("string", CITY), text, "fix") == ("Bern", 'read as "Bern"')
    assert ask(rule("string", CITY), text) == (text, "unknown category")


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("double", "twelve"), ("double", "1_000"), ("double", "nan"), ("double", "inf"), ("double", [1]), ("long", "1.5"),
        ("boolean", 2), ("boolean", "yes"), ("string", True), ("string", 1.5e-3), ("string", {}), ("datetime", 20250101),
        ("datetime", "01/02/2025"),
    ],
)  # fmt: skip
def test_what_means_nothing_for_sure_is_refused_even_to_be_fixed(kind, value):
    with pytest.raises(Misfit):
        rule(kind, CITY if kind == "string" else NOTHING).check([value], "fix")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("kind", "value", "what", "hint"),
    [
        ("double", 1e308, "too large", "numbers up to 3.40282e\\+38"),
        ("double", 10**400, "too large", "numbers up to 3.40282e\\+38"),
        ("long", -(2**70), "too large", "numbers up to"),
        ("datetime", "9999-12-31", "too far away", "years 1678 to 2261"),
        ("datetime", "0001-01-01", "too far away", "years 1678 to 2261"),
    ],
)
def test_what_is_beyond_what_can_be_held_is_refused_as_that(mode, kind, value, what, hint):
    with pytest.raises(Misfit, match=f"row 0: x is {what}") as caught:
        rule(kind).check([value], mode)
    assert re.search(hint, caught.value.hint)


@pytest.mark.parametrize("mode", MODES)
def test_a_gap_where_none_was_is_refused(mode):
    with pytest.raises(Misfit, match="row 1: x is missing"):
        rule("double").check([1.0, None], mode)


def test_notes_count_rows_and_name_the_first():
    _, notes = rule("double", AGE).check([20, 500, 30, 600], "warn")
    (note,) = notes
    assert (note.rows, note.first, note.got) == (2, 1, 500)
    assert note.sentence() == (
        "column 'x': out of range (2 rows, the first is 1): got 500, the model learned from 18 to 90"
    )


def test_notes_of_several_requests_are_those_of_one():
    one = Note(column="x", problem="out of range", rows=2, first=1, got=500, expected="")
    (note,) = joined([(0, []), (10, [one]), (20, [one])])
    assert (note.rows, note.first) == (4, 11)


def test_a_schema_checks_its_columns_in_order():
    whole = Schema((("a", "double"), ("b", "string")), ("a",), {"a": AGE, "b": CITY})
    columns, notes = whole.check({"b": ["Zug", None], "a": [20, 999]}, "warn")
    assert columns == {"a": [20, 999], "b": ["Zug", None]}
    assert [note.column for note in notes] == ["a", "b"]
    assert whole.spare(["a", "c"]) == (["c"], ["b"])


@pytest.mark.parametrize(
    "spec", [DeploySpec, EvaluateSpec], ids=["deploy", "evaluate"]
)  # fmt: skip
def test_a_mode_nobody_knows_is_refused(spec):
    names = {"as_": "api"} if spec is DeploySpec else {}
    with pytest.raises(errors.SpecError, match="unknown schema 'fxi'") as caught:
        spec(model="m", schema="fxi", **names)
    assert "'fix'" in caught.value.hint


CELLS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=6), st.lists(st.none(), max_size=1),
    st.sampled_from(["12", "1.0", "true", "2025-01-01", "bern"]),
)  # fmt: skip


@given(st.sampled_from(list(FITS)), CELLS, st.sampled_from(MODES), st.booleans())
def test_what_is_taken_always_fits(kind, value, mode, expects):
    """Nothing but a value of the type, or a gap, comes past the check; repaired, it passes again."""
    known = {"double": AGE, "long": AGE, "string": CITY, "datetime": WHEN}.get(kind, NOTHING)
    of = rule(kind, known if expects else NOTHING, required=False)
    try:
        taken, problem = ask(of, value, mode)
    except Misfit:
        return
    assert taken is None or FITS[kind](taken)
    assert mode != "refuse" or not problem
    assert ask(of, taken, "warn")[0] == taken


def test_short_values_are_shown_whole():
    assert schema.short("a" * 50) == '"' + "a" * 36 + "..."
    assert schema.short({"a": 1}) == "an object"


VALUES = {
    "double": st.one_of(st.floats(), st.integers(), st.none(), st.booleans()),
    "long": st.one_of(st.integers(), st.floats(), st.none(), st.booleans()),
    "boolean": st.one_of(st.booleans(), st.integers(), st.none()),
    "string": st.one_of(st.sampled_from(["red", "green"]), st.text(), st.none(), st.integers()),
}
BOUNDS = {"double": Expectation(low=-5.0, high=5.0), "string": Expectation(values=("red", "green"))}


@given(st.sampled_from(list(VALUES)), st.booleans(), st.booleans(), st.data())
def test_a_column_is_taken_as_its_values_are_one_by_one(kind, bounded, required, data):
    expectation = BOUNDS.get(kind, Expectation()) if bounded else Expectation()
    rule = Rule("x", kind, expectation, required=required)
    values = data.draw(st.lists(VALUES[kind], min_size=1))

    def sound(part):
        try:
            return rule.check(part, "warn")[1] == []
        except Misfit:
            return False

    assert sound(values) == all(sound([value]) for value in values)


def test_what_is_no_number_hides_between_others_in_vain():
    rule = Rule("x", "double", Expectation(low=0.0, high=5.0), required=True)
    with pytest.raises(Misfit, match="row 1: x is not a number"):
        rule.check([1.0, float("nan"), 2.0], "warn")
