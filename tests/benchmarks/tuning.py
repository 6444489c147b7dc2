"""Tuning that shares the work against scikit-learn's searches, optuna and FLAML; every figure from one run.

    python tests/benchmarks/tuning.py                          all of it, about an hour on two cores
    python tests/benchmarks/tuning.py --only textbook memory   or: families, peers
    python tests/benchmarks/tuning.py --quick                  a tenth of the trees: whether it runs, not how well

Ratios are theirs / ours, so that larger is better; peers run in turn with ours, on all cores, with loky's workers
started before. FLAML lives in a virtual environment of its own in the temporary folder, where the tables that
regret is measured against are kept too.
"""

from __future__ import annotations

import os

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import optuna
import psutil
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits, make_classification, make_regression
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import Lasso, LogisticRegression, Ridge
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    ParameterGrid,
    cross_val_score,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

from aiaas_magics.engines.sharing import growing
from aiaas_magics.engines.sharing.search import SharedGridSearchCV

CACHE = Path(tempfile.gettempdir()) / "aiaas-bench-tuning"
BARS = {"breast_cancer": (35, 30), "digits": (28, 24), "10,000 x 20": (20, 16)}
PEER_BAR, MEMORY_BAR, TRIALS = 8, 2, 36
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
    for name, bars in BARS.items():
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
    for name in BARS:
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
    X, y = table("digits")
    alphas = np.logspace(-3, 3, 50)
    rows = (
        ("Ridge, 50 alphas", Ridge(), {"alpha": alphas}, several, 30),
        ("Lasso, 50 alphas", Lasso(), {"alpha": np.logspace(-2, 1.5, 50)}, several, 20),
        ("kNN, 60 cells", KNeighborsClassifier(), {"n_neighbors": list(range(1, 31)), "weights": ["uniform", "distance"]}, (X, y), 25),
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


# peers -----------------------------------------------------------------------------------------
FLAML = """
import json, sys, time
import numpy as np
from flaml import tune
from joblib import Parallel, delayed
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import cross_val_score
X, y = (np.load(f"{sys.argv[1]}/{part}.npy") for part in "Xy")
cells, seed = json.loads(sys.argv[2]), int(sys.argv[3])
def evaluate(config):
    forest = RandomForestClassifier(random_state=seed, **config)
    return {"score": cross_val_score(forest, X, y, cv=5, n_jobs=-1).mean()}
Parallel(2)(delayed(cross_val_score)(RandomForestClassifier(2), X, y) for _ in range(2))
space = {name: tune.choice(values) for name, values in cells.items()}
start = time.perf_counter()
found = tune.run(evaluate, config=space, metric="score", mode="max", num_samples=36, verbose=0)
print(json.dumps([time.perf_counter() - start, found.best_config]))
"""


def flaml(name: str, cells: dict[str, list[Any]], seed: int) -> tuple[float, dict[str, Any]] | None:
    """Return the seconds and the choice of FLAML's tune; None where it cannot be installed."""
    interpreter = CACHE / "flaml" / "bin" / "python"
    if not interpreter.exists():
        subprocess.run([sys.executable, "-m", "venv", str(CACHE / "flaml")], check=True)
        words = [str(interpreter), "-m", "pip", "install", "-q", "flaml", "optuna", "scikit-learn"]
        if subprocess.run(words, check=False).returncode:
            interpreter.unlink()
            return None
    with tempfile.TemporaryDirectory() as folder:
        for part, values in zip("Xy", table(name), strict=True):
            np.save(f"{folder}/{part}.npy", values)
        words = [str(interpreter), "-c", FLAML, folder, json.dumps(cells), str(seed)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return tuple(json.loads(done.stdout.splitlines()[-1]))


def by_optuna(name: str, cells: dict[str, list[Any]], seed: int) -> dict[str, Any]:
    """Return the choice of optuna's TPE after as many trials as there are cells."""

    def objective(trial: optuna.Trial) -> float:
        params = {each: trial.suggest_categorical(each, values) for each, values in cells.items()}
        forest = RandomForestClassifier(random_state=seed, **params)
        return cross_val_score(forest, *table(name), cv=5, n_jobs=-1).mean()

    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    study.optimize(objective, n_trials=TRIALS)
    return study.best_params


def by_halving(name: str, cells: dict[str, list[Any]], seed: int) -> dict[str, Any]:
    """Return the choice of successive halving over rows."""
    forest = RandomForestClassifier(random_state=seed)
    search = HalvingGridSearchCV(forest, cells, cv=5, n_jobs=-1, refit=False, random_state=seed)
    return search.fit(*table(name)).best_params_


def truth(name: str, words: Any) -> dict[str, float]:
    """Return the score of every cell, averaged over seeds, each bit-equal to a fit of its own; kept."""
    CACHE.mkdir(exist_ok=True)
    kept = CACHE / f"{name.replace(' ', '')}-{words.seeds}{'-quick' if words.quick else ''}.json"
    if not kept.exists():
        scores = [
            ours(name, words, refit=False, seed=1000 + seed, sharing="exact").cv_results_["mean_test_score"]
            for seed in range(words.seeds)
        ]  # fmt: skip
        cells = ParameterGrid(grid(name, quick=words.quick))
        means = np.mean(scores, axis=0).tolist()
        kept.write_text(json.dumps(dict(zip(map(key, cells), means, strict=True))))
    return json.loads(kept.read_text())


def key(params: dict[str, Any]) -> str:
    return json.dumps(params, sort_keys=True)


def peers(words: Any) -> None:
    """Print how much longer peers take to finish the same grid, and what each choice loses."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    for name in BARS:
        known, cells = truth(name, words), grid(name, quick=words.quick)
        best = max(known.values())
        mine = [timed(ours, name, words, refit=False, seed=seed) for seed in range(words.repeat)]
        chosen = [each.made.cv_results_["params"][each.made.best_index_] for each in mine]
        lost = statistics.mean(best - known[key(params)] for params in chosen)
        took = median(each.wall for each in mine)
        for peer, call in {"HalvingGridSearchCV": by_halving, "optuna": by_optuna, "FLAML": flaml}.items():  # fmt: skip
            runs = [timed(call, name, cells, seed) for seed in range(words.repeat)]
            if runs[0].made is None:
                print(f"{peer}: could not be installed")
                continue
            pairs = [each.made if peer == "FLAML" else (each.wall, each.made) for each in runs]
            its = statistics.mean(best - known[key(params)] for _, params in pairs)
            ratio = median(wall for wall, _ in pairs) / took
            value = f"{ratio:.1f}; regret {lost:.5f}, theirs {its:.5f}"
            kept = ratio >= PEER_BAR and lost <= its + spread(known)
            row(f"{name}, grid", peer, value, f">= {PEER_BAR}, no more regret", kept=kept)


def spread(known: dict[str, float]) -> float:
    """Return what is no regret: a tenth of the spread of the cells."""
    return 0.1 * (max(known.values()) - min(known.values()))


PARTS = {"textbook": textbook, "memory": memory, "families": families, "peers": peers}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)  # fmt: skip
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=10)
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
