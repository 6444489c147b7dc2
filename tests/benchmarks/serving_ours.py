"""What the benchmarks of serving measure: forests in a home of their own, and endpoints that serve them."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
import skops.io
from serving_load import Target, ask
from serving_peers import CACHE, Running, free_port
from sklearn.datasets import make_classification, make_regression
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

import aiaas_magics as aiaas
from aiaas_magics import session
from aiaas_magics.specs.records import EndpointInfo

FEATURES, TREES, DEPTH = 30, 100, 10
NAMES = [f"f{i}" for i in range(FEATURES)]
Rows = list[list[float]]

CONSTANT = """
import os, uvicorn
REPLY = b'{"y_pred": [1]}'
HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(REPLY))]

async def app(scope, receive, send):
    more = True
    while more:
        more = (await receive()).get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": REPLY})

uvicorn.run(
    app, port=int(os.environ["PORT"]), loop="uvloop", http="httptools", lifespan="off", ws="none", interface="asgi3",
    access_log=False, log_level="warning", server_header=False, date_header=False,
)
"""


@functools.cache
def table(task: str) -> tuple[np.ndarray, np.ndarray]:
    """Return 5,000 rows that float32 holds, and their target: all servers see the same numbers."""
    make = make_classification if task == "classification" else make_regression
    X, y = make(5000, FEATURES, n_informative=12, random_state=0)
    return X.astype("float32").astype("float64"), y


@functools.cache
def forest(task: str, seed: int = 0) -> Any:
    """Return a fitted forest."""
    kind = RandomForestClassifier if task == "classification" else RandomForestRegressor
    return kind(TREES, max_depth=DEPTH, random_state=seed).fit(*table(task))


def rows(count: int, task: str = "classification") -> Rows:
    """Return rows of the table."""
    found: Rows = table(task)[0][:count].tolist()
    return found


def write_forest() -> None:
    """Write the forest as a peer gets it: a joblib file, and an ONNX file of float32."""
    import joblib
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType

    folder = CACHE / "forest"
    folder.mkdir(parents=True, exist_ok=True)
    model = forest("classification")
    joblib.dump(model, folder / "model.joblib")
    inputs = [("X", FloatTensorType([None, FEATURES]))]
    graph = to_onnx(model, initial_types=inputs, options={"zipmap": False})
    (folder / "model.onnx").write_bytes(graph.SerializeToString())


@contextlib.contextmanager
def home() -> Iterator[Path]:
    """Open a home that is gone afterwards, its endpoints ended."""
    folder = Path(tempfile.mkdtemp(prefix="aiaas-bench-"))
    aiaas.connect(str(folder / "home"))
    try:
        yield folder
    finally:
        for name in [info.name for info in endpoints() if info.state == "READY"]:
            aiaas.endpoints.stop(name)
        session.close()
        shutil.rmtree(folder, ignore_errors=True)


def endpoints() -> list[EndpointInfo]:
    """Return the endpoints of the home."""
    return list(session.current().backend.query("endpoints"))  # type: ignore[arg-type]


def register(folder: Path, name: str, task: str = "classification", seed: int = 0) -> None:
    """Bring a forest into the home as the next version of a name."""
    file = folder / f"{name}.skops"
    file.write_bytes(skops.io.dumps(forest(task, seed)))
    sample = pd.DataFrame(table(task)[0], columns=NAMES).assign(y=table(task)[1])
    aiaas.models.import_(str(file), as_=name, sample=sample, target="y")


class Endpoint:
    """An endpoint of ours: how it is asked, and its processes."""

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def info(self) -> EndpointInfo:
        """Its record."""
        return session.current().endpoint(self.name)

    @property
    def headers(self) -> dict[str, str]:
        """What a request bears."""
        return {"Authorization": f"Bearer {self.info.token}"}

    def target(self, bodies: Sequence[bytes], path: str = "/predict", **more: str) -> Target:
        """Return what is asked; names of headers are given with ``_`` for ``-``."""
        headers = self.headers | {name.replace("_", "-"): value for name, value in more.items()}
        return Target(self.info.url + path, tuple(bodies), headers)

    def processes(self) -> list[psutil.Process]:
        """Return its master and workers."""
        master = psutil.Process(self.info.pid)
        return [master, *master.children(recursive=True)]

    def workers(self) -> list[psutil.Process]:
        """Return its workers."""
        return self.processes()[1:]

    def memory(self) -> float:
        """Return the megabytes its processes hold, shared pages counted once."""
        return sum(process.memory_full_info().pss for process in self.processes()) / 1e6


def single(count: int = 64) -> list[bytes]:
    """Return bodies of single rows for ``/predict``."""
    return [json.dumps({"X_test": [row]}).encode() for row in rows(count)]


def deploy(name: str, model: str = "forest@1", **more: Any) -> Endpoint:
    """Deploy the forest and look at its labels before anything is timed."""
    aiaas.deploy(model, as_=name, **more)
    found = Endpoint(name)
    replies = ask(found.info.url + "/predict", found.headers, single())
    labels = [json.loads(body)["y_pred"][0] for _, body in replies]
    expected = forest("classification").predict(np.array(rows(64))).tolist()
    if labels != expected:
        raise SystemExit(
            f"{name} answers otherwise than scikit-learn: {labels[:5]}, {expected[:5]}"
        )
    return found


def tensor(values: Rows, *, binary: bool) -> tuple[bytes, dict[str, str]]:
    """Return the body of an inference request of version 2 of the open protocol, and its headers."""
    name, shape = "X_test", [len(values), len(values[0])]
    put: dict[str, Any] = {"name": name, "shape": shape, "datatype": "FP64"}
    if not binary:
        return json.dumps({"inputs": [put | {"data": np.ravel(values).tolist()}]}).encode(), {}
    raw = struct.pack(f"<{shape[0] * shape[1]}d", *np.ravel(values))
    head = json.dumps({"inputs": [put | {"parameters": {"binary_data_size": len(raw)}}]}).encode()
    length = {"Inference-Header-Content-Length": str(len(head))}
    return head + raw, length | {"Content-Type": "application/octet-stream"}


def constant() -> Running:
    """Start a handler that reads a request and answers always the same, on our stack."""
    folder = CACHE / "apps" / "constant"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "app.py").write_text(CONSTANT)
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "app.py"], cwd=folder, env=os.environ | {"PORT": str(port)}, start_new_session=True
    )  # fmt: skip
    return Running(
        "constant handler", process, Target(f"http://127.0.0.1:{port}/", tuple(single()), {})
    )


TOKEN = "t" * 40
UNWATCHED = """
class Collector:
    def __init__(self, folder, slot=0):
        pass
    def __getattr__(self, name):
        return lambda *words, **more: None
"""


class Elsewhere:
    """The same model exported: a folder whose server is started and ended here.

    Parameters
    ----------
    watched
        Whether it takes note of all it answers, as an endpoint of the home does; else it has no collector at all.
    """

    def __init__(self, folder: Path, model: str, *, watched: bool = True) -> None:
        self.folder = folder / ("watched" if watched else "unwatched")
        aiaas.deploy(model, str(self.folder), export="docker", replace=True)
        info = session.current().model(model)
        build = folder / "home" / "builds" / info.digest.rpartition(":")[2]
        for each in build.glob("*/reference*"):
            shutil.copy(each, self.folder / "build")
        plan = json.loads((self.folder / "plan.json").read_text())
        (self.folder / "plan.json").write_text(json.dumps(plan | {"samples": True}))
        if not watched:
            (self.folder / "server/aiaas_magics/serving/collector.py").write_text(UNWATCHED)

    def start(self) -> tuple[subprocess.Popen[bytes], int]:
        """Start its server and return when it is ready."""
        port = free_port()
        more = {"AIAAS_TOKEN": TOKEN, "PYTHON": sys.executable, "PORT": str(port)}
        known = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        with (self.folder / "output").open("wb") as output:
            words = ["sh", str(self.folder / "start.sh")]
            process = subprocess.Popen(words, env=known | more, stdout=output, stderr=output)
        until_ready(port)
        return process, port

    @staticmethod
    def stop(process: subprocess.Popen[bytes]) -> None:
        """Ask it to end."""
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def until_ready(port: int, seconds: float = 30.0) -> None:
    """Return when a server says that it is ready."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=1):
                return
        except OSError:
            time.sleep(0.005)
    raise SystemExit("the server was not ready in time")


def cpu(master: int) -> float:
    """Return the CPU seconds that the workers of a master have used."""
    workers = psutil.Process(master).children(recursive=True)
    return sum(sum(worker.cpu_times()[:2]) for worker in workers)
