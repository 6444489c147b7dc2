"""What monitoring costs an endpoint: CPU a request, on the path and beside it, and of a whole server. Prints a table.

python tests/benchmarks/watching.py [--columns 30] [--requests 20000]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from aiaas_magics.engines.monitoring import reference
from aiaas_magics.predictors.base import Outcome, Rows
from aiaas_magics.serving import collector
from aiaas_magics.serving.collector import Collector
from aiaas_magics.specs.base import encode
from aiaas_magics.specs.records import Signature
from aiaas_magics.specs.reference import FILE, Reference, Series
from aiaas_magics.specs.serving import Plan, Served


def watching(folder: Path, columns: int) -> tuple[Collector, Signature]:
    """Return a collector of a model of numbers with two classes."""
    rng = np.random.default_rng(0)
    names = [f"c{i}" for i in range(columns)]
    signature = Signature(
        inputs=tuple((name, "double") for name in names), output="y", classes=("no", "yes")
    )
    series = tuple(
        Series(
            name=n,
            kind="number",
            edges=reference.edges_of(rng.normal(size=1000), 64),
            low=-9.0,
            high=9.0,
        )
        for n in names
    )
    answers = (
        Series(name="prediction", kind="category", values=("no", "yes")),
        Series(name="probability", kind="number", edges=reference.SURE),
    )
    known = Reference(
        model="m@1", task="classification", rows=1000, features=series, answers=answers
    )
    (folder / FILE).write_bytes(encode(known))
    served = Served(model="m@1", folder="", digest="", build=str(folder), signature=signature)
    made = Collector(folder)
    made.serve(Plan(endpoint="api", versions=(served,)))
    return made, signature


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--columns", type=int, default=30)
    parser.add_argument("--requests", type=int, default=20_000)
    words = parser.parse_args()
    collector.EVERY = 3600.0
    rng = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        watch, signature = watching(Path(folder), words.columns)
        rows = [Rows(signature, matrix=rng.normal(size=(1, words.columns))) for _ in range(1000)]
        outcome = Outcome(np.array(["yes"]), np.array([[0.2, 0.8]]))
        path, beside = 0.0, 0.0
        for _ in range(0, words.requests, 1000):
            time.sleep(1000 / collector.RATE)
            begun = time.thread_time()
            for each in rows:
                watch.answered("m@1", 200, 0.0005, each, outcome)
            path += time.thread_time() - begun
            begun = time.thread_time()
            watch.look()
            beside += time.thread_time() - begun
        watch.close()
    each, row = path / words.requests, beside / words.requests
    print("| what | value |")
    print("|---|--:|")
    print(f"| on the path, a request | {1e6 * each:.2f} us |")
    print(f"| beside it, a row of {words.columns} columns | {1e6 * row:.2f} us |")
    for rate in (1000, 5000, 10_000):
        cost = rate * each + min(rate, collector.RATE) * row
        print(f"| at {rate:,} requests of a row a second | {100 * cost:.2f} % of a core |")


if __name__ == "__main__":
    main()
