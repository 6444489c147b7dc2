"""A worker as a process: it follows its plan, imports no more than it needs, and ends when it cannot go on."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pytest

from aiaas_magics.engines.models import artefacts
from aiaas_magics.engines.optimising import building
from aiaas_magics.security import sealing
from aiaas_magics.serving import plan
from aiaas_magics.serving.heart import Pulse
from aiaas_magics.specs.serving import Plan, Served, ServingLimits

pytestmark = pytest.mark.timeout(120)

RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(RNG.normal(size=(80, 3)), columns=["a", "b", "c"])
BODY = json.dumps({"X_test": FRAME.head(5).to_numpy().tolist()}).encode()
TOKEN = "t" * 43


@pytest.fixture(scope="module")
def models(serve, tmp_path_factory):
    """Two versions that answer differently: m@1 converted, m@2 on scikit-learn itself."""
    found = {}
    for number, sign in ((1, 1.0), (2, -1.0)):
        table = FRAME.assign(y=sign * FRAME["a"] + 100 * number)
        trained = serve(
            table, "random_forest", task="regression", params={"n_estimators": 5}, test=0.0
        )
        _, folder = trained.context.model(trained.info.ref)
        build = tmp_path_factory.mktemp("build") / "b"
        verdict = building.verdict(trained.info, folder, FRAME, build) if number == 1 else None
        served = Served(
            model=f"m@{number}", folder=str(folder), digest=sealing.digest_of(sealing.folder_digests(folder)),
            signature=trained.signature, example={"X_test": artefacts.example(folder)},
        )  # fmt: skip
        if verdict is not None:
            assert verdict.tier != "sklearn"
            served = msgspec.structs.replace(
                served,
                build=str(build / verdict.folder),
                build_digest=verdict.build,
                tier=verdict.tier,
            )
        found[number] = served, trained.pipeline.predict(FRAME.head(5)).tolist()
    return found


class Process:
    """A worker, started as its master would."""

    def __init__(
        self, folder, code="from aiaas_magics.serving import worker; sys.exit(worker.main())"
    ):
        self.folder, self.log = folder, folder / "log"
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.listener.set_inheritable(True)
        self.port = self.listener.getsockname()[1]
        read, write = os.pipe()
        self.pulse = Pulse(read)
        words = ["--plan", str(folder), "--slot", "0", "--master", str(os.getpid())]
        words += ["--socket", str(self.listener.fileno()), "--heart", str(write)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-c", "import sys; " + code, *words], stdout=log, stderr=log,
                pass_fds=(self.listener.fileno(), write), env={**os.environ, "AIAAS_TOKEN": TOKEN},
            )  # fmt: skip
        os.close(write)

    def until_ready(self):
        assert self.pulse.await_ready(60)
        assert self.pulse.ready, self.log.read_text()
        return self

    def connection(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def ask(self, connection=None, body=BODY, **headers):
        """Return status, model and predictions."""
        with_ = connection or self.connection()
        told = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json", **headers}
        with_.request("POST", "/predict", body, told)
        reply = with_.getresponse()
        said = json.loads(reply.read())
        if connection is None:
            with_.close()
        return reply.status, reply.headers.get("x-aiaas-model"), said.get("y_pred")

    def end(self):
        """Tell it to go and return its exit status."""
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(30)

    def close(self):
        try:
            self.end()
        finally:
            self.process.kill()
            self.listener.close()
            self.pulse.close()


@pytest.fixture
def started(tmp_path):
    """Start a worker for versions; it is ended with the test."""
    with contextlib.ExitStack() as stack:

        def start(*versions, code=None, **told):
            wish(tmp_path, *versions, **told)
            process = Process(tmp_path, code) if code else Process(tmp_path)
            stack.callback(process.close)
            return process

        yield start


def wish(folder, *versions, revision=1, **told):
    plan.write(folder, Plan(endpoint="api", revision=revision, versions=versions, **told))


def follow(worker, *versions, revision, **told):
    """Change a worker's plan and return what it reports."""
    wish(worker.folder, *versions, revision=revision, **told)
    worker.process.send_signal(signal.SIGHUP)
    end = time.monotonic() + 40
    while (report := plan.told(worker.folder, 0)) is None or report.revision < revision:
        assert time.monotonic() < end, worker.log.read_text()
        time.sleep(0.01)
    return report


def as_(served, role, percent=100.0):
    return msgspec.structs.replace(served, role=role, percent=percent)


def test_a_converted_model_needs_no_table_library_and_no_database(models, started):
    (served, answers), out = models[1], "modules"
    code = (
        "import pathlib; from aiaas_magics.serving import worker; worker.main();"
        "pathlib.Path(sys.argv[2], 'modules').write_text(f'{sys.getswitchinterval()} ' + ' '.join(sys.modules))"
    )
    worker = started(served, code=code).until_ready()
    status, model, said = worker.ask()
    assert (status, model) == (200, "m@1")
    assert said == pytest.approx(answers, rel=1e-5)
    assert worker.end() == 0
    loaded = set((worker.folder / out).read_text().split())
    assert "uvicorn" in loaded
    assert (
        "0.001" in loaded
    )  # a second's thousandth is all that the event loop waits for another thread
    assert not loaded & {
        "sklearn",
        "pandas",
        "scipy",
        "sqlalchemy",
        "skops",
        "IPython",
        "pyarrow",
        "matplotlib",
    }


def test_versions_change_places_without_touching_a_connection(models, started):
    worker = started(models[1][0]).until_ready()
    stop, seen, failed = threading.Event(), [], []

    def ask():
        connection = worker.connection()
        connection.auto_open = False  # a closed connection is an error, not opened again
        connection.connect()
        while not stop.is_set():
            status, model, said = worker.ask(connection)
            seen.append(model)
            expected = models[int(model[-1])][1]
            if status != 200 or said != pytest.approx(expected, rel=1e-5):
                failed.append((status, model, said))
        connection.close()

    with ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(ask) for _ in range(4)]
        try:
            for revision, number in enumerate((2, 1, 2), 2):
                report = follow(worker, models[number][0], revision=revision)
                assert (report.pid, report.error) == (worker.process.pid, "")
                assert worker.ask()[1] == f"m@{number}"
        finally:
            stop.set()
    for task in asking:
        task.result()
    assert failed == []
    assert set(seen) == {"m@1", "m@2"}


def test_a_canary_a_shadow_and_new_limits_are_taken_up(models, started):
    one, two = models[1][0], models[2][0]
    worker = started(one).until_ready()
    follow(worker, one, as_(two, "canary", 50.0), revision=2)
    found = {worker.ask(**{"X-AIAAS-Key": f"k{i}"})[1] for i in range(30)}
    assert found == {"m@1", "m@2"}
    follow(worker, as_(one, "shadow"), as_(two, "main"), revision=3, limits=ServingLimits(size=10))
    assert worker.ask()[0] == 413


def test_a_version_that_cannot_be_opened_changes_nothing_and_says_why(models, started):
    worker = started(models[1][0]).until_ready()
    changed = msgspec.structs.replace(models[2][0], digest="sha256:other")
    report = follow(worker, changed, revision=2)
    assert "it is not what was registered" in report.error or "m@2 is not opened" in report.error
    assert worker.ask()[1] == "m@1"
    assert follow(worker, models[2][0], revision=3).error == ""
    assert worker.ask()[1] == "m@2"


def test_a_worker_that_comes_back_serves_what_it_can(models, started):
    changed = msgspec.structs.replace(models[2][0], digest="sha256:other")
    worker = started(models[1][0], as_(changed, "canary", 50.0)).until_ready()
    assert {worker.ask()[1] for _ in range(8)} == {"m@1"}
    assert "m@2 is not served" in worker.log.read_text()


def test_a_main_version_that_cannot_be_opened_is_told_in_a_line(models, started):
    changed = msgspec.structs.replace(models[1][0], build_digest="sha256:other")
    worker = started(changed)
    assert worker.process.wait(60) == 1
    assert "is not opened: it changed since its gate" in worker.log.read_text().splitlines()[-1]


def test_a_worker_without_a_token_lets_nobody_in(models, started):
    code = "import os; os.environ['AIAAS_TOKEN'] = ' '; from aiaas_magics.serving import worker; sys.exit(worker.main())"
    worker = started(models[1][0], code=code)
    assert worker.process.wait(60) == 1
    assert (
        worker.log.read_text().splitlines()[-1].endswith("there is no token: $AIAAS_TOKEN is empty")
    )


HANGS = """
import time
from aiaas_magics.serving import loading, worker
class Hangs:
    tier, inline = "hangs", {inline}
    def __init__(self, signature):
        self.signature, self.warm = signature, 1
    def predict(self, rows, *, proba):
        self.warm -= 1
        if self.warm < 0:
            time.sleep(1000)
        raise ValueError
loading.opened = lambda served: loading.Opened(Hangs(served.signature), False)
worker.main()
"""


@pytest.mark.parametrize(
    ("inline", "what"),
    [(False, "the model has not answered"), (True, "the event loop has stood still")],
)
def test_a_model_that_hangs_ends_its_worker(models, started, inline, what):
    code = f"exec({HANGS.format(inline=inline)!r})"
    worker = started(models[1][0], code=code, limits=ServingLimits(timeout=0.2)).until_ready()
    with contextlib.suppress(OSError, http.client.HTTPException):
        assert worker.ask()[0] == 504
    assert worker.process.wait(30) == 1
    assert what in worker.log.read_text()


def test_a_worker_that_holds_too_much_drains_and_ends(models, started):
    worker = started(models[1][0]).until_ready()
    connection = worker.connection()
    assert worker.ask(connection)[0] == 200
    wish(worker.folder, models[1][0], revision=2, limits=ServingLimits(memory=1 << 20))
    worker.process.send_signal(signal.SIGHUP)
    assert worker.process.wait(40) == 0
    assert "MB of memory are held and 1 allowed" in worker.log.read_text()
    connection.close()


def test_requests_are_logged_without_what_was_in_them(models, started):
    worker = started(models[1][0]).until_ready()
    worker.ask()
    worker.ask(body=b'{"X_test": [[123456789.5, "secret", 0]]}')
    worker.end()
    text = worker.log.read_text()
    assert "POST '/predict' 200" in text
    assert "POST '/predict' 422" in text
    assert "5 rows m@1" in text
    assert not any(word in text for word in ("secret", "123456789", TOKEN))
    assert Path(worker.folder / "log").stat().st_size < 5_000
