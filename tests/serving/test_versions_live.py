"""Versions of a live endpoint change places: real processes, open connections, requests all the while."""

import http.client
import json
import os
import signal
import threading
import time

import msgspec
import psutil
import pytest

from aiaas_magics import errors
from aiaas_magics.backends.local import LocalBackend
from aiaas_magics.execution import endpoints, plans, rollouts
from aiaas_magics.execution.context import WorkerContext
from aiaas_magics.specs.base import decode
from aiaas_magics.specs.data import DataSpec
from aiaas_magics.specs.deploy import DeploySpec
from aiaas_magics.specs.manage import DropVersion, Promote, Rollback, Scale, StopEndpoint
from aiaas_magics.specs.serving import FILE, Plan
from aiaas_magics.specs.train import TrainSpec
from aiaas_magics.testing.backend import states

pytestmark = pytest.mark.timeout(180)


def until(true, seconds=60.0):
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)
    return found


@pytest.fixture(scope="module")
def backend(tmp_path_factory):
    """A home with the models m@1 and m@2."""
    opened = LocalBackend(tmp_path_factory.mktemp("versions") / "home", spare=False)
    done(opened, DataSpec(as_="iris", catalogue="iris"))
    for C in (1.0, 0.01):
        spec = {"data": "iris", "target": "species", "algo": "logistic_regression"}
        done(opened, TrainSpec(**spec, as_="m", params={"C": C}))
    yield opened
    opened.close()


@pytest.fixture
def api(backend):
    """The endpoint ``api``, fresh, with one worker that serves m@1."""
    yield endpoints.start(backend.home, DeploySpec(model="m@1", as_="api"), model(backend), {})
    endpoints.stop(backend.home, "api", "test")
    backend.home.endpoints.forget("api")


def done(backend, spec):
    job = backend.submit(spec)
    states(backend, job)
    return backend.result(job)


def model(backend, ref="m@1"):
    return backend.home.registry.find(ref)


def beside(backend, **more):
    """Put m@2 beside m@1, as the job of a deployment does."""
    spec = DeploySpec(model="m@2", as_="api", to="api", **more)
    return rollouts.add(backend.home, spec, model(backend, "m@2"), "test")


def row(backend):
    return backend.home.endpoints.get("api")


def test_what_cannot_be_added_is_said_before_any_work(backend, api):
    context = WorkerContext(backend.home, "j", None, "")
    done(backend, DataSpec(as_="wine", catalogue="wine"))
    done(backend, TrainSpec(data="wine", target="cultivar", algo="naive_bayes", as_="w"))
    for ref, words in (("m@1", "the main version of api already"), ("w@1", "does not take what")):
        with pytest.raises(errors.Conflict, match=words):
            context.check_endpoint(DeploySpec(model=ref, as_="api", to="api"), model(backend, ref))
    with pytest.raises(errors.NameTaken, match="serves m@1"):
        context.check_endpoint(DeploySpec(model="m@2", as_="api"), model(backend, "m@2"))
    with pytest.raises(errors.NotFound):
        context.check_endpoint(DeploySpec(model="m", as_="x", to="x"), model(backend))
    context.check_endpoint(DeploySpec(model="m@2", as_="api", to="api"), model(backend, "m@2"))
    assert row(backend) == api


class Asking:
    """A thread that asks one thing after the other over one connection, and counts who answered."""

    def __init__(self, at):
        self._at, self.models, self.failed = at, [], []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def _ask(self):
        headers = {
            "Authorization": f"Bearer {self._at.token}",
            "Content-Type": "application/json",
        }
        body = json.dumps({"X_test": [[5.1, 3.5, 1.4, 0.2]]})
        with_ = http.client.HTTPConnection("127.0.0.1", self._at.port, timeout=30)
        while not self._stop.is_set():
            try:
                with_.request("POST", "/predict", body, headers)
                reply = with_.getresponse()
                reply.read()
                self.models.append(reply.headers.get("x-aiaas-model"))
                if reply.status != 200:
                    self.failed.append(reply.status)
            except (OSError, http.client.HTTPException) as error:
                self.failed.append(error)
        with_.close()

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *why):
        self._stop.set()
        self._thread.join()


def asks(at):
    """Return the model that answers a request."""
    with Asking(at) as asking:
        until(lambda: asking.models or asking.failed)
    assert asking.failed == []
    return asking.models[-1]


def workers(at):
    return [p for p in psutil.Process(at.pid).children() if p.status() != psutil.STATUS_ZOMBIE]


# changes under load ------------------------------------------------------------------------------------
def test_no_request_fails_while_versions_change_places(backend, api):
    before = workers(api)
    with Asking(api) as one, Asking(api) as two:
        beside(backend, canary=50.0)
        for command in (Promote, Rollback):
            backend.apply(command(endpoint="api"))
        backend.apply(Promote(endpoint="api", version="m@2"))
        seen = len(one.models)
        until(lambda: len(one.models) > seen + 5 or one.failed)
    assert (one.failed, two.failed) == ([], [])
    assert one.models[-1] == "m@2"
    assert workers(api) == before
    assert (row(backend).pid, row(backend).url) == (api.pid, api.url)


def test_what_is_told_is_what_answers(backend, api):
    assert asks(api) == "m@1"
    beside(backend)
    assert (row(backend).model, asks(api)) == ("m@2", "m@2")
    backend.apply(Rollback(endpoint="api"))
    assert (row(backend).model, asks(api)) == ("m@1", "m@1")


def test_a_canary_of_all_requests_answers_all_and_goes_when_it_is_dropped(backend, api):
    beside(backend, canary=100.0)
    assert asks(api) == "m@2"
    backend.apply(DropVersion(endpoint="api"))
    assert asks(api) == "m@1"


def test_a_version_beside_keeps_its_model_from_being_deleted(backend, api):
    beside(backend, shadow=True)
    with pytest.raises(errors.Conflict, match="m@2 is being served"):
        backend.home.registry.delete("m@2", "test")


# workers --------------------------------------------------------------------------------------------------
def test_workers_become_more_and_fewer_and_no_request_fails(backend, api):
    (first,) = workers(api)
    with Asking(api) as asking:
        backend.apply(Scale(endpoint="api", workers=2))
        assert len(workers(api)) == 2
        backend.apply(Scale(endpoint="api", workers=1))
        until(lambda: workers(api) == [first])
        seen = len(asking.models)
        until(lambda: len(asking.models) > seen + 5 or asking.failed)
    # who asked the one that went was told so, and may come again: its connection is closed after an answer
    assert [each for each in asking.failed if isinstance(each, int)] == []


def test_a_killed_worker_comes_back_with_what_is_served_now(backend, api):
    beside(backend)
    (killed,) = workers(api)
    killed.kill()
    until(lambda: workers(api) not in ([], [killed]))
    until(lambda: asks_or_none(api) == "m@2")


def asks_or_none(at):
    try:
        return asks(at)
    except AssertionError:
        return None


def test_a_worker_that_starts_while_the_plan_changes_follows(backend, api):
    (killed,) = workers(api)
    killed.kill()
    beside(backend)  # returns when the new worker serves it
    assert asks(api) == "m@2"


# trouble --------------------------------------------------------------------------------------------------
def test_a_version_that_cannot_be_loaded_changes_nothing(backend, api, monkeypatch):
    honest = plans._served

    def spoilt(home, share):
        found = honest(home, share)
        wrong = {"folder": "/nowhere", "build": "", "tier": "sklearn"}
        return msgspec.structs.replace(found, **wrong) if share.model == "m@2" else found

    with monkeypatch.context() as patched:
        patched.setattr(plans, "_served", spoilt)
        with pytest.raises(errors.EndpointError, match="api stays as it was"):
            beside(backend)
    assert row(backend).model == "m@1"
    assert asks(api) == "m@1"
    beside(backend)
    assert asks(api) == "m@2"


class Killed(BaseException):
    """Ends whoever makes a change as a signal does: nothing is tidied up."""


def test_a_change_whose_maker_is_killed_half_way_is_taken_back(backend, api, monkeypatch):
    def killed(*words):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(backend.home.endpoints, "change", killed)
        with pytest.raises(Killed):
            beside(backend)
    assert asks(api) == "m@2"  # all workers had followed
    assert backend.query("endpoints", {"name": "api"})[0].model == "m@1"
    until(lambda: asks(api) == "m@1")
    wished = decode((plans.folder(backend.home, "api") / FILE).read_bytes(), Plan)
    assert (wished.main.model, wished.revision) == ("m@1", row(backend).revision)


def test_two_who_change_it_at_once_come_one_after_the_other(backend, api):
    beside(backend)
    refused = []

    def back():
        try:
            backend.apply(Rollback(endpoint="api"))
        except errors.Conflict as error:
            refused.append(error)

    threads = [threading.Thread(target=back) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert row(backend).model == "m@1"


def test_a_stopped_endpoint_answers_what_it_was_asked(backend, api):
    with Asking(api) as asking:
        until(lambda: asking.models)
        backend.apply(StopEndpoint(endpoint="api"))
    assert [each for each in asking.failed if isinstance(each, int) and each != 503] == []
    assert not psutil.pid_exists(api.pid)
    with pytest.raises(errors.Conflict, match="api does not run"):
        backend.apply(Promote(endpoint="api"))


def test_a_restart_goes_back_to_what_is_named_and_remembers(backend, api):
    beside(backend)
    os.kill(api.pid, signal.SIGKILL)
    until(lambda: backend.query("endpoints", {"name": "api"})[0].state == "LOST")
    again = endpoints.start(backend.home, DeploySpec(model="m@1", as_="api"), model(backend), {})
    assert [each.model for each in again.past] == ["m@1", "m@2"]
    assert asks(again) == "m@1"
    backend.apply(Rollback(endpoint="api"))
    assert asks(again) == "m@2"
