"""Code of the user's own: what it sees, what it may leave, how it is blamed."""

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.base import clone

from aiaas_magics import errors
from aiaas_magics.engines.models.trusted import SEALED
from aiaas_magics.engines.usercode import UserCode, carry_out, same


@pytest.fixture
def table():
    return pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0], "b": list("xyxy")}, index=[10, 11, 12, 13])


@pytest.mark.parametrize(
    ("code", "columns", "rows"),
    [
        ("df['c'] = df['a'] * 2", ["a", "b", "c"], [10, 11, 12, 13]),
        ("df = df.assign(c=np.sqrt(df['a'])).drop(columns='a')", ["b", "c"], [10, 11, 12, 13]),
        ("df = df[df['a'] > 2]", ["a", "b"], [12, 13]),
        ("df = df.drop(index=0)", ["a", "b"], [11, 12, 13]),
        ("import math\ndef f(x):\n    return math.floor(x)\ndf['a'] = df['a'].map(f)", ["a", "b"], [10, 11, 12, 13]),
        ("df = df.sort_values('a', ascending=False)", ["a", "b"], [10, 11, 12, 13]),
        ("df = df.reset_index(drop=True)", ["a", "b"], [10, 11, 12, 13]),
        ("df.loc[0, 'a'] = 9", ["a", "b"], [10, 11, 12, 13]),
        ("df.columns = [1, 2]", ["1", "2"], [10, 11, 12, 13]),
    ],
)  # fmt: skip
def test_code_changes_columns_and_drops_rows(table, code, columns, rows):
    made = carry_out(code, table)
    assert (list(made.columns), list(made.index)) == (columns, rows)


def test_the_given_table_stays_as_it_was(table):
    before = table.copy()
    carry_out("df['a'] = 0\ndf.pop('b')", table)
    pd.testing.assert_frame_equal(table, before)


def test_a_read_only_table_may_be_written(table):
    table["a"].to_numpy().flags.writeable = False
    assert carry_out("df.loc[df['a'] > 2, 'a'] = 0", table)["a"].tolist() == [1, 2, 0, 0]


def test_nothing_is_left_for_the_next_run(table):
    carry_out("seen = 1\nnp.seen = 2\ndf['c'] = seen", table)
    del np.seen
    with pytest.raises(errors.UserCodeError, match="NameError: name 'seen' is not defined"):
        carry_out("df['c'] = seen", table)


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("df = pd.concat([df, df])", "repeats rows"),
        ("df.loc[99] = [1.0, 'z']", "adds rows"),
        ("df = df[df['a'] > 1].reset_index(drop=True)", "numbers them anew"),
        ("df = df['a']", "as Series"),
        ("df = None", "as NoneType"),
        ("del df", "as NoneType"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("def f():\n    f()\nf()", "RecursionError"),
    ],
)
def test_what_code_may_not_leave_is_told(table, code, what):
    with pytest.raises(errors.UserCodeError, match=what):
        carry_out(code, table)


def test_two_columns_of_one_name_are_refused(table):
    with pytest.raises(errors.DataError, match="two columns are named 'b'"):
        carry_out("df.columns = ['b', 'b']", table)


def test_an_error_names_its_line_and_what_was_meant(table):
    with pytest.raises(errors.UserCodeError) as caught:
        carry_out("df['c'] = 1\n\ndf['d'] = df['aa'] * 2", table)
    assert caught.value.lines() == [
        "UserCodeError: your code raised KeyError: 'aa'",
        "  hint: line 3: df['d'] = df['aa'] * 2",
        "  try:  did you mean 'a'?",
    ]


def test_the_line_that_shows_the_traceback_can_be_pasted(table):
    with pytest.raises(errors.UserCodeError) as caught:
        carry_out("1 / 0", table)
    assert caught.value.lines()[-1] == "  try:  %aiaas_jobs logs"


def test_an_error_in_a_helper_names_the_line_inside_it(table):
    with pytest.raises(errors.UserCodeError) as caught:
        carry_out("def f(x):\n    return x / 'a'\ndf['c'] = f(df['a'])", table)
    assert caught.value.hint == "line 2: return x / 'a'"
    assert caught.value.try_ == "%aiaas_jobs logs"


def test_running_out_of_memory_is_no_fault_of_the_code(table):
    with pytest.raises(MemoryError):
        carry_out("raise MemoryError", table)


def test_nullable_and_object_columns_become_what_estimators_take(table):
    made = carry_out("df['a'] = df['a'].astype('Int64')\ndf['o'] = pd.Series([1, 2, 3, 4], dtype=object)", table)  # fmt: skip
    assert [str(made[name].dtype) for name in ("a", "o")] == ["int64", "int64"]


# as a step of a model ----------------------------------------------------------------------------
@pytest.fixture
def step():
    return UserCode("df = df.drop(columns='id')\ndf['c'] = df['a'] + 1", ("a", "id"), ("c",))


def test_a_step_gives_its_columns_for_the_rows_it_gets(step, table):
    found = step.fit(None).transform(table[["a"]])  # what is only dropped need not be sent
    assert (found["c"].tolist(), list(found.index)) == ([2, 3, 4, 5], [10, 11, 12, 13])
    assert list(step.get_feature_names_out()) == list(found.columns)


def test_a_step_keeps_every_row(table):
    step = UserCode("df = df[df['a'] > 1]", ("a",), ("a",))
    with pytest.raises(errors.UserCodeError, match="your code drops 1 of 4 rows"):
        step.transform(table)


def test_a_step_makes_the_same_columns_of_any_rows(table):
    step = UserCode("df = pd.get_dummies(df, columns=['b'])", ("b",), ("b_x", "b_y"))
    assert step.transform(table).shape == (4, 2)
    with pytest.raises(errors.UserCodeError, match="makes no column 'b_y'"):
        step.transform(table[:1])


def test_a_step_survives_copying_and_writing(step, table):
    again = skops.io.loads(skops.io.dumps(clone(step)), trusted=sorted(SEALED))
    pd.testing.assert_frame_equal(again.transform(table[["a"]]), step.transform(table[["a"]]))


@pytest.mark.parametrize(
    ("other", "equal"),
    [
        ({"a": [1, 2]}, True),
        ({"a": [1.0, 2.0 + 1e-12]}, True),
        ({"a": [1.0, 2.1]}, False),
        ({"b": [1.0, 2.0]}, False),
        ({"a": ["1.0", "2.0"]}, False),
    ],
)
def test_tables_are_the_same_by_columns_and_values(other, equal):
    assert same(pd.DataFrame({"a": [1.0, 2.0]}), pd.DataFrame(other)) is equal


def test_gaps_are_the_same_as_gaps():
    gaps = pd.DataFrame({"a": [None, 1.0], "b": [None, "x"]})
    assert same(gaps, gaps.copy())
    assert not same(gaps, gaps.fillna({"b": "y"}))
