"""What an endpoint costs over the stack it stands on: ours against a handler that answers always the same.

Run as ``python tests/benchmarks/serving_floor.py [--seconds 2] [--rounds 5] [--tier onnx|sklearn]``; it needs wrk. Both servers are one
process on uvicorn, uvloop and httptools; ours checks the token, the origin and every value, asks a random forest (100 trees, depth 10,
30 features) in ONNX Runtime, and writes its log. Rounds take turns; medians are printed, and CPU seconds a request, which other work
on the machine disturbs less.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psutil

FEATURES = 30
TOKEN = "t" * 43
FLOOR = b'{"y_pred":[1]}'


def model(folder: Path) -> None:
    """Train the forest and write it as ONNX, if it is not there."""
    from skl2onnx import to_onnx
    from sklearn.datasets import make_classification
    from sklearn.ensemble import RandomForestClassifier

    X, y = make_classification(2_000, FEATURES, n_informative=12, random_state=0)
    forest = RandomForestClassifier(100, max_depth=10, random_state=0).fit(X, y)
    onnx = to_onnx(forest, X[:1].astype("float32"), options={"zipmap": False})
    (folder / "model.onnx").write_bytes(onnx.SerializeToString())
    import joblib

    joblib.dump(forest, folder / "model.joblib")
    np.save(folder / "rows.npy", X[:64])


class Onnx:
    """The forest in ONNX Runtime."""

    tier, inline = "onnx", True

    def __init__(self, folder: Path, signature: Any) -> None:
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = ort.InferenceSession(folder / "model.onnx", options)
        self.signature = signature

    def predict(self, rows: Any, *, proba: bool) -> Any:
        from aiaas_magics.predictors.base import Outcome

        labels, sure = self.session.run(None, {"X": rows.matrix.astype("float32")})
        return Outcome(labels, sure if proba else None)


class Constant:
    """An application that does nothing."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await constant(scope, receive, send)


async def constant(scope: Any, receive: Any, send: Any) -> None:
    """Answer always the same, when the request has come."""
    await receive()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(FLOOR)),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": FLOOR})


def application(what: str, folder: Path) -> Any:
    """Return the application to be measured."""
    if what == "floor":
        return constant
    from aiaas_magics.predictors.sklearn import SklearnPredictor
    from aiaas_magics.serving.app import App
    from aiaas_magics.serving.log import Log
    from aiaas_magics.specs.records import Signature
    from aiaas_magics.testing import serving

    names = [f"feature_{i}" for i in range(FEATURES)]
    signature = Signature(
        inputs=tuple((n, "double") for n in names), output="y", classes=(0, 1), required=tuple(names)
    )  # fmt: skip
    if what == "sklearn":
        import joblib

        predictor: Any = SklearnPredictor(joblib.load(folder / "model.joblib"), signature)
    else:
        predictor = Onnx(folder, signature)
    log = Log(folder / f"{what}.log")
    return App(serving.state(serving.loaded(predictor)), TOKEN, log=log)


def serve(what: str, folder: Path) -> None:
    """Serve in this process, as a worker does."""
    import asyncio
    import gc

    from aiaas_magics.serving import worker

    app = application(what, folder)
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)

    async def nothing() -> None:
        return

    async def run() -> None:
        ours = hasattr(app, "tick")

        async def tick() -> None:
            while ours:
                app.tick()
                app._log.flush()
                await asyncio.sleep(0.1)

        ticking = asyncio.create_task(tick())
        await server.serve(sockets=[listener])
        ticking.cancel()

    server, factory = worker._server(app if hasattr(app, "tick") else Constant(), nothing)
    if not hasattr(app, "tick"):
        server.config.http = "httptools"  # as uvicorn is
    gc.freeze()
    gc.set_threshold(worker.COLLECT, 20, 20)
    print(listener.getsockname()[1], flush=True)
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(run())


class Round(NamedTuple):
    """What wrk found: requests a second, median microseconds, CPU microseconds a request."""

    rate: float
    median: float
    cpu: float


def ask(port: int, pid: int, connections: int, seconds: float, script: Path) -> Round:
    """Let wrk ask for some seconds."""
    before = sum(psutil.Process(pid).cpu_times()[:2])
    threads = min(connections, 1)
    words = ["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "-s", str(script), f"http://127.0.0.1:{port}/predict"]  # fmt: skip
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    found = json.loads(re.search(r"^JSON (.*)$", said, re.MULTILINE)[1])
    assert found["bad"] == 0, said
    spent = sum(psutil.Process(pid).cpu_times()[:2]) - before
    count = found["requests"]
    return Round(count / found["seconds"], found["median"], 1e6 * spent / count)


SCRIPT = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer {token}"
wrk.body = '{body}'
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('JSON {{"requests": %d, "seconds": %f, "median": %f, "bad": %d}}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50), e.status + e.connect + e.read + e.timeout))
end
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tier", default="onnx", choices=("onnx", "sklearn"))
    parser.add_argument("--serve", nargs=2, metavar=("WHAT", "FOLDER"))
    words = parser.parse_args()
    if words.serve:
        serve(words.serve[0], Path(words.serve[1]))
        return
    folder = Path(tempfile.mkdtemp())
    model(folder)
    row = np.load(folder / "rows.npy")[0].tolist()
    script = folder / "ask.lua"
    script.write_text(SCRIPT.format(token=TOKEN, body=json.dumps({"X_test": [row]})))
    running = {}
    for what in ("floor", words.tier):
        process = subprocess.Popen(
            [sys.executable, __file__, "--serve", what, str(folder)], stdout=subprocess.PIPE, text=True
        )  # fmt: skip
        running[what] = process, int(process.stdout.readline())
    time.sleep(0.5)
    try:
        for connections in (1, 16, 64):
            rounds: dict[str, list[Round]] = {what: [] for what in running}
            for _ in range(words.rounds):
                for what, (process, port) in running.items():
                    rounds[what].append(ask(port, process.pid, connections, words.seconds, script))
            middle = {
                w: Round(*map(statistics.median, zip(*r, strict=True))) for w, r in rounds.items()
            }
            ours, floor = middle[words.tier], middle["floor"]
            print(
                f"c={connections:2}: {ours.rate:7,.0f} of {floor.rate:7,.0f} requests/s = {ours.rate / floor.rate:.2f}; "
                f"p50 {ours.median:,.0f} and {floor.median:,.0f} us: {(ours.median - floor.median) / 1e3:+.3f} ms; "
                f"CPU {ours.cpu:.0f} and {floor.cpu:.0f} us a request = {floor.cpu / ours.cpu:.2f}",
                flush=True,
            )
    finally:
        for process, _ in running.values():
            os.kill(process.pid, signal.SIGTERM)
            process.wait(20)


if __name__ == "__main__":
    main()
