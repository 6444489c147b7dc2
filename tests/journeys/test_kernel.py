"""The whole journey in a real kernel: its outputs, its death, its interrupts."""

import os
import signal
import time

import pytest
from jupyter_client.manager import KernelManager
from sklearn.datasets import load_breast_cancer

from aiaas_magics.backends.local import LocalBackend
from aiaas_magics.specs.jobs import JobState

pytestmark = pytest.mark.timeout(240)
CARD = {"text/plain", "text/html", "application/vnd.aiaas+json"}
CHART = {"text/plain", "image/png", "application/vnd.vegalite.v5+json"}
LEARN = "clean --target diagnosis --algo random_forest"
STEPS = {
    "load": "%aiaas_data load cancer.csv --as cancer",
    "prepare": "%aiaas_prepare cancer --dropna --scale maxabs --as clean",
    "tune": f"%aiaas_tune {LEARN} --cv 2 --as best max_depth=[2,4] n_estimators=[5,10]",
    "train": f"%%aiaas_train {LEARN} --as clf\n{{'n_estimators': 20, 'max_depth': 10}}",
    "evaluate": "%aiaas_evaluate clf --repeats 200 --shuffles 2",
    "deploy": "%aiaas_deploy clf --as cancer-api",
    "predict": "%aiaas_predict cancer-api clean --rows 5",
}


class Kernel:
    """A kernel in a folder, as a notebook page uses it."""

    def __init__(self, folder):
        env = {**os.environ, "AIAAS_HOME": str(folder / "home")}
        self.manager = KernelManager()
        self.manager.start_kernel(cwd=str(folder), env=env)
        self.client = self.manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)
        self.run("%load_ext aiaas_magics\n%config AIaaS.progress = False")

    def run(self, code):
        """Return the contents of a cell's outputs."""
        return self.outputs(self.client.execute(code))

    def outputs(self, asked):
        found = []
        while True:
            message = self.client.get_iopub_msg(timeout=200)
            if message["parent_header"].get("msg_id") != asked:
                continue
            if message["msg_type"] in ("execute_result", "display_data", "error"):
                found.append(message["content"])
            if message["content"].get("execution_state") == "idle":
                return found

    def kill(self):
        os.kill(self.manager.provisioner.pid, signal.SIGKILL)

    def end(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Give a folder with a CSV file and a home; its jobs and endpoints end with the module."""
    made = tmp_path_factory.mktemp("kernel")
    frame = load_breast_cancer(as_frame=True).frame.rename(columns={"target": "diagnosis"})
    frame.to_csv(made / "cancer.csv", index=False)
    yield made
    backend = LocalBackend(made / "home", spare=False)
    for job in backend.query("jobs"):
        backend.cancel(job.id)
    for info in backend.query("endpoints"):
        os.kill(info.pid, signal.SIGTERM)
    backend.close()


@pytest.fixture(scope="module")
def journey(folder):
    """Give a kernel, and the outputs of every step taken in it."""
    kernel = Kernel(folder)
    yield kernel, {name: kernel.run(code) for name, code in STEPS.items()}
    kernel.end()


@pytest.fixture
def backend(journey, folder):
    """Look at the same home from another process."""
    opened = LocalBackend(folder / "home", spare=False)
    yield opened
    opened.close()


def texts(outputs):
    return [o["data"]["text/plain"] if "data" in o else "\n".join(o["traceback"]) for o in outputs]


@pytest.mark.parametrize(
    ("step", "first", "charts"),
    [
        ("load", "cancer@1: 569 rows x 31 columns", 0),
        ("prepare", "clean@1: 569 rows x 31 columns", 0),
        ("tune", "best@1: random_forest, best of 4 candidates", 3),
        ("train", "clf@1: random_forest, accuracy 0.9", 0),
        ("evaluate", "clf@1 on 114 rows: held-out rows of clean@1", 6),
        ("deploy", "cancer-api: clf@1, ready at http://127.0.0.1:", 0),
        ("predict", "cancer-api: 5 predictions of diagnosis: 0, 0, 0, 0, 0", 0),
    ],
)
def test_each_step_answers_a_card_and_charts_of_their_own(journey, step, first, charts):
    outputs = journey[1][step]
    assert texts(outputs)[0].startswith(first)
    kinds = [set(output["data"]) for output in outputs]
    assert kinds[0] == CARD
    assert [kind for kind in kinds if "image/png" in kind] == [CHART] * charts


def test_an_error_is_an_error_output_of_three_lines(journey):
    (error,) = journey[0].run("%aiaas_evaluate clg")
    assert (error["ename"], error["evalue"]) == ("NotFound", "no model 'clg'")
    assert error["traceback"] == [
        "NotFound: no model 'clg'",
        "  hint: did you mean 'clf'?",
        "  try:  %aiaas_models",
    ]


def running(backend, about):
    """Return the job that makes something, once it has told of a candidate."""
    while True:
        for job in backend.query("jobs", {"about": about}):
            if any(event.type == "trial" for event in backend.events(f"job:{job.id}")):
                return job.id
        time.sleep(0.05)


def slow(name, trees, count, more=""):
    grid = ",".join(str(trees + place) for place in range(count))
    return f"%aiaas_tune {LEARN} --cv 2 --as {name} {more} n_estimators=[{grid}]"


def test_a_job_and_an_endpoint_outlive_their_kernel(journey, backend, folder):
    first = Kernel(folder)
    first.run(slow("survivor", 60, 8, "--detach"))
    job = running(backend, "survivor")
    first.kill()
    second = Kernel(folder)
    (listed,) = second.run("%aiaas_jobs")
    assert listed["data"]["text/plain"].splitlines()[2].split()[:2] == [job, "tune"]
    answer = texts(second.run(f"%aiaas_jobs attach {job}"))
    assert answer[0].startswith("survivor@1: random_forest, best of 8 candidates")
    (predicted,) = texts(second.run("%aiaas_predict cancer-api clean --rows 1"))
    assert predicted.startswith("cancer-api: 1 prediction of diagnosis: 0\n")
    first.end()
    second.end()


def test_an_interrupt_keeps_the_best_so_far(journey, backend):
    kernel = journey[0]
    asked = kernel.client.execute(slow("stopped", 60, 200))
    job = running(backend, "stopped")
    kernel.manager.interrupt_kernel()
    card, *_ = kernel.outputs(asked)
    assert "(stopped early)" in card["data"]["text/plain"]
    assert "(stopped early)" in card["data"]["text/html"]
    record = backend.query("jobs", {"id": job})[0]
    assert (record.state, record.partial) == (JobState.SUCCEEDED, True)
    assert len(backend.result(job).trials) < 200


def test_a_second_interrupt_cancels(journey, backend):
    kernel = journey[0]
    asked = kernel.client.execute(slow("cancelled", 20_000, 4))
    job = begun(backend, "cancelled", JobState.RUNNING)
    kernel.manager.interrupt_kernel()
    begun(backend, "cancelled", JobState.STOPPING)
    time.sleep(1.1)  # an earlier one counts as the first
    kernel.manager.interrupt_kernel()
    (error,) = kernel.outputs(asked)
    assert error["ename"] == "JobCancelled"
    assert len(error["traceback"]) <= 3
    assert backend.query("jobs", {"id": job})[0].state is JobState.CANCELLED
    assert "cancelled" not in [info.name for info in backend.query("models")]


def begun(backend, about, state):
    while True:
        for job in backend.query("jobs", {"about": about}):
            if job.state is state:
                return job.id
        time.sleep(0.05)
