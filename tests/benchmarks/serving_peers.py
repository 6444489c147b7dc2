"""Model servers of others, each in a virtual environment of its own, given the same forest.

Each is asked in its own words, as its manual shows them: once with the scikit-learn model as the peer ships, once with
the same ONNX file. Environments lie in the temporary folder and stay there; the first run installs them (about ten
minutes and 3 GB). A peer that cannot be installed or does not answer is said so and left out.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import psutil
from serving_load import Target, ask

CACHE = Path(tempfile.gettempdir()) / "aiaas-bench-serving"
SAME = tuple(f"{name}=={version(name)}" for name in ("scikit-learn", "numpy", "onnxruntime"))
"""What every peer gets besides itself: the libraries that the forest was made with."""
READY = 90.0

MODEL = """
import os
import numpy as np

def load():
    folder = os.environ["FOREST"]
    if os.environ["AS"] == "sklearn":
        import joblib
        model = joblib.load(folder + "/model.joblib")
        return lambda rows: model.predict(np.asarray(rows))
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(folder + "/model.onnx", options)
    return lambda rows: session.run(["label"], {"X": np.asarray(rows, dtype="float32")})[0]
"""

FASTAPI = """
import os
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from forest import load

class Rows(BaseModel):
    X: list[list[float]]

app, model = FastAPI(), load()

@app.post("/predict")
async def predict(rows: Rows):
    return {"y": model(rows.X).tolist()}

uvicorn.run(app, port=int(os.environ["PORT"]), log_level="warning", access_log=False)
"""

LITSERVE = """
import os
import litserve
from forest import load

class Forest(litserve.LitAPI):
    def setup(self, device):
        self.model = load()
    def decode_request(self, request):
        return request["X"]
    def predict(self, rows):
        return self.model(rows)
    def encode_response(self, labels):
        return {"y": labels.tolist()}

if __name__ == "__main__":
    server = litserve.LitServer(Forest(), accelerator="cpu", workers_per_device=1)
    server.run(port=int(os.environ["PORT"]), num_api_servers=1, generate_client_file=False, log_level="warning")
"""

BENTOML = """
import bentoml
import numpy as np
from forest import load

@bentoml.service(workers=1)
class Forest:
    def __init__(self):
        self.model = load()

    @bentoml.api
    def predict(self, X: np.ndarray) -> np.ndarray:
        return self.model(X)
"""

MLSERVER = """
from forest import load
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceResponse

class Forest(MLModel):
    async def load(self):
        self.model = load()
        return True

    async def predict(self, payload):
        labels = self.model(NumpyCodec.decode_input(payload.inputs[0]))
        return InferenceResponse(model_name=self.name, outputs=[NumpyCodec.encode_output("predict", labels)])
"""

MLFLOW = """
import os, sys
folder, out = os.environ["FOREST"], sys.argv[1]
if os.environ["AS"] == "sklearn":
    import joblib, mlflow.sklearn
    model = joblib.load(folder + "/model.joblib")
    mlflow.sklearn.save_model(model, out, serialization_format="cloudpickle")
else:
    import mlflow.onnx, onnx
    mlflow.onnx.save_model(onnx.load(folder + "/model.onnx"), out)
"""


class Peer(NamedTuple):
    """A server of somebody else's: what is installed, what is written and run, how it is asked.

    `prepare` fills the folder the server starts in and returns the words of its command, the first of which is a
    program of its environment. `body` makes a request of rows, `labels` reads the answer.
    """

    name: str
    packages: tuple[str, ...]
    prepare: Callable[[Path, Path, int, str], list[str]]
    path: str
    body: Callable[[Any], Any]
    labels: Callable[[Any], list[Any]]


def _script(text: str) -> Callable[[Path, Path, int, str], list[str]]:
    def prepare(folder: Path, programs: Path, port: int, kind: str) -> list[str]:
        (folder / "app.py").write_text(text)
        return ["python", "app.py"]

    return prepare


def _bentoml(folder: Path, programs: Path, port: int, kind: str) -> list[str]:
    (folder / "app.py").write_text(BENTOML)
    return ["bentoml", "serve", "app:Forest", "--port", str(port)]


def _mlserver(folder: Path, programs: Path, port: int, kind: str) -> list[str]:
    (folder / "app.py").write_text(MLSERVER)
    grpc, metrics = free_port(), free_port()
    settings = {"host": "127.0.0.1", "http_port": port, "grpc_port": grpc, "metrics_port": metrics}
    if kind == "onnx":
        settings["parallel_workers"] = (
            0  # the model in the server's own process, which is the faster way
        )
    (folder / "settings.json").write_text(json.dumps(settings))
    own = {"sklearn": "mlserver_sklearn.SKLearnModel", "onnx": "app.Forest"}[kind]
    parameters = {"uri": str(CACHE / "forest" / "model.joblib"), "version": "v1"}
    model = {"name": "forest", "implementation": own, "parameters": parameters}
    (folder / "model-settings.json").write_text(json.dumps(model))
    return ["mlserver", "start", "."]


def _mlflow(folder: Path, programs: Path, port: int, kind: str) -> list[str]:
    (folder / "save.py").write_text(MLFLOW)
    words = [str(programs / "python"), "save.py", "model"]
    subprocess.run(
        words, cwd=folder, env=environment(programs, port, kind), check=True, capture_output=True
    )
    return [
        "mlflow",
        "models",
        "serve",
        "-m",
        "model",
        "-p",
        str(port),
        "--env-manager",
        "local",
        "--workers",
        "1",
    ]


def _tensor(rows: Any) -> Any:
    shape = [len(rows), len(rows[0])]
    data = [value for row in rows for value in row]
    return {"inputs": [{"name": "X", "shape": shape, "datatype": "FP64", "data": data}]}


def _predictions(reply: Any) -> list[Any]:
    found = reply["predictions"]
    return (
        found["label"]
        if isinstance(found, dict)
        else [each["label"] if isinstance(each, dict) else each for each in found]
    )


PEERS = (
    Peer("MLflow", ("mlflow", "onnx"), _mlflow, "/invocations", lambda rows: {"inputs": rows}, _predictions),
    Peer("BentoML", ("bentoml",), _bentoml, "/predict", lambda rows: {"X": rows}, lambda reply: reply),
    Peer("MLServer", ("mlserver", "mlserver-sklearn", "uvloop<0.22"), _mlserver, "/v2/models/forest/infer", _tensor, lambda reply: reply["outputs"][0]["data"]),
    Peer("LitServe", ("litserve",), _script(LITSERVE), "/predict", lambda rows: {"X": rows}, lambda reply: reply["y"]),
    Peer("FastAPI", ("fastapi", "uvicorn[standard]"), _script(FASTAPI), "/predict", lambda rows: {"X": rows}, lambda reply: reply["y"]),
)  # fmt: skip


def free_port() -> int:
    """Return a port that nobody uses now."""
    with contextlib.closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def installed(peer: Peer) -> Path | None:
    """Return the folder of programs of a peer's environment; None where it cannot be installed."""
    folder = CACHE / peer.name.lower()
    programs, done = folder / "bin", folder / "installed"
    if not done.exists():
        print(f"installing {peer.name} ...", file=sys.stderr, flush=True)
        venv.create(folder, with_pip=True)
        words = [str(programs / "python"), "-m", "pip", "install", "-q", *SAME, *peer.packages]
        if subprocess.run(words, check=False).returncode:
            return None
        done.touch()
    return programs


def environment(programs: Path, port: int, kind: str) -> dict[str, str]:
    """Return what a peer's process finds around it: one native thread, as ours has."""
    known = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    quiet = {
        "BENTOML_DO_NOT_TRACK": "true",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "1",
    }
    return known | quiet | {
        "FOREST": str(CACHE / "forest"), "AS": kind, "PORT": str(port), "OMP_NUM_THREADS": "1",
        "PATH": f"{programs}:{known['PATH']}", "VIRTUAL_ENV": str(programs.parent),
    }  # fmt: skip


class Running:
    """A server that runs: what it is asked and its processes."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], target: Target) -> None:
        self.name, self.target, self._process = name, target, process

    def memory(self) -> float:
        """Return the megabytes that its processes hold, shared pages counted once."""
        root = psutil.Process(self._process.pid)
        return sum(p.memory_full_info().pss for p in (root, *root.children(recursive=True))) / 1e6

    def stop(self) -> None:
        """End its process group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def start(
    peer: Peer, kind: str, rows: Sequence[Sequence[float]], labels: Sequence[Any]
) -> Running | str:
    """Start a peer and return it when it gives the right labels, or say why there is none."""
    programs = installed(peer)
    if programs is None:
        return "not installed"
    folder, port = CACHE / "apps" / f"{peer.name.lower()}-{kind}", free_port()
    subprocess.run(["rm", "-rf", str(folder)], check=True)
    folder.mkdir(parents=True)
    (folder / "forest.py").write_text(MODEL)
    words = peer.prepare(folder, programs, port, kind)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(programs / words[0]), *words[1:]], cwd=folder, env=environment(programs, port, kind),
            stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    bodies = tuple(json.dumps(peer.body([list(row)])).encode() for row in rows)
    running = Running(
        f"{peer.name} {kind}", process, Target(f"http://127.0.0.1:{port}{peer.path}", bodies, {})
    )
    why = _wrong(running, process, peer, labels)
    if why:
        running.stop()
        return f"{why}; {folder / 'log'}"
    return running


def _wrong(
    running: Running, process: subprocess.Popen[bytes], peer: Peer, labels: Sequence[Any]
) -> str:
    """Return what is wrong with a server's labels; empty when all are right."""
    end, why = time.monotonic() + READY, "it does not answer"
    while time.monotonic() < end and process.poll() is None:
        try:
            replies = ask(running.target.url, {}, running.target.bodies)
        except (OSError, EOFError, ValueError):
            time.sleep(0.2)
            continue
        if (
            replies[0][0] in (404, 503) or b"not ready" in replies[0][1]
        ):  # the port is open, the model not yet
            why = f"HTTP {replies[0][0]}"
            time.sleep(0.2)
            continue
        if any(status != 200 for status, _ in replies):
            return f"HTTP {replies[0][0]}: {replies[0][1][:200]!r}"
        found = [peer.labels(json.loads(body))[0] for _, body in replies]
        return "" if found == list(labels) else f"labels differ: {found[:5]}"
    return why
