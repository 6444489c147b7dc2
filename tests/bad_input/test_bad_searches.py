"""Searches as people ask for them: each is fine, said, or refused with what to type instead, and nothing is half made."""

import pytest

TREE = "--algo decision_tree "
MANY = "max_depth=range(1,1000) min_samples_leaf=range(1,1000) min_samples_split=range(2,12)"
HUGE = "9" * 23

# what follows the name of the data, what comes of it, words that are said
SEARCHES = {
    "no value": (TREE + "max_depth=[]", "refused", "holds no value to try"),
    "unknown parameter": (TREE + "maxdepth=[1,2]", "refused", "did you mean 'max_depth'?"),
    "unknown name in unicode": (TREE + "größe=[1,2]", "refused", "has no parameter 'größe'"),
    "one cell refused": (TREE + "max_depth=[2,-5]", "refused", "max_depth=-5"),
    "all cells refused": (TREE + "max_depth=[-5,-6]", "refused", "int >= 1, None"),
    "strings for numbers": (TREE + "max_depth=['2','3']", "refused", "max_depth='2'"),
    "nested lists": (TREE + "max_depth=[[1,2],[3]]", "refused", "max_depth=[1, 2]"),
    "a word among numbers": ("--algo logistic_regression C=[1,'a']", "refused", "C='a'"),
    "not a number": ("--algo logistic_regression C=[nan,1]", "refused", "no Python literal"),
    "infinite": ("--algo logistic_regression C=[1e999,1]", "refused", "C=inf"),
    "a huge whole number": (TREE + f"max_depth=[{HUGE},2]", "refused", f"max_depth={HUGE}"),
    "one value": (TREE + "max_depth=[2]", "fine", ""),
    "more folds than rows of a class": (TREE + "max_depth=[2] --cv 60", "refused", "--cv 40"),
    "a metric of the other task": (TREE + "max_depth=[2] --metric rmse", "refused", "--metric accuracy"),
    "ten million cells": (TREE + MANY, "refused", "9,980,010 cells"),
    "no trials": (TREE + "max_depth=[2,3] --trials 0", "refused", "compares nothing"),
    "fewer than no trials": (TREE + "max_depth=[2,3] --trials -1", "refused", "compares nothing"),
    "a millisecond": (TREE + "max_depth=[2,3] --time 1ms", "refused", "is too short"),
    "no duration": (TREE + "max_depth=[2,3] --time never", "refused", "--time 30s"),
    "unknown strategy": (TREE + "max_depth=[2] --strategy nonsense", "refused", "known: auto, grid"),
    "bounds the wrong way": (TREE + "max_depth=loguniform(10,1)", "refused", "loguniform(1, 10)"),
    "a bound of zero": ("--algo logistic_regression C=loguniform(0,1)", "refused", "bounds above 0"),
    "an open bracket": (TREE + "max_depth=uniform(3", "refused", ") is missing"),
    "a grid without end": ("--algo logistic_regression C=loguniform(1e-3,1) --strategy grid", "refused", "no end of values"),
}  # fmt: skip


@pytest.mark.parametrize("case", SEARCHES)
def test_a_search_comes_to_what_is_expected(desk, case):
    words, expected, word = SEARCHES[case]
    found, said = desk.outcome(f"%aiaas_tune flowers --target species --as found {words}")
    assert (found, word in said) == (expected, True), said


def test_a_value_given_twice_is_compared_once(desk):
    line = "%aiaas_tune flowers --target species --as twice --algo decision_tree max_depth=[2,2,3]"
    assert sorted(desk.shell.run_cell(line).result.trials["param_max_depth"]) == [2, 3]


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("--resume nothing", "no search 'nothing' was begun"),
        ("--resume", "needs a value"),
        ("--resume found max_depth=[1]", "does not go with --resume"),
    ],
)
def test_what_cannot_go_on_is_refused(desk, line, word):
    found, said = desk.outcome(f"%aiaas_tune {line}")
    assert (found, word in said) == ("refused", True), said
