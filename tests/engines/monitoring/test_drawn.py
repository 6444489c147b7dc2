"""The chart of drift: what has drifted is seen at once, and what has not looks small."""

import numpy as np
import pytest

from aiaas_magics.cards import charts
from aiaas_magics.engines import pictures
from aiaas_magics.engines.monitoring import drawn, drift
from aiaas_magics.specs.reference import Series


def moved(name, effect, *, drifted=False):
    series = Series(name=name, kind="number", edges=(0.0,))
    return drift.Drift(
        series, 100, effect, 0.5, drifted, 0.0, 0.0, None, False, 0, np.ones(2), np.ones(2)
    )


def chart(*moves):
    return drawn._effects(moves)


def axis(made):
    return made.spec["layer"][0]["encoding"]["x"]["scale"]["domain"]


@pytest.mark.parametrize(("effect", "end"), [(0.03, 0.5), (0.8, 0.8)])
def test_small_distances_look_small(effect, end):
    assert axis(chart(moved("a", effect), moved("b", 0.01))) == [0, end]


def test_what_drifted_has_another_colour_and_the_limit_a_rule():
    made = chart(moved("a", 0.03), moved("b", 0.4, drifted=True))
    assert [row["drifted"] for row in made.spec["data"]["values"]] == ["drifted", "not drifted"]
    bars, rule = made.spec["layer"]
    assert bars["encoding"]["color"]["scale"]["range"] == [charts.ORANGE, charts.BLUE]
    assert rule["encoding"]["x"]["datum"] == drift.LEAST
    assert made.text == "Drift by column: drifted: b"


def test_of_many_columns_the_farthest_are_drawn_and_the_others_counted():
    made = chart(*(moved(f"c{i}", i / 100) for i in range(45)))
    assert [row["label"] for row in made.spec["data"]["values"]] == [
        f"c{i}" for i in range(44, 24, -1)
    ]
    assert made.text.endswith("none has drifted; 25 more columns moved no farther")


def test_it_can_be_drawn_whatever_columns_are_called():
    (picture,) = pictures.draw([chart(moved("a\x1b['b\\\"]\n", 0.2, drifted=True))])
    assert picture[:4] == b"\x89PNG"
