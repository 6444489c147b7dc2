"""What is worth trying: ranges and lists as values."""

import math

import pytest

from aiaas_magics import errors
from aiaas_magics.specs.algorithms import ALGORITHMS, Search, check_parameters, find, space


@pytest.mark.parametrize(
    ("search", "count", "values"),
    [
        (Search(low=1, high=100, log=True, whole=True), 3, (1, 10, 100)),
        (Search(low=0.01, high=1.0, log=True), 3, (0.01, 0.1, 1.0)),
        (Search(low=0.0, high=1.0), 5, (0.0, 0.25, 0.5, 0.75, 1.0)),
        (Search(low=2, high=4, whole=True), 9, (2, 3, 4)),
        (Search(low=0.0, high=1.0), 1, (0.5,)),
        (Search(values=("a", None, 3)), 2, ("a", None)),
    ],
)
def test_a_grid_spreads_over_what_is_worth_trying(search, count, values):
    found = search.grid(count)
    assert found == values
    assert [type(value) for value in found] == [type(value) for value in values]


def test_a_share_of_a_list_is_one_of_its_values():
    search = Search(values=("a", "b"))
    assert [search.at(share) for share in (0.0, 0.49, 0.5, 1.0)] == ["a", "a", "b", "b"]


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=lambda a: a.name)
def test_a_parameter_has_one_search_a_task(algorithm):
    for task in algorithm.tasks:
        rows = [p.name for p in algorithm.parameters if task in p.tasks and p.search is not None]
        assert sorted(rows) == sorted(space(algorithm, task))


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_a_number_that_json_cannot_hold_is_no_value(value):
    with pytest.raises(errors.SpecError, match="is not a value"):
        check_parameters(find("ridge"), {"alpha": value}, "regression")
