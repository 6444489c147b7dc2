"""Charts of a search."""

import pytest

from aiaas_magics.engines.tuning.pictures import MOST_POINTS, pictured
from aiaas_magics.specs.metrics import check_metric
from aiaas_magics.specs.results import Trial
from aiaas_magics.specs.spaces import Distribution
from aiaas_magics.specs.tune import TuneSpec

ACCURACY = check_metric("accuracy", "classification")


def search(space, rows):
    """Return a spec, and trials of (params, mean, equality), best first."""
    spec = TuneSpec(data="d", target="y", algo="random_forest", as_="m", params=space)
    ranked = sorted(enumerate(rows), key=lambda pair: -pair[1][1])
    found = [
        Trial(params=p, mean=m, std=0.01, folds=(m,), seconds=0.1, rank=i, equality=e, number=n)
        for i, (n, (p, m, e)) in enumerate(ranked, 1)
    ]
    return found, spec


GRID = search(
    {"max_depth": [None, 3], "n_estimators": [10, 20], "min_samples_split": [2]},
    [
        ({"max_depth": d, "n_estimators": n, "min_samples_split": 2}, 0.8 + n / 1000 + (d or 0) / 1000, "exact" if d is None else "distribution")
        for d in (None, 3)
        for n in (10, 20)
    ],
)  # fmt: skip


def test_each_parameter_with_several_values_has_a_chart_and_any_two_a_map():
    charts = pictured(*GRID, ACCURACY)
    assert [c.name for c in charts] == ["by_max_depth", "by_n_estimators", "heat"]
    assert charts[0].text == "accuracy by max_depth: best at 3, 0.823"


def test_exact_cells_are_outlined_and_counted():
    chart = pictured(*GRID, ACCURACY)[-1]
    framed = chart.spec["layer"][-1]["data"]["values"]
    assert {row["x"] for row in framed} | {row["y"] for row in framed} == {"None", "10", "20"}
    assert chart.text.endswith("2 of 4 cells exact")


def test_a_grid_that_is_all_exact_needs_no_outline():
    found, spec = GRID
    exact = [
        Trial(**{n: getattr(t, n) for n in t.__struct_fields__} | {"equality": "exact"})
        for t in found
    ]
    chart = pictured(exact, spec, ACCURACY)[-1]
    assert len(chart.spec["layer"]) == 2
    assert "exact" not in chart.title + chart.text


DRAWN = search(
    {"ccp_alpha": Distribution("loguniform", 1e-6, 1.0)},
    [({"ccp_alpha": 10.0**-i}, 0.5 + i / 100, "exact") for i in range(7)],
)


def test_a_distribution_is_drawn_on_the_scale_it_is_drawn_from():
    chart = pictured(*DRAWN, ACCURACY)[0]
    across = chart.spec["layer"][0]["encoding"]["x"]
    assert (across["type"], across["scale"]) == ("quantitative", {"type": "log"})
    assert [row["best"] for row in chart.spec["data"]["values"]].count(True) == 1


def test_the_best_so_far_rises_to_the_best():
    *_, chart = pictured(*DRAWN, ACCURACY, drawn_one_by_one=True)
    best = [row["best"] for row in chart.spec["data"]["values"]]
    assert best == sorted(best)
    assert chart.text == "best accuracy so far: 0.56, found with candidate 7 of 7"


def test_an_error_falls():
    rows = [({"ccp_alpha": 10.0**-i}, mean, "exact") for i, mean in enumerate((3.0, 2.0, 4.0))]
    found, spec = search({"ccp_alpha": Distribution("loguniform", 1e-6, 1.0)}, rows)
    found.reverse()
    *_, chart = pictured(found, spec, check_metric("rmse", "regression"), drawn_one_by_one=True)
    assert [row["best"] for row in chart.spec["data"]["values"]] == [3.0, 2.0, 2.0]


@pytest.mark.parametrize("count", [30, 3000])
def test_many_values_are_a_scale_and_few_enough_points(count):
    rows = [({"n_estimators": n}, 0.5, "exact") for n in range(1, count + 1)]
    (chart,) = pictured(*search({"n_estimators": list(range(1, count + 1))}, rows), ACCURACY)
    assert len(chart.spec["data"]["values"]) <= MOST_POINTS + 1
    assert chart.spec["layer"][0]["encoding"]["x"]["type"] == "quantitative"
