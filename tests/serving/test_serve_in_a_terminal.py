"""``aiaas serve``: a real process in a terminal, from its first line to Ctrl-C."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from aiaas_magics.backends.local import LocalBackend
from aiaas_magics.specs.data import DataSpec
from aiaas_magics.specs.train import TrainSpec
from aiaas_magics.testing.backend import states

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A home with the model clf."""
    backend = LocalBackend(tmp_path_factory.mktemp("terminal") / "home", spare=False)
    train = TrainSpec(data="iris", target="species", algo="ridge", as_="clf")
    for spec in (DataSpec(as_="iris", catalogue="iris"), train):
        assert states(backend, backend.submit(spec))[-1] == "SUCCEEDED"
    backend.close()
    return backend.folder


class Terminal:
    """A line that is being carried out; its words are read as they come."""

    def __init__(self, folder, tmp_path, *words, token=None):
        self.temporary = tmp_path / "tmp"
        self.temporary.mkdir()
        env = os.environ | {"AIAAS_HOME": str(folder), "TMPDIR": str(self.temporary)}
        env |= {"AIAAS_TOKEN": token} if token else {}
        command = [sys.executable, "-m", "aiaas_magics", "serve", "clf", "--port", "0", *words]
        self.log = tmp_path / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, env=env, stdout=subprocess.PIPE, stderr=log, text=True
            )

    def said(self):
        """Return what it says until it is ready."""
        lines = []
        for line in self.process.stdout:
            lines.append(line.rstrip())
            if "Ctrl-C" in line:
                return lines
        raise AssertionError(self.log.read_text())

    def end(self, number=signal.SIGINT):
        """Interrupt it; return its status and its last words."""
        self.process.send_signal(number)
        rest = self.process.stdout.read()
        return self.process.wait(60), rest.strip()


@pytest.fixture
def terminal(folder, tmp_path):
    begun = []

    def begin(*words, **more):
        begun.append(Terminal(folder, tmp_path, *words, **more))
        return begun[-1]

    yield begin
    for each in begun:
        each.process.kill()
        each.process.stdout.close()
        each.process.wait()


def url(lines):
    return next(word for line in lines for word in line.split() if word.startswith("http"))


def ask(at, token):
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    body = json.dumps({"X_test": [[5.1, 3.5, 1.4, 0.2]]}).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{at}/predict", body, headers)) as reply:
        return json.load(reply)["y_pred"]


def test_the_line_it_prints_asks_it(terminal):
    lines = terminal().said()
    assert lines[0].startswith("clf-api: clf@1, ready at http://127.0.0.1:")
    curl = lines[next(i for i, line in enumerate(lines) if line.startswith("export")) : -1]
    asked = subprocess.check_output(["sh", "-c", "\n".join(curl)], text=True)
    assert json.loads(asked) == {"y_pred": ["setosa"]}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_ends_in_good_order_and_leaves_nothing(terminal, number):
    running = terminal()
    at = url(running.said())
    assert running.end(number) == (0, "ended; what was asked is answered")
    assert not list(running.temporary.glob("aiaas-serve-*"))
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", int(at.rpartition(":")[2])), timeout=5)


def test_a_token_of_the_terminal_s_own_is_not_printed(terminal):
    lines = terminal(token="my-own-token").said()
    assert "my-own-token" not in "\n".join(lines)
    assert ask(url(lines), "my-own-token") == ["setosa"]


def test_requests_are_told_in_the_terminal(terminal):
    running = terminal(token="t")
    ask(url(running.said()), "t")
    running.end()
    assert "POST '/predict' 200" in running.log.read_text()


def test_the_home_knows_nothing_of_it(terminal, folder):
    terminal().said()
    backend = LocalBackend(folder, spare=False)
    assert backend.query("endpoints") == []
    backend.close()


def test_a_killed_worker_comes_back(terminal):
    import psutil

    running = terminal(token="t")
    at = url(running.said())
    psutil.Process(running.process.pid).children()[0].kill()
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            assert ask(at, "t") == ["setosa"]
            break
        except OSError:
            time.sleep(0.05)
    else:
        pytest.fail("nobody answers")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--host", "0.0.0.0"], "SpecError: --host 0.0.0.0 lets other machines ask"),
        (["--workers", "0"], "SpecError: --workers 0 is out of range"),
        (["--timeout", "soon"], "UsageError: --timeout soon is not a duration"),
    ],
)
def test_what_cannot_be_is_three_lines(terminal, words, said):
    running = terminal(*words)
    assert running.process.wait(60) == 1
    assert running.log.read_text().startswith(said)
