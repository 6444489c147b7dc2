"""What is an alert, by its rules alone."""

import msgspec
import pytest

from aiaas_magics.engines.monitoring import alerts
from aiaas_magics.specs.monitor import Drifted, MonitorSpec, VersionFigures


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


COLUMN = Drifted(name="age", what="feature", kind="number", rows=100, p=0.5)
SERVED = VersionFigures(model="clf@2", role="main", requests=50)
PAST = VersionFigures(model="clf@1", role="past", requests=1)


@pytest.mark.parametrize(
    ("name", "more", "over"),
    [
        ("down", {}, True),
        ("drift:age", {}, True),
        ("drift:age", {"drift": (msgspec.structs.replace(COLUMN, p=None),)}, False),
        ("drift:age", {"drift": ()}, False),
        ("odd:wage", {}, True),
        ("errors:clf@2", {}, True),
        ("errors:clf@2", {"versions": (msgspec.structs.replace(SERVED, requests=1),)}, False),
        ("errors:clf@1", {}, True),
        ("slow:clf@0", {}, True),
        ("performance:clf@2", {}, False),
        ("performance:clf@1", {}, True),
    ],
)
def test_an_alert_is_over_where_a_look_could_have_raised_it(name, more, over):
    """One that never ends is not told again when it comes back."""
    made = {"versions": (SERVED, PAST), "drift": (COLUMN,), "performance": ()} | more
    assert alerts.looked(name, alerts.Case(MonitorSpec(endpoint="api"), **made)) == over


def test_an_answer_is_never_taken_for_a_column_of_its_name():
    assert told(name="prediction", drifted=True) == ["drift:prediction"]
    assert told(name="prediction", what="prediction", drifted=True) == ["drift:its prediction"]
