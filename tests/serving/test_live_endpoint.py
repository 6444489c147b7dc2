"""A live endpoint: real processes, a real socket, real signals."""

import http.client
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import msgspec
import psutil
import pytest

from aiaas_magics import errors
from aiaas_magics.backends.local import LocalBackend
from aiaas_magics.engines.models import artefacts
from aiaas_magics.execution import endpoints, logs, plans
from aiaas_magics.execution.context import WorkerContext
from aiaas_magics.serving import client, listening
from aiaas_magics.specs.data import DataSpec
from aiaas_magics.specs.deploy import DeploySpec
from aiaas_magics.specs.manage import StopEndpoint
from aiaas_magics.specs.train import TrainSpec
from aiaas_magics.testing.backend import states

pytestmark = pytest.mark.timeout(120)


def until(true, seconds=40.0):
    """Return what has become true."""
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)
    return found


@pytest.fixture(scope="module")
def backend(tmp_path_factory):
    """A home with the models m and n, and the endpoint ``api`` that serves m by two workers."""
    opened = LocalBackend(tmp_path_factory.mktemp("live") / "home", spare=False)
    done(opened, DataSpec(as_="iris", catalogue="iris"))
    for name, C in (("m", 1.0), ("n", 0.01)):
        spec = {"data": "iris", "target": "species", "algo": "logistic_regression", "seed": int(C)}
        done(opened, TrainSpec(**spec, as_=name, params={"C": C}))
    done(opened, DeploySpec(model="m", as_="api", workers=2))
    yield opened
    for info in opened.query("endpoints"):
        endpoints.stop(opened.home, info.name, "test")
    opened.close()


def done(backend, spec):
    """Return what a job answers."""
    job = backend.submit(spec)
    states(backend, job)
    return backend.result(job)


def deploy(backend, model="m", **more):
    """Start an endpoint in this process: what the job of a deployment does."""
    spec = DeploySpec(model=model, as_=more.pop("name", "other"), **more)
    return endpoints.start(backend.home, spec, found(backend, model), {})


def found(backend, model):
    return backend.home.registry.find(model)


def folder(backend, model):
    return backend.home.registry.folder(model)


def info(backend, name="api"):
    return backend.query("endpoints", {"name": name})[0]


@pytest.fixture
def other(backend):
    """One more endpoint, ``other``, for tests that end or change it."""
    yield deploy(backend)
    endpoints.stop(backend.home, "other", "test")


def rows(backend, count=1):
    names = [name for name, _ in found(backend, "m").signature.inputs]
    return [dict.fromkeys(names, 1.0 + i % 5) for i in range(count)]


def predict(backend, name="api", count=1):
    at = info(backend, name)
    return client.predict(at.url, at.token, rows(backend, count), timeout=20)["y_pred"]


def get(url, path, token=None):
    with_ = http.client.HTTPConnection(url.removeprefix("http://"), timeout=20)
    with_.request("GET", path, headers={"Authorization": f"Bearer {token}"} if token else {})
    reply = with_.getresponse()
    found = reply.status, reply.read()
    with_.close()
    return found


def shown(at):
    """Return the model and the example of an endpoint's description."""
    told = json.loads(get(at.url, "/openapi.json", at.token)[1])
    body = told["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    return told["info"]["version"], body["example"]


def family(pid):
    """Return an endpoint's master and workers."""
    parent = psutil.Process(pid)
    return [parent, *parent.children(recursive=True)]


def same(one, another):
    """Tell whether two records differ in nothing but the number of their plan."""
    return msgspec.structs.replace(one, revision=another.revision) == another


def alive(process):
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def ready(backend, name="api"):
    """Return how many workers have told the log that they serve."""
    return logs.end(backend.home, name).count("Started server process")


# answers ------------------------------------------------------------------------------------------
def test_it_is_healthy_and_answers_over_a_socket(backend):
    at = info(backend)
    assert at.state == "READY"
    assert get(at.url, "/health/live") == (200, b'{"live": true}')
    assert get(at.url, "/health/ready") == (200, b'{"ready": true}')
    assert get(at.url, "/openapi.json")[0] == 401
    assert set(predict(backend, count=20)) <= set(found(backend, "m").signature.classes)


def test_its_answer_is_the_opened_model_s(backend):
    import pandas as pd

    pipeline = artefacts.load(folder(backend, "m@1"))
    asked = rows(backend, 5)
    assert predict(backend, count=5) == pipeline.predict(pd.DataFrame(asked)).tolist()


def test_its_example_is_answered(backend):
    at = info(backend)
    with_ = http.client.HTTPConnection(at.url.removeprefix("http://"), timeout=20)
    headers = {"Authorization": f"Bearer {at.token}", "Content-Type": "application/json"}
    with_.request("POST", "/predict", json.dumps(at.example), headers)
    assert with_.getresponse().status == 200
    with_.close()


def test_every_worker_stays_and_answers(backend):
    until(lambda: ready(backend) >= 2)
    workers = family(info(backend).pid)[1:]
    assert len(workers) == 2
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: predict(backend), range(60)))
    assert workers == family(info(backend).pid)[1:]
    assert "Traceback" not in logs.end(backend.home, "api")


def test_a_killed_worker_is_replaced_and_requests_go_on(backend):
    until(lambda: ready(backend) >= 2)
    at, before = info(backend), ready(backend)
    open_files = psutil.Process(at.pid).num_fds()
    _, stays, killed = family(at.pid)
    killed.kill()
    until(lambda: not alive(killed))
    assert predict(backend)
    until(lambda: ready(backend) > before)
    (fresh,) = set(family(at.pid)[1:]) - {stays}
    stays.suspend()
    try:
        assert predict(backend, count=9)
    finally:
        stays.resume()
    assert alive(fresh)
    assert "Traceback" not in logs.end(backend.home, "api")
    assert (info(backend), psutil.Process(at.pid).num_fds()) == (at, open_files)


def test_a_body_without_a_length_is_read(backend):
    at = info(backend)
    with_ = http.client.HTTPConnection(at.url.removeprefix("http://"), timeout=20)
    headers = {"Authorization": f"Bearer {at.token}", "Content-Type": "application/json"}
    body = json.dumps({"X_test": rows(backend)}).encode()
    pieces = iter([body[:9], body[9:]])
    with_.request("POST", "/predict", pieces, headers, encode_chunked=True)
    assert with_.getresponse().status == 200
    with_.close()


def test_a_wrong_token_is_said_so(backend):
    with pytest.raises(errors.AccessDenied, match="not this endpoint's") as caught:
        client.predict(info(backend).url, "wrong", rows(backend))
    assert "aiaas token" in caught.value.hint


def test_rows_that_do_not_fit_are_said_so(backend):
    at = info(backend)
    with pytest.raises(errors.EndpointError, match=r"refused: row 0: .* missing"):
        client.predict(at.url, at.token, [{}])


# secrets ------------------------------------------------------------------------------------------
def test_the_token_is_its_owner_s_alone(backend):
    at, home = info(backend), backend.home
    predict(backend)
    path = home.path / "keys" / "api.token"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text() == at.token
    for process in family(at.pid):
        assert at.token not in " ".join(process.cmdline())
        assert at.token not in " ".join(process.environ().values())
    told = [*backend.events("home"), *backend.events("endpoint:api")]
    assert not any(at.token in str(event) for event in told)
    logs = [home.path / "endpoints" / "api" / "log", *home.path.glob("jobs/*/log")]
    assert not any(at.token in log.read_text() for log in logs)
    tables = home.path.glob("aiaas.db*")  # read elsewhere: to close one drops this process's locks
    assert at.token.encode() not in subprocess.check_output(["cat", *tables])


# deploying again ----------------------------------------------------------------------------------
def test_the_same_model_again_is_no_change(backend):
    before = info(backend)
    result = done(backend, DeploySpec(model="m@1", as_="api", workers=2))
    assert (result.url, info(backend)) == (before.url, before)


def test_more_workers_are_given_on_the_same_port(backend, other):
    after = deploy(backend, workers=2)
    assert (after.workers, after.url) == (2, other.url)
    assert after.pid != other.pid
    assert [p.pid for p in masters(backend, "other")] == [after.pid]


def test_another_port_is_moved_to(backend, other):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    assert deploy(backend, port=port).port == port
    assert len(client.predict(info(backend, "other").url, other.token, rows(backend))["y_pred"]) > 0
    with pytest.raises(errors.EndpointError):
        client.predict(other.url, other.token, rows(backend))


def test_another_model_needs_to_be_asked_for(backend):
    with pytest.raises(errors.NameTaken) as caught:
        done(backend, DeploySpec(model="n", as_="api"))
    assert caught.value.try_ == "%aiaas_deploy n@1 --as api --replace"
    assert info(backend).model == "m@1"


def test_a_name_that_means_something_else_is_refused(backend):
    with pytest.raises(errors.NameTaken, match="it is data"):
        done(backend, DeploySpec(model="m", as_="iris"))


@pytest.mark.parametrize("whose", ["a stranger's", "an endpoint's"])
def test_a_port_in_use_is_refused_and_the_name_stays_free(backend, whose):
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        port = stranger.getsockname()[1] if whose == "a stranger's" else info(backend).port
        with pytest.raises(errors.PortInUse, match=str(port)):
            deploy(backend, port=port, name=f"late-{port}")
    with pytest.raises(errors.NotFound):
        info(backend, f"late-{port}")
    backend.home.check_free(f"late-{port}", "model")


def test_a_port_in_use_leaves_an_endpoint_that_came_meanwhile(backend, monkeypatch):
    begin, context = endpoints.start, WorkerContext(backend.home, "j", None, "")

    def late(home, spec, *more):
        begin(home, DeploySpec(model="m", as_=spec.as_), *more)
        return begin(home, spec, *more)

    monkeypatch.setattr(endpoints, "start", late)
    spec = DeploySpec(model="m", as_="quick", port=info(backend).port)
    with pytest.raises(errors.PortInUse):
        context.start_endpoint(spec, found(backend, "m"), {})
    assert predict(backend, "quick")
    assert endpoints.stop(backend.home, "quick", "test")


def test_no_request_fails_while_another_model_takes_over(backend, other):
    failed, stop = [], threading.Event()

    def ask():
        while not stop.is_set():
            try:
                client.predict(other.url, other.token, rows(backend), timeout=20)
            except errors.AiaasError as error:
                failed.append(error)

    with ThreadPoolExecutor(2) as pool:
        asking = [pool.submit(ask) for _ in range(2)]
        try:
            for model in ("n", "m", "n"):
                deploy(backend, model, replace=True)
        finally:
            stop.set()
    assert [task.result() for task in asking] == [None, None]
    assert failed == []
    after = info(backend, "other")
    assert (after.model, after.url, after.token) == ("n@1", other.url, other.token)
    assert shown(after) == ("n@1", {"X_test": artefacts.example(folder(backend, "n"))})
    assert [p.pid for p in masters(backend, "other")] == [after.pid]


def test_a_model_that_does_not_start_replaces_nothing(backend, other, monkeypatch):
    monkeypatch.setattr(endpoints, "worker_env", lambda: {"PYTHONHOME": "/nowhere"})
    with pytest.raises(errors.EndpointError, match="did not start") as caught:
        deploy(backend, "n", replace=True)
    assert caught.value.hint.startswith("its process ended: ")
    assert same(info(backend, "other"), other)
    assert predict(backend, "other")


def test_an_endpoint_that_does_not_start_says_why(backend, monkeypatch):
    served = plans._served

    def changed(home, share):
        return msgspec.structs.replace(
            served(home, share), build="", tier="sklearn", digest="other"
        )

    path = backend.home.path / "endpoints" / "sour" / "log"
    path.parent.mkdir()
    path.write_text("a line of last week\n")
    monkeypatch.setattr(plans, "_served", changed)
    with pytest.raises(errors.EndpointError, match="did not start") as caught:
        deploy(backend, name="sour")
    assert caught.value.hint.startswith("its worker ended with status 1: ")
    assert caught.value.hint.endswith("m@1 is not opened: it is not what was registered")


# the end ------------------------------------------------------------------------------------------
def test_a_stop_answers_what_is_in_flight_and_leaves_no_process(backend, other):
    processes = family(other.pid)
    body = json.dumps({"X_test": rows(backend)}).encode()
    head = (
        f"POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {other.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", other.port), timeout=20) as asking:
        asking.sendall(head.encode() + body[:5])
        stopping = threading.Thread(target=backend.apply, args=[StopEndpoint(endpoint="other")])
        stopping.start()
        until(lambda: refused(other.port))
        asking.sendall(body[5:])
        assert asking.recv(4096).startswith(b"HTTP/1.1 200")
    stopping.join()
    assert info(backend, "other").state == "STOPPED"
    assert not any(alive(p) for p in processes)
    assert not backend.apply(StopEndpoint(endpoint="other")).changed


def refused(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except ConnectionRefusedError:
        return True
    return False


def test_a_stopped_endpoint_starts_again_with_its_token(backend, other):
    assert endpoints.stop(backend.home, "other", "test")
    again = deploy(backend, "n")
    assert (again.model, again.token) == ("n@1", other.token)
    assert predict(backend, "other")


def test_a_killed_master_s_endpoint_is_lost_and_its_workers_go(backend, other):
    processes = family(other.pid)
    os.kill(other.pid, signal.SIGKILL)
    os.waitpid(other.pid, 0)
    until(lambda: not any(alive(p) for p in processes))
    assert info(backend, "other").state == "LOST"
    with pytest.raises(errors.EndpointError, match="nothing answers"):
        client.predict(other.url, other.token, rows(backend))
    assert deploy(backend, port=other.port).port == other.port


def test_a_worker_whose_master_went_before_it_looked_goes_too(backend):
    home, ours = backend.home, socket.create_server(("127.0.0.1", 0))
    read, write = os.pipe()
    words = ["--plan", str(home.path / "endpoints" / "api"), "--slot", "9", "--master", "1"]
    words += [
        "--token",
        str(home.endpoints.token_path("api")),
        "--socket",
        str(ours.fileno()),
        "--heart",
        str(write),
    ]
    command = [sys.executable, "-m", "aiaas_magics.serving.worker", *words]
    subprocess.run(command, pass_fds=(ours.fileno(), write), timeout=60, check=True)
    ours.close()
    os.close(read)
    os.close(write)


def test_an_endpoint_outlives_the_backend_that_started_it(backend, tmp_path):
    kernel = LocalBackend(backend.home.path, spare=False)
    done(kernel, DeploySpec(model="m", as_="longer"))
    kernel.close()
    try:
        assert predict(backend, "longer")
    finally:
        endpoints.stop(backend.home, "longer", "test")


# races --------------------------------------------------------------------------------------------
def masters(backend, name):
    """Return the processes that serve a name, also those no row tells of."""
    words = {str(backend.home.path / "endpoints" / name)}
    running = [p for p in psutil.process_iter() if alive(p)]
    return [p for p in running if words <= set(command(p)) and "aiaas_magics.serving" in command(p)]


def command(process):
    try:
        return process.cmdline()
    except psutil.Error:
        return []


@pytest.mark.parametrize("replace", [False, True])
def test_two_deploys_of_one_name_at_once_leave_one_endpoint(backend, replace):
    def start(model):
        try:
            return deploy(backend, model, name="twins", replace=replace).model
        except errors.NameTaken:
            return None

    with ThreadPoolExecutor(2) as pool:
        won = [model for model in pool.map(start, ["m", "n"]) if model]
    assert len(won) == 1 + replace
    assert [p.pid for p in masters(backend, "twins")] == [info(backend, "twins").pid]
    assert info(backend, "twins").model in won
    assert endpoints.stop(backend.home, "twins", "test")
    assert masters(backend, "twins") == []


def test_two_endpoints_that_want_one_port_at_once_do_not_share_it(backend):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    def start(name):
        try:
            return deploy(backend, name=name, port=port).name
        except errors.PortInUse:
            return None

    with ThreadPoolExecutor(2) as pool:
        won = [name for name in pool.map(start, ["left", "right"]) if name]
    assert len(won) == 1
    assert endpoints.stop(backend.home, won[0], "test")


@pytest.mark.parametrize("name", ["half", "api"])
def test_a_deploy_cancelled_half_way_leaves_no_process(backend, name):
    before = info(backend, "api")
    job = backend.submit(DeploySpec(model="n", as_=name, replace=True))
    known = {before.pid}
    started = until(lambda: [p for p in masters(backend, name) if p.pid not in known])
    backend.cancel(job)
    until(lambda: not any(alive(p) for p in started))
    if name == "half":
        assert info(backend, "half").state == "FAILED"
    assert same(info(backend, "api"), before)
    assert predict(backend)


class Killed(BaseException):
    """Ends a starter as a signal does: nothing is tidied up."""


def kill_at(monkeypatch, where, what, after):
    """Let a step of a start be its last, right before or right after it is done."""
    step = getattr(where, what)

    def last(*words):
        if after:
            step(*words)
        raise Killed

    monkeypatch.setattr(where, what, last)


@pytest.mark.parametrize(
    ("step", "after", "model"), [("save", False, "m"), ("save", True, "n"), ("_end", False, "n")]
)
def test_of_two_whose_starter_is_killed_one_is_left(
    backend, other, monkeypatch, step, after, model
):
    with monkeypatch.context() as patched:
        kill_at(patched, backend.home.endpoints if step == "save" else endpoints, step, after)
        with pytest.raises(Killed):
            deploy(backend, "n", replace=True)
    now = info(backend, "other")
    assert (now.model, now.state, now.url) == (f"{model}@1", "READY", other.url)
    until(lambda: [p.pid for p in masters(backend, "other")] == [now.pid])
    assert predict(backend, "other")
    assert now.before is None


def test_the_one_before_stays_when_starter_and_successor_are_killed(backend, other, monkeypatch):
    with monkeypatch.context() as patched:
        kill_at(patched, endpoints, "_end", after=False)
        with pytest.raises(Killed):
            deploy(backend, "n", replace=True)
    after = backend.home.endpoints.find("other").pid
    os.kill(after, signal.SIGKILL)
    os.waitpid(after, 0)
    assert same(info(backend, "other"), other)
    assert predict(backend, "other")


def test_a_start_in_progress_is_not_taken_for_dead(backend, monkeypatch):
    seen = []

    def look(home, starting, before):
        endpoints.reap(home)
        seen.append(home.endpoints.get(starting.name).state)
        raise errors.EndpointError("enough", "", "")

    monkeypatch.setattr(endpoints, "_launch", look)
    with pytest.raises(errors.EndpointError, match="enough"):
        deploy(backend, name="slow")
    assert (seen, info(backend, "slow").state) == (["STARTING"], "FAILED")


def test_starting_and_stopping_leaves_no_file_open(backend):
    me = psutil.Process()
    deploy(backend, name="files")
    endpoints.stop(backend.home, "files", "test")
    before = me.num_fds()
    deploy(backend, name="files")
    endpoints.stop(backend.home, "files", "test")
    with pytest.raises(errors.PortInUse):
        deploy(backend, name="files", port=info(backend).port)
    assert me.num_fds() == before


def test_a_taken_port_is_opened_to_successors_only():
    first = listening.listen(0, share=False)
    port = first.getsockname()[1]
    with pytest.raises(errors.PortInUse) as caught:
        listening.listen(port, share=False)
    assert caught.value.try_ == "--port 0"
    second = listening.listen(port, share=True)
    with socket.create_connection(("127.0.0.1", port)):
        first.accept()[0].close()
    first.close()
    assert refused(port)
    second.close()


def test_new_connections_come_to_the_successor_alone():
    first = listening.listen(0, share=False)
    address = first.getsockname()
    second = listening.listen(address[1], share=True)
    second.listen()
    listening.divert(second)
    with first, second:
        first.setblocking(False)
        for _ in range(20):
            with socket.create_connection(address, timeout=5):
                second.accept()[0].close()
        with pytest.raises(BlockingIOError):
            first.accept()


def test_an_endpoint_keeps_the_schema_it_is_deployed_with(backend, other):
    (values,) = artefacts.example(folder(backend, "m"))
    asked = dict(zip(rows(backend)[0], values, strict=True))
    odd = [asked | {next(iter(asked)): 999.0}]
    said = client.predict(other.url, other.token, odd)
    assert [(note.problem, note.got) for note in said["warnings"]] == [("out of range", 999.0)]
    strict = deploy(backend, schema="refuse")
    assert (strict.url, strict.schema) == (other.url, "refuse")
    assert client.predict(strict.url, strict.token, [asked])["y_pred"]
    with pytest.raises(errors.EndpointError, match="out of range"):
        client.predict(strict.url, strict.token, odd)
    assert "1 rows 'out of range', 1 so far" in logs.end(backend.home, "other")
