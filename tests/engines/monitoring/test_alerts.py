"""What is an alert, by its rules alone."""

import msgspec
import pytest

from aiaas_magics.engines.monitoring import alerts
from aiaas_magics.specs.monitor import Drifted, MonitorSpec, Performance, VersionFigures
from aiaas_magics.specs.results import Score


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


@pytest.mark.parametrize("kind", ["number", "category"])
def test_what_drifted_is_not_told_again_as_odd(kind):
    column = Drifted(name="on", what="feature", kind=kind, rows=100, p=0.0, odd=90, drifted=True, text="moved")  # fmt: skip
    case = alerts.Case(MonitorSpec(endpoint="api"), (), (column,), ())
    (alert,) = alerts.of(case)
    assert alert.name == "drift:on"
    assert ("90 of 100 values are out of range" in alert.text) == (kind == "number")
    assert not alerts.looked("odd:on", case)


def of_versions(**figures):
    version = VersionFigures(model="clf@2", role="main", **figures)
    case = alerts.Case(MonitorSpec(endpoint="api"), (version,), (), ())
    return [alert.name for alert in alerts.of(case)], list(alerts.unsure(case))


def test_two_failures_are_an_alert_however_few_requests_there_were():
    assert of_versions(requests=14, errors=2) == (["errors:clf@2"], [])
    assert of_versions(requests=300, errors=2) == ([], [])


def test_what_would_be_an_alert_if_more_had_been_asked_is_told():
    assert of_versions(requests=14, errors=1, p99=5.2) == (
        [],
        [
            "clf@2: 1 failed, the slowest took 5.2 s; 14 requests: too few for an alert (20 are needed)"
        ],
    )
    assert of_versions(requests=14, p99=0.2) == ([], [])
    assert of_versions(requests=20, p99=5.2) == (["slow:clf@2"], [])


@pytest.mark.parametrize(("rows", "names"), [(3, []), (30, ["performance:clf@2"])])
def test_a_few_labels_say_nothing_of_how_right_a_model_is(rows, names):
    score = Score(metric="roc_auc", value=0.5, low=0.5, high=0.5, baseline=0.9)
    part = Performance(model="clf@2", rows=rows, scores=(score,))
    case = alerts.Case(MonitorSpec(endpoint="api"), (), (), (part,))
    assert [alert.name for alert in alerts.of(case)] == names
    assert any("too few to tell how right it is" in text for text in alerts.unsure(case)) != bool(
        names
    )


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
