"""Tuning that shares the work against ``GridSearchCV``; every figure from one run.

    python tests/benchmarks/tuning.py                          all of it, about half an hour on two cores
    python tests/benchmarks/tuning.py --only textbook memory   or: families
    python tests/benchmarks/tuning.py --quick                  a tenth of the trees: whether it runs, not how well

Ratios are theirs / ours, so that larger is better: the searches take turns, on all cores, with loky's workers
started before. Other tuners stand in tuning_peers.py.
"""

from __future__ import annotations

import os

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}

import argparse
import statistics
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import psutil
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits, make_classification, make_regression
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import Lasso, LogisticRegression, Ridge
from sklearn.model_selection import (
    GridSearchCV,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

from aiaas_magics.engines.sharing import growing
from aiaas_magics.engines.sharing.search import SharedGridSearchCV

BARS = {"breast_cancer": (35, 30), "digits": (28, 24), "10,000 x 20": (20, 16)}
MEMORY_BAR = 2
Pair = tuple[np.ndarray, np.ndarray]


@cache
def table(name: str) -> Pair:
    """Return features and target."""
    if name == "10,000 x 20":
        return make_classification(10_000, 20, n_informative=10, flip_y=0.05, random_state=0)
    return {"breast_cancer": load_breast_cancer, "digits": load_digits}[name](return_X_y=True)


def grid(name: str, *, quick: bool) -> dict[str, list[Any]]:
    """Return the textbook's grid, with fewer trees for the large table."""
    trees = 10 if quick or name == "10,000 x 20" else 100
    return {
        "n_estimators": [trees, 2 * trees, 3 * trees], "max_depth": [None, 10, 20, 30],
        "min_samples_split": [2, 5, 10],
    }  # fmt: skip


class Spent(NamedTuple):
    """Seconds, and what they were spent on."""

    wall: float
    cpu: float
    made: Any


def everybody() -> list[psutil.Process]:
    """Return this process and its children."""
    return [psutil.Process(), *psutil.Process().children(recursive=True)]


def cpu() -> float:
    """Return the CPU seconds of this process and its living children."""
    return sum(sum(each.cpu_times()[:2]) for each in everybody())


def timed(call: Callable[..., Any], *args: Any, **more: Any) -> Spent:
    """Call, and take the time."""
    wall, before = time.perf_counter(), cpu()
    made = call(*args, **more)
    return Spent(time.perf_counter() - wall, cpu() - before, made)


def warm() -> None:
    """Start loky's workers, with what they import."""
    GridSearchCV(RandomForestClassifier(2), {"max_depth": [1, 2]}, n_jobs=-1).fit(*table("digits"))


def median(numbers: Any) -> float:
    return statistics.median(numbers)


def row(what: str, against: str, value: str, bar: str, *, kept: bool) -> None:
    """Print a line of the table."""
    print(f"| {what} | {against} | {value} | {bar} | {'yes' if kept else 'NO'} |", flush=True)


# the textbook's grid ---------------------------------------------------------------------------
def ours(name: str, words: Any, *, refit: bool, seed: int = 0, sharing: str = "auto") -> Any:
    """Search as ours does."""
    forest = RandomForestClassifier(random_state=seed)
    cells = grid(name, quick=words.quick)
    search = SharedGridSearchCV(forest, cells, cv=5, n_jobs=-1, refit=refit, sharing=sharing)
    return search.fit(*table(name))


def theirs(name: str, words: Any) -> GridSearchCV:
    """Search as scikit-learn does; its `refit_time_` tells what it would take without."""
    cells = grid(name, quick=words.quick)
    return GridSearchCV(RandomForestClassifier(random_state=0), cells, cv=5, n_jobs=-1).fit(*table(name))  # fmt: skip


def textbook(words: Any) -> None:
    """Print wall and CPU ratios, without refit and with; only if all that must be equal is."""
    for name in words.tables:
        bars = BARS[name]
        whole, both = [], {False: [], True: []}
        for _ in range(words.repeat):
            whole.append(timed(theirs, name, words))
            for refit, found in both.items():
                found.append(timed(ours, name, words, refit=refit))
        wrong = gate(name, whole[-1].made, both[True][-1].made)
        exact = both[True][-1].made.exact_.sum()
        for (refit, found), bar in zip(both.items(), bars, strict=True):
            spared = [0 if refit else each.made.refit_time_ for each in whole]
            wall, used = (
                median((getattr(w, n) - s) / getattr(f, n) for w, f, s in zip(whole, found, spared, strict=True))
                for n in ("wall", "cpu")
            )  # fmt: skip
            value = (
                f"{wall:.1f} (CPU {used:.1f}; {median(f.wall for f in found):.2f} s), {exact} exact"
            )
            what = f"{name}{', refit' * refit}"
            row(what, "GridSearchCV", value + "".join(f" WRONG: {each}" for each in wrong), f">= {bar}", kept=wall >= bar and not wrong)  # fmt: skip


def gate(name: str, whole: GridSearchCV, shared: SharedGridSearchCV) -> list[str]:
    """Return what is not as it must be: exact cells, the refitted model, who grew the trees."""
    best = clone(shared.estimator).set_params(**shared.best_params_).fit(*table(name))
    pairs = zip(shared.best_estimator_.estimators_, best.estimators_, strict=True)
    names = [f"split{fold}_test_score" for fold in range(5)]
    mine, its = (np.array([each.cv_results_[n] for n in names]) for each in (shared, whole))
    wrong = {
        "exact cells differ": not np.array_equal(mine[:, shared.exact_], its[:, shared.exact_]),
        "the refit differs": not all(growing.same_tree(a.tree_, b.tree_) for a, b in pairs),
        f"grower {shared.plan_.grower}": shared.plan_.grower != "direct",
    }
    return [what for what, so in wrong.items() if so]


# memory ----------------------------------------------------------------------------------------
@contextmanager
def watched() -> Iterator[list[float]]:
    """Keep the peak of the resident memory of this process and its children, in MB."""
    peak, over = [0.0], threading.Event()

    def watch() -> None:
        while not over.wait(0.02):
            found = 0
            for each in everybody():
                try:
                    found += each.memory_info().rss
                except psutil.NoSuchProcess:
                    continue
            peak[0] = max(peak[0], found / 1e6)

    thread = threading.Thread(target=watch)
    thread.start()
    yield peak
    over.set()
    thread.join()


def memory(words: Any) -> None:
    """Print peaks of memory, each search in a process of its own."""
    for name in words.tables:
        peaks = [_peak(name, who, words) for who in ("ours", "theirs")]
        ratio = peaks[0] / peaks[1]
        value = f"{ratio:.2f} ({peaks[0]:.0f} MB / {peaks[1]:.0f} MB)"
        row(f"{name}, peak memory", "GridSearchCV", value, f"<= {MEMORY_BAR}", kept=ratio <= MEMORY_BAR)  # fmt: skip


def _peak(name: str, who: str, words: Any) -> float:
    quick = ["--quick"] if words.quick else []
    done = subprocess.run(
        [sys.executable, __file__, "--peak", name, who, *quick], capture_output=True, text=True, check=True
    )  # fmt: skip
    return float(done.stdout.split()[-1])


def peak(name: str, who: str, words: Any) -> None:
    """Print the peak of one search."""
    table(name)
    with watched() as found:
        ours(name, words, refit=True) if who == "ours" else theirs(name, words)
    print(found[0])


# other families --------------------------------------------------------------------------------
def searched(search: Any, estimator: Any, cells: Any, data: Pair) -> Any:
    """Search a grid on all cores."""
    return search(estimator, cells, cv=5, n_jobs=-1, refit=False).fit(*data)


def families(words: Any) -> None:
    """Print wall ratios of what other estimators share."""
    several = make_regression(2_000, 200, n_informative=30, noise=10, random_state=0)
    many = make_regression(20_000, 100, n_informative=30, noise=10, random_state=0)
    two = make_classification(10_000, 30, n_informative=10, random_state=0)
    X, y = table("digits")
    alphas = np.logspace(-3, 3, 50)
    rows = (
        ("Ridge, 50 alphas", Ridge(), {"alpha": alphas}, several, 30),
        ("Lasso, 50 alphas", Lasso(), {"alpha": np.logspace(-2, 1.5, 50)}, several, 20),
        ("kNN, 60 cells", KNeighborsClassifier(), {"n_neighbors": list(range(1, 31)), "weights": ["uniform", "distance"]}, (X, y), 25),
        ("Ridge, 50 alphas, 20,000 x 100", Ridge(), {"alpha": alphas}, many, 30),
        ("Lasso, 50 alphas, 20,000 x 100", Lasso(), {"alpha": np.logspace(-2, 1.5, 50)}, many, 20),
        ("LogisticRegression, 20 C, two classes", LogisticRegression(), {"C": np.logspace(-3, 2, 20)}, two, 5),
        ("LogisticRegression, 20 C", LogisticRegression(max_iter=1000), {"C": np.logspace(-3, 2, 20)}, (X / 16, y), 5),
        ("SVC, 10 C", SVC(), {"C": np.logspace(-1, 2, 10)}, (X / 16, y), 2),
        ("HGB, 50 max_iter", HistGradientBoostingClassifier(random_state=0, early_stopping=False), {"max_iter": list(range(10, 501, 10))}, table("breast_cancer"), 15),
    )  # fmt: skip
    for name, estimator, cells, data, bar in rows:
        pairs = [
            [timed(searched, each, estimator, cells, data) for each in (GridSearchCV, SharedGridSearchCV)]
            for _ in range(words.repeat)
        ]  # fmt: skip
        walls, spent = ([getattr(g, n) / getattr(s, n) for g, s in pairs] for n in ("wall", "cpu"))
        took = median(s.wall for _, s in pairs)
        value = f"{median(walls):.1f} (CPU {median(spent):.1f}; {took:.2f} s)"
        row(name, "GridSearchCV", value, f">= {bar}", kept=median(walls) >= bar)


PARTS = {"textbook": textbook, "memory": memory, "families": families}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)  # fmt: skip
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--tables", nargs="+", choices=BARS, default=list(BARS))
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--peak", nargs=2, help=argparse.SUPPRESS)
    words = parser.parse_args()
    warnings.simplefilter("ignore")
    if words.peak:
        peak(*words.peak, words)
        return
    print(f"{len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}")
    print("| what | against | theirs / ours | bar | kept |\n|---|---|---|---|---|")
    warm()
    for part in words.only:
        PARTS[part](words)


if __name__ == "__main__":
    main()
