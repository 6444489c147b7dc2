"""One line's endpoint against the model servers of others, with everything on: token, checks, counters, monitoring.

    python tests/benchmarks/serving.py                        all of it, about a quarter of an hour on two cores
    python tests/benchmarks/serving.py --only peers floor     or: batching rows start monitoring promote kill mixed
    python tests/benchmarks/serving.py --only peers --peers MLflow

RandomForest(100 trees, depth 10) on 30 features, single rows, one worker each. All servers are up at once and asked in
turn, for a second or two at a time, by wrk with 1, 16 and 64 connections; figures are medians over the rounds, ratios are
ours / theirs in requests a second unless said otherwise. Labels are compared before anything is timed. It needs wrk
(``apt-get install wrk``); peers install themselves into the temporary folder at the first run.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import shutil
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import psutil
import serving_operate
from serving_load import Load, Target, wrk
from serving_ours import (
    Elsewhere,
    Endpoint,
    constant,
    deploy,
    home,
    register,
    rows,
    single,
    tensor,
    write_forest,
)
from serving_peers import PEERS, Running, start

import aiaas_magics as aiaas

CONNECTIONS = (1, 16, 64)
SHIPPED = {"MLflow": 100, "BentoML": 100, "MLServer": 40, "LitServe": 35}
GIVEN = {"MLflow": 6, "BentoML": 6, "MLServer": 6, "LitServe": 6, "FastAPI": 2}
"""The same peers given the same ONNX model."""
Rounds = dict[tuple[str, int], list[Load]]


def row(what: str, against: str, value: float, bar: str, *, kept: bool) -> None:
    """Print a line of the table."""
    shown = f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"
    print(f"| {what} | {against} | {shown} | {bar} | {'yes' if kept else 'NO'} |", flush=True)


def least(what: str, against: str, value: float, bar: float) -> None:
    """Print a line whose value is to be at least the bar."""
    row(what, against, value, f">= {bar:g}", kept=value >= bar)


def most(what: str, against: str, value: float, bar: float) -> None:
    """Print a line whose value is to be at most the bar."""
    row(what, against, value, f"<= {bar:g}", kept=value <= bar)


def measured(
    targets: dict[str, Target], words: argparse.Namespace, connections: tuple[int, ...]
) -> Rounds:
    """Ask all targets in turn, round after round."""
    found: Rounds = {}
    for target in targets.values():
        wrk(target, 4, 1)  # whatever is made at the first requests
    for _ in range(words.rounds):
        for count in connections:
            for name, target in targets.items():
                found.setdefault((name, count), []).append(wrk(target, count, words.seconds))
    return found


def rate(found: Rounds, name: str, count: int) -> float:
    """Return the median of requests a second."""
    return statistics.median(load.rate for load in found[name, count])


def p50(found: Rounds, name: str, count: int) -> float:
    """Return the median of the rounds' medians, in milliseconds."""
    return statistics.median(load.p50 for load in found[name, count])


def peers(folder: Path, words: argparse.Namespace) -> None:
    """Print rates of all servers and our ratios to them."""
    labels = [int(label) for label in _labels()]
    running: list[Running] = [constant()]
    for peer in PEERS:
        for kind in ("sklearn", "onnx") if peer.name in words.peers else ():
            made = start(peer, kind, rows(len(labels)), labels)
            if isinstance(made, str):
                print(f"{peer.name} {kind}: {made}", file=sys.stderr)
            else:
                running.append(made)
    ours = deploy("forest-api")
    try:
        targets = {"ours": ours.target(single())} | {each.name: each.target for each in running}
        found = measured(targets, words, CONNECTIONS)
        memory = {"ours": ours.memory()} | {each.name: each.memory() for each in running}
    finally:
        for each in running:
            each.stop()
    _rates(found, list(targets), memory)
    for bars, kind in ((SHIPPED, "sklearn"), (GIVEN, "onnx")):
        for name, bar in bars.items():
            if f"{name} {kind}" in targets:
                value = rate(found, "ours", 16) / rate(found, f"{name} {kind}", 16)
                least("requests/s, c=16", f"{name} {'as it ships' if kind == 'sklearn' else '+ the same ONNX'}", value, bar)  # fmt: skip
    _floor(found)


def _labels() -> list[float]:
    import numpy as np
    from serving_ours import forest

    found: list[float] = forest("classification").predict(np.array(rows(40))).tolist()
    return found


def _rates(found: Rounds, names: list[str], memory: dict[str, float]) -> None:
    print("\n| server | requests/s c=1 | c=16 | c=64 | p50 ms c=1 | c=16 | p99 ms c=16 | failed | MB |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|")  # fmt: skip
    for name in names:
        rates = " | ".join(f"{rate(found, name, count):,.0f}" for count in CONNECTIONS)
        late = statistics.median(load.p99 for load in found[name, 16])
        failed = sum(load.failed for count in CONNECTIONS for load in found[name, count])
        print(f"| {name} | {rates} | {p50(found, name, 1):.2f} | {p50(found, name, 16):.2f} | {late:.2f} | {failed} | {memory[name]:.0f} |")  # fmt: skip
    print("\n" + HEAD)


def _floor(found: Rounds) -> None:
    part = rate(found, "ours", 16) / rate(found, "constant handler", 16)
    least("requests/s, c=16", "constant handler", part, 0.3)
    most("p50 over it, ms, c=1", "constant handler", p50(found, "ours", 1) - p50(found, "constant handler", 1), 0.15)  # fmt: skip


def floor(folder: Path, words: argparse.Namespace) -> None:
    """Print what is left of a handler that answers always the same."""
    ours, handler = deploy("forest-api"), constant()
    try:
        targets = {"ours": ours.target(single()), "constant handler": handler.target}
        time.sleep(1)
        _floor(measured(targets, words, CONNECTIONS))
    finally:
        handler.stop()


def batching(folder: Path, words: argparse.Namespace) -> None:
    """Print what a model that stays on scikit-learn gains from being asked for many at once."""
    own = unconverted()
    found = measured({"own": own.target(single())}, words, (1, 64))
    least(
        "unconverted model, c=64", "itself, c=1", rate(found, "own", 64) / rate(found, "own", 1), 8
    )


def unconverted() -> Endpoint:
    """Deploy a forest behind a step that no tier but scikit-learn's own computes."""
    import pandas as pd
    from serving_ours import DEPTH, NAMES, TREES, table
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import SplineTransformer

    X, y = table("classification")
    forest = RandomForestClassifier(TREES, max_depth=DEPTH, random_state=0)
    whole = make_pipeline(SplineTransformer(n_knots=3), forest)
    frame = pd.DataFrame(X, columns=NAMES).assign(y=y)
    aiaas.train(frame, target="y", estimator=whole, as_="own")
    aiaas.deploy("own", as_="own-api")
    return Endpoint("own-api")


def many(folder: Path, words: argparse.Namespace) -> None:
    """Print a thousand rows at once: JSON against MLflow, binary tensors against our own JSON.

    Most of a forest's answer is the forest; a logistic regression shows what the protocol costs.
    """
    asked, labels = rows(1000), [int(label) for label in _labels()]
    forest, line = deploy("forest-api"), linear()
    targets = {"JSON": forest.target([json.dumps({"X_test": asked}).encode()])}
    for each, binary in itertools.product((forest, line), (False, True)):
        body, headers = tensor(asked, binary=binary)
        more = {name.replace("-", "_"): value for name, value in headers.items()}
        path = f"/v2/models/{each.name}/infer"
        targets[f"{each.name} {binary}"] = each.target([body], path, **more)
    peer = next(each for each in PEERS if each.name == "MLflow")
    mlflow = start(peer, "sklearn", rows(len(labels)), labels)
    if isinstance(mlflow, Running):
        body = json.dumps({"inputs": asked}).encode()
        targets["MLflow"] = mlflow.target._replace(bodies=(body,))
    found = measured(targets, words, (1,))
    if isinstance(mlflow, Running):
        mlflow.stop()
        least("1,000 rows of JSON", "MLflow as it ships", _ratio(found, "JSON", "MLflow"), 4)
    for each, kind in ((forest, "forest"), (line, "logistic regression")):
        value = _ratio(found, f"{each.name} True", f"{each.name} False")
        least(f"1,000 rows as binary tensors, {kind}", "the same as JSON", value, 3)


def _ratio(found: Rounds, ours: str, theirs: str) -> float:
    """Return how many times as many requests a second; 0 where any failed."""
    failed = any(load.failed for name in (ours, theirs) for load in found[name, 1])
    return 0.0 if failed else rate(found, ours, 1) / rate(found, theirs, 1)


def linear() -> Endpoint:
    """Deploy a model that takes next to no time."""
    import pandas as pd
    from serving_ours import NAMES, table

    X, y = table("classification")
    frame = pd.DataFrame(X, columns=NAMES).assign(y=y)
    aiaas.train(frame, target="y", algo="logistic_regression", as_="line")
    aiaas.deploy("line", as_="line-api")
    return Endpoint("line-api")


def starting(folder: Path, words: argparse.Namespace) -> None:
    """Print how soon a server answers, and what it holds."""
    elsewhere, seconds, memory = Elsewhere(folder, "forest@1"), [], []
    for _ in range(words.rounds + 1):  # the first one compiles our files
        begun = time.perf_counter()
        process, _ = elsewhere.start()
        seconds.append(time.perf_counter() - begun)
        master = psutil.Process(process.pid)
        family = [master, *master.children(recursive=True)]
        memory.append(sum(each.memory_full_info().pss for each in family) / 1e6)
        elsewhere.stop(process)
    most("ready, s", "", statistics.median(seconds[1:]), 1.5)
    most("memory of master and worker, MB", "", statistics.median(memory[1:]), 160)


PARTS: dict[str, Callable[[Path, argparse.Namespace], None]] = {
    "peers": peers, "floor": floor, "batching": batching, "rows": many, "start": starting,
    "monitoring": serving_operate.monitoring, "promote": serving_operate.promote, "kill": serving_operate.kill,
    "mixed": serving_operate.mixed,
}  # fmt: skip
HEAD = "| what | against | value | bar | kept |\n|---|---|--:|--:|---|"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)  # fmt: skip
    parser.add_argument("--only", nargs="+", choices=PARTS, default=[name for name in PARTS if name != "floor"])  # fmt: skip
    parser.add_argument("--peers", nargs="+", default=[peer.name for peer in PEERS])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--requests", type=int, default=100_000, help="of the mixed load")
    words = parser.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is not installed: apt-get install wrk")
    warnings.simplefilter("ignore")
    print(f"{len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}\n\n{HEAD}")
    write_forest()
    with home() as folder:
        register(folder, "forest")
        for part in words.only:
            PARTS[part](folder, words)


if __name__ == "__main__":
    main()
