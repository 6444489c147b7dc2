"""A server that was exported: started from its folder where nothing is installed but what its requirements name."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import venv
from importlib.metadata import files
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from aiaas_magics import __version__
from aiaas_magics.backends.local import LocalBackend
from aiaas_magics.engines.elsewhere import needs
from aiaas_magics.engines.models import artefacts
from aiaas_magics.session import Session

pytestmark = pytest.mark.timeout(300)
TOKEN = "the-token-of-a-test"
RNG = np.random.default_rng(0)
NOTEBOOK = {"ipython", "ipykernel", "jupyterlab", "ipywidgets", "sqlalchemy", "optuna", "vl-convert-python"}  # fmt: skip
MODELS = {
    "numbers": ("plain", "random_forest"),
    "mixed": ("rows", "hist_gradient_boosting"),
    "own": ("ready", "logistic_regression"),
}


def frame():
    found = pd.DataFrame(RNG.normal(size=(200, 3)), columns=["a", "b", "c"])
    found["kind"] = RNG.choice(["red", "green", "blue"], 200)
    return found.assign(y=np.where(found["a"] + (found["kind"] == "red") > 0.5, "yes", "no"))


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """A session on a home with a model of numbers, one of mixed columns, and one with code of the user's own."""
    backend = LocalBackend(tmp_path_factory.mktemp("there") / "home", spare=False)
    found = Session(backend)
    say, rows = found.run, frame()
    say("data", "load", {"source": rows[["a", "b", "c", "y"]], "as_": "plain"})
    say("data", "load", {"source": rows, "as_": "rows"})
    code = "df['d'] = df['a'] * 2"
    say("prepare", "", {"data": "rows", "as_": "ready", "code": code, "target": "y"})
    for name, (data, algo) in MODELS.items():
        say("train", "", {"data": data, "target": "y", "as_": name, "algo": algo})
    yield found
    backend.close()


@pytest.fixture(scope="module")
def exported(session, tmp_path_factory):
    """What returns the folder of an exported model's server, written once."""
    folder = tmp_path_factory.mktemp("elsewhere")

    def export(name):
        path = folder / name
        if not path.exists():
            session.run("deploy", "", {"model": name, "export": "docker", "path": str(path)})
        return path

    return export


def names(folder):
    return needs.named((folder / "requirements.txt").read_text().splitlines())


def bare(folder):
    """Return an interpreter that finds the packages of a folder's requirements, as installed here, and no others."""
    where = folder.parent / f"{folder.name}-venv"
    venv.create(where, with_pip=False, symlinks=True)
    (site,) = where.glob("lib/python*/site-packages")
    for name in names(folder):
        for file in files(name) or ():
            top, there = file.parts[0], site / file.parts[0]
            if top not in ("..", "__pycache__") and not there.exists():
                there.symlink_to(Path(file.locate()).parents[len(file.parts) - 1] / top)
    return where / "bin" / "python"


def installed(folder):
    """Return an interpreter of an environment into which pip has put a folder's requirements."""
    where = folder.parent / f"{folder.name}-pip"
    venv.create(where, with_pip=True)
    words = ["-m", "pip", "install", "-q", "-r", str(folder / "requirements.txt")]
    subprocess.run([str(where / "bin" / "python"), *words], check=True)
    return where / "bin" / "python"


class Elsewhere:
    """A server that was started by its script, in a folder that is not its own."""

    def __init__(self, folder, python, *words):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            self.port = taken.getsockname()[1]
        env = {"PATH": os.environ["PATH"], "PYTHON": str(python), "PORT": str(self.port), "AIAAS_TOKEN": TOKEN}  # fmt: skip
        self.log = folder.parent / f"{folder.name}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                ["sh", str(folder / "start.sh"), *words], cwd="/", env=env, stdout=log, stderr=log
            )

    def ready(self):
        end = time.monotonic() + 60
        while time.monotonic() < end and self.process.poll() is None:
            try:
                return urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health/ready", timeout=5).status == 200  # fmt: skip
            except OSError:
                time.sleep(0.05)
        return False

    def ask(self, body, token=TOKEN, host="credit.example.org"):
        """Return status and answer."""
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Host": host}  # fmt: skip
        asked = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/predict", json.dumps(body).encode(), headers
        )
        try:
            with urllib.request.urlopen(asked, timeout=20) as reply:
                return reply.status, json.loads(reply.read())
        except urllib.error.HTTPError as refused:
            return refused.code, json.loads(refused.read())

    def get(self, path):
        """Return the text at a path."""
        headers = {"Authorization": f"Bearer {TOKEN}"}
        asked = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers)
        with urllib.request.urlopen(asked, timeout=20) as reply:
            return reply.read().decode()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


@pytest.fixture
def started(exported):
    """What starts an exported model's server and waits until it is ready."""
    running = []

    def start(name, python=bare):
        folder = exported(name)
        running.append(Elsewhere(folder, python(folder)))
        assert running[-1].ready(), running[-1].log.read_text()
        return running[-1]

    yield start
    for each in running:
        each.stop()


def agrees(session, server, name):
    """Compare a server's answers with the model's in the notebook."""
    info = session.model(name)
    rows = frame()[[column for column, _ in info.signature.inputs]]
    pipeline = artefacts.load(session.backend.home.registry.folder(info.ref))
    status, reply = server.ask({"X_test": rows.to_dict("records"), "proba": True})
    assert (status, reply["y_pred"]) == (200, pipeline.predict(rows).tolist())
    np.testing.assert_allclose(reply["y_proba"], pipeline.predict_proba(rows), atol=1e-6)


@pytest.mark.parametrize("name", MODELS)
def test_it_answers_as_the_notebook_does(session, started, name):
    agrees(session, started(name), name)


@pytest.mark.long
@pytest.mark.parametrize("name", ["numbers", "own"])
def test_it_answers_in_an_environment_that_pip_made(session, started, name):
    agrees(session, started(name, installed), name)


def test_it_asks_for_the_token_takes_any_host_name_and_knows_its_version(started):
    server = started("numbers")
    for path in ("/version", "/v2", "/openapi.json"):
        assert __version__ in server.get(path)
    example = json.loads((server.log.parent / "numbers" / "plan.json").read_text())["versions"][0]["example"]  # fmt: skip
    assert server.ask(example)[0] == 200
    assert server.ask(example, token="another")[0] == 401


def test_the_image_s_own_command_starts_it(exported):
    folder = exported("numbers")
    (line,) = [x for x in (folder / "Dockerfile").read_text().splitlines() if x.startswith("CMD ")]
    _, script, *words = json.loads(line.removeprefix("CMD "))
    server = Elsewhere(folder, bare(folder), *words)
    try:
        assert script == "start.sh"
        assert server.ready(), server.log.read_text()
    finally:
        server.stop()


def test_it_ends_in_good_order_when_it_is_told_to(started):
    server = started("numbers")
    assert server.stop() == 0


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """A Python in whose environment nothing is installed."""
    where = tmp_path_factory.mktemp("empty") / "venv"
    venv.create(where, with_pip=False, symlinks=True)
    return str(where / "bin" / "python")


@pytest.mark.parametrize(
    ("token", "python", "said"),
    [
        (None, "python3", "AIAAS_TOKEN: is to hold the token"),
        ("short", "python3", "AIAAS_TOKEN is too short to be safe"),
        (TOKEN, None, "is no Python with the packages of requirements.txt"),
        (TOKEN, "no-such-python", "no-such-python is no Python with the packages"),
    ],
)
def test_what_is_missing_is_told_before_it_starts(exported, empty, token, python, said):
    env = {"PATH": os.environ["PATH"], "PYTHON": python or empty}
    env |= {} if token is None else {"AIAAS_TOKEN": token}
    words = ["sh", str(exported("numbers") / "start.sh")]
    ended = subprocess.run(words, check=False, env=env, capture_output=True, text=True, timeout=60)
    assert ended.returncode != 0
    assert said in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "file"), [("numbers", "build/model.onnx"), ("own", "model/model.skops")]
)
def test_what_was_changed_on_the_way_is_not_served(exported, tmp_path, name, file):
    folder = tmp_path / name
    shutil.copytree(exported(name), folder)
    with (folder / file).open("ab") as changed:
        changed.write(b"x")
    server = Elsewhere(folder, bare(folder))
    try:
        assert not server.ready()
        assert server.process.wait(30) != 0
        assert "is not opened" in server.log.read_text()
    finally:
        server.stop()


def test_a_pipeline_that_is_not_needed_stays_at_home(exported):
    assert not list(exported("numbers").rglob("*.skops"))
    assert not (exported("numbers") / "server" / "aiaas_magics" / "engines").exists()


@pytest.mark.parametrize("name", MODELS)
def test_no_package_of_the_notebook_is_needed(exported, name):
    needed = {each.lower() for each in names(exported(name))}
    assert not needed & NOTEBOOK
    assert ("pandas" in needed) == (name == "own")


@pytest.mark.parametrize("name", MODELS)
def test_every_package_is_pinned_and_the_image_is_made_of_them(exported, name):
    folder = exported(name)
    lines = (folder / "requirements.txt").read_text().splitlines()
    assert all("==" in line for line in lines)
    told = (folder / "Dockerfile").read_text()
    assert f"FROM python:{sys.version_info.major}.{sys.version_info.minor}-slim" in told
    assert '"--host", "0.0.0.0"' in told
    assert "USER 10001" in told
