"""Print what preparing and training cost, as ratios to the same scikit-learn pipeline built by hand.

    python tests/benchmarks/prepare.py                     all of it, about five minutes
    python tests/benchmarks/prepare.py --rows 100000       a smaller table
    python tests/benchmarks/prepare.py --pause 6           a reader's pause between the lines: the next process is warm

Both sides get the same DataFrame, the same steps and estimator, and four fifths of the rows to fit on and the rest to
score; both may use all cores, and wait for them passively.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

CASE = """
import sys, time
import numpy as np, pandas as pd
import aiaas_magics as aiaas
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from threadpoolctl import threadpool_limits

name, rows, pause = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
rng = np.random.default_rng(0)
numbers = rng.normal(size=(rows, 10))
words = np.array([f"word{i}" for i in range(12)])
codes = rng.integers(0, 12, (rows, 10))
y = (numbers[:, 0] + codes[:, 0] / 6 - 1 > rng.normal(size=rows)).astype("int64")
numbers[rng.random(numbers.shape) < 0.02] = np.nan
frame = pd.DataFrame(numbers, columns=[f"n{i}" for i in range(10)])
for i in range(10):
    frame[f"c{i}"] = pd.Series(words[codes[:, i]], dtype="str")
frame["y"] = y
del numbers, codes
N, C = [f"n{i}" for i in range(10)], [f"c{i}" for i in range(10)]

fill, scaled = SimpleImputer(strategy="median"), make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
ordinal = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
onehot = OneHotEncoder(handle_unknown="ignore")
CASES = {
    "hist_gradient_boosting": (
        dict(impute="median", encode="ordinal"), dict(max_iter=50), ColumnTransformer([("n", fill, N), ("c", ordinal, C)]),
        HistGradientBoostingClassifier(max_iter=50, random_state=0),
    ),
    "logistic_regression": (
        dict(impute="median", encode="onehot", scale="standard"), dict(max_iter=100),
        ColumnTransformer([("n", scaled, N), ("c", onehot, C)]), LogisticRegression(max_iter=100),
    ),
    "sgd": (
        dict(impute="median", encode="onehot", scale="standard"), {},
        ColumnTransformer([("n", scaled, N), ("c", onehot, C)]), SGDClassifier(loss="log_loss", random_state=0),
    ),
}
steps, params, table, estimator = CASES[name]
aiaas.models()
time.sleep(6)  # the spare is warm: that is the case the bar is about
start = time.perf_counter()
aiaas.prepare(frame, target="y", as_="ready", **steps)
middle = time.perf_counter()
time.sleep(pause)
again = time.perf_counter()
aiaas.train("ready", target="y", algo=name, as_="m", **params)
end = time.perf_counter()
X, target = frame.drop(columns="y"), frame["y"]
begun = time.perf_counter()
seen, later, told, asked = train_test_split(X, target, test_size=0.2, stratify=target, random_state=0)
make_pipeline(table, estimator).fit(seen, told).score(later, asked)
bare = time.perf_counter() - begun
aiaas.session.close()
print(middle - start, end - again, bare)
"""
ALGOS = ("hist_gradient_boosting", "logistic_regression", "sgd")
BAR = 1.2


def run(algo: str, rows: int, pause: float, home: str) -> list[float]:
    """Return the seconds of preparing, of training, and of the pipeline by hand."""
    done = subprocess.run(
        [sys.executable, "-c", CASE, algo, str(rows), str(pause)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "AIAAS_HOME": home, "OMP_WAIT_POLICY": "PASSIVE"},
        timeout=900,
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return [float(word) for word in done.stdout.split("\n")[-2].split()]


def main() -> None:
    """Print the table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--pause", type=float, default=0.0)
    parser.add_argument("--only", nargs="*", choices=ALGOS, default=ALGOS)
    asked = parser.parse_args()
    print(
        f"{asked.rows:,} rows x 20 columns, half of them categories, {os.cpu_count()} cores, medians\n"
    )
    print("| what | prepare + train | by hand | ratio | bar | kept |\n|---|--:|--:|--:|--:|---|")
    with tempfile.TemporaryDirectory(prefix="aiaas-bench-") as scratch:
        for algo in asked.only:
            runs = [
                run(algo, asked.rows, asked.pause, str(Path(scratch) / f"{algo}{i}"))
                for i in range(asked.times)
            ]
            ratio = statistics.median((one + two) / bare for one, two, bare in runs)
            prepare, train, bare = (statistics.median(each[i] for each in runs) for i in range(3))
            print(
                f"| {algo} | {prepare:.1f} s + {train:.1f} s | {bare:.1f} s | {ratio:.2f} | <= {BAR} | "
                f"{'yes' if ratio <= BAR else 'NO'} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
