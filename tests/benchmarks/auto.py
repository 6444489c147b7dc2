"""``--algo auto``: does it stop on time, and is it better than a plain algorithm? From one run, printed.

``python tests/benchmarks/auto.py [--time 20] [--seeds 1]``: three tables; wall seconds of the job as a share of
the budget, and its held-out score beside those of a plain forest and of plain boosting on the same split
(medians over the seeds). About three minutes.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}

import numpy as np
import pandas as pd
from sklearn.datasets import make_classification

from aiaas_magics.engines import catalogue, train
from aiaas_magics.specs.train import TrainSpec
from aiaas_magics.testing.context import LocalContext

PLAIN = ("random_forest", "hist_gradient_boosting")


def made(rows: int, columns: int) -> pd.DataFrame:
    """Return a table of two classes that are not linear in its columns; a twentieth of the labels is wrong."""
    X, y = make_classification(
        rows, columns, n_informative=columns // 2, n_redundant=2, flip_y=0.05, class_sep=0.8, random_state=0
    )  # fmt: skip
    frame = pd.DataFrame(X, columns=[f"x{i}" for i in range(columns)])
    return frame.assign(y=np.where(y == 1, "a", "b"))


TABLES = {
    "breast_cancer": (lambda: catalogue.load("breast_cancer"), "diagnosis", PLAIN),
    "20,000 x 20": (lambda: made(20_000, 20), "y", PLAIN),
    "200,000 x 30": (lambda: made(200_000, 30), "y", PLAIN[1:]),
}


def score(context, data, target, algo, seed, **words):
    """Return the held-out score of a training, its wall seconds, and the result."""
    spec = TrainSpec(data=data, target=target, algo=algo, as_="m", seed=seed, **words)
    begun = time.perf_counter()
    result = train.run(spec, context)
    return result.scores[0].value, time.perf_counter() - begun, result


def main() -> None:
    """Print a line a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--time", type=float, default=20.0)
    parser.add_argument("--seeds", type=int, default=1)
    words = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    print(f"{cores} cores, load {os.getloadavg()[0]:.1f}, --time {words.time:g}s")
    print("| table | wall / budget | candidates | best | auto | " + " | ".join(PLAIN) + " |")
    print("|---|--:|--:|---|--:|--:|--:|")
    for name, (table, target, plain) in TABLES.items():
        with tempfile.TemporaryDirectory() as folder:
            context = LocalContext(Path(folder), cores=cores)
            data = context.save_frame(table())
            runs = [score(context, data, target, "auto", s, time=words.time) for s in range(words.seeds)]  # fmt: skip
            ratios = [wall / words.time for _, wall, _ in runs]
            against = [
                statistics.median(score(context, data, target, algo, s)[0] for s in range(words.seeds))
                if algo in plain else float("nan") for algo in PLAIN
            ]  # fmt: skip
        best, count = runs[0][2].algo, statistics.median(len(r.leaderboard) for *_, r in runs)
        auto = statistics.median(value for value, *_ in runs)
        shown = " | ".join(f"{value:.3f}" for value in (auto, *against))
        print(f"| {name} | {max(ratios):.2f} | {count:g} | {best} | {shown} |", flush=True)


if __name__ == "__main__":
    main()
