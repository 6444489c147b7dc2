"""What is an alert, by its rules alone."""

import pytest

from aiaas_magics.engines.monitoring import alerts
from aiaas_magics.specs.monitor import Drifted, MonitorSpec


def told(**more):
    fields = {"name": "on", "what": "feature", "kind": "number", "rows": 100, "p": 0.5} | more
    case = alerts.Case(MonitorSpec(endpoint="api"), (), (Drifted(**fields),), ())
    return [alert.name for alert in alerts.of(case)]


@pytest.mark.parametrize("kind", ["number", "date", "category", "text"])
def test_every_kind_of_column_that_drifted_is_an_alert(kind):
    assert told(kind=kind, drifted=True) == ["drift:on"]
    assert told(kind=kind) == []


@pytest.mark.parametrize(("odd", "names"), [(4, []), (5, []), (6, ["odd:on"])])
def test_few_odd_values_are_none(odd, names):
    assert told(odd=odd) == names


def test_an_answer_is_never_taken_for_a_column_of_its_name():
    assert told(name="prediction", drifted=True) == ["drift:prediction"]
    assert told(name="prediction", what="prediction", drifted=True) == ["drift:its prediction"]
