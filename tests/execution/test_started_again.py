"""An endpoint that is started again under its name, without a process."""

import socket
from types import SimpleNamespace

import msgspec
import pytest

from aiaas_magics.execution import endpoints, plans
from aiaas_magics.specs.deploy import DeploySpec
from aiaas_magics.specs.records import EndpointInfo, ServingLimits, Share
from aiaas_magics.store.home import Home

LIMITS = ServingLimits(concurrency=3, timeout=2.0)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home whose endpoints answer as soon as they are written down."""

    def launched(home, info, before):
        del before
        port = info.port or 9
        ready = {"state": "READY", "port": port, "url": plans.url(info.host, port)}
        return home.endpoints.save(msgspec.structs.replace(info, **ready))

    monkeypatch.setattr(endpoints, "_launch", launched)
    found = Home.open(tmp_path / "home")
    yield found
    found.close()


def model(ref="clf@1"):
    return SimpleNamespace(ref=ref, target="y", digest="sha256:" + "0" * 64)


def known(home, port, **more):
    info = EndpointInfo(
        name="api", model="clf@1", state="STOPPED", url=f"http://127.0.0.1:{port}", port=port, workers=2,
        schema="refuse", limits=LIMITS, samples=False, versions=(Share(model="clf@1"),),
    )  # fmt: skip
    return home.endpoints.save(msgspec.structs.replace(info, **more))


def again(home, ref="clf@1", **more):
    return endpoints.start(home, DeploySpec(model=ref, as_="api", **more), model(ref), {})


@pytest.fixture
def port():
    """A port that nobody listens on now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.mark.parametrize("state", ["STOPPED", "LOST", "FAILED"])
def test_what_it_was_given_and_its_free_port_are_kept(home, port, state):
    before = known(home, port, state=state)
    now = again(home)
    assert (now.port, now.workers, now.schema, now.samples) == (port, 2, "refuse", False)
    assert now.limits == LIMITS
    assert list(endpoints.lost(before, now)) == []


def test_what_is_asked_for_is_changed_and_nothing_else(home, port):
    known(home, port)
    now = again(home, workers=1, timeout=5.0)
    assert (now.workers, now.limits.timeout) == (1, 5.0)
    assert (now.limits.concurrency, now.schema) == (3, "refuse")


def test_another_model_in_its_place_is_served_as_the_endpoint_was(home, port):
    known(home, port)
    now = again(home, "clf@2", replace=True)
    assert (now.model, now.workers, now.schema) == ("clf@2", 2, "refuse")


def test_a_port_that_is_taken_meanwhile_is_another_one_and_said_so(home):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        before = known(home, taken.getsockname()[1])
        now = again(home)
    assert now.url == "http://127.0.0.1:9"
    ((text, _),) = endpoints.lost(before, now)
    assert text == f"api has moved to {now.url}: nothing of it answers at {before.url} now"


def test_versions_that_are_not_served_any_more_are_said_with_the_way_back(home, port):
    beside = (
        Share(model="clf@1"),
        Share(model="clf@2", role="canary", percent=10.0),
        Share(model="clf@3", role="shadow"),
    )
    before = known(home, port, versions=beside)
    found = dict(endpoints.lost(before, again(home)))
    assert found == {
        "clf@2, its canary, is not served any more": "%aiaas_deploy clf@2 --to api --canary 10%",
        "clf@3, its shadow, is not served any more": "%aiaas_deploy clf@3 --to api --shadow",
    }


def test_a_first_start_has_lost_nothing(home):
    assert list(endpoints.lost(None, again(home))) == []
