"""An endpoint while it is changed, killed and asked all at once: what fails, what is crossed, what it costs to watch."""

from __future__ import annotations

import argparse
import json
import statistics
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from serving_load import Target, Wrk, checked, during, wrk
from serving_ours import (
    NAMES,
    TOKEN,
    Elsewhere,
    Endpoint,
    cpu,
    deploy,
    forest,
    register,
    single,
    table,
    tensor,
)

import aiaas_magics as aiaas
from aiaas_magics import session

Checker = Callable[[int, bytes], bool]


def _say(*words: Any, **more: Any) -> None:
    import serving

    serving.most(*words, **more)


def promote(folder: Path, words: argparse.Namespace) -> None:
    """Count failed requests under 64 connections while versions change places."""
    register(folder, "forest", seed=1)
    api = deploy("forest-api", "forest@1")
    load = Wrk(api.target(single()), 64, 12)
    run = session.current().run
    changes = 0
    for _ in range(4):
        run("deploy", "", {"model": "forest@2", "to": api.name, "canary": 20.0})
        run("endpoints", "promote", {"endpoint": api.name})
        run("endpoints", "rollback", {"endpoint": api.name})
        changes += 3
    found = load.wait()
    _say(f"failed of {found.rate * 12:,.0f} requests, c=64", f"{changes} changes of version", found.failed, 0)  # fmt: skip


def kill(folder: Path, words: argparse.Namespace) -> None:
    """Kill the worker under 16 connections: count what fails, and how long nobody answers."""
    api, bodies = deploy("forest-api"), single()
    pid = api.workers()[0].pid
    timer = threading.Timer(1.5, api.workers()[0].kill)
    timer.start()

    def question(number: int) -> tuple[bytes, str, dict[str, str], Checker]:
        return bodies[number % len(bodies)], "", {}, lambda status, body: status == 200

    found = checked(api.info.url + "/predict", api.headers, question, during(6), 16)
    timer.join()
    if api.workers()[0].pid == pid:
        raise SystemExit("the worker was not killed while it was asked")
    _say("failed when a worker is killed", "16 in flight", found.failed + found.wrong, 16)
    _say("s until the next answer", "kill -9 of the worker", found.gap, 2)


def mixed(folder: Path, words: argparse.Namespace) -> None:
    """Ask in all ways at once, each answer compared with scikit-learn's: none may be somebody else's."""
    register(folder, "values", "regression")
    aiaas.deploy("values", as_="values-api")
    api = Endpoint("values-api")
    X = table("regression")[0].tolist()
    expected = forest("regression").predict(table("regression")[0])
    ask = _mixture(X, expected, api.name)
    fifth = words.requests // 5
    before = checked(api.info.url, api.headers, ask, range(fifth), 64)
    held = api.memory()
    after = checked(api.info.url, api.headers, ask, range(fifth, words.requests), 64)
    total = before.answered + after.answered
    _say(f"wrong, crossed or failed of {total:,} mixed requests", "scikit-learn, 1e-5", before.wrong + after.wrong + before.failed + after.failed, 0)  # fmt: skip
    _say("memory after all of them, as a part of that after a fifth", "", api.memory() / held, 1.05)  # fmt: skip


def _mixture(X: list[list[float]], expected: np.ndarray, name: str) -> Any:
    """Return a function from a request's number to what it asks and to what tells whether the reply is right."""

    def records(part: list[list[float]]) -> Any:
        return {"X_test": [dict(zip(NAMES, each, strict=True)) for each in part]}

    def columns(part: list[list[float]]) -> Any:
        return {"columns": dict(zip(NAMES, map(list, zip(*part, strict=True)), strict=True))}

    ways: list[tuple[str, Callable[[Any], Any], Callable[[Any], Any]]] = [
        ("/predict", lambda part: {"X_test": part}, lambda reply: reply["y_pred"]),
        ("/predict", records, lambda reply: reply["y_pred"]),
        ("/predict", columns, lambda reply: reply["y_pred"]),
        ("/invocations", lambda part: {"inputs": part}, lambda reply: reply["predictions"]),
        ("/invocations", lambda part: {"dataframe_split": {"columns": NAMES, "data": part}}, lambda reply: reply["predictions"]),
        (f"/v2/models/{name}/infer", lambda part: json.loads(tensor(part, binary=False)[0]), lambda reply: reply["outputs"][0]["data"]),
    ]  # fmt: skip

    def ask(number: int) -> tuple[bytes, str, dict[str, str], Checker]:
        path, write, read = ways[number % len(ways)]
        size, first = 1 + number % 7, number * 13 % (len(X) - 7)
        right = expected[first : first + size]

        def check(status: int, body: bytes) -> bool:
            return status == 200 and np.allclose(read(json.loads(body)), right, rtol=1e-5)

        return json.dumps(write(X[first : first + size])).encode(), path, {}, check

    return ask


def monitoring(folder: Path, words: argparse.Namespace) -> None:
    """Print what watching costs, in requests a second and in CPU of the worker a request."""
    deploy("forest-api")  # which makes the reference that rows are compared with
    running = {watched: Elsewhere(folder, "forest@1", watched=watched) for watched in (True, False)}
    started = {watched: each.start() for watched, each in running.items()}
    rates: dict[bool, list[float]] = {True: [], False: []}
    spent: dict[bool, list[float]] = {True: [], False: []}
    headers = {"Authorization": f"Bearer {TOKEN}"}
    for number in range(2 * words.rounds + 1):
        for watched, (process, port) in started.items():
            before = cpu(process.pid)
            target = Target(f"http://127.0.0.1:{port}/predict", tuple(single()), headers)
            load = wrk(target, 16, words.seconds)
            if number:  # the first round warms up
                rates[watched].append(load.rate)
                spent[watched].append((cpu(process.pid) - before) / (load.rate * words.seconds))
    for process, _ in started.values():
        Elsewhere.stop(process)
    fewer = 1 - statistics.median(rates[True]) / statistics.median(rates[False])
    more = 1 - statistics.median(spent[False]) / statistics.median(spent[True])
    _say("part of the requests/s, c=16, that monitoring costs", "the same without", fewer, 0.05)
    _say("part of the worker's CPU a request", "the same without", more, 0.05)
