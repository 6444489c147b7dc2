"""Two processes at once on one home, and Ctrl-C at any moment: what stands is whole, and the home is usable after."""

import os
import random
import signal
import subprocess
import sys

import pytest

from aiaas_magics.backends.local import LocalBackend

pytestmark = pytest.mark.timeout(240)
WORK = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in a script's background
import pandas as pd, aiaas_magics as aiaas
aiaas.connect(sys.argv[1])
print("ready", flush=True)
df = pd.DataFrame({"a": [0.5, 1, 2, 3, 4, 5] * 20, "y": list("uuuvvv") * 20})
model = aiaas.train(df, target="y", algo="ridge", as_=sys.argv[2])
print("made", model.ref, flush=True)
"""


def working(home, name):
    """Start a process that trains on a home; it hears an interrupt."""
    return subprocess.Popen(
        [sys.executable, "-c", WORK, str(home), name], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"AIAAS_HOME": str(home)},
    )  # fmt: skip


def standing(home):
    """Return the refs of the models of a home, each of which can be described; end what still runs."""
    backend = LocalBackend(home, spare=False)
    try:
        for job in backend.query("jobs"):
            backend.cancel(job.id)
        assert all(job.state.final for job in backend.query("jobs"))
        refs = [model.ref for model in backend.query("models")]
        kept = sorted(f"{p.parent.name}@{p.name}" for p in (home / "models").glob("*/*"))
        assert sorted(refs) == kept, "a model half made"
        return refs
    finally:
        backend.close()


def test_two_processes_on_a_fresh_home_share_one_name(tmp_path):
    both = [working(tmp_path / "home", "m") for _ in range(2)]
    said = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert sorted(out.split()[-1] for out, _ in said) == ["m@1", "m@2"]
    assert sorted(standing(tmp_path / "home")) == ["m@1", "m@2"]


@pytest.mark.parametrize("seed", range(3))
def test_an_interrupt_at_any_moment_leaves_a_home_that_works(tmp_path, seed):
    home = tmp_path / "home"
    process = working(home, "m")
    assert process.stdout.readline() == "ready\n"
    try:
        process.wait(random.Random(seed).uniform(0, 3))
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
    process.communicate()
    assert set(standing(home)) <= {"m@1"}
    after = working(home, "later")
    said, told = after.communicate()
    assert said.split()[-1] == "later@1", told
