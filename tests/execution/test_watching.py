"""What a home knows of an endpoint when somebody looks."""

import pytest

from aiaas_magics.execution import endpoints, watching
from aiaas_magics.specs.records import EndpointInfo
from aiaas_magics.store.home import Home


@pytest.fixture
def opened(home):
    found = Home.open(home)
    found.endpoints.save(
        EndpointInfo(name="api", model="clf@1", state="READY", url="", port=1, workers=1)
    )
    yield found
    found.close()


def test_an_endpoint_whose_processes_are_gone_is_seen_as_lost(opened):
    assert watching.watched(opened, "api").info.state == "LOST"


def test_an_alert_lasts_until_it_is_over(opened):
    watching.alert(opened, "api", "drift:x", "x has drifted", on=True)
    watching.alert(opened, "api", "slow:clf@1", "slow", on=True)
    watching.alert(opened, "api", "drift:x", "", on=False)
    assert watching.watched(opened, "api").alerts == ("slow:clf@1",)


def test_alerts_go_with_the_endpoint_that_is_removed(opened):
    watching.alert(opened, "api", "drift:x", "x has drifted", on=True)
    endpoints.remove(opened, "api", "me")
    opened.endpoints.save(
        EndpointInfo(name="api", model="clf@1", state="STOPPED", url="", port=1, workers=1)
    )
    assert watching.watched(opened, "api").alerts == ()
