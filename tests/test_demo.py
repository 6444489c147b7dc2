"""The demo as a terminal meets it: the whole story, nothing left behind, and an end at any moment."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psutil
import pytest

from aiaas_magics import cli, session
from aiaas_magics.demo import Story
from aiaas_magics.testing.stages import Count

pytestmark = pytest.mark.timeout(240)
STEPS = (
    "%aiaas_data load cancer.csv --as cancer",
    "%aiaas_prepare cancer --dropna --scale maxabs --as clean",
    "%aiaas_train clean --target diagnosis --algo logistic_regression --as straight",
    "%aiaas_train clean --target diagnosis --algo random_forest --as forest",
    "%aiaas_tune clean --target diagnosis --algo random_forest --cv 5 --as best",
    "%aiaas_train clean --target diagnosis --algo random_forest --as clf n_estimators=100",
    "%aiaas_evaluate clf",
    "%aiaas_deploy clf --as cancer-api",
    "%aiaas_predict cancer-api clean --rows 5",
)


def started(folder, *words):
    """Start ``aiaas demo`` with `folder` as its place for temporary files."""
    (folder / "tmp").mkdir()
    env = {**os.environ, "TMPDIR": str(folder / "tmp"), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "aiaas_magics", "demo", *words]
    return subprocess.Popen(
        command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def working_in(folder):
    found = psutil.process_iter(["cmdline"])
    return [p for p in found if any(str(folder) in word for word in p.info["cmdline"] or ())]


def left(folder):
    """Return what a demo left: processes that are not gone soon, and files."""
    end = time.monotonic() + 10
    while working_in(folder) and time.monotonic() < end:
        time.sleep(0.05)
    return [*working_in(folder), *(folder / "tmp").iterdir()]


def test_the_story_is_told_and_nothing_is_left(tmp_path):
    running = started(tmp_path)
    said, _ = running.communicate()
    assert running.returncode == 0
    told = " ".join(said.split())
    assert [step for step in STEPS if step not in told] == []
    assert '200 {"y_pred":["malignant"]}' in said
    assert left(tmp_path) == []
    assert not (tmp_path / "home").exists()


@pytest.fixture
def heard():
    """Let children hear an interrupt also where pytest runs in a script's background, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heard")
@pytest.mark.parametrize("moment", ["1 Data", "%aiaas_data load", "4 Tune", "%aiaas_deploy"])
def test_an_interrupt_ends_everything(tmp_path, moment):
    running = started(tmp_path)
    for line in running.stdout:
        if moment in line:
            break
    running.send_signal(signal.SIGINT)
    said, told = running.communicate()
    assert running.returncode == 130, told
    assert "Done in" not in said
    assert told.rstrip().endswith("interrupted")
    assert left(tmp_path) == []


@pytest.fixture
def kept(tmp_path):
    """Run the demo so that its endpoint stays; it ends with the test."""
    session.close()  # of whatever test came before: the terminal's door asks this test's home
    running = started(tmp_path, "--keep")
    said, _ = running.communicate()
    assert running.returncode == 0
    yield said
    cli.main(["stop", "cancer-api"])
    session.close()


def ask(port, token):
    body = json.dumps({"X_test": [[1.0] * 30]}).encode()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/predict", body, headers)
    with urllib.request.urlopen(request, timeout=30) as reply:
        return reply.status


def test_a_kept_endpoint_answers_until_it_is_stopped(kept, home, tmp_path, capsys):
    assert list((tmp_path / "tmp").iterdir()) == []
    cli.main(["endpoints"])
    listed = capsys.readouterr().out
    assert "cancer-api: clf@1, ready at http://127.0.0.1:" in listed
    port = listed.strip().rpartition(":")[2]
    assert f"stays up at http://127.0.0.1:{port}. `aiaas stop cancer-api`" in kept
    assert cli.main(["token", "cancer-api"]) == 0
    assert ask(port, capsys.readouterr().out.strip()) == 200
    assert cli.main(["stop", "cancer-api"]) == 0
    assert capsys.readouterr().out == "cancer-api is stopped\n"
    assert left(tmp_path) == []
    assert Path(home, "models", "clf", "1").is_dir()


def test_only_what_the_story_began_is_ended(home, tmp_path):
    backend = session.connect(str(home)).backend
    story = Story(tmp_path)
    own, another = (backend.submit(Count(steps=1000)) for _ in range(2))
    session.current().submitted.append(own)
    story.end()
    states = {job.id: job.state.value for job in backend.query("jobs")}
    assert states[own] == "CANCELLED"
    assert states[another] in ("QUEUED", "RUNNING")
    backend.cancel(another)
    session.close()
