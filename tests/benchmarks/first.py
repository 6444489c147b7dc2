"""Print the figures of the first model's way, each as a ratio against a floor or peer of the same run.

    python tests/benchmarks/first.py            all of it, about five minutes
    python tests/benchmarks/first.py --only jobs small

Peers are installed into a virtual environment of their own in the temporary folder.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

LOAD = """
import sys, time, warnings
warnings.simplefilter("ignore")
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
before, start = set(sys.modules), time.perf_counter()
shell.run_line_magic("load_ext", "{name}")
print(time.perf_counter() - start, len(set(sys.modules) - before))
"""

BIG = """
import os, sys, time
import numpy as np, pandas as pd, psutil
import aiaas_magics as aiaas
from sklearn.ensemble import HistGradientBoostingClassifier
rng = np.random.default_rng(0)
X = rng.normal(size=(1_000_000, 20))
frame = pd.DataFrame(X, columns=[f"x{i}" for i in range(20)])
frame["y"] = (X[:, 0] * X[:, 1] + X[:, 2] > rng.normal(size=len(X))).astype("int64")
del X
gb = frame.memory_usage(index=False).sum() / 1e9
aiaas.models()
time.sleep(6)
me = psutil.Process()
before = me.memory_info().rss
start = time.perf_counter()
aiaas.train(frame, target="y", algo="hist_gradient_boosting", as_="hgb", test=0.0, max_iter=100)
whole = time.perf_counter() - start
grown = (me.memory_info().rss - before) / (gb * 1e9)
start = time.perf_counter()
HistGradientBoostingClassifier(max_iter=100, random_state=0).fit(frame.drop(columns="y"), frame["y"])
bare = time.perf_counter() - start
print(whole, bare, gb, grown)
"""

Row = tuple[str, str, float, str, bool]


def median(work: Callable[[], float], times: int) -> float:
    """Return the median of `times` calls; each call returns its own seconds."""
    return statistics.median(work() for _ in range(times))


def timed(work: Callable[[], object]) -> float:
    """Return the wall seconds of a call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def python(code: str, interpreter: str = sys.executable, **env: str) -> list[float]:
    """Run code in a fresh process; return the numbers of its last line."""
    done = subprocess.run(
        [interpreter, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **env},
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return [float(word) for word in done.stdout.split("\n")[-2].split()]


def peer(package: str, folder: Path) -> str:
    """Return the interpreter of a virtual environment that holds `package`."""
    interpreter = folder / "bin" / "python"
    if not interpreter.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([interpreter, "-m", "pip", "install", "-q", package], check=True)
    return str(interpreter)


def load(scratch: Path) -> list[Row]:
    """`%load_ext` against ipyparallel's."""
    other = peer("ipyparallel", Path(tempfile.gettempdir()) / "aiaas-bench-ipyparallel")
    ours, theirs, modules = [], [], 0.0
    for _ in range(9):
        seconds, modules = python(
            LOAD.format(name="aiaas_magics"), AIAAS_HOME=str(scratch / "load")
        )
        ours.append(seconds)
        theirs.append(python(LOAD.format(name="ipyparallel"), other)[0])
    mine, their = statistics.median(ours), statistics.median(theirs)
    return [
        (
            f"%load_ext ({mine * 1e3:.1f} ms)",
            f"ipyparallel ({their * 1e3:.0f} ms)",
            mine / their,
            "<= 0.05",
            mine / their <= 0.05,
        ),
        ("modules %load_ext loads", "count", modules, "< 40", modules < 40),
    ]


def warm() -> None:
    """Give the next spare the time to become warm: that is the case the bars are about."""
    time.sleep(3.0)


def jobs(scratch: Path) -> list[Row]:
    """A magic over its twin; an empty job against a cold import of what a job needs."""
    from IPython.core.interactiveshell import InteractiveShell

    import aiaas_magics as aiaas
    from aiaas_magics.backends.following import follow
    from aiaas_magics.testing.stages import Noop

    aiaas.connect(str(scratch / "jobs"))
    shell = InteractiveShell.instance()
    shell.run_line_magic("load_ext", "aiaas_magics")
    shell.run_line_magic("config", "AIaaS.docs_mode = True")
    line, twin = [], []
    for _ in range(200):
        line.append(timed(lambda: shell.run_line_magic("aiaas_models", "list")))
        twin.append(timed(aiaas.models.list))
    over = (statistics.median(line) - statistics.median(twin)) * 1e3
    backend = aiaas.session.current().backend

    def empty() -> float:
        backend.warm()
        warm()
        return timed(lambda: [None for _ in follow(backend, backend.submit(Noop()))])

    job = median(empty, 7)
    cold = median(lambda: timed(lambda: python("import sklearn.ensemble, pandas; print(0)")), 5)
    return [
        (f"a magic over its twin ({over:.3f} ms)", "1 ms", over, "<= 1", over <= 1),
        (
            f"an empty job ({job * 1e3:.0f} ms)",
            f"cold import ({cold * 1e3:.0f} ms)",
            job / cold,
            "<= 0.05",
            job / cold <= 0.05,
        ),
    ]


def small(scratch: Path) -> list[Row]:
    """`%aiaas_train` on 150 rows against the bare fit in the kernel."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression

    import aiaas_magics as aiaas

    aiaas.connect(str(scratch / "small"))
    return [
        small_one(
            "logistic_regression", LogisticRegression(max_iter=1000), 0.080, {"max_iter": 1000}
        ),
        small_one("random_forest", RandomForestClassifier(100, random_state=0), 0.250, {}),
    ]


def small_one(algo: str, estimator: Any, bar: float, params: dict[str, int]) -> Row:
    """Return the row of one algorithm."""
    from sklearn.datasets import load_iris
    from threadpoolctl import threadpool_limits

    import aiaas_magics as aiaas

    frame = load_iris(as_frame=True).frame
    X, y = frame.drop(columns="target"), frame["target"]
    train = partial(aiaas.train, frame, target="target", algo=algo, as_=algo, **params)
    train()
    whole, bare = [], []
    for seed in range(7):
        warm()
        whole.append(timed(partial(train, seed=seed)))
        with threadpool_limits(1):  # the harder floor: spinning threads make a small fit slower
            bare.append(timed(partial(estimator.fit, X, y)))
    mine, floor = statistics.median(whole), statistics.median(bare)
    return (
        f"train {algo}, 150 rows ({mine * 1e3:.0f} ms)",
        f"bare fit ({floor * 1e3:.0f} ms) + {bar * 1e3:.0f} ms",
        mine / (floor + bar),
        "<= 1",
        mine - floor <= bar,
    )


def big(scratch: Path) -> list[Row]:
    """Gradient boosting on a million rows against the bare fit, and what the kernel holds meanwhile."""
    runs = [python(BIG, AIAAS_HOME=str(scratch / f"big{i}")) for i in range(3)]
    whole, bare, gb, grown = (statistics.median(run[i] for run in runs) for i in range(4))
    ratio = statistics.median(run[0] / run[1] for run in runs)
    per_gb = statistics.median((run[0] - run[1]) / run[2] for run in runs)
    return [
        (
            f"train hist_gradient_boosting, 1M x 20 ({whole:.1f} s)",
            f"bare fit ({bare:.1f} s)",
            ratio,
            "<= 1.10",
            ratio <= 1.10,
        ),
        (f"s per GB over the fit (table {gb:.2f} GB)", "4 s", per_gb, "<= 4", per_gb <= 4),
        ("the kernel grows by", "the table", grown, "<= 0.10", grown <= 0.10),
    ]


PARTS = {"load": load, "jobs": jobs, "small": small, "big": big}


def main() -> None:
    """Print the table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", choices=list(PARTS), default=list(PARTS))
    chosen = parser.parse_args().only
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    print(f"commit {commit.stdout.strip()}, {os.cpu_count()} cores, medians\n")
    print("| what | against | ratio or value | bar | kept |\n|---|---|--:|--:|---|")
    with tempfile.TemporaryDirectory(prefix="aiaas-bench-") as scratch:
        os.environ["AIAAS_HOME"] = str(Path(scratch) / "home")
        for name in chosen:
            for what, against, value, bar, kept in PARTS[name](Path(scratch)):
                print(
                    f"| {what} | {against} | {value:.3f} | {bar} | {'yes' if kept else 'NO'} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
